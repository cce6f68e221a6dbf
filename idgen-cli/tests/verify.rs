//! `idgen verify` as people run it: what it finds, and how it ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;
use tempfile::TempDir;

/// Three ids of Twitter's snowflakes, in order.
const IDS: &str = "1541815603606036480\n1541815603606036481\n1541815603610230784\n";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("idgen"));
    command.env("IDGEN_STATE", env!("CARGO_TARGET_TMPDIR")).args(arguments);
    command
}

/// Exit code, standard output and standard error of a check of what is given on standard input.
fn verify(arguments: &[&str], input: impl Into<Vec<u8>>) -> (i32, String, String) {
    let mut command = command(&["verify"]);
    let output = command.args(arguments).write_stdin(input).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn json(arguments: &[&str], input: impl Into<Vec<u8>>) -> (i32, Value) {
    let (code, shown, errors) = verify(&[arguments, &["--json"]].concat(), input);
    (code, serde_json::from_str(&shown).unwrap_or_else(|_| panic!("{shown}{errors}")))
}

fn generated(arguments: &str) -> Vec<u8> {
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    let output = command(&arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn file(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_generate_prints_is_clean_and_its_scheme_is_guessed() {
    for arguments in [
        "generate snowflake -n 20000 --node 7 --stateless",
        "generate snowflake -n 500 --node 7 --stateless --form base62",
        "generate snowflake -n 500 --node 7 --stateless --json",
        "generate snowflake -n 500 --node 7 --stateless --prefix order",
        "generate uuid-v7 -n 500",
        "generate uuid-v4 -n 500",
        "generate ulid -n 500",
        "generate uuid-v1 -n 500",
    ] {
        let scheme = arguments.split_whitespace().nth(1).unwrap();
        let (code, report) = json(&[], generated(arguments));
        assert_eq!((code, &report["scheme"]), (0, &scheme.into()), "{arguments}");
        assert_eq!(report["ids"], report["distinct"], "{arguments}");
        assert_eq!(report["order"]["of_nodes"], 0, "{arguments}");
        assert_eq!(verify(&["--scheme", scheme], generated(arguments)).0, 0, "{arguments}");
    }
}

#[test]
fn a_clean_set_ends_with_0_and_says_so() {
    let (code, shown, errors) = verify(&["--scheme", "twitter"], IDS);
    assert_eq!((code, &*errors), (0, ""));
    assert!(shown.starts_with("3 twitter ids\n"), "{shown}");
    assert!(shown.contains("duplicates  none\n"), "{shown}");
    assert!(shown.contains("no ids      none\n"), "{shown}");
    assert!(shown.contains("378: 3 ids"), "{shown}");
    assert!(shown.contains("2022-06-28T16:07:40.105Z to 2022-06-28T16:07:40.106Z"), "{shown}");
}

#[test]
fn duplicates_over_files_end_with_1_and_are_placed() {
    let folder = TempDir::new().unwrap();
    let one = file(&folder, "one", IDS);
    let two = file(&folder, "two", "\n1541815603606036481\n");
    let [one, two] = [&one, &two].map(|path| path.to_str().unwrap());
    let (code, report) = json(&["--scheme", "twitter", one, two], "");
    assert_eq!(code, 1);
    assert_eq!((&report["ids"], &report["distinct"]), (&4.into(), &3.into()));
    let found = &report["duplicates"]["first"][0];
    assert_eq!((&found["id"], &found["times"]), (&"1541815603606036481".into(), &2.into()));
    assert_eq!(found["places"][0]["file"], one);
    assert_eq!(
        (&found["places"][1]["file"], &found["places"][1]["record"]),
        (&two.into(), &2.into())
    );
    let (code, shown, _) = verify(&["--scheme", "twitter", one, two], "");
    assert_eq!(code, 1);
    assert!(shown.contains(&format!("{one} line 2, {two} line 2")), "{shown}");
    // Standard input is a file among others, and its lines are known too.
    let (code, shown, _) = verify(&["--scheme", "twitter", one, "-"], "1541815603610230784");
    assert_eq!(code, 1);
    assert!(shown.contains(&format!("{one} line 3, standard input line 1")), "{shown}");
}

#[test]
fn lines_that_are_no_id_end_with_1() {
    let (code, shown, _) = verify(&["--scheme", "twitter"], format!("{IDS}15418x\n"));
    assert_eq!(code, 1);
    assert!(shown.contains("standard input line 4: '15418x': character 'x' at 5"), "{shown}");
    let (code, report) = json(&["--scheme", "twitter", "--form", "hex"], IDS);
    assert_eq!((code, &report["bad"]["records"]), (1, &3.into()));
}

#[test]
fn disorder_counts_where_it_is_asked_for() {
    let ids = "1541815603606036481\n1541815603606036480\n";
    let (code, report) = json(&["--scheme", "twitter"], ids);
    assert_eq!((code, &report["order"]["of_nodes"]), (0, &1.into()));
    assert_eq!(report["order"]["first"][0]["record"], 2);
    assert_eq!(verify(&["--scheme", "twitter", "--ordered"], ids).0, 1);
    assert_eq!(verify(&["--scheme", "twitter", "--ordered"], IDS).0, 0);
}

#[test]
fn words_are_read() {
    let words = [5_u128 << 22, 5 << 22 | 1, 5 << 22].map(u128::to_le_bytes).concat();
    let (code, shown, _) = verify(&["--scheme", "snowflake", "--binary", "u128le"], words);
    assert_eq!(code, 1);
    assert!(
        shown.contains("20971520, 2 times: standard input word 1, standard input word 3"),
        "{shown}"
    );
}

#[test]
fn little_memory_finds_the_same() {
    let mut ids = generated("generate uuid-v4 -n 20000");
    ids.extend_from_within(..37);
    let (code, report) = json(&["--memory", "16K", "--temp", env!("CARGO_TARGET_TMPDIR")], ids);
    assert_eq!((code, &report["distinct"]), (1, &20_000.into()));
    assert_eq!(report["duplicates"]["first"][0]["places"][1]["record"], 20_001);
    assert!(report["spilled"].as_u64().unwrap() > 10_000);
}

#[test]
fn what_is_wrong_with_the_call_ends_with_2() {
    for (arguments, expected) in [
        (&["--binary", "u64le"][..], "--binary needs --scheme"),
        (&["--binary", "u32le", "--scheme", "snowflake"], "[possible values: u64le"),
        (&["--memory", "much"], "write a size as 512M"),
        (&["--scheme", "uuid-v4", "--ordered"], "uuid-v4 ids have no order"),
        (&["--scheme", "nobody"], "[possible values: snowflake"),
    ] {
        let (code, _, errors) = verify(arguments, IDS);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
}

#[test]
fn what_cannot_be_read_ends_with_1() {
    for (arguments, input, expected) in [
        (&["/nowhere/at/all"][..], IDS, "cannot read /nowhere/at/all: "),
        (&["/"], IDS, "cannot read /: it is a folder"),
        (&["--scheme", "twitter", "--temp", "/nowhere"], IDS, "in the temporary folder /nowhere: "),
        (&[], "", "there are no ids; name their scheme"),
        (&[], "??\n", "no scheme fits the first lines, such as '??'"),
    ] {
        let (code, _, errors) = verify(arguments, input);
        assert_eq!(code, 1, "{arguments:?}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
    }
    assert_eq!(verify(&["--scheme", "twitter"], "").0, 0);
}
