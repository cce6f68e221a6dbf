//! What a layout can hold: how many ids, from how many nodes, until when.

use super::{Kind, Layout, mask};
use crate::{Timebase, UnixTime};

/// The integers that a JavaScript number tells apart end at 2^53.
const JAVASCRIPT_BITS: u32 = 53;

/// Capacity figures of a layout, computed from its bits.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::layout::{Capacity, Layout};
/// use idgen_core::{Timebase, UnixTime};
///
/// let base = Timebase::new(UnixTime::from_millis(1_577_836_800_000), Duration::from_millis(1));
/// let capacity = Capacity::of(&"41:5:5:12".parse::<Layout>()?, Some(&base));
/// assert_eq!(capacity.ids_per_tick, 4_096);
/// assert_eq!(capacity.ids_per_second, Some(4_096_000));
/// assert_eq!(capacity.nodes, 1_024);
/// assert_eq!(capacity.last.unwrap().to_string(), "2089-09-06T15:47:35.551Z");
/// assert!(capacity.fits_i64 && !capacity.fits_javascript);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capacity {
    /// Ids that one node can make in one tick, 1 to 2^64.
    pub ids_per_tick: u128,
    /// Ids that one node can make in a second, without borrowing; `None` where the scheme keeps
    /// no time.
    pub ids_per_second: Option<u128>,
    /// Nodes that can generate at the same time, 1 to 2^64.
    pub nodes: u128,
    /// First instant an id can carry: the epoch.
    pub first: Option<UnixTime>,
    /// Beginning of the last tick an id can carry.
    pub last: Option<UnixTime>,
    /// Beginning of the last tick whose ids are not negative as a signed integer of the same
    /// width. Earlier than `last` where the tick reaches into the highest bit.
    pub last_signed: Option<UnixTime>,
    /// Random bits in an id, 0 to 128.
    pub random_bits: u32,
    /// Whether every id fits a signed 64-bit integer: an SQL BIGINT, a Java long.
    pub fits_i64: bool,
    /// Whether every id fits the 53 bits that a JavaScript number keeps exactly.
    pub fits_javascript: bool,
}

impl Capacity {
    /// The figures of a layout, with its times where a timebase is given.
    #[must_use]
    pub fn of(layout: &Layout, timebase: Option<&Timebase>) -> Self {
        let ids_per_tick = 1 << layout.sequence_bits();
        let timebase = timebase.filter(|_| layout.tick_bits() > 0);
        let last_tick = highest(layout.tick_bits());
        Self {
            ids_per_tick,
            ids_per_second: timebase
                .map(|base| ids_per_tick * 1_000_000_000 / u128::from(base.tick_nanos())),
            nodes: 1 << layout.node_bits(),
            first: timebase.map(Timebase::epoch),
            last: timebase.map(|base| base.time_of(last_tick)),
            last_signed: timebase.map(|base| base.time_of(last_signed_tick(layout))),
            random_bits: random_bits(layout),
            fits_i64: layout.significant_bits() < u64::BITS,
            fits_javascript: layout.significant_bits() <= JAVASCRIPT_BITS,
        }
    }
}

/// The greatest tick whose words leave the highest bit of the word alone.
fn last_signed_tick(layout: &Layout) -> u64 {
    let top = layout.fields()[0];
    match top.kind() {
        Kind::Tick => {
            let place = u32::from(top.low) + u32::from(top.bits()) - 1;
            highest(layout.tick_bits()) & !(1 << place)
        }
        _ => highest(layout.tick_bits()),
    }
}

fn random_bits(layout: &Layout) -> u32 {
    let random = layout.fields().iter().filter(|field| field.kind() == Kind::Random);
    random.map(|field| u32::from(field.bits())).sum()
}

/// The greatest number of `bits` bits, 0 to 64.
fn highest(bits: u32) -> u64 {
    u64::try_from(mask(bits)).unwrap_or(u64::MAX)
}
