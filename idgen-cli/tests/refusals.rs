//! Calls that are refused: how, and before what.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;

/// Runs the command with its records in this folder.
fn in_folder(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(cargo_bin!("idgen"));
    command.env("IDGEN_STATE", folder).args(arguments.split_whitespace()).output().unwrap()
}

/// Exit code and standard error of a call that must fail.
fn failure(arguments: &str) -> (Option<i32>, String) {
    let output = in_folder(Path::new(env!("CARGO_TARGET_TMPDIR")), arguments);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_is_out_of_range_is_named_with_the_range() {
    for (arguments, code, part) in [
        ("generate --node 1025", 2, "node id 1025 is not in 0..=1023 for the snowflake layout"),
        ("generate --node 33 --block 5", 2, "node id 33 does not start one"),
        ("generate --node-bits 22", 2, "22 is not in 1..=21"),
        ("generate --layout 41:5:5:99 --epoch 2024-01-01", 2, "1 to 64"),
        ("generate --epoch 9000-01-01", 1, "the epoch is 9000-01-01T00:00:00Z"),
        ("generate --epoch 1900-01-01", 1, "the layout's last"),
        ("generate --epoch soon", 2, "'soon' is no instant"),
        ("generate --tick 0ms", 2, "tick length 0ns is not in 1ns..=1day"),
        ("generate baidu", 1, "the layout's last"),
        ("generate twiter", 2, "twitter"),
        ("generate --form base64", 2, "base62"),
        ("generate -n x", 2, "invalid digit"),
        ("generate --stateless", 2, "--node"),
        ("", 2, "Usage"),
    ] {
        let (found, message) = failure(arguments);
        assert_eq!(found, Some(code), "{arguments}: {message}");
        assert!(message.contains(part), "{arguments}: {message}");
    }
}

/// What is wrong with a call is said before anything is recorded or waited for.
#[test]
fn refused_calls_record_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    for (arguments, code, part) in [
        ("baidu", 1, "baidu ids have come to an end: the layout's last tick began at 2024-"),
        ("--epoch 1900-01-01", 1, "snowflake ids have come to an end"),
        ("--node 1025", 2, "node id 1025 is not in 0..=1023"),
        ("ulid --epoch 2020-01-01", 2, "the ulid layout has random"),
        ("mastodon --node 5", 2, "node id 5 is given, but the mastodon layout has no node id"),
        ("uuid-v7 --node 5", 2, "uuid-v7 generators have no node id; leave it out"),
        ("uuid-v4 --node 0", 2, "uuid-v4 generators have no node id"),
        ("uuid-v7 --node 0 --block 3", 2, "uuid-v7 generators have no node id"),
        ("ulid --node 0", 2, "ulid generators have no node id"),
        ("ulid --max-drift 1s", 2, "ulid generators have no drift"),
        ("uuid-v4 --max-drift 1s", 2, "uuid-v4 generators have no drift"),
        ("uuid-v4 --max-wait 1s", 2, "uuid-v4 generators have no wait"),
        ("uuid-v7 --block 3", 2, "uuid-v7 generators have no block of node ids"),
        ("uuid-v7 --namespace a", 2, "uuid-v7 ids rest on no node id, so nothing is recorded"),
        ("uuid-v4 --state here", 2, "uuid-v4 ids rest on no node id, so nothing is recorded"),
        ("-n 0", 0, ""),
        ("uuid-v7 -n 0", 0, ""),
    ] {
        let output = in_folder(&state, &format!("generate {arguments}"));
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {message}");
        assert!(message.contains(part) && output.stdout.is_empty(), "{arguments}: {message}");
        assert!(code > 0 || message.is_empty(), "{arguments}: {message}");
        assert!(!state.exists(), "{arguments} has founded a namespace");
    }
}

/// Help names what fits the command, and the command says why another does not.
#[test]
fn help_names_the_schemes_that_fit() {
    for (command, fits, others) in [
        ("generate", "snowflake ulid lamport", "uuid-v3 uuid-v5 uuid-v8 baidu"),
        ("convert", "uuid-v1 uuid-v6 uuid-v8 baidu lamport", "uuid-v7 nano128 ulid hlc"),
        ("range", "snowflake baidu uuid-v6 ulid", "uuid-v1 uuid-v4 lamport"),
        ("sql", "mastodon js53 sonyflake-v2 instagram", "baidu nano128 lamport uuid-v7"),
    ] {
        let output = in_folder(Path::new("nowhere"), &format!("{command} --help"));
        let help = String::from_utf8(output.stdout).unwrap();
        let named = |name: &str| help.contains(&format!("- {name}:"));
        for name in fits.split(' ') {
            assert!(named(name), "{command} --help does not name {name}");
        }
        for name in others.split(' ') {
            assert!(!named(name), "{command} --help names {name}");
        }
    }
    assert!(failure("sql uuid-v7").1.contains("is not 64 bits of tick, node and sequence"));
    assert!(failure("generate uuid-v5").1.contains("are made of names"));
}
