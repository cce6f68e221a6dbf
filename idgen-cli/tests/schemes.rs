//! Every scheme of the catalog as the command generates it.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::collections::HashSet;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

#[track_caller]
fn idgen(arguments: &[&str], input: Vec<u8>) -> String {
    let mut command = Command::new(cargo_bin!("idgen"));
    command.env("IDGEN_STATE", env!("CARGO_TARGET_TMPDIR"));
    let output = command.args(arguments).write_stdin(input).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_hundred_thousand_ids_of_each_are_distinct_and_in_their_order() {
    let mut generated = 0;
    let listed: Vec<Value> =
        serde_json::from_str(&idgen(&["schemes", "--json"], Vec::new())).unwrap();
    for listed in listed.iter().filter(|listed| listed["generates"] == true) {
        let name = listed["name"].as_str().unwrap();
        let scheme = &idgen::find(name).unwrap().scheme;
        let shown = idgen(&["generate", name, "-n", "100000"], Vec::new());
        let words: Vec<u128> = shown.lines().map(|line| scheme.parse(line).unwrap()).collect();
        assert_eq!(words.len(), 100_000, "{name}");
        let ticks = words.iter().map(|&word| scheme.layout.unpack(word).tick);
        match name {
            "uuid-v4" => assert!(!words.is_sorted()),
            // Its low bits stand first.
            "uuid-v1" => assert!(ticks.is_sorted()),
            _ => assert!(words.is_sorted(), "{name}"),
        }
        let distinct: HashSet<_> = words.iter().collect();
        assert_eq!(distinct.len(), words.len(), "{name}");
        generated += 1;
    }
    assert_eq!(generated, idgen::catalog().len() - 4, "all but uuid-v3, v5, v8 and baidu");
}

/// The state folder has how far the last one came.
#[test]
fn runs_of_one_lamport_node_follow_each_other() {
    let run = || {
        let shown = idgen(&["generate", "lamport", "-n", "100000", "--node", "7"], Vec::new());
        let ids: Vec<u64> = shown.lines().map(|id| id.parse().unwrap()).collect();
        assert!(ids.len() == 100_000 && ids.is_sorted() && ids.iter().all(|id| id % 1_024 == 7));
        ids
    };
    let (first, second) = (run(), run());
    assert!(first.last() < second.first(), "{:?} and {:?}", first.last(), second.first());
}

/// Two at once need no different node ids where random bits keep them apart, and have the same
/// where one was asked for; positional ones get different ones.
#[test]
fn a_uuid_needs_no_node() {
    for name in ["uuid-v1", "uuid-v6"] {
        let scheme = idgen::find(name).unwrap().scheme;
        let made = idgen(&["generate", name, "-n", "2"], Vec::new());
        let nodes: HashSet<u64> =
            made.lines().map(|id| scheme.layout.unpack(scheme.parse(id).unwrap()).node).collect();
        assert_eq!(nodes.len(), 2, "{name} draws a node for each id");
        let made = idgen(&["generate", name, "--node", "7"], Vec::new());
        assert_eq!(scheme.layout.unpack(scheme.parse(made.trim()).unwrap()).node, 7);
    }
}

#[test]
fn what_is_carried_comes_back_in_its_order() {
    let ids = idgen(&["generate", "discord", "-n", "1000"], Vec::new());
    let carried =
        idgen(&["convert", "discord", "uuid-v8", "--namespace", "users"], ids.clone().into());
    assert!(carried.lines().is_sorted());
    let back =
        idgen(&["convert", "uuid-v8", "discord", "--namespace", "users"], carried.clone().into());
    assert_eq!(back, ids);
    let mut other = Command::new(cargo_bin!("idgen"));
    let output =
        other.args(["convert", "uuid-v8", "discord"]).write_stdin(carried).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: line 1: '"));
}

#[test]
fn typed_ids_are_inspected_with_their_prefix() {
    for name in ["uuid-v7", "snowflake"] {
        let made = idgen(&["generate", name, "--prefix", "order", "-n", "3"], Vec::new());
        assert!(made.lines().all(|id| id.starts_with("order_")));
        let shown = idgen(&["inspect", "--json"], made.into());
        assert_eq!(shown.matches("\"prefix\":\"order\"").count(), 3);
        assert_eq!(shown.matches(&format!("{{\"scheme\":\"{name}\",\"id\"")).count(), 3);
    }
}
