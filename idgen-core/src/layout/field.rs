//! One entry of a layout: its name, what it is for, and how many bits it has.

use core::fmt;
use core::str::FromStr;

use crate::Name;

/// What a field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Always zero: a sign bit, or bits kept free.
    Unused,
    /// Time steps since the epoch, or the count of a logical clock.
    Tick,
    /// Who generates: worker, machine, datacenter, process.
    Node,
    /// Who generates, where that is a shard of the data. Part of the node id.
    Shard,
    /// The counter within a tick.
    Sequence,
    /// Random bits.
    Random,
    /// Bits with a meaning of their own: a hash, or another id that is carried along.
    Data,
    /// A constant that marks the format, such as a UUID's version and variant.
    Version(u64),
}

impl Kind {
    /// The name of the kind: `unused`, `tick`, `node`, `shard`, `sequence`, `random`, `data`
    /// or `version`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Tick => "tick",
            Self::Node => "node",
            Self::Shard => "shard",
            Self::Sequence => "sequence",
            Self::Random => "random",
            Self::Data => "data",
            Self::Version(_) => "version",
        }
    }

    pub(super) const fn role(self) -> Role {
        match self {
            Self::Unused | Self::Version(_) => Role::Constant,
            Self::Tick => Role::Tick,
            Self::Node | Self::Shard => Role::Node,
            Self::Sequence => Role::Sequence,
            Self::Random | Self::Data => Role::Payload,
        }
    }
}

/// From the name of a kind, or a field name that leaves no doubt: `worker`, `machine`,
/// `datacenter` and `process` are nodes, `timestamp` is a tick, `counter` a sequence. A version
/// needs its value, so it has no name here.
impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Ok(match name {
            "unused" | "sign" | "reserved" => Self::Unused,
            "tick" | "time" | "timestamp" => Self::Tick,
            "node" | "worker" | "machine" | "datacenter" | "process" => Self::Node,
            "shard" => Self::Shard,
            "sequence" | "counter" => Self::Sequence,
            "random" => Self::Random,
            "data" => Self::Data,
            _ => return Err(UnknownKind),
        })
    }
}

/// A name that is no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a kind is one of unused, tick, node, shard, sequence, random, data")]
pub struct UnknownKind;

/// Which number of [`Parts`](super::Parts) a field holds bits of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Constant,
    Tick,
    Node,
    Sequence,
    Payload,
}

impl Role {
    pub(super) const fn is(self, other: Self) -> bool {
        self as u8 == other as u8
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Tick => "tick",
            Self::Node => "node id",
            Self::Sequence => "sequence",
            Self::Payload => "payload",
        }
    }
}

/// A named run of 1 to 64 neighbouring bits.
///
/// Several fields of one kind hold one number together, its high bits first: a datacenter and a
/// worker make up the node id. [`holding_from`](Self::holding_from) says otherwise where a
/// standard mixes them up.
///
/// # Example
/// ```
/// use idgen_core::layout::{Field, Kind};
///
/// const WORKER: Field = Field::new(Kind::Node, 5).named("worker");
/// assert_eq!((WORKER.name().as_str(), WORKER.bits()), ("worker", 5));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Field {
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) bits: u8,
    /// Place of the lowest bit in the word. Set by the layout.
    pub(super) offset: u8,
    /// Place of the lowest bit in the number that the fields of this kind hold together.
    /// `UNSET` until the layout sets it, where nobody has.
    pub(super) low: u8,
}

pub(super) const UNSET: u8 = u8::MAX;

impl Field {
    /// A field with its kind for a name, and this many bits: 1 to 64, checked by the layout.
    #[must_use]
    pub const fn new(kind: Kind, bits: u8) -> Self {
        Self { name: Name::new(kind.name()), kind, bits, offset: 0, low: UNSET }
    }

    /// The same field under a scheme's own name for it.
    ///
    /// # Panics
    /// If the name breaks the rules of [`Name`]; in a constant that is a compile error.
    #[must_use]
    pub const fn named(self, name: &str) -> Self {
        self.with_name(Name::new(name))
    }

    /// The same field under a name that was checked before.
    #[must_use]
    pub const fn with_name(mut self, name: Name) -> Self {
        self.name = name;
        self
    }

    /// The same field, holding the bits from `bit` upwards of its kind's number: for layouts
    /// whose fields of one kind do not stand in descending order, such as UUID version 1.
    #[must_use]
    pub const fn holding_from(mut self, bit: u8) -> Self {
        self.low = bit;
        self
    }

    /// Name of the field.
    #[must_use]
    pub const fn name(&self) -> Name {
        self.name
    }

    /// What the field is for.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Bits in the field, 1 to 64.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        self.bits
    }

    /// Place of the lowest bit in the word, 0 to 127, once the field is part of a layout.
    #[must_use]
    pub const fn offset(&self) -> u8 {
        self.offset
    }

    /// Greatest value the field can hold.
    #[must_use]
    pub const fn max(&self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    /// The field's value in a word of its layout.
    #[must_use]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "masked to the field's 64 bits at most")]
    pub const fn of(&self, word: u128) -> u64 {
        (word >> self.offset) as u64 & self.max()
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// As it is read: `worker(node)=5`, `tick=41`, `version(=7)=4`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_str())?;
        match self.kind {
            Kind::Version(value) => write!(f, "(={value})")?,
            kind if kind.name() != self.name.as_str() => write!(f, "({})", kind.name())?,
            _ => {}
        }
        write!(f, "={}", self.bits)
    }
}
