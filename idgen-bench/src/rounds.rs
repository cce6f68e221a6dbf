//! Rounds in which every contender has its turn.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use idgen_core::clock::{Clock, SystemClock};

use crate::Figures;

/// Somebody who makes ids, or does something else that is counted.
pub struct Contender<'c> {
    name: String,
    /// How many a call makes.
    a_call: u64,
    /// Fewer calls at once would measure how threads start.
    at_least: u64,
    /// More calls at once would run out of ids.
    at_most: u64,
    run: Box<dyn FnMut(u64) -> Duration + 'c>,
}

impl<'c> Contender<'c> {
    /// Whoever makes one at each call.
    pub fn calling<R>(name: impl Into<String>, mut make: impl FnMut() -> R + 'c) -> Self {
        Self::timing(name, 1, move |calls| timed(|| (0..calls).for_each(|_| look(&make()))))
    }

    /// Whoever makes `a_call` of them at each call of `run`'s many, and says how long they took.
    pub fn timing(
        name: impl Into<String>,
        a_call: u64,
        run: impl FnMut(u64) -> Duration + 'c,
    ) -> Self {
        Self { name: name.into(), a_call, at_least: 1, at_most: 1 << 40, run: Box::new(run) }
    }

    /// The same, never asked for fewer calls: of those who start threads for each turn.
    #[must_use]
    pub fn at_least(mut self, calls: u64) -> Self {
        self.at_least = calls;
        self
    }

    /// The same, never asked for more calls in a turn: of those who have to wait for more.
    #[must_use]
    pub fn at_most(mut self, calls: u64) -> Self {
        self.at_most = calls.max(1);
        self
    }

    /// Who it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many a call makes.
    #[must_use]
    pub fn a_call(&self) -> u64 {
        self.a_call
    }

    /// Time for this many calls.
    pub fn run(&mut self, calls: u64) -> Duration {
        (self.run)(calls)
    }

    /// Calls that fill a slice of time.
    fn calls_in(&mut self, slice: Duration) -> u64 {
        let mut calls = self.at_least.min(self.at_most);
        loop {
            let took = self.run(calls);
            if took >= slice / 4 || calls >= self.at_most {
                let nanos = took.as_nanos().max(1);
                let fit = u128::from(calls) * slice.as_nanos() / nanos;
                let fit = u64::try_from(fit).unwrap_or(calls).max(self.at_least);
                return fit.min(self.at_most);
            }
            calls = (calls * 4).min(self.at_most);
        }
    }
}

impl std::fmt::Debug for Contender<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contender").field("name", &self.name).finish_non_exhaustive()
    }
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How often each has its turn.
    pub rounds: u32,
    /// How long a turn is.
    pub slice: Duration,
}

impl Plan {
    /// For figures that are quoted.
    pub const FULL: Self = Self { rounds: 41, slice: Duration::from_millis(4) };

    /// For a first look.
    pub const QUICK: Self = Self { rounds: 9, slice: Duration::from_millis(2) };
}

/// Lets the contenders run in turn, and says after each turn that one is over.
pub fn compare(
    contenders: &mut [Contender<'_>],
    plan: &Plan,
    mut turn: impl FnMut(),
) -> Vec<Figures> {
    let mut figures: Vec<_> =
        contenders.iter().map(|contender| Figures::new(contender.name.clone())).collect();
    let calls: Vec<_> = contenders.iter_mut().map(|one| one.calls_in(plan.slice)).collect();
    for _ in 0..plan.rounds {
        for ((contender, calls), figures) in contenders.iter_mut().zip(&calls).zip(&mut figures) {
            let nanos = contender.run(*calls).as_nanos();
            figures.push(nanos as f64 / (calls * contender.a_call) as f64);
            turn();
        }
    }
    figures
}

/// Makes the compiler have this in memory, and not move it again: what comes back from [`black_box`] by value
/// is read as a whole where it was written in halves, and the processor waits for that longer than
/// it takes to make an id.
#[inline(always)]
pub fn look<R: ?Sized>(made: &R) {
    black_box(made);
}

/// How long this took, less what it takes to read the clock for it: a turn may be as short as a few ids.
pub fn timed(work: impl FnOnce()) -> Duration {
    let clock = clock_cost();
    timed_with_clock(work).saturating_sub(clock)
}

fn timed_with_clock(work: impl FnOnce()) -> Duration {
    let start = SystemClock.monotonic();
    work();
    SystemClock.monotonic().saturating_sub(start)
}

/// What two readings of the clock take: the median of many, found out once.
#[must_use]
pub fn clock_cost() -> Duration {
    /// In nanoseconds, and 1 more; 0 before it is known. Whoever finds it out twice writes the like.
    static COST: AtomicU64 = AtomicU64::new(0);
    if let Some(known) = COST.load(Ordering::Relaxed).checked_sub(1) {
        return Duration::from_nanos(known);
    }
    let mut costs: Vec<_> = (0..1_001).map(|_| timed_with_clock(|| ())).collect();
    costs.sort_unstable();
    let cost = costs[costs.len() / 2];
    COST.store(u64::try_from(cost.as_nanos()).unwrap_or(0) + 1, Ordering::Relaxed);
    cost
}

/// Where threads begin at once: none before all of them run, for which each looks again and again. Whoever sleeps until
/// the last has come is woken after him.
#[derive(Debug)]
pub struct Start {
    threads: u32,
    running: AtomicU32,
}

impl Start {
    /// One for so many threads.
    #[must_use]
    pub const fn of(threads: u32) -> Self {
        Self { threads, running: AtomicU32::new(0) }
    }

    /// Returns when as many threads have called it.
    pub fn wait(&self) {
        self.running.fetch_add(1, Ordering::Relaxed);
        while self.running.load(Ordering::Relaxed) < self.threads {
            thread::yield_now();
        }
    }
}

/// Time for `count` calls in all, on this many threads that begin at once.
pub fn on_threads(threads: u32, count: u64, make: &(impl Fn() + Sync)) -> Duration {
    on_threads_with(threads, count, || (), &|()| make())
}

/// The same, with something of each thread's own that it calls `make` with.
///
/// They begin by a [`Start`]: who has just been started often runs where another did, after him. The time is from when the first of them begins to when the last has
/// ended, by clocks that they read themselves: whoever waits for them may not get to run while they do.
pub fn on_threads_with<O>(
    threads: u32,
    count: u64,
    own: impl Fn() -> O + Sync,
    make: &(impl Fn(&mut O) + Sync),
) -> Duration {
    let start = Start::of(threads);
    let each = count.div_ceil(u64::from(threads.max(1)));
    let work = || {
        let mut own = own();
        start.wait();
        let began = SystemClock.monotonic();
        (0..each).for_each(|_| make(&mut own));
        (began, SystemClock.monotonic())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join = |worker: thread::ScopedJoinHandle<'_, _>| {
            // There is no figure for ids that were not made.
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let times = workers.into_iter().map(join);
        let whole = times.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        whole.map_or(Duration::ZERO, |(began, ended)| ended - began)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_has_every_turn() {
        let mut turns = 0;
        let mut contenders =
            ["a", "b", "c"].map(|name| Contender::timing(name, 10, Duration::from_micros));
        let figures = compare(&mut contenders, &Plan::QUICK, || turns += 1);
        assert_eq!(turns, 3 * Plan::QUICK.rounds);
        for figures in figures {
            assert!((figures.nanos() - 100.0).abs() < 1e-6, "{figures:?}");
        }
    }

    #[test]
    fn threads_make_as_many_as_they_are_asked_for() {
        let made = AtomicU64::new(0);
        on_threads(4, 1_000, &|| _ = made.fetch_add(1, Ordering::Relaxed));
        assert_eq!(made.into_inner(), 1_000);
    }
}
