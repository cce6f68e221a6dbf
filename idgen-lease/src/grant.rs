//! The rule by which every store grants windows.
//!
//! A store keeps one number for each node id, the high-water mark: the end of the last window
//! granted, whoever holds the node id. A grant is one atomic step from a mark to a greater one.

use core::time::Duration;

use idgen_core::{Timebase, Window};

/// How far ahead of the clock windows reach, in ticks.
///
/// **Invariant.** One number for both sides: no window ends past the [`end`](Self::end) of its holder's clock, and a
/// store that may have lost its records begins at the `end` of its own. So what was granted before the loss is
/// past, if the clock was not set back meanwhile.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::{Timebase, UnixTime};
/// use idgen_lease::grant::Reach;
///
/// let seconds = Timebase::new(UnixTime::EPOCH, Duration::from_secs(1));
/// let reach = Reach::of(Some(seconds), Duration::from_secs(60));
/// assert_eq!((reach.end(1_000), reach.shown(1_060)), (1_060, 1_000));
/// let days = Timebase::new(UnixTime::EPOCH, Duration::from_secs(86_400));
/// assert_eq!(Reach::of(Some(days), Duration::from_secs(60)).ticks(), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach(u64);

impl Reach {
    /// That of the longest window, in whole ticks: 2 at least, or no window would hold a tick besides the clock's.
    /// Without end for lines that keep no time.
    #[must_use]
    pub fn of(timebase: Option<Timebase>, longest: Duration) -> Self {
        Self(timebase.map_or(u64::MAX, |base| base.ticks_in(longest).max(2)))
    }

    /// How many ticks, 2 or more.
    #[must_use]
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// Tick after the last that a window has which is granted at this tick.
    #[must_use]
    pub const fn end(self, now: u64) -> u64 {
        now.saturating_add(self.0)
    }

    /// The tick that the clock of whoever was granted a window with this end showed at least.
    #[must_use]
    pub const fn shown(self, end: u64) -> u64 {
        end.saturating_sub(self.0)
    }
}

/// What bounds a grant. All numbers are ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How far a holder's clock may be ahead of the store's, for what it asks to be believed.
    pub max_skew: u64,
    /// How far ahead of the store's clock a window may start. Beyond that a clock is wrong, or a mark
    /// is; neither is to be trusted, and a person should look.
    pub max_ahead: u64,
}

/// What a holder asks for, and the store's time. All numbers are ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// First tick worth having.
    pub from: u64,
    /// How many.
    pub length: u64,
    /// The store's time; `None` for lines that keep none, whose holders alone know what is next.
    pub now: Option<u64>,
}

/// The window that follows a mark, whose end is the next mark.
///
/// ```text
/// start = max(mark, min(from, now + max_skew))      refused if start > now + max_ahead
/// end   = start + length
/// ```
///
/// # Errors
/// If the window would start too far ahead of the store's clock, or past the last tick of 64 bits.
///
/// # Example
/// ```
/// use idgen_lease::grant::{Limits, Request, next};
///
/// let limits = Limits { max_skew: 50, max_ahead: 1_000 };
/// let request = Request { from: 100, length: 10, now: Some(100) };
/// let window = next(0, request, limits)?;
/// assert_eq!((window.start(), window.end()), (100, 110));
/// let window = next(window.end(), request, limits)?; // another holder, at the same time
/// assert_eq!((window.start(), window.end()), (110, 120));
/// let window = next(120, Request { from: 900, ..request }, limits)?; // a clock that is ahead
/// assert_eq!(window.start(), 150);
/// assert!(next(9_999, request, limits).is_err());
/// # Ok::<(), idgen_lease::grant::Refusal>(())
/// ```
pub fn next(mark: u64, request: Request, limits: Limits) -> Result<Window, Refusal> {
    let Request { from, length, now } = request;
    let start = match now {
        Some(now) => mark.max(from.min(now.saturating_add(limits.max_skew))),
        None => mark.max(from),
    };
    if let Some(now) = now.filter(|now| start > now.saturating_add(limits.max_ahead)) {
        return Err(Refusal::TooFarAhead { start, now });
    }
    Window::new(start, start.saturating_add(length.max(1))).map_err(|_| Refusal::Exhausted)
}

/// Why no window is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The window would start too far ahead of the store's clock.
    #[error("the next window starts at tick {start}, {} ticks ahead of the clock", .start - .now)]
    TooFarAhead {
        /// First tick of the window.
        start: u64,
        /// The store's tick.
        now: u64,
    },
    /// The mark is the last tick of 64 bits.
    #[error("the last window has been granted")]
    Exhausted,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever holders ask and clocks show, windows of a node id follow each other.
        #[test]
        fn prop_windows_are_disjoint_under_any_clock(
            requests in proptest::collection::vec((any::<u64>(), 0..10_000_u64, any::<Option<u64>>()), 1..50),
            max_skew in any::<u64>(), max_ahead in any::<u64>(),
        ) {
            let mut mark = 0;
            for (from, length, now) in requests {
                let limits = Limits { max_skew, max_ahead };
                if let Ok(window) = next(mark, Request { from, length, now }, limits) {
                    prop_assert!(window.start() >= mark && window.end() > window.start());
                    if let Some(now) = now {
                        prop_assert!(window.start() <= now.saturating_add(max_ahead));
                        prop_assert!(window.start() == mark || window.start() <= now.saturating_add(max_skew));
                    }
                    mark = window.end();
                }
            }
        }
    }
}
