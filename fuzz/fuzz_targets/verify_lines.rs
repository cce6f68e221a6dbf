//! No bytes make the checker panic; it counts what a naive reading of every line counts, and finds
//! the same duplicates, whatever shapes the lines before had.
#![no_main]

use std::collections::HashSet;

use idgen::snowflake::Twitter;
use idgen::text::Form;
use idgen::{Scheme, typed};
use idgen_verify::{Checker, Format, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let scheme = Scheme::of::<Twitter>();
    let mut checker = Checker::new(scheme, Options::default());
    checker.check_reader("lines", data, Format::Text(Form::Decimal)).expect("memory does not fail");
    let report = checker.finish().expect("memory does not fail");
    let (mut ids, mut distinct, mut bad) = (0, HashSet::new(), 0);
    for line in data.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        match naive(&scheme, line) {
            Some(word) => {
                ids += 1;
                distinct.insert(word);
            }
            None => bad += 1,
        }
    }
    assert_eq!(report.ids, ids);
    assert_eq!(report.distinct, distinct.len() as u64);
    assert_eq!(report.bad.records, bad);
});

/// The id of one line, read without regard to any other.
fn naive(scheme: &Scheme, line: &[u8]) -> Option<u128> {
    let text = std::str::from_utf8(line).ok()?.trim_ascii();
    let id = if text.starts_with('{') {
        let object: serde_json::Value = serde_json::from_str(text).ok()?;
        let id = object.get("id")?;
        id.as_str().map_or_else(|| id.to_string(), str::to_owned)
    } else {
        text.to_owned()
    };
    let word = if id.contains('_') {
        typed::decode::<u64>(&id).ok()?.1.into()
    } else {
        scheme.parse(&id).ok()?
    };
    scheme.layout.check(word).ok().map(|()| word)
}
