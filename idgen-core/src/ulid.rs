//! Ids of 128 bits as values of the `ulid` crate.

use ::ulid::Ulid;

use crate::layout::WordError;
use crate::{Id, IdScheme};

/// The ULID of the same bits, whatever the scheme.
///
/// # Example
/// ```
/// # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # use core::time::Duration;
/// # struct Millis;
/// # impl IdScheme for Millis {
/// #     type Word = u128;
/// #     const NAME: &'static str = "millis";
/// #     const LAYOUT: Layout = Layout::new(128, &[
/// #         Field::new(Kind::Tick, 48), Field::new(Kind::Random, 16),
/// #         Field::new(Kind::Random, 64).named("more")]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
/// #     const TEXT: Form = Form::Base32;
/// # }
/// use ulid::Ulid;
///
/// let id: Id<Millis> = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse()?;
/// let ulid = Ulid::from(id);
/// assert_eq!((ulid.to_string(), ulid.timestamp_ms()), (id.to_string(), id.tick()));
/// assert_eq!(Id::try_from(ulid), Ok(id));
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
impl<S: IdScheme<Word = u128>> From<Id<S>> for Ulid {
    fn from(id: Id<S>) -> Self {
        Self(id.word())
    }
}

/// From a ULID, where its bits are an id of the scheme.
impl<S: IdScheme<Word = u128>> TryFrom<Ulid> for Id<S> {
    type Error = WordError;

    fn try_from(ulid: Ulid) -> Result<Self, WordError> {
        Self::from_word(ulid.0)
    }
}
