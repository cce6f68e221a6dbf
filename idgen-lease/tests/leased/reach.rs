//! How far ahead of the clock windows reach, and where a store begins that may have lost its records: one number.

use idgen_core::Scheme;
use idgen_lease::grant::Reach;
use idgen_lease::{Realm, Store, Wanted};
use proptest::prelude::*;

use super::*;

/// A scheme of 16 ids a tick, and one node id.
fn scheme(tick: Duration) -> Scheme {
    let layout = Layout::new(
        64,
        &[Field::new(Kind::Unused, 4), Field::new(Kind::Tick, 56), Field::new(Kind::Sequence, 4)],
    );
    let timebase = Some(Timebase::new(UnixTime::from_seconds(1_690_000_000), tick));
    Scheme { layout, timebase, ..Scheme::of::<Snowflake>() }
}

/// Windows with the tick of the clock when they were granted.
type Granted = Arc<Mutex<Vec<(u64, u64, u64)>>>;

/// A folder that is removed now and then, the windows that holders on it have, and the clock of all of them.
struct Ground {
    folder: tempfile::TempDir,
    clock: Arc<ScriptedClock>,
    scheme: Scheme,
    longest: Duration,
    drift: Duration,
    granted: Granted,
    behind: Arc<AtomicU64>,
}

impl Ground {
    fn new(tick: Duration, longest: Duration, drift: Duration) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: clock(),
            scheme: scheme(tick),
            longest,
            drift,
            granted: Granted::default(),
            behind: Arc::default(),
        }
    }

    fn now(&self) -> u64 {
        Realm::of(self.scheme).tick_at(self.clock.wall()).unwrap()
    }

    fn reach(&self) -> u64 {
        Reach::of(self.scheme.timebase, self.longest).ticks()
    }

    fn store(&self) -> FileStore {
        let store = FileStore::on(self.folder.path(), SystemDisk, Arc::clone(&self.clock));
        store.longest_window(self.longest)
    }

    fn start(&self) -> Result<Leased<Box<dyn ErasedGenerator>>, LeaseError> {
        self.start_by(Arc::clone(&self.clock))
    }

    fn start_by(
        &self,
        clock: impl Clock + Clone + 'static,
    ) -> Result<Leased<Box<dyn ErasedGenerator>>, LeaseError> {
        let mut settings = Settings::default();
        settings.max_drift = Some(self.drift);
        settings.max_wait = Some(Duration::ZERO);
        let (scheme, wall) = (self.scheme, Arc::clone(&self.clock));
        let (granted, behind) = (Arc::clone(&self.granted), Arc::clone(&self.behind));
        let lease = Lease::new(Realm::of(scheme), self.store()).settings(settings);
        let lease = lease.without_keeper().watch(move |event: &Event| match event {
            Event::Granted { start, end } => {
                let now = Realm::of(scheme).tick_at(wall.wall()).unwrap();
                granted.lock().unwrap().push((*start, *end, now));
            }
            Event::ClockBehind { .. } => drop(behind.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        });
        lease.start(move |settings| {
            Builder::of(scheme).clock(clock.clone()).settings(settings).erased()
        })
    }

    fn remove(&self) {
        std::fs::remove_dir_all(self.folder.path().join("snowflake")).unwrap();
    }

    /// No window reaches past the longest.
    fn is_near(&self) -> Result<(), TestCaseError> {
        for &(start, end, now) in self.granted.lock().unwrap().iter() {
            let most = now + self.reach();
            prop_assert!(end <= most, "{start}..{end} at {now}, which is past {most}");
        }
        Ok(())
    }

    /// Nothing was granted twice.
    fn is_disjoint(&self) -> Result<(), TestCaseError> {
        let mut granted = self.granted.lock().unwrap().clone();
        granted.sort_unstable();
        for pair in granted.windows(2) {
            prop_assert!(pair[0].1 <= pair[1].0, "{:?} and {:?}", pair[0], pair[1]);
        }
        Ok(())
    }
}

/// Draws up to so many ids, as far as they can be had.
fn draw(ids: &dyn ErasedGenerator, count: usize) -> Vec<u128> {
    let mut words = vec![0; count];
    let mut made = 0;
    while let Ok(more @ 1..) = ids.try_fill_words(&mut words[made..]) {
        made += more;
    }
    words.truncate(made);
    words
}

/// Windows of a minute are longer than a start waits where nothing else is said. In a new folder that wait is no sign of
/// a clock that was set back: it goes nowhere, and whoever makes the folder anew repeats nothing.
#[test]
fn a_new_folder_moves_no_clock() {
    let minute = Duration::from_secs(60);
    let ground = Ground::new(Duration::from_millis(1), minute, Duration::from_millis(10));
    let disciplined = || Arc::new(Disciplined::new(Arc::clone(&ground.clock)));
    let mut made = Vec::new();
    for _ in 0..3 {
        let clock = disciplined();
        let ids = ground.start_by(Arc::clone(&clock)).unwrap();
        assert_eq!(clock.wall(), ground.clock.wall(), "the clock was moved");
        made.extend(draw(&ids, 100));
        ids.abandon();
        ground.remove();
    }
    assert_eq!(
        ground.behind.load(Ordering::Relaxed),
        0,
        "a clock that is right was told to be behind"
    );
    ground.is_near().unwrap();
    ground.is_disjoint().unwrap();
    let distinct: HashSet<_> = made.iter().collect();
    assert_eq!((distinct.len(), made.len()), (48, 48)); // of one tick each
}

/// A record that is ahead of the clock moves it no farther than the clock of who left it had been.
#[test]
fn a_clock_that_was_set_back_goes_where_it_had_been() {
    let ground = Ground::new(Duration::from_millis(1), LONGEST, Duration::from_millis(10));
    let ids = ground.start().unwrap();
    let (left, had_been) = (ids.window_end(), ground.now());
    ids.abandon();
    ground.clock.set(UnixTime::from_seconds(1_700_000_000 - 3_600));
    let clock = Arc::new(Disciplined::new(Arc::clone(&ground.clock)));
    let ids = ground.start_by(Arc::clone(&clock)).unwrap();
    assert_eq!(ground.behind.load(Ordering::Relaxed), 1);
    let now = Realm::of(ground.scheme).tick_at(clock.wall()).unwrap();
    assert!(now >= had_been && now < left, "{now} is not in {had_been}..{left}");
    assert!(ids.window_end() <= now + 1_000, "{} at {now}", ids.window_end());
}

/// A store that was made by a clock an hour ahead knows of no holder: no clock goes there, and the error says what is.
#[test]
fn a_folder_that_was_made_ahead_moves_no_clock() {
    let ground = Ground::new(Duration::from_millis(1), LONGEST, Duration::from_millis(10));
    ground.clock.advance(Duration::from_secs(3_600));
    drop(ground.store().acquire(&Realm::of(ground.scheme), Wanted::Any { bits: 0 }, &|_| ()));
    ground.clock.set(UnixTime::from_seconds(1_700_000_000));
    let clock = Arc::new(Disciplined::new(Arc::clone(&ground.clock)));
    let error = ground.start_by(Arc::clone(&clock)).unwrap_err().to_string();
    assert!(error.contains("records that the store has lost"), "{error}");
    assert_eq!((clock.wall(), ground.behind.load(Ordering::Relaxed)), (ground.clock.wall(), 0));
}

/// Nor does one go to where an earlier holder was, if nothing can be issued there: somebody removed the namespace's record,
/// and it was made anew by that clock.
#[test]
fn a_clock_is_not_moved_in_vain() {
    let ground = Ground::new(Duration::from_millis(1), LONGEST, Duration::from_millis(10));
    ground.start().unwrap().abandon();
    std::fs::remove_file(ground.folder.path().join("snowflake/namespace.json")).unwrap();
    ground.clock.advance(Duration::from_secs(3_600));
    drop(ground.store().acquire(&Realm::of(ground.scheme), Wanted::Any { bits: 0 }, &|_| ()));
    ground.clock.set(UnixTime::from_seconds(1_700_000_000 - 60));
    let clock = Arc::new(Disciplined::new(Arc::clone(&ground.clock)));
    assert!(ground.start_by(Arc::clone(&clock)).is_err());
    assert_eq!((clock.wall(), ground.behind.load(Ordering::Relaxed)), (ground.clock.wall(), 0));
}

/// Ticks that are longer than half the longest window, which is two of them then.
#[test]
fn a_folder_of_minutes_begins_two_minutes_after_a_removed_one() {
    let minute = Duration::from_secs(60);
    let ground = Ground::new(minute, Duration::from_secs(2), Duration::ZERO);
    let mut made = draw(&ground.start().unwrap(), 3);
    ground.remove();
    let began = ground.now();
    let ids = ground.start().unwrap();
    assert_eq!(ground.now(), began + 2, "the clock came not where the folder begins");
    made.extend(draw(&ids, 3));
    let distinct: HashSet<_> = made.iter().collect();
    assert_eq!(distinct.len(), 6, "{made:?}");
    ids.abandon();
    // And so does a node id that is given up.
    let (realm, store) = (Realm::of(ground.scheme), ground.store());
    store.forget(&realm, realm.block(0, 0).unwrap()).unwrap();
    let hold = store.acquire(&realm, Wanted::Any { bits: 0 }, &|_| ()).unwrap();
    assert_eq!(hold.begins(), ground.now() + 2);
}

/// In the tick that it found a folder in, and that is used up, a holder is granted no more than the tick after.
#[test]
fn a_tick_that_is_used_up_makes_no_window_longer() {
    let second = Duration::from_secs(1);
    let ground = Ground::new(second, second * 2, Duration::ZERO);
    let ids = ground.start().unwrap();
    for _ in 0..5 {
        assert_eq!(draw(&ids, 100).len(), 16);
        ids.keep();
        ground.is_near().unwrap();
        ground.clock.advance(second);
    }
    assert_eq!(draw(&ids, 100).len(), 16);
    ids.keep();
    ground.remove();
    let other = ground.start().unwrap();
    assert!(draw(&other, 1).len() == 1);
    ground.is_disjoint().unwrap();
}

/// A generator with a leased node id waits as long for an id as one with a static node id: two ticks at least.
#[test]
fn ticks_longer_than_a_wait_are_waited_for() {
    let ground = Ground::new(Duration::from_secs(2), Duration::from_secs(4), Duration::ZERO);
    let (scheme, clock) = (ground.scheme, Arc::clone(&ground.clock));
    let lease = Lease::new(Realm::of(scheme), ground.store()).without_keeper();
    let make = move |settings: &_| {
        Builder::of(scheme).clock(Arc::clone(&clock)).settings(settings).erased()
    };
    let ids = lease.start(make).unwrap();
    let mut words = [0; 20]; // 16 a tick
    ids.fill_words(&mut words).unwrap();
}

/// Step of a course: what happens, and how far the clock goes, in sixteenths of how far windows reach.
fn step() -> impl Strategy<Value = (u8, u32)> {
    (0..10_u8, 0..40_u32)
}

const TICKS: [u64; 7] =
    [1, 1_000, 1_000_000, 7_000_000, 1_000_000_000, 60_000_000_000, 86_400_000_000_000];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever ticks, drift and longest windows are, whatever is drawn when, and however the clock steps: no window
    /// reaches past it plus the longest. So whatever a folder granted that was removed, the one in its place grants none
    /// of it, while the clock is not set back.
    #[test]
    fn prop_no_window_reaches_past_where_a_new_folder_begins(
        tick in proptest::sample::select(&TICKS[..]), part in 0..1_000_000_u64,
        longest in 0..20_u64, rest in 0..4_u64, drift in 0..100_u64,
        falls: bool, steps in proptest::collection::vec(step(), 1..40),
    ) {
        let nanos = |ticks: u64, parts: u64| Duration::from_nanos(ticks * tick + parts * tick / 4);
        let longest = nanos(longest, rest);
        let reach = Reach::of(scheme(nanos(1, 0)).timebase, longest).ticks();
        let drift = nanos((reach / 2).min(reach - 2) * drift / 99, 0);
        let ground = Ground::new(nanos(1, 0), longest, drift);
        ground.clock.advance(Duration::from_nanos(tick / 1_000_000 * part));
        let (mut last, mut old) = (None, Vec::new());
        for (what, far) in steps {
            let far = Duration::from_nanos(reach * tick / 16) * far;
            match what {
                0 => old.extend(last.take()),
                1 if falls => {
                    let back = i128::try_from(far.as_nanos()).unwrap();
                    ground.clock.set(UnixTime::from_nanos(ground.clock.wall().as_nanos() - back));
                }
                1 if ground.folder.path().join("snowflake").exists() => {
                    ground.remove();
                    old.extend(last.take());
                }
                // What is given back in order would be granted again.
                2..4 => last.take().map_or((), Leased::abandon),
                4..6 => ground.clock.advance(far / 20),
                _ => ground.clock.advance(far),
            }
            if last.is_none() && (old.is_empty() || !falls) {
                last = ground.start().ok();
            }
            for ids in last.iter().chain(&old) {
                draw(ids, if what % 2 == 0 { 1_000 } else { 3 });
                ids.keep();
            }
            ground.is_near()?;
        }
        ground.is_disjoint()?;
    }
}
