//! Why settings make no generator.

use core::fmt;

use crate::layout::{LayoutError, RangeError};
use crate::{Name, TickError, UnixTime, WindowError};

/// Settings that make no generator.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A number is out of range.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The layout, or the block of node ids in it, does not do.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The window does not do.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The clock shows a time that has no tick.
    #[error(transparent)]
    Time(#[from] TickError),
    /// The clock shows a time after the layout's last tick.
    #[error(
        "{scheme} ids have come to an end: the layout's last tick began at {last}; migrate to a layout with more tick bits or a later epoch"
    )]
    Ended {
        /// The scheme.
        scheme: Name,
        /// When its last tick began.
        last: UnixTime,
    },
    /// Something is set that generators of the scheme have not.
    #[error("{scheme} generators have no {setting}; leave it out")]
    NoSetting {
        /// The scheme.
        scheme: Name,
        /// What was set.
        setting: &'static str,
    },
    /// No node id was given.
    #[error("the {scheme} layout has a node field; give a node id in 0..={max}")]
    NodeMissing {
        /// The scheme.
        scheme: Name,
        /// Greatest node id.
        max: u64,
    },
    /// The scheme keeps no time, so a clock is of no use to it.
    #[error("the {scheme} scheme keeps no time; give it ticks of its own")]
    NoTimebase {
        /// The scheme.
        scheme: Name,
    },
    /// The scheme keeps no time, so nothing tells where its line went on.
    #[error(
        "the {scheme} scheme keeps no time, so only a window says where its line goes on; give it one"
    )]
    WindowMissing {
        /// The scheme.
        scheme: Name,
    },
    /// The layout given for the line is not a finer one of the scheme's.
    #[error(
        "the layout given is no finer one of the {scheme} layout: constants and ticks must be the same"
    )]
    NotFiner {
        /// The scheme.
        scheme: Name,
    },
    /// The layout has fields that a position does not fill.
    #[error("the {scheme} layout has random or data fields; it needs a generator of its own")]
    NotPositional {
        /// The scheme.
        scheme: Name,
    },
    /// The ticker thread did not start.
    #[error(
        "the operating system started no ticker thread for {scheme}; give a clock to read instead"
    )]
    Ticker {
        /// The scheme.
        scheme: Name,
    },
}

impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BuildError({self})")
    }
}
