//! Clones of a generator: one lease, which the last of them ends.

use std::collections::HashSet;
use std::thread;

use idgen_core::clock::Clock;
use idgen_core::generator::Generator;

use super::{clock, started};

#[test]
fn the_last_clone_gives_back_what_was_not_issued_and_no_other_does() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let ids = started(folder.path(), &clock, Some(7)).unwrap();
    let clone = ids.clone();
    drop(ids);
    let last = clone.generate().unwrap();
    assert!(clone.held().is_some(), "an earlier drop has ended the lease");
    assert!(started(folder.path(), &clock, Some(7)).is_err(), "the node id was given back");
    drop(clone);
    let before = clock.monotonic();
    let next = started(folder.path(), &clock, Some(7)).unwrap().generate().unwrap();
    assert!(next > last);
    assert!(clock.monotonic() - before < super::LONGEST / 2, "the rest of the window was wasted");
}

#[test]
fn clones_on_threads_make_no_id_twice() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let ids = started(folder.path(), &clock, Some(7)).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let clone = ids.clone();
            thread::spawn(move || (0..1_000).map(|_| clone.generate().unwrap()).collect::<Vec<_>>())
        })
        .collect();
    let made: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(made.iter().collect::<HashSet<_>>().len(), 4_000);
}

#[test]
fn an_abandoned_lease_gives_no_clone_another_id_and_nothing_back() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), clock());
    let ids = started(folder.path(), &clock, Some(7)).unwrap();
    let (clone, last) = (ids.clone(), ids.generate().unwrap());
    let end = ids.window_end();
    ids.abandon();
    assert!(clone.try_generate().is_err());
    clone.keep();
    assert!(clone.try_generate().is_err() && clone.held().is_none());
    drop(clone);
    let next = started(folder.path(), &clock, Some(7)).unwrap().generate().unwrap();
    assert!(next > last && next.tick() >= end, "{next} is of the window that was abandoned");
}
