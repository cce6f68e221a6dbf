//! Generators with leased windows: by scripted time, and by real threads and forks.

#![allow(clippy::unwrap_used, reason = "a test that gets no id should panic")]

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use idgen_core::catalog::Settings;
use idgen_core::clock::{Clock, ClockTicks, Disciplined, ScriptedClock, Timeless};
use idgen_core::generator::{Builder, ErasedGenerator, Generator, Shared};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Stall, Timebase, UnixTime};
use idgen_lease::{Disk, Event, FileStore, Interval, Lease, LeaseError, Leased, SystemDisk};
use idgen_snowflake::Snowflake;
use once_cell::race::OnceBox;

mod clones;
mod flaky;
#[cfg(unix)]
mod forks;
mod reach;
mod set_back;
mod waits;

type Clocked = Shared<Snowflake, ClockTicks<Arc<ScriptedClock>>>;

const LONGEST: Duration = Duration::from_millis(1_000);

fn clock() -> Arc<ScriptedClock> {
    Arc::new(ScriptedClock::at(UnixTime::from_seconds(1_700_000_000)))
}

fn started(
    folder: &Path,
    clock: &Arc<ScriptedClock>,
    node: Option<u64>,
) -> Result<Leased<Clocked>, LeaseError> {
    let store = FileStore::on(folder, SystemDisk, Arc::clone(clock)).longest_window(LONGEST);
    started_on(store, clock, node, |_| ())
}

fn started_on<D: Disk>(
    store: FileStore<D>,
    clock: &Arc<ScriptedClock>,
    node: Option<u64>,
    watch: impl Fn(&Event) + Send + Sync + 'static,
) -> Result<Leased<Clocked>, LeaseError> {
    let mut lease = Lease::of::<Snowflake>(store).without_keeper().watch(watch);
    lease = lease.max_start_wait(Duration::from_secs(60));
    if let Some(node) = node {
        lease = lease.node(node);
    }
    let clock = Arc::clone(clock);
    lease.start(move |settings| {
        Builder::<Snowflake>::on(Arc::clone(&clock)).settings(settings).shared()
    })
}

fn tick(clock: &ScriptedClock) -> u64 {
    Snowflake::TIMEBASE.unwrap().nearest_tick(clock.wall())
}

#[test]
fn ids_stop_at_the_windows_end_and_go_on_when_it_is_renewed() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let ids = started(folder.path(), &clock, None).unwrap();
    let first = ids.generate().unwrap();
    assert_eq!((first.node(), ids.held().unwrap().1), (0, 1));
    let end = ids.window_end();
    ids.keep();
    assert_eq!(ids.window_end(), end, "renewed before half of it was used up");
    clock.advance(Duration::from_millis(600));
    ids.keep();
    assert!(ids.window_end() > end);
    // The process is paused past the window: what it would issue then may be somebody else's.
    let end = ids.window_end();
    clock.advance(Duration::from_secs(3_600));
    assert!(
        matches!(ids.try_generate(), Err(Stall::WindowEnded { end: ended, .. }) if ended == end)
    );
    ids.keep();
    let late = ids.try_generate().unwrap();
    assert!(late > first && late.time().unwrap() == clock.wall());
}

#[test]
fn restarts_repeat_nothing_whatever_the_clock_does() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let mut seen = HashSet::new();
    for round in 0..50 {
        let ids = started(folder.path(), &clock, Some(7)).unwrap();
        for id in ids.generate_batch(3_000).unwrap() {
            assert!(seen.insert(id), "{id} came twice, in round {round}");
        }
        // Every other one crashes; the clock steps back each time.
        if round % 2 == 0 {
            ids.abandon();
        }
        clock.set(UnixTime::from_millis(1_700_000_000_000 - 100 * i64::from(round)));
    }
    assert_eq!(seen.len(), 150_000);
}

#[test]
fn what_was_not_issued_is_given_back() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let last = started(folder.path(), &clock, Some(7)).unwrap().generate().unwrap();
    let waited = clock.monotonic();
    let next = started(folder.path(), &clock, Some(7)).unwrap().generate().unwrap();
    assert!(next > last);
    let waited = clock.monotonic() - waited;
    assert!(waited <= Duration::from_millis(1), "{waited:?} for a window that nobody used");
}

#[test]
fn a_clock_far_behind_the_last_window_is_an_error_with_the_way_out() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    started(folder.path(), &clock, Some(3)).unwrap();
    clock.advance(Duration::from_secs(7_200));
    started(folder.path(), &clock, Some(7)).unwrap().generate().unwrap();
    clock.set(UnixTime::from_seconds(1_700_000_000 + 3_600));
    let error = started(folder.path(), &clock, Some(7)).unwrap_err().to_string();
    assert!(error.contains("node id 7 may issue nothing before 2023-11-15T00:13:2"), "{error}");
    assert!(error.contains("s from now: an earlier holder came that far"), "{error}");
    // Another node id need not wait.
    assert_eq!(started(folder.path(), &clock, None).unwrap().held().unwrap().0.first(), 0);
}

/// Who restarts a process again and again does not drive its node id ahead of time.
#[test]
fn attempts_that_come_too_early_put_the_mark_no_farther() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    started(folder.path(), &clock, Some(7)).unwrap().generate().unwrap();
    clock.set(UnixTime::from_seconds(1_700_000_000 - 3_600));
    for _ in 0..100 {
        assert!(started(folder.path(), &clock, Some(7)).is_err());
    }
    clock.set(UnixTime::from_seconds(1_700_000_000 + 3));
    let began = clock.monotonic();
    started(folder.path(), &clock, Some(7)).unwrap().generate().unwrap();
    assert!(clock.monotonic() - began < Duration::from_secs(1), "it waits for windows of nobody");
}

/// A store that lost its records goes by this: nobody is granted more than the longest window, from that moment on. In
/// a new folder, after crashes, and while ids are drawn as fast as the drift allows.
#[test]
fn no_window_reaches_farther_ahead_than_the_longest() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let farthest = Arc::new(AtomicU64::new(0));
    for round in 0..40 {
        let store =
            FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock)).longest_window(LONGEST);
        let (now, most) = (Arc::clone(&clock), Arc::clone(&farthest));
        let watch = move |event: &Event| {
            if let Event::Granted { end, .. } = event {
                most.fetch_max(end - tick(&now), Ordering::Relaxed);
            }
        };
        let ids = started_on(store, &clock, Some(7), watch).unwrap();
        for _ in 0..round {
            while ids.try_generate().is_ok() {}
            ids.keep();
            clock.advance(Duration::from_millis(17));
        }
        ids.abandon();
    }
    assert_eq!(farthest.load(Ordering::Relaxed), 1_000);
}

/// A clock that keeps an offset goes on from where the last holder was.
#[test]
fn a_disciplined_clock_goes_on_from_the_last_window() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let start = || {
        let store =
            FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock)).longest_window(LONGEST);
        let clock = Arc::new(Disciplined::new(Arc::clone(&clock)));
        let lease = Lease::of::<Snowflake>(store).node(7).without_keeper();
        lease.start(move |settings| {
            Builder::<Snowflake>::on(Arc::clone(&clock)).settings(settings).shared()
        })
    };
    let last = start().unwrap().generate().unwrap();
    clock.set(UnixTime::from_seconds(1_700_000_000 - 3_600));
    let ids = start().unwrap();
    let next = ids.generate().unwrap();
    assert!(
        next > last && next.tick() < last.tick() + 100,
        "{} after {}",
        next.tick(),
        last.tick()
    );
    for _ in 0..20 {
        clock.advance(Duration::from_millis(500));
        ids.keep();
        ids.generate().unwrap();
    }
}

#[test]
fn a_removed_folder_costs_the_node_id_and_another_is_found() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let ids = started(folder.path(), &clock, None).unwrap();
    let mut last = ids.generate().unwrap();
    std::fs::remove_dir_all(folder.path()).unwrap();
    let mut seen = HashSet::from([last]);
    for _ in 0..100 {
        clock.advance(Duration::from_millis(100));
        ids.keep();
        let Ok(id) = ids.try_generate() else { continue };
        assert!(seen.insert(id) && id > last, "{id} after {last}");
        last = id;
    }
    assert!(ids.health().is_good() && ids.held().is_some());
    assert!(seen.len() > 50, "{} ids", seen.len());
    // What it waits for then is of that one.
    clock.advance(Duration::from_secs(3_600));
    let Err(Stall::WindowEnded { end, .. }) = ids.try_generate() else { panic!("no stall") };
    assert_eq!(end, ids.window_end());
}

#[test]
fn an_interval_must_fit_the_stores_windows() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let store =
        || FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock)).longest_window(LONGEST);
    let start = |interval| {
        let clock = Arc::clone(&clock);
        let lease = Lease::of::<Snowflake>(store()).without_keeper().interval(interval);
        lease.start(move |settings| {
            Builder::<Snowflake>::on(Arc::clone(&clock)).settings(settings).shared()
        })
    };
    assert!(start(Interval::Time(Duration::from_millis(990))).is_ok());
    let error = start(Interval::Time(Duration::from_millis(991))).unwrap_err().to_string();
    assert!(error.contains("991 ticks (991ms) is longer than the 990 ticks (990ms)"), "{error}");
    let ids = start(Interval::Count(10_000)).unwrap();
    assert!(ids.generate_batch(10_000).is_ok());
}

/// A window must hold more than what ids run ahead of the clock, or it is renewed with every tick.
#[test]
fn a_drift_near_the_longest_window_is_refused_with_both() {
    let start = |drift| {
        let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
        let store = FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock));
        let mut settings = Settings::default();
        settings.max_drift = Some(Duration::from_millis(drift));
        let lease = Lease::of::<Snowflake>(store.longest_window(LONGEST)).settings(settings);
        let lease = lease.without_keeper();
        lease.start(move |settings| {
            Builder::<Snowflake>::on(Arc::clone(&clock)).settings(settings).shared()
        })
    };
    start(500).unwrap().generate().unwrap();
    for drift in [501, 999, 1_000, u64::MAX] {
        let error = start(drift).unwrap_err();
        assert!(matches!(error, LeaseError::Drift { .. }), "{error}");
    }
    let error = start(990).unwrap_err().to_string();
    assert!(
        error.contains("a drift of 990ms leaves too little of the longest window, 1s"),
        "{error}"
    );
    assert!(error.contains("allow less drift"), "{error}");
}

/// Eight node ids, and one id a tick.
const ONE_A_TICK: Layout = Layout::new(
    64,
    &[Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 60), Field::new(Kind::Node, 3)],
);

/// Plain numbers of eight nodes, without a clock.
#[derive(Debug)]
struct Number;

impl IdScheme for Number {
    type Word = u64;
    const NAME: &'static str = "number";
    const LAYOUT: Layout = ONE_A_TICK;
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Decimal;
}

/// Draws `count` ids between two looks of the keeper, and says how many there were each time.
fn drawn(count: u64) -> Vec<u64> {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let store = FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock));
    let lease = Lease::of::<Number>(store).without_keeper();
    let make = move |settings: &_| {
        Builder::<Number>::over(Timeless::new(Arc::clone(&clock))).settings(settings).shared()
    };
    let ids = lease.start(make).unwrap();
    let draw = || {
        let made = (0..count).take_while(|_| ids.try_generate().is_ok()).count();
        ids.keep();
        made as u64
    };
    (0..10).map(|_| draw()).collect()
}

/// An interval by count, as lines without a clock have, is not the measure of a fast line for ever.
#[test]
fn a_line_that_is_faster_than_its_store_gets_longer_windows() {
    let made = drawn(u64::MAX);
    assert_eq!(made[..4], [10_000, 10_000, 20_000, 40_000]);
    assert_eq!(made[8..], [640_000, 640_000], "{made:?}");
    // Who leaves some of each window waits for nobody, and is granted no more than it was.
    assert_eq!(drawn(9_999), [9_999; 10]);
}

/// With a real keeper and a real disk, in windows so short that many of them pass.
fn real(folder: &Path, mut settings: Settings) -> Leased<Box<dyn ErasedGenerator>> {
    // However busy the machine is, the next window is waited for.
    settings.max_wait = settings.max_wait.or(Some(Duration::from_secs(60)));
    let store = FileStore::new(folder).longest_window(Duration::from_millis(40));
    let lease = Lease::of::<Snowflake>(store).settings(settings);
    let make = |settings: &_| -> Result<Box<dyn ErasedGenerator>, _> {
        Ok(Box::new(Builder::<Snowflake>::new().settings(settings).laned()?))
    };
    lease.start(make).unwrap()
}

/// The keeper renews while threads draw, many windows long.
#[test]
fn the_keeper_keeps_up_with_threads() {
    let folder = tempfile::tempdir().unwrap();
    let ids = real(folder.path(), Default::default());
    let first = ids.window_end();
    let words: Vec<_> = std::thread::scope(|scope| {
        let draw = || (0..40_000).map(|_| ids.generate_word().unwrap()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(draw)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let distinct: HashSet<_> = words.iter().collect();
    assert_eq!(distinct.len(), words.len());
    while ids.window_end() < first + 200 {
        ids.generate_word().unwrap();
    }
}

/// Whoever is told of a window asks the generator what it holds.
#[test]
fn a_watcher_may_ask_what_is_held() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let store =
        FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock)).longest_window(LONGEST);
    let (asked, held) = (Arc::new(OnceBox::<Leased<Clocked>>::new()), Arc::new(Mutex::new(None)));
    let (ids, told) = (Arc::clone(&asked), Arc::clone(&held));
    let started = started_on(store, &clock, Some(7), move |event: &Event| {
        if let (Event::Granted { .. }, Some(ids)) = (event, ids.get()) {
            *told.lock().unwrap() = ids.held();
        }
    });
    assert!(asked.set(Box::new(started.unwrap())).is_ok());
    clock.advance(Duration::from_millis(600));
    let (done, is_done) = mpsc::channel();
    let keeper = Arc::clone(&asked);
    std::thread::spawn(move || {
        keeper.get().unwrap().keep();
        done.send(()).unwrap();
    });
    assert!(is_done.recv_timeout(Duration::from_secs(30)).is_ok(), "the keeper waits for itself");
    let (block, term) = held.lock().unwrap().unwrap();
    assert_eq!((block.first(), term), (7, 1));
}

/// With a real keeper: whoever is told of events panics in its thread, once.
#[test]
fn a_watcher_that_panics_costs_no_id() {
    let (folder, granted) = (tempfile::tempdir().unwrap(), AtomicU64::new(0));
    let store = FileStore::new(folder.path()).longest_window(Duration::from_millis(100));
    // A panic takes seconds where its backtrace is printed and everybody is busy.
    let mut settings = Settings::default();
    settings.max_wait = Some(Duration::from_secs(60));
    let lease = Lease::of::<Snowflake>(store).settings(settings).watch(move |event: &Event| {
        let granted =
            matches!(event, Event::Granted { .. }).then(|| granted.fetch_add(1, Ordering::Relaxed));
        assert_ne!(granted, Some(1), "a watcher that panics");
    });
    let ids =
        lease.start(|settings| Shared::<Snowflake>::builder().settings(settings).shared()).unwrap();
    let first = ids.generate().unwrap();
    while ids.generate().unwrap().tick() < first.tick() + 500 {
        std::thread::yield_now();
    }
}
