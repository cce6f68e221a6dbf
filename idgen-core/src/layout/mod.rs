//! The bit-layout descriptor that every scheme shares: named fields, from the highest bit down.
//!
//! A layout is a plain constant. It packs [`Parts`] into a word and takes words apart, says what
//! it can hold ([`Capacity`]), draws itself ([`Layout::picture`]), and prepares the
//! [`Dressing`] that turns positions of the line into words at full speed, and the [`Undressing`]
//! that takes words apart at the same.
//!
//! **Invariant:** no word leaves this module with a value cut off: what does not fit is an
//! error that names the value and the range. Nobody outside this module shifts bits of an id.

mod apart;
mod axis;
mod capacity;
mod cut;
mod dressing;
mod error;
mod field;
mod parse;
mod picture;
mod refine;
mod undressing;

pub(crate) use apart::Apart;
pub use axis::Axis;
pub use capacity::Capacity;
pub(crate) use cut::Cut;
pub use dressing::{Dressing, DressingError};
pub use error::{LayoutError, RangeError, WordError};
pub use field::{Field, Kind, UnknownKind};
pub use picture::Picture;
pub use undressing::Undressing;

use core::fmt;

use field::{Role, UNSET};

/// Most fields a layout can have.
pub const MAX_FIELDS: usize = 12;

/// How the bits of a 64-bit or 128-bit id are used: 1 to 12 fields that fill the word.
///
/// # Example
/// ```
/// use idgen_core::layout::{Field, Kind, Layout, Parts};
///
/// // Checked when compiled: a bit too many, and this is an error.
/// const LAYOUT: Layout = Layout::new(64, &[
///     Field::new(Kind::Unused, 1),
///     Field::new(Kind::Tick, 41),
///     Field::new(Kind::Node, 5).named("datacenter"),
///     Field::new(Kind::Node, 5).named("worker"),
///     Field::new(Kind::Sequence, 12),
/// ]);
///
/// let word = LAYOUT.pack(Parts { tick: 367_597_485_448, node: 378, ..Parts::default() })?;
/// assert_eq!(word, 1_541_815_603_606_036_480);
/// assert_eq!(LAYOUT.field("datacenter").map(|field| field.of(word)), Some(11));
/// assert_eq!(LAYOUT.field("worker").map(|field| field.of(word)), Some(26));
///
/// // The same from text, with the unused bit understood.
/// assert_eq!("41:5:5:12".parse::<Layout>()?, LAYOUT);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    fields: [Field; MAX_FIELDS],
    len: u8,
    width: u8,
}

/// The numbers that a word is made of. What a layout has no field for is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parts {
    /// Ticks since the epoch.
    pub tick: u64,
    /// Who generated.
    pub node: u64,
    /// Counter within the tick.
    pub sequence: u64,
    /// What is neither time, place nor count: random bits, a hash, an id carried along.
    pub payload: u128,
}

impl Layout {
    /// The layout of these fields, from the highest bit down, for constants.
    ///
    /// # Panics
    /// Where [`try_new`](Self::try_new) errs; in a constant that is a compile error.
    #[must_use]
    pub const fn new(width: u8, fields: &[Field]) -> Self {
        match Self::try_new(width, fields) {
            Ok(layout) => layout,
            Err(error) => panic!("{}", error.summary()),
        }
    }

    /// The layout of these fields, from the highest bit down, for fields read at run time.
    ///
    /// # Errors
    /// If the word is neither 64 nor 128 bits wide, the fields do not fill it exactly, there are
    /// none or more than 12, a field has not 1 to 64 bits, two have one name, a version does not
    /// fit its field, or the fields of one kind overlap, leave gaps or exceed 64 bits.
    pub const fn try_new(width: u8, fields: &[Field]) -> Result<Self, LayoutError> {
        if width != 64 && width != 128 {
            return Err(LayoutError::Width { width });
        }
        if fields.is_empty() || fields.len() > MAX_FIELDS {
            return Err(LayoutError::FieldCount { count: fields.len() });
        }
        if let Err(error) = check_each(fields) {
            return Err(error);
        }
        let mut sum: u32 = 0;
        let mut placed = [Field::new(Kind::Unused, 1); MAX_FIELDS];
        let mut i = fields.len();
        while i > 0 {
            i -= 1;
            placed[i] = fields[i];
            #[expect(clippy::cast_possible_truncation, reason = "checked below: at most 128")]
            {
                placed[i].offset = sum as u8;
            }
            if fields[i].kind.role().is(Role::Constant) {
                placed[i].low = 0;
            }
            sum += fields[i].bits as u32;
        }
        if sum != width as u32 {
            return Err(LayoutError::Sum { sum, width });
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most MAX_FIELDS")]
        let layout = Self { fields: placed, len: fields.len() as u8, width };
        layout.with_roles()
    }

    /// Sets which bits of its kind's number each field holds, and checks that together they
    /// hold each bit once.
    const fn with_roles(mut self) -> Result<Self, LayoutError> {
        let roles = [Role::Tick, Role::Node, Role::Sequence, Role::Payload];
        let mut r = 0;
        while r < roles.len() {
            let mut sum: u32 = 0;
            let mut seen: u128 = 0;
            let mut i = self.len as usize;
            while i > 0 {
                i -= 1;
                let field = &mut self.fields[i];
                if !field.kind.role().is(roles[r]) {
                    continue;
                }
                if field.low == UNSET {
                    #[expect(clippy::cast_possible_truncation, reason = "the word has 128 bits")]
                    {
                        field.low = sum as u8;
                    }
                }
                if field.low as u32 + field.bits as u32 > 128 {
                    return Err(LayoutError::Tiling { what: roles[r].label() });
                }
                let bits = (field.max() as u128) << field.low;
                if seen & bits != 0 {
                    return Err(LayoutError::Tiling { what: roles[r].label() });
                }
                seen |= bits;
                sum += field.bits as u32;
            }
            if seen != mask(sum) {
                return Err(LayoutError::Tiling { what: roles[r].label() });
            }
            if sum > 64 && !roles[r].is(Role::Payload) {
                return Err(LayoutError::TooWide { what: roles[r].label(), bits: sum });
            }
            r += 1;
        }
        Ok(self)
    }

    /// Bits in the word: 64 or 128.
    #[must_use]
    pub const fn width(&self) -> u8 {
        self.width
    }

    /// The fields, from the highest bit down.
    #[must_use]
    pub const fn fields(&self) -> &[Field] {
        let (fields, _) = self.fields.split_at(self.len as usize);
        fields
    }

    /// The field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().iter().find(|field| field.name.as_str() == name)
    }

    /// Bits of the tick, 0 to 64.
    #[must_use]
    pub const fn tick_bits(&self) -> u32 {
        self.role_bits(Role::Tick)
    }

    /// Bits of the node id, shard included, 0 to 64.
    #[must_use]
    pub const fn node_bits(&self) -> u32 {
        self.role_bits(Role::Node)
    }

    /// Bits of the sequence, 0 to 64.
    #[must_use]
    pub const fn sequence_bits(&self) -> u32 {
        self.role_bits(Role::Sequence)
    }

    /// Bits of the payload, 0 to 128.
    #[must_use]
    pub const fn payload_bits(&self) -> u32 {
        self.role_bits(Role::Payload)
    }

    /// Bits from the highest one that may be set down to the lowest: 63 for a snowflake.
    #[must_use]
    pub const fn significant_bits(&self) -> u32 {
        let mut i = 0;
        while i < self.len as usize {
            let field = &self.fields[i];
            match field.kind {
                Kind::Unused | Kind::Version(0) => i += 1,
                Kind::Version(value) => return field.offset as u32 + (64 - value.leading_zeros()),
                _ => return field.offset as u32 + field.bits as u32,
            }
        }
        0
    }

    /// Whether a word of a later tick is always the greater number: no bit that varies stands
    /// above the tick, and the tick's fields stand in descending order.
    #[must_use]
    pub const fn is_time_ordered(&self) -> bool {
        let mut expected = self.tick_bits();
        let mut i = 0;
        while i < self.len as usize && expected > 0 {
            let field = &self.fields[i];
            match field.kind.role() {
                Role::Constant => {}
                Role::Tick if field.low as u32 + field.bits as u32 == expected => {
                    expected = field.low as u32;
                }
                _ => return false,
            }
            i += 1;
        }
        self.tick_bits() > 0 && expected == 0
    }

    /// The word of these numbers.
    ///
    /// # Errors
    /// If a number does not fit its field: nothing is ever masked.
    #[inline]
    pub const fn pack(&self, parts: Parts) -> Result<u128, RangeError> {
        let mut word = 0;
        let mut i = 0;
        while i < self.len as usize {
            let field = &self.fields[i];
            let value = match field.kind {
                Kind::Version(value) => value as u128,
                kind => parts.of(kind.role()) >> field.low,
            };
            word |= (value & field.max() as u128) << field.offset;
            i += 1;
        }
        match self.check_parts(parts) {
            Ok(()) => Ok(word),
            Err(error) => Err(error),
        }
    }

    /// The numbers in a word. Constant fields are not looked at: [`check`](Self::check) does.
    #[must_use]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "these three have at most 64 bits")]
    pub const fn unpack(&self, word: u128) -> Parts {
        Parts {
            tick: self.role_of(Role::Tick, word) as u64,
            node: self.role_of(Role::Node, word) as u64,
            sequence: self.role_of(Role::Sequence, word) as u64,
            payload: self.role_of(Role::Payload, word),
        }
    }

    /// The word whose fields have these values, one for each field from the highest bit down.
    ///
    /// # Errors
    /// If a value does not fit its field, or contradicts a constant one.
    ///
    /// # Panics
    /// If there are not as many values as fields.
    pub fn assemble(&self, values: &[u64]) -> Result<u128, RangeError> {
        assert_eq!(values.len(), self.fields().len(), "one value for each field of {self}");
        let mut word = 0;
        for (field, &value) in self.fields().iter().zip(values) {
            let (min, max) = match field.kind {
                Kind::Unused => (0, 0),
                Kind::Version(version) => (version, version),
                _ => (0, field.max()),
            };
            if value < min || value > max {
                return Err(RangeError::of_field(field.name, value, min, max));
            }
            word |= u128::from(value) << field.offset;
        }
        Ok(word)
    }

    /// Whether a word can be an id of this layout: it fits the width, unused bits are zero, and
    /// constants are what they must be.
    ///
    /// # Errors
    /// If one of these does not hold.
    #[inline]
    pub const fn check(&self, word: u128) -> Result<(), WordError> {
        if word & !mask(self.width as u32) != 0 {
            return Err(WordError::Width { width: self.width });
        }
        let mut i = 0;
        while i < self.len as usize {
            let field = &self.fields[i];
            let expected = match field.kind {
                Kind::Unused => 0,
                Kind::Version(value) => value,
                _ => {
                    i += 1;
                    continue;
                }
            };
            let found = field.of(word);
            if found != expected {
                return Err(WordError::Constant { field: field.name, found, expected });
            }
            i += 1;
        }
        Ok(())
    }

    /// The words of the numbers that a whole role can hold, for range checks.
    const fn check_parts(&self, parts: Parts) -> Result<(), RangeError> {
        let roles = [Role::Tick, Role::Node, Role::Sequence, Role::Payload];
        let mut r = 0;
        while r < roles.len() {
            let value = parts.of(roles[r]);
            let max = mask(self.role_bits(roles[r]));
            if value > max {
                return Err(RangeError::of_part(roles[r].label(), value, max));
            }
            r += 1;
        }
        Ok(())
    }

    const fn role_bits(&self, role: Role) -> u32 {
        let mut sum = 0;
        let mut i = 0;
        while i < self.len as usize {
            if self.fields[i].kind.role().is(role) {
                sum += self.fields[i].bits as u32;
            }
            i += 1;
        }
        sum
    }

    #[inline]
    const fn role_of(&self, role: Role, word: u128) -> u128 {
        let mut value = 0;
        let mut i = 0;
        while i < self.len as usize {
            let field = &self.fields[i];
            if field.kind.role().is(role) {
                value |= (field.of(word) as u128) << field.low;
            }
            i += 1;
        }
        value
    }
}

impl Parts {
    const fn of(&self, role: Role) -> u128 {
        match role {
            Role::Constant => 0,
            Role::Tick => self.tick as u128,
            Role::Node => self.node as u128,
            Role::Sequence => self.sequence as u128,
            Role::Payload => self.payload,
        }
    }
}

/// What can be checked of each field by itself, and their names against each other.
const fn check_each(fields: &[Field]) -> Result<(), LayoutError> {
    let mut i = 0;
    while i < fields.len() {
        let Field { name, kind, bits, .. } = fields[i];
        if bits == 0 || bits > 64 {
            return Err(LayoutError::FieldBits { name, bits });
        }
        if let Kind::Version(value) = kind
            && value > fields[i].max()
        {
            return Err(LayoutError::Version { name, value, bits });
        }
        let mut j = 0;
        while j < i {
            if name.equals(&fields[j].name) {
                return Err(LayoutError::DuplicateName { name });
            }
            j += 1;
        }
        i += 1;
    }
    Ok(())
}

/// The lowest `bits` bits set, 0 to 128 of them.
const fn mask(bits: u32) -> u128 {
    if bits >= 128 { u128::MAX } else { (1 << bits) - 1 }
}

/// As it is read: `unused=1:tick=41:datacenter(node)=5:worker(node)=5:sequence=12`.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field) in self.fields().iter().enumerate() {
            if i > 0 {
                f.write_str(":")?;
            }
            write!(f, "{field}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layout({self})")
    }
}
