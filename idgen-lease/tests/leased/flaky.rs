//! Disks that fail when they are told to.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use idgen_core::generator::{Builder, Generator};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Scheme, Timebase, UnixTime};
use idgen_lease::{Disk, Event, FileStore, Folder, Health, Lease, Lock, Realm, Store, SystemDisk};
use idgen_snowflake::Snowflake;

use super::{LONGEST, clock, started_on, tick};

/// A disk that fails when it is told to.
#[derive(Clone, Debug, Default)]
pub(super) struct Flaky {
    full: Arc<AtomicBool>,
    /// What is written is not known to be durable.
    pub(super) unsynced: Arc<AtomicBool>,
    writes: Arc<AtomicU64>,
    hangs: Arc<Gate>,
}

/// Nobody gets past it while it is closed.
#[derive(Debug, Default)]
struct Gate {
    is_closed: Mutex<bool>,
    opened: Condvar,
    /// Whether somebody has come to it while it was.
    is_met: AtomicBool,
}

impl Gate {
    fn set(&self, closed: bool) {
        *self.is_closed.lock().unwrap() = closed;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let mut closed = self.is_closed.lock().unwrap();
        while *closed {
            self.is_met.store(true, Ordering::Relaxed);
            closed = self.opened.wait(closed).unwrap();
        }
    }
}

impl Disk for Flaky {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        SystemDisk.create_folder(folder)
    }
    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(FlakyFolder { folder: SystemDisk.open_folder(folder)?, disk: self.clone() }))
    }
}

#[derive(Debug)]
struct FlakyFolder {
    folder: Box<dyn Folder>,
    disk: Flaky,
}

impl Folder for FlakyFolder {
    fn list(&self) -> io::Result<Vec<String>> {
        self.folder.list()
    }
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.folder.read(name)
    }
    fn write(&self, name: &str, contents: &[u8]) -> io::Result<()> {
        if self.disk.full.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.disk.hangs.pass();
        self.disk.writes.fetch_add(1, Ordering::Relaxed);
        self.folder.write(name, contents)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.folder.rename(from, to)
    }
    fn sync(&self) -> io::Result<()> {
        if self.disk.unsynced.load(Ordering::Relaxed) {
            return Err(io::Error::other("the disk failed"));
        }
        self.folder.sync()
    }
    fn try_lock(&self, name: &str, shared: bool) -> io::Result<Option<Box<dyn Lock>>> {
        self.folder.try_lock(name, shared)
    }
    fn is_locked(&self, name: &str) -> io::Result<bool> {
        self.folder.is_locked(name)
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
    // However many attempts fail, the record that is in place is known to be the holder's own.
    for _ in 0..1_500 {
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

/// With a real keeper, which is in the middle of a renewal: whoever asks what is held, and whoever is done with the
/// generator, goes on. When the disk does, what was not issued is given back, unless somebody else may be issuing it.
#[test]
fn a_disk_that_hangs_is_waited_for_by_nobody_but_the_keeper() {
    for gives_back in [true, false] {
        let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
        let (disk, (tell, events)) = (Flaky::default(), mpsc::channel());
        let hangs = Arc::clone(&disk.hangs);
        let store = FileStore::on(folder.path(), disk, Arc::clone(&clock)).longest_window(LONGEST);
        let lease = Lease::of::<Snowflake>(store.clone()).node(7).watch(move |event: &Event| {
            tell.send(format!("{event:?}")).ok();
        });
        let its = Arc::clone(&clock);
        let ids = lease.start(move |settings| {
            Builder::<Snowflake>::on(Arc::clone(&its)).settings(settings).shared()
        });
        let (ids, (done, is_done)) = (ids.unwrap(), mpsc::channel());
        ids.generate().unwrap();
        hangs.set(true);
        clock.advance(Duration::from_millis(600));
        while !hangs.is_met.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        std::thread::spawn(move || {
            let held = ids.held().map(|(block, term)| (block.first(), term));
            done.send(held).unwrap();
            if gives_back {
                drop(ids)
            } else {
                ids.abandon()
            }
            done.send(None).unwrap();
        });
        let most = Duration::from_secs(20);
        assert_eq!(is_done.recv_timeout(most), Ok(Some((7, 1))), "who asks what is held waits");
        assert_eq!(is_done.recv_timeout(most), Ok(None), "who is done with it waits");
        hangs.set(false);
        let realm = Realm::of(Scheme::of::<Snowflake>());
        while store.nodes(&realm).unwrap().iter().any(|node| node.holder.is_some()) {
            std::thread::yield_now();
        }
        let mut told = events.into_iter(); // until nobody is there who would tell more
        assert_eq!(told.any(|event| event.starts_with("Released")), gives_back);
    }
}

/// What failed half-way is tried again, and not passed over: the simulator found a window that reached so far ahead of
/// the clock that a folder which had been removed and made anew granted it again.
#[test]
fn renewals_that_fail_half_way_reach_no_farther() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let disk = Flaky::default();
    let unsynced = Arc::clone(&disk.unsynced);
    let store = FileStore::on(folder.path(), disk, Arc::clone(&clock)).longest_window(LONGEST);
    let ids = started_on(store, &clock, Some(7), |_| ()).unwrap();
    let mut last = ids.generate().unwrap();
    for round in 0..20 {
        clock.advance(Duration::from_millis(600));
        unsynced.store(true, Ordering::Relaxed);
        (0..round).for_each(|_| ids.keep());
        assert_eq!(ids.health().is_good(), round == 0);
        unsynced.store(false, Ordering::Relaxed);
        ids.keep();
        let ahead = ids.window_end() - tick(&clock);
        assert!(ahead <= 1_000, "{ahead} ticks ahead of the clock, in round {round}");
        let next = ids.generate().unwrap();
        assert!(next > last);
        last = next;
    }
}

/// Eight seconds of milliseconds, from the tests' clock on.
#[derive(Debug)]
struct Short;

impl IdScheme for Short {
    type Word = u64;
    const NAME: &'static str = "short";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 41),
            Field::new(Kind::Tick, 13),
            Field::new(Kind::Node, 5),
            Field::new(Kind::Sequence, 5),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_seconds(1_700_000_000), Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

#[test]
fn past_the_layouts_end_nothing_more_is_recorded() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let (disk, ended) = (Flaky::default(), Arc::new(AtomicU64::new(0)));
    let (writes, end) = (Arc::clone(&disk.writes), Arc::clone(&ended));
    let store = FileStore::on(folder.path(), disk, Arc::clone(&clock)).longest_window(LONGEST);
    let lease = Lease::of::<Short>(store).without_keeper().watch(move |event: &Event| {
        if let Event::Granted { end: granted, .. } = event {
            end.fetch_max(*granted, Ordering::Relaxed);
        }
    });
    let make = {
        let clock = Arc::clone(&clock);
        move |settings: &_| Builder::<Short>::on(Arc::clone(&clock)).settings(settings).shared()
    };
    let again = lease.clone();
    let ids = lease.start(make.clone()).unwrap();
    for _ in 0..100 {
        ids.keep();
        ids.try_generate().ok();
        clock.advance(Duration::from_millis(100));
    }
    assert_eq!(ended.load(Ordering::Relaxed), 8_192, "a window past the layout's last tick");
    let written = writes.load(Ordering::Relaxed);
    (0..100).for_each(|_| ids.keep());
    assert_eq!(writes.load(Ordering::Relaxed), written);
    assert!(ids.health().is_good());
    assert!(ids.generate().unwrap_err().is_layout_ended());
    ids.abandon();
    // A clock that is set back does not make room in it for who comes next.
    clock.set(UnixTime::from_seconds(1_700_000_008));
    let written = writes.load(Ordering::Relaxed);
    let error = again.node(0).start(make).unwrap_err().to_string();
    assert!(error.contains("starts past tick 8191, the layout's last; migrate"), "{error}");
    assert_eq!(writes.load(Ordering::Relaxed), written);
}
