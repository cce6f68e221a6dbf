//! A clock as a line of positions sees it: the number of the tick that is now.

use core::time::Duration;

use super::Clock;
use crate::Timebase;

/// Tells which tick is now.
///
/// A line takes any answer, however wrong: a tick too low makes ids older than they are, and a
/// tick that falls makes a line go on from its last position and stall at its horizon. No
/// answer makes it repeat an id.
pub trait Ticks: Send + Sync {
    /// The tick that is now, as cheaply as it can be had: it may be a little old.
    fn now(&self) -> u64;

    /// The tick that is now, read from the clock itself.
    fn read(&self) -> u64 {
        self.now()
    }

    /// Whether [`now`](Self::now) is a number kept in memory, which many ids have in common, rather
    /// than a reading of a clock for each.
    #[inline]
    fn is_kept(&self) -> bool {
        false
    }

    /// Blocks until the tick is reached, or about `at_most` has passed, or a little earlier, and
    /// says how long it was.
    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration;

    /// Says that ids of this tick have been issued by an earlier process, as
    /// [`Clock::go_on_from`] does.
    fn go_on_from(&self, tick: u64) {
        let _ = tick;
    }

    /// How many positions at the beginning of a tick are left out: none, but where generators that
    /// do not know of each other should begin a tick at different places.
    #[inline]
    fn skip(&self, _tick: u64) -> u64 {
        0
    }
}

impl<T: Ticks + ?Sized> Ticks for &T {
    #[inline]
    fn now(&self) -> u64 {
        (**self).now()
    }

    fn read(&self) -> u64 {
        (**self).read()
    }

    #[inline]
    fn is_kept(&self) -> bool {
        (**self).is_kept()
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        (**self).wait_for(tick, at_most)
    }

    fn go_on_from(&self, tick: u64) {
        (**self).go_on_from(tick);
    }

    #[inline]
    fn skip(&self, tick: u64) -> u64 {
        (**self).skip(tick)
    }
}

#[cfg(feature = "alloc")]
impl<T: Ticks + ?Sized> Ticks for alloc::sync::Arc<T> {
    #[inline]
    fn now(&self) -> u64 {
        (**self).now()
    }

    fn read(&self) -> u64 {
        (**self).read()
    }

    #[inline]
    fn is_kept(&self) -> bool {
        (**self).is_kept()
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        (**self).wait_for(tick, at_most)
    }

    fn go_on_from(&self, tick: u64) {
        (**self).go_on_from(tick);
    }

    #[inline]
    fn skip(&self, tick: u64) -> u64 {
        (**self).skip(tick)
    }
}

/// Ticks of a clock that is read for each id: nothing runs in the background, and a clock read
/// (some 20 ns on Linux) is paid each time.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::clock::{ClockTicks, ScriptedClock, Ticks};
/// use idgen_core::{Timebase, UnixTime};
///
/// let base = Timebase::new(UnixTime::EPOCH, Duration::from_millis(10));
/// let ticks = ClockTicks::new(ScriptedClock::at(UnixTime::from_millis(57)), base);
/// assert_eq!(ticks.now(), 5);
/// assert_eq!(ticks.wait_for(7, Duration::from_secs(1)), Duration::from_millis(13));
/// assert_eq!(ticks.now(), 7);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ClockTicks<C> {
    clock: C,
    timebase: Timebase,
}

impl<C: Clock> ClockTicks<C> {
    /// Ticks of this timebase, read from this clock.
    pub const fn new(clock: C, timebase: Timebase) -> Self {
        Self { clock, timebase }
    }

    /// The clock.
    pub const fn clock(&self) -> &C {
        &self.clock
    }

    /// Epoch and tick length.
    pub const fn timebase(&self) -> &Timebase {
        &self.timebase
    }
}

impl<C: Clock> Ticks for ClockTicks<C> {
    #[inline]
    fn now(&self) -> u64 {
        self.timebase.nearest_tick(self.clock.wall())
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        wait_for(&self.clock, &self.timebase, tick, at_most)
    }

    fn go_on_from(&self, tick: u64) {
        self.clock.go_on_from(self.timebase.time_of(tick));
    }
}

/// The ticks of a line without a clock: always 0, so that only claims, windows and what the line
/// observes move it on. For number ranges and logical clocks.
///
/// The clock in it is for waiting alone.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::clock::{Timeless, ScriptedClock, Ticks};
/// use idgen_core::UnixTime;
///
/// let ticks = Timeless::new(ScriptedClock::at(UnixTime::from_seconds(1_000)));
/// assert_eq!(ticks.now(), 0);
/// assert_eq!(ticks.wait_for(5, Duration::from_millis(1)), Duration::from_millis(1));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeless<C> {
    clock: C,
}

impl<C: Clock> Timeless<C> {
    /// No ticks; waits on this clock.
    pub const fn new(clock: C) -> Self {
        Self { clock }
    }
}

impl<C: Clock> Ticks for Timeless<C> {
    #[inline]
    fn now(&self) -> u64 {
        0
    }

    fn wait_for(&self, _: u64, at_most: Duration) -> Duration {
        self.clock.wait(at_most);
        at_most
    }
}

/// Waits on a clock until a tick of a timebase begins, at most so long. A wait that the clock shows nothing of, for
/// it stands still, is taken for as long as it was to be.
pub(super) fn wait_for(
    clock: &(impl Clock + ?Sized),
    timebase: &Timebase,
    tick: u64,
    at_most: Duration,
) -> Duration {
    let until = timebase.time_of(tick).as_nanos() - clock.wall().as_nanos();
    let until = Duration::from_nanos(u64::try_from(until.max(0)).unwrap_or(u64::MAX));
    let (before, wait) = (clock.monotonic(), until.min(at_most));
    clock.wait(wait);
    let waited = clock.monotonic().saturating_sub(before);
    if waited.is_zero() { wait } else { waited }
}
