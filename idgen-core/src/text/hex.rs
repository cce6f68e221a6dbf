//! Hexadecimal of fixed width: 16 characters for 64 bits, 32 for 128, most significant
//! first.
//!
//! Written in lower case, which is RFC 9562's choice for UUIDs (section 4), and read in
//! either.

use super::radix::Radix;

pub(super) static RADIX: Radix<16, 256> = Radix::new(b"0123456789abcdef").in_either_case();

/// Its texts as regular expressions, at 64 and at 128 bits.
pub(super) const PATTERNS: [&str; 2] = [r"^[0-9A-Fa-f]{16}$", r"^[0-9A-Fa-f]{32}$"];

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
