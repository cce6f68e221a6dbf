//! What generating can end in, where waiting did not help.

use core::fmt;
use core::time::Duration;

use crate::{Name, Stall, Timebase};

/// No id within the allowed wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The clock shows an earlier time than before.
    #[error(transparent)]
    ClockSkew(#[from] ClockSkewError),
    /// More ids were asked for than the layout has in that time.
    #[error(transparent)]
    SequenceOverflow(#[from] SequenceOverflowError),
    /// The granted window is used up, and no other came.
    #[error(transparent)]
    WindowEnded(#[from] WindowEndedError),
    /// The layout has no later tick.
    #[error(transparent)]
    LayoutEnded(#[from] LayoutEndedError),
}

/// The clock regressed by more than the allowed drift, and did not catch up in the allowed wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{scheme}: clock regressed {} ticks (now {now}, last {last}) and did not catch up in {waited:?}; \
     check the time service (chronyc tracking, timedatectl timesync-status): it should slew, not \
     step; or allow a longer wait or drift",
    .last - .now
)]
#[non_exhaustive]
pub struct ClockSkewError {
    /// The scheme asked for an id.
    pub scheme: Name,
    /// The clock's tick.
    pub now: u64,
    /// Latest tick that the clock has shown.
    pub last: u64,
    /// How long it was waited for.
    pub waited: Duration,
}

/// The sequence was exhausted for longer than the allowed wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{scheme}: sequence exhausted up to tick {last} (now {now}), and waiting {waited:?} was not \
     enough; spread the load over more node ids, take a block of them, choose a layout with more \
     sequence bits, or allow a longer wait"
)]
#[non_exhaustive]
pub struct SequenceOverflowError {
    /// The scheme asked for an id.
    pub scheme: Name,
    /// The clock's tick.
    pub now: u64,
    /// Last tick that ids were issued in.
    pub last: u64,
    /// How long it was waited for.
    pub waited: Duration,
}

/// The window of the node ended, and no other was granted in the allowed wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{scheme}: the window of this node ended at tick {end} (now {now}), and no other came in \
     {waited:?}: {}", why.unwrap_or("check the store that grants windows")
)]
#[non_exhaustive]
pub struct WindowEndedError {
    /// The scheme asked for an id.
    pub scheme: Name,
    /// The clock's tick.
    pub now: u64,
    /// Tick after the window's last, 0 where there is none.
    pub end: u64,
    /// How long it was waited for.
    pub waited: Duration,
    /// Why there was none, in short, where the store has said.
    pub why: Option<&'static str>,
}

impl WindowEndedError {
    /// The same error with what the store says.
    #[must_use]
    pub const fn because(mut self, why: &'static str) -> Self {
        self.why = Some(why);
        self
    }
}

/// The layout's last tick is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{scheme}: tick {last} was the layout's last (now {now}); check that the clock is right, or \
     migrate to a layout with more tick bits or a later epoch"
)]
#[non_exhaustive]
pub struct LayoutEndedError {
    /// The scheme asked for an id.
    pub scheme: Name,
    /// The clock's tick.
    pub now: u64,
    /// The layout's last tick.
    pub last: u64,
}

impl GenerateError {
    /// The error of a stall that lasted this long.
    #[must_use]
    pub fn from_stall(scheme: Name, stall: Stall, waited: Duration) -> Self {
        match stall {
            Stall::ClockRegressed { now, last, .. } => {
                ClockSkewError { scheme, now, last, waited }.into()
            }
            Stall::SequenceExhausted { now, last, .. } => {
                SequenceOverflowError { scheme, now, last, waited }.into()
            }
            Stall::WindowEnded { now, end } => {
                WindowEndedError { scheme, now, end, waited, why: None }.into()
            }
            Stall::LayoutEnded { now, last } => LayoutEndedError { scheme, now, last }.into(),
        }
    }

    /// The error with the times of its ticks, in UTC, for people: by itself it knows no epoch.
    ///
    /// # Example
    /// ```
    /// use core::time::Duration;
    /// use idgen_core::{GenerateError, Name, Stall, Timebase, UnixTime};
    ///
    /// let stall = Stall::LayoutEnded { now: 1_700_000_000_123, last: 1_700_000_000_000 };
    /// let error = GenerateError::from_stall(Name::new("short"), stall, Duration::ZERO);
    /// let millis = Timebase::new(UnixTime::EPOCH, Duration::from_millis(1));
    /// assert!(error.dated(Some(millis)).to_string().ends_with(
    ///     "; tick 1700000000000 is 2023-11-14T22:13:20Z, and now is 2023-11-14T22:13:20.123Z"
    /// ));
    /// ```
    #[must_use]
    pub const fn dated(self, timebase: Option<Timebase>) -> DatedError {
        DatedError { error: self, timebase }
    }

    /// The tick that it is about, 0 for none, and the clock's.
    const fn ticks(&self) -> (u64, u64) {
        match self {
            Self::ClockSkew(error) => (error.last, error.now),
            Self::SequenceOverflow(error) => (error.last, error.now),
            Self::WindowEnded(error) => (error.end, error.now),
            Self::LayoutEnded(error) => (error.last, error.now),
        }
    }

    /// Whether the clock is to blame.
    #[must_use]
    pub const fn is_clock_skew(&self) -> bool {
        matches!(self, Self::ClockSkew(_))
    }

    /// Whether more was asked for than the layout holds.
    #[must_use]
    pub const fn is_sequence_overflow(&self) -> bool {
        matches!(self, Self::SequenceOverflow(_))
    }

    /// Whether the grant of a window is missing.
    #[must_use]
    pub const fn is_window_ended(&self) -> bool {
        matches!(self, Self::WindowEnded(_))
    }

    /// Whether the layout is at its end, for good.
    #[must_use]
    pub const fn is_layout_ended(&self) -> bool {
        matches!(self, Self::LayoutEnded(_))
    }
}

/// An error with the times of its ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct DatedError {
    #[source]
    error: GenerateError,
    timebase: Option<Timebase>,
}

impl fmt::Display for DatedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        let Some(base) = self.timebase else { return Ok(()) };
        let (tick, now) = self.error.ticks();
        if tick > 0 {
            write!(f, "; tick {tick} is {}, and now is {}", base.time_of(tick), base.time_of(now))
        } else {
            write!(f, "; now is {}", base.time_of(now))
        }
    }
}

/// A batch that could not be completed: what it holds up to `filled` is issued, and unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{filled} of {asked} ids were issued, then: {error}")]
#[non_exhaustive]
pub struct FillError {
    /// Ids that were issued, at the front of the batch.
    pub filled: usize,
    /// Ids asked for.
    pub asked: usize,
    /// Why there were no more.
    #[source]
    pub error: GenerateError,
}

impl FillError {
    /// The error of a batch of `asked` ids that ended after `filled` of them.
    #[must_use]
    pub const fn new(filled: usize, asked: usize, error: GenerateError) -> Self {
        Self { filled, asked, error }
    }
}
