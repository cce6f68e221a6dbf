//! Numbers of fixed width in any base up to 64, eight characters at a time.
//!
//! A word is divided into groups of eight digits, by a constant: the compiler makes shifts
//! of that in base 32, and a multiplication in base 58 and 62 unless the word has 128
//! bits. A group is halved down to pairs, which a table turns into two characters at once,
//! so that the chain of divisions is three deep rather than eight. Reading adds up four
//! digits at a time, from tables that hold their weights.
//!
//! Architecture invariant: a width is the least that holds every word, and the symbols
//! ascend, so that texts sort as their words do; [`Radix::new`] refuses, when compiled, an
//! alphabet that does not.

use super::TextBuf;
use crate::Word;

/// An alphabet of `BASE` symbols as tables; `PAIRS` is `BASE` squared, which the compiler
/// cannot derive in a type.
pub(super) struct Radix<const BASE: usize, const PAIRS: usize> {
    /// The two characters of each value of two digits, the first one in the low byte.
    pairs: [u16; PAIRS],
    /// What a byte is worth at each place of four digits, or [`STRANGE`]. With the weights
    /// in the table, reading four digits is three additions.
    values: [[u32; 256]; 4],
}

/// A byte that is no digit. Above every value of four digits, which is below 2^24, and not
/// lost when four are added or such sums combined by "or".
const STRANGE: u32 = 1 << 28;

/// Characters in a group, which is what fits a 64-bit word.
const GROUP: usize = 8;

impl<const BASE: usize, const PAIRS: usize> Radix<BASE, PAIRS> {
    /// Values of two, four and eight digits.
    const TWO: u64 = (BASE * BASE) as u64;
    const FOUR: u64 = Self::TWO * Self::TWO;
    const EIGHT: u64 = Self::FOUR * Self::FOUR;

    const WIDTH_64: usize = Self::digits_of(u64::MAX as u128);
    const WIDTH_128: usize = Self::digits_of(u128::MAX);

    /// Values of the last digits, those after the last whole group.
    const TAIL_64: u64 = Self::values_of(Self::WIDTH_64 % GROUP);
    const TAIL_128: u64 = Self::values_of(Self::WIDTH_128 % GROUP);

    /// The tables of an alphabet, which is ASCII and ascends.
    pub(super) const fn new(symbols: &[u8; BASE]) -> Self {
        assert!(BASE <= 64 && PAIRS == BASE * BASE);
        // Whole groups, read without a check, never overflow: a text has digits besides.
        assert!(Self::WIDTH_64 % GROUP > 0 && Self::WIDTH_128 % GROUP > 0);
        let mut radix = Self { pairs: [0; PAIRS], values: [[STRANGE; 256]; 4] };
        let mut first = 0;
        while first < BASE {
            assert!(symbols[first].is_ascii());
            assert!(first == 0 || symbols[first - 1] < symbols[first]);
            radix = radix.alias(symbols[first], first);
            let mut second = 0;
            while second < BASE {
                radix.pairs[first * BASE + second] =
                    u16::from_le_bytes([symbols[first], symbols[second]]);
                second += 1;
            }
            first += 1;
        }
        radix
    }

    /// Reads `symbol` as this digit, too.
    pub(super) const fn alias(mut self, symbol: u8, digit: usize) -> Self {
        assert!(digit < BASE);
        let mut value = digit;
        let mut place = 4;
        while place > 0 {
            place -= 1;
            #[expect(clippy::cast_possible_truncation, reason = "below 2^24 at every place")]
            let at_place = value as u32;
            self.values[place][symbol as usize] = at_place;
            value *= BASE;
        }
        self
    }

    /// Reads every letter in lower case, too, as the digit it is in upper case, or the other
    /// way round.
    pub(super) const fn in_either_case(mut self) -> Self {
        let mut letter = b'A';
        while letter <= b'Z' {
            let (upper, lower) = (letter as usize, letter.to_ascii_lowercase() as usize);
            let is_upper = self.values[0][lower] == STRANGE;
            let (from, to) = if is_upper { (upper, lower) } else { (lower, upper) };
            let mut place = 0;
            while place < 4 {
                self.values[place][to] = self.values[place][from];
                place += 1;
            }
            letter += 1;
        }
        self
    }

    /// Characters in the text of every word of this type.
    #[inline]
    pub(super) const fn width<W: Word>(&self) -> usize {
        if W::BITS == u64::BITS { Self::WIDTH_64 } else { Self::WIDTH_128 }
    }

    /// The value of a character as a digit, aliases included.
    pub(super) fn digit(&self, character: char) -> Option<u32> {
        let byte = u8::try_from(character).ok()?;
        let [.., ones] = &self.values;
        let digit = ones[usize::from(byte)];
        (digit < STRANGE).then_some(digit)
    }

    /// Writes a word.
    #[inline]
    pub(super) fn encode<W: Word>(&self, word: W) -> TextBuf {
        let word: u128 = word.into();
        match u64::try_from(word) {
            Ok(word) if W::BITS == u64::BITS => self.encode_64(word),
            _ => self.encode_128(word),
        }
    }

    /// Reads a word; `None` for anything but its text.
    #[inline]
    pub(super) fn decode<W: Word>(&self, text: &[u8]) -> Option<W> {
        if W::BITS == u64::BITS {
            self.decode_64(text).map(W::from)
        } else {
            self.decode_128(text).and_then(W::from_u128)
        }
    }

    #[inline]
    fn encode_64(&self, word: u64) -> TextBuf {
        const { assert!(Self::WIDTH_64 > GROUP && Self::WIDTH_64 <= 2 * GROUP) };
        let (tail, divisor) = Self::last_group(Self::WIDTH_64);
        let words = [
            self.write_group(word / divisor),
            self.write_group(word % divisor) >> Self::unused_bits(tail),
        ];
        TextBuf::from_words(words, Self::length(Self::WIDTH_64))
    }

    #[inline]
    fn encode_128(&self, word: u128) -> TextBuf {
        const { assert!(Self::WIDTH_128 > 2 * GROUP && Self::WIDTH_128 <= 4 * GROUP) };
        let (tail, divisor) = Self::last_group(Self::WIDTH_128);
        let (rest, last) = divide(word, divisor);
        let last = self.write_group(last) >> Self::unused_bits(tail);
        let (rest, third) = divide(rest, Self::EIGHT);
        let words = if Self::WIDTH_128 > 3 * GROUP {
            let (first, second) = divide(rest, Self::EIGHT);
            let [first, second, third] =
                [low_half(first), second, third].map(|group| self.write_group(group));
            [first, second, third, last]
        } else {
            let [second, third] = [low_half(rest), third].map(|group| self.write_group(group));
            [second, third, last, 0]
        };
        TextBuf::from_words(words, Self::length(Self::WIDTH_128))
    }

    #[inline]
    fn decode_64(&self, text: &[u8]) -> Option<u64> {
        if text.len() != Self::WIDTH_64 {
            return None;
        }
        let (groups, tail) = text.as_chunks::<GROUP>();
        let mut word = 0_u64;
        for group in groups {
            word = word.wrapping_mul(Self::EIGHT).wrapping_add(self.read_group(group)?);
        }
        word.checked_mul(Self::TAIL_64)?.checked_add(self.read_tail(tail)?)
    }

    #[inline]
    fn decode_128(&self, text: &[u8]) -> Option<u128> {
        if text.len() != Self::WIDTH_128 {
            return None;
        }
        let (groups, tail) = text.as_chunks::<GROUP>();
        let mut word = 0_u128;
        for group in groups {
            word = word
                .wrapping_mul(u128::from(Self::EIGHT))
                .wrapping_add(u128::from(self.read_group(group)?));
        }
        // One comparison, where a checked multiplication of 128 bits is a dozen steps.
        if word > u128::MAX / u128::from(Self::TAIL_128) {
            return None;
        }
        let front = word.wrapping_mul(u128::from(Self::TAIL_128));
        front.checked_add(u128::from(self.read_tail(tail)?))
    }

    /// The eight characters of a value below [`Self::EIGHT`], the first in the lowest byte.
    #[inline]
    fn write_group(&self, value: u64) -> u64 {
        let (front, back) = (value / Self::FOUR, value % Self::FOUR);
        self.write_pair(front / Self::TWO)
            | self.write_pair(front % Self::TWO) << 16
            | self.write_pair(back / Self::TWO) << 32
            | self.write_pair(back % Self::TWO) << 48
    }

    #[inline]
    fn write_pair(&self, value: u64) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "less than PAIRS, at most 4096")]
        let index = (value % Self::TWO) as usize;
        u64::from(self.pairs[index])
    }

    /// The value of eight characters; `None` where one of them is no digit.
    #[inline]
    fn read_group(&self, group: &[u8; GROUP]) -> Option<u64> {
        let [a, b, c, d, e, f, g, h] = *group;
        let (front, back) = (self.read_four([a, b, c, d]), self.read_four([e, f, g, h]));
        (front | back < STRANGE).then(|| u64::from(front) * Self::FOUR + u64::from(back))
    }

    /// The value of the characters after the last whole group, fewer than eight.
    #[inline]
    fn read_tail(&self, tail: &[u8]) -> Option<u64> {
        let (fours, rest) = tail.as_chunks::<4>();
        let front = fours.iter().map(|&four| self.read_four(four)).sum::<u32>();
        let places = self.values.iter().skip(4 - rest.len());
        let back = places.zip(rest).map(|(place, &byte)| place[usize::from(byte)]).sum::<u32>();
        let weight = Self::values_of(rest.len());
        (front | back < STRANGE).then(|| u64::from(front) * weight + u64::from(back))
    }

    /// The value of four characters; at least [`STRANGE`] where one of them is no digit.
    #[inline]
    fn read_four(&self, [a, b, c, d]: [u8; 4]) -> u32 {
        let [first, second, third, last] = &self.values;
        let front = first[usize::from(a)] + second[usize::from(b)];
        let back = third[usize::from(c)] + last[usize::from(d)];
        front + back
    }

    /// Characters in the last group of a text, one to eight, and how many values they have.
    const fn last_group(width: usize) -> (usize, u64) {
        let characters = (width - 1) % GROUP + 1;
        (characters, Self::values_of(characters))
    }

    /// What a group is shifted by to drop all but its last `characters`.
    const fn unused_bits(characters: usize) -> usize {
        (GROUP - characters) * 8
    }

    /// Values that this many digits have, at most eight of them.
    const fn values_of(digits: usize) -> u64 {
        assert!(digits <= GROUP);
        let (mut values, mut digit) = (1, 0);
        while digit < digits {
            values *= BASE as u64;
            digit += 1;
        }
        values
    }

    /// Digits that `value` has.
    const fn digits_of(mut value: u128) -> usize {
        let mut digits = 0;
        while value > 0 {
            value /= BASE as u128;
            digits += 1;
        }
        digits
    }

    #[expect(clippy::cast_possible_truncation, reason = "a width is at most 32")]
    const fn length(width: usize) -> u8 {
        width as u8
    }
}

/// Quotient and remainder.
#[inline]
fn divide(value: u128, divisor: u64) -> (u128, u64) {
    let quotient = value / u128::from(divisor);
    (quotient, low_half(value - quotient * u128::from(divisor)))
}

/// A value below 2^64.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "its callers have divided it down")]
fn low_half(value: u128) -> u64 {
    debug_assert!(value <= u128::from(u64::MAX));
    value as u64
}
