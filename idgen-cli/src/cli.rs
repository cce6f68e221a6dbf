//! What can be asked on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use idgen::UnixTime;
use idgen::layout::Layout;
use idgen::text::Form;

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
    #[command(after_help = GENERATE_EXAMPLES)]
    Generate(Box<Generate>),
    /// Show what an id is made of
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(Inspect),
    /// List the schemes, or show one in full
    #[command(after_help = SCHEMES_EXAMPLES)]
    Schemes(Schemes),
    /// Print the first and the last id of a time, for scans of an index
    #[command(after_help = RANGE_EXAMPLES)]
    Range(Range),
    /// Print a function that makes ids inside a database
    #[command(after_help = SQL_EXAMPLES)]
    Sql(Sql),
    /// Check a configuration file and name every fault in it
    #[command(after_help = VALIDATE_EXAMPLES)]
    Validate(Validate),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell to complete for
        shell: clap_complete::Shell,
    },
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  idgen generate
  idgen generate twitter -n 3 --node 378 --form base32
  idgen generate -n 100000 --node 7 --json
  idgen generate --layout 41:5:5:12 --epoch 2024-01-01 --tick 1ms -n 3
  idgen generate --node 32 --block 5 -n 3

Without --node it takes the lowest node id that no other idgen on this machine has; a lock file
holds it until the command ends. Other machines must be given other node ids.

Exit codes: 0 success, 1 data (a bad id or file, no id in time), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Generate {
    /// Scheme of the ids; snowflake where none is named
    #[arg(value_parser = scheme_names(), conflicts_with_all = ["config", "layout"])]
    pub(crate) scheme: Option<String>,
    /// How many ids
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1)]
    pub(crate) count: u64,
    /// Node id: who generates
    #[arg(long, value_name = "N")]
    pub(crate) node: Option<u64>,
    /// Take the block of 2^BITS node ids that starts with --node, for that many times the ids
    #[arg(long, value_name = "BITS")]
    pub(crate) block: Option<u32>,
    /// Give the node id N of the 22 bits below a 41-bit tick, and the sequence the rest
    #[arg(long, value_name = "N", conflicts_with_all = ["config", "layout"],
          value_parser = clap::value_parser!(u8).range(1..=21))]
    pub(crate) node_bits: Option<u8>,
    /// Form of the ids; native is the scheme's own
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Print an object a line: scheme and id
    #[arg(long)]
    pub(crate) json: bool,
    /// Take scheme and settings from a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A layout of your own: bits as 41:5:5:12, or fields as tick=41:worker=10:sequence=12
    #[arg(long, requires = "epoch", conflicts_with = "config", value_parser = layout)]
    pub(crate) layout: Option<Layout>,
    /// Unix time of tick 0, as 2020-01-01T00:00:00Z or a date
    #[arg(long, value_parser = idgen::config::parse_epoch)]
    pub(crate) epoch: Option<UnixTime>,
    /// Length of a tick, as 1ms or 10ms
    #[arg(long, value_parser = idgen::config::parse_duration)]
    pub(crate) tick: Option<Duration>,
    /// How far ids may run ahead of the clock, as 10ms
    #[arg(long, value_name = "DURATION", value_parser = idgen::config::parse_duration)]
    pub(crate) max_drift: Option<Duration>,
    /// How long to wait for an id, as 1s
    #[arg(long, value_name = "DURATION", value_parser = idgen::config::parse_duration)]
    pub(crate) max_wait: Option<Duration>,
    /// Take no lock on the node id: nobody else may have it
    #[arg(long, requires = "node")]
    pub(crate) stateless: bool,
}

const INSPECT_EXAMPLES: &str = "\
Examples:
  idgen inspect 1541815603606036480
  idgen inspect 175928847299117063 --scheme discord --json
  idgen generate -n 3 | idgen inspect --scheme snowflake

Without --scheme, every scheme that could have made the id is weighed: by its time, which should
lie between the scheme's first day of use and now, and best of all today; by its sequence, where
that starts at 0 in each tick; by its unused bits; and by the form that it is written in.

Exit codes: 0 success, 1 data (a bad id or file, no id in time), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Inspect {
    /// The ids; read from standard input, one a line, where there is none
    pub(crate) ids: Vec<String>,
    /// Scheme of the ids
    #[arg(long, value_name = "NAME", value_parser = scheme_names(), conflicts_with = "config")]
    pub(crate) scheme: Option<String>,
    /// Form of the ids; native is the scheme's own, or what fits where that does not
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Take the scheme from a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print an object a line: scheme, id, form, time, fields, and the candidates
    #[arg(long)]
    pub(crate) json: bool,
    /// Show every scheme that could have made the id in full
    #[arg(long)]
    pub(crate) all: bool,
    /// Take this for the time that is now
    #[arg(long, hide = true, value_parser = idgen::config::parse_epoch)]
    pub(crate) now: Option<UnixTime>,
}

const SCHEMES_EXAMPLES: &str = "\
Examples:
  idgen schemes
  idgen schemes discord
  idgen schemes --json";

#[derive(Args, Debug)]
pub(crate) struct Schemes {
    /// Show this scheme in full
    #[arg(value_parser = scheme_names())]
    pub(crate) name: Option<String>,
    /// Print a list of objects
    #[arg(long)]
    pub(crate) json: bool,
}

const RANGE_EXAMPLES: &str = "\
Examples:
  idgen range snowflake --from 2026-01-01 --to 2026-02-01
  idgen range discord --from 2026-01-01T12:00:00Z --to 2026-01-01T12:00:01Z --json
  idgen range snowflake --from 2026-01-01 --to 2026-01-02 --sql orders.id

The range holds the ids whose tick begins at --from or later, and before --to, so ranges that
meet share no id and leave none out. Times before the scheme's epoch, or after its last tick,
end it there.

Exit codes: 0 success, 1 data (no id is of that time), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Range {
    /// Scheme of the ids
    #[arg(value_parser = scheme_names(), required_unless_present = "config",
          conflicts_with = "config")]
    pub(crate) scheme: Option<String>,
    /// Where the range begins, as 2026-01-01T00:00:00Z or a date
    #[arg(long, value_name = "TIME", value_parser = idgen::config::parse_epoch)]
    pub(crate) from: UnixTime,
    /// Where it ends, itself left out, as 2026-01-01T00:00:00Z or a date
    #[arg(long, value_name = "TIME", value_parser = idgen::config::parse_epoch)]
    pub(crate) to: UnixTime,
    /// Form of the ids; native is the scheme's own
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Take the scheme from a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print an object: scheme, and id and time of both ends
    #[arg(long, conflicts_with = "sql")]
    pub(crate) json: bool,
    /// Print a WHERE clause for this column
    #[arg(long, value_name = "COLUMN", value_parser = column)]
    pub(crate) sql: Option<String>,
    /// Type of that column; numbers where the ids have 64 bits, and uuid otherwise
    #[arg(long, value_enum, requires = "sql")]
    pub(crate) column_type: Option<ColumnType>,
}

/// How a column holds ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColumnType {
    /// BIGINT or INTEGER: decimal numbers
    Integer,
    /// PostgreSQL's UUID: texts of UUIDs
    Uuid,
    /// BINARY(16) or BLOB: hexadecimal literals
    Binary,
    /// TEXT: the ids in the form that is printed
    Text,
}

const SQL_EXAMPLES: &str = "\
Examples:
  idgen sql instagram --node 1341 | psql -1
  idgen sql snowflake --node 7 --schema app --table app.orders --column id

The function has the scheme's layout and needs no extension and no special role. Its ids are distinct
over all sessions, transactions and steps of the clock; the script says why, and what that rests on.
The node id must be nobody else's: neither another database's nor a program's.

Exit codes: 0 success, 2 usage (a bad flag or value, a scheme that does not fit)";

#[derive(Args, Debug)]
pub(crate) struct Sql {
    /// Scheme of the ids: one of 64 bits of tick, node and sequence
    #[arg(value_parser = scheme_names())]
    pub(crate) scheme: String,
    /// Which database to write for
    #[arg(long, value_enum, default_value = "postgres")]
    pub(crate) dialect: Dialect,
    /// Node id: who generates. Needed where the layout has a node field
    #[arg(long, value_name = "N")]
    pub(crate) node: Option<u64>,
    /// Schema of the function and its sequences, which must exist
    #[arg(long, value_name = "NAME", default_value = "public")]
    pub(crate) schema: String,
    /// Table whose column gets the function as its default, as orders or app.orders
    #[arg(long, value_name = "NAME", requires = "column")]
    pub(crate) table: Option<String>,
    /// Column of that table, of type BIGINT
    #[arg(long, value_name = "NAME", requires = "table")]
    pub(crate) column: Option<String>,
    /// How far ids may run ahead of the clock, as 10ms
    #[arg(long, value_name = "DURATION", value_parser = idgen::config::parse_duration)]
    pub(crate) max_drift: Option<Duration>,
    /// How long a call may wait for the clock to catch up, as 1s
    #[arg(long, value_name = "DURATION", value_parser = idgen::config::parse_duration)]
    pub(crate) max_wait: Option<Duration>,
}

/// A database's own SQL.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Dialect {
    /// PostgreSQL 10 or later
    Postgres,
}

const VALIDATE_EXAMPLES: &str = "\
A configuration says which scheme to use and how to generate its ids:

  [scheme]
  name = \"orders\"
  layout = \"41:5:5:12\"              # or like = \"snowflake\"
  epoch = \"2020-01-01T00:00:00Z\"
  tick = \"1ms\"

  [generator]
  node = 7

Exit codes: 0 no fault, 1 faults (each is named), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Validate {
    /// The TOML file
    pub(crate) file: PathBuf,
    /// Print the faults as a list of objects
    #[arg(long)]
    pub(crate) json: bool,
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

fn scheme_names() -> PossibleValuesParser {
    let names = idgen::catalog().iter().map(|entry| {
        let name: &'static str = entry.scheme.name.as_str();
        clap::builder::PossibleValue::new(name).help(entry.about)
    });
    PossibleValuesParser::new(names)
}

fn form_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Form::ALL.iter().map(|form| form.name()).chain(["native"]))
}

/// A column's name, perhaps with its table's: nothing that would end the clause.
fn column(name: &str) -> Result<String, String> {
    let plain = |part: &str| {
        part.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && part.chars().all(|other| other.is_alphanumeric() || other == '_')
    };
    if name.split('.').all(plain) {
        Ok(name.to_owned())
    } else {
        Err("write a column as id or orders.id, of letters, digits and _".to_owned())
    }
}

/// The form of this name; `None` for the scheme's own.
pub(crate) fn form(name: &str) -> Option<Form> {
    name.parse().ok()
}

fn layout(text: &str) -> Result<Layout, String> {
    text.parse().map_err(|error: idgen::layout::LayoutError| error.to_string())
}
