//! The clock of the process.

use core::fmt;
use std::boxed::Box;

use once_cell::race::OnceBox;

use super::discipline::{ClockEvent, ClockObserver, DisciplineError, DisciplineSettings};
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
pub type ProcessClock = Disciplined<SystemClock, LateObserver>;

/// Set by one exchange of a pointer: of two threads that make one, one keeps it. A cell that the others waited for
/// would be waited for without end by a child forked meanwhile.
static GLOBAL: OnceBox<ProcessClock> = OnceBox::new();

impl ProcessClock {
    /// The clock of the process, with the default thresholds unless others were
    /// [configured](Self::configure).
    pub fn global() -> &'static Self {
        GLOBAL.get_or_init(|| {
            let settings = DisciplineSettings::default();
            Box::new(Self::made(SystemClock, settings, LateObserver::default()))
        })
    }

    /// Gives the clock of the process these thresholds.
    ///
    /// # Errors
    /// If they make no clock, or the clock is in use already.
    pub fn configure(settings: DisciplineSettings) -> Result<&'static Self, DisciplineError> {
        let clock = Self::observed(SystemClock, settings, LateObserver::default())?;
        GLOBAL.set(Box::new(clock)).map_err(|_| DisciplineError::InUse)?;
        Ok(Self::global())
    }
}

/// The place of an observer that may come later, once. Nobody waits for it.
#[derive(Default)]
pub struct LateObserver(OnceBox<Box<dyn ClockObserver>>);

impl LateObserver {
    /// Tells this observer from now on.
    ///
    /// # Errors
    /// The observer itself, if there is one already.
    pub fn set(&self, observer: Box<dyn ClockObserver>) -> Result<(), Box<dyn ClockObserver>> {
        self.0.set(Box::new(observer)).map_err(|observer| *observer)
    }
}

impl ClockObserver for LateObserver {
    fn happened(&self, event: ClockEvent) {
        if let Some(observer) = self.0.get() {
            observer.happened(event);
        }
    }
}

impl fmt::Debug for LateObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LateObserver").field(&self.0.get().is_some()).finish()
    }
}
