//! The two layouts that the original has where nothing is set.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};

/// A sign bit that is 0, 39 bits of 10 ms since 2014-09-01, 8 of sequence and 16 of machine.
///
/// Ids last 174 years, until 2188-11-16; 65,536 machines make 256 of them in 10 ms each, and they
/// fit a signed 64-bit integer. They are increasing from one generator, and by 10 ms across all
/// whose clocks agree. The machine id is below the sequence, so that ids of one tick sort by their
/// sequence first.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_sonyflake::Sonyflake;
///
/// let id = Id::<Sonyflake>::from_word(100 << 24 | 2 << 16 | 515)?;
/// assert_eq!((id.tick(), id.sequence(), id.field("machine")), (100, 2, Some(515)));
/// assert_eq!(id.time().unwrap().to_string(), "2014-09-01T00:00:01Z");
/// # Ok::<(), idgen_core::layout::WordError>(())
/// ```
///
/// # Source
/// `sonyflake.go` and the README of github.com/sony/sonyflake, version 1: `StartTime` is
/// 2014-09-01 where it is 0.
#[derive(Clone, Copy, Debug)]
pub enum Sonyflake {}

impl IdScheme for Sonyflake {
    type Word = u64;
    const NAME: &'static str = "sonyflake";
    const LAYOUT: Layout = CLASSIC;
    const TIMEBASE: Option<Timebase> = Some(Timebase::new(V1_START, DEFAULT_TICK));
    const TEXT: Form = Form::Decimal;
}

/// What version 2 of the original makes by its default settings: the bits of [`Sonyflake`], from
/// 2025-01-01 until 2199-03-19.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_sonyflake::SonyflakeV2;
///
/// let id = Id::<SonyflakeV2>::from_word(100 << 24)?;
/// assert_eq!(id.time().unwrap().to_string(), "2025-01-01T00:00:01Z");
/// # Ok::<(), idgen_core::layout::WordError>(())
/// ```
///
/// # Source
/// `v2/sonyflake.go` in github.com/sony/sonyflake.
#[derive(Clone, Copy, Debug)]
pub enum SonyflakeV2 {}

impl IdScheme for SonyflakeV2 {
    type Word = u64;
    const NAME: &'static str = "sonyflake-v2";
    const LAYOUT: Layout = CLASSIC;
    const TIMEBASE: Option<Timebase> = Some(Timebase::new(V2_START, DEFAULT_TICK));
    const TEXT: Form = Form::Decimal;
}

/// 2014-09-01T00:00:00Z.
const V1_START: UnixTime = UnixTime::from_seconds(1_409_529_600);

/// 2025-01-01T00:00:00Z.
pub(crate) const V2_START: UnixTime = UnixTime::from_seconds(1_735_689_600);

/// The time unit where none is set.
pub(crate) const DEFAULT_TICK: Duration = Duration::from_millis(10);

const CLASSIC: Layout = Layout::new(
    64,
    &[
        Field::new(Kind::Unused, 1),
        Field::new(Kind::Tick, 39),
        Field::new(Kind::Sequence, 8),
        Field::new(Kind::Node, 16).named("machine"),
    ],
);
