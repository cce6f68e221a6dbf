//! What the operating system says of how well its clock is kept.

use core::fmt;
use core::time::Duration;

/// What the operating system says of how well its clock is kept.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::clock::NtpState;
///
/// let state = NtpState::Synchronised { offset_nanos: -120_000_000 };
/// assert!(state.is_drifting(Duration::from_millis(100)));
/// assert_eq!(state.to_string(), "synchronised, 120ms ahead");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NtpState {
    /// The system does not tell.
    #[default]
    Unknown,
    /// No time service keeps the clock, or none has for hours.
    Unsynchronised,
    /// A time service keeps it.
    Synchronised {
        /// What is still to be corrected, in nanoseconds: positive where the clock is behind.
        offset_nanos: i64,
    },
}

impl NtpState {
    /// Whether the clock is not kept, or is off by more than this. What is unknown is no drift.
    #[must_use]
    pub fn is_drifting(self, most: Duration) -> bool {
        match self {
            Self::Unknown => false,
            Self::Unsynchronised => true,
            Self::Synchronised { offset_nanos } => {
                u128::from(offset_nanos.unsigned_abs()) > most.as_nanos()
            }
        }
    }

    /// As one word, for cells that threads share.
    pub(super) const fn word(self) -> u64 {
        match self {
            Self::Unknown => i64::MIN.cast_unsigned(),
            Self::Unsynchronised => (i64::MIN + 1).cast_unsigned(),
            Self::Synchronised { offset_nanos } => {
                let least = i64::MIN + 2;
                let offset = if offset_nanos < least { least } else { offset_nanos };
                offset.cast_unsigned()
            }
        }
    }

    pub(super) const fn of_word(word: u64) -> Self {
        match word.cast_signed() {
            i64::MIN => Self::Unknown,
            offset_nanos if offset_nanos == i64::MIN + 1 => Self::Unsynchronised,
            offset_nanos => Self::Synchronised { offset_nanos },
        }
    }
}

impl fmt::Display for NtpState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Unknown => f.write_str("unknown"),
            Self::Unsynchronised => f.write_str("unsynchronised"),
            Self::Synchronised { offset_nanos } => {
                let (nanos, side) = (offset_nanos.unsigned_abs(), offset_nanos >= 0);
                let side = if side { "behind" } else { "ahead" };
                write!(f, "synchronised, {:?} {side}", Duration::from_nanos(nanos))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_holds_every_state() {
        let offsets = [0, 1, -1, i64::MAX, i64::MIN + 2];
        let kept = offsets.map(|offset_nanos| NtpState::Synchronised { offset_nanos });
        for state in kept.into_iter().chain([NtpState::Unknown, NtpState::Unsynchronised]) {
            assert_eq!(NtpState::of_word(state.word()), state);
        }
    }

    #[test]
    fn drift_begins_past_the_bound() {
        let bound = Duration::from_millis(100);
        let at = |offset_nanos| NtpState::Synchronised { offset_nanos }.is_drifting(bound);
        assert!(!at(100_000_000) && at(100_000_001) && !at(-100_000_000) && at(-100_000_001));
        assert!(
            NtpState::Unsynchronised.is_drifting(bound) && !NtpState::Unknown.is_drifting(bound)
        );
    }
}
