//! How the positions of a layout are cut into runs of bits that stay together in the word.
//!
//! Worked out once: by the compiler where the layout is a scheme's own, and when a generator is made
//! where it is not. For a position only shifts by these numbers are left, and where the compiler has
//! them, they cost half of what they do as numbers in memory.

use super::axis::Axis;
use super::field::Role;
use super::{Layout, LayoutError};
use crate::Word;

/// Where the bits of a position go in the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(super) axis: Axis,
    /// Where the position is split: what is below goes to one run of word bits.
    split: u32,
    pub(super) low_mask: u64,
    pub(super) low_to: u32,
    /// Where the run above the split goes, which has all the bits there where `more` is empty.
    high_to: u32,
    high_mask: u64,
    /// Runs above that one, for layouts whose constants stand between tick and sequence.
    more: [Run; 2],
    /// How many of `more` there are: none for any layout that people would choose.
    more_len: u8,
}

/// Neighbouring bits of the position that are neighbours in the word too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    from: u32,
    mask: u64,
    to: u32,
}

impl Run {
    const NONE: Self = Self { from: 0, mask: 0, to: 0 };

    #[inline(always)]
    fn dress<W: Word>(self, position: u64) -> W {
        W::place(position >> self.from & self.mask, self.to)
    }
}

impl Cut {
    /// How the positions of a layout are cut whose node ids are taken in blocks of 2^`block_bits`.
    pub(crate) const fn of(layout: &Layout, block_bits: u32) -> Result<Self, LayoutError> {
        let places = match Places::of(layout, block_bits) {
            Ok(places) => places,
            Err(error) => return Err(error),
        };
        let Some((runs, len)) = places.runs() else { return Err(LayoutError::Scattered) };
        let [low, high, third, fourth] = runs;
        Ok(Self {
            axis: Axis::new(layout.tick_bits(), layout.sequence_bits() + block_bits),
            split: high.from,
            low_mask: low.mask,
            low_to: low.to,
            high_to: high.to,
            high_mask: high.mask,
            more: [third, fourth],
            more_len: len.saturating_sub(2),
        })
    }

    /// The word of a position, over these bits of it that stay the same.
    #[inline(always)]
    pub(crate) fn dress<W: Word>(&self, base: W, position: u64) -> W {
        let high = position >> self.split;
        let low = W::place(position & self.low_mask, self.low_to);
        if self.more_len == 0 {
            return base | W::place(high, self.high_to) | low;
        }
        let high = W::place(high & self.high_mask, self.high_to);
        // Both of them, without a loop: an empty one has an empty mask.
        let [third, fourth] = self.more;
        base | high | low | third.dress(position) | fourth.dress(position)
    }

    /// The position where the words of its stretch of low bits count it: they are this and something
    /// that they have in common, modulo the word.
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(crate) fn count<W: Word>(&self, position: u64) -> W {
        W::place(position, self.low_to)
    }
}

/// For each bit of a position, from the lowest, its place in the word.
struct Places {
    place: [u8; 64],
    len: usize,
    /// Bits below the tick.
    below: u32,
}

impl Places {
    const fn of(layout: &Layout, block_bits: u32) -> Result<Self, LayoutError> {
        let below = layout.sequence_bits() + block_bits;
        let bits = below + layout.tick_bits();
        if bits > 64 {
            return Err(LayoutError::PositionBits { bits });
        }
        if below > 63 {
            return Err(LayoutError::SequenceBits { bits: below });
        }
        let mut places = Self { place: [0; 64], len: 0, below };
        places.push(layout, Role::Sequence, layout.sequence_bits());
        places.push(layout, Role::Node, block_bits);
        // Whichever of sequence and block is the higher in the word is it in the position too.
        places.sort();
        places.push(layout, Role::Tick, layout.tick_bits());
        Ok(places)
    }

    /// Appends the places of the lowest `bits` bits of a role's number.
    const fn push(&mut self, layout: &Layout, role: Role, bits: u32) {
        let mut bit = 0;
        while bit < bits {
            let mut i = 0;
            while i < layout.len as usize {
                let field = &layout.fields[i];
                let (low, end) = (field.low as u32, field.low as u32 + field.bits as u32);
                if field.kind.role().is(role) && low <= bit && bit < end {
                    #[expect(clippy::cast_possible_truncation, reason = "below the field's bits")]
                    let above = (bit - low) as u8;
                    self.place[self.len] = field.offset + above;
                    self.len += 1;
                }
                i += 1;
            }
            bit += 1;
        }
    }

    /// Puts the places in order, by insertion: there are at most 63.
    const fn sort(&mut self) {
        let mut end = 1;
        while end < self.len {
            let mut i = end;
            while i > 0 && self.place[i - 1] > self.place[i] {
                self.place.swap(i - 1, i);
                i -= 1;
            }
            end += 1;
        }
    }

    /// The runs of position bits that are neighbours in the word, from the lowest: at least two,
    /// so that the upper one may be empty. `None` where there are more than four.
    const fn runs(&self) -> Option<([Run; 4], u8)> {
        let mut runs = [Run::NONE; 4];
        let mut len: u8 = 0;
        let mut from = 0;
        while from < self.len {
            let mut to = from + 1;
            while to < self.len && self.place[to] == self.place[to - 1] + 1 {
                to += 1;
            }
            if len == 0 && to == self.len {
                // One run: split it where the tick begins, or there is nothing above the split.
                to = within(self.below as usize, 1, 63);
                to = within(to, 1, self.len);
            }
            if len == 4 {
                return None;
            }
            #[expect(clippy::cast_possible_truncation, reason = "a position has 64 bits")]
            let (start, bits) = (from as u32, (to - from) as u32);
            let mask = u64::MAX >> (64 - bits);
            runs[len as usize] = Run { from: start, mask, to: self.place[from] as u32 };
            len += 1;
            from = to;
        }
        if len < 2 {
            // Nothing is above the lowest run: its end is where the empty one begins.
            #[expect(clippy::cast_possible_truncation, reason = "at most 63")]
            let end = within(self.len, 0, 63) as u32;
            runs[1] = Run { from: end, mask: 0, to: 0 };
            len = 2;
        }
        Some((runs, len))
    }
}

/// The number, or the bound that it is beyond.
const fn within(number: usize, least: usize, most: usize) -> usize {
    if number > most {
        most
    } else if number < least {
        least
    } else {
        number
    }
}
