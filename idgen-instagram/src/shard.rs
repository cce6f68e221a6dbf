//! A logical shard: who generates an Instagram id, and where its row lives.

use core::fmt;

use idgen_core::Id;

use crate::Instagram;

/// A logical shard, 0 to 8,191. There are always as many; only where they live changes.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_instagram::{Instagram, Shard};
///
/// let id: Id<Instagram> = "11637205501278089".parse()?;
/// assert_eq!(Shard::of_id(id).number(), 1_341);
/// assert!(Shard::new(8_192).is_err());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u16", into = "u16"))]
pub struct Shard(u16);

impl Shard {
    /// How many there are: 8,192.
    pub const COUNT: u16 = 8_192;

    /// The shard of this number, 0 to 8,191.
    ///
    /// # Errors
    /// If the number is greater.
    pub const fn new(number: u16) -> Result<Self, ShardError> {
        if number < Self::COUNT { Ok(Self(number)) } else { Err(ShardError { number }) }
    }

    /// The shard that made an id.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the field has 13 bits")]
    pub fn of_id(id: Id<Instagram>) -> Self {
        Self(id.node() as u16)
    }

    /// The shard of a hash: its remainder.
    #[cfg(feature = "router")]
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of 8,192 has 13 bits")]
    pub(crate) const fn of_hash(hash: u64) -> Self {
        Self((hash % Self::COUNT as u64) as u16)
    }

    /// The number of the shard, 0 to 8,191: the node id of its generator.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Every shard, in ascending order.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..Self::COUNT).map(Self)
    }
}

impl TryFrom<u16> for Shard {
    type Error = ShardError;

    fn try_from(number: u16) -> Result<Self, ShardError> {
        Self::new(number)
    }
}

impl From<Shard> for u16 {
    fn from(shard: Shard) -> Self {
        shard.0
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number that is no shard's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("shard {number} is not in 0..=8191")]
pub struct ShardError {
    number: u16,
}
