//! What stands in a column for an id, whatever the library and the database.
//!
//! **Invariant:** each way out has its way back, and nothing is wrapped or cut off on either.

use crate::layout::WordError;
use crate::{Id, IdScheme, IntegerError, Name, Word};

/// A value of a column that is no id of the scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// The integer is negative.
    #[error(
        "the column holds {number}, which is negative and so no {scheme} id; if it was a number of 2^63 and more once, another program has wrapped it"
    )]
    Negative {
        /// What the column holds.
        number: i64,
        /// Name of the scheme.
        scheme: Name,
    },
    /// There are too few bytes, or too many.
    #[error(
        "the column holds {bytes} bytes, but a {scheme} id has 16; make it BINARY(16), or a BLOB that nothing else writes to"
    )]
    Length {
        /// How many bytes the column holds.
        bytes: usize,
        /// Name of the scheme.
        scheme: Name,
    },
    /// The value is neither an integer nor bytes.
    #[error("the column holds {found}, but a {scheme} id is {expected}; declare the table STRICT")]
    Kind {
        /// What the column holds.
        found: &'static str,
        /// What an id would be.
        expected: &'static str,
        /// Name of the scheme.
        scheme: Name,
    },
    /// The number is no id of the scheme.
    #[error("the column holds {word} ({word:#x}), which is no {scheme} id: {reason}")]
    Word {
        /// What the column holds, as a number.
        word: u128,
        /// Name of the scheme.
        scheme: Name,
        /// What is wrong with it.
        #[source]
        reason: WordError,
    },
}

/// Whether ids of the scheme are integers in a database; bytes or UUIDs otherwise.
pub(super) const fn is_integer<S: IdScheme>() -> bool {
    S::Word::BITS == u64::BITS
}

/// The id in a signed integer of 64 bits.
pub(super) fn signed<S: IdScheme>(id: Id<S>) -> Result<i64, IntegerError> {
    let word = unsigned(id);
    i64::try_from(word).map_err(|_| IntegerError::TooLarge { word })
}

/// The id in an unsigned integer of 64 bits. Asked for integer schemes alone.
pub(super) fn unsigned<S: IdScheme>(id: Id<S>) -> u64 {
    debug_assert!(is_integer::<S>(), "{id:?} is no integer");
    let word: u128 = id.word().into();
    u64::try_from(word).unwrap_or(u64::MAX)
}

/// The id in 16 bytes, the highest first, so that bytes sort as ids do.
#[cfg(any(
    feature = "diesel-postgres",
    feature = "diesel-mysql",
    feature = "diesel-sqlite",
    feature = "sqlx-mysql",
    feature = "sqlx-sqlite"
))]
pub(super) fn bytes<S: IdScheme>(id: Id<S>) -> [u8; 16] {
    let word: u128 = id.word().into();
    word.to_be_bytes()
}

/// The id of a signed integer.
pub(super) fn from_signed<S: IdScheme>(number: i64) -> Result<Id<S>, ColumnError> {
    let word = u64::try_from(number)
        .map_err(|_| ColumnError::Negative { number, scheme: Name::new(S::NAME) })?;
    from_word(word.into())
}

/// The id of 16 bytes, the highest first.
#[cfg(any(
    feature = "diesel-postgres",
    feature = "diesel-mysql",
    feature = "diesel-sqlite",
    feature = "sqlx-mysql",
    feature = "sqlx-sqlite"
))]
pub(super) fn from_bytes<S: IdScheme>(bytes: &[u8]) -> Result<Id<S>, ColumnError> {
    let length = ColumnError::Length { bytes: bytes.len(), scheme: Name::new(S::NAME) };
    from_word(u128::from_be_bytes(bytes.try_into().map_err(|_| length)?))
}

/// The id of a number.
pub(super) fn from_word<S: IdScheme>(number: u128) -> Result<Id<S>, ColumnError> {
    S::Word::from_u128(number)
        .ok_or(WordError::Width { width: S::LAYOUT.width() })
        .and_then(Id::from_word)
        .map_err(|reason| ColumnError::Word { word: number, scheme: Name::new(S::NAME), reason })
}
