//! The conformance suite for stores, to be run on one of your own.
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # let longest = core::time::Duration::from_millis(20);
//! use idgen_lease::{FileStore, conformance};
//!
//! let reopen = || FileStore::new(folder.path()).longest_window(longest);
//! conformance::store(reopen);
//! # Ok::<(), std::io::Error>(())
//! ```

use std::collections::HashMap;
use std::thread;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{Name, Scheme, Timebase, UnixTime, Window};

use crate::{Ask, Block, Event, Hold, Realm, Store, StoreError, Wanted};

/// A small scheme: eight node ids.
const SCHEME: Scheme = Scheme {
    name: Name::new("conformance"),
    layout: Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, 48),
            Field::new(Kind::Node, 3),
            Field::new(Kind::Sequence, 12),
        ],
    ),
    timebase: Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1))),
    text: Form::Decimal,
};

/// Checks a store against the contract of [`Store`].
///
/// `open` gives another client of the same store each time, which must be empty at first. The suite uses
/// namespaces that begin with `conformance`.
///
/// # Panics
/// At the first violation.
pub fn store<S: Store>(open: impl Fn() -> S + Sync) {
    holders_exclude_each_other(&open);
    windows_follow_each_other(&open);
    a_release_gives_back_what_was_not_issued(&open);
    blocks_exclude_what_they_overlap(&open);
    another_scheme_is_refused(&open);
    clients_at_once_get_disjoint_windows(&open);
}

fn realm(name: &str) -> Realm {
    Realm::of(SCHEME).named(Name::new(name))
}

fn silent(_: Event) {}

#[track_caller]
fn take(store: &dyn Store, realm: &Realm, wanted: Wanted) -> Box<dyn Hold> {
    match store.acquire(realm, wanted, &silent) {
        Ok(hold) => hold,
        Err(error) => panic!("a free node id of {wanted:?} is not to be had: {error}"),
    }
}

#[track_caller]
fn grant(hold: &mut dyn Hold, from: u64, length: u64) -> Window {
    match hold.grant(Ask { from, length }) {
        Ok(window) => window,
        Err(error) => panic!("no window of {length} from {from} is granted: {error}"),
    }
}

fn block(realm: &Realm, node: u64, bits: u32) -> Block {
    match realm.block(node, bits) {
        Ok(block) => block,
        Err(error) => panic!("{error}"),
    }
}

fn holders_exclude_each_other<S: Store>(open: &impl Fn() -> S) {
    let (realm, one, other) = (realm("conformance-holders"), open(), open());
    let seven = block(&realm, 7, 0);
    let hold = take(&one, &realm, Wanted::This(seven));
    assert_eq!(hold.block(), seven, "another block than the one asked for");
    let refused = other.acquire(&realm, Wanted::This(seven), &silent);
    assert!(
        matches!(refused, Err(StoreError::Held { .. })),
        "a node id with a holder was given to another: {refused:?}"
    );
    let all: Vec<_> = (0..7).map(|_| take(&other, &realm, Wanted::Any { bits: 0 })).collect();
    let mut nodes: Vec<_> = all.iter().map(|hold| hold.block().first()).collect();
    nodes.sort_unstable();
    assert_eq!(nodes, (0..7).collect::<Vec<_>>(), "not every free node id was given, once");
    let none = one.acquire(&realm, Wanted::Any { bits: 0 }, &silent);
    assert!(matches!(none, Err(StoreError::NoneFree { .. })), "a ninth of eight: {none:?}");
    drop(hold);
    let again = take(&other, &realm, Wanted::Any { bits: 0 });
    assert_eq!(again.block(), seven, "a dropped hold is not free again");
}

fn windows_follow_each_other<S: Store>(open: &impl Fn() -> S) {
    let realm = realm("conformance-windows");
    let wanted = Wanted::This(block(&realm, 3, 0));
    let (mut end, mut last_term) = (0, 0);
    for length in [10, 1, 5_000] {
        // Each time by another client, as after a crash.
        let mut hold = take(&open(), &realm, wanted);
        assert!(hold.term() > last_term, "term {} does not follow {last_term}", hold.term());
        last_term = hold.term();
        for from in [0, end, 0] {
            let begins = hold.begins();
            assert!(
                begins >= end,
                "it begins at {begins}, before the end of the last window, {end}"
            );
            let window = grant(&mut *hold, from, length);
            assert!(window.start() >= end, "{window:?} starts before the end of the last, {end}");
            assert_eq!(window.end() - window.start(), length);
            end = window.end();
        }
    }
    let states = open().nodes(&realm);
    let state = states.unwrap_or_default().into_iter().find(|state| state.block.first() == 3);
    let state = state.unwrap_or_else(|| panic!("node id 3 is not listed"));
    assert_eq!((state.mark, state.term, state.holder), (end, last_term, None));
}

fn a_release_gives_back_what_was_not_issued<S: Store>(open: &impl Fn() -> S) {
    let realm = realm("conformance-release");
    let wanted = Wanted::This(block(&realm, 3, 0));
    let mut hold = take(&open(), &realm, wanted);
    let window = grant(&mut *hold, 0, 100);
    let released = hold.release(window.start() + 10);
    assert!(released.is_ok(), "{released:?}");
    let mut hold = take(&open(), &realm, wanted);
    let next = grant(&mut *hold, 0, 100);
    assert!(next.start() >= window.start() + 10, "what was issued is given again: {next:?}");
    let released = hold.release(0);
    assert!(released.is_ok(), "{released:?}");
    let after = grant(&mut *take(&open(), &realm, wanted), 0, 1);
    assert!(after.start() >= window.start() + 10, "a release fell below its own hold: {after:?}");
}

fn blocks_exclude_what_they_overlap<S: Store>(open: &impl Fn() -> S) {
    let (realm, store) = (realm("conformance-blocks"), open());
    let single = take(&store, &realm, Wanted::This(block(&realm, 5, 0)));
    for (node, bits) in [(4, 1), (4, 2), (0, 3)] {
        let refused = store.acquire(&realm, Wanted::This(block(&realm, node, bits)), &silent);
        assert!(matches!(refused, Err(StoreError::Held { .. })), "{node}/{bits}: {refused:?}");
    }
    let mut half = take(&store, &realm, Wanted::Any { bits: 2 });
    assert_eq!((half.block().first(), half.block().last()), (0, 3));
    let window = grant(&mut *half, 0, 1_000);
    let states = store.nodes(&realm).unwrap_or_default();
    let state = states.iter().find(|state| state.block == half.block());
    assert_eq!(
        state.and_then(|state| state.holder),
        Some(half.block()),
        "the holder of a block is not listed"
    );
    drop((half, single));
    for (node, bits) in [(0, 0), (3, 0), (2, 1), (0, 3)] {
        let mut hold = take(&store, &realm, Wanted::This(block(&realm, node, bits)));
        let next = grant(&mut *hold, 0, 1);
        assert!(
            next.start() >= window.end(),
            "{next:?} of {node}/{bits} overlaps the window {window:?} of the block around it"
        );
        for state in store.nodes(&realm).unwrap_or_default() {
            let held = state.block.overlaps(hold.block()).then(|| hold.block());
            assert_eq!(state.holder, held, "of {:?}, while {node}/{bits} is held", state.block);
        }
    }
}

fn another_scheme_is_refused<S: Store>(open: &impl Fn() -> S) {
    let realm = realm("conformance-scheme");
    let mut hold = take(&open(), &realm, Wanted::Any { bits: 0 });
    grant(&mut *hold, 0, 1);
    let epoch = Timebase::new(UnixTime::from_seconds(1), core::time::Duration::from_millis(1));
    let other = Scheme { timebase: Some(epoch), ..SCHEME };
    let other = Realm::of(other).named(realm.namespace());
    let refused = open().acquire(&other, Wanted::Any { bits: 0 }, &silent);
    assert!(
        matches!(refused, Err(StoreError::Foreign { .. })),
        "another epoch in the same namespace: {refused:?}"
    );
}

fn clients_at_once_get_disjoint_windows<S: Store>(open: &(impl Fn() -> S + Sync)) {
    let realm = realm("conformance-race");
    let windows = thread::scope(|scope| {
        let race = || {
            let mut windows = Vec::new();
            for round in 0..20 {
                let store = open();
                match store.acquire(&realm, Wanted::Any { bits: round % 3 }, &silent) {
                    Ok(mut hold) => {
                        let window = grant(&mut *hold, 0, 10);
                        windows.push((hold.block(), window));
                    }
                    Err(StoreError::NoneFree { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            windows
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(race)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect::<Vec<_>>()
    });
    assert!(!windows.is_empty(), "nobody got a node id");
    let mut by_node: HashMap<u64, Vec<Window>> = HashMap::new();
    for (block, window) in windows {
        for node in block.first()..=block.last() {
            by_node.entry(node).or_default().push(window);
        }
    }
    for (node, mut windows) in by_node {
        windows.sort_unstable_by_key(Window::start);
        for pair in windows.windows(2) {
            assert!(pair[0].end() <= pair[1].start(), "node id {node} has both of {pair:?}");
        }
    }
}
