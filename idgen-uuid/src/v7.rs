//! Version 7: Unix milliseconds, then a counter and random bits.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};

#[cfg(feature = "std")]
use idgen_core::generator::{BuildError, Builder, Tailed};

/// 48 bits of milliseconds since 1970, and 74 bits that a generator divides into a counter of 20
/// bits and 54 random ones.
///
/// Ids last until 10889, those of our generators until 2527. They sort by time, as numbers and as
/// texts; those of one generator are strictly increasing, whichever thread asks, over exhausted
/// counters (they borrow the next millisecond) and clocks that step back. The counter is method 1 of the
/// RFC: of fixed length, in rand_a and the first 8 bits of rand_b, begun in each millisecond at a
/// random place of its lower half, and carried into the time when it rolls over. 524,288 ids and
/// more fit a millisecond before it borrows.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_uuid::UuidV7;
///
/// let id: Id<UuidV7> = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f".parse()?;
/// assert_eq!(id.time().unwrap().to_string(), "2022-02-22T19:22:22Z");
/// assert_eq!(id.field("rand_a"), Some(0xcc3));
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
///
/// # Source
/// RFC 9562, sections 5.7 and 6.2 (method 1).
#[derive(Clone, Copy, Debug)]
pub enum UuidV7 {}

impl IdScheme for UuidV7 {
    type Word = u128;
    const NAME: &'static str = "uuid-v7";
    const LAYOUT: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Tick, 48).named("unix_ts_ms"),
            Field::new(Kind::Version(7), 4).named("ver"),
            Field::new(Kind::Random, 12).named("rand_a"),
            Field::new(Kind::Version(2), 2).named("var"),
            Field::new(Kind::Random, 62).named("rand_b"),
        ],
    );
    const LINE: Layout = Self::COUNTED;
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Uuid;
}

impl UuidV7 {
    /// The layout that generators count in: a position is 44 bits of time and 20 of counter.
    pub const COUNTED: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Unused, 4),
            Field::new(Kind::Tick, 44).named("unix_ts_ms"),
            Field::new(Kind::Version(7), 4).named("ver"),
            Field::new(Kind::Sequence, 12).named("counter_high"),
            Field::new(Kind::Version(2), 2).named("var"),
            Field::new(Kind::Sequence, 8).named("counter_low"),
            Field::new(Kind::Random, 54),
        ],
    );
}

#[cfg(feature = "std")]
impl UuidV7 {
    /// A generator on the operating system's clock and its random bits.
    ///
    /// # Errors
    /// If the clock is before 1970 or after 2527, or no ticker thread can be started.
    pub fn generator() -> Result<Tailed<Self>, BuildError> {
        Self::builder().tailed()
    }

    /// Settings of a generator, to be made by [`Builder::tailed`].
    ///
    /// # Example
    /// ```
    /// use idgen_core::clock::ScriptedClock;
    /// use idgen_core::generator::Generator;
    /// use idgen_core::UnixTime;
    /// use idgen_uuid::UuidV7;
    ///
    /// let clock = ScriptedClock::at(UnixTime::from_millis(1_645_557_742_000));
    /// let ids = UuidV7::builder().clock(&clock).tailed()?;
    /// assert!(ids.generate()?.to_string().starts_with("017f22e2-79b0-7"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn builder() -> Builder<Self> {
        Builder::new().refined(Self::COUNTED)
    }
}
