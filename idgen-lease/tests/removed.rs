//! Folders that are removed, and made anew, while a holder is paused in the middle of a call of the disk: on a real
//! file system, before every call.

#![allow(clippy::unwrap_used, reason = "a test that finds no record should panic")]

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idgen_core::clock::{Clock, ScriptedClock};
use idgen_core::{Scheme, UnixTime, Window};
use idgen_lease::{
    Ask, Disk, FileStore, Folder, Hold, Lock, Realm, Store, StoreError, SystemDisk, Wanted,
};
use idgen_snowflake::Snowflake;

/// What happens while a process is paused, and before which of its calls.
type Interlude = (usize, Box<dyn FnOnce() + Send>);

/// The file system, to a process that is paused once.
#[derive(Clone, Default)]
struct Paused(Arc<Mutex<Option<Interlude>>>);

impl fmt::Debug for Paused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Paused")
    }
}

impl Paused {
    fn before(&self, calls: usize, interlude: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some((calls, Box::new(interlude)));
    }

    fn call(&self) {
        let due = self.0.lock().unwrap().take_if(|(calls, _)| {
            let due = *calls == 0;
            *calls = calls.saturating_sub(1);
            due
        });
        if let Some((_, interlude)) = due {
            interlude();
        }
    }

    fn is_over(&self) -> bool {
        self.0.lock().unwrap().is_none()
    }
}

impl Disk for Paused {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.call();
        SystemDisk.create_folder(folder)
    }
    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn Folder>> {
        self.call();
        Ok(Box::new(PausedFolder { folder: SystemDisk.open_folder(folder)?, pause: self.clone() }))
    }
}

#[derive(Debug)]
struct PausedFolder {
    folder: Box<dyn Folder>,
    pause: Paused,
}

impl PausedFolder {
    fn call(&self) -> &dyn Folder {
        self.pause.call();
        &*self.folder
    }
}

impl Folder for PausedFolder {
    fn list(&self) -> io::Result<Vec<String>> {
        self.call().list()
    }
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.call().read(name)
    }
    fn write(&self, name: &str, contents: &[u8]) -> io::Result<()> {
        self.call().write(name, contents)
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.call().rename(from, to)
    }
    fn sync(&self) -> io::Result<()> {
        self.call().sync()
    }
    fn try_lock(&self, name: &str, shared: bool) -> io::Result<Option<Box<dyn Lock>>> {
        let lock = self.call().try_lock(name, shared)?;
        let pause = self.pause.clone();
        Ok(lock.map(|lock| -> Box<dyn Lock> { Box::new(PausedLock { lock, pause }) }))
    }
    fn is_locked(&self, name: &str) -> io::Result<bool> {
        self.call().is_locked(name)
    }
}

#[derive(Debug)]
struct PausedLock {
    lock: Box<dyn Lock>,
    pause: Paused,
}

impl Lock for PausedLock {
    fn is_in_place(&self) -> io::Result<bool> {
        self.pause.call();
        self.lock.is_in_place()
    }
    fn note(&mut self, text: &str) -> io::Result<()> {
        self.pause.call();
        self.lock.note(text)
    }
}

/// A state folder, perhaps a second one, and a clock that is right.
#[derive(Clone)]
struct Ground {
    folder: Arc<tempfile::TempDir>,
    second: bool,
    clock: Arc<ScriptedClock>,
    windows: Arc<Mutex<Vec<Window>>>,
}

impl Ground {
    fn new(second: bool) -> Self {
        let clock = Arc::new(ScriptedClock::at(UnixTime::from_seconds(1_700_000_000)));
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self { folder, second, clock, windows: Arc::default() }
    }

    fn realm() -> Realm {
        Realm::of(Scheme::of::<Snowflake>())
    }

    fn store<D: Disk>(&self, disk: D) -> FileStore<D> {
        let store = FileStore::on(self.folder.path().join("one"), disk, Arc::clone(&self.clock));
        if self.second { store.second(self.folder.path().join("two")) } else { store }
    }

    fn take(&self, node: u64) -> Option<Box<dyn Hold>> {
        self.take_block(node, 0)
    }

    fn take_block(&self, node: u64, bits: u32) -> Option<Box<dyn Hold>> {
        let wanted = Wanted::This(Self::realm().block(node, bits).unwrap());
        self.store(SystemDisk).acquire(&Self::realm(), wanted, &|_| ()).ok()
    }

    /// A window from now on, as a lease asks for it: never farther ahead than the longest.
    fn grant(&self, hold: &mut dyn Hold) -> bool {
        self.try_grant(hold).is_ok()
    }

    fn try_grant(&self, hold: &mut dyn Hold) -> Result<Window, StoreError> {
        let now = Self::realm().tick_at(self.clock.wall()).unwrap();
        let from =
            self.windows.lock().unwrap().last().map_or(now, |last| last.end().min(now + 1_000));
        let granted = hold.grant(Ask { from: from.max(now), length: 1_000 });
        self.windows.lock().unwrap().extend(granted.as_ref().ok());
        granted
    }

    fn remove(&self, what: &str) {
        let path = self.folder.path().join(what);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
    }

    /// All that was granted is disjoint.
    fn check(&self, what: impl fmt::Display) {
        let mut windows = self.windows.lock().unwrap().clone();
        windows.sort_unstable_by_key(Window::start);
        for pair in windows.windows(2) {
            assert!(pair[0].end() <= pair[1].start(), "{what}: both of {pair:?} were granted");
        }
    }

    /// A holder of node id 7 that was granted a window a second ago.
    fn renewed(&self, pause: &Paused) -> Box<dyn Hold> {
        let wanted = Wanted::This(Self::realm().block(7, 0).unwrap());
        let store = self.store(pause.clone());
        let mut hold = store.acquire(&Self::realm(), wanted, &|_| ()).unwrap();
        self.clock.advance(Duration::from_secs(3));
        assert!(self.grant(&mut *hold));
        self.clock.advance(Duration::from_secs(1));
        hold
    }
}

/// Runs a course for each call before which a holder can be paused.
fn at_every_call(second: bool, course: impl Fn(&Ground, &Paused, usize)) {
    for calls in 0.. {
        let (ground, pause) = (Ground::new(second), Paused::default());
        course(&ground, &pause, calls);
        ground.check(format_args!("paused before call {calls}"));
        if !pause.is_over() {
            assert!(calls > 3, "only {calls} calls");
            return;
        }
    }
}

/// A holder is paused in a grant; meanwhile `removed` is removed, and others take its node id. Whatever
/// they were granted, the last of them crashing at once, is granted once.
fn removed_in_a_grant(second: bool, removed: &'static [&'static str]) {
    at_every_call(second, |ground, pause, calls| {
        let mut hold = ground.renewed(pause);
        let others = ground.clone();
        pause.before(calls, move || {
            removed.iter().for_each(|folder| others.remove(folder));
            for _ in 0..3 {
                if let Some(mut other) = others.take(7) {
                    others.grant(&mut *other);
                    others.grant(&mut *other);
                }
            }
        });
        let interrupted = ground.try_grant(&mut *hold);
        if !pause.is_over() {
            return;
        }
        if removed.contains(&"one") {
            let error = hold.grant(Ask { from: 0, length: 1 }).unwrap_err();
            assert!(error.is_lost(), "{error}");
            drop(hold);
        } else {
            let lost = interrupted.is_err_and(|error| error.is_lost());
            assert!(!lost && ground.grant(&mut *hold), "lost with a copy of its record");
            drop(hold);
        }
        for _ in 0..2 {
            assert!(ground.grant(&mut *ground.take(7).unwrap()));
        }
    });
}

#[test]
fn the_folder_is_removed_in_the_middle_of_a_grant() {
    removed_in_a_grant(false, &["one"]);
}

#[test]
fn the_first_of_two_folders_is_removed_in_the_middle_of_a_grant() {
    removed_in_a_grant(true, &["one"]);
}

#[test]
fn the_second_folder_is_removed_in_the_middle_of_a_grant() {
    removed_in_a_grant(true, &["two"]);
}

/// A holder is paused in a grant; meanwhile one of its lock files is removed, and others take the block that it is of.
fn unlocked_in_a_grant(second: bool, removed: &'static [&'static str], block: (u64, u32)) {
    at_every_call(second, |ground, pause, calls| {
        let mut hold = ground.renewed(pause);
        let others = ground.clone();
        pause.before(calls, move || {
            removed.iter().for_each(|file| others.remove(file));
            for _ in 0..3 {
                let mut other = others.take_block(block.0, block.1).unwrap();
                assert!(others.grant(&mut *other) && others.grant(&mut *other));
            }
        });
        ground.grant(&mut *hold);
        if !pause.is_over() {
            return;
        }
        let error = hold.grant(Ask { from: 0, length: 1 }).unwrap_err();
        assert!(error.is_lost(), "{error}");
        drop(hold);
        for _ in 0..2 {
            assert!(ground.grant(&mut *ground.take_block(block.0, block.1).unwrap()));
        }
    });
}

#[test]
fn the_lock_file_is_removed_in_the_middle_of_a_grant() {
    unlocked_in_a_grant(false, &["one/snowflake/node-7.lock"], (7, 0));
}

#[test]
fn the_lock_file_of_a_block_around_it_is_removed_in_the_middle_of_a_grant() {
    unlocked_in_a_grant(false, &["one/snowflake/nodes-6-to-7.lock"], (6, 1));
}

#[test]
fn the_lock_files_in_both_folders_are_removed_in_the_middle_of_a_grant() {
    let files = &["one/snowflake/node-7.lock", "two/snowflake/node-7.lock"];
    unlocked_in_a_grant(true, files, (7, 0));
}

/// A start is paused in making the folder; meanwhile somebody with longer windows makes it. What he recorded stays.
#[test]
fn a_folder_that_two_make_at_once_knows_the_longest_window() {
    const HOUR: Duration = Duration::from_secs(3_600);
    at_every_call(false, |ground, pause, calls| {
        let (others, granted) = (ground.clone(), Arc::new(Mutex::new(false)));
        let is_granted = Arc::clone(&granted);
        pause.before(calls, move || {
            let three = Wanted::This(Ground::realm().block(3, 0).unwrap());
            let store = others.store(SystemDisk).longest_window(HOUR);
            if let Ok(mut other) = store.acquire(&Ground::realm(), three, &|_| ()) {
                *is_granted.lock().unwrap() = others.grant(&mut *other);
            }
        });
        let begun = Ground::realm().tick_at(ground.clock.wall()).unwrap();
        let five = Wanted::This(Ground::realm().block(5, 0).unwrap());
        drop(ground.store(pause.clone()).acquire(&Ground::realm(), five, &|_| ()));
        if *granted.lock().unwrap() {
            let begins = ground.take(6).unwrap().begins();
            assert!(begins >= begun + 3_600_000, "paused before call {calls}: {begins}");
        }
    });
}

/// So that it is no trouble of the disk but a loss, and another node id is looked for at once.
#[test]
fn a_grant_into_a_removed_folder_is_a_loss() {
    at_every_call(false, |ground, pause, calls| {
        let store = ground.store(pause.clone());
        let wanted = Wanted::This(Ground::realm().block(7, 0).unwrap());
        let mut hold = store.acquire(&Ground::realm(), wanted, &|_| ()).unwrap();
        assert!(ground.grant(&mut *hold));
        let others = ground.clone();
        pause.before(calls, move || others.remove("one"));
        if let Err(error) = hold.grant(Ask { from: 0, length: 1 }) {
            assert!(error.is_lost(), "before call {calls}: {error}");
        }
    });
}

/// Drafts of the namespace's record that somebody left who crashed are put out of the way by the next who writes it; and
/// who wrote one that was taken for such, at whatever moment, writes it anew.
#[test]
fn no_draft_of_the_namespaces_record_is_left_and_none_is_missed() {
    let clock = Arc::new(ScriptedClock::at(UnixTime::from_seconds(1_700_000_000)));
    let realm = Realm::of(Scheme::of::<Snowflake>());
    for calls in 0.. {
        let (folder, paused) = (tempfile::tempdir().unwrap(), Paused::default());
        let namespace = folder.path().join("snowflake");
        fs::create_dir(&namespace).unwrap();
        let left = namespace.join("namespace.new-1");
        fs::write(&left, "of who crashed").unwrap();
        let drafts = |namespace: &Path| {
            let all = fs::read_dir(namespace).unwrap().map(|entry| entry.unwrap().path());
            let is_draft = |path: &PathBuf| path.to_string_lossy().contains("namespace.new-");
            all.filter(is_draft).collect::<Vec<_>>()
        };
        let its = namespace.clone();
        paused.before(calls, move || {
            for draft in drafts(&its).into_iter().filter(|draft| *draft != left) {
                fs::rename(draft, its.join("namespace.void")).unwrap();
            }
        });
        let store = FileStore::on(folder.path(), paused.clone(), Arc::clone(&clock));
        store.acquire(&realm, Wanted::Any { bits: 0 }, &|_| ()).unwrap();
        assert_eq!(drafts(&namespace), Vec::<PathBuf>::new());
        assert!(namespace.join("namespace.json").exists());
        if !paused.is_over() {
            return;
        }
    }
}
