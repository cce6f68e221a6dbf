//! The store in a folder, on a real file system.

#![allow(clippy::unwrap_used, reason = "a test that finds no record should panic")]

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idgen_core::clock::{Clock, ScriptedClock};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::{Name, Scheme, UnixTime};
use idgen_lease::{
    Ask, Disk, Event, FileStore, Folder, Hold, Lock, Realm, Store, StoreError, SystemDisk, Wanted,
    conformance,
};
use idgen_snowflake::{Mastodon, Snowflake, Twitter};

mod folders;
mod records;

const HOUR: Duration = Duration::from_secs(3_600);

fn realm() -> Realm {
    Realm::of(Scheme::of::<Snowflake>())
}

fn noon() -> Arc<ScriptedClock> {
    Arc::new(ScriptedClock::at(UnixTime::from_seconds(1_700_000_000)))
}

fn store(folder: &Path, clock: &Arc<ScriptedClock>) -> FileStore {
    FileStore::on(folder, SystemDisk, Arc::clone(clock))
}

fn any(store: &FileStore) -> Result<Box<dyn Hold>, StoreError> {
    store.acquire(&realm(), Wanted::Any { bits: 0 }, &|_| ())
}

fn this(store: &FileStore, node: u64) -> Result<Box<dyn Hold>, StoreError> {
    store.acquire(&realm(), Wanted::This(realm().block(node, 0).unwrap()), &|_| ())
}

fn now(clock: &ScriptedClock) -> u64 {
    realm().tick_at(clock.wall()).unwrap()
}

const SECOND: Ask = Ask { from: 0, length: 1_000 };

#[test]
fn the_folder_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conformance::store(|| FileStore::new(folder.path()).longest_window(Duration::from_millis(20)));
}

#[test]
fn with_a_second_folder_it_conforms_too() {
    let folder = tempfile::tempdir().unwrap();
    conformance::store(|| {
        let store = FileStore::new(folder.path().join("first"));
        store.second(folder.path().join("second")).longest_window(Duration::from_millis(20))
    });
}

#[test]
fn the_lowest_node_id_whose_mark_has_passed_is_taken() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let crashed: Vec<_> = (0..3).map(|_| any(&store).unwrap()).collect();
    let nodes: Vec<_> = crashed
        .into_iter()
        .map(|mut hold| {
            hold.grant(SECOND).unwrap();
            hold.block().first()
        })
        .collect();
    assert_eq!(nodes, [0, 1, 2]);
    assert_eq!(any(&store).unwrap().block().first(), 3, "one that need not wait");
    let block = store.acquire(&realm(), Wanted::Any { bits: 2 }, &|_| ()).unwrap().block();
    assert_eq!(block.first(), 4, "a block in which nobody crashed");
    clock.advance(HOUR);
    assert_eq!(any(&store).unwrap().block().first(), 0);
}

#[test]
fn another_layout_or_epoch_in_the_namespace_is_refused() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    any(&store).unwrap();
    let twitter = Realm::of(Scheme::of::<Twitter>()).named(Name::new("snowflake"));
    let error = store.acquire(&twitter, Wanted::Any { bits: 0 }, &|_| ()).unwrap_err().to_string();
    assert!(
        error.contains("since 2020-01-01T00:00:00Z") && error.contains("2010-11-04"),
        "{error}"
    );
    assert!(error.contains("another namespace"), "{error}");
}

/// A node id of a block that is held is not free, nor is a block of which one is held.
#[test]
fn who_holds_a_block_is_listed_for_all_that_it_overlaps() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let (block, five, six) =
        (realm().block(4, 2).unwrap(), realm().block(5, 0).unwrap(), realm().block(6, 0).unwrap());
    for wanted in [block, five, six] {
        store.acquire(&realm(), Wanted::This(wanted), &|_| ()).unwrap().grant(SECOND).unwrap();
    }
    let holders = || {
        let nodes = store.nodes(&realm()).unwrap();
        let process = |holder: Option<_>| holder.map(|_| std::process::id());
        assert!(nodes.iter().all(|node| node.process == process(node.holder)), "{nodes:?}");
        nodes.into_iter().map(|node| (node.block, node.holder)).collect::<Vec<_>>()
    };
    assert_eq!(holders(), [(block, None), (five, None), (six, None)]);
    let hold = store.acquire(&realm(), Wanted::This(block), &|_| ()).unwrap();
    assert_eq!(holders(), [(block, Some(block)), (five, Some(block)), (six, Some(block))]);
    drop(hold);
    let _hold = this(&store, 5).unwrap();
    assert_eq!(holders(), [(block, Some(five)), (five, Some(five)), (six, None)]);
    // And so it is told to who wants the block: his lock was in the way of no one for himself.
    let error = store.acquire(&realm(), Wanted::This(block), &|_| ()).unwrap_err().to_string();
    let process = format!("by another process, {} ", std::process::id());
    assert!(error.contains(&process) && error.contains("node-5.lock"), "{error}");
}

/// Who waits for his first window has no record yet, and holds the node id all the same.
#[test]
fn who_has_no_record_yet_is_listed_as_a_holder() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let (_first, _second) = (this(&store, 5).unwrap(), this(&store, 3).unwrap());
    this(&store, 4).unwrap().grant(SECOND).unwrap();
    let nodes = store.nodes(&realm()).unwrap();
    let listed: Vec<_> =
        nodes.iter().map(|node| (node.block.first(), node.written, node.process)).collect();
    let (process, written) = (Some(std::process::id()), Some(clock.wall()));
    assert_eq!(listed, [(3, None, process), (4, written, None), (5, None, process)]);
    assert!(
        nodes.iter().all(|node| !node.damaged && node.holder.is_some() == node.written.is_none())
    );
}

/// A clock on which somebody who lists the node ids is done once he is waited for.
#[derive(Debug)]
struct Listing(Arc<ScriptedClock>, Mutex<Option<Box<dyn Lock>>>);

impl Clock for Listing {
    fn wall(&self) -> UnixTime {
        self.0.wall()
    }
    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }
    fn wait(&self, duration: Duration) {
        *self.1.lock().unwrap() = None;
        self.0.wait(duration);
    }
}

/// He has each lock for a moment, and is not taken for a holder.
#[test]
fn who_lists_the_node_ids_is_in_nobodys_way() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let realm = Realm::of(Scheme::of::<Mastodon>());
    let only = realm.block(0, 0).unwrap();
    for wanted in [Wanted::This(only), Wanted::Any { bits: 0 }] {
        drop(store(folder.path(), &clock).acquire(&realm, wanted, &|_| ()).unwrap());
        let place = SystemDisk.open_folder(&folder.path().join("mastodon")).unwrap();
        let looks = place.try_lock("node-0.lock", true).unwrap();
        let listing = Listing(Arc::clone(&clock), Mutex::new(looks));
        let store = FileStore::on(folder.path(), SystemDisk, listing);
        assert!(store.acquire(&realm, wanted, &|_| ()).is_ok(), "{wanted:?}");
    }
}

/// A disk that may only be read.
#[derive(Debug)]
struct ReadOnly;

#[derive(Debug)]
struct ReadOnlyFolder(Box<dyn Folder>);

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::PermissionDenied.into())
}

impl Disk for ReadOnly {
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        refused()
    }
    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(ReadOnlyFolder(SystemDisk.open_folder(folder)?)))
    }
}

impl Folder for ReadOnlyFolder {
    fn list(&self) -> io::Result<Vec<String>> {
        self.0.list()
    }
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.0.read(name)
    }
    fn write(&self, _: &str, _: &[u8]) -> io::Result<()> {
        refused()
    }
    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        refused()
    }
    fn sync(&self) -> io::Result<()> {
        refused()
    }
    fn try_lock(&self, _: &str, _: bool) -> io::Result<Option<Box<dyn Lock>>> {
        refused()
    }
    fn is_locked(&self, name: &str) -> io::Result<bool> {
        self.0.is_locked(name)
    }
}

#[test]
fn who_may_only_read_the_folder_sees_the_node_ids() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let _hold = any(&store(folder.path(), &clock)).unwrap();
    this(&store(folder.path(), &clock), 7).unwrap().grant(SECOND).unwrap();
    let reader = FileStore::on(folder.path(), ReadOnly, Arc::clone(&clock));
    let files = || fs::read_dir(folder.path().join("snowflake")).unwrap().count();
    let before = files();
    let nodes = reader.nodes(&realm()).unwrap();
    let listed: Vec<_> =
        nodes.iter().map(|node| (node.block.first(), node.holder.is_some())).collect();
    assert_eq!(listed, [(0, true), (7, false)]);
    assert_eq!(files(), before);
}
