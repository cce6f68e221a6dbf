//! What records say, when they are believed, and how they are given up.

use super::*;

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
    let nodes = store.nodes(&realm()).unwrap();
    assert!(nodes[0].damaged && nodes[0].block.first() == 0, "it is not listed: {nodes:?}");
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

/// Its command forgets the mark in both, or the higher of the two would be back.
#[test]
fn the_way_out_of_a_mark_ahead_names_both_folders() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), noon());
    let (first, second) = (folder.path().join("first disk"), folder.path().join("it's"));
    let store = store(&first, &clock).second(&second);
    let ahead = Ask { from: now(&clock) + 60_000, length: 10 };
    this(&store, 7).unwrap().grant(ahead).unwrap();
    let error = store.reset(&realm(), realm().block(7, 0).unwrap()).unwrap_err().to_string();
    let folder = folder.path().display();
    let command = format!(
        r"`idgen node release 7 snowflake --state '{folder}/first disk' --replica '{folder}/it'\''s' --yes --forget`"
    );
    assert!(error.contains(&command), "{error}");
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
