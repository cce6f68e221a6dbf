//! What can be asked on the command line.

use clap::{Parser, Subcommand, ValueEnum};

#[cfg(unix)]
use crate::torture;
use crate::{
    bench, convert, generate, inspect, name, nodes, range, schemes, sql, validate, verify,
};

/// Distributed unique ids: generate, inspect, compare.
#[derive(Debug, Parser)]
#[command(name = "idgen", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// When to colour the output
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  idgen generate -n 5
  idgen inspect 1541815603606036480
  idgen schemes

Exit codes: 0 success, 1 data (a bad id or file, no id in time), 2 usage (a bad flag or value)";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print new ids, one a line
    #[command(after_help = generate::EXAMPLES)]
    Generate(Box<generate::Arguments>),
    /// Show what an id is made of
    #[command(after_help = inspect::EXAMPLES)]
    Inspect(inspect::Arguments),
    /// List the schemes, or show one in full
    #[command(after_help = schemes::EXAMPLES)]
    Schemes(schemes::Arguments),
    /// Print the UUIDs of names
    #[command(after_help = name::EXAMPLES)]
    Name(name::Arguments),
    /// Turn ids of one scheme into ids of another that hold the same
    #[command(after_help = convert::EXAMPLES)]
    Convert(convert::Arguments),
    /// Show or give up node ids of the state folder
    #[command(after_help = nodes::EXAMPLES)]
    Node(Box<nodes::Arguments>),
    /// Print the first and the last id of a time, for scans of an index
    #[command(after_help = range::EXAMPLES)]
    Range(range::Arguments),
    /// Print a function that makes ids inside a database
    #[command(after_help = sql::EXAMPLES)]
    Sql(Box<sql::Arguments>),
    /// Change the ids of a living database, phase by phase
    #[cfg(feature = "migrate")]
    #[command(after_help = crate::migrate::EXAMPLES)]
    Migrate(crate::migrate::Arguments),
    /// Check a configuration file and name every fault in it
    #[command(after_help = validate::EXAMPLES)]
    Validate(validate::Arguments),
    /// Check a set of ids: duplicates, order, gaps
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Arguments),
    /// Kill, pause, fork and mislead generators, and look for an id that came twice
    #[cfg(unix)]
    #[command(after_help = torture::EXAMPLES)]
    Torture(torture::Arguments),
    /// One generator of the torture
    #[cfg(unix)]
    #[command(hide = true)]
    TortureWorker(torture::WorkerArguments),
    /// Measure what the schemes cost on this machine
    #[command(after_help = bench::EXAMPLES)]
    Bench(bench::Arguments),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  idgen completions bash
  idgen completions fish";

/// When to colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    pub(crate) fn choice(self) -> anstream::ColorChoice {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
    }
}
