//! What the next answer of a generator may be: the line of positions, as a model.
//!
//! The model knows the last id of each worker, the clock's tick before and after a call, the
//! window and the drift. From these follow the first position that may come, the horizon, and
//! with them whether a stall is right and what it must say.

use core::time::Duration;

use idgen_core::{GenerateError, Name, Stall, Window};

use crate::grid::Grid;
use crate::violation::ensure;
use crate::worker::End;
use crate::{Call, Violation};

/// A model of one generator, from its making to its end.
#[derive(Debug)]
pub(crate) struct Expectation {
    pub(crate) grid: Grid,
    pub(crate) scheme: Name,
    pub(crate) window: Window,
    pub(crate) node: u64,
    pub(crate) block_bits: u32,
    /// Ticks that ids may run ahead of the clock.
    pub(crate) drift: u64,
    pub(crate) max_wait: Duration,
    pub(crate) tick_length: Duration,
    /// Positions that may be left out before the next id, by promise.
    pub(crate) slack: u128,
    /// Positions that are gone with a batch that failed.
    lost: u128,
    /// The position after the greatest one issued; at first, the window's start.
    frontier: u128,
    /// For each worker, the position after its last one.
    after_last: Vec<u128>,
    /// The latest tick that the clock has shown.
    latest: u64,
}

/// One call, as it was seen from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) worker: usize,
    pub(crate) call: Call,
    /// The clock's tick before the call, and after it.
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) waited: Duration,
    pub(crate) words: &'a [u128],
    pub(crate) end: &'a End,
}

/// The facts that an attempt stalled on.
#[derive(Clone, Copy, Debug)]
struct Stuck {
    now: u64,
    /// The first position that may come next, and the last.
    least: u128,
    most: u128,
}

impl Expectation {
    /// Completes the model of a generator that has issued nothing.
    pub(crate) fn begin(mut self, workers: usize, now: u64) -> Self {
        self.frontier = self.grid.first_of(self.window.start().into());
        self.after_last = vec![0; workers];
        self.latest = now;
        self
    }

    /// A model with these constants, to be completed and then [begun](Self::begin).
    pub(crate) fn of(grid: Grid, scheme: Name, window: Window) -> Self {
        Self {
            grid,
            scheme,
            window,
            node: 0,
            block_bits: 0,
            drift: 0,
            max_wait: Duration::ZERO,
            tick_length: Duration::ZERO,
            slack: 0,
            lost: 0,
            frontier: 0,
            after_last: Vec::new(),
            latest: 0,
        }
    }

    /// Holds a call against the model, and remembers it.
    pub(crate) fn check(&mut self, seen: &Seen<'_>) -> Result<(), Violation> {
        self.latest = self.latest.max(seen.before);
        for &word in seen.words {
            self.check_word(word, seen)?;
        }
        self.latest = self.latest.max(seen.after);
        match seen.end {
            End::Done => Ok(()),
            End::Stalled(stall) => self.check_stall(*stall, seen.before),
            End::Failed { error, lost } => {
                self.lost += *lost as u128;
                self.check_waits(error, seen)?;
                self.check_stall(self.stall_of(error)?, seen.after)
            }
            End::Broken(what) => Err(Violation::new(what.clone())),
        }
    }

    /// How many ids can come before a stall, at this tick: an upper bound.
    pub(crate) fn room(&self, now: u64) -> u128 {
        let start = self.frontier.max(self.grid.first_of(now.into()));
        self.horizon(now).saturating_sub(start)
    }

    fn check_word(&mut self, word: u128, seen: &Seen<'_>) -> Result<(), Violation> {
        self.check_fields(word)?;
        let parts = self.grid.layout().unpack(word);
        let (tick, now) = (parts.tick, seen.after);
        ensure!(
            self.window.start() <= tick && tick < self.window.end(),
            "id {word} is of tick {tick}, outside the window {}..{}",
            self.window.start(),
            self.window.end(),
        );
        ensure!(
            tick <= now.saturating_add(self.drift),
            "id {word} is of tick {tick}, past the horizon: the clock shows {now}, and ids may run {} ticks ahead",
            self.drift,
        );
        ensure!(
            tick >= seen.before,
            "id {word} is of tick {tick}, before the clock's {}: it is older than it should be",
            seen.before,
        );
        let position = self.grid.position_of(word);
        let after_last = &mut self.after_last[seen.worker];
        ensure!(
            position >= *after_last,
            "id {word} is out of order: it is of position {position}, and the last one of worker {} was of {}",
            seen.worker,
            *after_last - 1,
        );
        let next = if self.grid.is_exact() { position + 1 } else { position };
        *after_last = next;
        let most = self.most(now);
        ensure!(
            !self.grid.is_exact() || position <= most,
            "id {word} is of position {position}, but the line should have gone on at {} at the latest: {} ids are missing",
            most,
            position - most,
        );
        self.frontier = self.frontier.max(next);
        self.lost = 0;
        Ok(())
    }

    /// What a word must be by itself.
    pub(crate) fn check_fields(&self, word: u128) -> Result<(), Violation> {
        let layout = self.grid.layout();
        if let Err(error) = layout.check(word) {
            return Err(Violation::new(format!("word {word} is no id of the scheme: {error}")));
        }
        let node = layout.unpack(word).node;
        let last = self.node + ((1_u64 << self.block_bits) - 1);
        ensure!(
            self.node <= node && node <= last,
            "id {word} is of node {node}, and not of {}..={last} as it was told",
            self.node,
        );
        Ok(())
    }

    /// The last position that may come next: one more is a position left out.
    fn most(&self, now: u64) -> u128 {
        let start = self.frontier.max(self.grid.first_of(now.into()));
        start + self.slack + self.lost
    }

    fn horizon(&self, now: u64) -> u128 {
        let drifted = u128::from(now) + u128::from(self.drift) + 1;
        let end = u128::from(self.window.end()).min(self.grid.end_tick());
        self.grid.first_of(drifted.min(end))
    }

    /// How long a call waited, against how long it may.
    fn check_waits(&self, error: &GenerateError, seen: &Seen<'_>) -> Result<(), Violation> {
        let (waited, max_wait) = (seen.waited, self.max_wait);
        if error.is_sequence_overflow() || error.is_clock_skew() {
            ensure!(
                waited + self.tick_length >= max_wait,
                "gave up after {waited:?} of {max_wait:?}: {error}",
            );
        }
        ensure!(
            seen.call != Call::Generate || waited <= max_wait + self.tick_length,
            "waited {waited:?}, longer than {max_wait:?}, and failed: {error}",
        );
        Ok(())
    }

    /// What an error of waiting says, as a stall.
    fn stall_of(&self, error: &GenerateError) -> Result<Stall, Violation> {
        let (scheme, stall) = match *error {
            GenerateError::ClockSkew(error) => {
                let retry = u64::MAX; // errors do not say
                let stall = Stall::ClockRegressed { now: error.now, last: error.last, retry };
                (error.scheme, stall)
            }
            GenerateError::SequenceOverflow(error) => {
                let retry = u64::MAX;
                let stall = Stall::SequenceExhausted { now: error.now, last: error.last, retry };
                (error.scheme, stall)
            }
            GenerateError::WindowEnded(error) => {
                (error.scheme, Stall::WindowEnded { now: error.now, end: error.end })
            }
            GenerateError::LayoutEnded(error) => {
                (error.scheme, Stall::LayoutEnded { now: error.now, last: error.last })
            }
            _ => return Err(Violation::new(format!("an error the suite does not know: {error}"))),
        };
        ensure!(scheme == self.scheme, "an error speaks of the scheme {scheme}: {error}");
        Ok(stall)
    }

    /// Whether an attempt at this tick may stall, and so.
    fn check_stall(&self, stall: Stall, now: u64) -> Result<(), Violation> {
        let least = self.frontier.max(self.grid.first_of(now.into()));
        let stuck = Stuck { now, least, most: self.most(now) };
        if !self.grid.is_exact() {
            return Ok(());
        }
        ensure!(
            stuck.most >= self.horizon(now),
            "stalled although there are {} ids up to the horizon: {stall}",
            self.horizon(now) - stuck.most,
        );
        match stall {
            Stall::LayoutEnded { now, last } => {
                let end = self.grid.end_tick();
                stuck.says(now, &stall)?;
                ensure!(
                    stuck.most >= self.grid.first_of(end),
                    "says the layout is at its end, at tick {} of {end}: {stall}",
                    self.grid.tick_of(stuck.most),
                );
                ensure!(u128::from(last) + 1 >= end, "misses the layout's last tick: {stall}");
                Ok(())
            }
            Stall::WindowEnded { now, end } => {
                stuck.says(now, &stall)?;
                ensure!(
                    end == self.window.end() && stuck.most >= self.grid.first_of(end.into()),
                    "says the window is over, which ends at {}: {stall}",
                    self.window.end(),
                );
                Ok(())
            }
            Stall::SequenceExhausted { now, retry, .. } => {
                stuck.says(now, &stall)?;
                self.check_retry(&stuck, retry, &stall)
            }
            Stall::ClockRegressed { now, last, retry } => {
                stuck.says(now, &stall)?;
                ensure!(
                    now < last && last <= self.latest,
                    "blames the clock, which never showed more than {}: {stall}",
                    self.latest,
                );
                self.check_retry(&stuck, retry, &stall)
            }
            _ => Err(Violation::new(format!("a stall the suite does not know: {stall}"))),
        }
    }

    /// Whether time will help, and from which tick on.
    fn check_retry(&self, stuck: &Stuck, retry: u64, stall: &Stall) -> Result<(), Violation> {
        let end = u128::from(self.window.end()).min(self.grid.end_tick());
        ensure!(
            stuck.least < self.grid.first_of(end),
            "hopes for a later tick, but tick {end} is the end of window or layout: {stall}",
        );
        let drift = u128::from(self.drift);
        let tick = |position| self.grid.tick_of(position).saturating_sub(drift);
        let (least, most) = (tick(stuck.least), tick(stuck.most));
        ensure!(
            retry == u64::MAX || (least..=most).contains(&retry.into()),
            "should say that there are ids again at tick {least}: {stall}",
        );
        Ok(())
    }
}

impl Stuck {
    fn says(&self, now: u64, stall: &Stall) -> Result<(), Violation> {
        ensure!(now == self.now, "the clock shows tick {}, and it says: {stall}", self.now);
        Ok(())
    }
}
