//! What a line does, with its insides at hand.

use core::time::Duration;

use super::*;
use crate::lane_run::LaneRun;
use crate::layout::{Dressing, Layout};

/// Always tick 5.
struct Frozen;

impl Ticks for Frozen {
    fn now(&self) -> u64 {
        5
    }

    fn wait_for(&self, _: u64, at_most: Duration) -> Duration {
        at_most
    }
}

/// A cached tick that nobody keeps: only a look at the clock refreshes it.
struct Starved {
    cached: AtomicU64,
    clock: u64,
}

impl Ticks for Starved {
    fn now(&self) -> u64 {
        self.cached.load(Ordering::Relaxed)
    }

    fn read(&self) -> u64 {
        self.cached.store(self.clock, Ordering::Relaxed);
        self.clock
    }

    fn wait_for(&self, _: u64, at_most: Duration) -> Duration {
        at_most
    }
}

fn starved() -> Line<Starved> {
    let layout: Layout = "41:10:12".parse().unwrap();
    let axis = Dressing::<u64>::new(&layout, 0, 0).unwrap().axis();
    let line = Line::new(axis, Starved { cached: 5.into(), clock: 7 }, 100);
    line.grant(Window::new(5, 1_000).unwrap()).unwrap();
    // At the first position of a tick somebody looks at the clock.
    line.observe(axis.first_of(5)).unwrap();
    line
}

/// A drift without limit lets the line run ahead, and not begin in the past.
#[test]
fn the_floor_holds_whatever_the_drift() {
    let axis = line().axis();
    let line = Line::new(axis, Frozen, u64::MAX);
    line.grant(Window::from_start(0)).unwrap();
    assert_eq!(line.take(), Ok(axis.first_of(5)));
}

/// A tick far past the layout's end has no first position, and its neighbours in 64 bits are not
/// near it.
#[test]
fn a_tick_past_the_end_permits_nothing() {
    for axis_bits in ["41:10:12", "tick=64:node=64"] {
        let layout: Layout = axis_bits.parse().unwrap();
        let wide = Dressing::<u128>::new(&layout, 0, 0).map(|dressing| dressing.axis());
        let axis = wide.or_else(|_| Dressing::<u64>::new(&layout, 0, 0).map(|d| d.axis()));
        let ticks = Starved { cached: u64::MAX.into(), clock: u64::MAX };
        let line = Line::new(axis.unwrap(), ticks, u64::MAX);
        line.grant(Window::from_start(0)).unwrap();
        for _ in 0..3 {
            assert!(matches!(line.take(), Err(Stall::LayoutEnded { .. })));
        }
        for position in [0, 1, line.axis().end() - 1] {
            assert!(!line.permits(position), "{position}");
        }
    }
}

/// Whatever the usual path was left, the first id of a tick is of it.
#[test]
fn the_next_tick_is_seen_at_once() {
    let line = starved();
    for tick in [5, 5, 6, 6, 7, 8, 8] {
        line.ticks().cached.store(tick, Ordering::Relaxed);
        assert_eq!(line.axis().tick_of(line.take().unwrap()), tick);
    }
}

#[test]
fn a_starved_ticker_is_gone_round() {
    let line = starved();
    let ticks: Vec<_> =
        (0..=IDS_A_LOOK + 1).map(|_| line.axis().tick_of(line.take().unwrap())).collect();
    assert_eq!(ticks.first(), Some(&5));
    assert_eq!(ticks.last(), Some(&7), "no look at the clock in {IDS_A_LOOK} ids");

    let batch = starved().reserve(16 * IDS_A_LOOK).unwrap();
    assert_eq!(line.axis().tick_of(batch.start), 7);
    let of_lane = { LaneRun::EMPTY }.refill(&starved(), IDS_A_LOOK).unwrap();
    assert_eq!(line.axis().tick_of(of_lane), 7);
}

fn line() -> Line<Frozen> {
    let layout: Layout = "41:10:12".parse().unwrap();
    let line = Line::new(Dressing::<u64>::new(&layout, 0, 0).unwrap().axis(), Frozen, 100);
    line.grant(Window::new(5, 8).unwrap()).unwrap();
    line
}

/// What a fork does: the child has a copy of the parent's run, which the parent goes on to
/// issue. Without a window the child issues nothing; with one of its own, nothing of the run.
#[test]
fn a_copied_run_dies_with_its_window() {
    let line = line();
    let mut parents = LaneRun::EMPTY;
    parents.refill(&line, 64).unwrap();
    let mut childs = parents;
    line.revoke();
    assert_eq!(childs.take(line.seen()), None);
    assert!(matches!(childs.refill(&line, 64), Err(Stall::WindowEnded { end: 0, .. })));
    line.grant(Window::new(8, 10).unwrap()).unwrap();
    assert_eq!(childs.take(line.seen()), None);
    assert!(childs.refill(&line, 64).unwrap() >= line.axis().first_of(8));
}

/// A position claimed before the line was moved over a gap, and looked at when the next window
/// is there: it is between the two, and somebody else's.
#[test]
fn a_claim_over_a_gap_is_not_issued() {
    let line = line();
    let foreign = line.axis().first_of(8);
    line.grant(Window::new(9, 12).unwrap()).unwrap();
    assert_eq!(line.take(), Ok(line.axis().first_of(9)));
    assert!(!line.permits(foreign));
    assert!(line.permits(line.axis().first_of(9)));
}

/// A window that starts where the last one ends prolongs it: nothing is skipped.
#[test]
fn a_following_window_prolongs_the_line_and_any_other_moves_it() {
    let line = line();
    assert_eq!(line.take(), Ok(line.axis().first_of(5)));
    line.grant(Window::new(8, 10).unwrap()).unwrap();
    assert_eq!(line.take(), Ok(line.axis().first_of(5) + 1));
    line.grant(Window::new(11, 12).unwrap()).unwrap();
    assert_eq!(line.take(), Ok(line.axis().first_of(11)));
    line.revoke();
    line.grant(Window::new(12, 13).unwrap()).unwrap();
    assert_eq!(line.take(), Ok(line.axis().first_of(12)), "part of a revoked window");
}
