//! What holds of every form: tests over words and texts at random.

use proptest::prelude::*;

use super::{Form, ParseError, TextBuf};
use crate::Word;

/// Words of every magnitude, rather than nearly all of them with the top bits set.
fn words() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0..128_u32).prop_map(|(word, shift)| word >> shift)
}

/// The low half of such a word.
fn low(word: u128) -> u64 {
    u64::try_from(word & u128::from(u64::MAX)).unwrap()
}

/// Texts that have a chance: nearly the right width, nearly of the right characters.
fn near_texts() -> impl Strategy<Value = String> {
    let symbol = prop_oneof![
        20 => prop::char::range('0', '9'),
        20 => prop::char::range('a', 'z'),
        20 => prop::char::range('A', 'Z'),
        1 => Just('-'),
        1 => any::<char>(),
    ];
    prop::collection::vec(symbol, 0..42).prop_map(String::from_iter)
}

/// The one way to write what was read: without aliases, in the form's own case.
fn canonical(form: Form, text: &str) -> String {
    match form {
        Form::Hex | Form::Uuid => text.to_ascii_lowercase(),
        Form::Base32 => text.to_ascii_uppercase().replace(['I', 'L'], "1").replace('O', "0"),
        Form::Decimal | Form::Base58 | Form::Base62 => text.to_owned(),
    }
}

/// What must hold of reading any text at all as a word of type `W`.
fn check_reading<W: Word>(form: Form, text: &str) -> Result<(), TestCaseError> {
    match form.decode::<W>(text) {
        Ok(word) => prop_assert_eq!(form.encode(word).to_string(), canonical(form, text)),
        Err(error) => check_error::<W>(form, text, error)?,
    }
    Ok(())
}

/// What must hold of every error.
fn check_error<W: Word>(form: Form, text: &str, error: ParseError) -> Result<(), TestCaseError> {
    prop_assert_eq!(error.form(), form);
    prop_assert!(text.is_char_boundary(error.at()));
    prop_assert_eq!(error.found(), text[error.at()..].chars().next());
    prop_assert!(!error.to_string().contains("the text up to"), "a diagnosis without a place");
    let kinds = [error.is_length(), error.is_character(), error.is_overflow()];
    prop_assert_eq!(kinds.into_iter().filter(|&kind| kind).count(), 1);
    if error.is_overflow() {
        let digits = text.replace('-', ""); // which no form but a UUID's has
        prop_assert!(digits.chars().all(|character| form.digit(character).is_some()));
        let value = digits.bytes().try_fold(0_u128, |value, byte| {
            let base = match form {
                Form::Decimal => 10,
                Form::Hex | Form::Uuid => 16,
                Form::Base32 => 32,
                Form::Base58 => 58,
                Form::Base62 => 62,
            };
            value.checked_mul(base)?.checked_add(form.digit(byte.into())?.into())
        });
        prop_assert_eq!(value.and_then(W::from_u128), None);
    }
    Ok(())
}

/// Words at which something changes: the ends, and every power of a base and its neighbours.
fn edges() -> Vec<u128> {
    let ends = [0, u128::from(u64::MAX), u128::MAX].map(|word| [word, word / 2, word / 2 + 1]);
    let mut edges = ends.concat();
    for base in [2_u128, 10, 16, 32, 58, 62] {
        let powers = std::iter::successors(Some(1_u128), |power| power.checked_mul(base));
        edges.extend(powers.flat_map(|power| [power - 1, power, power + 1]));
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// The texts of ascending words, each of which has been read back.
fn texts_of<W: Word>(form: Form, words: impl IntoIterator<Item = W>) -> Vec<TextBuf> {
    let text_of = |word: W| {
        let text = form.encode(word);
        assert_eq!(form.decode(&text), Ok(word), "{form} {text}");
        assert!(form.width::<W>().is_none_or(|width| text.len() == width));
        assert!(text.len() <= form.max_width::<W>());
        text
    };
    words.into_iter().map(text_of).collect()
}

#[test]
fn edges_round_trip_and_sort() {
    for form in Form::ALL {
        let wide = texts_of(form, edges());
        let narrow =
            texts_of(form, edges().into_iter().filter_map(|edge| u64::try_from(edge).ok()));
        assert!(wide.len() > 600 && narrow.len() > 300);
        for texts in [wide, narrow] {
            assert_eq!(texts.is_sorted(), form.sorts(), "{form}");
        }
    }
}

/// The pattern of each form, and whether a text is of that form.
fn patterns<W: Word>() -> impl Iterator<Item = (Form, regex::Regex)> {
    Form::ALL.into_iter().map(|form| (form, regex::Regex::new(form.pattern::<W>()).unwrap()))
}

fn check_pattern_of_edges<W: Word>() {
    for (form, pattern) in patterns::<W>() {
        for word in edges().into_iter().filter_map(W::from_u128) {
            let text = form.encode(word);
            assert!(pattern.is_match(&text), "{form} {text}");
            let mut longer = text.as_str().to_owned();
            longer.push(' ');
            assert!(!pattern.is_match(&longer) && !pattern.is_match(&text[1..]) | !form.sorts());
        }
    }
}

/// Each character at each place of an otherwise good text: the pattern says what reading says,
/// but for numbers that are too large.
fn check_pattern_of_characters<W: Word>() {
    for (form, pattern) in patterns::<W>() {
        let good = form.encode(W::from_u128(1).unwrap());
        for (place, byte) in (0..good.len()).flat_map(|place| (0..0x80).map(move |b| (place, b))) {
            let mut text = good.as_bytes().to_vec();
            text[place] = byte;
            let text = String::from_utf8(text).unwrap();
            let read = form.decode::<W>(&text);
            assert_eq!(pattern.is_match(&text), read.is_ok(), "{form} {text:?}");
        }
    }
}

#[test]
fn a_pattern_tells_what_can_be_read() {
    check_pattern_of_edges::<u64>();
    check_pattern_of_edges::<u128>();
    check_pattern_of_characters::<u64>();
    check_pattern_of_characters::<u128>();
}

#[test]
fn a_huge_text_is_refused() {
    for character in ["1", "a", "é", "\0"] {
        let huge = character.repeat(1 << 20);
        for form in Form::ALL {
            let (narrow, wide) = (form.decode::<u64>(&huge), form.decode::<u128>(&huge));
            assert!(narrow.unwrap_err().at() <= 20 && wide.unwrap_err().at() <= 39);
        }
    }
}

proptest! {
    #[test]
    fn prop_words_round_trip(word in words()) {
        for form in Form::ALL {
            prop_assert_eq!(form.decode(&form.encode(word)), Ok(word));
            prop_assert_eq!(form.decode(&form.encode(low(word))), Ok(low(word)));
        }
    }

    #[test]
    fn prop_fixed_widths_sort_as_numbers(one in words(), other in words()) {
        for form in Form::ALL.into_iter().filter(|form| form.sorts()) {
            let order = form.encode(one).as_str().cmp(form.encode(other).as_str());
            prop_assert_eq!(order, one.cmp(&other));
            let (one, other) = (low(one), low(other));
            let order = form.encode(one).as_bytes().cmp(form.encode(other).as_bytes());
            prop_assert_eq!(order, one.cmp(&other));
        }
    }

    #[test]
    fn prop_a_pattern_leaves_out_nothing_that_is_read(word in words(), text in near_texts()) {
        for (form, pattern) in patterns::<u64>() {
            prop_assert!(pattern.is_match(&form.encode(low(word))));
            prop_assert!(pattern.is_match(&text) || form.decode::<u64>(&text).is_err());
        }
        for (form, pattern) in patterns::<u128>() {
            prop_assert!(pattern.is_match(&form.encode(word)));
            prop_assert!(pattern.is_match(&text) || form.decode::<u128>(&text).is_err());
        }
    }

    #[test]
    fn prop_any_text_is_read_or_explained(text in any::<String>()) {
        for form in Form::ALL {
            check_reading::<u64>(form, &text)?;
            check_reading::<u128>(form, &text)?;
        }
    }

    #[test]
    fn prop_a_near_text_is_read_or_explained(text in near_texts()) {
        for form in Form::ALL {
            check_reading::<u64>(form, &text)?;
            check_reading::<u128>(form, &text)?;
            // The same, filled up or cut to the right width, so that many are good.
            let sized = |width| {
                let cut = text.chars().filter(char::is_ascii).take(width).collect::<String>();
                format!("{cut:1>width$}")
            };
            check_reading::<u64>(form, &sized(form.max_width::<u64>()))?;
            check_reading::<u128>(form, &sized(form.max_width::<u128>()))?;
        }
    }

    #[test]
    fn prop_one_changed_byte_is_another_word_or_none(
        word in words(), place in any::<prop::sample::Index>(), byte in 0..0x80_u8,
    ) {
        for form in Form::ALL {
            let mut text = form.encode(word).as_bytes().to_vec();
            let place = place.index(text.len());
            text[place] = byte;
            let text = String::from_utf8(text).unwrap();
            if form.decode(&text) == Ok(word) {
                prop_assert_eq!(form.encode(word).to_string(), canonical(form, &text));
            }
            check_reading::<u128>(form, &text)?;
        }
    }
}
