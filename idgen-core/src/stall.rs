//! Why a line cannot issue an id right now.

use core::fmt;

/// Why a line cannot issue an id right now. All numbers are ticks.
///
/// # Example
/// ```
/// use idgen_core::Stall;
///
/// let stall = Stall::ClockRegressed { now: 100, last: 103, retry: 102 };
/// assert_eq!(stall.retry_tick(), Some(102));
/// assert_eq!(
///     stall.to_string(),
///     "clock regressed 3 ticks (now 100, last 103); retry at tick 102, \
///      and check that the time service slews rather than steps",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Stall {
    /// Every position up to the allowed drift is issued.
    #[error(
        "sequence exhausted up to tick {last} (now {now}); retry at tick {retry}, or spread the load over more node ids, a block of them, or a layout with more sequence bits"
    )]
    SequenceExhausted {
        /// The clock's tick.
        now: u64,
        /// Last tick that ids were issued in.
        last: u64,
        /// Tick at which there are positions again.
        retry: u64,
    },
    /// The clock shows an earlier tick than before, by more than the allowed drift.
    #[error(
        "clock regressed {} ticks (now {now}, last {last}); retry at tick {retry}, and check that the time service slews rather than steps",
        .last - .now
    )]
    ClockRegressed {
        /// The clock's tick.
        now: u64,
        /// Latest tick that the clock has shown.
        last: u64,
        /// Tick at which there are positions again.
        retry: u64,
    },
    /// The granted window is used up, or none was granted.
    #[error("{}", NoWindow { now: *.now, end: *.end })]
    WindowEnded {
        /// The clock's tick.
        now: u64,
        /// Tick after the window's last, 0 where there is none.
        end: u64,
    },
    /// The layout has no later tick.
    #[error(
        "tick {last} was the layout's last (now {now}); migrate to a layout with more tick bits or a later epoch"
    )]
    LayoutEnded {
        /// The clock's tick.
        now: u64,
        /// The layout's last tick.
        last: u64,
    },
}

/// Says which of the two it is: a window used up, or none.
struct NoWindow {
    now: u64,
    end: u64,
}

impl fmt::Display for NoWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now, end } = *self;
        if end > 0 {
            return write!(
                f,
                "the window of this node ended at tick {end} (now {now}); grant the next one"
            );
        }
        f.write_str(
            "this generator has no window: none was granted yet, it was revoked, or the process is \
             the child of a fork; grant one of its own",
        )
    }
}

impl Stall {
    /// The tick at which another attempt can succeed, where time alone will tell.
    #[must_use]
    pub const fn retry_tick(&self) -> Option<u64> {
        match *self {
            Self::SequenceExhausted { retry, .. } | Self::ClockRegressed { retry, .. } => {
                Some(retry)
            }
            Self::WindowEnded { .. } | Self::LayoutEnded { .. } => None,
        }
    }
}
