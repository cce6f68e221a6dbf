//! Generators with leased windows: by scripted time, and by real threads and forks.

#![allow(clippy::unwrap_used, reason = "a test that gets no id should panic")]

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idgen_core::clock::{Clock, ClockTicks, Disciplined, ScriptedClock};
use idgen_core::generator::{Builder, ErasedGenerator, Generator, Shared};
use idgen_core::{Stall, UnixTime};
use idgen_lease::{
    Disk, Event, FileStore, Health, Interval, Lease, LeaseError, Leased, Lock, SystemDisk,
};
use idgen_snowflake::Snowflake;

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
    assert!(error.contains("3600 s from now"), "{error}");
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

/// A disk that fails when it is told to.
#[derive(Debug, Default)]
struct Flaky {
    full: Arc<AtomicBool>,
}

impl Disk for Flaky {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        SystemDisk.create_folder(folder)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        SystemDisk.list(folder)
    }
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        SystemDisk.read(path)
    }
    fn write(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        if self.full.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        SystemDisk.write(path, contents)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        SystemDisk.rename(from, to)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        SystemDisk.sync_folder(folder)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        SystemDisk.remove(path)
    }
    fn try_lock(&self, path: &Path, shared: bool) -> io::Result<Option<Box<dyn Lock>>> {
        SystemDisk.try_lock(path, shared)
    }
}

#[test]
fn a_full_disk_stalls_ids_at_the_windows_end_with_the_reason() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let (disk, events) = (Flaky::default(), Arc::new(Mutex::new(Vec::new())));
    let full = Arc::clone(&disk.full);
    let store = FileStore::on(folder.path(), disk, Arc::clone(&clock)).longest_window(LONGEST);
    let told = Arc::clone(&events);
    let ids = started_on(store, &clock, None, move |event: &Event| {
        told.lock().unwrap().push(format!("{event:?}"));
    })
    .unwrap();
    full.store(true, Ordering::Relaxed);
    clock.advance(Duration::from_millis(600));
    for _ in 0..3 {
        ids.keep();
    }
    let Health::Degraded { error, end } = ids.health() else { panic!("{:?}", ids.health()) };
    assert!(error.to_string().contains("cannot write") && end == ids.window_end(), "{error}");
    ids.generate().unwrap(); // to the end of the window
    clock.advance(Duration::from_millis(600));
    let error = ids.generate().unwrap_err();
    assert!(error.is_window_ended() && error.to_string().contains("is full; make room"), "{error}");
    full.store(false, Ordering::Relaxed);
    ids.keep();
    assert!(ids.health().is_good());
    ids.generate().unwrap();
    let events = events.lock().unwrap();
    assert_eq!(events.iter().filter(|event| event.starts_with("Failed")).count(), 1, "{events:?}");
    assert_eq!(events.iter().filter(|event| *event == "Recovered").count(), 1, "{events:?}");
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
    assert!(error.contains("991 ticks is longer than the 990"), "{error}");
    let ids = start(Interval::Count(10_000)).unwrap();
    assert!(ids.generate_batch(10_000).is_ok());
}

fn real(
    folder: &Path,
    settings: idgen_core::catalog::Settings,
) -> Leased<Box<dyn ErasedGenerator>> {
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

#[cfg(unix)]
mod forks {
    use std::io::{Read, Write, pipe};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use fork::{Fork, fork, waitpid};

    use super::*;

    /// What `child` makes in a child of fork.
    fn in_child(child: impl FnOnce() -> Vec<u128>) -> Vec<u128> {
        let (mut reader, mut writer) = pipe().unwrap();
        match fork().unwrap() {
            Fork::Child => {
                let told = catch_unwind(AssertUnwindSafe(child)).is_ok_and(|words| {
                    let bytes: Vec<u8> = words.into_iter().flat_map(u128::to_ne_bytes).collect();
                    writer.write_all(&bytes).is_ok()
                });
                std::process::exit(if told { 0 } else { 1 });
            }
            Fork::Parent(pid) => {
                drop(writer);
                let mut bytes = Vec::new();
                reader.read_to_end(&mut bytes).unwrap();
                assert_eq!(waitpid(pid).unwrap(), 0, "the child failed");
                let (words, rest) = bytes.as_chunks();
                assert!(rest.is_empty());
                words.iter().map(|&word| u128::from_ne_bytes(word)).collect()
            }
        }
    }

    fn draw(ids: &dyn ErasedGenerator, count: usize) -> Vec<u128> {
        (0..count).filter_map(|_| ids.generate_word().ok()).collect()
    }

    #[test]
    fn a_child_takes_a_node_id_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let ids = real(folder.path(), Default::default());
        let mut all = draw(&ids, 1_000);
        for _ in 0..3 {
            let childs = in_child(|| {
                let mut own = draw(&ids, 1_000);
                own.extend(in_child(|| draw(&ids, 1_000)));
                own
            });
            assert_eq!(childs.len(), 2_000, "a child got no ids");
            all.extend(childs);
            all.extend(draw(&ids, 1_000));
        }
        let distinct: HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "a child repeated an id");
        let nodes: HashSet<_> =
            all.iter().map(|&word| ids.scheme().layout.unpack(word).node).collect();
        assert!(nodes.len() >= 3, "{nodes:?}");
    }

    #[test]
    fn a_child_that_was_told_its_node_id_errs() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = idgen_core::catalog::Settings::with_node(7);
        settings.max_wait = Some(Duration::from_millis(200));
        let ids = real(folder.path(), settings);
        assert_eq!(draw(&ids, 10).len(), 10);
        assert_eq!(in_child(|| draw(&ids, 1)), []);
        assert_eq!(draw(&ids, 10).len(), 10, "the parent lost its node id");
    }
}
