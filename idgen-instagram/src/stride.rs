//! Plain numbers that interleave: shard k of N issues k, k + N, k + 2 N, and so on.
//!
//! **Invariant:** a number of a stride is `round * count + offset` with `1 <= offset <= count`, so no
//! two strides of one count share a number, and of two counts none at or below the mark where one
//! took over from the other.
//!
//! Source: MySQL's `auto_increment_increment` and `auto_increment_offset`, and *Ticket Servers:
//! Distributed Unique Primary Keys on the Cheap* (Flickr, 2010), which has two of them, odd and even.

use core::fmt;

use idgen_core::clock::{SystemClock, Timeless};
use idgen_core::layout::{Axis, Dressing, Field, Kind, Layout};
use idgen_core::{Line, Stall, Window, WindowError};

/// The greatest number, which is also that of a signed integer: 2^63 - 1.
const LAST: u64 = i64::MAX.unsigned_abs();

/// Rounds have 63 bits, and no clock.
const ROUNDS: Layout = Layout::new(64, &[Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 63)]);

/// One of `count` sequences of plain numbers that interleave: odd and even for two.
///
/// Its line counts rounds: a window of rounds is what a store grants it, and the next one goes on
/// where that ended. Numbers are 1 to 2^63 - 1, increasing from one stride, distinct across all
/// strides of one count.
///
/// # Example
/// ```
/// use idgen_core::Window;
/// use idgen_instagram::Stride;
///
/// let (odd, even) = (Stride::odd(Window::from_start(0))?, Stride::even(Window::from_start(0))?);
/// assert_eq!([odd.try_next()?, odd.try_next()?, odd.try_next()?], [1, 3, 5]);
/// assert_eq!([even.try_next()?, even.try_next()?], [2, 4]);
///
/// // A third shard: only once both have stopped, and above whatever either of them issued.
/// let three = Stride::regroup(vec![odd.retire(), even.retire()], 3)?;
/// let numbers: Vec<u64> = three.iter().map(Stride::try_next).collect::<Result<_, _>>()?;
/// assert_eq!(numbers, [7, 8, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Stride {
    line: Line<Timeless<SystemClock>>,
    offset: u64,
    count: u64,
}

impl Stride {
    /// The stride `offset` of `count`, 1 to `count`, over a window of rounds; `Window::from_start(0)`
    /// for all of them.
    ///
    /// The window must be durable before it is used, and the next one must start at or after its
    /// end: as everywhere, uniqueness across restarts rests on that.
    ///
    /// # Errors
    /// If the offset is not in 1 to `count`, or is 2^63 and more, or the window begins past the last
    /// round.
    pub fn new(offset: u64, count: u64, rounds: Window) -> Result<Self, StrideError> {
        // The first number of a stride is its offset.
        if offset == 0 || offset > count.min(LAST) {
            return Err(StrideError::Offset { offset, count });
        }
        let line = Line::new(axis(), Timeless::new(SystemClock), u64::MAX);
        let stride = Self { line, offset, count };
        stride.grant(rounds)?;
        Ok(stride)
    }

    /// Odd numbers: offset 1 of 2.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn odd(rounds: Window) -> Result<Self, StrideError> {
        Self::new(1, 2, rounds)
    }

    /// Even numbers: offset 2 of 2.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn even(rounds: Window) -> Result<Self, StrideError> {
        Self::new(2, 2, rounds)
    }

    /// Grants the next window of rounds.
    ///
    /// # Errors
    /// If it overlaps one granted before, or begins past the last round.
    pub fn grant(&self, rounds: Window) -> Result<(), StrideError> {
        // The last round whose number there is; the offset is one.
        let last = (LAST - self.offset) / self.count;
        let end = rounds.end().min(last + 1);
        let window = Window::new(rounds.start(), end).map_err(|_| WindowError::PastEnd {
            start: rounds.start(),
            end: rounds.end(),
            last,
        })?;
        Ok(self.line.grant(window)?)
    }

    /// The next number.
    ///
    /// # Errors
    /// If the window is used up: [`grant`](Self::grant) another.
    pub fn try_next(&self) -> Result<u64, Stall> {
        self.line.take().map(|round| self.number(round))
    }

    /// Fills the front of `out` from one reservation, in increasing order, and says how many numbers
    /// there are: at least one, unless `out` is empty.
    ///
    /// # Errors
    /// If the window is used up.
    pub fn try_fill(&self, out: &mut [u64]) -> Result<usize, Stall> {
        if out.is_empty() {
            return Ok(0);
        }
        let run = self.line.reserve(out.len() as u64)?;
        let mut filled = 0;
        for (slot, round) in out.iter_mut().zip(run.start..run.end) {
            *slot = self.number(round);
            filled += 1;
        }
        Ok(filled)
    }

    /// Which of the interleaved sequences this is, 1 to [`count`](Self::count).
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many interleave: the distance from one number to the next.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Stops for good, and says where: nobody can be drawing, because this takes the stride itself.
    pub fn retire(self) -> Retired {
        self.line.revoke();
        let next_round = self.line.next();
        Retired { offset: self.offset, count: self.count, next_round }
    }

    /// The `count` strides that take over from all strides of another count.
    ///
    /// Strides of two counts share numbers (7 is one of 2 and one of 3), so the only safe place to
    /// change is a common high-water mark: every old stride has stopped, and every new one begins
    /// above the highest number that any of them issued or skipped. That is why this takes them
    /// all, retired.
    ///
    /// # Errors
    /// If `count` is 0, a stride of the old count is missing or comes twice, or there is no
    /// number left above the mark.
    pub fn regroup(retired: Vec<Retired>, count: u64) -> Result<Vec<Self>, StrideError> {
        let Some(first) = retired.first() else { return Err(StrideError::Nothing) };
        let old = first.count;
        let mut offsets: Vec<u64> = retired.iter().map(|one| one.offset).collect();
        offsets.sort_unstable();
        if retired.iter().any(|one| one.count != old) || !offsets.iter().copied().eq(1..=old) {
            return Err(StrideError::Missing { count: old, offsets });
        }
        let mark = retired.iter().map(Retired::mark).max().unwrap_or(0);
        if count == 0 {
            return Err(StrideError::Offset { offset: 1, count });
        }
        let rounds = Window::from_start(mark.div_ceil(count));
        (1..=count).map(|offset| Self::new(offset, count, rounds)).collect()
    }

    fn number(&self, round: u64) -> u64 {
        round * self.count + self.offset
    }
}

impl fmt::Debug for Stride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, count, .. } = self;
        f.debug_struct("Stride")
            .field("offset", offset)
            .field("count", count)
            .finish_non_exhaustive()
    }
}

/// Where a stride has stopped. It cannot be cloned: one change of counts uses it up.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use = "what follows a retired stride begins above its mark"]
pub struct Retired {
    offset: u64,
    count: u64,
    next_round: u64,
}

impl Retired {
    /// No number of the stride above this one was issued: its high-water mark, 0 where it issued
    /// none.
    #[must_use]
    pub fn mark(&self) -> u64 {
        match self.next_round.checked_sub(1) {
            Some(round) => round.saturating_mul(self.count).saturating_add(self.offset),
            None => 0,
        }
    }
}

/// How rounds are positions: each is one.
fn axis() -> Axis {
    match Dressing::<u64>::new(&ROUNDS, 0, 0) {
        Ok(dressing) => dressing.axis(),
        Err(_) => unreachable!("a layout of rounds alone has a dressing"),
    }
}

/// Strides that would repeat each other's numbers, or have none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrideError {
    /// The offset is none of the strides.
    #[error(
        "offset {offset} is not in 1..={}; the strides of {count} are numbered from 1, up to 2^63 - 1",
        .count.min(&LAST)
    )]
    Offset {
        /// Offset given.
        offset: u64,
        /// How many interleave.
        count: u64,
    },
    /// No stride was retired.
    #[error("no retired strides were given; retire all of them and give them together")]
    Nothing,
    /// Not all strides of the old count are there, once each.
    #[error(
        "strides {offsets:?} were given, but those of {count} are 1..={count}, once each; retire all of them and give them together"
    )]
    Missing {
        /// How many interleaved.
        count: u64,
        /// Offsets given, in ascending order.
        offsets: Vec<u64>,
    },
    /// The window does not do.
    #[error(transparent)]
    Window(#[from] WindowError),
}
