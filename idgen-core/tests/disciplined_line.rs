//! What a generator does on a disciplined clock, where it would stall on a bare one.

#![cfg(all(not(loom), feature = "std"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::sync::Arc;
use std::time::Duration;

use idgen_core::clock::{Clock, ClockTicks, Disciplined, ScriptedClock};
use idgen_core::generator::{Builder, Generator, Shared};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{GenerateError, IdScheme, Stall, Timebase, UnixTime, Window};

struct Flake;

impl IdScheme for Flake {
    type Word = u64;
    const NAME: &'static str = "flake";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, 41),
            Field::new(Kind::Node, 10),
            Field::new(Kind::Sequence, 12),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

type System = Arc<ScriptedClock>;
type Ids = Shared<Flake, ClockTicks<Arc<Disciplined<System>>>>;

fn at(millis: i64) -> (System, Ids) {
    let system = Arc::new(ScriptedClock::at(UnixTime::from_millis(millis)));
    let clock = Arc::new(Disciplined::new(Arc::clone(&system)));
    let ids = Builder::<Flake>::on(clock)
        .node(7)
        .window(Window::from_start(0))
        .max_wait(Duration::from_millis(600))
        .shared()
        .unwrap();
    (system, ids)
}

fn step(system: &ScriptedClock, millis: i64) {
    let wall = system.wall().as_nanos() + i128::from(millis) * 1_000_000;
    system.set(UnixTime::from_nanos(wall));
    system.advance(Duration::from_millis(10)); // within which the clock looks
}

#[test]
fn a_small_step_back_is_waited_for_up_to_a_bound() {
    let (system, ids) = at(1_000_000);
    let before = ids.generate().unwrap();
    step(&system, -520);
    let stall = ids.try_generate().unwrap_err();
    assert!(matches!(stall, Stall::ClockRegressed { last: 1_000_000, .. }), "{stall:?}");
    assert!(ids.generate().unwrap() > before);
    assert!(system.wall() >= UnixTime::from_millis(999_990), "it waited for wall time");

    let late = ids.generate().unwrap();
    step(&system, -900);
    let error = ids.generate().unwrap_err();
    let GenerateError::ClockSkew(skew) = error else { panic!("{error}") };
    assert!(skew.waited >= Duration::from_millis(600), "{skew}");
    assert!(skew.waited < Duration::from_millis(620), "no wait is longer than it may be: {skew}");
    system.advance(Duration::from_secs(1));
    assert!(ids.generate().unwrap() > late);
}

/// An hour back, ten seconds back, three seconds back: ids go on at once, in order.
#[test]
fn a_large_step_back_stalls_nobody() {
    for back in [-3_000, -10_000, -3_600_000] {
        let (system, ids) = at(100_000_000);
        let mut last = ids.generate().unwrap();
        step(&system, back);
        for _ in 0..1_000 {
            system.advance(Duration::from_millis(10));
            let id = ids.try_generate().unwrap();
            assert!(id > last);
            last = id;
        }
    }
}

/// A wall clock that runs away to the end of time does not drag the line along.
#[test]
fn a_wild_step_forward_does_not_use_up_the_layout() {
    let (system, ids) = at(1_000_000);
    ids.generate().unwrap();
    step(&system, 1 << 41);
    assert!(ids.generate().unwrap().tick() < 1_001_000);
    step(&system, -(1 << 41));
    assert!(ids.generate().unwrap().tick() < 1_001_000);
}
