//! A short text on the stack.
//!
//! Architecture invariant: as many bytes as the last one says are ASCII, and the others are zero, so
//! that equality, order and hash can be derived and mean those of the text.

use core::fmt;
use core::ops::Deref;

/// A written word: 1 to 39 ASCII characters in a buffer on the stack, which derefs to [`str`].
///
/// Ordered as its text is, byte by byte. [`as_bytes`](Self::as_bytes) costs nothing;
/// [`as_str`](Self::as_str), and whatever goes through it, checks that the bytes are UTF-8,
/// since this crate has no unsafe code to skip that.
///
/// # Example
/// ```
/// use idgen_core::text::Form;
///
/// let text = Form::Base58.encode(58_u64);
/// assert_eq!(text, "11111111121");
/// assert_eq!(text.as_bytes(), b"11111111121");
/// assert_eq!(text.len(), 11); // a method of str
/// assert_eq!(format!("{text:>13}"), "  11111111121");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextBuf([u8; Self::CAPACITY + 1]);

impl TextBuf {
    /// The longest text there is, `u128::MAX` in decimal; with its length it fills five 64-bit words,
    /// each of which is written at once.
    const CAPACITY: usize = 39;

    /// The first `len` characters of `words`, each of which packs eight of them, the first
    /// one in its lowest byte. Whole words, because a text that is stored byte by byte stalls
    /// whoever reads it next in larger pieces.
    ///
    /// The caller leaves the bytes from `len` on zero.
    #[inline]
    pub(super) fn from_words<const N: usize>(words: [u64; N], len: u8) -> Self {
        debug_assert!(usize::from(len) <= (8 * N).min(Self::CAPACITY));
        let mut bytes = [0; Self::CAPACITY + 1];
        let (slots, _) = bytes.as_chunks_mut::<8>();
        for (slot, word) in slots.iter_mut().zip(words) {
            *slot = word.to_le_bytes();
        }
        debug_assert!(bytes.iter().skip(usize::from(len)).all(|&byte| byte == 0));
        bytes[Self::CAPACITY] = len;
        Self(bytes)
    }

    /// A copy of an ASCII text of at most 39 characters.
    #[inline]
    pub(super) fn from_ascii(text: &[u8]) -> Self {
        debug_assert!(text.is_ascii() && text.len() <= Self::CAPACITY);
        let mut bytes = [0; Self::CAPACITY + 1];
        let mut len = 0;
        for (slot, &byte) in bytes.iter_mut().take(Self::CAPACITY).zip(text) {
            *slot = byte;
            len += 1;
        }
        bytes[Self::CAPACITY] = len;
        Self(bytes)
    }

    /// The text as ASCII bytes: the quick way for a writer of bytes.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Decimal.encode(42_u64).as_bytes(), b"42");
    /// ```
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        // The length is never beyond the buffer; asking with `get` is how the compiler
        // learns that there is nothing to panic about.
        let [text @ .., len] = &self.0;
        text.get(..usize::from(*len)).unwrap_or_default()
    }

    /// The text.
    ///
    /// # Example
    /// ```
    /// use idgen_core::text::Form;
    ///
    /// assert_eq!(Form::Decimal.encode(42_u64).as_str(), "42");
    /// ```
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever put in, so that the empty text cannot be the answer.
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl Deref for TextBuf {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for TextBuf {
    #[inline]
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for TextBuf {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq<str> for TextBuf {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for TextBuf {
    #[inline]
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for TextBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for TextBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TextBuf").field(&self.as_str()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_five_words() {
        assert_eq!(size_of::<TextBuf>(), 5 * size_of::<u64>());
    }

    #[test]
    fn holds_the_longest_text() {
        let longest = u128::MAX.to_string();
        assert_eq!(longest.len(), TextBuf::CAPACITY);
        assert_eq!(TextBuf::from_ascii(longest.as_bytes()), *longest);
    }

    #[test]
    fn words_pack_the_first_character_lowest() {
        let words = [u64::from_le_bytes(*b"abcdefgh"), u64::from_le_bytes(*b"ij\0\0\0\0\0\0")];
        assert_eq!(TextBuf::from_words(words, 10), TextBuf::from_ascii(b"abcdefghij"));
    }

    #[test]
    fn is_a_str_in_every_way() {
        let text = TextBuf::from_ascii(b"b0a7");
        let (as_str, as_bytes): (&str, &[u8]) = (text.as_ref(), text.as_ref());
        assert_eq!((as_str, as_bytes), ("b0a7", &b"b0a7"[..]));
        assert_eq!((&*text, text.as_str()), ("b0a7", "b0a7"));
        assert!(text == "b0a7" && text == *"b0a7" && text != "b0a");
        assert_eq!(format!("{text}|{text:<6}|{text:*^7}|{text:.2}"), "b0a7|b0a7  |*b0a7**|b0");
        assert_eq!(format!("{text:?}"), r#"TextBuf("b0a7")"#);
    }

    #[test]
    fn is_ordered_as_its_text() {
        let texts = ["0", "00", "01", "1", "10", "9", "a"];
        for one in texts {
            for other in texts {
                let order =
                    TextBuf::from_ascii(one.as_bytes()).cmp(&TextBuf::from_ascii(other.as_bytes()));
                assert_eq!(order, one.cmp(other), "{one} and {other}");
            }
        }
    }
}
