//! Ids of 128 bits as values of the `uuid` crate.

use ::uuid::Uuid;

use crate::layout::WordError;
use crate::{Id, IdScheme};

/// The UUID of the same bits, whatever the scheme.
///
/// # Example
/// ```
/// # use idgen_core::{Id, IdScheme, Timebase, layout::{Field, Kind, Layout}, text::Form};
/// # struct UuidV4;
/// # impl IdScheme for UuidV4 {
/// #     type Word = u128;
/// #     const NAME: &'static str = "uuid-v4";
/// #     const LAYOUT: Layout = Layout::new(128, &[
/// #         Field::new(Kind::Random, 48).named("a"), Field::new(Kind::Version(4), 4),
/// #         Field::new(Kind::Random, 12).named("b"),
/// #         Field::new(Kind::Version(2), 2).named("variant"),
/// #         Field::new(Kind::Random, 62).named("c")]);
/// #     const TIMEBASE: Option<Timebase> = None;
/// #     const TEXT: Form = Form::Uuid;
/// # }
/// use uuid::Uuid;
///
/// let id: Id<UuidV4> = "919108f7-52d1-4320-9bac-f847db4148a8".parse()?;
/// let uuid = Uuid::from(id);
/// assert_eq!(uuid.to_string(), id.to_string());
/// assert_eq!(Id::try_from(uuid), Ok(id));
/// assert!(Id::<UuidV4>::try_from(Uuid::nil()).is_err());
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
impl<S: IdScheme<Word = u128>> From<Id<S>> for Uuid {
    fn from(id: Id<S>) -> Self {
        Self::from_u128(id.word())
    }
}

/// From a UUID, where it is an id of the scheme: of the same version, above all.
impl<S: IdScheme<Word = u128>> TryFrom<Uuid> for Id<S> {
    type Error = WordError;

    fn try_from(uuid: Uuid) -> Result<Self, WordError> {
        Self::from_word(uuid.as_u128())
    }
}
