//! The forms a word can be written in.
//!
//! Every match on [`Form`] that a new form has to join is in this file.

use core::fmt;
use core::str::FromStr;

use super::{
    ParseError, TextBuf, UnknownForm, base32, base58, base62, decimal, diagnosis, hex, uuid,
};
use crate::Word;

/// A way to write a word as text: an alphabet and a rule of width.
///
/// # Example
/// ```
/// use idgen_core::text::Form;
///
/// let word = 1_541_815_603_606_036_480_u64;
/// let texts = Form::ALL.map(|form| form.encode(word));
/// assert_eq!(texts[0], "1541815603606036480");
/// assert_eq!(texts[1], "1565a11f6217a000");
/// assert_eq!(texts[2], "1ASD13XH1F800");
/// assert_eq!(texts[3], "4aaW4SzAyQK");
/// assert_eq!(texts[4], "1ptWyK4WgZU");
/// assert_eq!(texts[5], "00000000-0000-0000-1565-a11f6217a000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// Decimal digits without leading zeros, so of no fixed width.
    Decimal,
    /// Hexadecimal digits of fixed width; written in lower case, read in either case.
    Hex,
    /// Base 32 of fixed width in Crockford's alphabet; written in upper case, read in either
    /// case, with i and l read as 1 and o as 0. At 128 bits this is the text of a ULID.
    Base32,
    /// Base 58 of fixed width in Bitcoin's alphabet, which leaves out 0, I, O and l.
    Base58,
    /// Base 62 of fixed width: 0-9, A-Z, a-z, in the order of ASCII.
    Base62,
    /// The text of a UUID: hexadecimal digits of 128 bits, with hyphens; written in lower case,
    /// read in either.
    Uuid,
}

impl Form {
    /// Every form, in the order of their declaration.
    pub const ALL: [Self; 6] =
        [Self::Decimal, Self::Hex, Self::Base32, Self::Base58, Self::Base62, Self::Uuid];

    /// The form's name, which [`FromStr`] reads: `decimal`, `hex`, `base32`, `base58`,
    /// `base62` or `uuid`.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Base32.name(), "base32");
    /// assert_eq!("base32".parse(), Ok(Form::Base32));
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decimal => "decimal",
            Self::Hex => "hex",
            Self::Base32 => "base32",
            Self::Base58 => "base58",
            Self::Base62 => "base62",
            Self::Uuid => "uuid",
        }
    }

    /// How many characters, which are as many bytes, every word of this width has in this
    /// form: 11 to 36, or `None` for decimal, where it depends on the word.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Base32.width::<u64>(), Some(13));
    /// assert_eq!(Form::Base32.width::<u128>(), Some(26));
    /// assert_eq!(Form::Decimal.width::<u64>(), None);
    /// ```
    #[inline]
    #[must_use]
    pub const fn width<W: Word>(self) -> Option<usize> {
        match self {
            Self::Decimal => None,
            _ => Some(self.max_width::<W>()),
        }
    }

    /// How many characters, which are as many bytes, the longest text of such a word has:
    /// 11 to 39.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Decimal.max_width::<u64>(), 20);
    /// assert_eq!(Form::Decimal.max_width::<u128>(), 39);
    /// ```
    #[inline]
    #[must_use]
    pub const fn max_width<W: Word>(self) -> usize {
        match self {
            Self::Decimal => decimal::max_width::<W>(),
            Self::Hex => hex::width::<W>(),
            Self::Base32 => base32::RADIX.width::<W>(),
            Self::Base58 => base58::RADIX.width::<W>(),
            Self::Base62 => base62::RADIX.width::<W>(),
            Self::Uuid => uuid::WIDTH,
        }
    }

    /// The texts that [`decode`](Self::decode) may read as such a word, as a regular expression,
    /// anchored at both ends, in what ECMA-262 and all others have in common.
    ///
    /// It leaves nothing out, aliases and either letter case included. It lets through a text
    /// whose number is too large for the word by its later characters alone: in decimal, base 58
    /// and base 62 no regular expression of this size can tell.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Decimal.pattern::<u64>(), "^(0|[1-9][0-9]{0,19})$");
    /// assert_eq!(Form::Hex.pattern::<u128>(), "^[0-9A-Fa-f]{32}$");
    /// ```
    #[must_use]
    pub const fn pattern<W: Word>(self) -> &'static str {
        let [narrow, wide] = match self {
            Self::Decimal => decimal::PATTERNS,
            Self::Hex => hex::PATTERNS,
            Self::Base32 => base32::PATTERNS,
            Self::Base58 => base58::PATTERNS,
            Self::Base62 => base62::PATTERNS,
            Self::Uuid => uuid::PATTERNS,
        };
        if W::BITS == u64::BITS { narrow } else { wide }
    }

    /// Whether texts, compared byte by byte, stand in the order of the words they write:
    /// true of every form of fixed width, false of decimal, where "10" sorts before "9".
    ///
    /// It holds for texts as [`encode`](Self::encode) writes them, not across letter cases.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert!(Form::Base58.sorts() && Form::Base58.encode(9_u64) < Form::Base58.encode(10_u64));
    /// assert!(!Form::Decimal.sorts());
    /// ```
    #[inline]
    #[must_use]
    pub const fn sorts(self) -> bool {
        !matches!(self, Self::Decimal)
    }

    /// Writes `word`; every word has a text in every form.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Decimal.encode(42_u64), "42");
    /// assert_eq!(Form::Hex.encode(42_u64), "000000000000002a");
    /// assert_eq!(Form::Base32.encode(u128::MAX), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    /// ```
    #[inline]
    #[must_use]
    pub fn encode<W: Word>(self, word: W) -> TextBuf {
        match self {
            Self::Decimal => decimal::encode(word),
            Self::Hex => hex::encode(word),
            Self::Base32 => base32::RADIX.encode(word),
            Self::Base58 => base58::RADIX.encode(word),
            Self::Base62 => base62::RADIX.encode(word),
            Self::Uuid => uuid::encode(word),
        }
    }

    /// Reads the word that `text` writes in this form.
    ///
    /// # Errors
    /// A [`ParseError`] that points at the first character at fault, where `text` has another
    /// width than the form, a character outside its alphabet, a leading zero (decimal only),
    /// or more bits than the word.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Hex.decode::<u64>("000000000000002A"), Ok(42));
    ///
    /// let error = Form::Base32.decode::<u64>("1ASDU3XH1F800").unwrap_err();
    /// assert_eq!((error.at(), error.found()), (4, Some('U')));
    /// assert!(error.is_character());
    /// ```
    #[inline]
    pub fn decode<W: Word>(self, text: &str) -> Result<W, ParseError> {
        let bytes = text.as_bytes();
        let word = match self {
            Self::Decimal => decimal::decode(bytes),
            Self::Hex => hex::decode(bytes),
            Self::Base32 => base32::RADIX.decode(bytes),
            Self::Base58 => base58::RADIX.decode(bytes),
            Self::Base62 => base62::RADIX.decode(bytes),
            Self::Uuid => uuid::decode(bytes),
        };
        match word {
            Some(word) => Ok(word),
            None => Err(diagnosis::diagnose::<W>(self, text)),
        }
    }

    /// The value of a character as a digit of this form, aliases included.
    pub(super) fn digit(self, character: char) -> Option<u32> {
        match self {
            Self::Decimal => character.to_digit(10),
            Self::Hex | Self::Uuid => character.to_digit(16),
            Self::Base32 => base32::RADIX.digit(character),
            Self::Base58 => base58::RADIX.digit(character),
            Self::Base62 => base62::RADIX.digit(character),
        }
    }

    /// The same for the character at this place of a text of fixed width, where hyphens count as
    /// zeros.
    pub(super) fn digit_at(self, index: usize, character: char) -> Option<u32> {
        match self {
            Self::Uuid if uuid::is_hyphen(index) => (character == '-').then_some(0),
            _ => self.digit(character),
        }
    }

    /// What a person may type, for error messages.
    pub(super) const fn alphabet_in_words(self) -> &'static str {
        match self {
            Self::Decimal => "0-9",
            Self::Hex => "0-9 and a-f",
            Self::Base32 => "0-9 and letters but i, l, o, u",
            Self::Base58 => "1-9 and letters but I, O, l",
            Self::Base62 => "0-9, A-Z, a-z",
            Self::Uuid => "0-9 and a-f, with hyphens after 8, 12, 16 and 20 of them",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Form {
    type Err = UnknownForm;

    /// Reads a form's [`name`](Form::name), in lower case as it is written.
    ///
    /// # Errors
    /// [`UnknownForm`], which lists the names, for any other text.
    fn from_str(name: &str) -> Result<Self, UnknownForm> {
        Self::ALL.into_iter().find(|form| form.name() == name).ok_or(UnknownForm::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for form in Form::ALL {
            assert_eq!(form.name().parse(), Ok(form));
            assert_eq!(form.to_string(), form.name());
        }
        assert_eq!(format!("[{:>8}]", Form::Hex), "[     hex]");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        for name in ["", "Hex", "hex ", "base64"] {
            let error = name.parse::<Form>().unwrap_err();
            assert_eq!(
                error.to_string(),
                "unknown text form; write one of decimal, hex, base32, base58, base62, uuid",
            );
        }
    }

    #[test]
    fn widths_are_those_of_the_table() {
        let widths = |form: Form| {
            let (narrow, wide) = (form.max_width::<u64>(), form.max_width::<u128>());
            let fixed = (form.width::<u64>(), form.width::<u128>());
            assert_eq!(form.sorts(), fixed == (Some(narrow), Some(wide)));
            assert_eq!(form.sorts(), fixed != (None, None));
            (narrow, wide)
        };
        let expected = [(20, 39), (16, 32), (13, 26), (11, 22), (11, 22), (36, 36)];
        assert_eq!(Form::ALL.map(widths), expected);
        assert!(!Form::Decimal.sorts());
    }
}
