//! The clock of the process.

use std::boxed::Box;
use std::sync::OnceLock;

use super::discipline::{ClockObserver, DisciplineError, DisciplineSettings};
use super::{Disciplined, SystemClock};

/// The disciplined clock of the process, which [`Ticker::global`](super::Ticker::global) follows
/// and with it every generator that is not given another.
///
/// Its observer may be set once, at any time.
///
/// # Example
/// ```
/// use idgen_core::clock::{ClockEvent, ClockObserver, ProcessClock};
///
/// struct Log;
///
/// impl ClockObserver for Log {
///     fn happened(&self, event: ClockEvent) {
///         eprintln!("idgen: {event}");
///     }
/// }
///
/// let clock = ProcessClock::global();
/// assert!(clock.observer().set(Box::new(Log)).is_ok());
/// println!("{}", clock.health()); // good: clock following, wall time 0ns behind, ...
/// ```
pub type ProcessClock = Disciplined<SystemClock, OnceLock<Box<dyn ClockObserver>>>;

static GLOBAL: OnceLock<ProcessClock> = OnceLock::new();

impl ProcessClock {
    /// The clock of the process, with the default thresholds unless others were
    /// [configured](Self::configure).
    pub fn global() -> &'static Self {
        GLOBAL
            .get_or_init(|| Self::made(SystemClock, DisciplineSettings::default(), OnceLock::new()))
    }

    /// Gives the clock of the process these thresholds.
    ///
    /// # Errors
    /// If they make no clock, or the clock is in use already.
    pub fn configure(settings: DisciplineSettings) -> Result<&'static Self, DisciplineError> {
        let clock = Self::observed(SystemClock, settings, OnceLock::new())?;
        GLOBAL.set(clock).map_err(|_| DisciplineError::InUse)?;
        Ok(Self::global())
    }
}
