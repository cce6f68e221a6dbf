//! The text of a UUID: 32 hexadecimal digits with hyphens after the 8th, 12th, 16th and 20th.
//!
//! Written in lower case and read in either. Only this one text: no braces, no `urn:uuid:`, no digits
//! without hyphens, which are [`Form::Hex`](super::Form::Hex). A 64-bit word is written as the 128-bit
//! word of the same value.
//!
//! # Source
//! RFC 9562, section 4.

use super::{TextBuf, hex};
use crate::Word;

/// Characters of the text.
pub(super) const WIDTH: usize = 36;

/// Its texts as regular expressions, at 64 and at 128 bits.
pub(super) const PATTERNS: [&str; 2] = [
    r"^0{8}-0{4}-0{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
    r"^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$",
];

/// The hyphens of the second and of the third eight characters.
const HYPHENS: [u64; 2] =
    [u64::from_le_bytes(*b"-\0\0\0\0-\0\0"), u64::from_le_bytes(*b"\0\0-\0\0\0\0-")];

/// Four characters.
const LOWER: u64 = 0xFFFF_FFFF;

/// Whether a hyphen stands at this place of the text.
pub(super) const fn is_hyphen(index: usize) -> bool {
    matches!(index, 8 | 13 | 18 | 23)
}

#[inline]
pub(super) fn encode<W: Word>(word: W) -> TextBuf {
    let [a, b, c, d] = hex::digits(word.into());
    // Digits 9 to 12 are the lower half of b, 13 to 16 its upper half, and so on.
    let second = HYPHENS[0] | (b & LOWER) << 8 | b >> 32 << 48;
    let third = HYPHENS[1] | (c & LOWER) << 24 | b >> 48;
    TextBuf::from_words([a, second, third, c >> 32 | d << 32, d >> 32], 36)
}

#[inline]
pub(super) fn decode<W: Word>(text: &[u8]) -> Option<W> {
    number(text.try_into().ok()?).and_then(W::from_u128)
}

/// The number of a text whose hyphens are where they must be, by whatever vectors the processor has.
#[inline]
#[cfg(feature = "std")]
fn number(text: &[u8; WIDTH]) -> Option<u128> {
    use uuid_simd::AsOut;

    let mut bytes = [0; 16];
    // It looks at the hyphens too.
    uuid_simd::parse_hyphenated(text, bytes.as_out()).ok()?;
    Some(u128::from_be_bytes(bytes))
}

/// The same by those that every one has, where nobody knows what the processor can do.
#[inline]
#[cfg(not(feature = "std"))]
fn number(text: &[u8; WIDTH]) -> Option<u128> {
    const PLACES: [u64; 2] = [
        u64::from_le_bytes(*b"\xFF\0\0\0\0\xFF\0\0"),
        u64::from_le_bytes(*b"\0\0\xFF\0\0\0\0\xFF"),
    ];
    let ([a, second, third, fourth], [e, f, g, h]) = text.as_chunks() else { return None };
    let [second, third, fourth] = [second, third, fourth].map(|word| u64::from_le_bytes(*word));
    if [second & PLACES[0], third & PLACES[1]] != HYPHENS {
        return None;
    }
    let b = second >> 8 & LOWER | second >> 48 << 32 | third << 48;
    let c = third >> 24 & LOWER | fourth << 32;
    let d = fourth >> 32 | u64::from(u32::from_le_bytes([*e, *f, *g, *h])) << 32;
    let [b, c, d] = [b, c, d].map(u64::to_le_bytes);
    hex::number([*a, b, c, d])
}

#[cfg(test)]
mod tests {
    use crate::text::Form;

    /// RFC 9562, appendix A.6.
    #[test]
    fn reference_rfc_9562() {
        let word = 0x017F_22E2_79B0_7CC3_98C4_DC0C_0C07_398F_u128;
        let text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
        assert_eq!(Form::Uuid.encode(word), text);
        assert_eq!(Form::Uuid.decode(text), Ok(word));
        assert_eq!(Form::Uuid.decode(&text.to_uppercase()), Ok(word));
    }

    #[test]
    fn a_fault_is_pointed_at() {
        for (text, at) in [
            ("017f22e279b07cc398c4dc0c0c07398f", 8),
            ("{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}", 0),
            ("017f22e2-79b0-7cc3-98c4-dc0c0c07398", 35),
            ("017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", 36),
            ("017f22e2-79b0-7cc3-98c4-dc0c0c07398g", 35),
            ("017f22e2-79b0-7cc3098c4-dc0c0c07398f", 18),
        ] {
            assert_eq!(Form::Uuid.decode::<u128>(text).unwrap_err().at(), at, "{text}");
        }
        let error = Form::Uuid.decode::<u64>("00000000-0000-0001-0000-000000000000").unwrap_err();
        assert!(error.is_overflow() && error.at() == 17, "{error}");
    }
}
