//! A short torture: real processes that are killed, paused, forked and misled.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

fn tortured(seconds: u64) -> Value {
    let torture = format!("torture --seconds {seconds} --processes 4 --seed 1 --json");
    let mut command = Command::new(cargo_bin!("idgen"));
    let output = command.args(torture.split_whitespace()).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let is_idle = report["found"]["ids"] == 0;
    assert_eq!(output.status.code(), Some(i32::from(is_idle)), "{report:#}");
    report
}

/// On a busy machine it takes longer until everything has happened.
#[test]
fn a_short_torture_finds_nothing_and_says_what_it_did() {
    let is_done = |report: &Value| {
        let done = ["started", "killed", "paused", "forked"].map(|what| &report["counts"][what]);
        let ids = &report["found"]["ids"];
        done.iter().all(|count| **count != 0) && ids.as_u64().is_some_and(|ids| ids > 1_000)
    };
    let reports = [4, 16, 64, 256].into_iter().map(tortured);
    let mut reports = reports.inspect(|report| assert_eq!(report["found"]["duplicates"], 0));
    assert!(reports.any(|report| is_done(&report)), "it does nothing in minutes");
}

#[test]
fn schemes_without_node_ids_are_not_tortured() {
    let output = Command::new(cargo_bin!("idgen")).args(["torture", "uuid-v4"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("uuid-v4 ids rest on no node ids"));
}
