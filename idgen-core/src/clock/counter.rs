//! Wall time by the processor's own counter.

use core::time::Duration;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Clock, SystemClock};
use crate::UnixTime;

/// How long the counter is trusted before the wall clock is read again.
const TRUSTED: Duration = Duration::from_millis(1);

/// A clock that reads the processor's time-stamp counter, and another clock every millisecond: for
/// ids that need a time of their own each, at about half of what the operating system's clock takes.
///
/// A step of the other clock shows after a millisecond at most, and so does a counter that stood
/// still while the machine slept. Where the processor has no steady counter, it is the operating
/// system's monotonic clock that is read.
///
/// # Example
/// ```
/// use idgen_core::clock::{Clock, CounterClock, SystemClock};
///
/// let clock = CounterClock::new();
/// let apart = clock.wall().as_millis() - SystemClock.wall().as_millis();
/// assert!(apart.abs() < 1_000);
/// ```
pub struct CounterClock<C = SystemClock> {
    counter: quanta::Clock,
    wall: C,
    /// What is to be added to the counter's nanoseconds for those since 1970, modulo 2^64. Relaxed
    /// ordering: beside an old `until` it is read again too early, and an old one beside a new
    /// `until` is used for a millisecond more.
    offset: AtomicU64,
    /// The counter's nanoseconds at which the wall clock has to be read again; 0 at the beginning.
    until: AtomicU64,
}

impl CounterClock {
    /// The counter, held against the operating system's wall clock.
    ///
    /// The first one of a process finds out how fast the counter is, which takes a moment. A child that is forked in that
    /// moment waits without end if it makes one, too: make one before you fork.
    #[must_use]
    pub fn new() -> Self {
        Self::against(SystemClock)
    }
}

impl Default for CounterClock {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Clock> CounterClock<C> {
    /// The counter, held against this clock.
    pub fn against(wall: C) -> Self {
        let (offset, until) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { counter: quanta::Clock::new(), wall, offset, until }
    }

    /// The counter's nanoseconds, since whenever it was 0.
    #[inline]
    fn nanos(&self) -> u64 {
        self.counter.delta_as_nanos(0, self.counter.raw())
    }

    #[cold]
    fn read_wall(&self) -> UnixTime {
        let (nanos, wall) = (self.nanos(), self.wall.wall());
        // 292 years on either side of 1970; a time beyond is read anew each time.
        if let Ok(since_1970) = i64::try_from(wall.as_nanos()) {
            let offset = since_1970.cast_unsigned().wrapping_sub(nanos);
            self.offset.store(offset, Ordering::Relaxed);
            let trusted = u64::try_from(TRUSTED.as_nanos()).unwrap_or(0);
            self.until.store(nanos.saturating_add(trusted), Ordering::Relaxed);
        }
        wall
    }
}

impl<C: Clock> Clock for CounterClock<C> {
    #[inline]
    fn wall(&self) -> UnixTime {
        let nanos = self.nanos();
        if nanos >= self.until.load(Ordering::Relaxed) {
            return self.read_wall();
        }
        let since_1970 = nanos.wrapping_add(self.offset.load(Ordering::Relaxed));
        UnixTime::from_nanos(since_1970.cast_signed().into())
    }

    fn monotonic(&self) -> Duration {
        self.wall.monotonic()
    }

    fn wait(&self, duration: Duration) {
        self.wall.wait(duration);
    }
}

impl<C: fmt::Debug> fmt::Debug for CounterClock<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CounterClock").field("wall", &self.wall).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ScriptedClock;

    #[test]
    fn it_follows_every_step_of_the_clock_that_it_is_held_against() {
        let script = ScriptedClock::at(UnixTime::from_seconds(1_000));
        let clock = CounterClock::against(&script);
        for seconds in [1_000, 5_000, 2_000, -7] {
            let shown = UnixTime::from_seconds(seconds);
            script.set(shown);
            // Until then it goes on from the last time that it has read.
            while clock.wall() != shown {
                std::thread::yield_now();
            }
            let later = clock.wall().as_nanos() - shown.as_nanos();
            assert!((0..=1_000_000).contains(&later), "{later} ns after {seconds} s");
        }
    }
}
