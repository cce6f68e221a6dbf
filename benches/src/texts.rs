//! Text forms, of a thousand ids in turn: into a buffer on the stack, and back.
//!
//! Checked: each implementation writes the same text, and reads back what it wrote. Nobody's
//! allocates.

use std::hint::black_box;

use ferroid::base32::{Base32SnowExt, Base32UlidExt};
use ferroid::id::ULID;
use idgen::generator::{Builder, Generator};
use idgen::text::Form;
use idgen::uuid::UuidV7;
use idgen::wide::Ulid;
use idgen_bench::{Contender, timed};
use uuid_simd::{AsOut, AsciiCase};

use crate::case::Case;
use crate::snowflake::{FerroidWide, Wide};

const COUNT: usize = 1_024;

pub fn cases() -> Vec<Case> {
    let wide = Builder::<Wide>::new().node(0).shared().expect("a generator");
    let words: Vec<u64> =
        wide.generate_batch(COUNT).expect("ids").into_iter().map(u64::from).collect();
    let uuids = UuidV7::generator().expect("a generator").generate_batch(COUNT).expect("ids");
    let uuids: Vec<u128> = uuids.into_iter().map(u128::from).collect();
    let ulids = Ulid::generator().expect("a generator").generate_batch(COUNT).expect("ids");
    let ulids: Vec<u128> = ulids.into_iter().map(u128::from).collect();
    let mut cases = uuid_texts(&uuids);
    cases.extend(ulid_texts(&ulids));
    cases.extend(base_32(&words));
    cases.extend(decimals(&words));
    cases
}

/// One that writes each word with `write`, whose text is to be that of `form`.
fn writes<W: idgen::Word, T>(
    name: &str,
    words: &[W],
    form: Form,
    write: impl Fn(W) -> T + Clone + 'static,
    text: impl Fn(&T) -> String + 'static,
) -> Case {
    let (own, checked, again) = (words.to_vec(), words.to_vec(), write.clone());
    let contender = Contender::timing(name, COUNT as u64, move |calls| {
        timed(|| {
            for _ in 0..calls {
                own.iter().for_each(|&word| drop(black_box(write(black_box(word)))));
            }
        })
    });
    Case::new(contender, "the text of an id", move || {
        let wrong = checked.iter().find(|&&word| text(&again(word)) != *form.encode(word));
        wrong.map_or(Ok(()), |word| Err(format!("another text of {word}")))
    })
}

/// One that reads texts of `form` with `read`.
fn reads<W: idgen::Word>(
    name: &str,
    words: &[W],
    form: Form,
    read: impl Fn(&str) -> W + Clone + 'static,
) -> Case {
    let texts: Vec<String> = words.iter().map(|&word| form.encode(word).as_str().into()).collect();
    let (own, checked, again) = (texts.clone(), words.to_vec(), read.clone());
    let contender = Contender::timing(name, COUNT as u64, move |calls| {
        timed(|| {
            for _ in 0..calls {
                own.iter().for_each(|text| _ = black_box(read(black_box(text))));
            }
        })
    });
    Case::new(contender, "the id of a text, which is checked", move || {
        let wrong = texts.iter().zip(&checked).find(|(text, word)| again(text) != **word);
        wrong.map_or(Ok(()), |(text, _)| Err(format!("{text} was misread")))
    })
}

fn uuid_texts(words: &[u128]) -> Vec<Case> {
    let own = |buffer: &[u8]| String::from_utf8_lossy(buffer).into_owned();
    vec![
        writes(
            "uuid/write/text/idgen",
            words,
            Form::Uuid,
            |word| Form::Uuid.encode(word),
            |text| text.as_str().into(),
        ),
        writes(
            "uuid/write/text/uuid-simd",
            words,
            Form::Uuid,
            |word| {
                let mut buffer = [0; 36];
                let _ = uuid_simd::format_hyphenated(
                    &word.to_be_bytes(),
                    buffer.as_out(),
                    AsciiCase::Lower,
                );
                buffer
            },
            move |buffer| own(buffer),
        ),
        writes(
            "uuid/write/text/uuid",
            words,
            Form::Uuid,
            |word| {
                let mut buffer = [0; 36];
                let _ = uuid::Uuid::from_u128(word).hyphenated().encode_lower(&mut buffer);
                buffer
            },
            move |buffer| own(buffer),
        ),
        reads("uuid/read/text/idgen", words, Form::Uuid, |text| {
            Form::Uuid.decode(text).expect("an id")
        }),
        reads("uuid/read/text/uuid-simd", words, Form::Uuid, |text| {
            let mut bytes = [0; 16];
            uuid_simd::parse_hyphenated(text.as_bytes(), bytes.as_out()).expect("an id");
            u128::from_be_bytes(bytes)
        }),
        reads("uuid/read/text/uuid", words, Form::Uuid, |text| {
            uuid::Uuid::try_parse(text).expect("an id").as_u128()
        }),
    ]
}

fn ulid_texts(words: &[u128]) -> Vec<Case> {
    let own = |buffer: &[u8; 26]| String::from_utf8_lossy(buffer).into_owned();
    vec![
        writes(
            "ulid/write/text/idgen",
            words,
            Form::Base32,
            |word| Form::Base32.encode(word),
            |text| text.as_str().into(),
        ),
        writes(
            "ulid/write/text/ulid",
            words,
            Form::Base32,
            |word| {
                let mut buffer = [0; 26];
                let _ = ulid::Ulid(word).array_to_str(&mut buffer);
                buffer
            },
            own,
        ),
        writes(
            "ulid/write/text/ferroid",
            words,
            Form::Base32,
            |word| ULID::from_raw(word).encode(),
            |text| text.as_str().into(),
        ),
        reads("ulid/read/text/idgen", words, Form::Base32, |text| {
            Form::Base32.decode(text).expect("an id")
        }),
        reads("ulid/read/text/ulid", words, Form::Base32, |text| {
            ulid::Ulid::from_string(text).expect("an id").0
        }),
        reads("ulid/read/text/ferroid", words, Form::Base32, |text| {
            ULID::decode(text).expect("an id").to_raw()
        }),
    ]
}

fn base_32(words: &[u64]) -> Vec<Case> {
    vec![
        writes(
            "base32/write/64-bit/idgen",
            words,
            Form::Base32,
            |word| Form::Base32.encode(word),
            |text| text.as_str().into(),
        ),
        writes(
            "base32/write/64-bit/ferroid",
            words,
            Form::Base32,
            |word| FerroidWide::from_raw(word).encode(),
            |text| text.as_str().into(),
        ),
        reads("base32/read/64-bit/idgen", words, Form::Base32, |text| {
            Form::Base32.decode(text).expect("an id")
        }),
        reads("base32/read/64-bit/ferroid", words, Form::Base32, |text| {
            FerroidWide::decode(text).expect("an id").to_raw()
        }),
    ]
}

fn decimals(words: &[u64]) -> Vec<Case> {
    vec![
        writes(
            "decimal/write/64-bit/idgen",
            words,
            Form::Decimal,
            |word| Form::Decimal.encode(word),
            |text| text.as_str().into(),
        ),
        writes(
            "decimal/write/64-bit/itoa",
            words,
            Form::Decimal,
            // Copied out of itoa's buffer, as whoever keeps the text must.
            |word| {
                let (mut buffer, mut text) = (itoa::Buffer::new(), ([0; 20], 0));
                let digits = buffer.format(word).as_bytes();
                text.0[..digits.len()].copy_from_slice(digits);
                text.1 = digits.len();
                text
            },
            |(text, len)| String::from_utf8_lossy(&text[..*len]).into_owned(),
        ),
        writes(
            "decimal/write/64-bit/itoa-in-place",
            words,
            Form::Decimal,
            |word| {
                let mut buffer = itoa::Buffer::new();
                black_box(buffer.format(word));
                word
            },
            |word| word.to_string(),
        ),
        reads("decimal/read/64-bit/idgen", words, Form::Decimal, |text| {
            Form::Decimal.decode(text).expect("an id")
        }),
        reads("decimal/read/64-bit/std", words, Form::Decimal, |text| {
            text.parse().expect("a number")
        }),
    ]
}
