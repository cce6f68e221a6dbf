//! `idgen bench`: what it prints and writes.

use std::fs;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use serde_json::Value;

fn idgen(arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("idgen"));
    command.args(arguments);
    command
}

#[test]
fn figures_are_printed_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let (json, html) = (folder.path().join("f.json"), folder.path().join("f.html"));
    let (json_name, html_name) = (json.to_str().unwrap(), html.to_str().unwrap());
    let schemes = ["--scheme", "snowflake", "--scheme", "uuid-v4"];
    let arguments = [&["bench", "--quick", "--json", json_name, "--html", html_name], &schemes[..]];
    let output = idgen(&arguments.concat()).assert().success().get_output().clone();
    let shown = String::from_utf8(output.stdout).unwrap();
    for word in ["snowflake", "uuid-v4", "batch ns", "4.10 M", "base32"] {
        assert!(shown.contains(word), "{word} is missing in:\n{shown}");
    }

    let figures: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
    assert_eq!(figures["schemes"].as_array().unwrap().len(), 2);
    assert!(figures["schemes"][0]["one_ns"].as_f64().unwrap() > 0.0);
    assert_eq!(figures["schemes"][0]["capacity_per_second"], 4_096_000.0);
    assert!(figures["schemes"][1]["capacity_per_second"].is_null());
    assert_eq!(figures["forms"].as_array().unwrap().len(), 6);

    // It needs nothing but itself: no script, no address to fetch from.
    let page = fs::read_to_string(html).unwrap();
    assert!(page.contains("<svg") && page.contains("prefers-color-scheme: dark"));
    for foreign in ["<script", "http:", "https:", "url(", "@import"] {
        assert!(!page.contains(foreign), "{foreign} in the page");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let output = idgen(&["bench", "--scheme", "uuid-v5"]).assert().code(2).get_output().clone();
    assert!(String::from_utf8(output.stderr).unwrap().contains("made of names"));
    let output =
        idgen(&["bench", "--json", "/nowhere/f.json"]).assert().code(1).get_output().clone();
    assert!(String::from_utf8(output.stderr).unwrap().contains("/nowhere/f.json"));
}
