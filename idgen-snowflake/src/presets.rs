//! Layouts of systems that run already, and one for JavaScript.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};

use crate::snowflake::{CLASSIC, millis_since};

/// Twitter's and X's ids: 41 bits of milliseconds since 2010-11-04T01:42:54.657Z, 5 of
/// datacenter, 5 of worker, 12 of sequence. The last is of 2080-07-10.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_snowflake::Twitter;
///
/// let id: Id<Twitter> = "1541815603606036480".parse()?;
/// assert_eq!(id.time().unwrap().to_string(), "2022-06-28T16:07:40.105Z");
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
///
/// # Source
/// `IdWorker.scala` in github.com/twitter-archive/snowflake, tag snowflake-2010.
#[derive(Clone, Copy, Debug)]
pub enum Twitter {}

impl IdScheme for Twitter {
    type Word = u64;
    const NAME: &'static str = "twitter";
    const LAYOUT: Layout = CLASSIC;
    const TIMEBASE: Option<Timebase> = Some(millis_since(1_288_834_974_657));
    const TEXT: Form = Form::Decimal;
}

/// Discord's ids: 42 bits of milliseconds since 2015-01-01, 5 of worker, 5 of process, 12 of
/// increment. They fill all 64 bits: from 2084-09-06 on they are negative as signed integers.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_snowflake::Discord;
///
/// let id: Id<Discord> = "175928847299117063".parse()?;
/// assert_eq!(id.time().unwrap().to_string(), "2016-04-30T11:18:25.796Z");
/// assert_eq!((id.field("worker"), id.field("process"), id.sequence()), (Some(1), Some(0), 7));
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
///
/// # Source
/// Discord's developer documentation, *API Reference*, section *Snowflakes*.
#[derive(Clone, Copy, Debug)]
pub enum Discord {}

impl IdScheme for Discord {
    type Word = u64;
    const NAME: &'static str = "discord";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Tick, 42),
            Field::new(Kind::Node, 5).named("worker"),
            Field::new(Kind::Node, 5).named("process"),
            Field::new(Kind::Sequence, 12),
        ],
    );
    const TIMEBASE: Option<Timebase> = Some(millis_since(1_420_070_400_000));
    const TEXT: Form = Form::Decimal;
}

/// Mastodon's ids: 48 bits of Unix milliseconds and 16 of sequence, and no node id.
///
/// Mastodon itself takes the 16 bits from a hash of table name, secret and time, to which it adds
/// a database sequence, so that nobody can count statuses. Ids made here count from 0 in each
/// millisecond. Without a node id there must be one generator at a time.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_snowflake::Mastodon;
///
/// let id: Id<Mastodon> = "109372843234780274".parse()?;
/// assert_eq!(id.time().unwrap().to_string(), "2022-11-19T22:32:24.085Z");
/// # Ok::<(), idgen_core::ParseIdError>(())
/// ```
///
/// # Source
/// `lib/mastodon/snowflake.rb` in github.com/mastodon/mastodon.
#[derive(Clone, Copy, Debug)]
pub enum Mastodon {}

impl IdScheme for Mastodon {
    type Word = u64;
    const NAME: &'static str = "mastodon";
    const LAYOUT: Layout =
        Layout::new(64, &[Field::new(Kind::Tick, 48), Field::new(Kind::Sequence, 16)]);
    const TIMEBASE: Option<Timebase> = Some(millis_since(0));
    const TEXT: Form = Form::Decimal;
}

/// Ids of Meituan's Leaf in snowflake mode: 41 bits of milliseconds since
/// 2010-11-04T01:42:54.657Z, 10 of worker, 12 of sequence.
///
/// # Source
/// `SnowflakeIDGenImpl.java` in github.com/Meituan-Dianping/Leaf, whose default epoch is Twitter's.
#[derive(Clone, Copy, Debug)]
pub enum Leaf {}

impl IdScheme for Leaf {
    type Word = u64;
    const NAME: &'static str = "leaf";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, 41),
            Field::new(Kind::Node, 10).named("worker"),
            Field::new(Kind::Sequence, 12),
        ],
    );
    const TIMEBASE: Option<Timebase> = Some(millis_since(1_288_834_974_657));
    const TEXT: Form = Form::Decimal;
}

/// Ids of Baidu's UidGenerator by its default settings: 28 bits of seconds since
/// 2016-05-20 in Beijing, 22 of worker, 13 of sequence.
///
/// 28 bits of seconds are 8.5 years: the last tick was 2024-11-20T13:24:15Z. Ids still decode, but
/// a generator is refused; take the layout with an epoch of your own.
///
/// # Source
/// `DefaultUidGenerator.java` in github.com/baidu/uid-generator.
#[derive(Clone, Copy, Debug)]
pub enum Baidu {}

impl IdScheme for Baidu {
    type Word = u64;
    const NAME: &'static str = "baidu";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, 28),
            Field::new(Kind::Node, 22).named("worker"),
            Field::new(Kind::Sequence, 13),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_seconds(1_463_673_600), Duration::from_secs(1)));
    const TEXT: Form = Form::Decimal;
}

/// Ids that a JavaScript number holds exactly: 41 bits of milliseconds since 2020-01-01, 6 of
/// worker and 6 of sequence, 53 in all.
///
/// 64 workers make 64 ids a millisecond each, until 2089-09-06.
///
/// # Source
/// ECMA-262, *Number.MAX_SAFE_INTEGER*: 2^53 - 1.
#[derive(Clone, Copy, Debug)]
pub enum Js53 {}

impl IdScheme for Js53 {
    type Word = u64;
    const NAME: &'static str = "js53";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 11),
            Field::new(Kind::Tick, 41),
            Field::new(Kind::Node, 6).named("worker"),
            Field::new(Kind::Sequence, 6),
        ],
    );
    const TIMEBASE: Option<Timebase> = Some(millis_since(1_577_836_800_000));
    const TEXT: Form = Form::Decimal;
}
