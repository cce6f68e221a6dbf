//! Taking ids apart at rate: binary words, and lines of text.
//!
//! The goals are 100 million words a second a core and 20 million lines.

use std::hint::black_box;

use idgen::generator::{Builder, Generator};
use idgen::snowflake::Snowflake;
use idgen::text::Form;
use idgen::uuid::UuidV7;
use idgen::{Id, IdScheme, Scheme, Word};
use idgen_bench::{Contender, timed};

use crate::case::Case;

const COUNT: usize = 4_096;

pub fn cases() -> Vec<Case> {
    let ids = Builder::<Snowflake>::new().node(7).shared().expect("a generator");
    let snowflakes: Vec<u64> =
        ids.generate_batch(COUNT).expect("ids").into_iter().map(u64::from).collect();
    let ids = UuidV7::generator().expect("a generator");
    let uuids: Vec<u128> =
        ids.generate_batch(COUNT).expect("ids").into_iter().map(u128::from).collect();
    vec![
        words::<Snowflake>("snowflake/check/words/idgen", &snowflakes),
        words::<UuidV7>("uuid-v7/check/words/idgen", &uuids),
        words_at_run_time::<Snowflake>("snowflake/check/words/idgen-run-time", &snowflakes),
        lines::<Snowflake>("snowflake/check/lines/idgen", &snowflakes, Form::Decimal),
        lines::<Snowflake>("snowflake/check/lines-base32/idgen", &snowflakes, Form::Base32),
        lines::<UuidV7>("uuid-v7/check/lines/idgen", &uuids, Form::Uuid),
    ]
}

/// What a check does with an id: is it one, of which tick, node and sequence?
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
    let own = words.to_vec();
    let contender = Contender::timing(name, COUNT as u64, move |calls| {
        let scheme = black_box(Scheme::of::<S>());
        timed(|| {
            for _ in 0..calls {
                let all = black_box(&own).iter().fold(0, |all, &word| {
                    scheme.layout.check(word.into()).expect("an id");
                    let parts = scheme.layout.unpack(word.into());
                    all ^ parts.tick ^ parts.node ^ parts.sequence
                });
                black_box(all);
            }
        })
    });
    Case::new(contender, "the same of a layout that the compiler does not know", || Ok(()))
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
        if read(&text) == all && S::Word::BITS > 0 { Ok(()) } else { Err("misread".into()) }
    })
}
