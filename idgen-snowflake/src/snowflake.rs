//! This workspace's snowflake.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};

/// A sign bit that is 0, 41 bits of milliseconds since 2020-01-01, 5 of datacenter, 5 of worker
/// and 12 of sequence.
///
/// Ids last until 2089-09-06, 1,024 nodes make 4,096 of them a millisecond each, and they fit a
/// signed 64-bit integer. They are increasing from one generator, and by milliseconds across all
/// whose clocks agree.
///
/// # Example
/// ```
/// use idgen_core::{Id, layout::Parts};
/// use idgen_snowflake::Snowflake;
///
/// let id = Id::<Snowflake>::from_parts(Parts { tick: 1, node: 1 << 5 | 5, ..Parts::default() })?;
/// assert_eq!(id.to_string(), "4345856");
/// assert_eq!((id.field("datacenter"), id.field("worker")), (Some(1), Some(5)));
/// assert_eq!(id.time().unwrap().to_string(), "2020-01-01T00:00:00.001Z");
/// # Ok::<(), idgen_core::layout::RangeError>(())
/// ```
///
/// # Source
/// The layout of Twitter's Snowflake of 2010, with an epoch of 2020-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug)]
pub enum Snowflake {}

impl IdScheme for Snowflake {
    type Word = u64;
    const NAME: &'static str = "snowflake";
    const LAYOUT: Layout = CLASSIC;
    const TIMEBASE: Option<Timebase> = Some(millis_since(1_577_836_800_000));
    const TEXT: Form = Form::Decimal;
}

/// Twitter's layout of 2010.
pub(crate) const CLASSIC: Layout = Layout::new(
    64,
    &[
        Field::new(Kind::Unused, 1),
        Field::new(Kind::Tick, 41),
        Field::new(Kind::Node, 5).named("datacenter"),
        Field::new(Kind::Node, 5).named("worker"),
        Field::new(Kind::Sequence, 12),
    ],
);

/// Ticks of a millisecond, from this many milliseconds after 1970.
pub(crate) const fn millis_since(epoch: i64) -> Timebase {
    Timebase::new(UnixTime::from_millis(epoch), Duration::from_millis(1))
}
