//! `idgen range`, as people run it.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

/// Exit code, standard output and standard error.
fn run(arguments: &str) -> (Option<i32>, String, String) {
    let output = Command::new(cargo_bin!("idgen"))
        .args(arguments.split_whitespace())
        .output()
        .unwrap_or_else(|error| panic!("{error}"));
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (output.status.code(), out, err)
}

#[track_caller]
fn stdout(arguments: &str) -> String {
    let (code, out, err) = run(arguments);
    assert_eq!(code, Some(0), "{arguments}: {err}");
    out
}

/// 2022-06-28T16:07:40.105Z is tick 367597485448 of Twitter's.
const TICK: &str = "--from 2022-06-28T16:07:40.105Z --to 2022-06-28T16:07:40.106Z";

#[test]
fn prints_the_first_and_the_last_id() {
    let first = 367_597_485_448_u64 << 22;
    let shown = stdout(&format!("range twitter {TICK}"));
    assert_eq!(shown, format!("{first}\n{}\n", first + (1 << 22) - 1));
    let shown = stdout(&format!("range twitter {TICK} --form base32"));
    assert_eq!(shown.lines().map(str::len).collect::<Vec<_>>(), [13, 13]);
}

#[test]
fn json_is_an_object_with_both_ends() {
    let shown = stdout(&format!("range twitter {TICK} --json"));
    let record: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(record["scheme"], "twitter");
    for end in ["first", "last"] {
        assert_eq!(record[end]["time"], "2022-06-28T16:07:40.105Z", "{end}");
        assert!(record[end]["id"].as_str().unwrap().starts_with("15418156036"), "{end}");
    }
}

/// The library's `first_at` and `last_at`.
#[test]
fn an_instant_has_the_ids_of_its_tick() {
    let tick = stdout(&format!("range twitter {TICK}"));
    for nanos in ["", "000001", "999999"] {
        let shown = stdout(&format!("range twitter --at 2022-06-28T16:07:40.105{nanos}Z"));
        assert_eq!(shown, tick, "{nanos}");
    }
    let clause = stdout("range discord --at 2016-04-30T11:18:25.796Z --sql id");
    assert_eq!(clause, "WHERE id >= 175928847298985984 AND id <= 175928847303180287\n");
    let (code, out, error) = run("range snowflake --at 2010-01-01");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(error.contains("2010-01-01T00:00:00Z has no snowflake id"), "{error}");
    assert_eq!(run("range lamport --at 2026-01-01").0, Some(2));
    assert_eq!(run("range snowflake --at 2026-01-01 --to 2026-01-02").0, Some(2));
    assert_eq!(run("range snowflake --at 2026-01-01 --from 2026-01-02").0, Some(2));
}

#[test]
fn typed_ids_have_ranges_of_texts() {
    let shown = stdout(&format!("range uuid-v7 {TICK} --prefix order"));
    let [first, last] = [0, 1].map(|line| shown.lines().nth(line).unwrap());
    assert_eq!(first, "order_01g6nh30a9e008000000000000");
    assert_eq!(last, "order_01g6nh30a9fzzvzzzzzzzzzzzz");
    let shown = stdout(&format!("range uuid-v7 {TICK} --prefix order --json"));
    let record: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&record["prefix"], &record["form"]), (&"order".into(), &"base32".into()));
    assert_eq!(record["first"]["id"], first);
    let (code, _, error) = run(&format!("range uuid-v7 {TICK} --prefix Order"));
    assert_eq!(code, Some(2));
    assert!(error.contains("--prefix: a prefix has 0 to 63 of a-z"), "{error}");
}

/// The last days of the calendar are days like any other.
#[test]
fn a_range_ends_where_the_calendar_does() {
    for to in ["9999-12-30", "9999-12-31", "9999-12-31T23:59:59.999Z"] {
        let shown = stdout(&format!("range snowflake --from 2089-09-06T15:47:35.551Z --to {to}"));
        assert!(shown.ends_with("\n9223372036854775807\n"), "{to}: {shown}");
    }
    // An hour of an unknown place is no instant, and neither is midnight meant.
    assert_eq!(run("range snowflake --from 2026-01-01T12:00:00 --to 2026-01-02").0, Some(2));
}

#[test]
fn ids_that_are_inspected_lie_in_their_range() {
    let shown = stdout("range discord --from 2016-04-30 --to 2016-05-01");
    let [first, last] = [0, 1].map(|line| shown.lines().nth(line).unwrap().parse::<u64>().unwrap());
    assert!((first..=last).contains(&175_928_847_299_117_063));
    let shown = stdout("range discord --from 2016-04-29 --to 2016-04-30");
    assert_eq!(shown.lines().nth(1).unwrap().parse::<u64>().unwrap() + 1, first);
}

#[test]
fn a_clause_has_the_literals_of_its_column() {
    let clause = |more: &str| stdout(&format!("range twitter {TICK} --sql {more}"));
    assert_eq!(
        clause("orders.id"),
        "WHERE orders.id >= 1541815603604488192 AND orders.id <= 1541815603608682495\n",
    );
    assert_eq!(
        clause("id --column-type text --form hex"),
        "WHERE id >= '1565a11f62000000' AND id <= '1565a11f623fffff'\n",
    );
    assert_eq!(
        clause("id --column-type text --prefix order"),
        "WHERE id >= 'order_1asd13xh00000' AND id <= 'order_1asd13xh3zzzz'\n",
    );
    for flag in ["--form base32", "--prefix order"] {
        let (code, out, error) = run(&format!("range twitter {TICK} --sql id {flag}"));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{flag}");
        assert!(error.contains("is for texts alone; add --column-type text"), "{error}");
    }
    let (code, _, error) = run(&format!("range twitter {TICK} --sql id --column-type text"));
    assert_eq!(code, Some(2));
    assert!(error.contains("decimal texts are not in the order of the ids"), "{error}");
    let (code, _, error) = run(&format!("range twitter {TICK} --sql id --column-type uuid"));
    assert_eq!(code, Some(2));
    assert!(error.contains("twitter ids have 64 bits"), "{error}");
}

#[test]
fn a_column_is_a_name_and_nothing_else() {
    for column in ["id;drop", "1d", "a..b", "'id'", "--", "id)"] {
        let (code, out, _) = run(&format!("range twitter {TICK} --sql={column}"));
        assert_eq!((code, out), (Some(2), String::new()), "{column}");
    }
}

#[test]
fn a_wide_scheme_has_uuids_or_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wide.toml");
    let config = "[scheme]\nname = \"wide\"\nlayout = \"tick=48:node=64:sequence=16\"\n\
                  epoch = \"1970-01-01\"\ntick = \"1ms\"\ntext = \"hex\"\n";
    std::fs::write(&file, config).unwrap();
    let range = format!("range --config {} --from 1970-01-01 --to 1970-01-02", file.display());
    assert_eq!(
        stdout(&format!("{range} --sql id")),
        "WHERE id >= '00000000-0000-0000-0000-000000000000' \
         AND id <= '00000526-5bff-ffff-ffff-ffffffffffff'\n",
    );
    assert_eq!(
        stdout(&format!("{range} --sql id --column-type binary")),
        "WHERE id >= x'00000000000000000000000000000000' \
         AND id <= x'000005265bffffffffffffffffffffff'\n",
    );
    assert_eq!(run(&format!("{range} --sql id --column-type integer")).0, Some(2));
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let (code, out, error) = run("range snowflake --from 2010-01-01 --to 2011-01-01");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(error.contains("no snowflake id has a tick that begins in 2010-01-01"), "{error}");
    let (code, _, error) = run("range snowflake --from 2026-01-02 --to 2026-01-01");
    assert_eq!(code, Some(2));
    assert!(error.contains("before it begins at 2026-01-02T00:00:00Z"), "{error}");
    assert_eq!(run("range snowflake --from yesterday --to 2026-01-01").0, Some(2));
    assert_eq!(run("range --from 2026-01-01 --to 2026-01-02").0, Some(2));
    assert_eq!(run("range snowflake --from 2026-01-01").0, Some(2));
}
