//! Instagram's layout.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};

/// 41 bits of milliseconds since 2011-08-24T21:07:01.721Z, 13 of logical shard and 10 of sequence:
/// all 64 bits.
///
/// 8,192 shards make 1,024 ids a millisecond each, until 2081-04-30. They are increasing from one
/// generator as unsigned numbers; in a signed BIGINT they are negative from
/// 2046-06-27T17:00:49.497Z on, and sort before all that went before.
///
/// # Example
/// ```
/// use idgen_core::{Id, layout::Parts};
/// use idgen_instagram::Instagram;
///
/// let id: Id<Instagram> = "11637205501278089".parse()?;
/// assert_eq!((id.tick(), id.field("shard"), id.sequence()), (1_387_263_000, Some(1_341), 905));
///
/// // The first tick whose ids do not fit a signed integer.
/// let late = Id::<Instagram>::from_parts(Parts { tick: 1 << 40, ..Parts::default() })?;
/// assert_eq!(late.time().unwrap().to_string(), "2046-06-27T17:00:49.497Z");
/// assert_eq!(late.word().cast_signed(), i64::MIN);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// # Source
/// *Sharding & IDs at Instagram*, Instagram Engineering, 2012: the function `insta5.next_id` and
/// its `our_epoch`.
#[derive(Clone, Copy, Debug)]
pub enum Instagram {}

impl IdScheme for Instagram {
    type Word = u64;
    const NAME: &'static str = "instagram";
    const LAYOUT: Layout = Layout::new(
        64,
        &[Field::new(Kind::Tick, 41), Field::new(Kind::Shard, 13), Field::new(Kind::Sequence, 10)],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_millis(1_314_220_021_721), Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}
