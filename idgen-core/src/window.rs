//! Windows: stretches of ticks that were granted to one holder of a node id.

/// A granted stretch of ticks, `start` to `end - 1`.
///
/// Uniqueness rests on windows being disjoint: the next window of a node id starts at or after the
/// end of the last one, whoever holds it, and a window is durable before an id of it is issued.
/// A generator with a static node id has one window without a store behind it:
/// [`Window::from_start`].
///
/// # Example
/// ```
/// use idgen_core::Window;
///
/// let window = Window::new(1_000, 6_000)?;
/// assert_eq!((window.start(), window.end()), (1_000, 6_000));
/// assert!(Window::new(5, 5).is_err());
/// # Ok::<(), idgen_core::WindowError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    start: u64,
    end: u64,
}

impl Window {
    /// The window of the ticks from `start` to `end - 1`.
    ///
    /// # Errors
    /// If there is no such tick.
    pub const fn new(start: u64, end: u64) -> Result<Self, WindowError> {
        if start < end { Ok(Self { start, end }) } else { Err(WindowError::Empty { start, end }) }
    }

    /// The window of all ticks from `start` on, to the layout's end.
    #[must_use]
    pub const fn from_start(start: u64) -> Self {
        Self { start, end: u64::MAX }
    }

    /// First tick of the window.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// Tick after the last.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }
}

/// A window that a line cannot take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// The window has no tick.
    #[error("window {start}..{end} has no tick; its end must be after its start")]
    Empty {
        /// First tick.
        start: u64,
        /// Tick after the last.
        end: u64,
    },
    /// The window starts before the end of one granted earlier.
    #[error(
        "window {start}..{end} starts before tick {granted}, the end of the one before; windows of a node must be disjoint"
    )]
    Overlap {
        /// First tick.
        start: u64,
        /// Tick after the last.
        end: u64,
        /// End of the window granted before.
        granted: u64,
    },
    /// The window starts at or past the layout's last tick.
    #[error(
        "window {start}..{end} starts past tick {last}, the layout's last; migrate to a layout with more tick bits or a later epoch"
    )]
    PastEnd {
        /// First tick.
        start: u64,
        /// Tick after the last.
        end: u64,
        /// The layout's last tick.
        last: u64,
    },
}
