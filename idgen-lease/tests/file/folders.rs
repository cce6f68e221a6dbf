//! Folders that are new, or were removed, and two of them.

use super::*;

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

/// Nor does an old record that somebody puts back make a removed folder forget that it was.
#[test]
fn an_old_record_in_a_new_folder_is_not_all_that_there_was() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let store = store(folder.path(), &clock);
    let record = folder.path().join("snowflake/node-5.json");
    this(&store, 5).unwrap().grant(SECOND).unwrap();
    let backup = fs::read(&record).unwrap();
    clock.advance(HOUR);
    let last = this(&store, 5).unwrap().grant(Ask { from: now(&clock), length: 2_000 }).unwrap();
    fs::remove_dir_all(folder.path().join("snowflake")).unwrap();
    drop(any(&store).unwrap());
    fs::write(&record, backup).unwrap();
    let next = this(&store, 5).unwrap().grant(SECOND).unwrap();
    assert!(next.start() >= last.end(), "{next:?} overlaps {last:?}");
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
    let record = one.join("snowflake/namespace.json");
    let before = fs::read(&record).unwrap();
    any(&long).unwrap().grant(SECOND).unwrap();
    // It may have come to one of the two only.
    fs::write(&record, before).unwrap();
    assert_eq!(this(&short, 7).unwrap().begins(), now(&clock));
    fs::remove_dir_all(&one).unwrap();
    drop(any(&short).unwrap());
    fs::remove_dir_all(&two).unwrap();
    short.reset(&realm(), realm().block(5, 0).unwrap()).unwrap();
    assert_eq!(this(&short, 5).unwrap().grant(SECOND).unwrap().start(), now(&clock) + 3_600_000);
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

/// A process that knows one folder alone has its windows recorded there alone.
#[test]
fn a_window_that_the_lost_folder_alone_knew_is_not_granted_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let both = store(&one, &clock).second(&two);
    this(&both, 0).unwrap().grant(SECOND).unwrap();
    clock.advance(HOUR);
    let alone = store(&one, &clock);
    let last = this(&alone, 0).unwrap().grant(Ask { from: now(&clock), length: 2_000 }).unwrap();
    fs::remove_dir_all(&one).unwrap();
    let next = this(&both, 0).unwrap().grant(SECOND).unwrap();
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
        let begins = hold.unwrap().begins();
        assert!(begins <= now(&clock) + 2_001, "a window is waited for, and no more: {begins}");
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
