//! Ids to try databases with, and the examples of `docs/databases.md`.
//!
//! The tests are one file for each library: `tests/sqlx.rs` and `tests/diesel.rs`. Each runs the
//! same checks for each scheme on each database; one more scheme is one line there.

use std::time::Duration;

use idgen::generator::Generator;
use idgen::layout::{Field, Kind, Layout, Parts};
use idgen::text::Form;
use idgen::{Id, IdScheme, Timebase, UnixTime};
use idgen_testkit::{SplitMix64, create_test_generator};

/// The examples of the guide, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/databases.md")]
pub struct Guide;

/// 128 bits, with constants above and below what varies: the shape of a UUID of version 7.
#[derive(Debug)]
pub enum Broad {}

impl IdScheme for Broad {
    type Word = u128;
    const NAME: &'static str = "broad";
    const LAYOUT: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Tick, 48),
            Field::new(Kind::Version(7), 4),
            Field::new(Kind::Sequence, 12),
            Field::new(Kind::Version(2), 2).named("variant"),
            Field::new(Kind::Node, 62),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Hex;
}

/// When the first of [`generated`] ids is made: 2024-01-01.
pub const BEGIN: UnixTime = UnixTime::from_millis(1_704_067_200_000);

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

/// 600 ids in the order they were made, over a minute, several in most ticks.
///
/// # Panics
/// If the scheme makes no ids at [`BEGIN`].
#[must_use]
pub fn generated<S: IdScheme>() -> Vec<Id<S>> {
    let ids = create_test_generator::<S>(3, BEGIN);
    let batches = (0..60).flat_map(|_| {
        ids.clock().advance(Duration::from_secs(1));
        (0..10)
            .map(|_| ids.generate().unwrap_or_else(|error| panic!("{error}")))
            .collect::<Vec<_>>()
    });
    batches.collect()
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
