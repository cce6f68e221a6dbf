//! Crockford's base 32 of fixed width: 13 characters for 64 bits, 26 for 128, most
//! significant first.
//!
//! Crockford leaves out I, L, O and U, writes in upper case, and reads in either case with
//! i and l as 1 and o as 0. His hyphens and his check symbol are refused here, so that a
//! word has one text. The first character holds what five-bit digits leave over, 4 bits of
//! 64 and 3 of 128: a greater one is an overflow, where many a ULID reader drops the bits.
//!
//! Source: Douglas Crockford, "Base 32", <https://www.crockford.com/base32.html>; the ULID
//! specification, sections "Encoding" and "Overflow errors when parsing base32 strings",
//! <https://github.com/ulid/spec>. This is not the alphabet of RFC 4648.

use super::radix::Radix;

pub(super) static RADIX: Radix<32, 1024> = Radix::new(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    .alias(b'I', 1)
    .alias(b'L', 1)
    .alias(b'O', 0)
    .in_either_case();

/// Its texts as regular expressions, at 64 and at 128 bits.
pub(super) const PATTERNS: [&str; 2] =
    [r"^[0-9A-FILOa-filo][0-9A-TV-Za-tv-z]{12}$", r"^[0-7ILOilo][0-9A-TV-Za-tv-z]{25}$"];

#[cfg(test)]
mod tests {
    use crate::text::Form;

    /// The ULID specification: its example and the greatest ULID there is.
    #[test]
    fn reference_ulid() {
        for (text, word) in [
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", 0x0156_3E3A_B5D3_D676_4C61_EFB9_9302_BD5B),
            ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", u128::MAX),
        ] {
            assert_eq!(Form::Base32.encode(word), text);
            assert_eq!(Form::Base32.decode(text), Ok(word));
        }
        let error = Form::Base32.decode::<u128>("80000000000000000000000000").unwrap_err();
        assert!(error.is_overflow());
        assert_eq!((error.at(), error.found()), (0, Some('8')));
    }

    /// Computed by long division in another language, Python.
    #[test]
    fn reference_long_division() {
        for (text, word) in [
            ("0000000000000", 0),
            ("000000000000Z", 31),
            ("0000000000010", 32),
            ("028T5CY4TQKFF", 0x0123_4567_89AB_CDEF),
            ("1ASD13XH1F800", 1_541_815_603_606_036_480),
            ("7ZZZZZZZZZZZZ", u64::MAX / 2),
            ("FZZZZZZZZZZZZ", u64::MAX),
        ] {
            assert_eq!(Form::Base32.encode(word), text);
            assert_eq!(Form::Base32.decode(text), Ok(word));
        }
        let (text, word) =
            ("014D2PF2DBSQQZXQ5TK1V58CGG", 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210);
        assert_eq!(Form::Base32.encode::<u128>(word), text);
        assert_eq!(Form::Base32.decode::<u128>(text), Ok(word));
    }

    /// Crockford's table of symbols, its column "Decode Symbol".
    #[test]
    fn reference_crockford() {
        let decode_symbols = [
            "0Oo", "1IiLl", "2", "3", "4", "5", "6", "7", "8", "9", "Aa", "Bb", "Cc", "Dd", "Ee",
            "Ff", "Gg", "Hh", "Jj", "Kk", "Mm", "Nn", "Pp", "Qq", "Rr", "Ss", "Tt", "Vv", "Ww",
            "Xx", "Yy", "Zz",
        ];
        for byte in 0..=u8::MAX {
            let symbol = char::from(byte);
            let digit = decode_symbols.iter().zip(0..).find(|(row, _)| row.contains(symbol));
            // At an even and an odd place of a group, and in the tail of 64 bits.
            for (place, weight) in [(1, 55), (2, 50), (12, 0)] {
                let mut text = "0".repeat(13);
                text.replace_range(place..=place, symbol.encode_utf8(&mut [0; 4]));
                let expected = digit.map(|(_, digit)| digit << weight);
                assert_eq!(Form::Base32.decode::<u64>(&text).ok(), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn the_first_character_holds_what_is_left() {
        let first = |symbol: char, width: usize| format!("{symbol}{}", "0".repeat(width - 1));
        assert_eq!(Form::Base32.decode(&first('F', 13)), Ok(0xF_u64 << 60));
        assert!(Form::Base32.decode::<u64>(&first('G', 13)).unwrap_err().is_overflow());
        assert_eq!(Form::Base32.decode(&first('7', 26)), Ok(7_u128 << 125));
        assert!(Form::Base32.decode::<u128>(&first('8', 26)).unwrap_err().is_overflow());
    }
}
