//! What versions 1 and 6 share: time since the Gregorian calendar, and nodes.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout, MAX_FIELDS};
use idgen_core::{Timebase, UnixTime};

/// Ticks of 100 ns since 1582-10-15T00:00:00Z, the first day of the Gregorian calendar. 60 bits of
/// them end on 5236-03-31.
///
/// RFC 9562, section 5.1.
pub(crate) const TIMEBASE: Timebase =
    Timebase::new(UnixTime::from_seconds(-12_219_292_800), Duration::from_nanos(100));

/// What follows the time: the clock sequence and the node.
pub(crate) const PLAIN: &[Field] =
    &[Field::new(Kind::Sequence, 14).named("clock_seq"), Field::new(Kind::Node, 48)];

/// The same bits, for generators without a node: 4 that count, and 57 random ones around the
/// multicast bit, the lowest of the first octet.
pub(crate) const COUNTED: &[Field] = &[
    Field::new(Kind::Sequence, 4),
    Field::new(Kind::Random, 10).named("clock"),
    Field::new(Kind::Random, 7).named("node_high"),
    Field::new(Kind::Version(1), 1).named("multicast"),
    Field::new(Kind::Random, 40).named("node_low"),
];

/// The same bits, for generators of a node: 4 that count, and ten more of the node.
pub(crate) const COUNTED_OF_NODE: &[Field] = &[
    Field::new(Kind::Sequence, 4),
    Field::new(Kind::Node, 10).named("clock"),
    Field::new(Kind::Node, 48),
];

/// The layout of a time, in the order of its version, and what follows it.
pub(crate) const fn layout(time: &[Field; 5], rest: &[Field]) -> Layout {
    let mut fields = [Field::new(Kind::Unused, 1); MAX_FIELDS];
    let (head, tail) = fields.split_at_mut(time.len());
    head.copy_from_slice(time);
    let (tail, _) = tail.split_at_mut(rest.len());
    tail.copy_from_slice(rest);
    let (fields, _) = fields.split_at(time.len() + rest.len());
    Layout::new(128, fields)
}

/// How many nodes 48 bits tell apart.
#[cfg(feature = "std")]
const NODES: u64 = 1 << 48;

/// How many values those 10 bits of the clock sequence have that do not count.
#[cfg(feature = "std")]
const CLOCKS: u64 = 1 << 10;

/// A node with ten random bits of clock sequence above it: a node of the layouts that generators
/// count in.
#[cfg(feature = "std")]
pub(crate) fn with_random_clock(node: u64) -> u64 {
    use idgen_core::random::{RandomSource, SystemRandom};

    let [.., low, high] = SystemRandom.word().to_be_bytes();
    u64::from(u16::from_be_bytes([high, low])) % CLOCKS * NODES + node
}

/// The number of an IEEE 802 address.
#[cfg(feature = "std")]
pub(crate) fn node_of(address: [u8; 6]) -> u64 {
    let [a, b, c, d, e, f] = address;
    u64::from_be_bytes([0, 0, a, b, c, d, e, f])
}
