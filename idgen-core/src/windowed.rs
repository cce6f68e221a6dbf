//! A line without its types: what a lease needs of a generator.

use core::time::Duration;

use crate::clock::Ticks;
use crate::observer::Observer;
use crate::{Line, Window, WindowError};

/// What a line is to whoever leases windows for it: it takes them, and tells how far it is.
///
/// All numbers are ticks.
pub trait Windowed: Send + Sync {
    /// Grants a window, as [`Line::grant`].
    ///
    /// # Errors
    /// As there.
    fn grant(&self, window: Window) -> Result<(), WindowError>;

    /// Takes the window away, as [`Line::revoke`].
    fn revoke(&self);

    /// The tick that is now, read from the clock itself; 0 for lines without a clock.
    fn now(&self) -> u64;

    /// The first tick that nothing has been issued in or after. Exact where nobody is drawing from
    /// the line; elsewhere it may be old by then.
    fn reached(&self) -> u64;

    /// How many ticks after the clock's may be issued.
    fn max_drift(&self) -> u64;

    /// Ids of one tick, as a power of two.
    fn sequence_bits(&self) -> u32;

    /// The layout's last tick: none after it is ever issued.
    fn last_tick(&self) -> u64;

    /// Blocks until the tick is reached, or about `at_most` has passed, and says how long it was.
    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration;

    /// Says that an earlier process has issued ids of this tick: a disciplined clock goes on from there
    /// where wall time is far behind it.
    fn go_on_from(&self, tick: u64);
}

impl<T: Ticks, O: Observer> Windowed for Line<T, O> {
    fn grant(&self, window: Window) -> Result<(), WindowError> {
        self.grant(window)
    }

    fn revoke(&self) {
        self.revoke();
    }

    fn now(&self) -> u64 {
        self.ticks().read()
    }

    fn reached(&self) -> u64 {
        let axis = self.axis();
        // The next position may be the first of its tick: then nothing of that tick is issued.
        axis.tick_of(self.next().saturating_add(axis.first_of(1) - 1))
    }

    fn max_drift(&self) -> u64 {
        self.max_drift()
    }

    fn sequence_bits(&self) -> u32 {
        self.axis().sequence_bits()
    }

    fn last_tick(&self) -> u64 {
        self.axis().end_tick() - 1
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        self.ticks().wait_for(tick, at_most)
    }

    fn go_on_from(&self, tick: u64) {
        self.ticks().go_on_from(tick);
    }
}
