//! Checks of what was made: that no id is there twice, and that they are of the present.

use std::error::Error;
use std::fmt;

use idgen_core::clock::{Clock, SystemClock};

/// How far from now an id's time may be, in milliseconds: a slow machine's pause, or a drift that
/// was allowed.
const PRESENT_MILLIS: u64 = 5_000;

/// What is wrong with ids that were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An id is there twice.
    Twice {
        /// The id.
        word: u128,
        /// How many ids are copies of others.
        copies: usize,
    },
    /// An id is not greater than the one before it.
    OutOfOrder {
        /// Where it is.
        at: usize,
    },
    /// An id's time is far from now.
    NotOfNow {
        /// Its milliseconds since 1970.
        millis: u64,
        /// Now's.
        now: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice { word, copies } => {
                write!(f, "id {word:x} was made twice; {copies} ids are copies")
            }
            Self::OutOfOrder { at } => write!(f, "id {at} is not greater than the one before it"),
            Self::NotOfNow { millis, now } => {
                write!(f, "an id is of {millis} ms since 1970, and now is {now}")
            }
        }
    }
}

impl Error for Fault {}

/// Checks that no id is there twice, and sorts them.
///
/// # Errors
/// If one is.
pub fn distinct<W: Ord + Copy + Into<u128>>(words: &mut [W]) -> Result<(), Fault> {
    words.sort_unstable();
    let copies = words.windows(2).filter(|pair| pair[0] == pair[1]);
    match copies.clone().next() {
        None => Ok(()),
        Some(pair) => Err(Fault::Twice { word: pair[0].into(), copies: copies.count() }),
    }
}

/// Checks that each id is greater than the one before.
///
/// # Errors
/// If one is not.
pub fn increasing<W: Ord>(words: &[W]) -> Result<(), Fault> {
    match words.windows(2).position(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(at) => Err(Fault::OutOfOrder { at: at + 1 }),
    }
}

/// Checks that an id's time, in milliseconds since 1970, is that of now.
///
/// # Errors
/// If it is off by more than a slow machine can explain.
pub fn present(millis: u64) -> Result<(), Fault> {
    of_time(millis, now_millis())
}

/// Now, in milliseconds since 1970.
#[must_use]
pub fn now_millis() -> u64 {
    u64::try_from(SystemClock.wall().as_millis()).unwrap_or(0)
}

/// Checks the same of an id that was made at another time.
///
/// # Errors
/// If it is off by more than a slow machine can explain.
pub fn of_time(millis: u64, now: u64) -> Result<(), Fault> {
    if millis.abs_diff(now) <= PRESENT_MILLIS {
        Ok(())
    } else {
        Err(Fault::NotOfNow { millis, now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found() {
        assert_eq!(distinct(&mut [3_u64, 1, 2]), Ok(()));
        assert_eq!(distinct(&mut [3_u64, 1, 3, 3]), Err(Fault::Twice { word: 3, copies: 2 }));
        assert_eq!(increasing(&[1, 2, 3]), Ok(()));
        assert_eq!(increasing(&[1, 2, 2]), Err(Fault::OutOfOrder { at: 2 }));
        assert!(matches!(present(7), Err(Fault::NotOfNow { millis: 7, .. })));
    }
}
