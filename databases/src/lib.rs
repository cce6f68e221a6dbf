//! Ids to try databases with, and the examples of `docs/databases.md`.
//!
//! The tests are one file for each library: `tests/sqlx.rs` and `tests/diesel.rs`. Each runs the
//! same checks for each scheme on each database; one more scheme is one word in
//! [`each_narrow`], [`each_full`] or [`each_wide`].

use idgen::layout::Parts;
use idgen::typed::Entity;
use idgen::{Id, IdScheme, Scheme, UnixTime};
use idgen_testkit::SplitMix64;

/// The examples of the guide, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/databases.md")]
pub struct Guide;

/// Calls a check for each scheme of 64 bits whose ids all fit a signed integer.
#[macro_export]
macro_rules! each_narrow {
    ($scheme:ident => $check:expr) => {{
        use idgen::lamport::Lamport;
        use idgen::snowflake::{Baidu, Js53, Leaf, Snowflake, Twitter};
        use idgen::sonyflake::{Sonyflake, SonyflakeV2};
        $crate::each_narrow!(@ $scheme => $check; Snowflake Twitter Leaf Baidu Js53);
        $crate::each_narrow!(@ $scheme => $check; Sonyflake SonyflakeV2 Lamport);
    }};
    (@ $scheme:ident => $check:expr; $($of:ident)+) => {
        $({ type $scheme = $of; $check })+
    };
}

/// Calls a check for each scheme of 64 bits that reaches into the sign bit.
#[macro_export]
macro_rules! each_full {
    ($scheme:ident => $check:expr) => {{
        use idgen::instagram::Instagram;
        use idgen::snowflake::{Discord, Mastodon};
        $crate::each_narrow!(@ $scheme => $check; Discord Mastodon Instagram);
    }};
}

/// Calls a check for each scheme of 128 bits.
#[macro_export]
macro_rules! each_wide {
    ($scheme:ident => $check:expr) => {{
        use idgen::lamport::Hlc;
        use idgen::uuid::{UuidV1, UuidV3, UuidV4, UuidV5, UuidV6, UuidV7, UuidV8};
        use idgen::wide::{Nano128, Ulid};
        $crate::each_narrow!(@ $scheme => $check; UuidV1 UuidV3 UuidV4 UuidV5 UuidV6 UuidV7 UuidV8);
        $crate::each_narrow!(@ $scheme => $check; Nano128 Ulid Hlc);
    }};
}

/// When the first of [`generated`] ids is made: 2025-06-01, or 2023-06-01 where the scheme's life was
/// over by then.
#[must_use]
pub fn begin<S: IdScheme>() -> UnixTime {
    let late = UnixTime::from_millis(1_748_736_000_000);
    let last = Scheme::of::<S>().capacity().last;
    if last.is_some_and(|last| last < late) {
        UnixTime::from_millis(1_685_577_600_000)
    } else {
        late
    }
}

/// An order, whose ids are typed.
#[derive(Debug)]
pub enum Order {}

impl Entity for Order {
    const PREFIX: &'static str = "order";
}

/// The least id, its neighbour, the greatest below 2^63 and from there on, the greatest of all,
/// and some at random.
#[must_use]
pub fn edges<S: IdScheme>() -> Vec<Id<S>> {
    let mut random = SplitMix64::new(7);
    let mut words = vec![0, 1, u128::MAX];
    words.extend([1 << 63, (1 << 63) - 1, 1 << 127, (1 << 127) - 1]);
    words.extend((0..40).map(|_| {
        let [high, low] = [random.next_u64(), random.next_u64()].map(u128::from);
        high << 64 | low
    }));
    let mut ids: Vec<_> = words.into_iter().map(nearest).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Whether the scheme's ids stand in the order of time, so that a range of ids is one of time.
#[must_use]
pub fn has_ranges<S: IdScheme>() -> bool {
    S::TIMEBASE.is_some() && S::LAYOUT.is_time_ordered()
}

/// 600 ids in ascending order, over a minute, ten in each of its seconds.
///
/// # Panics
/// If the scheme has no ids at [`begin`], or is not one of [`has_ranges`].
#[must_use]
pub fn generated<S: IdScheme>() -> Vec<Id<S>> {
    let base = S::TIMEBASE.unwrap_or_else(|| panic!("{} keeps no time", S::NAME));
    let most = S::LAYOUT.unpack(u128::MAX);
    let tenth = |i: u32| Parts {
        tick: 0,
        node: most.node.min(3),
        sequence: (most.sequence / 10).max(1).min(most.sequence) * u64::from(i),
        payload: most.payload / 10 * u128::from(i),
    };
    let at = |second: i64| {
        let time =
            UnixTime::from_nanos(begin::<S>().as_nanos() + i128::from(second) * 1_000_000_000);
        let tick = base.tick_at(time).unwrap_or_else(|error| panic!("{error}"));
        (0..10).map(move |i| Parts { tick, ..tenth(i) })
    };
    let parts = (1..=60).flat_map(at);
    parts.map(|parts| Id::from_parts(parts).unwrap_or_else(|error| panic!("{error}"))).collect()
}

/// The same ids in another order.
#[must_use]
pub fn shuffled<S: IdScheme>(mut ids: Vec<Id<S>>) -> Vec<Id<S>> {
    let mut random = SplitMix64::new(11);
    for bound in (1..ids.len()).rev() {
        let other = random.below(bound as u64 + 1);
        ids.swap(bound, usize::try_from(other).unwrap_or(0));
    }
    ids
}

/// Whether a signed 64-bit integer, or 16 bytes, holds the id.
#[must_use]
pub fn fits_signed<S: IdScheme>(id: &Id<S>) -> bool {
    S::LAYOUT.width() == 128 || u128::from(*id) < 1 << 63
}

/// The id that has the bits of a word wherever the layout lets them vary.
fn nearest<S: IdScheme>(word: u128) -> Id<S> {
    let parts: Parts = S::LAYOUT.unpack(word);
    Id::from_parts(parts).unwrap_or_else(|error| panic!("{error}"))
}
