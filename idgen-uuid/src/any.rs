//! UUIDs whose version does not matter.

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase};

/// A UUID of any version and variant, the nil and the max UUID included: for what comes from
/// elsewhere.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_uuid::AnyUuid;
///
/// let max: Id<AnyUuid> = "ffffffff-ffff-ffff-ffff-ffffffffffff".parse()?;
/// assert_eq!(max.word(), u128::MAX);
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
///
/// # Source
/// RFC 9562, sections 4, 5.9 (nil) and 5.10 (max).
#[derive(Clone, Copy, Debug)]
pub enum AnyUuid {}

impl IdScheme for AnyUuid {
    type Word = u128;
    const NAME: &'static str = "uuid";
    const LAYOUT: Layout = Layout::new(
        128,
        &[Field::new(Kind::Data, 64).named("high"), Field::new(Kind::Data, 64).named("low")],
    );
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Uuid;
}
