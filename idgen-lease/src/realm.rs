//! What all holders agree on, and the blocks of node ids in it.

use core::fmt;

use idgen_core::layout::{LayoutError, Parts};
use idgen_core::{Name, Scheme, UnixTime};

use crate::LeaseError;

/// A namespace and its scheme: ids are unique within it.
///
/// Holders of one namespace must agree on layout, epoch and tick length, which a store checks.
///
/// # Example
/// ```
/// use idgen_core::{Name, Scheme};
/// use idgen_lease::Realm;
/// use idgen_snowflake::Snowflake;
///
/// let realm = Realm::of(Scheme::of::<Snowflake>());
/// assert_eq!(realm.namespace().as_str(), "snowflake");
/// let orders = realm.named(Name::new("orders")); // ids that may equal those of others
/// assert_eq!(orders.namespace().as_str(), "orders");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Realm {
    namespace: Name,
    scheme: Scheme,
    /// The namespace where nothing else is said, and whether that is of the layout.
    own: Name,
    by_layout: bool,
}

impl Realm {
    /// The scheme in the namespace of its own name.
    #[must_use]
    pub const fn of(scheme: Scheme) -> Self {
        Self { namespace: scheme.name, scheme, own: scheme.name, by_layout: false }
    }

    /// The scheme in a namespace that all schemes of its layout, epoch and tick length share, and no
    /// other: its name with a fingerprint. For schemes that nobody gave a name of their own.
    #[must_use]
    pub fn by_layout(scheme: Scheme) -> Self {
        let fingerprint = crc32fast::hash(crate::file::describe(&Self::of(scheme)).as_bytes());
        let stem: String = scheme.name.as_str().chars().take(14).collect();
        let name = Name::try_new(&format!("{stem}-{fingerprint:08x}"));
        let name = name.unwrap_or(scheme.name);
        Self { namespace: name, scheme, own: name, by_layout: true }
    }

    /// The same in another namespace.
    #[must_use]
    pub const fn named(mut self, namespace: Name) -> Self {
        self.namespace = namespace;
        self
    }

    /// The namespace.
    #[must_use]
    pub const fn namespace(&self) -> Name {
        self.namespace
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// As arguments of the command: `snowflake`, `twitter --namespace orders`, or a layout with its times.
    pub(crate) fn arguments(&self) -> String {
        let Scheme { name, layout, timebase, .. } = self.scheme;
        let mut arguments = match timebase {
            Some(base) if self.by_layout => {
                format!("--layout '{layout}' --epoch {} --tick {:?}", base.epoch(), base.tick())
            }
            _ => name.to_string(),
        };
        if self.namespace != self.own {
            arguments.push_str(&format!(" --namespace {}", self.namespace));
        }
        arguments
    }

    /// The tick of an instant, or the nearest; `None` where the scheme keeps no time.
    #[must_use]
    pub fn tick_at(&self, time: UnixTime) -> Option<u64> {
        self.scheme.timebase.map(|base| base.nearest_tick(time))
    }

    /// The tick with its time.
    #[must_use]
    pub fn dated(&self, tick: u64) -> DatedTick {
        DatedTick { tick, time: self.scheme.timebase.map(|base| base.time_of(tick)) }
    }

    /// Greatest node id.
    #[must_use]
    pub fn last_node(&self) -> u64 {
        u64::MAX.checked_shr(u64::BITS - self.scheme.layout.node_bits()).unwrap_or(0)
    }

    /// The block of 2^`bits` node ids that starts with `node`; 0 bits for the node id alone.
    ///
    /// # Errors
    /// If the layout has no such node id, or it starts no such block.
    pub fn block(&self, node: u64, bits: u32) -> Result<Block, LeaseError> {
        self.scheme.pack(Parts { node, ..Parts::default() })?;
        let node_bits = self.scheme.layout.node_bits();
        if bits > node_bits || bits >= u64::BITS || !node.is_multiple_of(1 << bits) {
            return Err(LayoutError::Block { node, bits, node_bits }.into());
        }
        Ok(Block { index: node >> bits, bits })
    }
}

/// A tick as it is told to people: with its time, where the scheme keeps one.
///
/// # Example
/// ```
/// use idgen_core::Scheme;
/// use idgen_lease::Realm;
/// use idgen_snowflake::Snowflake;
///
/// let realm = Realm::of(Scheme::of::<Snowflake>());
/// assert_eq!(realm.dated(1_500).to_string(), "tick 1500 (2020-01-01T00:00:01.500Z)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatedTick {
    /// The tick.
    pub tick: u64,
    /// When it begins.
    pub time: Option<UnixTime>,
}

impl fmt::Display for DatedTick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tick {}", self.tick)?;
        self.time.map_or(Ok(()), |time| write!(f, " ({time})"))
    }
}

/// An aligned block of 2^`bits` node ids; of one where `bits` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    index: u64,
    bits: u32,
}

impl Block {
    /// First node id of the block.
    #[must_use]
    pub const fn first(self) -> u64 {
        self.index << self.bits
    }

    /// Last node id of the block.
    #[must_use]
    pub const fn last(self) -> u64 {
        self.first() | ((1 << self.bits) - 1)
    }

    /// Its size, as a power of two.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Whether the two have a node id in common. Then one lies within the other.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        self.first() <= other.last() && other.first() <= self.last()
    }

    /// The block of this size that has the first node id of this one.
    pub(crate) fn sized(self, bits: u32) -> Self {
        let index = match bits.checked_sub(self.bits) {
            Some(more) => self.index.checked_shr(more).unwrap_or(0),
            None => self.index << (self.bits - bits),
        };
        Self { index, bits }
    }

    /// The larger blocks that this one lies in, of a layout with so many node bits.
    pub(crate) fn around(self, node_bits: u32) -> impl Iterator<Item = Self> {
        // The block of all 2^64 node ids, which a layout may have, is the one that has no number.
        (self.bits + 1..=node_bits.min(u64::BITS - 1))
            .map(move |bits| Self { index: self.index >> (bits - self.bits), bits })
    }

    /// What its files are called: `node-7`, or `nodes-64-to-127`.
    pub(crate) fn file_name(self) -> String {
        match self.bits {
            0 => format!("node-{}", self.first()),
            _ => format!("nodes-{}-to-{}", self.first(), self.last()),
        }
    }

    /// The block that is called so.
    pub(crate) fn from_file_name(name: &str) -> Option<Self> {
        if let Some(node) = name.strip_prefix("node-") {
            return Some(Self { index: node.parse().ok()?, bits: 0 });
        }
        let (first, last) = name.strip_prefix("nodes-")?.split_once("-to-")?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let bits = last.checked_sub(first)?.checked_add(1)?.checked_ilog2()?;
        let block = Self { index: first >> bits, bits };
        (bits > 0 && block.first() == first && block.last() == last).then_some(block)
    }

    /// As arguments of the command: `7`, or `64 --block 6`.
    pub(crate) fn arguments(self) -> String {
        match self.bits {
            0 => self.first().to_string(),
            bits => format!("{} --block {bits}", self.first()),
        }
    }

    /// Node ids for people: `node id 7`, or `a node id in 64..=127`.
    pub(crate) fn describe(self) -> String {
        match self.bits {
            0 => format!("node id {}", self.first()),
            _ => format!("a node id in {}..={}", self.first(), self.last()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_lead_the_command_to_the_same_realm() {
        let scheme = Scheme::of::<idgen_snowflake::Snowflake>();
        assert_eq!(Realm::of(scheme).arguments(), "snowflake");
        let orders = Name::new("orders");
        assert_eq!(Realm::of(scheme).named(orders).arguments(), "snowflake --namespace orders");
        let own = Realm::by_layout(Scheme { name: Name::new("mine"), ..scheme });
        let layout =
            format!("--layout '{}' --epoch 2020-01-01T00:00:00Z --tick 1ms", scheme.layout);
        assert_eq!(own.arguments(), layout);
        assert_eq!(own.named(orders).arguments(), format!("{layout} --namespace orders"));
    }

    #[test]
    fn names_of_files_are_read_back_and_others_are_not() {
        for bits in 0..=3 {
            for index in 0..8 >> bits {
                let block = Block { index, bits };
                assert_eq!(Block::from_file_name(&block.file_name()), Some(block));
            }
        }
        let wide = Block { index: 1, bits: 63 };
        assert_eq!(Block::from_file_name(&wide.file_name()), Some(wide));
        for name in ["node-", "node-x", "nodes-1-to-2", "nodes-0-to-2", "nodes-0-to-0", "realm"] {
            assert_eq!(Block::from_file_name(name), None, "{name}");
        }
    }
}
