//! Hexadecimal of fixed width: 16 characters for 64 bits, 32 for 128, most significant
//! first. Written and read sixteen digits at a time, in the lanes of a vector.
//!
//! Written in lower case, which is RFC 9562's choice for UUIDs (section 4), and read in
//! either.
//!
//! Source: of reading, Wojciech Muła, "SIMD-ized hexadecimal string to integer conversion" (2022),
//! <http://0x80.pl/notesen/2022-01-17-validating-hex-parse.html>.

use wide::{bytemuck, i8x16, i16x8, u8x16, u16x8};

use super::TextBuf;
use crate::Word;

/// Its texts as regular expressions, at 64 and at 128 bits.
pub(super) const PATTERNS: [&str; 2] = [r"^[0-9A-Fa-f]{16}$", r"^[0-9A-Fa-f]{32}$"];

/// Characters in the text of every word of this type.
#[inline]
pub(super) const fn width<W: Word>() -> usize {
    if W::BITS == u64::BITS { 16 } else { 32 }
}

/// Writes a word.
#[inline]
pub(super) fn encode<W: Word>(word: W) -> TextBuf {
    let words = digits(word.into());
    match words {
        [.., third, last] if W::BITS == u64::BITS => TextBuf::from_words([third, last], 16),
        _ => TextBuf::from_words(words, 32),
    }
}

/// Reads a word; `None` for anything but its text.
#[inline]
pub(super) fn decode<W: Word>(text: &[u8]) -> Option<W> {
    const ZEROS: [u8; 8] = [b'0'; 8];
    let number = match text.as_chunks() {
        (&[third, last], []) if W::BITS == u64::BITS => number([ZEROS, ZEROS, third, last]),
        (&[first, second, third, last], []) if W::BITS == u128::BITS => {
            number([first, second, third, last])
        }
        _ => None,
    };
    number.and_then(W::from_u128)
}

/// The 32 digits of a number, eight a word, the first in the lowest byte.
#[inline]
pub(super) fn digits(number: u128) -> [u64; 4] {
    const LETTER: i8 = 0x61 - 0x30 - 10; // from '9' on to 'a'
    let bytes: u16x8 = bytemuck::cast(number.to_be_bytes());
    let nibble = u16x8::splat(0x0F0F);
    let (high, low): (u8x16, u8x16) =
        (bytemuck::cast(bytes >> 4_u32 & nibble), bytemuck::cast(bytes & nibble));
    let halves = [u8x16::unpack_low(high, low), u8x16::unpack_high(high, low)];
    let [[a, b], [c, d]] = halves.map(|digits| {
        let digits: i8x16 = bytemuck::cast(digits);
        let letter = digits.simd_gt(i8x16::splat(9)) & i8x16::splat(LETTER);
        let text: [[u8; 8]; 2] = bytemuck::cast(digits + i8x16::splat(0x30) + letter);
        text.map(u64::from_le_bytes)
    });
    [a, b, c, d]
}

/// The number that 32 characters write; `None` where one of them is no digit.
#[inline]
pub(super) fn number([a, b, c, d]: [[u8; 8]; 4]) -> Option<u128> {
    let [first, second] = [[a, b], [c, d]].map(|half| values(bytemuck::cast(half)));
    // A value above 15 leaves a bit above them, which sixteen times seven carries into the sign.
    if (first | second).saturating_add(u8x16::splat(16 * 7)).to_bitmask() != 0 {
        return None;
    }
    let [first, second] = [first, second].map(|values| {
        let pairs: u16x8 = bytemuck::cast(values);
        // The first of two is in the lower byte, or in the upper one.
        let bytes = if cfg!(target_endian = "little") {
            pairs << 4_u32 | pairs >> 8_u32
        } else {
            pairs >> 4_u32 | pairs
        };
        bytemuck::cast::<_, i16x8>(bytes & u16x8::splat(0xFF))
    });
    Some(u128::from_be_bytes(bytemuck::cast(u8x16::narrow_i16x8(first, second))))
}

/// The value of each character as a digit; above 15 where it is none.
#[inline]
fn values(text: u8x16) -> u8x16 {
    let each = u8x16::splat;
    // '0' to '9' come to stand at the end, where nothing that is above them is left after it.
    let decimal = (text + each(0xFF - b'9')).saturating_sub(each(6)) - each(0xF0);
    let letter = ((text & each(!0x20)) - each(b'A')).saturating_add(each(10));
    decimal.min(letter)
}

#[cfg(test)]
mod tests {
    use crate::text::Form;

    #[test]
    fn reference_rust_formatting() {
        for shift in 0..128 {
            for word in [u128::MAX >> shift, 1 << shift] {
                assert_eq!(Form::Hex.encode(word), *format!("{word:032x}"));
                assert_eq!(Form::Hex.decode(&format!("{word:032X}")), Ok(word));
                if let Ok(word) = u64::try_from(word) {
                    assert_eq!(Form::Hex.encode(word), *format!("{word:016x}"));
                    assert_eq!(Form::Hex.decode(&format!("{word:016X}")), Ok(word));
                }
            }
        }
    }

    /// RFC 9562, appendix A.6: a UUID of version 7.
    #[test]
    fn reference_rfc_9562() {
        let word = 0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_398F_u128;
        let text = "017f22e279b07cc398c4dc0c0c07398f";
        assert_eq!(Form::Hex.encode(word), text);
        assert_eq!(Form::Hex.decode(text), Ok(word));
        assert_eq!(Form::Hex.decode(&text.to_uppercase()), Ok(word));
    }
}
