//! The idgen command: generate, inspect and list distributed unique ids.

mod age;
mod arguments;
mod bench;
mod choice;
mod cli;
mod convert;
mod exit;
mod file;
mod findings;
mod generate;
mod input;
mod inspect;
#[cfg(feature = "migrate")]
mod migrate;
mod name;
mod nodes;
mod paint;
mod plausible;
mod range;
mod schemes;
mod sql;
mod state;
#[cfg(unix)]
mod torture;
mod validate;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.color.choice().write_global();
    let done = match &cli.command {
        Command::Generate(arguments) => generate::run(arguments),
        Command::Inspect(arguments) => inspect::run(arguments),
        Command::Name(arguments) => name::run(arguments),
        Command::Convert(arguments) => convert::run(arguments),
        Command::Node(arguments) => nodes::run(arguments),
        #[cfg(unix)]
        Command::Torture(arguments) => torture::run(arguments),
        #[cfg(unix)]
        Command::TortureWorker(arguments) => torture::run_worker(arguments),
        Command::Range(arguments) => range::run(arguments),
        Command::Schemes(arguments) => schemes::run(arguments),
        #[cfg(feature = "migrate")]
        Command::Migrate(arguments) => migrate::run(arguments),
        Command::Sql(arguments) => sql::run(arguments),
        Command::Validate(arguments) => validate::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "idgen", &mut script);
            std::io::stdout().write_all(&script).map_err(Into::into)
        }
    };
    exit::code(done)
}
