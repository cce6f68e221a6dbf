//! From words to their numbers at speed: what [`Layout::unpack`] and [`Layout::check`] say, for
//! whoever asks millions of times.

use super::apart::{Apart, Piece, Pieces};
use super::{Layout, LayoutError, MAX_FIELDS, WordError, mask};
use crate::Word;

/// What takes the words of one layout apart: shifts and masks that are worked out once.
///
/// # Example
/// ```
/// use idgen_core::layout::{Layout, Undressing};
///
/// let layout: Layout = "41:10:12".parse()?;
/// let undressing = Undressing::<u64>::new(&layout)?;
/// let word = 3 << 22 | 7 << 12 | 17;
/// assert!(undressing.is_id(word));
/// assert_eq!(undressing.tick(word), 3);
/// assert_eq!((undressing.node(word), undressing.sequence(word)), (7, 17));
/// assert!(!undressing.is_id(1 << 63)); // the unused bit
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Undressing<W> {
    layout: Layout,
    /// The bits that every id has alike, and what they are.
    constant_bits: W,
    constants: W,
    tick: Number<W>,
    node: Number<W>,
    sequence: Number<W>,
}

/// Where the bits of one number lie in the word.
#[derive(Clone, Copy, Debug, Default)]
struct Number<W> {
    /// The lowest bits of the word that hold some of it; all of them in most layouts.
    first: Part<W>,
    more: [Part<W>; MAX_FIELDS - 1],
    /// How many of `more` there are.
    more_len: u8,
}

/// Neighbouring bits of the word that are neighbours in the number too.
#[derive(Clone, Copy, Debug, Default)]
struct Part<W> {
    from: u32,
    mask: W,
    to: u32,
}

impl<W: Word> Undressing<W> {
    /// The undressing of a layout.
    ///
    /// # Errors
    /// If the word is not as wide as the layout.
    pub fn new(layout: &Layout) -> Result<Self, LayoutError> {
        let narrow = |bits: u128| {
            W::from_u128(bits)
                .filter(|_| u32::from(layout.width()) == W::BITS)
                .ok_or(LayoutError::Width { width: layout.width() })
        };
        let apart = Apart::of(layout);
        let number = |pieces: &Pieces| Number::new(pieces, narrow);
        Ok(Self {
            layout: *layout,
            constant_bits: narrow(apart.constant & mask(layout.width().into()))?,
            constants: narrow(apart.expected)?,
            tick: number(&apart.tick)?,
            node: number(&apart.node)?,
            sequence: number(&apart.sequence)?,
        })
    }

    /// Whether the unused bits are zero and constants are what they must be.
    #[must_use]
    #[inline]
    pub fn is_id(&self, word: W) -> bool {
        word & self.constant_bits == self.constants
    }

    /// The same, with the reason.
    ///
    /// # Errors
    /// If a bit that all ids have alike is another.
    pub fn check(&self, word: W) -> Result<(), WordError> {
        self.layout.check(word.into())
    }

    /// Ticks since the epoch.
    #[must_use]
    #[inline]
    pub fn tick(&self, word: W) -> u64 {
        self.tick.of(word)
    }

    /// Who generated.
    #[must_use]
    #[inline]
    pub fn node(&self, word: W) -> u64 {
        self.node.of(word)
    }

    /// Counter within the tick.
    #[must_use]
    #[inline]
    pub fn sequence(&self, word: W) -> u64 {
        self.sequence.of(word)
    }
}

impl<W: Word> Number<W> {
    fn new(
        pieces: &Pieces,
        narrow: impl Fn(u128) -> Result<W, LayoutError>,
    ) -> Result<Self, LayoutError> {
        let mut number = Self::default();
        for (i, &Piece { from, bits, to }) in pieces.upwards().enumerate() {
            let part = Part { from, mask: narrow(mask(bits))?, to };
            match i.checked_sub(1) {
                None => number.first = part,
                Some(more) => {
                    number.more[more] = part;
                    number.more_len += 1;
                }
            }
        }
        Ok(number)
    }

    #[inline]
    fn of(&self, word: W) -> u64 {
        let number = self.first.of(word);
        if self.more_len == 0 { number } else { number | self.of_more(word) }
    }

    fn of_more(&self, word: W) -> u64 {
        let more = &self.more[..usize::from(self.more_len)];
        more.iter().fold(0, |number, part| number | part.of(word))
    }
}

impl<W: Word> Part<W> {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "these numbers have at most 64 bits")]
    fn of(&self, word: W) -> u64 {
        let bits: u128 = (word >> self.from & self.mask).into();
        (bits as u64) << self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{Field, Kind};
    use proptest::prelude::*;

    /// The layouts of one word that a part can go wrong with: neighbours, gaps, a tick upside down,
    /// numbers that have the whole word.
    const LAYOUTS: [&str; 4] = [
        "41:5:5:12",
        "tick=10:worker=7:sequence=20:node=20:data=7",
        "tick=64:node=48:sequence=16",
        "tick=48:random=16:data=64",
    ];

    fn agrees<W: Word>(layout: &Layout, word: u128) {
        let undressing = Undressing::<W>::new(layout).unwrap();
        let narrow = W::from_u128(word).unwrap();
        let parts = layout.unpack(word);
        assert_eq!(undressing.tick(narrow), parts.tick, "{layout} {word:x}");
        assert_eq!(undressing.node(narrow), parts.node, "{layout} {word:x}");
        assert_eq!(undressing.sequence(narrow), parts.sequence, "{layout} {word:x}");
        assert_eq!(undressing.is_id(narrow), layout.check(word).is_ok(), "{layout} {word:x}");
        assert_eq!(undressing.check(narrow), layout.check(word));
    }

    proptest! {
        #[test]
        fn prop_says_what_the_layout_says(word: u128) {
            const SCATTERED: Layout = Layout::new(128, &[
                Field::new(Kind::Tick, 32).named("low").holding_from(0),
                Field::new(Kind::Tick, 16).named("mid").holding_from(32),
                Field::new(Kind::Version(1), 4),
                Field::new(Kind::Tick, 12).named("high").holding_from(48),
                Field::new(Kind::Version(2), 2).named("variant"),
                Field::new(Kind::Sequence, 14),
                Field::new(Kind::Node, 48),
            ]);
            for layout in LAYOUTS.map(|text| text.parse::<Layout>().unwrap()) {
                if layout.width() == 64 {
                    agrees::<u64>(&layout, word >> 64);
                    agrees::<u64>(&layout, word >> 65);
                } else {
                    agrees::<u128>(&layout, word);
                }
            }
            agrees::<u128>(&SCATTERED, word);
            let constants = 1 << 76 | 2 << 62;
            agrees::<u128>(&SCATTERED, word & !(0xF << 76 | 3 << 62) | constants);
        }
    }

    #[test]
    fn a_word_of_another_width_is_refused() {
        let layout: Layout = "41:10:12".parse().unwrap();
        assert!(Undressing::<u128>::new(&layout).is_err());
    }
}
