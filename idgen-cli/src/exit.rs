//! How the command ends: 0 for success, 1 for data, 2 for usage.

use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command could not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The data: a bad id, a bad file, no id in time. Exit code 1.
    Data(String),
    /// The call: a flag, or its value. Exit code 2, as for every error that clap finds.
    Usage(String),
    /// Whatever is wrong has been said. Exit code 1.
    Said,
    /// Whoever read the output has seen enough: no failure at all.
    BrokenPipe,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Data(format!("cannot write: {error}")),
        }
    }
}

pub(crate) fn code(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) | Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(Failure::Said) => ExitCode::from(1),
        Err(Failure::Data(message)) => {
            complain(&message);
            ExitCode::from(1)
        }
        Err(Failure::Usage(message)) => {
            complain(&message);
            ExitCode::from(2)
        }
    }
}

/// Says on standard error what is wrong.
pub(crate) fn complain(message: &str) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    // Nobody is left to tell if standard error is closed.
    let _ = writeln!(anstream::stderr(), "{red}error:{red:#} {message}");
}

/// Says on standard error what is worth knowing and no error.
pub(crate) fn note(message: &str) {
    let yellow = anstyle::AnsiColor::Yellow.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{yellow}note:{yellow:#} {message}");
}
