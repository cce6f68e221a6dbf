//! Real forks: what a child issues after its parent, and the parent after it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

mod every_scheme;

use std::collections::HashMap;
use std::io::{Read, Write, pipe};
use std::sync::Barrier;

use every_scheme::generator;
use fork::{Fork, fork, waitpid};
use idgen::clock::ScriptedClock;
use idgen::generator::{Builder, ErasedGenerator, Generator, Lane, Monotonic, Shared};
use idgen::lamport::{Hlc, LogicalClock};
use idgen::random::{RandomSource, SystemRandom};
use idgen::snowflake::Snowflake;
use idgen::wide::Ulid;
use idgen::{Scheme, Stall, UnixTime, Window};
use idgen_testkit::in_child;

/// Words that parent and child make of each generator.
const COUNT: usize = 500;

/// What can be had without waiting for a window.
fn some(ids: &dyn ErasedGenerator) -> Vec<u128> {
    let mut words = [0; COUNT];
    let mut made = Vec::new();
    while made.len() < COUNT {
        match ids.try_fill_words(&mut words[made.len()..]) {
            Ok(len) => made.extend_from_slice(&words[made.len()..][..len]),
            Err(Stall::WindowEnded { .. }) => break,
            // Ticks pass.
            Err(_) => match ids.generate_word() {
                Ok(word) => made.push(word),
                Err(_) => break,
            },
        }
    }
    made
}

/// Of each scheme: the parent before, the child, and the parent after make no id twice. Whatever
/// needs a window has none in the child, and makes nothing; the rest goes on.
#[test]
fn no_scheme_repeats_an_id_in_a_child() {
    let mut schemes = 0;
    for entry in idgen::catalog().iter().filter(|entry| entry.generates()) {
        let name = entry.scheme.name.as_str();
        let ids = generator(entry);
        let before = some(&*ids);
        let childs = in_child(|| some(&*ids));
        let after = some(&*ids);
        assert_eq!(
            (before.len(), after.len()),
            (COUNT, COUNT),
            "{name}: the parent lost its window"
        );
        let goes_on = !entry.needs_node() && name != "hlc";
        assert_eq!(childs.len(), if goes_on { COUNT } else { 0 }, "{name}: ids in the child");
        distinct(name, [before, childs, after]);
        schemes += 1;
    }
    assert_eq!(schemes, idgen::catalog().len() - 3, "all but uuid-v3, v5 and v8");
}

#[track_caller]
fn distinct<const N: usize>(name: &str, makers: [Vec<u128>; N]) {
    let mut seen = HashMap::new();
    for (maker, words) in makers.into_iter().enumerate() {
        for word in words {
            let first = seen.insert(word, maker);
            assert_eq!(first, None, "{name}: {word:#x} came twice, the second time from {maker}");
        }
    }
}

/// Children of one parent, and their children, are strangers to each other too.
#[test]
fn generations_of_children_repeat_nothing() {
    for name in ["uuid-v1", "uuid-v4", "uuid-v6", "uuid-v7", "ulid"] {
        let ids = generator(idgen::find(name).unwrap());
        some(&*ids);
        let family = || {
            let mut words = in_child(|| some(&*ids));
            words.extend(some(&*ids));
            words
        };
        let (first, second) = (in_child(family), in_child(family));
        assert_eq!((first.len(), second.len()), (2 * COUNT, 2 * COUNT), "{name}");
        distinct(name, [first, second, some(&*ids)]);
    }
}

/// Whoever is handed words piece by piece may fork in the middle: what comes after that is his own.
#[test]
fn words_after_a_fork_in_the_middle_of_their_making_are_a_childs_own() {
    let (mut reader, mut writer) = pipe().unwrap();
    let (mut words, mut made) = (Vec::new(), None);
    SystemRandom.pieces(2_000, &mut |piece| match made {
        None => made = Some(fork().unwrap()),
        Some(_) => words.extend_from_slice(piece),
    });
    match made.unwrap() {
        Fork::Child => {
            let bytes: Vec<u8> = words.into_iter().flat_map(u128::to_ne_bytes).collect();
            std::process::exit(i32::from(writer.write_all(&bytes).is_err()));
        }
        Fork::Parent(pid) => {
            drop(writer);
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            assert_eq!(waitpid(pid).unwrap(), 0);
            let childs: Vec<_> =
                bytes.as_chunks().0.iter().map(|&word| u128::from_ne_bytes(word)).collect();
            assert!(!words.is_empty() && words.len() == childs.len(), "{} words", childs.len());
            distinct("random words", [words, childs]);
        }
    }
}

/// With a window of its own a child goes on, and what its parent had reserved is none of it.
#[test]
fn a_child_goes_on_in_a_window_of_its_own() {
    let clock = ScriptedClock::at(UnixTime::from_seconds(1_600_000_000));
    let now = 22_163_200_000; // milliseconds from 2020 to then
    let start = Window::new(now, now + 10).unwrap();
    let ids = Builder::<Snowflake>::on(&clock).node(3).window(start).shared().unwrap();
    let mut lane = Lane::over(&ids);
    let before = vec![u128::from(lane.try_generate().unwrap().word())];
    let childs = in_child(|| {
        let mut lane = lane;
        assert!(matches!(lane.try_generate(), Err(Stall::WindowEnded { end: 0, .. })));
        assert!(matches!(ids.try_generate(), Err(Stall::WindowEnded { end: 0, .. })));
        assert!(ids.line().grant(start).is_err(), "the parent's window is not for the child");
        ids.line().grant(Window::new(now + 10, now + 20).unwrap()).unwrap();
        clock.advance(core::time::Duration::from_millis(10));
        (0..200).map(|_| lane.try_generate().unwrap().word().into()).collect()
    });
    let tick = |word| Scheme::of::<Snowflake>().layout.unpack(word).tick;
    assert!(childs.len() == 200 && childs.iter().all(|&word| tick(word) >= now + 10));
    let mut lane = Lane::over(&ids);
    let after = (0..200).map(|_| lane.try_generate().unwrap().word().into()).collect();
    distinct("snowflake", [before, childs, after]);
}

/// Laned generators keep runs by thread, whose copies a child must not use.
#[test]
fn lanes_of_threads_die_with_the_window() {
    let ids = Shared::<Snowflake>::builder().node(5).laned().unwrap();
    let word = || ids.try_generate().map(|id| u128::from(id.word()));
    let before = vec![word().unwrap()];
    assert!(in_child(|| word().into_iter().collect()).is_empty());
    distinct("snowflake", [before, vec![word().unwrap()]]);
}

/// The owner of a monotonic generator counts on; the copy in a child does not.
#[test]
fn a_copy_of_a_monotonic_generator_begins_anew() {
    // Time stands still, so that the parent counts on in the same millisecond.
    let clock = ScriptedClock::at(UnixTime::from_seconds(1_600_000_000));
    let mut ids = Monotonic::<Ulid, _, _>::on(&clock, SystemRandom).unwrap();
    let mut take = || (0..COUNT).map(|_| ids.try_next().unwrap().word()).collect::<Vec<_>>();
    let before = take();
    let childs = in_child(&mut take);
    assert!(before.last() < childs.first(), "and it is still increasing");
    distinct("ulid", [before, childs, take()]);
}

/// A child makes a hybrid clock of its own, with a node of its own, and hears of its parent.
#[test]
fn a_child_makes_a_clock_of_its_own() {
    let clock = Hlc::clock().unwrap();
    let sent = clock.tick().unwrap();
    let childs = in_child(|| {
        assert!(clock.try_generate().is_err());
        let own = Hlc::clock().unwrap();
        own.observe(sent).unwrap();
        vec![own.tick().unwrap().word()]
    });
    assert!(childs[0] > sent.word());
    distinct("hlc", [vec![sent.word()], childs, vec![clock.tick().unwrap().word()]]);
}

/// A process is forked while other threads are in the middle of an id: whatever they hold then stays
/// held in the child for ever, and must not be waited for.
#[test]
fn a_child_does_not_wait_for_threads_that_it_has_not() {
    for name in ["ulid", "uuid-v7", "uuid-v4"] {
        let ids = generator(idgen::find(name).unwrap());
        let begun = Barrier::new(3);
        let over = std::sync::atomic::AtomicBool::new(false);
        let relaxed = std::sync::atomic::Ordering::Relaxed;
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    begun.wait();
                    while !over.load(relaxed) {
                        some(&*ids);
                    }
                });
            }
            begun.wait();
            for _ in 0..50 {
                assert_eq!(in_child(|| some(&*ids)).len(), COUNT, "{name}");
            }
            over.store(true, relaxed);
        });
    }
}
