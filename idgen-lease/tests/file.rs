//! The store in a folder, on a real file system.

#![allow(clippy::unwrap_used, reason = "a test that finds no record should panic")]

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idgen_core::clock::ScriptedClock;
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::{Name, Scheme, UnixTime};
use idgen_lease::{
    Ask, Disk, Event, FileStore, Folder, Hold, Lock, Realm, Store, StoreError, SystemDisk, Wanted,
    conformance,
};
use idgen_snowflake::{Mastodon, Snowflake, Twitter};

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
    realm().tick_at(idgen_core::clock::Clock::wall(&clock)).unwrap()
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

/// Nobody can know whether a folder is new or was removed: ids begin after whatever an earlier one can
/// have granted.
#[test]
fn a_new_folder_begins_after_what_a_removed_one_granted() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let mut hold = any(&store).unwrap();
    clock.advance(HOUR);
    let last = hold.grant(Ask { from: now(&clock), length: 2_000 }).unwrap();
    fs::remove_dir_all(folder.path().join("snowflake")).unwrap();
    let next = any(&store).unwrap().grant(SECOND).unwrap();
    assert!(next.start() >= last.end(), "{next:?} overlaps {last:?}");
    // And whoever held a node id there notices.
    let error = hold.grant(SECOND).unwrap_err();
    assert!(error.is_lost() && error.to_string().contains("removed or replaced"), "{error}");
}

/// The same of ids without time, which were made at less than one a microsecond.
#[test]
fn a_new_folder_of_counters_begins_after_what_a_removed_one_granted() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let mut counters = Scheme::of::<Snowflake>();
    let fields =
        [Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 53), Field::new(Kind::Node, 10)];
    counters.layout = Layout::new(64, &fields);
    counters.timebase = None;
    let realm = Realm::of(counters);
    let any = || store.acquire(&realm, Wanted::Any { bits: 0 }, &|_| ()).unwrap();
    let last = any().grant(Ask { from: 0, length: 1_000_000 }).unwrap();
    clock.advance(Duration::from_secs(1));
    fs::remove_dir_all(folder.path().join("snowflake")).unwrap();
    let next = any().grant(Ask { from: 0, length: 1_000_000 }).unwrap();
    assert!(next.start() >= last.end(), "{next:?} overlaps {last:?}");
    // A node id that is given up at once keeps its mark.
    store.reset(&realm, realm.block(0, 0).unwrap()).unwrap();
    let again = any().grant(Ask { from: 0, length: 1 }).unwrap();
    assert!(again.start() >= next.end(), "{again:?} overlaps {next:?}");
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
    clock.advance(HOUR);
    assert_eq!(any(&store).unwrap().block().first(), 0);
}

/// The clock is an hour behind all marks: windows still follow each other, and the node id that waits
/// least is the first to be taken.
#[test]
fn a_clock_set_back_costs_time_and_no_id() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let block = realm().block(0, 10).unwrap();
    let take = || store.acquire(&realm(), Wanted::This(block), &|_| ()).unwrap();
    let first = take().grant(Ask { from: now(&clock) + 10_000, length: 1_000 }).unwrap();
    clock.set(UnixTime::from_seconds(1_700_000_000 - 3_600));
    let second = take().grant(SECOND).unwrap();
    assert_eq!(second.start(), first.end());
    clock.set(UnixTime::from_seconds(1_700_000_000 - 2 * 86_400));
    let error = take().grant(SECOND).unwrap_err();
    assert!(
        matches!(error, StoreError::Refused { .. })
            && error.to_string().contains("check the clock")
            && error
                .to_string()
                .contains(": it starts at 2023-11-14T22:13:32Z, and now is 2023-11-12T"),
        "{error}"
    );
}

#[test]
fn a_damaged_record_is_passed_over_and_named() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    this(&store, 0).unwrap().grant(SECOND).unwrap();
    clock.advance(HOUR);
    let path = folder.path().join("snowflake/node-0.json");
    let mut bytes = fs::read(&path).unwrap();
    bytes[10] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = this(&store, 0).unwrap_err().to_string();
    assert!(error.contains("node-0.json is damaged: its checksum is"), "{error}");
    assert!(error.contains("idgen node release"), "{error}");
    let damaged = Mutex::new(0);
    let hold = store.acquire(&realm(), Wanted::Any { bits: 0 }, &|event| {
        *damaged.lock().unwrap() += u32::from(matches!(event, Event::Damaged { .. }));
    });
    assert_eq!(hold.unwrap().block().first(), 1);
    assert!(*damaged.lock().unwrap() > 0, "nobody was told");
    // A block around it is no better.
    let error = store.acquire(&realm(), Wanted::This(realm().block(0, 1).unwrap()), &|_| ());
    assert!(matches!(error, Err(StoreError::Damaged { .. })));
    // The way out.
    store.reset(&realm(), realm().block(0, 0).unwrap()).unwrap();
    let window = this(&store, 0).unwrap().grant(SECOND).unwrap();
    assert!(window.start() >= now(&clock) + 2_000);
}

/// Ids up to the mark exist, and lie in the future of a clock that is right again.
#[test]
fn a_mark_ahead_of_the_clock_is_not_given_up_unless_its_ids_are_nowhere() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let block = realm().block(7, 0).unwrap();
    let ahead =
        this(&store, 7).unwrap().grant(Ask { from: now(&clock) + 60_000, length: 10 }).unwrap();
    let error = store.reset(&realm(), block).unwrap_err();
    assert!(
        matches!(error, StoreError::Ahead { .. }) && error.to_string().contains("--forget"),
        "{error}"
    );
    assert_eq!(this(&store, 7).unwrap().grant(SECOND).unwrap().start(), ahead.end());
    store.forget(&realm(), block).unwrap();
    let mut hold = this(&store, 7).unwrap();
    assert!(hold.term() > 2, "terms only grow");
    assert_eq!(hold.grant(SECOND).unwrap().start(), now(&clock) + 2_000);
}

/// The record of a block says of each of its node ids what theirs would, and theirs of the block.
#[test]
fn a_release_looks_at_the_records_around_it_and_within() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let (block, node) = (realm().block(4, 2).unwrap(), realm().block(5, 0).unwrap());
    let inside = |error: StoreError, what: &str| {
        let text = error.to_string();
        assert!(matches!(error, StoreError::Ahead { .. }) && text.contains(what), "{text}");
    };
    let ahead = Ask { from: now(&clock) + 60_000, length: 10 };
    store.acquire(&realm(), Wanted::This(block), &|_| ()).unwrap().grant(ahead).unwrap();
    for refused in [store.reset(&realm(), node), store.forget(&realm(), node)] {
        let command = format!(
            "`idgen node release 4 --block 2 snowflake --state {} --yes --forget`",
            folder.path().display()
        );
        inside(refused.unwrap_err(), &command);
    }
    store.forget(&realm(), block).unwrap();
    store.reset(&realm(), node).unwrap();
    assert_eq!(this(&store, 5).unwrap().grant(SECOND).unwrap().start(), now(&clock) + 2_000);

    this(&store, 5).unwrap().grant(ahead).unwrap();
    for refused in [store.reset(&realm(), block), store.forget(&realm(), block)] {
        inside(refused.unwrap_err(), "node id 5 may have issued ids up to tick 122");
    }
    fs::write(folder.path().join("snowflake/node-5.json"), "rubbish").unwrap();
    let error = store.reset(&realm(), block).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

/// A namespace that was made by a clock a year ahead, and nothing else.
#[test]
fn a_founding_ahead_of_the_clock_is_forgotten_too() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    clock.advance(365 * 24 * HOUR);
    drop(any(&store).unwrap());
    clock.set(UnixTime::from_seconds(1_700_000_000));
    let block = realm().block(7, 0).unwrap();
    assert!(matches!(this(&store, 7).unwrap().grant(SECOND), Err(StoreError::Refused { .. })));
    assert!(matches!(store.reset(&realm(), block), Err(StoreError::Ahead { .. })));
    store.forget(&realm(), block).unwrap();
    assert_eq!(this(&store, 7).unwrap().grant(SECOND).unwrap().start(), now(&clock) + 2_000);
}

/// Who comes with a shorter window goes by the longest that anybody had: what was granted before a loss of records,
/// or before a record was damaged, may reach so far.
#[test]
fn a_shorter_window_after_a_restart_begins_after_the_longer_ones() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (long, short) =
        (store(folder.path(), &clock).longest_window(HOUR), store(folder.path(), &clock));
    this(&long, 0).unwrap().grant(SECOND).unwrap();
    let window = this(&short, 5).unwrap().grant(SECOND).unwrap();
    assert_eq!(
        window.start(),
        now(&clock) + 3_600_000,
        "a removed folder may have granted until then"
    );

    clock.advance(2 * HOUR);
    this(&long, 5).unwrap().grant(Ask { from: now(&clock), length: 3_600_000 }).unwrap();
    fs::write(folder.path().join("snowflake/node-5.json"), "rubbish").unwrap();
    short.reset(&realm(), realm().block(5, 0).unwrap()).unwrap();
    assert_eq!(this(&short, 5).unwrap().grant(SECOND).unwrap().start(), now(&clock) + 3_600_000);
}

/// A longer one is recorded before the first window of it; of two folders in both, and the one that is lost has it again.
#[test]
fn a_longer_window_after_a_restart_is_recorded_first() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let short = store(&one, &clock).second(&two);
    drop(any(&short).unwrap());
    clock.advance(HOUR);
    let long = short.clone().longest_window(HOUR);
    drop(any(&long).unwrap()); // it comes to nothing
    assert_eq!(this(&short, 6).unwrap().begins(), now(&clock) - 3_600_000 + 2_000);
    any(&long).unwrap().grant(SECOND).unwrap();
    fs::remove_dir_all(&one).unwrap();
    drop(any(&short).unwrap());
    fs::remove_dir_all(&two).unwrap();
    short.reset(&realm(), realm().block(5, 0).unwrap()).unwrap();
    assert_eq!(this(&short, 5).unwrap().grant(SECOND).unwrap().start(), now(&clock) + 3_600_000);
}

/// The clock of the process keeps an offset where wall time is set back by days: its windows are prolonged. Who comes
/// next is asked whether the clock is right, and so is a holder who asks for what is far ahead of both.
#[test]
fn who_has_a_window_goes_on_whatever_wall_time_does() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let mut hold = this(&store, 5).unwrap();
    let first = hold.grant(Ask { from: now(&clock), length: 2_000 }).unwrap();
    clock.set(UnixTime::from_seconds(1_700_000_000 - 48 * 3_600));
    let second = hold.grant(Ask { from: first.end(), length: 1_000 }).unwrap();
    assert_eq!(second.start(), first.end());
    let far = Ask { from: second.end() + 25 * 3_600_000, length: 1_000 };
    assert!(matches!(hold.grant(far), Err(StoreError::Refused { .. })));
    drop(hold);
    assert!(matches!(this(&store, 5).unwrap().grant(SECOND), Err(StoreError::Refused { .. })));
}

/// Windows of two days are no sign of a clock that is wrong, neither to their holder nor to who comes after with shorter
/// ones; what is beyond them is.
#[test]
fn marks_as_far_ahead_as_windows_are_long_are_believed() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let short = store(folder.path(), &clock);
    let long = short.clone().longest_window(48 * HOUR);
    drop(any(&long).unwrap());
    clock.advance(48 * HOUR);
    let (mut hold, day) = (this(&long, 5).unwrap(), 24 * 3_600_000);
    hold.grant(Ask { from: now(&clock), length: 2 * day }).unwrap();
    let next = hold.grant(Ask { from: 0, length: day }).unwrap();
    assert_eq!(next.start(), now(&clock) + 2 * day);
    drop(hold);
    assert!(matches!(this(&short, 5).unwrap().grant(SECOND), Err(StoreError::Refused { .. })));
    clock.advance(24 * HOUR);
    assert_eq!(this(&short, 5).unwrap().grant(SECOND).unwrap().start(), next.end());
}

#[test]
fn a_record_of_another_node_id_is_no_record() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    this(&store, 7).unwrap().grant(SECOND).unwrap();
    let namespace = folder.path().join("snowflake");
    fs::copy(namespace.join("node-7.json"), namespace.join("node-9.json")).unwrap();
    let error = this(&store, 9).unwrap_err().to_string();
    assert!(error.contains("it is the record of node id 7"), "{error}");
}

/// Each of two folders is lost once: the record of a node id that was not taken in between is nowhere.
#[test]
fn two_folders_that_are_lost_in_turn_begin_after_the_first_loss() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let store = store(&one, &clock).second(&two);
    this(&store, 0).unwrap().grant(SECOND).unwrap();
    clock.advance(HOUR);
    let last = this(&store, 5).unwrap().grant(Ask { from: now(&clock), length: 2_000 }).unwrap();
    fs::remove_dir_all(&two).unwrap();
    this(&store, 0).unwrap().grant(SECOND).unwrap();
    fs::remove_dir_all(&one).unwrap();
    clock.set(UnixTime::from_seconds(1_700_000_000 + 3_597));
    let next = this(&store, 5).unwrap().grant(SECOND).unwrap();
    assert!(next.start() >= last.end(), "{next:?} overlaps {last:?}");
}

/// A daemon goes to another folder after it has begun.
#[test]
fn a_folder_is_the_same_wherever_the_process_goes() {
    assert!(FileStore::new("state").folder().is_absolute());
}

/// Of the namespace's record, too, either copy suffices; and the one that is damaged is made anew.
#[test]
fn a_damaged_namespace_in_one_of_two_folders_stops_nobody() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let store = store(&one, &clock).second(&two);
    this(&store, 5).unwrap().grant(SECOND).unwrap();
    for (damaged, whole) in [(&one, &two), (&two, &one)] {
        clock.advance(HOUR);
        let record = |folder: &Path| folder.join("snowflake/namespace.json");
        fs::write(record(damaged), "rubbish").unwrap();
        let told = Mutex::new(0);
        let hold = store.acquire(&realm(), Wanted::Any { bits: 0 }, &|event| {
            *told.lock().unwrap() += u32::from(matches!(event, Event::Damaged { .. }));
        });
        assert!(hold.unwrap().begins() <= now(&clock), "the folder is taken for a new one");
        assert_eq!(*told.lock().unwrap(), 1);
        fs::remove_file(record(whole)).unwrap();
        drop(any(&store).unwrap());
    }
    for folder in [&one, &two] {
        fs::write(folder.join("snowflake/namespace.json"), "rubbish").unwrap();
    }
    let error = any(&store).unwrap_err().to_string();
    assert!(error.contains("see to it that the clock is right, and remove it"), "{error}");
}

#[test]
fn a_damaged_record_of_the_only_node_id_is_not_taken_for_a_held_one() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (store, realm) = (store(folder.path(), &clock), Realm::of(Scheme::of::<Mastodon>()));
    let any = || store.acquire(&realm, Wanted::Any { bits: 0 }, &|_| ());
    any().unwrap().grant(SECOND).unwrap();
    fs::write(folder.path().join("mastodon/node-0.json"), "rubbish").unwrap();
    let error = any().unwrap_err().to_string();
    assert!(error.contains("are held but for one whose record is damaged"), "{error}");
}

/// The lock file was removed from the first folder: who holds the node id is told by the second.
#[test]
fn of_two_folders_the_one_that_is_locked_tells_the_holder() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let store = store(&one, &clock).second(&two);
    let mut hold = this(&store, 5).unwrap();
    hold.grant(SECOND).unwrap();
    fs::remove_file(one.join("snowflake/node-5.lock")).unwrap();
    let error = this(&store, 5).unwrap_err().to_string();
    let process = format!("another process, {}", std::process::id());
    assert!(error.contains(&process) && error.contains("two/snowflake/node-5.lock"), "{error}");
    let nodes = store.nodes(&realm()).unwrap();
    assert_eq!(nodes[0].holder.map(|block| block.first()), Some(5));
    assert_eq!(nodes[0].process, Some(std::process::id()));
}

/// Its locks would be in each other's way, whatever it is called.
#[cfg(unix)]
#[test]
fn a_second_folder_that_is_the_first_is_refused() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (one, link) = (folder.path().join("one"), folder.path().join("link"));
    fs::create_dir(&one).unwrap();
    std::os::unix::fs::symlink(&one, &link).unwrap();
    for other in [one.clone(), link, one.join("../one")] {
        let store = store(&one, &clock).second(&other);
        for error in [any(&store).unwrap_err(), this(&store, 7).unwrap_err()] {
            assert!(matches!(error, StoreError::SameFolder { .. }), "{error}");
            assert!(error.to_string().contains("give one on another disk, or none"), "{error}");
        }
    }
}

#[test]
fn of_two_folders_the_higher_mark_wins() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let store = store(&one, &clock).second(&two);
    let first = this(&store, 0).unwrap().grant(SECOND).unwrap();
    let old = fs::read(one.join("snowflake/node-0.json")).unwrap();
    assert_eq!(fs::read(two.join("snowflake/node-0.json")).unwrap(), old);
    let second = this(&store, 0).unwrap().grant(SECOND).unwrap();
    assert_eq!(second.start(), first.end());
    // The first falls back, is damaged, is lost with its whole folder.
    fs::write(one.join("snowflake/node-0.json"), &old).unwrap();
    let third = this(&store, 0).unwrap().grant(SECOND).unwrap();
    assert_eq!(third.start(), second.end());
    fs::write(one.join("snowflake/node-0.json"), "rubbish").unwrap();
    let fourth = this(&store, 0).unwrap().grant(SECOND).unwrap();
    assert_eq!(fourth.start(), third.end());
    fs::remove_dir_all(&one).unwrap();
    let mut hold = this(&store, 0).unwrap();
    let fifth = hold.grant(SECOND).unwrap();
    assert_eq!(fifth.start(), fourth.end());
    // The second is lost under a holder, who makes it again.
    fs::remove_dir_all(&two).unwrap();
    let sixth = hold.grant(SECOND).unwrap();
    assert_eq!(sixth.start(), fifth.end());
    assert!(two.join("snowflake/node-0.json").exists());
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
    assert_eq!((nodes.len(), nodes[0].block.first(), nodes[0].holder), (1, 7, None));
    assert_eq!(files(), before);
}

#[test]
fn an_old_record_is_taken_and_reported() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    this(&store, 5).unwrap().grant(SECOND).unwrap();
    clock.advance(25 * HOUR);
    let old = Mutex::new(None);
    let wanted = Wanted::This(realm().block(5, 0).unwrap());
    let hold = store.acquire(&realm(), wanted, &|event| {
        if let Event::OldRecord { written, .. } = event {
            *old.lock().unwrap() = Some(written);
        }
    });
    assert_eq!(hold.unwrap().term(), 2);
    assert_eq!(*old.lock().unwrap(), Some(UnixTime::from_seconds(1_700_000_000)));
}

/// A record that was put back from a backup under its holder is not written over with less.
#[test]
fn an_old_record_under_a_holder_is_a_loss() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let path = folder.path().join("snowflake/node-5.json");
    let mut hold = this(&store, 5).unwrap();
    hold.grant(SECOND).unwrap();
    let backup = fs::read(&path).unwrap();
    hold.grant(SECOND).unwrap();
    fs::write(&path, backup).unwrap();
    assert!(hold.grant(SECOND).unwrap_err().is_lost());
    fs::remove_file(&path).unwrap();
    assert!(hold.grant(SECOND).unwrap_err().is_lost());
}
