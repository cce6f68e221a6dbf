//! The atomic loops of sequencer and line under every interleaving.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p idgen-core --test loom --release`.

#![cfg(loom)]

use std::time::Duration;

use idgen_core::clock::{Clock, Disciplined, Ticks};
use idgen_core::layout::{Axis, Dressing, Layout};
use idgen_core::sequencer::{Run, Sequencer};
use idgen_core::{Line, Stall, UnixTime, Window};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

/// Every interleaving of two threads beside the main one, with up to three preemptions: more
/// take hours, and no bug has been seen to need them.
fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut explorer = loom::model::Builder::new();
    explorer.preemption_bound = Some(3);
    explorer.check(model);
}

/// Panics where a position was handed out twice.
fn assert_distinct(mut positions: Vec<u64>) {
    positions.sort_unstable();
    let claimed = positions.len();
    positions.dedup();
    assert_eq!(claimed, positions.len(), "a position was handed out twice: {positions:?}");
}

fn positions(run: Option<Run>) -> Vec<u64> {
    run.map_or_else(Vec::new, |run| (run.start..run.end).collect())
}

/// Single claims and batches at once: distinct, inside the bounds, each thread's in order.
#[test]
fn loom_concurrent_reservation() {
    explore(|| {
        let line = Arc::new(Sequencer::new());
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || {
            let first = other.take(0, 6);
            let second = other.take(0, 6);
            assert!(first < second);
            [first, second].into_iter().flatten().collect::<Vec<_>>()
        });
        let batch = positions(line.reserve(0, 6, 2));
        let single = line.take(0, 6);
        assert!(batch.last() < single.as_ref());
        let mut all = thread.join().unwrap();
        all.extend(batch);
        all.extend(single);
        assert_eq!(all.len(), 5);
        assert!(all.iter().all(|&position| position < 6));
        assert_distinct(all);
    });
}

/// Threads that run into the horizon at once: nothing at or past it is issued, nothing twice,
/// and asking again does not push the line.
#[test]
fn loom_horizon_reached() {
    explore(|| {
        let line = Arc::new(Sequencer::new());
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || [other.take(0, 2), other.take(0, 2)]);
        let mine = [line.take(0, 2), line.take(0, 2)];
        let theirs = thread.join().unwrap();
        let all: Vec<_> = mine.into_iter().chain(theirs).flatten().collect();
        assert!(all.iter().all(|&position| position < 2));
        assert_distinct(all);
        let rest = line.next();
        assert!(rest <= 2 + 1, "more than one position skipped by two threads: {rest}");
        assert_eq!(line.take(0, 2), None);
        assert_eq!(line.next(), rest, "a stalled attempt pushed the line");
    });
}

/// Two threads that go on polling a line at its horizon: nobody pushes it any more.
#[test]
fn loom_stalled_polling() {
    explore(|| {
        let line = Arc::new(Sequencer::new());
        assert_eq!(line.take(0, 1), Some(0));
        assert_eq!(line.take(0, 1), None);
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || [other.take(0, 1), other.take(0, 1)]);
        assert_eq!([line.take(0, 1), line.take(0, 1)], [None; 2]);
        assert_eq!(thread.join().unwrap(), [None; 2]);
        assert_eq!(line.next(), 1, "stalled attempts pushed the line");
        assert_eq!(line.take(0, 2), Some(1));
    });
}

/// The horizon rises while a thread fails at the old one: what it gives back is handed out
/// once.
#[test]
fn loom_horizon_rises() {
    explore(|| {
        let line = Arc::new(Sequencer::new());
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || [other.take(0, 1), other.take(0, 1), other.take(0, 3)]);
        let mine = [line.take(0, 3), line.take(0, 3)];
        let theirs = thread.join().unwrap();
        assert!(theirs[..2].iter().flatten().all(|&position| position < 1));
        assert_distinct(mine.into_iter().chain(theirs).flatten().collect());
    });
}

/// A rising floor: what is claimed under it is not below it, and nothing comes twice.
#[test]
fn loom_floor_rises() {
    explore(|| {
        let line = Arc::new(Sequencer::new());
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || {
            let fresh = other.take(4, 8);
            assert!(fresh >= Some(4));
            [fresh, other.take(4, 8)]
        });
        let mine = [line.take(0, 8), line.take(0, 8)];
        assert!(mine[0] < mine[1]);
        let theirs = thread.join().unwrap();
        assert_distinct(mine.into_iter().chain(theirs).flatten().collect());
    });
}

/// Ticks that a model sets.
#[derive(Debug)]
struct SetTicks(AtomicU64);

impl Ticks for SetTicks {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn wait_for(&self, _: u64, _: Duration) -> Duration {
        Duration::ZERO
    }
}

/// Two sequence numbers a tick.
fn axis() -> Axis {
    let layout: Layout = "tick=8:node=1:sequence=1".parse().unwrap();
    Dressing::<u64>::new(&layout, 0, 0).unwrap().axis()
}

fn line_at(tick: u64, window: (u64, u64)) -> Arc<Line<SetTicks>> {
    let line = Line::new(axis(), SetTicks(AtomicU64::new(tick)), 100);
    line.grant(Window::new(window.0, window.1).unwrap()).unwrap();
    Arc::new(line)
}

/// A falling horizon: who was told that the window is gone gets nothing more of it.
#[test]
fn loom_horizon_falls() {
    explore(|| {
        let line = line_at(0, (0, 1));
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || [other.take(), other.take()]);
        line.revoke();
        let after = line.take();
        assert!(matches!(after, Err(Stall::WindowEnded { .. })), "{after:?}");
        let theirs = thread.join().unwrap();
        assert!(theirs.iter().flatten().all(|position| (0..2).contains(position)), "{theirs:?}");
        assert_distinct(theirs.into_iter().flatten().collect());
    });
}

/// The window that follows one that was revoked starts past everything issued before.
#[test]
fn loom_window_granted_past_a_revoked_one() {
    explore(|| {
        let line = line_at(0, (0, 1));
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || [other.take(), other.take()]);
        line.revoke();
        line.grant(Window::new(5, 6).unwrap()).unwrap();
        let theirs = thread.join().unwrap();
        for position in theirs.iter().flatten() {
            assert!((0..2).contains(position) || (10..12).contains(position), "{position}");
        }
        let mine: Vec<_> = (0..2).filter_map(|_| line.take().ok()).collect();
        assert!(mine.iter().all(|position| (10..12).contains(position)), "{mine:?}");
        assert_distinct(theirs.into_iter().flatten().chain(mine).collect());
    });
}

/// A window is granted after a gap that belongs to somebody else: nobody ever gets a position
/// between the two, whenever the grant becomes visible.
#[test]
fn loom_window_granted_past_a_gap() {
    explore(|| {
        let line = line_at(0, (0, 1));
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || [other.take(), other.take(), other.take()]);
        line.grant(Window::new(3, 4).unwrap()).unwrap();
        let theirs = thread.join().unwrap();
        for position in theirs.iter().flatten() {
            assert!(
                (0..2).contains(position) || (6..8).contains(position),
                "{position} is foreign"
            );
        }
        assert_distinct(theirs.into_iter().flatten().collect());
    });
}

/// Two windows granted at once: one of them may be refused or skipped, none overlaps.
#[test]
fn loom_windows_granted_at_once() {
    explore(|| {
        let line = line_at(0, (0, 1));
        let other = Arc::clone(&line);
        let thread = thread::spawn(move || other.grant(Window::new(1, 2).unwrap()).is_ok());
        let later = line.grant(Window::new(2, 3).unwrap());
        assert!(later.is_ok());
        let sooner = thread.join().unwrap();
        let got: Vec<_> = (0..8).filter_map(|_| line.take().ok()).collect();
        assert!(got.iter().all(|&position| position < 6));
        assert!(sooner || got.iter().all(|&position| !(2..4).contains(&position)));
        assert!(got.iter().any(|&position| (4..6).contains(&position)), "{got:?}");
        assert_distinct(got);
    });
}

/// A clock that a model sets before it starts threads: nothing to explore.
#[derive(Default)]
struct SetClock {
    wall: std::sync::atomic::AtomicI64,
    monotonic: std::sync::atomic::AtomicU64,
}

impl SetClock {
    fn set(&self, wall: i64, monotonic: u64) {
        self.wall.store(wall, Ordering::SeqCst);
        self.monotonic.store(monotonic, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn wall(&self) -> UnixTime {
        UnixTime::from_millis(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic.load(Ordering::SeqCst))
    }

    fn wait(&self, _: Duration) {}
}

/// Threads that see a regression at once: one of them answers it, nobody waits for it, and each
/// sees a time of before or after.
#[test]
fn loom_the_clock_is_stepped_by_one_thread_and_the_others_go_on() {
    explore(|| {
        let system = std::sync::Arc::new(SetClock::default());
        system.set(100_000, 5_000);
        let clock = Arc::new(Disciplined::new(std::sync::Arc::clone(&system)));
        system.set(97_020, 5_020); // three seconds back, and a look is due
        let other = Arc::clone(&clock);
        let thread = thread::spawn(move || [other.wall(), other.wall()]);
        let mine = [clock.wall(), clock.wall()];
        let theirs = thread.join().unwrap();
        // Before: no more of the line than ten milliseconds. After: it goes on from there.
        for time in mine.into_iter().chain(theirs) {
            let time = UnixTime::from_nanos(time.as_nanos() / 1_000 * 1_000);
            assert_eq!(time, UnixTime::from_millis(100_010));
        }
        assert_eq!(clock.counts().large_regressions, 1);
        // Nothing is left taken: the next look is answered.
        system.set(160_000, 5_040);
        assert!(clock.health().is_degraded());
    });
}
