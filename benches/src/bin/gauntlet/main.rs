//! The gauntlet: ours and the peers under the same faults.
//!
//!     cargo run --release --manifest-path benches/Cargo.toml --bin gauntlet -- [--json] [--only NAME]
//!
//! Each generator meets each fault in a process of its own. The wall clock of that process is ours:
//! this program has a `clock_gettime` of its own, which stands before the C library's (`clock.rs`).
//! A cell says what that run showed, and nothing else: it is no proof that a generator does well,
//! but one that it does badly. It fails if one of ours does.

mod clock;
mod faults;
mod made;
mod ours;
mod peers;
mod process;
mod report;
mod subject;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        // What a process of its own is started with.
        ["--meet", subject, fault, folder] => faults::meet(subject, fault, Path::new(folder)),
        ["--only", name] => report::run(Some(name), false),
        ["--json", "--only", name] | ["--only", name, "--json"] => report::run(Some(name), true),
        ["--json"] => report::run(None, true),
        [] => report::run(None, false),
        _ => {
            eprintln!("usage: gauntlet [--json] [--only NAME]");
            ExitCode::from(2)
        }
    }
}
