//! From words back to their numbers, at the rate at which words can be read.
//!
//! [`Layout::unpack`] walks over the fields for each word. Here the walk is done once, by the compiler
//! where the scheme is known: what is left for a word is a shift and a mask for each stretch of
//! bits that belong together, and one comparison for all that never changes.

use super::field::Role;
use super::{Field, Kind, Layout, MAX_FIELDS, Parts, mask};

/// What takes the words of a layout apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Apart {
    /// The bits that never change, and what they are.
    pub(super) constant: u128,
    pub(super) expected: u128,
    pub(super) tick: Pieces,
    pub(super) node: Pieces,
    pub(super) sequence: Pieces,
    payload: Pieces,
}

/// The stretches of the word that one number is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces {
    pieces: [Piece; MAX_FIELDS],
    len: usize,
}

/// Neighbouring bits of the word that are neighbours in the number too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) from: u32,
    pub(super) bits: u32,
    pub(super) to: u32,
}

impl Apart {
    /// What takes words of this layout apart.
    pub(crate) const fn of(layout: &Layout) -> Self {
        let (mut constant, mut expected) = (!mask(layout.width as u32), 0);
        let mut i = 0;
        while i < layout.len as usize {
            let field = &layout.fields[i];
            if field.kind().role().is(Role::Constant) {
                constant |= (field.max() as u128) << field.offset();
                if let Kind::Version(value) = field.kind() {
                    expected |= (value as u128) << field.offset();
                }
            }
            i += 1;
        }
        Self {
            constant,
            expected,
            tick: Pieces::of(layout, Role::Tick),
            node: Pieces::of(layout, Role::Node),
            sequence: Pieces::of(layout, Role::Sequence),
            payload: Pieces::of(layout, Role::Payload),
        }
    }

    /// Whether the word can be an id: what never changes is as it must be.
    #[inline]
    pub(crate) const fn fits(&self, word: u128) -> bool {
        word & self.constant == self.expected
    }

    /// The word whose constants are as they must be and whose other bits are these.
    #[inline]
    #[cfg(feature = "random")]
    pub(crate) const fn stamp(&self, bits: u128) -> u128 {
        bits & !self.constant | self.expected
    }

    /// The numbers in a word.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "these three have at most 64 bits")]
    pub(crate) const fn unpack(&self, word: u128) -> Parts {
        Parts {
            tick: self.tick.gather(word) as u64,
            node: self.node.gather(word) as u64,
            sequence: self.sequence.gather(word) as u64,
            payload: self.payload.gather(word),
        }
    }
}

impl Pieces {
    const fn of(layout: &Layout, role: Role) -> Self {
        let mut own = Self { pieces: [Piece { from: 0, bits: 0, to: 0 }; MAX_FIELDS], len: 0 };
        let mut i = 0;
        while i < layout.len as usize {
            if layout.fields[i].kind().role().is(role) {
                own.add(&layout.fields[i]);
            }
            i += 1;
        }
        own
    }

    /// Adds a field, which stands below those before it: to the last piece where it goes on.
    const fn add(&mut self, field: &Field) {
        let (from, bits, to) = (field.offset() as u32, field.bits() as u32, field.low as u32);
        if let Some(last) = self.len.checked_sub(1) {
            let above = &mut self.pieces[last];
            if above.from == from + bits && above.to == to + bits {
                *above = Piece { from, bits: above.bits + bits, to };
                return;
            }
        }
        self.pieces[self.len] = Piece { from, bits, to };
        self.len += 1;
    }

    /// From the lowest bits of the word up.
    pub(super) fn upwards(&self) -> impl Iterator<Item = &Piece> {
        self.pieces[..self.len].iter().rev()
    }

    /// The number. Few layouts have one in more than three pieces: those the compiler makes into
    /// shifts and masks, and a loop it might leave a loop.
    #[inline(always)]
    const fn gather(&self, word: u128) -> u128 {
        let [first, second, third, ..] = &self.pieces;
        match self.len {
            0 => 0,
            1 => first.of(word),
            2 => first.of(word) | second.of(word),
            3 => first.of(word) | second.of(word) | third.of(word),
            _ => self.gather_many(word),
        }
    }

    const fn gather_many(&self, word: u128) -> u128 {
        let mut number = 0;
        let mut i = 0;
        while i < self.len {
            number |= self.pieces[i].of(word);
            i += 1;
        }
        number
    }
}

impl Piece {
    #[inline(always)]
    const fn of(&self, word: u128) -> u128 {
        (word >> self.from & mask(self.bits)) << self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Layouts with every kind, in one piece and in several.
    fn layouts() -> impl Strategy<Value = Layout> {
        const TEXTS: [&str; 5] = [
            "unused=1:tick=41:dc(node)=5:worker(node)=5:sequence=12",
            "tick=42:a(node)=5:v(=3)=3:b(node)=2:sequence=12",
            "tick=48:v(=7)=4:a(random)=12:w(=2)=2:b(random)=62",
            "sequence=7:tick=20:u(unused)=3:t(tick)=21:node=13",
            "tick=64:node=48:sequence=16",
        ];
        proptest::sample::select(&TEXTS[..]).prop_map(|text| text.parse().unwrap())
    }

    proptest! {
        #[test]
        fn prop_undressing_is_unpacking(layout in layouts(), word in any::<u128>()) {
            let undressing = Apart::of(&layout);
            for word in [word, layout.stamp(word)] {
                prop_assert_eq!(undressing.fits(word), layout.check(word).is_ok(), "{:x}", word);
                prop_assert_eq!(undressing.unpack(word), layout.unpack(word));
                #[cfg(feature = "random")]
                prop_assert_eq!(undressing.stamp(word), layout.stamp(word));
            }
            prop_assert!(undressing.fits(layout.stamp(word)));
        }
    }
}
