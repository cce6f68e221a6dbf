//! The thresholds of the discipline.

use core::time::Duration;

/// What the disciplined clock does when wall time is farther away than any slewing is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnAlert {
    /// Goes on by monotonic time, until wall time comes back or the operator decides otherwise.
    #[default]
    Hold,
    /// Believes wall time: goes there at once where it is ahead, and slews where it is behind.
    Follow,
}

/// Thresholds of a disciplined clock.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::clock::{DisciplineSettings, OnAlert};
///
/// let mut settings = DisciplineSettings::default();
/// settings.skew = Duration::from_secs(2);
/// settings.on_alert = OnAlert::Follow;
/// assert_eq!(settings.check(), Ok(()));
///
/// settings.slew_percent = 80;
/// let error = settings.check().unwrap_err();
/// assert_eq!(error.to_string(), "slewing at 80 % is not in 1..=50 %");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DisciplineSettings {
    /// How far wall time may fall behind what was shown or issued, and be followed: 1 s. Past it,
    /// the regression is large: the clock goes on, and slews the offset away.
    pub regression: Duration,
    /// How far wall time may be away, and be followed forward at once: 5 s. Past it, the clock
    /// slews there.
    pub skew: Duration,
    /// How far wall time may be away, and be slewed to: 30 s. Past it, `on_alert` decides.
    pub alert: Duration,
    /// How fast the clock slews, in percent of real time, 1 to 50: 10.
    pub slew_percent: u32,
    /// What happens past `alert`: [`OnAlert::Hold`].
    pub on_alert: OnAlert,
    /// How far off the time service may say that the clock is: 100 ms.
    pub ntp_offset: Duration,
    /// How often the operating system is asked what the time service says: every 10 s.
    pub ntp_interval: Duration,
}

impl Default for DisciplineSettings {
    fn default() -> Self {
        Self {
            regression: Duration::from_secs(1),
            skew: Duration::from_secs(5),
            alert: Duration::from_secs(30),
            slew_percent: 10,
            on_alert: OnAlert::Hold,
            ntp_offset: Duration::from_millis(100),
            ntp_interval: Duration::from_secs(10),
        }
    }
}

impl DisciplineSettings {
    /// Whether these settings make a clock.
    ///
    /// # Errors
    /// If the thresholds do not rise from `regression` over `skew` to `alert`, or the clock would
    /// slew too fast or not at all.
    pub fn check(&self) -> Result<(), DisciplineError> {
        let Self { regression, skew, alert, slew_percent: percent, .. } = *self;
        if !(1..=50).contains(&percent) {
            return Err(DisciplineError::Slew { percent });
        }
        if regression > skew || skew > alert {
            return Err(DisciplineError::Order { regression, skew, alert });
        }
        Ok(())
    }
}

/// Thresholds that make no clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisciplineError {
    /// The clock would slew too fast, or not at all.
    #[error("slewing at {percent} % is not in 1..=50 %")]
    Slew {
        /// Percent of real time.
        percent: u32,
    },
    /// A threshold is above one that is for worse.
    #[error("the thresholds must rise: regression {regression:?}, skew {skew:?}, alert {alert:?}")]
    Order {
        /// From where on a regression is large.
        regression: Duration,
        /// From where on the clock slews.
        skew: Duration,
        /// From where on the operator decides.
        alert: Duration,
    },
    /// The clock of the process runs with other thresholds.
    #[error(
        "the clock of the process is in use already; configure it before the first generator is made"
    )]
    InUse,
}
