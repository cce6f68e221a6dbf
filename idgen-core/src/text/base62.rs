//! Base 62 of fixed width: 11 characters for 64 bits, 22 for 128, most significant first.
//!
//! There is no standard. This is the alphabet of KSUID, 0-9, A-Z, a-z: the one in the order
//! of ASCII, without which texts could not sort; others put lower case first.
//!
//! Source: KSUID, `base62.go`, <https://github.com/segmentio/ksuid>.

use super::radix::Radix;

pub(super) static RADIX: Radix<62, 3844> =
    Radix::new(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

/// Its texts as regular expressions, at 64 and at 128 bits.
pub(super) const PATTERNS: [&str; 2] = [r"^[0-9A-L][0-9A-Za-z]{10}$", r"^[0-7][0-9A-Za-z]{21}$"];

#[cfg(test)]
mod tests {
    use crate::text::Form;

    /// Computed by long division in another language, Python.
    #[test]
    fn reference_long_division() {
        for (text, word) in [
            ("00000000000", 0),
            ("0000000000z", 61),
            ("00000000010", 62),
            ("063UfDVRKBz", 0x0123_4567_89AB_CDEF),
            ("1ptWyK4WgZU", 1_541_815_603_606_036_480),
            ("AzL8n0Y58m7", u64::MAX / 2),
            ("LygHa16AHYF", u64::MAX),
        ] {
            assert_eq!(Form::Base62.encode(word), text);
            assert_eq!(Form::Base62.decode(text), Ok(word));
        }
        for (text, word) in [
            ("00000000000LygHa16AHYG", 1 << 64),
            ("0296tiiBb3UUmdjYQ3ySu0", 0x0123_4567_89AB_CDEF_FEDC_BA98_7654_3210),
            ("3tX16dB2jpss4tZORYcqo3", u128::MAX / 2),
            ("7n42DGM5Tflk9n8mt7Fhc7", u128::MAX),
        ] {
            assert_eq!(Form::Base62.encode(word), text);
            assert_eq!(Form::Base62.decode(text), Ok(word));
        }
    }

    #[test]
    fn an_overflow_is_where_the_text_passes_the_greatest() {
        for (text, at, found) in
            [("LygHa16AHYG", 10, 'G'), ("zzzzzzzzzzz", 0, 'z'), ("LyhHa16AHYF", 2, 'h')]
        {
            let error = Form::Base62.decode::<u64>(text).unwrap_err();
            assert!(error.is_overflow());
            assert_eq!((error.at(), error.found()), (at, Some(found)), "{text}");
        }
        let error = Form::Base62.decode::<u128>("7n42DGM5Tflk9n8mt7Fhc8").unwrap_err();
        assert!(error.is_overflow());
        assert_eq!((error.at(), error.found()), (21, Some('8')));
    }
}
