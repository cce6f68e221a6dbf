//! Ids at rate, as words and as lines of text: taken apart, as an inspector does, and checked against
//! each other, as `idgen verify` does.
//!
//! The goals are 100 million words a second a core and 20 million lines.

use std::fs;
use std::hint::black_box;
use std::sync::Arc;

use idgen::generator::{Builder, Generator};
use idgen::layout::Parts;
use idgen::snowflake::Snowflake;
use idgen::text::Form;
use idgen::uuid::UuidV7;
use idgen::{Id, IdScheme, Scheme};
use idgen_bench::{Contender, timed};
use idgen_verify::{Checker, Format, Options};
use tempfile::TempDir;

use crate::case::Case;

const COUNT: usize = 4_096;

/// Files of a check, each of a node that is busy at the same time as the others.
const FILES: u64 = 8;

/// Ids of a file.
const IDS_A_FILE: u64 = 1 << 16;

/// Ids of a node in a tick: of one that is busy, and not to its limit.
const IDS_A_TICK: u64 = 1_000;

pub fn cases() -> Vec<Case> {
    let ids = Builder::<Snowflake>::new().node(7).shared().expect("a generator");
    let snowflakes: Vec<u64> =
        ids.generate_batch(COUNT).expect("ids").into_iter().map(u64::from).collect();
    let ids = UuidV7::generator().expect("a generator");
    let uuids: Vec<u128> =
        ids.generate_batch(COUNT).expect("ids").into_iter().map(u128::from).collect();
    vec![
        words::<Snowflake>("snowflake/inspect/words/idgen", &snowflakes),
        words::<UuidV7>("uuid-v7/inspect/words/idgen", &uuids),
        words_at_run_time::<Snowflake>("snowflake/inspect/words/idgen-run-time", &snowflakes),
        lines::<Snowflake>("snowflake/inspect/lines/idgen", &snowflakes, Form::Decimal),
        lines::<Snowflake>("snowflake/inspect/lines-base32/idgen", &snowflakes, Form::Base32),
        lines::<UuidV7>("uuid-v7/inspect/lines/idgen", &uuids, Form::Uuid),
        verified("snowflake/verify/words/idgen", Format::U64_LE),
        verified("snowflake/verify/lines/idgen", Format::Text(Form::Decimal)),
    ]
}

/// What an inspector does with an id: is it one, of which tick, node and sequence?
fn fold<S: IdScheme>(word: S::Word) -> u64 {
    let parts = Id::<S>::from_word(word).expect("an id").parts();
    parts.tick ^ parts.node ^ parts.sequence
}

fn words<S: IdScheme>(name: &str, words: &[S::Word]) -> Case {
    let (own, checked) = (words.to_vec(), words.to_vec());
    let contender = Contender::timing(name, COUNT as u64, move |calls| {
        timed(|| {
            for _ in 0..calls {
                let all = black_box(&own).iter().fold(0, |all, &word| all ^ fold::<S>(word));
                black_box(all);
            }
        })
    });
    Case::new(contender, "word to tick, node and sequence, checked", move || {
        let wrong = checked.iter().find(|&&word| {
            let parts = Scheme::of::<S>().layout.unpack(word.into());
            fold::<S>(word) != parts.tick ^ parts.node ^ parts.sequence
        });
        wrong.map_or(Ok(()), |word| Err(format!("{word} was misread")))
    })
}

fn words_at_run_time<S: IdScheme<Word = u64>>(name: &str, words: &[u64]) -> Case {
    let (own, checked) = (words.to_vec(), words.to_vec());
    let take_apart = |scheme: &Scheme, words: &[u64]| {
        words.iter().fold(0, |all, &word| {
            scheme.layout.check(word.into()).expect("an id");
            let parts = scheme.layout.unpack(word.into());
            all ^ parts.tick ^ parts.node ^ parts.sequence
        })
    };
    let contender = Contender::timing(name, COUNT as u64, move |calls| {
        let scheme = black_box(Scheme::of::<S>());
        timed(|| (0..calls).for_each(|_| _ = black_box(take_apart(&scheme, black_box(&own)))))
    });
    Case::new(contender, "the same of a layout that the compiler does not know", move || {
        let all = checked.iter().fold(0, |all, &word| all ^ fold::<S>(word));
        same(take_apart(&Scheme::of::<S>(), &checked), all)
    })
}

fn lines<S: IdScheme>(name: &str, words: &[S::Word], form: Form) -> Case {
    let text: String =
        words.iter().map(|&word| form.encode(word).as_str().to_owned() + "\n").collect();
    let checked = words.to_vec();
    let read = move |text: &str| {
        text.lines()
            .fold(0, |all, line| all ^ fold::<S>(form.decode::<S::Word>(line).expect("an id")))
    };
    let own = text.clone();
    let contender = Contender::timing(name, COUNT as u64, move |calls| {
        timed(|| (0..calls).for_each(|_| _ = black_box(read(black_box(&own)))))
    });
    Case::new(contender, "line to word to tick, node and sequence, checked", move || {
        let all = checked.iter().fold(0, |all, &word| all ^ fold::<S>(word));
        same(read(&text), all)
    })
}

fn same(read: u64, expected: u64) -> Result<(), String> {
    if read == expected { Ok(()) } else { Err(format!("{read} was read for {expected}")) }
}

/// A check of files: each id of the scheme, each once, how they are ordered, and what is missing.
fn verified(name: &str, format: Format) -> Case {
    fn check(folder: &TempDir, format: Format) -> idgen_verify::Report {
        let mut checker = Checker::new(Scheme::of::<Snowflake>(), Options::default());
        for file in 0..FILES {
            let path = folder.path().join(file.to_string());
            checker.check_file(path, format).expect("a file that can be read");
        }
        checker.finish().expect("a check to its end")
    }
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    for node in 0..FILES {
        fs::write(folder.path().join(node.to_string()), file_of(node, format)).expect("a file");
    }
    let measured = Arc::clone(&folder);
    let contender = Contender::timing(name, FILES * IDS_A_FILE, move |calls| {
        timed(|| (0..calls).for_each(|_| _ = black_box(check(&measured, format))))
    });
    let carries =
        "read from eight files, on all processors: ids of the scheme, none twice, order, gaps";
    Case::new(contender, carries, move || {
        let report = check(&folder, format);
        if report.is_clean() { Ok(()) } else { Err(format!("{report:?}")) }
    })
}

/// What one node made, in order.
fn file_of(node: u64, format: Format) -> Vec<u8> {
    let scheme = Scheme::of::<Snowflake>();
    let mut bytes = Vec::new();
    for number in 0..IDS_A_FILE {
        let (tick, sequence) = (1_000_000 + number / IDS_A_TICK, number % IDS_A_TICK);
        let parts = Parts { tick, node, sequence, payload: 0 };
        let word = scheme.pack(parts).expect("parts of an id");
        match format {
            Format::Text(form) => {
                bytes.extend_from_slice(scheme.format_as(word, form).to_string().as_bytes());
                bytes.push(b'\n');
            }
            _ => bytes.extend_from_slice(&u64::try_from(word).expect("64 bits").to_le_bytes()),
        }
    }
    bytes
}
