//! A short torture: real processes that are killed, paused, forked and misled.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

#[test]
fn a_short_torture_finds_nothing_and_says_what_it_did() {
    let torture = ["torture", "--seconds", "4", "--processes", "4", "--seed", "1", "--json"];
    let output = Command::new(cargo_bin!("idgen")).args(torture).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    for done in ["started", "killed", "paused", "forked"] {
        assert!(report["counts"][done].as_u64().unwrap() > 0, "{done}: {report:#}");
    }
    assert!(report["found"]["ids"].as_u64().unwrap() > 1_000, "{report:#}");
    assert_eq!(report["found"]["duplicates"], 0);
}

#[test]
fn schemes_without_node_ids_are_not_tortured() {
    let output = Command::new(cargo_bin!("idgen")).args(["torture", "uuid-v4"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("uuid-v4 ids rest on no node ids"));
}
