//! The example, with its real processes.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::path::PathBuf;
use std::process::Command;

/// The example is built with the tests, beside their folder.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    path.with_extension(std::env::consts::EXE_EXTENSION)
}

#[test]
fn processes_that_exchange_messages_keep_the_order_of_causes() {
    let path = example("messages");
    let output = Command::new(&path).output().unwrap_or_else(|error| {
        panic!("{}: {error}; cargo build --example messages", path.display())
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.starts_with("5 processes sent 1000 messages and heard "), "{shown}");
}
