//! What can be wrong with a layout, with a number for a field, and with a word.

use core::fmt;

use crate::Name;

/// Fields that make no layout, or text that describes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The word is neither 64 nor 128 bits wide.
    #[error("a word is 64 or 128 bits wide, not {width}")]
    Width {
        /// Bits asked for.
        width: u8,
    },
    /// There are no fields, or too many.
    #[error("a layout has 1 to 12 fields, not {count}")]
    FieldCount {
        /// Fields given.
        count: usize,
    },
    /// A field has no bits, or too many.
    #[error("field '{name}' has {bits} bits; a field has 1 to 64")]
    FieldBits {
        /// Name of the field.
        name: Name,
        /// Bits given.
        bits: u8,
    },
    /// The fields do not fill the word.
    #[error(
        "the fields have {sum} bits, but the word has {width}; add or remove bits, or name the rest unused"
    )]
    Sum {
        /// Bits of all fields.
        sum: u32,
        /// Bits in the word.
        width: u8,
    },
    /// Two fields have one name.
    #[error("two fields are named '{name}'; give each a name of its own")]
    DuplicateName {
        /// The name.
        name: Name,
    },
    /// A constant does not fit its field.
    #[error("version {value} does not fit the {bits} bits of field '{name}'")]
    Version {
        /// Name of the field.
        name: Name,
        /// The constant.
        value: u64,
        /// Bits of the field.
        bits: u8,
    },
    /// The fields of one kind overlap or leave gaps.
    #[error("the fields of the {what} must hold each of its bits once")]
    Tiling {
        /// The number they hold together.
        what: &'static str,
    },
    /// The fields of one kind are too wide together.
    #[error("the {what} has {bits} bits in all its fields; 64 are the most")]
    TooWide {
        /// The number they hold together.
        what: &'static str,
        /// Bits in all its fields.
        bits: u32,
    },
    /// Tick and sequence have more bits than a position.
    #[error("tick, sequence and block have {bits} bits together; a position has at most 64")]
    PositionBits {
        /// Bits they have together.
        bits: u32,
    },
    /// Sequence and block leave no room for a tick.
    #[error(
        "sequence and block have {bits} bits together; without a tick a position has at most 63"
    )]
    SequenceBits {
        /// Bits they have together.
        bits: u32,
    },
    /// Tick and sequence lie in more than four runs of bits.
    #[error(
        "tick and sequence lie in more than four runs of bits; put fields of one kind together"
    )]
    Scattered,
    /// A block of node ids is not one.
    #[error(
        "a block of 2^{bits} node ids starts at a multiple of its size and has at most the layout's {node_bits} node bits; node id {node} does not start one"
    )]
    Block {
        /// First node id of the block.
        node: u64,
        /// Base-2 logarithm of the block's size.
        bits: u32,
        /// Node bits of the layout.
        node_bits: u32,
    },
    /// The text is no layout.
    #[error(
        "layout text at {at}: {expected}; write bits as '41:5:5:12' (tick, datacenter, worker, sequence) or '41:10:12', or fields as 'tick=41:worker(node)=10:sequence=12'"
    )]
    Text {
        /// Offset of the offending item, in bytes.
        at: usize,
        /// What is expected there.
        expected: &'static str,
    },
}

impl LayoutError {
    /// The error without its values, for panics in constants.
    pub(super) const fn summary(&self) -> &'static str {
        match self {
            Self::Width { .. } => "a word is 64 or 128 bits wide",
            Self::FieldCount { .. } => "a layout has 1 to 12 fields",
            Self::FieldBits { .. } => "a field has 1 to 64 bits",
            Self::Sum { .. } => "the fields do not fill the word exactly",
            Self::DuplicateName { .. } => "two fields have one name",
            Self::Version { .. } => "a version does not fit its field",
            Self::Tiling { .. } => "the fields of one kind overlap or leave gaps",
            Self::TooWide { .. } => "the fields of one kind have more than 64 bits",
            Self::SequenceBits { .. } => "sequence and block have more than 63 bits together",
            Self::PositionBits { .. } => "tick and sequence have more than 64 bits together",
            Self::Scattered => "tick and sequence lie in more than four runs of bits",
            Self::Block { .. } => {
                "a block of node ids is not aligned, or larger than the node field"
            }
            Self::Text { .. } => "the text is no layout",
        }
    }
}

/// A number that does not fit where it should go.
///
/// # Example
/// ```
/// use idgen_core::layout::{Layout, Parts};
///
/// let layout: Layout = "41:10:12".parse()?;
/// let error = layout.pack(Parts { node: 1025, ..Parts::default() }).unwrap_err();
/// assert_eq!(error.to_string(), "node id 1025 is not in 0..=1023");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeError {
    what: What,
    value: u128,
    min: u128,
    max: u128,
    scheme: Option<Name>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Part(&'static str),
    Field(Name),
}

impl RangeError {
    pub(super) const fn of_part(label: &'static str, value: u128, max: u128) -> Self {
        Self { what: What::Part(label), value, min: 0, max, scheme: None }
    }

    pub(super) fn of_field(name: Name, value: u64, min: u64, max: u64) -> Self {
        let (value, min, max) = (value.into(), min.into(), max.into());
        Self { what: What::Field(name), value, min, max, scheme: None }
    }

    /// The same error, saying which scheme's layout it was.
    #[must_use]
    pub const fn in_scheme(mut self, scheme: Name) -> Self {
        self.scheme = Some(scheme);
        self
    }

    /// The value that does not fit.
    #[must_use]
    pub const fn value(&self) -> u128 {
        self.value
    }

    /// The greatest value that would.
    #[must_use]
    pub const fn max(&self) -> u128 {
        self.max
    }
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Part(label) if self.max == 0 => {
                write!(f, "{label} {} is given, but the ", self.value)?;
                self.scheme.map_or(Ok(()), |scheme| write!(f, "{scheme} "))?;
                return write!(f, "layout has no {label}; leave it out");
            }
            What::Part(label) => f.write_str(label)?,
            What::Field(name) => write!(f, "field '{name}'")?,
        }
        write!(f, " {} is not in {}..={}", self.value, self.min, self.max)?;
        self.scheme.map_or(Ok(()), |scheme| write!(f, " for the {scheme} layout"))
    }
}

impl core::error::Error for RangeError {}

/// A word that is no id of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WordError {
    /// The word has more bits than the layout.
    #[error("the id has more than {width} bits")]
    Width {
        /// Bits of the layout.
        width: u8,
    },
    /// A constant field holds something else.
    #[error(
        "field '{field}' holds {found}, but must hold {expected}; the id is of another scheme, or damaged"
    )]
    Constant {
        /// Name of the field.
        field: Name,
        /// What it holds.
        found: u64,
        /// What it must hold.
        expected: u64,
    },
}
