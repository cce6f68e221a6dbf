//! Time: the only module that reads it.
//!
//! A [`Clock`] gives wall time (for people) and monotonic time (for rates and waits). [`Ticks`]
//! is what a line of positions sees of it: the number of the tick that is now. A clock raises
//! the floor of a line, so that ids are fresh; no promise of uniqueness rests on it.
//!
//! [`Disciplined`] is a clock over a clock: monotonic time with an offset that follows wall time as
//! far as that can be believed, by the state machine [`Discipline`]. The ticker thread of
//! the process goes by one.

#[cfg(feature = "counter")]
mod counter;
mod discipline;
mod disciplined;
mod ntp;
#[cfg(feature = "std")]
mod process;
mod scripted;
#[cfg(feature = "std")]
mod system;
#[cfg(feature = "std")]
mod ticker;
mod ticks;

#[cfg(feature = "counter")]
pub use counter::CounterClock;
pub use discipline::{
    ClockCounts, ClockEvent, ClockEvents, ClockHealth, ClockObserver, ClockState, Discipline,
    DisciplineError, DisciplineSettings, Gap, OnAlert, Reading,
};
pub use disciplined::Disciplined;
pub use ntp::NtpState;
#[cfg(feature = "std")]
pub use process::{LateObserver, ProcessClock};
pub use scripted::ScriptedClock;
#[cfg(feature = "std")]
pub use system::SystemClock;
#[cfg(feature = "std")]
pub use ticker::{CachedTicks, Ticker};
pub use ticks::{ClockTicks, Ticks, Timeless};

use core::time::Duration;

use crate::UnixTime;

/// Reads time, and waits.
pub trait Clock: Send + Sync {
    /// Wall time: what people's clocks show. It may jump, either way.
    fn wall(&self) -> UnixTime;

    /// Time since some fixed instant. It never goes back, and it goes on while the machine is
    /// suspended, where the operating system can tell.
    fn monotonic(&self) -> Duration;

    /// Blocks the calling thread for about this long.
    fn wait(&self, duration: Duration);

    /// Says that ids of this time have been issued by an earlier process. A clock that keeps an offset
    /// goes on from there where wall time is far behind it; others show what they show.
    fn go_on_from(&self, issued: UnixTime) {
        let _ = issued;
    }

    /// What the system says of how well its clock is kept.
    fn ntp(&self) -> NtpState {
        NtpState::Unknown
    }
}

impl<C: Clock + ?Sized> Clock for &C {
    fn wall(&self) -> UnixTime {
        (**self).wall()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }

    fn wait(&self, duration: Duration) {
        (**self).wait(duration);
    }

    fn go_on_from(&self, issued: UnixTime) {
        (**self).go_on_from(issued);
    }

    fn ntp(&self) -> NtpState {
        (**self).ntp()
    }
}

#[cfg(feature = "alloc")]
impl<C: Clock + ?Sized> Clock for alloc::sync::Arc<C> {
    fn wall(&self) -> UnixTime {
        (**self).wall()
    }

    fn monotonic(&self) -> Duration {
        (**self).monotonic()
    }

    fn wait(&self, duration: Duration) {
        (**self).wait(duration);
    }

    fn go_on_from(&self, issued: UnixTime) {
        (**self).go_on_from(issued);
    }

    fn ntp(&self) -> NtpState {
        (**self).ntp()
    }
}
