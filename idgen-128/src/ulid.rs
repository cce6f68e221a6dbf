//! ULIDs: milliseconds and 80 random bits.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};

#[cfg(feature = "std")]
use idgen_core::generator::{BuildError, Monotonic, SharedMonotonic};

/// 48 bits of milliseconds since 1970 and 80 random ones, in 26 characters that sort as the ids do.
///
/// Ids last until 10889. Those of one generator are strictly increasing: within a millisecond each
/// is the last plus 1, and the first of the next has 80 bits drawn anew. If a millisecond's bits
/// overflow, which happens to one of 2^80 at random, generating fails until the next.
///
/// Who sees an id can guess the next ones of its millisecond; where that matters, take a UUID of
/// version 7 or 4.
///
/// # Example
/// ```
/// use idgen_128::Ulid;
/// use idgen_core::Id;
///
/// let id: Id<Ulid> = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse()?;
/// assert_eq!(id.tick(), 1_469_922_850_259);
/// assert_eq!(id.to_string(), "01ARZ3NDEKTSV4RRFFQ69G5FAV");
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
///
/// # Source
/// The ULID specification, <https://github.com/ulid/spec>.
#[derive(Clone, Copy, Debug)]
pub enum Ulid {}

impl IdScheme for Ulid {
    type Word = u128;
    const NAME: &'static str = "ulid";
    const LAYOUT: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Tick, 48).named("timestamp"),
            Field::new(Kind::Random, 16).named("random_high"),
            Field::new(Kind::Random, 64).named("random_low"),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Base32;
}

#[cfg(feature = "std")]
impl Ulid {
    /// A generator for all threads, on the operating system's clock and its random bits.
    ///
    /// # Errors
    /// If the clock is before 1970, or no ticker thread can be started.
    pub fn generator() -> Result<SharedMonotonic<Self>, BuildError> {
        Self::monotonic().map(Monotonic::shared)
    }

    /// A generator for one owner, which is the faster one.
    ///
    /// # Errors
    /// As [`generator`](Self::generator).
    ///
    /// # Example
    /// ```
    /// use idgen_128::Ulid;
    ///
    /// let mut ids = Ulid::monotonic()?;
    /// assert!(ids.try_next()? < ids.try_next()?);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn monotonic() -> Result<Monotonic<Self>, BuildError> {
        Monotonic::new()
    }
}
