//! The machine word that holds an id: 64 or 128 bits, through the same code.

use core::fmt::{Binary, Debug, Display, LowerHex};
use core::hash::Hash;
use core::ops::{Add, BitAnd, BitOr, Shl, Shr};

/// An unsigned integer that holds one id: [`u64`] or [`u128`], and no other type.
///
/// # Example
/// ```
/// use idgen_core::Word;
///
/// assert_eq!(u64::from_u128(7), Some(7));
/// assert_eq!(u64::from_u128(1 << 64), None); // refused, never cut off
/// assert_eq!(<u128 as Word>::BITS, 128);
/// ```
pub trait Word:
    sealed::Sealed
    + Copy
    + Debug
    + Default
    + Display
    + Binary
    + LowerHex
    + Eq
    + Ord
    + Hash
    + Send
    + Sync
    + Unpin
    + From<u64>
    + Into<u128>
    + Add<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + Shl<u32, Output = Self>
    + Shr<u32, Output = Self>
    + 'static
{
    /// Bits in the word: 64 or 128.
    const BITS: u32;

    /// The word with these bits at a place: what is beyond the word is cut off.
    #[must_use]
    fn place(bits: u64, at: u32) -> Self;

    /// The sum, modulo 2^[`BITS`](Self::BITS).
    #[must_use]
    fn plus(self, other: Self) -> Self;

    /// The difference, modulo 2^[`BITS`](Self::BITS).
    #[must_use]
    fn minus(self, other: Self) -> Self;

    /// The upper 64 of 128 bits, and the lower: of a word of 64 bits the upper are 0.
    #[must_use]
    fn halves(self) -> [u64; 2];

    /// The word of these halves. A word of 64 bits is the lower: the upper are cut off.
    #[must_use]
    fn of_halves(halves: [u64; 2]) -> Self;

    /// The word of this value, or `None` where it does not fit.
    fn from_u128(value: u128) -> Option<Self>;
}

/// What is its bytes and nothing else, so that it can be written past the caches.
#[cfg(feature = "std")]
pub trait Plain: Copy + zerocopy::IntoBytes {}

#[cfg(feature = "std")]
impl<T: Copy + zerocopy::IntoBytes> Plain for T {}

/// Where nothing is written past the caches, whatever there is.
#[cfg(not(feature = "std"))]
pub trait Plain: Copy {}

#[cfg(not(feature = "std"))]
impl<T: Copy> Plain for T {}

impl Word for u64 {
    const BITS: u32 = u64::BITS;

    #[inline]
    fn place(bits: u64, at: u32) -> Self {
        bits << at
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline]
    fn halves(self) -> [u64; 2] {
        [0, self]
    }

    #[inline]
    fn of_halves([_, low]: [u64; 2]) -> Self {
        low
    }

    #[inline]
    fn from_u128(value: u128) -> Option<Self> {
        Self::try_from(value).ok()
    }
}

impl Word for u128 {
    const BITS: u32 = u128::BITS;

    #[inline]
    fn place(bits: u64, at: u32) -> Self {
        // A layout's places stay the same, so that this is predicted; a shift of 128 bits takes as
        // long as the rest of an id.
        if at >= 64 {
            return Self::from(bits << (at - 64)) << 64;
        }
        let (low, high) = (bits << at, (bits >> 1) >> (63 - at));
        Self::from(high) << 64 | Self::from(low)
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
    fn halves(self) -> [u64; 2] {
        [(self >> 64) as u64, self as u64]
    }

    #[inline]
    fn of_halves([high, low]: [u64; 2]) -> Self {
        Self::from(high) << 64 | Self::from(low)
    }

    #[inline]
    fn from_u128(value: u128) -> Option<Self> {
        Some(value)
    }
}

mod sealed {
    pub trait Sealed: super::Plain {}
    impl Sealed for u64 {}
    impl Sealed for u128 {}
}
