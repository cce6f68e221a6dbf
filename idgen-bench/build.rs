//! Tells the crate which compiler builds it: a figure is the compiler's, too.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(rustc).arg("--version").output().ok();
    let version = told.and_then(|told| String::from_utf8(told.stdout).ok()).unwrap_or_default();
    // `rustc 1.95.0 (59807616e 2026-04-14)`: what is in brackets says no more.
    let short = version.split(" (").next().unwrap_or_default().trim();
    println!("cargo:rustc-env=IDGEN_COMPILER={short}");
}
