//! Base 58 of fixed width: 11 characters for 64 bits, 22 for 128, most significant first.
//!
//! Bitcoin's alphabet, without 0, I, O and l, which are mistaken for each other. A word is
//! written as one number and filled up with the digit of zero, "1", so that texts sort;
//! Bitcoin fills up with one "1" for each leading zero byte, so that its texts do not.
//!
//! Source: Bitcoin Core, `src/base58.h` and `src/base58.cpp`; the alphabet is also in
//! draft-msporny-base58-03, section 2.

use super::radix::Radix;

pub(super) static RADIX: Radix<58, 3364> =
    Radix::new(b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz");

/// Its texts as regular expressions, at 64 and at 128 bits.
pub(super) const PATTERNS: [&str; 2] =
    [r"^[1-9A-HJ-NP-Za-j][1-9A-HJ-NP-Za-km-z]{10}$", r"^[1-9A-HJ-NP-Y][1-9A-HJ-NP-Za-km-z]{21}$"];

#[cfg(test)]
mod tests {
    use crate::text::Form;

    /// Bitcoin Core, `src/test/data/base58_encode_decode.json`, those of at most 16 bytes
    /// and without leading zeros; and draft-msporny-base58-03, section 5, "Hello World!".
    #[test]
    fn reference_bitcoin() {
        for (word, published) in [
            (0x61, "2g"),
            (0x62_6262, "a3gV"),
            (0x63_6363, "aPEr"),
            (0x572E_4794, "3EFU7m"),
            (0x10C8_511E, "Rt5zm"),
            (0x51_6B6F_CD0F, "ABnLTmg"),
            (0xBF_4F89_001E_6702_74DD, "3SEo3LWLoPntC"),
            (0xECAC_89CA_D939_23C0_2321, "EJDM8drfXA6uyA"),
            (u128::from_str_radix("48656c6c6f20576f726c6421", 16).unwrap(), "2NEpo7TZRRrLZSi2U"),
        ] {
            let text = format!("{published:1>22}");
            assert_eq!(Form::Base58.encode::<u128>(word), *text);
            assert_eq!(Form::Base58.decode(&text), Ok(word));
            if let Ok(word) = u64::try_from(word) {
                assert_eq!(Form::Base58.encode(word), text[11..]);
                assert_eq!(Form::Base58.decode(&text[11..]), Ok(word));
            }
        }
    }

    /// Computed by long division in another language, Python.
    #[test]
    fn reference_long_division() {
        for (text, word) in [
            ("11111111111", 0),
            ("1111111111z", 57),
            ("11111111121", 58),
            ("1C3CPq7c8PY", 0x0123_4567_89AB_CDEF),
            ("4aaW4SzAyQK", 1_541_815_603_606_036_480),
            ("NQm6nKp8qFC", u64::MAX / 2),
            ("jpXCZedGfVQ", u64::MAX),
        ] {
            assert_eq!(Form::Base58.encode(word), text);
            assert_eq!(Form::Base58.decode(text), Ok(word));
        }
        for (text, word) in [
            ("11111111111jpXCZedGfVR", 1 << 64),
            ("199dn6s7bZpEGBoKc7YnPh", 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210),
            ("GokLUsho3eiVvNYNd1wgfx", u128::MAX / 2),
            ("YcVfxkQb6JRzqk5kF2tNLv", u128::MAX),
        ] {
            assert_eq!(Form::Base58.encode(word), text);
            assert_eq!(Form::Base58.decode(text), Ok(word));
        }
    }

    #[test]
    fn an_overflow_is_where_the_text_passes_the_greatest() {
        for (text, at, found) in
            [("jpXCZedGfVR", 10, 'R'), ("k1111111111", 0, 'k'), ("jpXCa111111", 4, 'a')]
        {
            let error = Form::Base58.decode::<u64>(text).unwrap_err();
            assert!(error.is_overflow());
            assert_eq!((error.at(), error.found()), (at, Some(found)), "{text}");
        }
        let error = Form::Base58.decode::<u128>("YcVfxkQb6JRzqk5kF2tNLw").unwrap_err();
        assert!(error.is_overflow());
        assert_eq!((error.at(), error.found()), (21, Some('w')));
    }
}
