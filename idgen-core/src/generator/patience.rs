//! Waiting for an id, up to a bound.

use core::time::Duration;

use crate::clock::Ticks;
use crate::{FillError, GenerateError, Name, Stall};

/// How often a generator looks for a new window while it waits for one.
const WINDOW_POLL: Duration = Duration::from_millis(1);

/// Most pauses of a wait. Each counts for its share of the bound at least, so that the bound is reached
/// also by a clock that stands still.
const MOST_PAUSES: u32 = 1_000_000;

/// How a generator waits: for the tick that a stall names, or for a window, up to a bound that is reached also by
/// a clock that stands still. No lock is held while it does.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::clock::{Clock, ClockTicks, ScriptedClock};
/// use idgen_core::generator::Patience;
/// use idgen_core::{Name, Stall, Timebase, UnixTime};
///
/// let millis = Timebase::new(UnixTime::EPOCH, Duration::from_millis(1));
/// let clock = ScriptedClock::at(UnixTime::from_millis(1_000));
/// let ticks = ClockTicks::new(&clock, millis);
/// let patience = Patience::new(&ticks, Duration::from_millis(5), Name::new("snowflake"));
///
/// let stall = Stall::SequenceExhausted { now: 1_000, last: 1_010, retry: 1_003 };
/// assert_eq!(patience.until(stall, || Ok(7)), Ok(7));
/// assert_eq!(clock.wall(), UnixTime::from_millis(1_003));
/// let far = Stall::SequenceExhausted { now: 1_003, last: 1_999, retry: 2_000 };
/// assert!(patience.until(far, || Err::<(), _>(far)).is_err());
/// assert_eq!(clock.wall(), UnixTime::from_millis(1_008));
/// ```
#[derive(Debug)]
pub struct Patience<'a, T> {
    ticks: &'a T,
    max_wait: Duration,
    scheme: Name,
}

impl<'a, T: Ticks> Patience<'a, T> {
    /// Waits on these ticks for at most `max_wait` each time, for ids of this scheme.
    pub const fn new(ticks: &'a T, max_wait: Duration, scheme: Name) -> Self {
        Self { ticks, max_wait, scheme }
    }

    /// Fills `out` by attempts that each fill a part, and waits between them where it must.
    ///
    /// # Errors
    /// Why the rest could not be had within the bound, and how much was.
    #[inline]
    pub fn fill<I>(
        &self,
        out: &mut [I],
        attempt: impl Fn(&mut [I]) -> Result<usize, Stall>,
    ) -> Result<(), FillError> {
        let mut filled = 0;
        while filled < out.len() {
            filled += match attempt(&mut out[filled..]) {
                Ok(len) => len,
                Err(stall) => self
                    .until(stall, || attempt(&mut out[filled..]))
                    .map_err(|error| FillError::new(filled, out.len(), error))?,
            };
        }
        Ok(())
    }

    /// Waits and tries again, until it works or the bound on waits is reached.
    ///
    /// # Errors
    /// Why it did not work within the bound; at once where waiting is of no use.
    #[cold]
    pub fn until<R>(
        &self,
        mut stall: Stall,
        mut attempt: impl FnMut() -> Result<R, Stall>,
    ) -> Result<R, GenerateError> {
        let least = (self.max_wait / MOST_PAUSES).max(Duration::from_nanos(1));
        let mut waited = Duration::ZERO;
        loop {
            let left = self.max_wait.saturating_sub(waited);
            if left.is_zero() || matches!(stall, Stall::LayoutEnded { .. }) {
                return Err(GenerateError::from_stall(self.scheme, stall, waited));
            }
            let paused = match stall.retry_tick() {
                Some(tick) => self.ticks.wait_for(tick, left),
                None => self.ticks.wait_for(u64::MAX, left.min(WINDOW_POLL)),
            };
            waited += paused.max(least);
            match attempt() {
                Ok(made) => return Ok(made),
                Err(again) => stall = again,
            }
        }
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
#[allow(clippy::unwrap_used, reason = "a wait that ends well should panic")]
mod tests {
    use core::cell::Cell;
    use std::sync::Mutex;

    use super::*;
    use crate::clock::{Clock, ClockTicks};
    use crate::{Timebase, UnixTime};

    const MAX_WAIT: Duration = Duration::from_secs(1);

    /// A clock that stands still, also while it is waited on. It remembers for how long it was.
    #[derive(Debug, Default)]
    struct Frozen {
        waits: Mutex<Vec<Duration>>,
    }

    impl Clock for Frozen {
        fn wall(&self) -> UnixTime {
            UnixTime::from_millis(1_000)
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }

        fn wait(&self, duration: Duration) {
            self.waits.lock().unwrap().push(duration);
        }
    }

    fn outlasts(ticks: &impl Ticks, stall: Stall) -> (GenerateError, u32) {
        let patience = Patience::new(ticks, MAX_WAIT, Name::new("frozen"));
        let attempts = Cell::new(0);
        let attempt = || {
            attempts.set(attempts.get() + 1);
            assert!(attempts.get() <= 2_000_000, "it waits without end");
            Err::<(), _>(stall)
        };
        (patience.until(stall, attempt).unwrap_err(), attempts.get())
    }

    /// A pause that the clock shows nothing of is taken for as long as it was asked for.
    #[test]
    fn a_clock_that_stands_still_is_waited_for_up_to_the_bound() {
        let stalls = [
            Stall::WindowEnded { now: 1_000, end: 900 },
            Stall::SequenceExhausted { now: 1_000, last: 1_010, retry: 1_001 },
            Stall::ClockRegressed { now: 1_000, last: 90_000, retry: 80_000 },
        ];
        for stall in stalls {
            let clock = Frozen::default();
            let base = Timebase::new(UnixTime::EPOCH, Duration::from_millis(1));
            outlasts(&ClockTicks::new(&clock, base), stall);
            let waits: Duration = clock.waits.lock().unwrap().iter().sum();
            assert_eq!(waits, MAX_WAIT, "{stall:?}");
        }
    }

    /// Ticks that say that no time passed at all.
    #[derive(Debug)]
    struct Instant;

    impl Ticks for Instant {
        fn now(&self) -> u64 {
            1_000
        }

        fn wait_for(&self, _: u64, _: Duration) -> Duration {
            Duration::ZERO
        }
    }

    #[test]
    fn pauses_of_no_length_are_counted() {
        let (_, attempts) = outlasts(&Instant, Stall::WindowEnded { now: 1_000, end: 900 });
        assert_eq!(attempts, 1_000_000);
    }
}
