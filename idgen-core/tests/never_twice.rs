//! No id twice: any clock, any mix of calls, any number of holders of a node id after each other.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]
#![cfg(all(not(loom), feature = "std"))]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idgen_core::clock::Ticks;
use idgen_core::generator::{Builder, Generator, Lane, Laned, Shared};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{Id, IdScheme, Stall, Timebase, UnixTime, Window};
use proptest::prelude::*;

/// A scheme so small that a test reaches each of its ends: 64 ticks, 2 nodes, 256 ids a tick. A
/// lane reserves 4 of them at once.
#[derive(Debug)]
enum Tiny {}

impl IdScheme for Tiny {
    type Word = u64;
    const NAME: &'static str = "tiny";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 49),
            Field::new(Kind::Tick, 6),
            Field::new(Kind::Node, 1),
            Field::new(Kind::Sequence, 8),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

const LAST_TICK: u64 = 63;
const IDS_A_TICK: u64 = 256;
const DRIFT: u64 = 4;

/// A clock that shows what the test sets; waiting does not move it.
#[derive(Clone, Default)]
struct Script(Arc<AtomicU64>);

impl Ticks for Script {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn wait_for(&self, _: u64, at_most: Duration) -> Duration {
        at_most
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The clock shows this tick.
    Clock(u64),
    /// The node's next window goes to this holder.
    Grant { holder: usize, length: u64 },
    /// The holder's window is taken away, as in the child of a fork.
    Revoke { holder: usize },
    /// The holder is gone; a new one comes up in its place, without a window.
    Crash { holder: usize },
    /// The holder is asked for ids in one of the ways there are.
    Ask { holder: usize, call: Call, count: usize },
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Try,
    Wait,
    TryFill,
    Batch,
    Lane(usize),
}

const HOLDERS: usize = 4;
const LANES: usize = 2;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let holder = 0..HOLDERS;
    let call = prop_oneof![
        3 => Just(Call::Try),
        1 => Just(Call::Wait),
        2 => Just(Call::TryFill),
        2 => Just(Call::Batch),
        3 => (0..LANES).prop_map(Call::Lane),
    ];
    let step = prop_oneof![
        3 => (0..LAST_TICK + 8).prop_map(Step::Clock),
        2 => (holder.clone(), 1..6_u64).prop_map(|(holder, length)| Step::Grant { holder, length }),
        1 => holder.clone().prop_map(|holder| Step::Revoke { holder }),
        1 => holder.clone().prop_map(|holder| Step::Crash { holder }),
        8 => (holder, call, prop_oneof![4 => 1..12_usize, 1 => 1..1_500_usize])
            .prop_map(|(holder, call, count)| Step::Ask { holder, call, count }),
    ];
    proptest::collection::vec(step, 1..120)
}

type SharedTiny = Arc<Shared<Tiny, Script>>;

/// Who has a node id: a shared generator with lanes of its own, or one with lanes behind it.
enum Generating {
    Shared(SharedTiny, Vec<Lane<SharedTiny, Tiny, Script>>),
    Laned(Box<Laned<Tiny, Script>>),
}

struct Holder {
    node: u64,
    generating: Generating,
    windows: Vec<Window>,
    /// The last id of each order that is promised: the generator's, and each lane's.
    last: HashMap<usize, Id<Tiny>>,
}

impl Holder {
    /// Holders 0 and 2 follow each other on node 0, 1 and 3 on node 1; 2 and 3 keep lanes.
    fn new(number: usize, script: &Script) -> Self {
        let node = (number % 2) as u64;
        let builder = Builder::<Tiny>::over(script.clone())
            .node(node)
            .max_drift(Duration::from_millis(DRIFT))
            .max_wait(Duration::from_millis(3))
            .no_window();
        let generating = if number < 2 {
            let shared = Arc::new(builder.shared().unwrap());
            let lanes = (0..LANES).map(|_| Lane::over(Arc::clone(&shared))).collect();
            Generating::Shared(shared, lanes)
        } else {
            Generating::Laned(Box::new(builder.laned().unwrap()))
        };
        Self { node, generating, windows: Vec::new(), last: HashMap::new() }
    }

    fn grant(&mut self, window: Window) {
        match &self.generating {
            Generating::Shared(shared, _) => shared.line().grant(window).unwrap(),
            Generating::Laned(laned) => laned.line().grant(window).unwrap(),
        }
        self.windows.push(window);
    }

    fn revoke(&mut self) {
        match &self.generating {
            Generating::Shared(shared, _) => shared.line().revoke(),
            Generating::Laned(laned) => laned.line().revoke(),
        }
    }

    /// The ids that a call yields, and the order they are in: 0 is the generator's own.
    fn ask(&mut self, call: Call, count: usize) -> (Vec<Id<Tiny>>, usize) {
        match (&mut self.generating, call) {
            (Generating::Shared(_, lanes), Call::Lane(lane)) => {
                let ids = (0..count).map_while(|_| lanes[lane].try_generate().ok()).collect();
                (ids, lane + 1)
            }
            (Generating::Shared(shared, _), call) => (ask(&**shared, call, count), 0),
            (Generating::Laned(laned), call) => (ask(&**laned, call, count), 0),
        }
    }
}

fn ask(ids: &impl Generator<Scheme = Tiny>, call: Call, count: usize) -> Vec<Id<Tiny>> {
    let mut out = vec![Id::from_word(0).unwrap(); count];
    match call {
        Call::Try | Call::Lane(_) => (0..count).map_while(|_| ids.try_generate().ok()).collect(),
        Call::Wait => (0..count).map_while(|_| ids.generate().ok()).collect(),
        Call::TryFill => {
            let filled = ids.try_fill(&mut out).unwrap_or(0);
            out.truncate(filled);
            out
        }
        Call::Batch => {
            let filled = ids.fill(&mut out).map_or_else(|failed| failed.filled, |()| count);
            out.truncate(filled);
            out
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn prop_no_id_repeats_and_each_order_holds(steps in steps()) {
        let script = Script::default();
        let mut holders: Vec<_> = (0..HOLDERS).map(|number| Holder::new(number, &script)).collect();
        let mut high_water_mark = [0; 2];
        let mut seen = HashSet::new();
        for step in steps {
            match step {
                Step::Clock(tick) => script.0.store(tick, Ordering::Relaxed),
                Step::Grant { holder, length } => {
                    let mark = &mut high_water_mark[holder % 2];
                    let start = script.now().max(*mark);
                    if start <= LAST_TICK {
                        *mark = start + length;
                        holders[holder].grant(Window::new(start, start + length).unwrap());
                    }
                }
                Step::Revoke { holder } => holders[holder].revoke(),
                Step::Crash { holder } => holders[holder] = Holder::new(holder, &script),
                Step::Ask { holder, call, count } => {
                    let holder = &mut holders[holder];
                    let (ids, order) = holder.ask(call, count);
                    for id in ids {
                        prop_assert!(seen.insert(id), "{id:?} was issued twice");
                        prop_assert_eq!(id.node(), holder.node);
                        prop_assert!(id.tick() <= script.now() + DRIFT, "{id:?} is past the drift");
                        let granted = |window: &Window| (window.start()..window.end()).contains(&id.tick());
                        prop_assert!(holder.windows.iter().any(granted), "{id:?} is nobody's");
                        let last = holder.last.insert(order, id);
                        prop_assert!(last < Some(id), "{id:?} came after {last:?}");
                    }
                }
            }
        }
    }

    /// Static node ids: generators that follow each other, while the clock does not go back
    /// from one to the next, whatever it does while they run.
    #[test]
    fn prop_restarts_of_a_static_node_repeat_nothing(
        lives in proptest::collection::vec((0..6_u64, proptest::collection::vec((0..3_u64, 1..2_000_usize), 0..6)), 1..5),
    ) {
        let script = Script::default();
        let mut seen = HashSet::new();
        let mut latest = 0;
        for (pause, asks) in lives {
            script.0.store(latest + pause, Ordering::Relaxed);
            let built = Builder::<Tiny>::over(script.clone())
                .node(1)
                .max_drift(Duration::from_millis(DRIFT))
                .shared();
            let Ok(ids) = built else { break }; // the layout's end
            for (back, count) in asks {
                let now = script.now();
                script.0.store((now + 2).saturating_sub(back), Ordering::Relaxed);
                latest = latest.max(script.now());
                for _ in 0..count {
                    if let Ok(id) = ids.try_generate() {
                        prop_assert!(seen.insert(id), "{id:?} was issued twice");
                    }
                }
            }
        }
    }
}

fn tiny(script: &Script) -> Shared<Tiny, Script> {
    Builder::<Tiny>::over(script.clone())
        .node(1)
        .max_drift(Duration::from_millis(DRIFT))
        .window(Window::new(0, 1_000).unwrap())
        .shared()
        .unwrap()
}

#[test]
fn an_exhausted_sequence_borrows_up_to_the_drift_and_says_when_to_retry() {
    let script = Script::default();
    let ids = tiny(&script);
    for expected in 0..(DRIFT + 1) * IDS_A_TICK {
        let id = ids.try_generate().unwrap();
        assert_eq!((id.tick(), id.sequence()), (expected / IDS_A_TICK, expected % IDS_A_TICK));
    }
    let stall = ids.try_generate().unwrap_err();
    assert_eq!(stall, Stall::SequenceExhausted { now: 0, last: DRIFT, retry: 1 });
    script.0.store(1, Ordering::Relaxed);
    assert_eq!(ids.try_generate().unwrap().tick(), DRIFT + 1);
}

#[test]
fn a_regression_goes_on_from_the_last_id_up_to_the_drift() {
    let script = Script::default();
    let ids = tiny(&script);
    script.0.store(20, Ordering::Relaxed);
    let before = ids.try_generate().unwrap();
    script.0.store(18, Ordering::Relaxed);
    let after = ids.try_generate().unwrap();
    assert!(before < after && after.tick() == 20);
    script.0.store(10, Ordering::Relaxed);
    let stall = ids.try_generate().unwrap_err();
    assert_eq!(stall, Stall::ClockRegressed { now: 10, last: 20, retry: 16 });
    let error = ids.generate().unwrap_err();
    assert!(error.is_clock_skew(), "{error}");
    assert!(error.to_string().contains("chronyc tracking"), "{error}");
    script.0.store(16, Ordering::Relaxed);
    assert_eq!(ids.try_generate().unwrap().word(), after.word() + 1, "a position was lost");
}

#[test]
fn the_layouts_end_is_an_error_for_good() {
    let script = Script::default();
    let ids = tiny(&script);
    script.0.store(LAST_TICK, Ordering::Relaxed);
    for _ in 0..IDS_A_TICK {
        assert_eq!(ids.try_generate().unwrap().tick(), LAST_TICK);
    }
    for now in [LAST_TICK, LAST_TICK + 1, u64::MAX, 0] {
        script.0.store(now, Ordering::Relaxed);
        assert_eq!(ids.try_generate(), Err(Stall::LayoutEnded { now, last: LAST_TICK }));
        assert!(ids.generate().unwrap_err().is_layout_ended());
    }
    let late = Builder::<Tiny>::over(script.clone()).node(1);
    script.0.store(LAST_TICK + 1, Ordering::Relaxed);
    let error = late.shared().unwrap_err();
    assert!(error.to_string().contains("starts past tick 63, the layout's last"), "{error}");
}

#[test]
fn polling_while_stalled_does_not_push_the_line() {
    let script = Script::default();
    let ids = tiny(&script);
    while ids.try_generate().is_ok() {}
    for _ in 0..100_000 {
        assert!(ids.try_generate().is_err());
        assert!(ids.lane().try_generate().is_err());
    }
    script.0.store(1, Ordering::Relaxed);
    let id = ids.try_generate().unwrap();
    assert_eq!((id.tick(), id.sequence()), (DRIFT + 1, 0));
}

#[test]
fn a_batch_that_fails_says_what_it_holds() {
    let script = Script::default();
    let ids = tiny(&script);
    let mut out = [Id::from_word(0).unwrap(); 3_000];
    let failed = ids.fill(&mut out).unwrap_err();
    assert_eq!((failed.filled, failed.asked), (1_280, 3_000));
    assert!(failed.error.is_sequence_overflow());
    assert!(out[..1_280].windows(2).all(|pair| pair[0] < pair[1]));
    let error = failed.to_string();
    assert!(
        error.starts_with("1280 of 3000 ids were issued, then: tiny: sequence exhausted"),
        "{error}"
    );
}

#[test]
fn windows_must_follow_each_other() {
    let script = Script::default();
    let ids = tiny(&script);
    let overlapping = Window::new(63, 70).unwrap();
    let error = ids.line().grant(overlapping).unwrap_err();
    assert!(error.to_string().contains("windows of a node must be disjoint"), "{error}");
    assert!(ids.line().grant(Window::new(70, 80).unwrap()).is_err(), "past the layout's end");
}

#[test]
fn threads_share_a_generator_and_get_no_id_twice() {
    let script = Script::default();
    let shared = tiny(&script);
    let laned = Builder::<Tiny>::over(script.clone()).node(0).no_window().laned().unwrap();
    laned.line().grant(Window::new(0, 64).unwrap()).unwrap();
    let collect = |ids: &dyn Fn() -> Option<Id<Tiny>>| {
        let mut got = Vec::new();
        while script.now() < LAST_TICK + 1 {
            match ids() {
                Some(id) => got.push(id),
                None => std::thread::yield_now(),
            }
        }
        assert!(got.windows(2).all(|pair| pair[0] < pair[1]), "a thread's order broke");
        got
    };
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let (shared, laned) = (&shared, &laned);
                scope.spawn(move || match number % 2 {
                    0 => collect(&|| shared.try_generate().ok()),
                    _ => collect(&|| laned.try_generate().ok()),
                })
            })
            .collect();
        for tick in 0..=LAST_TICK + 1 {
            script.0.store(tick, Ordering::Relaxed);
            std::thread::yield_now();
        }
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let distinct: HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}
