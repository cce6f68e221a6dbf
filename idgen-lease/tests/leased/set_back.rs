//! Starts by clocks that were set back to before the folder was made.

use idgen_core::Scheme;
use idgen_lease::{Ask, Realm, Store, Wanted};

use super::*;

/// What each process has of its own.
type Disciplines = Shared<Snowflake, ClockTicks<Arc<Disciplined<Arc<ScriptedClock>>>>>;

const HOUR: Duration = Duration::from_secs(3_600);

fn store(folder: &Path, clock: &Arc<ScriptedClock>) -> FileStore {
    FileStore::on(folder, SystemDisk, Arc::clone(clock)).longest_window(LONGEST)
}

/// Starts a process: its clock goes by this one, and keeps an offset where that was set back.
fn process(
    folder: &Path,
    clock: &Arc<ScriptedClock>,
    node: Option<u64>,
) -> Result<Leased<Disciplines>, LeaseError> {
    let own = Arc::new(Disciplined::new(Arc::clone(clock)));
    process_by(store(folder, clock), &own, node)
}

fn process_by(
    store: FileStore,
    clock: &Arc<Disciplined<Arc<ScriptedClock>>>,
    node: Option<u64>,
) -> Result<Leased<Disciplines>, LeaseError> {
    let lease = Lease::of::<Snowflake>(store).without_keeper();
    let lease = node.into_iter().fold(lease, Lease::node);
    let clock = Arc::clone(clock);
    lease.start(move |settings| {
        Builder::<Snowflake>::on(Arc::clone(&clock)).settings(settings).shared()
    })
}

fn set_back(clock: &ScriptedClock, by: Duration) {
    let by = i128::try_from(by.as_nanos()).unwrap();
    clock.set(UnixTime::from_nanos(clock.wall().as_nanos() - by));
}

/// The folder is minutes old, and no node id is named. All that crashed are free, and some are given back.
#[test]
fn a_hundred_restarts_an_hour_before_the_folder_was_made_repeat_nothing() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let mut seen = HashSet::new();
    process(folder.path(), &clock, None).unwrap().abandon();
    for round in 0..100 {
        set_back(&clock, HOUR);
        let began = clock.monotonic();
        let ids = process(folder.path(), &clock, None).unwrap_or_else(|error| panic!("{error}"));
        assert!(clock.monotonic() - began <= LONGEST, "it waits for longer than a window");
        assert_eq!(ids.held().unwrap().0.first(), 0, "it goes on with the one that was there");
        for id in ids.generate_batch(100).unwrap() {
            assert!(seen.insert(id), "{id} came twice, in round {round}");
        }
        if round % 3 > 0 {
            ids.abandon();
        }
        clock.advance(HOUR);
    }
}

/// Three node ids are free that have records. Who gets none of them knows by the records of the others how far time had
/// come.
#[test]
fn eight_at_once_start_before_the_folder_was_made() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let crashed: Vec<_> = (0..3).map(|_| process(folder.path(), &clock, None).unwrap()).collect();
    crashed.into_iter().for_each(Leased::abandon);
    set_back(&clock, HOUR);
    let eight: Vec<_> = (0..8)
        .map(|_| process(folder.path(), &clock, None).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    let nodes: HashSet<_> = eight.iter().map(|ids| ids.held().unwrap().0.first()).collect();
    assert_eq!(nodes, (0..8).collect());
    let ids = eight.iter().flat_map(|ids| {
        ids.keep(); // the others have waited since
        ids.generate_batch(100).unwrap()
    });
    assert_eq!(ids.collect::<HashSet<_>>().len(), 800);
    // And so does who is told to have one that was never taken.
    let told = process(folder.path(), &clock, Some(100)).unwrap();
    assert_eq!(told.generate().unwrap().node(), 100);
}

/// As a child of fork does, whose copy of the clock is its parent's: its own begins by wall time, which was set back
/// since. The folder is a day old, so that no record of it is in the way.
#[test]
fn who_takes_another_node_id_goes_on_where_it_was_though_its_clock_begins_anew() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    process(folder.path(), &clock, None).unwrap().abandon();
    clock.advance(24 * HOUR);
    let source = Arc::clone(&clock);
    let lease = Lease::of::<Snowflake>(store(folder.path(), &clock)).without_keeper();
    let ids = lease
        .start(move |settings| {
            let own = Arc::new(Disciplined::new(Arc::clone(&source)));
            Builder::<Snowflake>::on(own).settings(settings).shared()
        })
        .unwrap();
    let (held, last) = (ids.held().unwrap().0.first(), ids.generate().unwrap());
    set_back(&clock, HOUR);
    std::fs::remove_file(folder.path().join(format!("snowflake/node-{held}.lock"))).unwrap();
    let other = process(folder.path(), &clock, Some(held)).unwrap();
    // The clock of the old one hardly moves until wall time has caught up.
    for _ in 0..1_000 {
        clock.advance(LONGEST);
        ids.keep();
        if ids.held().is_none_or(|(block, _)| block.first() != held) {
            break;
        }
    }
    assert!(ids.health().is_good(), "{:?}", ids.health());
    let next = ids.generate().unwrap();
    assert!(next.node() != other.held().unwrap().0.first(), "{next}");
    assert!(next.tick() >= last.tick() && next.tick() > tick(&clock), "{next} after {last}");
}

/// Nobody was granted anything: that the folder was made tells nothing of the time.
#[test]
fn without_a_record_no_clock_is_moved() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let realm = Realm::of(Scheme::of::<Snowflake>());
    drop(store(folder.path(), &clock).acquire(&realm, Wanted::Any { bits: 0 }, &|_| ()));
    set_back(&clock, HOUR);
    let error = process(folder.path(), &clock, None).unwrap_err().to_string();
    assert!(error.contains("records that the store has lost"), "{error}");
}

/// A clock that keeps no offset waits for what begins first, and that is what was never taken.
#[test]
fn what_a_start_waits_for_is_taken_from_nobody() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    started(folder.path(), &clock, None).unwrap().abandon();
    set_back(&clock, Duration::from_secs(8));
    let began = clock.monotonic();
    let ids = started(folder.path(), &clock, None).unwrap();
    assert_eq!(ids.held().unwrap().0.first(), 1);
    assert!(clock.monotonic() - began < Duration::from_secs(10));
}

/// The record of a clock that was days ahead is nobody's way.
#[test]
fn a_record_too_far_ahead_is_passed_over() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    process(folder.path(), &clock, Some(0)).unwrap().abandon();
    let realm = Realm::of(Scheme::of::<Snowflake>());
    let wanted = Wanted::This(realm.block(0, 0).unwrap());
    let far = Ask { from: tick(&clock) + 23 * 3_600_000, length: 7_200_000 };
    store(folder.path(), &clock).acquire(&realm, wanted, &|_| ()).unwrap().grant(far).unwrap();
    set_back(&clock, HOUR);
    let ids = process(folder.path(), &clock, None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(ids.held().unwrap().0.first(), 1);
    assert!(ids.generate().unwrap().tick() < tick(&clock) + 2 * 3_600_000);
}

/// Nor does it take the clock of the process along, which other leases go by.
#[test]
fn a_record_too_far_ahead_moves_no_clock() {
    let (folder, other, clock) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), clock());
    clock.advance(48 * HOUR);
    process(folder.path(), &clock, Some(7)).unwrap().abandon();
    set_back(&clock, 48 * HOUR);
    let own = Arc::new(Disciplined::new(Arc::clone(&clock)));
    let start = |folder: &Path| process_by(store(folder, &clock), &own, Some(7));
    let error = start(folder.path()).unwrap_err().to_string();
    assert!(error.contains("ticks ahead of the clock") && error.contains("date -u"), "{error}");
    assert_eq!(own.wall(), clock.wall(), "the clock was moved");
    start(other.path()).unwrap().generate().unwrap();
}
