//! A clock that shows what a test tells it to.

use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use core::time::Duration;

use super::{Clock, NtpState};
use crate::UnixTime;

/// A clock that stands still until it is told to move, and whose waits move it.
///
/// Its wall time is kept in 64 bits of nanoseconds: 1677 to 2262.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::UnixTime;
/// use idgen_core::clock::{Clock, ScriptedClock};
///
/// let clock = ScriptedClock::at(UnixTime::from_seconds(1_700_000_000));
/// clock.wait(Duration::from_millis(5));
/// assert_eq!(clock.wall(), UnixTime::from_millis(1_700_000_000_005));
///
/// clock.set(UnixTime::from_seconds(1_600_000_000)); // a step back
/// assert_eq!(clock.monotonic(), Duration::from_millis(5)); // monotonic time goes on
/// ```
#[derive(Debug)]
pub struct ScriptedClock {
    /// Wall time in nanoseconds. Written by the script; each reader wants just a number, so
    /// relaxed ordering is enough.
    wall: AtomicI64,
    /// Nanoseconds that passed, by the same rules.
    monotonic: AtomicU64,
    /// What the time service says, by the same rules.
    ntp: AtomicU64,
}

impl ScriptedClock {
    /// A clock that shows this time.
    #[must_use]
    pub const fn at(time: UnixTime) -> Self {
        Self {
            wall: AtomicI64::new(nanos(time)),
            monotonic: AtomicU64::new(0),
            ntp: AtomicU64::new(NtpState::Unknown.word()),
        }
    }

    /// Steps wall time, forward or back. Monotonic time does not notice.
    pub fn set(&self, time: UnixTime) {
        self.wall.store(nanos(time), Ordering::Relaxed);
    }

    /// Says this of how well the clock is kept.
    pub fn set_ntp(&self, state: NtpState) {
        self.ntp.store(state.word(), Ordering::Relaxed);
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.wall.fetch_add(i64::try_from(nanos).unwrap_or(i64::MAX), Ordering::Relaxed);
        self.monotonic.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl Clock for ScriptedClock {
    fn wall(&self) -> UnixTime {
        UnixTime::from_nanos(self.wall.load(Ordering::Relaxed).into())
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic.load(Ordering::Relaxed))
    }

    /// Lets the time pass at once.
    fn wait(&self, duration: Duration) {
        self.advance(duration);
    }

    fn ntp(&self) -> NtpState {
        NtpState::of_word(self.ntp.load(Ordering::Relaxed))
    }
}

/// The nearest time that 64 bits of nanoseconds can say.
#[expect(clippy::cast_possible_truncation, reason = "clamped to the range before")]
const fn nanos(time: UnixTime) -> i64 {
    let nanos = time.as_nanos();
    if nanos > i64::MAX as i128 {
        i64::MAX
    } else if nanos < i64::MIN as i128 {
        i64::MIN
    } else {
        nanos as i64
    }
}
