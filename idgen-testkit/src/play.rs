//! Playing a schedule: one thing after the other, each answer held against the model.

use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use idgen_core::Window;
use idgen_core::clock::Ticks;

use crate::expectation::{Expectation, Seen};
use crate::grid::Grid;
use crate::suite::Suite;
use crate::violation::ensure;
use crate::worker::{End, Worker, Workers};
use crate::{Call, Event, Oracle, Schedule, ScriptedTicks, Setup, Violation};

/// Ids that `Event::Exhaust` asks for at once.
const CHUNK: usize = 1_000;

/// Chunks that it asks for at most.
const MAX_CHUNKS: usize = 132;

/// Ticks that a generator may wait for an id.
const MAX_WAIT_TICKS: u32 = 8;

/// What has become of a schedule so far.
pub(crate) struct Play<'s, 'a> {
    suite: &'s Suite<'a>,
    schedule: &'s Schedule,
    ticks: Arc<ScriptedTicks>,
    oracle: Oracle,
    /// Generators that have lived before this one.
    crashes: u64,
    /// Calls made, so that several workers take turns.
    calls: usize,
    workers: Workers<'a>,
    expectation: Expectation,
    words: Vec<u128>,
}

impl<'s, 'a> Play<'s, 'a> {
    pub(crate) fn begin(suite: &'s Suite<'a>, schedule: &'s Schedule) -> Result<Self, Violation> {
        let tick_length =
            suite.scheme.timebase.map_or(Duration::from_millis(1), |base| base.tick());
        let ticks = Arc::new(ScriptedTicks::new(schedule.start_tick, tick_length));
        let end = schedule.start_tick.saturating_add(schedule.window_ticks);
        let window = Window::new(schedule.start_tick, end)
            .map_err(|error| Violation::new(format!("the schedule has no window: {error}")))?;
        let (workers, expectation) = start(suite, schedule, &ticks, window, 1)?;
        let ordered = suite.scheme.layout.is_time_ordered();
        Ok(Self {
            suite,
            schedule,
            ticks,
            oracle: if ordered { Oracle::new() } else { Oracle::unordered() },
            crashes: 0,
            calls: 0,
            workers,
            expectation,
            words: Vec::new(),
        })
    }

    /// Lets one thing happen. `false` where nothing can follow, because the layout has no tick
    /// left for another generator.
    pub(crate) fn happen(&mut self, event: Event) -> Result<bool, Violation> {
        match event {
            Event::Advance(count) => self.ticks.advance(count),
            Event::Back(count) => self.ticks.back(count),
            Event::Jump(tick) => self.ticks.set(tick),
            Event::Settle => self.ticks.set(self.expectation.window.start()),
            Event::Freeze => self.ticks.freeze(),
            Event::Thaw => self.ticks.thaw(),
            Event::Call(call, count) if call.is_batch() && !self.only_tries() => {
                self.call(call, count)?;
            }
            Event::Call(call, count) => {
                for _ in 0..count {
                    self.call(call, 1)?;
                }
            }
            Event::Exhaust => self.exhaust()?,
            Event::Poll(count) => {
                for i in 0..count {
                    let call = if i % 2 == 0 { Call::TryGenerate } else { Call::TryFill };
                    self.call(call, 1 + i % 3)?;
                }
            }
            Event::Restart(length) => return self.restart(length),
        }
        Ok(true)
    }

    fn only_tries(&self) -> bool {
        self.workers.iter().all(|worker| worker.only_tries())
    }

    /// Makes one call, by the worker whose turn it is.
    fn call(&mut self, call: Call, count: usize) -> Result<End, Violation> {
        let turn = self.calls % self.workers.len();
        self.calls += 1;
        self.words.clear();
        let before = self.ticks.now();
        let end = guarded(&mut *self.workers[turn], call, count, &mut self.words)
            .map_err(|what| Violation::new(format!("{call:?} of {count} panicked: {what}")))?;
        let waited = self.ticks.take_waits().iter().map(|wait| wait.waited).sum();
        let seen = Seen {
            worker: turn,
            call,
            before,
            after: self.ticks.now(),
            waited,
            words: &self.words,
            end: &end,
        };
        let place = |violation| in_call(&violation, call, count, before);
        // Repeats first: they are the worst of what can be wrong with an id.
        let maker = self.crashes * self.workers.len() as u64 + turn as u64;
        for &word in &self.words {
            self.oracle.try_see(maker, word).map_err(place)?;
        }
        self.expectation.check(&seen).map_err(place)?;
        Ok(end)
    }

    fn exhaust(&mut self) -> Result<(), Violation> {
        let room = self.expectation.room(self.ticks.now());
        let tries = self.only_tries();
        let chunks = if tries { MAX_CHUNKS * CHUNK } else { MAX_CHUNKS };
        // The last chunk may be a part of one, and the stall comes after it.
        for _ in 0..=chunks {
            if let End::Stalled(_) = self.call(Call::TryFill, CHUNK)? {
                return Ok(());
            }
        }
        ensure!(
            room >= (MAX_CHUNKS * CHUNK) as u128,
            "there was room for {room} ids, and after {} there was no stall",
            MAX_CHUNKS * CHUNK,
        );
        Ok(())
    }

    fn restart(&mut self, length: u64) -> Result<bool, Violation> {
        let start_tick = self.expectation.window.end().max(self.ticks.now());
        let window = Window::new(start_tick, start_tick.saturating_add(length));
        let Some(window) =
            window.ok().filter(|_| u128::from(start_tick) < self.expectation.grid.end_tick())
        else {
            return Ok(false);
        };
        self.crashes += 1;
        self.workers.clear();
        (self.workers, self.expectation) =
            start(self.suite, self.schedule, &self.ticks, window, 1)?;
        Ok(true)
    }
}

/// Makes a generator with so many workers, and the model of it.
pub(crate) fn start<'a>(
    suite: &Suite<'a>,
    schedule: &Schedule,
    ticks: &Arc<ScriptedTicks>,
    window: Window,
    workers: usize,
) -> Result<(Workers<'a>, Expectation), Violation> {
    let setup = Setup {
        ticks: Arc::clone(ticks),
        window,
        node: schedule.node,
        block_bits: suite.promise.block_bits,
        max_drift_ticks: schedule.max_drift_ticks,
        max_wait: ticks.tick_length() * MAX_WAIT_TICKS,
    };
    let max_wait = setup.max_wait;
    let made = catch_unwind(AssertUnwindSafe(|| (suite.make)(setup, workers)));
    let workers = made
        .map_err(|panic| Violation::new(format!("making it panicked: {}", message(&*panic))))?
        .map_err(|error| {
            Violation::new(format!(
                "no generator was made for node id {} and the window {}..{}: {error}",
                schedule.node,
                window.start(),
                window.end(),
            ))
        })?;
    ensure!(!workers.is_empty(), "no lane was made");
    let grid = Grid::of(&suite.scheme, suite.promise.block_bits);
    let mut expectation = Expectation::of(grid, suite.scheme.name, window);
    expectation.node = schedule.node;
    expectation.block_bits = suite.promise.block_bits;
    expectation.drift = match suite.scheme.timebase {
        // Without time there is no drift from it: the window alone is the horizon.
        None => u64::MAX,
        Some(_) if suite.promise.borrows => schedule.max_drift_ticks,
        Some(_) => 0,
    };
    expectation.max_wait = max_wait;
    expectation.tick_length = ticks.tick_length();
    expectation.slack = u128::from(suite.promise.max_skip) * workers.len() as u128;
    let expectation = expectation.begin(workers.len(), ticks.now());
    Ok((workers, expectation))
}

/// A call whose panic is an answer.
pub(crate) fn guarded(
    worker: &mut dyn Worker,
    call: Call,
    count: usize,
    words: &mut Vec<u128>,
) -> Result<End, String> {
    catch_unwind(AssertUnwindSafe(|| worker.call(call, count, words)))
        .map_err(|panic| message(&*panic).to_owned())
}

fn message(panic: &(dyn core::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn in_call(violation: &Violation, call: Call, count: usize, tick: u64) -> Violation {
    Violation::new(format!("{violation}\n  in {call:?} of {count}, at tick {tick}"))
}
