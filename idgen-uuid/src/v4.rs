//! Version 4: random bits.

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase};

#[cfg(feature = "std")]
use idgen_core::generator::Drawn;

/// 122 random bits, in no order.
///
/// Two of a billion ids are equal with a probability of 9.4e-20, as
/// [`collision_probability`](idgen_core::random::collision_probability) computes.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_uuid::UuidV4;
///
/// let id: Id<UuidV4> = "919108f7-52d1-4320-9bac-f847db4148a8".parse()?;
/// assert_eq!(id.field("ver"), Some(4));
/// assert!("919108f7-52d1-7320-9bac-f847db4148a8".parse::<Id<UuidV4>>().is_err()); // version 7
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
///
/// # Source
/// RFC 9562, section 5.4.
#[derive(Clone, Copy, Debug)]
pub enum UuidV4 {}

impl IdScheme for UuidV4 {
    type Word = u128;
    const NAME: &'static str = "uuid-v4";
    const LAYOUT: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Random, 48).named("random_a"),
            Field::new(Kind::Version(4), 4).named("ver"),
            Field::new(Kind::Random, 12).named("random_b"),
            Field::new(Kind::Version(2), 2).named("var"),
            Field::new(Kind::Random, 62).named("random_c"),
        ],
    );
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Uuid;
}

#[cfg(feature = "std")]
impl UuidV4 {
    /// A generator on the operating system's random bits.
    ///
    /// # Example
    /// ```
    /// use idgen_core::generator::Generator;
    /// use idgen_uuid::UuidV4;
    ///
    /// let ids = UuidV4::generator();
    /// assert_ne!(ids.generate()?, ids.generate()?);
    /// # Ok::<(), idgen_core::GenerateError>(())
    /// ```
    #[must_use]
    pub const fn generator() -> Drawn<Self> {
        Drawn::new()
    }
}
