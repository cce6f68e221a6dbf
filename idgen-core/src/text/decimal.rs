//! Decimal, of as many digits as the word needs.
//!
//! Words of 64 bits are written sixteen digits at a time, in the lanes of a vector, and never put into
//! memory but in whole; those of 128 by `itoa`. Read eight digits at a time, and strictly: no sign,
//! no leading zero, so that a word has one text.
//!
//! Source: of reading eight digits in three multiplications, Daniel Lemire, "Quickly parsing
//! eight digits" (2018), <https://lemire.me/blog/2018/10/03/quickly-parsing-eight-digits/>; of writing
//! them, division by multiplication in several lanes of a word, Henry S. Warren, *Hacker's Delight*,
//! second edition, section 10-9.

use wide::{bytemuck, u16x8, u32x4, u64x2};

use super::TextBuf;
use crate::Word;

/// 1 in each byte.
const EACH: u64 = u64::from_le_bytes([1; 8]);

/// The most digits of which every number fits 64 bits.
const SAFE: usize = 19;

/// Values of [`SAFE`] digits.
const SAFE_VALUES: u64 = 10_u64.pow(19);

/// Its texts as regular expressions, at 64 and at 128 bits.
pub(super) const PATTERNS: [&str; 2] = [r"^(0|[1-9][0-9]{0,19})$", r"^(0|[1-9][0-9]{0,38})$"];

/// Digits of the greatest word.
#[inline]
pub(super) const fn max_width<W: Word>() -> usize {
    if W::BITS == u64::BITS { 20 } else { 39 }
}

/// Writes a word.
#[inline]
pub(super) fn encode<W: Word>(word: W) -> TextBuf {
    let word: u128 = word.into();
    match u64::try_from(word) {
        Ok(word) if W::BITS == u64::BITS => encode_64(word),
        _ => TextBuf::from_ascii(itoa::Buffer::new().format(word).as_bytes()),
    }
}

/// Values of eight digits.
const EIGHT: u64 = 100_000_000;

#[inline]
fn encode_64(word: u64) -> TextBuf {
    let (front, back) = (word / (EIGHT * EIGHT), word % (EIGHT * EIGHT));
    let [second, third] = sixteen([back / EIGHT, back % EIGHT]);
    let groups = [four(front) << 32, second, third];
    let [first, second, third] = groups.map(|digits| digits + 0x30 * EACH);
    // Zeros in front go: whole groups of them, and then characters, which are the lowest bytes.
    let (words, leading) = match groups {
        [0, 0, last] => ([third, 0, 0, 0], (last | 1 << 56).trailing_zeros() / 8),
        [0, middle, _] => ([second, third, 0, 0], middle.trailing_zeros() / 8),
        [top, ..] => ([first, second, third, 0], top.trailing_zeros() / 8),
    };
    let [a, b, c, _] = words;
    let shift = 8 * leading;
    // In two steps, for the second word may have to go by 64 bits.
    let joined = |low: u64, high: u64| low >> shift | high << 1 << (63 - shift);
    let len = match groups {
        [0, 0, _] => 8,
        [0, ..] => 16,
        _ => 24,
    };
    #[expect(clippy::cast_possible_truncation, reason = "at most 7")]
    let leading = leading as u8;
    TextBuf::from_words([joined(a, b), joined(b, c), c >> shift], len - leading)
}

/// The eight digits of each of two values below [`EIGHT`], one a byte, the first in the lowest.
#[inline]
fn sixteen(values: [u64; 2]) -> [u64; 2] {
    // Two lanes of eight digits; four of four, by a multiplication with 2^45 / 10,000; eight of two, by
    // one with 2^19 / 100; sixteen of one, by one with 2^16 / 10.
    let fours = u64x2::new(values.map(|value| (value * 0xD1B7_1759) >> 45));
    let rest = u64x2::new(values) - u64x2::new(fours.to_array().map(|four| four * 10_000));
    let fours: u16x8 = bytemuck::cast(fours | rest << 32_u32);
    let hundreds = fours.mul_keep_high(u16x8::splat(5_243)) >> 3_u32;
    let rest: u32x4 = bytemuck::cast(fours - hundreds * u16x8::splat(100));
    let hundreds: u32x4 = bytemuck::cast(hundreds);
    let twos: u16x8 = bytemuck::cast(hundreds | rest << 16_u32);
    let tens = twos.mul_keep_high(u16x8::splat(6_554));
    let ones = twos - tens * u16x8::splat(10);
    let digits: u64x2 = bytemuck::cast(tens | ones << 8_u32);
    digits.to_array()
}

/// The four digits of a value below 10,000, likewise.
#[inline]
const fn four(value: u64) -> u64 {
    let hundreds = (value * 5_243) >> 19;
    let twos = hundreds | (value - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000F_000F;
    tens | (twos - 10 * tens) << 8
}

/// Reads a word; `None` for anything but its text.
#[inline]
pub(super) fn decode<W: Word>(text: &[u8]) -> Option<W> {
    match text {
        [] | [b'0', _, ..] => None,
        _ if text.len() > max_width::<W>() => None,
        _ if W::BITS == u64::BITS => decode_64(text).map(W::from),
        _ => decode_128(text).and_then(W::from_u128),
    }
}

#[inline]
fn decode_64(text: &[u8]) -> Option<u64> {
    let (front, back) = text.split_at(text.len().saturating_sub(SAFE));
    read_safe(front)?.checked_mul(SAFE_VALUES)?.checked_add(read_safe(back)?)
}

#[inline]
fn decode_128(text: &[u8]) -> Option<u128> {
    let mut word = 0_u128;
    for part in text.rchunks(SAFE).rev() {
        word = word.checked_mul(SAFE_VALUES.into())?.checked_add(read_safe(part)?.into())?;
    }
    Some(word)
}

/// The value of at most [`SAFE`] digits; `None` where one of them is no digit.
#[inline]
fn read_safe(digits: &[u8]) -> Option<u64> {
    let (groups, rest) = digits.as_chunks::<8>();
    let mut value = 0;
    for &group in groups {
        value = value * 100_000_000 + read_eight(group)?;
    }
    for &byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

/// The value of eight digits; `None` where one of them is no digit.
#[inline]
fn read_eight(digits: [u8; 8]) -> Option<u64> {
    let text = u64::from_le_bytes(digits);
    // A digit is 0x30 to 0x39: its upper half is 3, and stays 3 when 6 is added.
    let upper_halves = 0xF0 * EACH;
    if (text & upper_halves) | ((text.wrapping_add(6 * EACH) & upper_halves) >> 4) != 0x33 * EACH {
        return None;
    }
    let ones = text - 0x30 * EACH;
    // Each even byte becomes the value of its pair of digits; what is carried into the odd
    // ones is masked off.
    let pairs = ones.wrapping_mul(10).wrapping_add(ones >> 8);
    // Both products gather, in their upper half, the sum of pairs times their weights.
    let mask = 0x0000_00FF_0000_00FF;
    let outer = (pairs & mask).wrapping_mul(100 + (1_000_000 << 32));
    let inner = ((pairs >> 16) & mask).wrapping_mul(1 + (10_000 << 32));
    Some(outer.wrapping_add(inner) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Form;

    #[test]
    fn reference_rust_formatting() {
        for digits in 0..39 {
            let power = 10_u128.pow(digits);
            for word in [power - 1, power, power + 1, u128::MAX >> digits, u128::MAX - power] {
                assert_eq!(Form::Decimal.encode(word), *word.to_string());
                assert_eq!(Form::Decimal.decode(&word.to_string()), Ok(word));
                if let Ok(word) = u64::try_from(word) {
                    assert_eq!(Form::Decimal.encode(word), *word.to_string());
                    assert_eq!(Form::Decimal.decode(&word.to_string()), Ok(word));
                }
            }
        }
        for word in [0, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            assert_eq!(Form::Decimal.encode(word), *word.to_string());
            assert_eq!(Form::Decimal.decode(&word.to_string()), Ok(word));
        }
    }

    proptest::proptest! {
        #[test]
        fn prop_rust_formatting(word: u64, shift in 0..64_u32) {
            let word = word >> shift;
            let (written, expected) = (Form::Decimal.encode(word), word.to_string());
            proptest::prop_assert_eq!(written.as_str(), expected);
        }
    }

    /// Every value of each lane that digits are parted in.
    #[test]
    fn digits_are_parted_right() {
        let text = |digits: u64| (digits + 0x30 * EACH).to_le_bytes();
        for value in 0..10_000 {
            let expected = format!("{value:08}");
            assert_eq!(text(four(value) << 32), expected.as_bytes(), "{value}");
        }
        for value in (0..10_000).flat_map(|four| [four, four * 10_000, 99_999_999 - four]) {
            let expected = [value, EIGHT - 1 - value].map(|value| format!("{value:08}"));
            let written = sixteen([value, EIGHT - 1 - value]).map(text);
            assert_eq!(written.map(|text| text.to_vec()), expected.map(String::into_bytes));
        }
    }

    #[test]
    fn widths_are_those_of_the_greatest_words() {
        assert_eq!(max_width::<u64>(), u64::MAX.to_string().len());
        assert_eq!(max_width::<u128>(), u128::MAX.to_string().len());
    }

    #[test]
    fn every_byte_but_a_digit_is_refused_at_every_place() {
        for place in 0..20 {
            for byte in 0..=0x7F_u8 {
                let mut text = *b"11111111111111111111";
                text[place] = byte;
                let text = str::from_utf8(&text).unwrap();
                let word = Form::Decimal.decode::<u64>(text);
                // Rust's reader also takes a sign and leading zeros.
                let expected = text.parse::<u64>().ok().filter(|_| !text.starts_with(['+', '0']));
                assert_eq!(word.ok(), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn faults_are_found_where_they_are() {
        for (text, at, found) in [
            ("", 0, None),
            ("-1", 0, Some('-')),
            ("+1", 0, Some('+')),
            ("1 ", 1, Some(' ')),
            ("00", 0, Some('0')),
            ("01", 0, Some('0')),
            ("0x1", 1, Some('x')),
            ("1_000", 1, Some('_')),
            ("12٣", 2, Some('٣')), // a digit, but not of ASCII
            ("18446744073709551616", 19, Some('6')),
            ("18446744073709551620", 19, Some('0')),
            ("99999999999999999999", 19, Some('9')),
            ("184467440737095516150", 20, Some('0')),
            ("1844674407370955161x", 19, Some('x')),
        ] {
            let error = Form::Decimal.decode::<u64>(text).unwrap_err();
            assert_eq!((error.at(), error.found()), (at, found), "{text:?}");
        }
        let beyond = "340282366920938463463374607431768211456";
        let error = Form::Decimal.decode::<u128>(beyond).unwrap_err();
        assert!(error.is_overflow());
        assert_eq!((error.at(), error.found()), (38, Some('6')));
    }
}
