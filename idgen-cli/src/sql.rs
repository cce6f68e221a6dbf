//! `idgen sql`: a function that makes ids inside a database.

use std::io::Write;
use std::time::Duration;

use clap::{Args, ValueEnum};
use idgen::catalog::Entry;
use idgen::clock::{Clock, SystemClock};
use idgen::lease::Realm;
use idgen::sql::Postgres;
use idgen::{Scheme, UnixTime};

use crate::arguments::{Custom, names_that};
use crate::choice::Choice;
use crate::exit::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen sql instagram --node 1341 | psql -1 -v ON_ERROR_STOP=1
  idgen sql snowflake --node 7 --schema app --table app.orders --column id
  idgen sql --layout 41:5:5:12 --epoch 2024-01-01 --node 7

The function has the scheme's layout and needs no extension and no special role. Its ids are
distinct over all sessions, transactions and steps of the clock; the script says why, and what that
rests on. The node id must be nobody else's: neither another database's nor a program's.

psql goes on after an error, and ends with success, unless ON_ERROR_STOP says otherwise.

Exit codes: 0 success, 1 data (a bad file, a scheme whose last tick is over), 2 usage (a bad flag or
value, a scheme that does not fit)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Scheme of the ids: one of 64 bits of tick, node and sequence
    #[arg(value_parser = names_that(fits), required_unless_present_any = ["config", "layout"],
          conflicts_with_all = ["config", "layout"])]
    pub(crate) scheme: Option<String>,
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
    #[command(flatten)]
    pub(crate) custom: Custom,
}

/// Whether there is a function of the scheme today.
fn fits(entry: &Entry) -> bool {
    Postgres::new(entry.scheme, 0).script().is_ok() && last(&entry.scheme).is_none()
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
    let Choice { mut scheme, settings, altered, .. } =
        Choice::of(arguments.scheme.as_deref().unwrap_or_default(), &arguments.custom)?;
    if altered {
        // A function of its own, as a scheme without a name has records of its own.
        scheme.name = Realm::by_layout(scheme).namespace();
    }
    let bits = scheme.layout.node_bits();
    let node = match arguments.node.or(settings.node) {
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
    if let Some(drift) = arguments.max_drift.or(settings.max_drift) {
        function = function.max_drift(drift);
    }
    if let Some(wait) = arguments.max_wait.or(settings.max_wait) {
        function = function.max_wait(wait);
    }
    let script = function.script().map_err(|error| Failure::Usage(error.to_string()))?;
    match last(&scheme) {
        None => Ok(script),
        Some(last) => Err(Failure::Data(format!(
            "the last tick of {} that fits a BIGINT began at {last}, so the function would err at every \
             call; choose a scheme with a later epoch or more tick bits",
            scheme.name
        ))),
    }
}

/// When the last tick began whose ids fit a BIGINT, if that is over.
fn last(scheme: &Scheme) -> Option<UnixTime> {
    let (base, last) = (scheme.timebase?, scheme.capacity().last_signed?);
    (base.nearest_tick(SystemClock.wall()) > base.nearest_tick(last)).then_some(last)
}
