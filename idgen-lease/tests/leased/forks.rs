//! Children of fork, by real forks.

use std::io::{Read, Write, pipe};

use fork::{Fork, fork, waitpid};
use idgen_core::Scheme;
use idgen_lease::{Ask, Realm, Store, Wanted};
use idgen_testkit::in_child;

use super::*;

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
    let nodes: HashSet<_> = all.iter().map(|&word| ids.scheme().layout.unpack(word).node).collect();
    assert!(nodes.len() >= 3, "{nodes:?}");
}

#[test]
fn a_child_that_was_told_its_node_id_errs() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::with_node(7);
    // The child waits in vain, and the parent as often as it must.
    settings.max_wait = Some(Duration::from_millis(200));
    let ids = real(folder.path(), settings);
    let parents = || while draw(&ids, 10).len() < 10 {};
    parents();
    assert_eq!(in_child(|| draw(&ids, 1)), []);
    assert_eq!(ids.held().map(|(block, _)| block.first()), Some(7), "the parent lost its node id");
    parents();
}

/// A child has its parent's lock files open, whatever it does. Where the parent gives its node id up, it is free
/// all the same.
#[test]
fn a_child_that_lives_on_keeps_no_node_id_of_its_parents() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let ids = started(folder.path(), &clock, Some(7)).unwrap();
    let (mut dropped, mut has_dropped) = pipe().unwrap();
    let (mut end, to_end) = pipe().unwrap();
    match fork().unwrap() {
        Fork::Child => {
            // It drops its copy, which is no business of the parent's, and lives until the parent is done.
            drop((ids, to_end));
            let told = has_dropped.write_all(&[1]).is_ok() && end.read(&mut [0]).is_ok();
            std::process::exit(if told { 0 } else { 1 });
        }
        Fork::Parent(pid) => {
            drop(end);
            dropped.read_exact(&mut [0]).unwrap();
            assert!(started(folder.path(), &clock, Some(7)).is_err(), "two have node id 7");
            drop(ids);
            let again = started(folder.path(), &clock, Some(7));
            drop(to_end);
            assert_eq!(waitpid(pid).unwrap(), 0);
            assert_eq!(again.unwrap().held().unwrap().1, 2);
        }
    }
}

/// Whoever is told of events forks, in the middle of a start: parent and child go on with one node id, locked by the
/// same file.
#[test]
fn of_a_start_that_is_forked_the_parent_has_the_node_id() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let store =
        FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock)).longest_window(LONGEST);
    let forked = Arc::new(Mutex::new(None));
    let forks = Arc::clone(&forked);
    let ids = started_on(store, &clock, None, move |event: &Event| {
        if matches!(event, Event::Acquired { .. }) {
            forks.lock().unwrap().get_or_insert_with(|| fork().unwrap());
        }
    });
    let forked = forked.lock().unwrap().take();
    match forked.unwrap() {
        Fork::Child => {
            let told = matches!(ids, Err(LeaseError::Forked));
            std::process::exit(if told { 0 } else { 1 });
        }
        Fork::Parent(pid) => {
            assert_eq!(waitpid(pid).unwrap(), 0, "the child has its parent's node id");
            ids.unwrap().generate().unwrap();
        }
    }
}

/// The same where the machine was cloned while its disk failed: what was attempted before is not what tells the two apart.
#[test]
fn of_two_clones_of_a_failed_renewal_the_later_loses_the_node_id() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let disk = flaky::Flaky::default();
    let store = FileStore::on(folder.path(), disk.clone(), Arc::clone(&clock));
    let realm = Realm::of(Scheme::of::<Snowflake>());
    let mut hold = store.acquire(&realm, Wanted::Any { bits: 0 }, &|_| ()).unwrap();
    hold.grant(Ask { from: 0, length: 1_000 }).unwrap();
    disk.unsynced.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        clock.advance(Duration::from_millis(1));
        assert!(!hold.grant(Ask { from: 0, length: 1_000 }).unwrap_err().is_lost());
    }
    disk.unsynced.store(false, Ordering::Relaxed);
    let childs = in_child(|| {
        clock.advance(Duration::from_millis(1));
        vec![hold.grant(Ask { from: 0, length: 1_000 }).is_ok().into()]
    });
    assert_eq!(childs, [1], "the record of a failed attempt is its own");
    let error = hold.grant(Ask { from: 0, length: 1_000 }).unwrap_err();
    assert!(error.is_lost() && error.to_string().contains("a clone of this machine"), "{error}");
}

/// What a clone of a machine is to a folder that both of them write in: the same holder, twice. The second to renew
/// finds that it is not the only one.
#[test]
fn of_two_clones_of_a_holder_the_later_loses_the_node_id() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let store = FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock));
    let realm = Realm::of(Scheme::of::<Snowflake>());
    let mut hold = store.acquire(&realm, Wanted::Any { bits: 0 }, &|_| ()).unwrap();
    let window = hold.grant(Ask { from: 0, length: 1_000 }).unwrap();
    let childs = in_child(|| {
        clock.advance(Duration::from_millis(1));
        let next = hold.grant(Ask { from: 0, length: 1_000 }).unwrap();
        vec![next.start().into()]
    });
    assert_eq!(childs, [window.end().into()]);
    let error = hold.grant(Ask { from: 0, length: 1_000 }).unwrap_err();
    assert!(error.is_lost() && error.to_string().contains("a clone of this machine"), "{error}");
}
