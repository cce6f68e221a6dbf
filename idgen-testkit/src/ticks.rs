//! Ticks that show what a script says, and remember who waited.

use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use idgen_core::clock::Ticks;

/// Waits after which a generator is said to wait for ever.
const MANY_WAITS: usize = 1_000_000;

/// Ticks that stand still until a script moves them, or a wait does.
///
/// A wait returns at once. It moves the ticks on to the one waited for, as far as the bound on
/// the wait reaches, and always by one at least, as on a machine that wakes its threads late; of
/// [frozen](Self::freeze) ticks it only says that the time has passed.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::clock::Ticks;
/// use idgen_testkit::ScriptedTicks;
///
/// let ticks = ScriptedTicks::new(100, Duration::from_millis(1));
/// ticks.back(40);
/// assert_eq!(ticks.wait_for(70, Duration::from_secs(1)), Duration::from_millis(10));
/// assert_eq!((ticks.now(), ticks.highest()), (70, 100));
/// assert_eq!(ticks.take_waits()[0].tick, 70);
/// ```
#[derive(Debug)]
pub struct ScriptedTicks {
    /// The tick shown. Written under the lock of `script`; a reader wants just a number, so
    /// relaxed ordering is enough.
    now: AtomicU64,
    /// The highest tick ever shown, raised before `now` is.
    highest: AtomicU64,
    tick_length: Duration,
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    frozen: bool,
    waits: Vec<Wait>,
}

/// One wait of a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wait {
    /// The tick that was waited for.
    pub tick: u64,
    /// The bound on the wait.
    pub at_most: Duration,
    /// How long it was, by the script.
    pub waited: Duration,
}

impl ScriptedTicks {
    /// Ticks of this length that show tick `now`.
    #[must_use]
    pub fn new(now: u64, tick_length: Duration) -> Self {
        Self {
            now: AtomicU64::new(now),
            highest: AtomicU64::new(now),
            tick_length: tick_length.max(Duration::from_nanos(1)),
            script: Mutex::default(),
        }
    }

    /// Lets `count` ticks pass.
    pub fn advance(&self, count: u64) {
        self.change(|now| now.saturating_add(count));
    }

    /// Steps back by `count` ticks, at most to tick 0.
    pub fn back(&self, count: u64) {
        self.change(|now| now.saturating_sub(count));
    }

    /// Shows this tick from now on.
    pub fn set(&self, tick: u64) {
        self.change(|_| tick);
    }

    /// Waits no longer move the ticks.
    pub fn freeze(&self) {
        self.script().frozen = true;
    }

    /// Waits move the ticks again.
    pub fn thaw(&self) {
        self.script().frozen = false;
    }

    /// The highest tick ever shown.
    #[must_use]
    pub fn highest(&self) -> u64 {
        self.highest.load(Ordering::Relaxed)
    }

    /// Length of a tick.
    #[must_use]
    pub const fn tick_length(&self) -> Duration {
        self.tick_length
    }

    /// The waits since this was asked last.
    pub fn take_waits(&self) -> Vec<Wait> {
        core::mem::take(&mut self.script().waits)
    }

    fn change(&self, to: impl FnOnce(u64) -> u64) {
        let _script = self.script();
        self.show(to(self.now()));
    }

    /// Shows a tick. The caller holds the lock.
    fn show(&self, tick: u64) {
        self.highest.fetch_max(tick, Ordering::Relaxed);
        self.now.store(tick, Ordering::Relaxed);
    }

    /// A generator that panics while it waits is reported by whoever called it.
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticks for ScriptedTicks {
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// Returns at once; [`ScriptedTicks`] says what it moves.
    ///
    /// # Panics
    /// If nobody has taken a million waits from the log: somebody waits for ever.
    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        let mut script = self.script();
        let allowed = at_most.as_nanos().div_ceil(self.tick_length.as_nanos());
        let allowed = u64::try_from(allowed).unwrap_or(u64::MAX);
        let count = tick.saturating_sub(self.now()).min(allowed).max(1);
        if !script.frozen {
            self.show(self.now().saturating_add(count));
        }
        let nanos = u128::from(count) * self.tick_length.as_nanos();
        let waited = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        script.waits.push(Wait { tick, at_most, waited });
        assert!(script.waits.len() < MANY_WAITS, "waited {MANY_WAITS} times, and still waits");
        waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn frozen_ticks_pass_the_time_and_stay() {
        let ticks = ScriptedTicks::new(5, MILLI);
        ticks.freeze();
        assert_eq!(ticks.wait_for(8, 2 * MILLI), 2 * MILLI);
        assert_eq!(ticks.now(), 5);
        ticks.thaw();
        assert_eq!(ticks.wait_for(8, 2 * MILLI), 2 * MILLI);
        assert_eq!(ticks.now(), 7);
        assert_eq!(ticks.take_waits().len(), 2);
        assert!(ticks.take_waits().is_empty());
    }

    #[test]
    fn a_wait_is_a_tick_at_least() {
        let ticks = ScriptedTicks::new(5, Duration::from_secs(1));
        assert_eq!(ticks.wait_for(u64::MAX, MILLI), Duration::from_secs(1));
        assert_eq!(ticks.wait_for(0, Duration::ZERO), Duration::from_secs(1));
        assert_eq!(ticks.now(), 7);
    }

    #[test]
    fn nothing_wraps() {
        let ticks = ScriptedTicks::new(5, MILLI);
        ticks.back(6);
        assert_eq!(ticks.now(), 0);
        ticks.set(u64::MAX);
        ticks.advance(1);
        assert_eq!((ticks.now(), ticks.highest()), (u64::MAX, u64::MAX));
    }
}
