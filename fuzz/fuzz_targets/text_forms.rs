//! No text makes reading panic, what is read is written back, and what is written is read.
#![no_main]

use idgen_core::Word;
use idgen_core::text::{Form, ParseError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for form in Form::ALL {
        read::<u64>(form, &text);
        read::<u128>(form, &text);
        if let Some(&bytes) = data.first_chunk() {
            written_is_read(form, u64::from_le_bytes(bytes));
        }
        if let Some(&bytes) = data.first_chunk() {
            written_is_read(form, u128::from_le_bytes(bytes));
        }
    }
});

fn read<W: Word>(form: Form, text: &str) {
    match form.decode::<W>(text) {
        Ok(word) => assert_eq!(*form.encode(word), canonical(form, text)),
        Err(error) => points_at_its_fault(error, text),
    }
}

/// The one way to write what was read: without aliases, in the form's own case.
fn canonical(form: Form, text: &str) -> String {
    match form {
        Form::Hex | Form::Uuid => text.to_ascii_lowercase(),
        Form::Base32 => text.to_ascii_uppercase().replace(['I', 'L'], "1").replace('O', "0"),
        _ => text.to_owned(),
    }
}

fn points_at_its_fault(error: ParseError, text: &str) {
    let rest = text.get(error.at()..).expect("the fault lies between two characters");
    assert_eq!(error.found(), rest.chars().next());
    assert!(!error.to_string().is_empty());
    let kinds = [error.is_length(), error.is_character(), error.is_overflow()];
    assert_eq!(kinds.into_iter().filter(|&kind| kind).count(), 1, "{error}");
}

fn written_is_read<W: Word>(form: Form, word: W) {
    let text = form.encode(word);
    assert_eq!(form.decode(&text), Ok(word), "{form} {text}");
}
