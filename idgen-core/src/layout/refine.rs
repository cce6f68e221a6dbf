//! Layouts of the same bits: finer ones, and parts of one.

use super::field::Role;
use super::{Field, Kind, Layout, Parts, mask};

impl Layout {
    /// Whether every word that this layout packs is one of `coarse`, with the same tick: it uses
    /// the same bits, and divides further what is no constant and no tick.
    ///
    /// # Example
    /// ```
    /// use idgen_core::layout::Layout;
    ///
    /// let ulid: Layout = "tick=48:high(random)=16:low(random)=64".parse()?;
    /// let finer: Layout = "unused=4:tick=44:sequence=20:random=60".parse()?;
    /// assert!(finer.refines(&ulid) && !ulid.refines(&finer));
    /// # Ok::<(), idgen_core::layout::LayoutError>(())
    /// ```
    #[must_use]
    pub fn refines(&self, coarse: &Self) -> bool {
        let agree = |tick: u64| {
            let packed = self.pack(Parts { tick, ..Parts::default() });
            packed.is_ok_and(|word| coarse.check(word).is_ok() && coarse.unpack(word).tick == tick)
        };
        // Bits are packed apart from each other, so it is enough to look at each tick bit, and at
        // which bits are the tick's or a constant's.
        self.width == coarse.width
            && agree(0)
            && (0..self.tick_bits()).all(|bit| agree(1 << bit))
            && self.free_bits() & !coarse.free_bits() == 0
    }

    /// The bits that are neither constant nor tick, as a mask.
    const fn free_bits(&self) -> u128 {
        let mut bits = 0;
        let mut i = 0;
        while i < self.len as usize {
            let field = &self.fields[i];
            if !field.kind.role().is(Role::Constant) && !field.kind.role().is(Role::Tick) {
                bits |= (field.max() as u128) << field.offset;
            }
            i += 1;
        }
        bits
    }

    /// The bits of the payload, as a mask over the word.
    #[must_use]
    pub const fn payload_mask(&self) -> u128 {
        let mut bits = 0;
        let mut i = 0;
        while i < self.len as usize {
            let field = &self.fields[i];
            if field.kind.role().is(Role::Payload) {
                bits |= (field.max() as u128) << field.offset;
            }
            i += 1;
        }
        bits
    }

    /// The word that has this one's bits, but for the constants, which it has as they must be.
    ///
    /// For words of hashes and random numbers, which have bits to spare. Numbers of an id go
    /// through [`pack`](Self::pack), which loses none.
    #[must_use]
    #[inline]
    pub const fn stamp(&self, bits: u128) -> u128 {
        let mut word = bits & mask(self.width as u32);
        let mut i = 0;
        while i < self.len as usize {
            let field = &self.fields[i];
            let constant = match field.kind {
                Kind::Unused => 0,
                Kind::Version(value) => value,
                _ => {
                    i += 1;
                    continue;
                }
            };
            word &= !((field.max() as u128) << field.offset);
            word |= (constant as u128) << field.offset;
            i += 1;
        }
        word
    }

    /// The same bits with the sequence always 0: a line over it counts ticks alone.
    #[must_use]
    pub(crate) const fn without_sequence(&self) -> Self {
        let mut layout = *self;
        let mut i = 0;
        while i < layout.len as usize {
            if layout.fields[i].kind.role().is(Role::Sequence) {
                layout.fields[i] = emptied(layout.fields[i]);
            }
            i += 1;
        }
        layout
    }

    /// The sequence alone, in its place: what to add to a word of
    /// [`without_sequence`](Self::without_sequence).
    #[must_use]
    pub(crate) const fn sequence_alone(&self) -> Self {
        let mut layout = *self;
        let mut i = 0;
        while i < layout.len as usize {
            if !layout.fields[i].kind.role().is(Role::Sequence) {
                layout.fields[i] = emptied(layout.fields[i]);
            }
            i += 1;
        }
        layout
    }
}

/// The same field with nothing in it.
const fn emptied(mut field: Field) -> Field {
    field.kind = Kind::Unused;
    field.low = 0;
    field
}
