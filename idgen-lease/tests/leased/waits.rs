//! How a start waits for its first window, by clocks that do not do as they are told.

use super::*;

/// Nanoseconds of eight nodes, since a second before the tests' clock.
#[derive(Debug)]
struct Nanos;

impl IdScheme for Nanos {
    type Word = u64;
    const NAME: &'static str = "nanos";
    const LAYOUT: Layout = ONE_A_TICK;
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_seconds(1_699_999_999), Duration::from_nanos(1)));
    const TEXT: Form = Form::Decimal;
}

/// A clock whose waits take as long as this makes of what they were to be.
struct Hasty<F>(Arc<ScriptedClock>, F);

impl<F: Fn(Duration) -> Duration + Send + Sync> Clock for Hasty<F> {
    fn wall(&self) -> UnixTime {
        self.0.wall()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wait(&self, duration: Duration) {
        self.0.advance((self.1)(duration));
    }
}

/// How long its start may wait where that is not the matter.
const BOUND: Duration = Duration::from_secs(10);

/// Starts a lease of nanoseconds in a new folder, whose windows begin 400 ns after now, and tells by how much its first
/// window began too early.
fn too_early(
    clock: impl Clock + 'static,
    time: &Arc<ScriptedClock>,
    bound: Duration,
) -> Result<u64, LeaseError> {
    let folder = tempfile::tempdir().unwrap();
    let longest = Duration::from_nanos(400);
    let store = FileStore::on(folder.path(), SystemDisk, Arc::clone(time)).longest_window(longest);
    let mut settings = Settings::default();
    settings.max_drift = Some(Duration::ZERO);
    let early = Arc::new(AtomicU64::new(0));
    let (most, now) = (Arc::clone(&early), Arc::clone(time));
    let watch = move |event: &Event| {
        if let Event::Granted { start, .. } = event {
            let now = Nanos::TIMEBASE.unwrap().nearest_tick(now.wall());
            most.fetch_max(start.saturating_sub(now), Ordering::Relaxed);
        }
    };
    let lease = Lease::of::<Nanos>(store).settings(settings).watch(watch).without_keeper();
    let lease = lease.max_start_wait(bound);
    let clock = Arc::new(clock);
    lease.start(move |settings| {
        Builder::<Nanos>::on(Arc::clone(&clock)).settings(settings).shared()
    })?;
    Ok(early.load(Ordering::Relaxed))
}

/// Each pause of a wait counts for what it was, also where all of them are shorter than a microsecond.
#[test]
fn a_wait_of_nanoseconds_is_waited_to_its_end() {
    let clock = clock();
    let tenth = |wait: Duration| (wait / 10).max(Duration::from_nanos(1));
    assert_eq!(too_early(Hasty(Arc::clone(&clock), tenth), &clock, BOUND).unwrap(), 0);
}

/// And a window that the clock never comes to is not granted: its ids would be farther ahead than a store that lost its
/// records knows of.
#[test]
fn a_start_whose_clock_stands_still_is_given_up() {
    let clock = clock();
    let error =
        too_early(Hasty(Arc::clone(&clock), |_| Duration::ZERO), &clock, BOUND).unwrap_err();
    assert!(matches!(error, LeaseError::Early { .. }), "{error}");
}

/// A clock that is behind after each wait by a tenth of it, as one that slews.
struct Slewing(Arc<ScriptedClock>);

impl Clock for Slewing {
    fn wall(&self) -> UnixTime {
        let begin = UnixTime::from_seconds(1_700_000_000).as_nanos();
        UnixTime::from_nanos(begin + (self.0.wall().as_nanos() - begin) * 9 / 10)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn wait(&self, duration: Duration) {
        self.0.wait(duration);
    }
}

/// A new folder begins one longest window ahead; by a clock that slews that is later than the bound.
#[test]
fn a_start_whose_clock_slews_is_not_given_up() {
    let clock = clock();
    assert_eq!(too_early(Slewing(Arc::clone(&clock)), &clock, Duration::ZERO).unwrap(), 0);
}

/// A clock that creeps is looked at some thousands of times, and not until it is there.
#[test]
fn a_start_whose_clock_creeps_is_given_up() {
    let (folder, clock, looks) = (tempfile::tempdir().unwrap(), clock(), AtomicU64::new(0));
    let looks = Arc::new(looks);
    let store =
        FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock)).longest_window(LONGEST);
    let counted = Arc::clone(&looks);
    let creeping = Arc::new(Hasty(clock, move |_| {
        looks.fetch_add(1, Ordering::Relaxed);
        Duration::from_nanos(1)
    }));
    let started = Lease::of::<Snowflake>(store).without_keeper().start(move |settings| {
        Builder::<Snowflake>::on(Arc::clone(&creeping)).settings(settings).shared()
    });
    assert!(matches!(started, Err(LeaseError::Early { .. })));
    assert!(counted.load(Ordering::Relaxed) < 10_000, "{counted:?} looks");
}
