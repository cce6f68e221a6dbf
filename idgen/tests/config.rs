//! Configurations: what they mean, and that every fault is found at once.

#![cfg(all(feature = "config", feature = "snowflake"))]

use std::time::Duration;

use idgen::config::{Validated, validate_config};

fn good(text: &str) -> Validated {
    validate_config(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
}

/// The paths and messages of all faults.
fn faults(text: &str) -> Vec<(String, String)> {
    let Err(error) = validate_config(text) else { panic!("no fault in\n{text}") };
    error.faults().iter().map(|fault| (fault.path.clone(), fault.message.clone())).collect()
}

#[test]
fn a_known_scheme_with_another_epoch() {
    let config = good(
        "[scheme]\nlike = 'baidu'\nname = 'tills'\nepoch = 2024-01-01T00:00:00Z\ntext = 'base32'\n\
         [generator]\nnode = 4194303\nmax-drift = '2s'\nmax-wait = '5s'\n",
    );
    assert_eq!(config.scheme.name.as_str(), "tills");
    assert_eq!(config.scheme.layout, idgen::find("baidu").unwrap().scheme.layout);
    assert_eq!(config.settings.max_drift, Some(Duration::from_secs(2)));
    let word = config.generator().unwrap().generate_word().unwrap();
    assert_eq!(config.scheme.layout.unpack(word).node, 4_194_303);
    assert_eq!(config.scheme.format(word).len(), 13);
}

#[test]
fn fields_as_tables_are_the_layout_as_text() {
    let tables = good(
        "[scheme]\nepoch = '2020-01-01'\ntick = '10ms'\nfields = [\n\
         { name = 'tick', bits = 48 },\n{ name = 'mark', value = 5, bits = 3 },\n\
         { name = 'region', kind = 'node', bits = 3 },\n{ name = 'sequence', bits = 10 },\n]",
    );
    let text = good(
        "[scheme]\nlayout = 'tick=48:mark(=5)=3:region(node)=3:sequence=10'\n\
         epoch = '2020-01-01T00:00:00Z'\ntick = '10 ms'",
    );
    assert_eq!(tables, text);
}

#[test]
fn every_fault_is_found_at_once() {
    let found = faults(
        "[scheme]\nnmae = 'x'\nname = 'Orders'\nlayout = '41:10:12'\ntick = '1 fortnight'\n\
         text = 'base64'\n[generator]\nnode = 1025\nmax-drift = 10\nmax-wait = '-1s'\n[extra]\n",
    );
    let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "scheme.name",
            "scheme.tick",
            "scheme.text",
            "scheme.epoch",
            "generator.max-drift",
            "generator.max-wait",
            "extra",
            "scheme.nmae",
            "generator.node",
        ]
    );
    assert_eq!(found[8].1, "node id 1025 is not in 0..=1023 for the custom layout");
}

#[test]
fn each_fault_names_the_value_and_the_way_out() {
    let minimal = |rest: &str| format!("[scheme]\nlike = 'snowflake'\n{rest}");
    for (text, path, message) in [
        ("[scheme".to_owned(), "", "this is no TOML"),
        (String::new(), "scheme", "this is missing"),
        ("scheme = 5".to_owned(), "scheme", "a table is needed, not integer"),
        ("[scheme]\nlike = 'twiter'".to_owned(), "scheme.like", "'twiter' is no known scheme"),
        (minimal("layout = '41:5:5:99'"), "scheme.layout", "layout text at 7"),
        (minimal("layout = 'a(random)=64'"), "scheme.layout", "the snowflake layout has random"),
        (minimal("fields = 5"), "scheme.fields", "a list of fields is needed"),
        (minimal("fields = [5]"), "scheme.fields[0]", "a field is a table"),
        (
            minimal("fields = [{ name = 'region', bits = 65, kind = 'node' }]"),
            "scheme.fields[0].bits",
            "65 is not in 1..=64",
        ),
        (
            minimal("fields = [{ name = 'region', bits = 5 }]"),
            "scheme.fields[0].kind",
            "this is missing",
        ),
        (minimal("layout = '41:10:12'\nfields = []"), "scheme.fields", "both layout and fields"),
        (minimal("tick = '48h'"), "scheme.tick", "tick length 172800s is not in"),
        (minimal("epoch = 'soon'"), "scheme.epoch", "'soon' is no instant"),
        (minimal("epoch = '9000-01-01'"), "scheme.epoch", "has no tick: the epoch is 9000"),
        (minimal("epoch = '1900-01-01'"), "scheme.epoch", "before now"),
        (minimal("[generator]\nnode = -1"), "generator.node", "-1 is not in 0..="),
        (minimal("[generator]\nnode = 'seven'"), "generator.node", "a whole number is needed"),
        (
            minimal("[generator]\nnode = 33\nblock-bits = 5"),
            "generator.block-bits",
            "node id 33 does not start one",
        ),
        (minimal("[generator]\nblock-bits = 64"), "generator.block-bits", "64 is not in 0..=63"),
    ] {
        let found = faults(&text);
        assert_eq!(found.len(), 1, "{text}\n{found:?}");
        assert_eq!(found[0].0, path, "{text}\n{found:?}");
        assert!(found[0].1.contains(message), "{text}\n{found:?}");
    }
}
