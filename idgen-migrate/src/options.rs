//! How a migration is carried out: patience, pace, and who looks on.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idgen_core::clock::{Clock, SystemClock};

use crate::{Error, Phase};

/// How locks are asked for: ever more patiently, and not for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// How long the first attempt waits.
    pub first: Duration,
    /// How long any attempt waits at most: what waits for a lock holds up all who come after it.
    pub longest: Duration,
    /// How many attempts there are.
    pub attempts: u32,
    /// How long others have the table to themselves between two attempts, at least: where an attempt may have
    /// held them up for longer, as long as that.
    pub pause: Duration,
}

impl Default for Ladder {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(50),
            longest: Duration::from_secs(2),
            attempts: 20,
            pause: Duration::from_millis(200),
        }
    }
}

impl Ladder {
    /// How long the attempt of this number waits, counted from 0: twice as long as the one before.
    #[must_use]
    pub fn wait(&self, attempt: u32) -> Duration {
        self.first.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(self.longest)
    }

    /// How long others have the table to themselves after an attempt that may have held them up for so long:
    /// whoever had to wait behind it is through by then, if nobody needs more than half of the time.
    #[must_use]
    pub fn rest(&self, held_up: Duration) -> Duration {
        self.pause.max(held_up)
    }
}

/// Who is told of progress.
pub trait Watch: Send + Sync {
    /// A step of the schema begins.
    fn step(&self, _title: &str) {}
    /// So many of so many rows were filled.
    fn rows(&self, _what: &str, _done: i64, _of: i64) {}
    /// The backfill waits, and why.
    fn waits(&self, _why: &str) {}
    /// The gate of a phase waits, and for whom.
    fn gate(&self, _into: Phase, _whom: &str) {}
}

/// Looks away.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// How a migration is carried out.
#[derive(Clone)]
pub struct Options {
    /// Who does it, for the audit trail.
    pub who: String,
    /// How locks are asked for.
    pub ladder: Ladder,
    /// Rows of a chunk.
    pub chunk_rows: i64,
    /// Workers of the backfill at once.
    pub workers: usize,
    /// Which part of its time a worker works, from 0 to 1; it rests for the others. Where there is none: all of
    /// it, and half where one writes at a time.
    pub duty: Option<f64>,
    /// How far the farthest replica may lag before the backfill waits.
    pub max_lag: Duration,
    /// How long the backfill waits for a replica that lags farther, before it gives up and names it.
    pub lag_patience: Duration,
    /// How long to wait for transactions from before the end of the backfill.
    pub patience: Duration,
    /// How long a gate waits for instances of the app that do not act by the phase yet, and for the fence.
    pub gate_patience: Duration,
    /// How often a chunk is tried again after a deadlock, or with a new connection.
    pub retries: u32,
    /// How long a worker of the backfill waits for an answer at most, before it takes its connection for lost.
    pub answer_within: Duration,
    /// An instance of the app that was not seen for so long is gone.
    pub instance_gone: Duration,
    /// For how long nobody may have written without new ids before old ids are let go.
    pub quiet: Duration,
    /// Checks that need not hold, by name.
    pub accepted: Vec<String>,
    /// Who is told of progress.
    pub watch: Arc<dyn Watch>,
    /// What reads the time.
    pub clock: Arc<dyn Clock>,
    /// Where tests stop it.
    pub failpoints: Failpoints,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            who: "somebody".into(),
            ladder: Ladder::default(),
            chunk_rows: 2_000,
            workers: 2,
            duty: None,
            max_lag: Duration::from_secs(5),
            lag_patience: Duration::from_secs(600),
            patience: Duration::from_secs(60),
            gate_patience: Duration::ZERO,
            retries: 20,
            answer_within: Duration::from_secs(300),
            instance_gone: Duration::from_secs(30),
            quiet: Duration::from_secs(60),
            accepted: Vec::new(),
            watch: Arc::new(Unwatched),
            clock: Arc::new(SystemClock),
            failpoints: Failpoints::default(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("who", &self.who)
            .field("ladder", &self.ladder)
            .field("chunk_rows", &self.chunk_rows)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

/// Places where a test can stop a migration, as a crash would: without tidying up.
///
/// They count themselves, so that a test can find out how many there are and stop at each.
#[derive(Clone, Debug, Default)]
pub struct Failpoints {
    state: Arc<Mutex<Passed>>,
}

#[derive(Debug, Default)]
struct Passed {
    names: Vec<String>,
    stop_at: Option<usize>,
}

impl Failpoints {
    /// Stops at the failpoint of this number, counted from 0.
    #[must_use]
    pub fn stop_at(number: usize) -> Self {
        Self { state: Arc::new(Mutex::new(Passed { names: Vec::new(), stop_at: Some(number) })) }
    }

    /// The names of those that were passed, in order.
    #[must_use]
    pub fn passed(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).names.clone()
    }

    pub(crate) fn pass(&self, name: impl Into<String>) -> Result<(), Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name.into();
        if state.stop_at.is_some_and(|number| state.names.len() >= number) {
            return Err(Error::Failpoint(name));
        }
        // In ordinary use nobody asks for the names, and there are a few for each chunk.
        state.names.push(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_doubles_and_has_a_top() {
        let ladder = Ladder::default();
        let waits: Vec<_> = (0..8).map(|attempt| ladder.wait(attempt).as_millis()).collect();
        assert_eq!(waits, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
        assert_eq!(ladder.wait(200), ladder.longest);
        let rests: Vec<_> = (0..8).map(|n| ladder.rest(ladder.wait(n)).as_millis()).collect();
        assert_eq!(rests, [200, 200, 200, 400, 800, 1_600, 2_000, 2_000]);
    }

    #[test]
    fn a_failpoint_stops_at_its_number_and_for_good() {
        let points = Failpoints::stop_at(1);
        assert!(points.pass("a").is_ok());
        assert!(points.pass("b").is_err() && points.pass("c").is_err());
        assert_eq!(points.passed(), ["a"]);
    }
}
