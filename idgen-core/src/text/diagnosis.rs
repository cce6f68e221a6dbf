//! What is wrong with a text that could not be read.
//!
//! The decoders only find out that something is; here the text is walked once more,
//! character by character, and nobody waits for it.

use super::error::Fault;
use super::{Form, ParseError, TextBuf};
use crate::Word;

/// Explains why `text` is no word of type `W` in this form, which the caller has found out.
#[cold]
pub(super) fn diagnose<W: Word>(form: Form, text: &str) -> ParseError {
    let stray = match form {
        Form::Decimal => stray_in_decimal::<W>(text),
        _ => stray_in_fixed_width::<W>(form, text),
    };
    let (at, fault) = stray.unwrap_or((text.len(), Fault::Overflow));
    let found = text.get(at..).and_then(|rest| rest.chars().next());
    ParseError { form, wide: is_wide::<W>(), at, found, fault, lower: false }
}

/// The first character that no text of this form and width could have where it stands. That
/// a text goes on too long counts before what it goes on with, and its overflow only counts
/// where its length is right.
fn stray_in_fixed_width<W: Word>(form: Form, text: &str) -> Option<(usize, Fault)> {
    let width = form.max_width::<W>();
    let length = || Fault::Length(text.chars().count());
    for (index, (at, character)) in text.char_indices().enumerate() {
        if index == width {
            return Some((at, length()));
        }
        if form.digit_at(index, character).is_none() {
            return Some((at, Fault::Character));
        }
    }
    // Only digits are left, and a digit is one byte.
    if text.len() < width {
        return Some((text.len(), length()));
    }
    // Right in every way but its value: where it parts from the greatest word's text, it
    // has the greater digit.
    let greatest = greatest_text(form, is_wide::<W>());
    text.chars()
        .zip(greatest.chars())
        .enumerate()
        .position(|(i, (character, limit))| form.digit_at(i, character) > form.digit_at(i, limit))
        .map(|at| (at, Fault::Overflow))
}

/// The first character that no decimal text of this width could have where it stands. Too
/// long a text of digits overflows rather than being too long.
fn stray_in_decimal<W: Word>(text: &str) -> Option<(usize, Fault)> {
    let limit = u128::MAX >> (u128::BITS - W::BITS);
    let mut value = 0_u128;
    for (at, character) in text.char_indices() {
        let Some(digit) = character.to_digit(10) else {
            return Some((at, Fault::Character));
        };
        if at == 1 && value == 0 {
            return Some((0, Fault::LeadingZero));
        }
        value = match value.checked_mul(10).and_then(|tens| tens.checked_add(digit.into())) {
            Some(value) if value <= limit => value,
            _ => return Some((at, Fault::Overflow)),
        };
    }
    text.is_empty().then_some((0, Fault::Length(0)))
}

/// The text of the greatest word, of 128 bits or of 64.
pub(super) fn greatest_text(form: Form, wide: bool) -> TextBuf {
    if wide { form.encode(u128::MAX) } else { form.encode(u64::MAX) }
}

const fn is_wide<W: Word>() -> bool {
    W::BITS == u128::BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_width_is_left_where_the_text_says() {
        for (text, at, found) in [
            ("", 0, None),
            ("2a", 2, None),
            ("0123456789abcdef0", 16, Some('0')),
            ("0123456789abcdefé", 16, Some('é')), // too long, before it is strange
            ("0123456789abcdeé", 15, Some('é')),  // 17 bytes, but 16 characters
            ("0123é6789abcde", 4, Some('é')),     // strange, before it is too short
            ("0123456789abcdé", 14, Some('é')),   // 16 bytes, but 15 characters
        ] {
            let error = diagnose::<u64>(Form::Hex, text);
            assert_eq!((error.at(), error.found()), (at, found), "{text:?}");
            assert_eq!(error.is_length(), found != Some('é') || at == 16, "{text:?}");
        }
    }

    #[test]
    fn a_short_text_is_short_whatever_its_first_digit() {
        assert!(diagnose::<u64>(Form::Base32, "Z").is_length());
        assert!(diagnose::<u64>(Form::Base32, "ZZZZZZZZZZZZZ").is_overflow());
        assert!(diagnose::<u64>(Form::Base32, "ZZZZZZZZZZZZZZ").is_length());
    }
}
