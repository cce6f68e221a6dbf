//! What can be wrong with a text, and how it is said.

use core::fmt::{self, Write};

use super::Form;
use super::diagnosis::greatest_text;

/// A text is not a word in the form it was read in.
///
/// It points at the first place from which on no such text could be right.
///
/// # Example
/// ```
/// use idgen_core::text::Form;
///
/// let error = Form::Base58.decode::<u64>("1111111O121").unwrap_err();
/// assert!(error.is_character());
/// assert_eq!((error.at(), error.found()), (7, Some('O')));
/// assert_eq!(
///     error.to_string(),
///     "character 'O' at 7 is not in the base58 alphabet (1-9 and letters but I, O, l)",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    pub(super) form: Form,
    /// Whether a word of 128 bits was asked for, or one of 64.
    pub(super) wide: bool,
    pub(super) at: usize,
    pub(super) found: Option<char>,
    pub(super) fault: Fault,
    /// Whether the text is to be in lower case, as that of a typed id is.
    pub(super) lower: bool,
}

/// The kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The text ends too soon or goes on too long; its length in characters.
    Length(usize),
    /// A character that is no digit of the form.
    Character,
    /// A zero before other digits, in decimal.
    LeadingZero,
    /// A digit that carries the text beyond the word.
    Overflow,
}

impl ParseError {
    /// The form the text was read in.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Hex.decode::<u64>("2a").unwrap_err().form(), Form::Hex);
    /// ```
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Where the fault is: the byte offset of the character at fault, or the text's length
    /// in bytes where it ends too soon.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Decimal.decode::<u64>("1_000").unwrap_err().at(), 1);
    /// assert_eq!(Form::Hex.decode::<u64>("2a").unwrap_err().at(), 2);
    /// ```
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// The character at fault, or `None` where the text ends too soon.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Decimal.decode::<u64>("1_000").unwrap_err().found(), Some('_'));
    /// assert_eq!(Form::Hex.decode::<u64>("2a").unwrap_err().found(), None);
    /// ```
    #[must_use]
    pub const fn found(&self) -> Option<char> {
        self.found
    }

    /// Whether the text has too few or too many characters.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// let error = Form::Base32.decode::<u64>("1ASD13XH1F80").unwrap_err();
    /// assert!(error.is_length());
    /// assert_eq!(error.to_string(), "base32 of 64 bits has 13 characters, found 12");
    /// ```
    #[must_use]
    pub const fn is_length(&self) -> bool {
        matches!(self.fault, Fault::Length(_))
    }

    /// Whether a character may not stand where it does: it is not in the alphabet, or it is
    /// a leading zero of decimal.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert!(Form::Decimal.decode::<u64>("+1").unwrap_err().is_character());
    /// assert!(Form::Decimal.decode::<u64>("01").unwrap_err().is_character());
    /// ```
    #[must_use]
    pub const fn is_character(&self) -> bool {
        matches!(self.fault, Fault::Character | Fault::LeadingZero)
    }

    /// Whether the text writes a number of more bits than the word has.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// let error = Form::Decimal.decode::<u64>("18446744073709551616").unwrap_err();
    /// assert!(error.is_overflow());
    /// assert_eq!((error.at(), error.found()), (19, Some('6')));
    /// assert!(Form::Decimal.decode::<u128>("18446744073709551616").is_ok());
    /// ```
    #[must_use]
    pub const fn is_overflow(&self) -> bool {
        matches!(self.fault, Fault::Overflow)
    }

    /// The same error of a text in lower case that stands this many bytes into another.
    pub(crate) const fn in_typed_id(mut self, offset: usize) -> Self {
        self.at += offset;
        self.lower = true;
        self
    }

    /// The bits of the word and the characters of its longest text.
    const fn limits(&self) -> (u32, usize) {
        if self.wide {
            (u128::BITS, self.form.max_width::<u128>())
        } else {
            (u64::BITS, self.form.max_width::<u64>())
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { form, at, fault, .. } = self;
        let (bits, width) = self.limits();
        if let Fault::Length(characters) = fault {
            let least = if *form == Form::Decimal { "1 to " } else { "" };
            return write!(
                f,
                "{form} of {bits} bits has {least}{width} characters, found {characters}"
            );
        }
        // Quoted as in source text, so that control characters can be seen.
        match self.found {
            Some(character) => write!(f, "character {character:?} at {at} ")?,
            None => write!(f, "the text up to {at} ")?,
        }
        match fault {
            Fault::LeadingZero => write!(f, "is a leading zero; write {form} without"),
            Fault::Overflow => {
                let greatest = greatest_text(*form, self.wide);
                write!(f, "makes it more than {bits} bits; the greatest {form} is ")?;
                let cased = |c: char| if self.lower { c.to_ascii_lowercase() } else { c };
                greatest.chars().try_for_each(|c| f.write_char(cased(c)))
            }
            Fault::Character | Fault::Length(_) => {
                write!(f, "is not in the {form} alphabet ({})", form.alphabet_in_words())
            }
        }
    }
}

impl core::error::Error for ParseError {}

/// A name that is not one of a text form.
///
/// # Example
/// ```
/// use idgen_core::text::Form;
///
/// assert_eq!(
///     "base64".parse::<Form>().unwrap_err().to_string(),
///     "unknown text form; write one of decimal, hex, base32, base58, base62, uuid",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownForm(());

impl UnknownForm {
    pub(super) const fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for UnknownForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown text form; write one of ")?;
        for (index, form) in Form::ALL.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{form}")?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownForm {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_small() {
        assert!(size_of::<ParseError>() <= 32);
    }

    fn message(form: Form, text: &str) -> String {
        form.decode::<u64>(text).unwrap_err().to_string()
    }

    #[test]
    fn a_strange_character_is_named_with_the_alphabet() {
        for (form, text, expected) in [
            (Form::Decimal, "+1", "character '+' at 0 is not in the decimal alphabet (0-9)"),
            (
                Form::Hex,
                "0123456789abcdeg",
                "character 'g' at 15 is not in the hex alphabet (0-9 and a-f)",
            ),
            (
                Form::Base32,
                "0123u56789ABC",
                "character 'u' at 4 is not in the base32 alphabet (0-9 and letters but i, l, o, u)",
            ),
            (
                Form::Base58,
                "0",
                "character '0' at 0 is not in the base58 alphabet (1-9 and letters but I, O, l)",
            ),
            (
                Form::Base62,
                "é\n",
                "character 'é' at 0 is not in the base62 alphabet (0-9, A-Z, a-z)",
            ),
            (
                Form::Base62,
                "0\n",
                r"character '\n' at 1 is not in the base62 alphabet (0-9, A-Z, a-z)",
            ),
        ] {
            assert_eq!(message(form, text), expected);
            assert!(form.decode::<u64>(text).unwrap_err().is_character());
        }
    }

    #[test]
    fn a_leading_zero_is_named() {
        let error = Form::Decimal.decode::<u64>("007").unwrap_err();
        assert_eq!(
            error.to_string(),
            "character '0' at 0 is a leading zero; write decimal without"
        );
        assert!(error.is_character() && !error.is_length() && !error.is_overflow());
    }

    #[test]
    fn a_wrong_length_is_counted_in_characters() {
        for (form, text, expected) in [
            (Form::Decimal, "", "decimal of 64 bits has 1 to 20 characters, found 0"),
            (Form::Hex, "", "hex of 64 bits has 16 characters, found 0"),
            (Form::Base32, "0123456789AB", "base32 of 64 bits has 13 characters, found 12"),
            (Form::Base58, "111111111111é", "base58 of 64 bits has 11 characters, found 13"),
        ] {
            assert_eq!(message(form, text), expected);
            assert!(form.decode::<u64>(text).unwrap_err().is_length());
        }
        let error = Form::Base32.decode::<u128>("01ARZ3NDEKTSV").unwrap_err();
        assert_eq!(error.to_string(), "base32 of 128 bits has 26 characters, found 13");
        assert_eq!((error.form(), error.at(), error.found()), (Form::Base32, 13, None));
    }

    #[test]
    fn an_overflow_names_the_greatest_text() {
        let error = Form::Decimal.decode::<u64>("18446744073709551616").unwrap_err();
        assert_eq!(
            error.to_string(),
            "character '6' at 19 makes it more than 64 bits; \
             the greatest decimal is 18446744073709551615",
        );
        assert!(error.is_overflow() && !error.is_length() && !error.is_character());

        let error = Form::Base32.decode::<u128>("80000000000000000000000000").unwrap_err();
        assert_eq!(
            error.to_string(),
            "character '8' at 0 makes it more than 128 bits; \
             the greatest base32 is 7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        );
    }
}
