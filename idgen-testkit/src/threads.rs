//! Many threads on one generator: distinct ids, each thread's order, and order across barriers.

use core::time::Duration;
use std::sync::{Arc, Barrier};
use std::thread;

use idgen_core::Window;
use idgen_core::clock::Ticks;

use crate::expectation::Expectation;
use crate::play::{guarded, start};
use crate::suite::Suite;
use crate::violation::ensure;
use crate::worker::{End, Worker};
use crate::{Call, Oracle, Order, ScriptedTicks, SplitMix64, Violation};

/// Threads of a generator. Of lanes there are as many as were made.
const THREADS: usize = 8;

/// Calls of a thread between two barriers.
const CALLS: usize = 60;

/// Rounds between barriers: in odd ones the clock stands still, so that nothing but the
/// generator itself makes the ids of the next round greater.
const ROUNDS: usize = 8;

/// Words that each thread got in each round.
type Harvest = Vec<Vec<u128>>;

pub(crate) fn check(suite: &Suite<'_>, seed: u64) -> Result<(), Violation> {
    let schedule = suite.schedule(seed);
    let start_tick = suite.schedule(seed).start_tick / 2 + 1;
    let tick_length = suite.scheme.timebase.map_or(Duration::from_millis(1), |base| base.tick());
    let ticks = Arc::new(ScriptedTicks::new(start_tick, tick_length));
    let window = Window::from_start(start_tick);
    let (workers, expectation) = start(suite, &schedule, &ticks, window, THREADS)?;

    let barrier = Barrier::new(workers.len());
    let harvests: Vec<Result<Harvest, Violation>> = thread::scope(|scope| {
        let threads: Vec<_> = (0_u64..)
            .zip(workers)
            .map(|(number, mut worker)| {
                let random = SplitMix64::new(seed ^ number << 32);
                let (ticks, barrier) = (&*ticks, &barrier);
                scope.spawn(move || harvest(&mut *worker, random, ticks, barrier))
            })
            .collect();
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|made| made.unwrap_or_else(|_| Err(Violation::new("a thread died")))).collect()
    });
    let harvests = harvests.into_iter().collect::<Result<Vec<_>, _>>()?;
    check_words(suite, &harvests, &expectation, ticks.highest())?;
    if suite.promise.order == Order::Strict {
        check_rounds(&harvests, &expectation)?;
    }
    Ok(())
}

/// What one thread does. It passes every barrier, whatever happens: the others wait for it.
fn harvest(
    worker: &mut dyn Worker,
    mut random: SplitMix64,
    ticks: &ScriptedTicks,
    barrier: &Barrier,
) -> Result<Harvest, Violation> {
    let mut kept = Ok(());
    let mut harvest = Vec::new();
    for round in 0..ROUNDS {
        let mut words = Vec::new();
        barrier.wait();
        if kept.is_ok() {
            kept = one_round(worker, round, &mut random, ticks, &mut words);
        }
        barrier.wait();
        harvest.push(words);
    }
    kept.map(|()| harvest)
}

fn one_round(
    worker: &mut dyn Worker,
    round: usize,
    random: &mut SplitMix64,
    ticks: &ScriptedTicks,
    words: &mut Vec<u128>,
) -> Result<(), Violation> {
    let still = round % 2 == 1;
    let calls = if still { CALLS / 10 } else { CALLS };
    for _ in 0..calls {
        let call = match random.below(8) {
            0 if !still => Call::Fill,
            1 if !still => Call::TryFill,
            2 | 3 => Call::Generate,
            _ => Call::TryGenerate,
        };
        let count =
            if call.is_batch() { 1 + usize::try_from(random.below(90)).unwrap_or(0) } else { 1 };
        match guarded(worker, call, count, words) {
            Ok(End::Done) => {}
            Ok(End::Broken(what)) => return Err(Violation::new(what)),
            // Somebody moves the clock; a stall of a thread is no fault.
            Ok(End::Stalled(stall)) if !still => {
                ticks.wait_for(stall.retry_tick().unwrap_or(u64::MAX), ticks.tick_length());
            }
            Ok(_) => {}
            Err(what) => {
                return Err(Violation::new(format!("{call:?} of {count} panicked: {what}")));
            }
        }
        if !still {
            match random.below(40) {
                0 | 1 => ticks.advance(1),
                2 => ticks.back(1),
                _ => {}
            }
            if words.len().is_multiple_of(64) {
                ticks.take_waits();
            }
        }
    }
    Ok(())
}

fn check_words(
    suite: &Suite<'_>,
    harvests: &[Harvest],
    expectation: &Expectation,
    highest: u64,
) -> Result<(), Violation> {
    let ordered = suite.scheme.layout.is_time_ordered();
    let mut oracle = if ordered { Oracle::new() } else { Oracle::unordered() };
    for (thread, harvest) in (0_u64..).zip(harvests) {
        let mut next = 0;
        for &word in harvest.iter().flatten() {
            oracle.try_see(thread, word)?;
            expectation.check_fields(word)?;
            let position = expectation.grid.position_of(word);
            ensure!(position >= next, "id {word} of thread {thread} is out of order");
            next = position + u128::from(expectation.grid.is_exact());
            let tick = expectation.grid.tick_of(position);
            let last = u128::from(highest) + u128::from(expectation.drift);
            ensure!(
                tick >= expectation.window.start().into() && tick <= last,
                "id {word} of thread {thread} is of tick {tick}, not of the window from {} on, and up to {last}",
                expectation.window.start(),
            );
        }
    }
    Ok(())
}

/// What was got after a barrier is greater than all that was got before it.
fn check_rounds(harvests: &[Harvest], expectation: &Expectation) -> Result<(), Violation> {
    let exact = u128::from(expectation.grid.is_exact());
    let mut next = 0;
    for round in 0..ROUNDS {
        let words = || harvests.iter().flat_map(|harvest| &harvest[round]);
        let mut greatest = next;
        for &word in words() {
            let position = expectation.grid.position_of(word);
            ensure!(
                position >= next,
                "id {word} is out of order: a thread got it after a barrier, and before it another got one of position {}",
                next - exact,
            );
            greatest = greatest.max(position + exact);
        }
        next = greatest;
    }
    Ok(())
}
