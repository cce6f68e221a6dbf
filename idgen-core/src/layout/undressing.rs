//! From words to their numbers at speed: what [`Layout::unpack`] and [`Layout::check`] say, for
//! whoever asks millions of times.

use super::field::{Field, Kind, Role};
use super::{Layout, LayoutError, MAX_FIELDS, WordError};
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
        let (mut constant_bits, mut constants) = (0_u128, 0_u128);
        for field in layout.fields() {
            let value = match field.kind() {
                Kind::Unused => 0,
                Kind::Version(value) => value,
                _ => continue,
            };
            constant_bits |= u128::from(field.max()) << field.offset();
            constants |= u128::from(value) << field.offset();
        }
        let number = |role| Number::new(layout, role, narrow);
        Ok(Self {
            layout: *layout,
            constant_bits: narrow(constant_bits)?,
            constants: narrow(constants)?,
            tick: number(Role::Tick)?,
            node: number(Role::Node)?,
            sequence: number(Role::Sequence)?,
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
        layout: &Layout,
        role: Role,
        narrow: impl Fn(u128) -> Result<W, LayoutError>,
    ) -> Result<Self, LayoutError> {
        let mut number = Self::default();
        let mut parts = [(0_u32, 0_u32, 0_u32); MAX_FIELDS];
        let mut len = 0;
        for field in layout.fields().iter().rev().filter(|field| field.kind().role() == role) {
            let Field { offset, low, bits, .. } = *field;
            let (offset, low, bits) = (u32::from(offset), u32::from(low), u32::from(bits));
            // Such as a datacenter above its worker: both are one part.
            match parts[..len].last_mut() {
                Some((from, sum, to)) if *from + *sum == offset && *to + *sum == low => {
                    *sum += bits
                }
                _ => {
                    parts[len] = (offset, bits, low);
                    len += 1;
                }
            }
        }
        for (i, &(from, bits, to)) in parts[..len].iter().enumerate() {
            let part = Part { from, mask: narrow(super::mask(bits))?, to };
            match i.checked_sub(1) {
                None => number.first = part,
                Some(i) => number.more[i] = part,
            }
        }
        number.more_len = u8::try_from(len.saturating_sub(1)).unwrap_or(0);
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
