//! Causality, on random histories of messages: whatever happened before has the lesser id.
//!
//! Each history is played by processes that tick, send, hear, crash and restart, over a network that
//! loses, repeats and reorders messages. Vector clocks say what happened before what; a bookkeeper of
//! windows says where a restarted process goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use core::time::Duration;

use idgen_core::clock::{ClockTicks, ScriptedClock, Timeless};
use idgen_core::generator::{Builder, Shared};
use idgen_core::layout::{Field, Kind, Layout, Parts};
use idgen_core::text::Form;
use idgen_core::{GenerateError, Id, IdScheme, Timebase, UnixTime, Window};
use idgen_lamport::{Hlc, Lamport, LogicalClock, ObserveError};
use idgen_testkit::Oracle;
use proptest::prelude::*;

const PROCESSES: usize = 4;
const NOON: i64 = 1_700_000_000_000;
/// How far clocks may disagree: ε.
const OFFSET_MILLIS: i64 = 50;

/// What happens next, somewhere.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An event of the process' own.
    Tick(usize),
    Send(usize),
    /// The process hears of one of the messages, which may have been heard before.
    Hear(usize, prop::sample::Index),
    /// Its clock jumps, either way.
    Jump(usize, i64),
    /// Its memory is lost, and it goes on in its next window.
    Restart(usize),
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    let process = 0..PROCESSES;
    let step = prop_oneof![
        3 => process.clone().prop_map(Step::Tick),
        4 => process.clone().prop_map(Step::Send),
        6 => (process.clone(), any::<prop::sample::Index>()).prop_map(|(p, i)| Step::Hear(p, i)),
        2 => (process.clone(), -30..30_i64).prop_map(|(p, millis)| Step::Jump(p, millis)),
        1 => process.prop_map(Step::Restart),
    ];
    prop::collection::vec(step, 1..80)
}

/// One more than the events of each process that happened before an event or are it.
type Vector = [u64; PROCESSES];

fn happened_before(one: &Vector, other: &Vector) -> bool {
    one != other && one.iter().zip(other).all(|(one, other)| one <= other)
}

/// Every event so far, and every message.
struct World<S: IdScheme> {
    oracle: Oracle,
    events: Vec<(Vector, Id<S>)>,
    messages: Vec<(Vector, Id<S>)>,
    known: [Vector; PROCESSES],
}

impl<S: IdScheme> World<S> {
    fn new() -> Self {
        Self {
            oracle: Oracle::unordered(),
            events: Vec::new(),
            messages: Vec::new(),
            known: [[0; PROCESSES]; PROCESSES],
        }
    }

    /// An event of this process got this id: it is new, and greater than all that led to it.
    fn event(&mut self, process: usize, id: Id<S>) {
        self.known[process][process] += 1;
        let vector = self.known[process];
        self.oracle.see(process as u64, id.word().into());
        for (earlier, earlier_id) in &self.events {
            assert!(
                !happened_before(earlier, &vector) || *earlier_id < id,
                "{earlier_id:?} happened before {id:?}"
            );
        }
        self.events.push((vector, id));
    }

    fn send(&mut self, process: usize, id: Id<S>) {
        self.event(process, id);
        self.messages.push((self.known[process], id));
    }

    fn hear(&mut self, process: usize, message: usize) {
        let (vector, _) = self.messages[message];
        for (known, sent) in self.known[process].iter_mut().zip(vector) {
            *known = (*known).max(sent);
        }
    }
}

/// Grants each process windows after each other, as a store would: the end is remembered first.
struct Bookkeeper {
    high_water_mark: [u64; PROCESSES],
}

impl Bookkeeper {
    fn grant(&mut self, process: usize, at_least: u64, length: u64) -> Window {
        let start = self.high_water_mark[process].max(at_least);
        self.high_water_mark[process] = start + length;
        Window::new(start, start + length).unwrap()
    }
}

proptest! {
    #[test]
    fn prop_lamport_ids_are_in_causal_order(history in history()) {
        let clock = ScriptedClock::at(UnixTime::EPOCH);
        let mut store = Bookkeeper { high_water_mark: [0; PROCESSES] };
        let mut world = World::<Lamport>::new();
        let start = |process: usize, store: &mut Bookkeeper| {
            let builder = Builder::<Lamport>::over(Timeless::new(&clock)).max_wait(Duration::ZERO);
            builder.node(process as u64).window(store.grant(process, 0, 5)).shared().unwrap()
        };
        let mut clocks: Vec<_> = (0..PROCESSES).map(|process| start(process, &mut store)).collect();
        // Lamport's own counters, which windows alone raise further.
        let mut model = [0_u64; PROCESSES];
        for step in history {
            let tick = |process: usize, store: &mut Bookkeeper, model: &mut [u64; PROCESSES]| {
                let line = clocks[process].line();
                let id = clocks[process].tick().unwrap_or_else(|error| {
                    assert!(error.is_window_ended(), "{error}");
                    line.grant(store.grant(process, line.next(), 5)).unwrap();
                    clocks[process].tick().unwrap()
                });
                assert!(id.tick() >= model[process], "rules IR1 and IR2");
                model[process] = id.tick() + 1;
                id
            };
            match step {
                Step::Tick(process) => {
                    let id = tick(process, &mut store, &mut model);
                    world.event(process, id);
                }
                Step::Send(process) => {
                    let id = tick(process, &mut store, &mut model);
                    world.send(process, id);
                }
                Step::Hear(process, which) if !world.messages.is_empty() => {
                    let message = which.index(world.messages.len());
                    let sent = world.messages[message].1;
                    clocks[process].observe(sent).unwrap();
                    model[process] = model[process].max(sent.tick() + 1);
                    let id = tick(process, &mut store, &mut model);
                    world.hear(process, message);
                    world.event(process, id);
                }
                Step::Restart(process) => clocks[process] = start(process, &mut store),
                Step::Hear(..) | Step::Jump(..) => {}
            }
        }
    }

    /// Besides the order: no id is farther from the clock than the paper lets it be, and a message
    /// that would make it so is refused and changes nothing.
    #[test]
    fn prop_hybrid_ids_are_in_causal_order_and_near_the_clock(history in history()) {
        let walls: Vec<_> =
            (0..PROCESSES).map(|_| ScriptedClock::at(UnixTime::from_millis(NOON))).collect();
        let start = |process: usize| hybrid(&walls[process], process as u64, Window::from_start(0));
        let mut clocks: Vec<_> = (0..PROCESSES).map(start).collect();
        let mut times = [NOON; PROCESSES];
        let mut world = World::<Hlc>::new();
        for step in history {
            let bound = |process: usize, id: Id<Hlc>| {
                let ahead = i64::try_from(id.tick()).unwrap() - times[process];
                assert!((0..=OFFSET_MILLIS).contains(&ahead), "{id:?} is {ahead} ms ahead");
            };
            match step {
                // A clock that is far behind its own ids stalls until it has caught up.
                Step::Tick(process) | Step::Send(process) => match clocks[process].tick() {
                    Ok(id) => {
                        bound(process, id);
                        world.send(process, id);
                    }
                    Err(error) => {
                        prop_assert!(error.is_clock_skew() || error.is_sequence_overflow());
                        let next = clocks[process].line().next() >> 16;
                        prop_assert!(next > (times[process] + OFFSET_MILLIS).unsigned_abs());
                    }
                },
                Step::Hear(process, which) if !world.messages.is_empty() => {
                    let message = which.index(world.messages.len());
                    let sent = world.messages[message].1;
                    let ahead = i64::try_from(sent.tick()).unwrap() - times[process];
                    let before = clocks[process].line().next();
                    match clocks[process].observe(sent) {
                        Ok(()) => {
                            prop_assert!(ahead <= OFFSET_MILLIS);
                            if let Ok(id) = clocks[process].tick() {
                                bound(process, id);
                                world.hear(process, message);
                                world.event(process, id);
                            }
                        }
                        Err(error) => {
                            prop_assert!(matches!(error, ObserveError::Ahead { .. }), "{error}");
                            prop_assert!(ahead > OFFSET_MILLIS);
                            prop_assert_eq!(clocks[process].line().next(), before);
                        }
                    }
                }
                Step::Jump(process, millis) => {
                    times[process] += millis;
                    walls[process].set(UnixTime::from_millis(times[process]));
                }
                // As one has it of a store: from the first millisecond that was not touched.
                Step::Restart(process) => {
                    let untouched = clocks[process].line().next().div_ceil(1 << 16);
                    let window = Window::from_start(untouched);
                    clocks[process] = hybrid(&walls[process], process as u64, window);
                }
                Step::Hear(..) => {}
            }
        }
    }

    /// In one window the line is Lamport's algorithm, to the number.
    #[test]
    fn model_the_line_is_lamports_algorithm(
        events in prop::collection::vec(prop::option::of(0_u64..300), 1..100),
    ) {
        let waits = ScriptedClock::at(UnixTime::EPOCH);
        let builder = Builder::<Lamport>::over(Timeless::new(&waits)).node(1);
        let clock = builder.window(Window::from_start(1)).shared().unwrap();
        let mut counter = 0;
        for message in events {
            if let Some(remote) = message {
                clock.observe(id::<Lamport>(remote, 2)).unwrap();
                counter = counter.max(remote);
            }
            counter += 1;
            prop_assert_eq!(clock.tick().unwrap().tick(), counter);
        }
    }

    /// The line is the algorithm of the paper's figure 5, to the number.
    #[test]
    fn model_the_line_is_the_papers_algorithm(
        events in prop::collection::vec((-3_i64..6, prop::option::of((-4_i64..5, 0_u64..4))), 1..100),
    ) {
        let wall = ScriptedClock::at(UnixTime::from_millis(NOON));
        let clock = hybrid(&wall, 1, Window::from_start(0));
        let (mut pt, mut l, mut c) = (NOON, 0, 0);
        for (passed, message) in events {
            pt += passed;
            wall.set(UnixTime::from_millis(pt));
            let before = l;
            if let Some((ahead, c_m)) = message {
                let l_m = pt + ahead;
                let parts = Parts {
                    tick: u64::try_from(l_m).unwrap(), sequence: c_m, node: 9, payload: 0,
                };
                clock.observe(Id::from_parts(parts).unwrap()).unwrap();
                l = before.max(l_m).max(pt);
                c = if l == before && l == l_m {
                    c.max(c_m) + 1
                } else if l == before {
                    c + 1
                } else if l == l_m {
                    c_m + 1
                } else {
                    0
                };
            } else {
                l = before.max(pt);
                c = if l == before { c + 1 } else { 0 };
            }
            let id = clock.tick().unwrap();
            prop_assert_eq!((id.tick(), id.sequence()), (u64::try_from(l).unwrap(), c));
        }
    }
}

fn hybrid(
    wall: &ScriptedClock,
    node: u64,
    window: Window,
) -> Shared<Hlc, ClockTicks<&ScriptedClock>> {
    let builder = Builder::<Hlc>::on(wall).node(node).window(window);
    let offset = Duration::from_millis(OFFSET_MILLIS.unsigned_abs());
    builder.max_drift(offset).max_wait(Duration::ZERO).shared().unwrap()
}

/// A hybrid clock of one's own, in 64 bits.
enum Short {}

impl IdScheme for Short {
    type Word = u64;
    const NAME: &'static str = "short";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, 41),
            Field::new(Kind::Sequence, 12),
            Field::new(Kind::Node, 10),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

/// In a block of nodes an observed id is passed by all of them.
#[test]
fn a_block_of_any_causal_scheme_goes_on_after_what_it_observes() {
    let wall = ScriptedClock::at(UnixTime::from_millis(NOON));
    let clock = |node, bits| {
        let builder = Builder::<Short>::on(&wall).window(Window::from_start(0));
        builder.node(node).block(bits).shared().unwrap()
    };
    let (block, other) = (clock(16, 3), clock(99, 0));
    for _ in 0..100 {
        let sent = other.tick().unwrap();
        block.observe(sent).unwrap();
        let heard = block.tick().unwrap();
        assert!(sent < heard && (16..24).contains(&heard.node()));
        assert_eq!(heard.sequence(), sent.sequence() + 1, "and no more is skipped");
        other.observe(heard).unwrap();
    }
}

#[test]
fn an_id_of_the_far_future_is_refused_and_poisons_nothing() {
    let wall = ScriptedClock::at(UnixTime::from_millis(NOON));
    let clock = hybrid(&wall, 1, Window::from_start(0));
    let first = clock.tick().unwrap();
    for millis in [OFFSET_MILLIS + 1, 3_600_000, 1 << 47] {
        let remote = id::<Hlc>(u64::try_from(NOON + millis).unwrap(), 2);
        let error = clock.observe(remote).unwrap_err();
        assert!(matches!(error, ObserveError::Ahead { max_drift: 50, .. }), "{error}");
        assert!(error.to_string().contains("ahead of this clock (now 1700000000000)"), "{error}");
    }
    assert_eq!(clock.tick().unwrap().word(), first.word() + (1 << 64), "the next count");
    // Just within the bound it is heard.
    let sent = id::<Hlc>(u64::try_from(NOON + OFFSET_MILLIS).unwrap(), 2);
    clock.observe(sent).unwrap();
    assert!(clock.tick().unwrap() > sent);
}

#[test]
fn a_leap_over_much_of_the_line_is_refused() {
    let waits = ScriptedClock::at(UnixTime::EPOCH);
    let builder = Builder::<Lamport>::over(Timeless::new(&waits)).node(1);
    let clock = builder.window(Window::from_start(0)).shared().unwrap();
    let error = clock.observe(id::<Lamport>(u64::MAX >> 11, 2)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "counter 9007199254740991 was observed, and leaps 9007199254740991 ahead of this line \
         (next 0), where 281474976710656 are allowed; if it is right, grant the line a window that \
         starts there",
    );
    assert_eq!(clock.tick().unwrap().tick(), 0);
    clock.observe(id::<Lamport>(1 << 48, 2)).unwrap();
    assert_eq!(clock.tick().unwrap().tick(), (1 << 48) + 1);
}

/// At the end of the counters nothing wraps.
#[test]
fn the_last_counter_is_the_end() {
    let waits = ScriptedClock::at(UnixTime::EPOCH);
    let last = u64::MAX >> 11;
    let builder = Builder::<Lamport>::over(Timeless::new(&waits)).node(1);
    let clock = builder.window(Window::from_start(last - 1)).shared().unwrap();
    clock.observe(id::<Lamport>(last - 1, 2)).unwrap();
    assert_eq!(clock.tick().unwrap().tick(), last);
    assert!(matches!(clock.tick(), Err(GenerateError::LayoutEnded(_))));
    clock.observe(id::<Lamport>(last, 2)).unwrap();
    assert!(matches!(clock.tick(), Err(GenerateError::LayoutEnded(_))));
}

fn id<S: IdScheme>(tick: u64, node: u64) -> Id<S> {
    let parts = Parts { tick, node, ..Default::default() };
    Id::from_parts(parts).unwrap()
}
