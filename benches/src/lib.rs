//! What the benchmarks share: a layout wide enough to show what an engine costs, and the check
//! that what was made is distinct and carries real time.

use std::collections::HashSet;
use std::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{Id, IdScheme, Timebase, UnixTime};

/// 42 bits of Unix milliseconds, 1 of node, 21 of sequence: two million ids a millisecond, so that
/// the engine is what is measured, and not the layout's capacity.
#[derive(Debug)]
pub enum Wide {}

impl IdScheme for Wide {
    type Word = u64;
    const NAME: &'static str = "wide";
    const LAYOUT: Layout = Layout::new(
        64,
        &[Field::new(Kind::Tick, 42), Field::new(Kind::Node, 1), Field::new(Kind::Sequence, 21)],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

/// Panics unless a million ids of `make` are distinct and of the present.
pub fn check(mut make: impl FnMut() -> u64) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_millis() as u64);
    let words: Vec<u64> = (0..1_000_000).map(|_| make()).collect();
    let distinct: HashSet<_> = words.iter().collect();
    assert_eq!(distinct.len(), words.len(), "an id was made twice");
    let tick = words[words.len() - 1] >> 22;
    assert!(tick.abs_diff(now) < 5_000, "tick {tick} is not of the present, {now}");
}

/// A slice of ids to fill.
pub fn room(len: usize) -> Vec<Id<Wide>> {
    (0..len).map(|_| Id::from_word(0).unwrap_or_else(|_| unreachable!("0 is an id"))).collect()
}
