//! What a disciplined clock tells: its state, events, counters and health.

use core::fmt;
use core::time::Duration;

use super::super::NtpState;
use super::OnAlert;
use crate::observer::Silent;

/// What the disciplined clock does at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ClockState {
    /// It shows wall time.
    #[default]
    Following,
    /// It shows wall time, which is behind what was shown before: lines go on inside the allowed
    /// drift, and wait past it.
    SmallRegression,
    /// Wall time fell too far to wait for it. The clock goes on, and slews back.
    LargeRegression,
    /// Wall time is far away, on either side. The clock slews there.
    Skew,
    /// Wall time is too far away to slew there unasked. The clock goes by monotonic time, unless
    /// the operator said [`OnAlert::Follow`].
    Alert,
}

impl ClockState {
    const ALL: [Self; 5] =
        [Self::Following, Self::SmallRegression, Self::LargeRegression, Self::Skew, Self::Alert];

    pub(crate) const fn word(self) -> u64 {
        self as u64
    }

    pub(crate) fn of_word(word: u64) -> Self {
        Self::ALL.into_iter().find(|state| state.word() == word).unwrap_or_default()
    }
}

impl fmt::Display for ClockState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Following => "following",
            Self::SmallRegression => "small-regression",
            Self::LargeRegression => "large-regression",
            Self::Skew => "skew",
            Self::Alert => "alert",
        })
    }
}

/// How far wall time is from the disciplined clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gap {
    /// Wall time is behind the clock, or where it is.
    Behind(Duration),
    /// Wall time is ahead of the clock.
    Ahead(Duration),
}

impl Gap {
    /// The gap of wall time minus the clock's, in nanoseconds.
    pub(crate) fn of_nanos(nanos: i128) -> Self {
        let size = u64::try_from(nanos.unsigned_abs()).unwrap_or(u64::MAX);
        let size = Duration::from_nanos(size);
        if nanos > 0 { Self::Ahead(size) } else { Self::Behind(size) }
    }

    /// How far, on whichever side.
    #[must_use]
    pub const fn size(self) -> Duration {
        match self {
            Self::Behind(size) | Self::Ahead(size) => size,
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind(size) => write!(f, "{size:?} behind"),
            Self::Ahead(size) => write!(f, "{size:?} ahead"),
        }
    }
}

/// Something happened to the clock. Each says what the clock does about it, and the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClockEvent {
    /// Wall time fell behind what was shown or issued.
    #[error("wall time fell {by:?} behind; {}", RegressionAnswer(*.large))]
    Regressed {
        /// How far.
        by: Duration,
        /// Whether it was too far to wait.
        large: bool,
    },
    /// Wall time is farther away than it is followed at once.
    #[error("wall time is {gap}; slewing there: check the time service (chronyc tracking)")]
    Skewed {
        /// How far wall time is from the clock.
        gap: Gap,
    },
    /// Wall time is farther away than it is slewed to.
    #[error("wall time is {gap}; {}: check which clock is right", AlertAnswer(*.policy))]
    Alerted {
        /// How far wall time is from the clock.
        gap: Gap,
        /// What the operator has decided.
        policy: OnAlert,
    },
    /// The clock shows wall time again.
    #[error("following wall time again, {after:?} after {from}")]
    Recovered {
        /// What it was before.
        from: ClockState,
        /// How long the clock did not follow.
        after: Duration,
    },
    /// The time service says that the clock is off, or there is none.
    #[error(
        "the system's clock is {state}; check the time service (timedatectl, chronyc tracking)"
    )]
    Drifting {
        /// What the system says.
        state: NtpState,
    },
    /// The time service says that the clock is right again.
    #[error("the system's clock is {state} again")]
    Settled {
        /// What the system says.
        state: NtpState,
    },
}

struct RegressionAnswer(bool);

impl fmt::Display for RegressionAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 {
            "going on from the last time and slewing back: let the time service slew, not step"
        } else {
            "ids go on inside the allowed drift, then wait for it"
        })
    }
}

struct AlertAnswer(OnAlert);

impl fmt::Display for AlertAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            OnAlert::Hold => "going by monotonic time until it comes back or is to be followed",
            OnAlert::Follow => "following it, as was decided",
        })
    }
}

/// The events of one step, in the order in which they are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockEvents([Option<ClockEvent>; 3]);

impl ClockEvents {
    pub(crate) fn push(&mut self, event: ClockEvent) {
        if let Some(free) = self.0.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(event);
        }
    }

    /// Whether nothing happened.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }
}

impl IntoIterator for ClockEvents {
    type Item = ClockEvent;
    type IntoIter = core::iter::Flatten<core::array::IntoIter<Option<ClockEvent>, 3>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

/// Is told what happens to a disciplined clock, by the thread that noticed and while it holds
/// nothing.
pub trait ClockObserver: Send + Sync {
    /// Something happened.
    fn happened(&self, event: ClockEvent) {
        let _ = event;
    }
}

impl ClockObserver for Silent {}

impl<O: ClockObserver + ?Sized> ClockObserver for &O {
    fn happened(&self, event: ClockEvent) {
        (**self).happened(event);
    }
}

#[cfg(feature = "alloc")]
impl<O: ClockObserver + ?Sized> ClockObserver for alloc::sync::Arc<O> {
    fn happened(&self, event: ClockEvent) {
        (**self).happened(event);
    }
}

/// How often each thing has happened to a disciplined clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockCounts {
    /// Wall time fell, not too far to wait.
    pub small_regressions: u64,
    /// Wall time fell too far to wait.
    pub large_regressions: u64,
    /// The clock began to slew to a wall time far away.
    pub skews: u64,
    /// Wall time was too far away to slew there unasked.
    pub alerts: u64,
    /// The clock came to follow wall time again.
    pub recoveries: u64,
    /// The time service began to say that the clock is off.
    pub drifts: u64,
}

/// How a disciplined clock is.
///
/// It prints as one line for people, or for the page of a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockHealth {
    /// What the clock does.
    pub state: ClockState,
    /// How far wall time is from it.
    pub gap: Gap,
    /// What the system says of its clock.
    pub ntp: NtpState,
    /// Whether that is drift, by the settings.
    pub drifting: bool,
}

impl ClockHealth {
    /// Whether somebody has to decide something: ids go on, with a time that may be wrong.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.state == ClockState::Alert
    }

    /// Whether there is nothing to see to.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.state == ClockState::Following && !self.drifting
    }
}

impl fmt::Display for ClockHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, gap, ntp, .. } = self;
        let word = match () {
            () if self.is_degraded() => "degraded",
            () if self.is_good() => "good",
            () => "warning",
        };
        write!(f, "{word}: clock {state}, wall time {gap}, time service {ntp}")
    }
}
