//! Text forms, of a thousand ids in turn: into a buffer on the stack, where they are looked at, and back.
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
use idgen_bench::{Contender, look, timed};
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

/// Where a text goes for the check; in measuring, to nobody.
type To<'t> = Option<&'t mut Vec<u8>>;

/// Looks at a text where it lies, or keeps it for the check.
#[inline(always)]
fn see(text: &[u8], to: To<'_>) {
    match to {
        None => look(text),
        Some(kept) => kept.extend_from_slice(text),
    }
}

/// One that writes each word with `write`, whose text is to be that of `form`. Words are given as the type
/// that the implementation has for them: a number that has to be put into memory as bytes first is another job.
fn writes<W: idgen::Word, N: Copy + 'static>(
    name: &str,
    words: &[W],
    form: Form,
    native: impl Fn(W) -> N + Copy + 'static,
    write: impl Fn(N, To<'_>) + Clone + 'static,
) -> Case {
    let (checked, again) = (words.to_vec(), write.clone());
    let own: Vec<N> = words.iter().copied().map(native).collect();
    let contender = Contender::timing(name, COUNT as u64, move |calls| {
        timed(|| {
            for _ in 0..calls {
                black_box(&own).iter().for_each(|&word| write(word, None));
            }
        })
    });
    Case::new(contender, "the text of an id", move || {
        let is_wrong = |word: W| {
            let mut text = Vec::new();
            again(native(word), Some(&mut text));
            text != form.encode(word).as_bytes()
        };
        let wrong = checked.iter().find(|&&word| is_wrong(word));
        wrong.map_or(Ok(()), |word| Err(format!("another text of {word}")))
    })
}

/// One that reads texts of `form` with `read`.
fn reads<W: idgen::Word, N: 'static>(
    name: &str,
    words: &[W],
    form: Form,
    read: impl Fn(&str) -> N + Clone + 'static,
    word: impl Fn(N) -> W + 'static,
) -> Case {
    let texts: Vec<String> = words.iter().map(|&word| form.encode(word).as_str().into()).collect();
    let (own, checked, again) = (texts.clone(), words.to_vec(), read.clone());
    let contender = Contender::timing(name, COUNT as u64, move |calls| {
        timed(|| {
            for _ in 0..calls {
                black_box(&own).iter().for_each(|text| look(&read(text)));
            }
        })
    });
    Case::new(contender, "the id of a text, which is checked", move || {
        let wrong = texts.iter().zip(&checked).find(|&(text, &id)| word(again(text)) != id);
        wrong.map_or(Ok(()), |(text, _)| Err(format!("{text} was misread")))
    })
}

fn uuid_texts(words: &[u128]) -> Vec<Case> {
    vec![
        writes(
            "uuid/write/text/idgen",
            words,
            Form::Uuid,
            |word| word,
            |word, to| see(Form::Uuid.encode(word).as_bytes(), to),
        ),
        writes("uuid/write/text/uuid-simd", words, Form::Uuid, u128::to_be_bytes, |bytes, to| {
            let mut buffer = [0; 36];
            see(uuid_simd::format_hyphenated(&bytes, buffer.as_out(), AsciiCase::Lower), to);
        }),
        writes("uuid/write/text/uuid", words, Form::Uuid, uuid::Uuid::from_u128, |id, to| {
            see(id.hyphenated().encode_lower(&mut [0; 36]).as_bytes(), to)
        }),
        reads(
            "uuid/read/text/idgen",
            words,
            Form::Uuid,
            |text| Form::Uuid.decode::<u128>(text).expect("an id"),
            |word| word,
        ),
        reads(
            "uuid/read/text/uuid-simd",
            words,
            Form::Uuid,
            |text| {
                let mut bytes = [0; 16];
                uuid_simd::parse_hyphenated(text.as_bytes(), bytes.as_out()).expect("an id");
                bytes
            },
            u128::from_be_bytes,
        ),
        reads(
            "uuid/read/text/uuid",
            words,
            Form::Uuid,
            |text| uuid::Uuid::try_parse(text).expect("an id"),
            |id| id.as_u128(),
        ),
    ]
}

fn ulid_texts(words: &[u128]) -> Vec<Case> {
    vec![
        writes(
            "ulid/write/text/idgen",
            words,
            Form::Base32,
            |word| word,
            |word, to| see(Form::Base32.encode(word).as_bytes(), to),
        ),
        writes("ulid/write/text/ulid", words, Form::Base32, ulid::Ulid, |id, to| {
            see(id.array_to_str(&mut [0; 26]).as_bytes(), to)
        }),
        writes("ulid/write/text/ferroid", words, Form::Base32, ULID::from_raw, |id, to| {
            see(id.encode().as_str().as_bytes(), to)
        }),
        reads(
            "ulid/read/text/idgen",
            words,
            Form::Base32,
            |text| Form::Base32.decode::<u128>(text).expect("an id"),
            |word| word,
        ),
        reads(
            "ulid/read/text/ulid",
            words,
            Form::Base32,
            |text| ulid::Ulid::from_string(text).expect("an id"),
            |id| id.0,
        ),
        reads(
            "ulid/read/text/ferroid",
            words,
            Form::Base32,
            |text| ULID::decode(text).expect("an id"),
            |id| id.to_raw(),
        ),
    ]
}

fn base_32(words: &[u64]) -> Vec<Case> {
    vec![
        writes(
            "base32/write/64-bit/idgen",
            words,
            Form::Base32,
            |word| word,
            |word, to| see(Form::Base32.encode(word).as_bytes(), to),
        ),
        writes(
            "base32/write/64-bit/ferroid",
            words,
            Form::Base32,
            FerroidWide::from_raw,
            |id, to| see(id.encode().as_str().as_bytes(), to),
        ),
        reads(
            "base32/read/64-bit/idgen",
            words,
            Form::Base32,
            |text| Form::Base32.decode::<u64>(text).expect("an id"),
            |word| word,
        ),
        reads(
            "base32/read/64-bit/ferroid",
            words,
            Form::Base32,
            |text| FerroidWide::decode(text).expect("an id"),
            |id| id.to_raw(),
        ),
    ]
}

fn decimals(words: &[u64]) -> Vec<Case> {
    vec![
        writes(
            "decimal/write/64-bit/idgen",
            words,
            Form::Decimal,
            |word| word,
            |word, to| see(Form::Decimal.encode(word).as_bytes(), to),
        ),
        writes(
            "decimal/write/64-bit/itoa",
            words,
            Form::Decimal,
            |word| word,
            |word, to| see(itoa::Buffer::new().format(word).as_bytes(), to),
        ),
        reads(
            "decimal/read/64-bit/idgen",
            words,
            Form::Decimal,
            |text| Form::Decimal.decode::<u64>(text).expect("an id"),
            |word| word,
        ),
        reads(
            "decimal/read/64-bit/std",
            words,
            Form::Decimal,
            |text| text.parse::<u64>().expect("a number"),
            |word| word,
        ),
    ]
}
