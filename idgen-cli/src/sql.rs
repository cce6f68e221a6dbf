//! `idgen sql`: a function that makes ids inside a database.

use std::io::Write;
use std::time::Duration;

use clap::{Args, ValueEnum};
use idgen::sql::Postgres;

use crate::arguments::scheme_names;
use crate::choice;
use crate::exit::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen sql instagram --node 1341 | psql -1
  idgen sql snowflake --node 7 --schema app --table app.orders --column id

The function has the scheme's layout and needs no extension and no special role. Its ids are distinct
over all sessions, transactions and steps of the clock; the script says why, and what that rests on.
The node id must be nobody else's: neither another database's nor a program's.

Exit codes: 0 success, 2 usage (a bad flag or value, a scheme that does not fit)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
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

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let script = match arguments.dialect {
        Dialect::Postgres => postgres(arguments)?,
    };
    anstream::stdout().write_all(script.as_bytes())?;
    Ok(())
}

fn postgres(arguments: &Arguments) -> Result<String, Failure> {
    let scheme = choice::entry(&arguments.scheme)?.scheme;
    let bits = scheme.layout.node_bits();
    let node = match arguments.node {
        None if bits > 0 => {
            let max = u64::MAX >> (u64::BITS - bits);
            let why =
                format!("the {} layout has a node field; give --node in 0..={max}", scheme.name);
            return Err(Failure::Usage(why));
        }
        node => node.unwrap_or(0),
    };
    let mut function = Postgres::new(scheme, node).schema(&arguments.schema);
    if let (Some(table), Some(column)) = (&arguments.table, &arguments.column) {
        function = function.column(table, column);
    }
    if let Some(drift) = arguments.max_drift {
        function = function.max_drift(drift);
    }
    if let Some(wait) = arguments.max_wait {
        function = function.max_wait(wait);
    }
    function.script().map_err(|error| Failure::Usage(error.to_string()))
}
