//! `idgen range`: the first and the last id of a time, for scans of an index.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use idgen::text::Form;
use idgen::{Scheme, UnixTime};
use serde::Serialize;

use crate::arguments::{column, form, form_names, scheme_names};
use crate::choice::{configuration, entry};
use crate::exit::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen range snowflake --from 2026-01-01 --to 2026-02-01
  idgen range discord --from 2026-01-01T12:00:00Z --to 2026-01-01T12:00:01Z --json
  idgen range snowflake --from 2026-01-01 --to 2026-01-02 --sql orders.id

The range holds the ids whose tick begins at --from or later, and before --to, so ranges that
meet share no id and leave none out. Times before the scheme's epoch, or after its last tick,
end it there.

Exit codes: 0 success, 1 data (no id is of that time), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
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

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let scheme = match (&arguments.scheme, &arguments.config) {
        (Some(name), _) => entry(name)?.scheme,
        (None, Some(file)) => configuration(file)?.scheme,
        (None, None) => return Err(Failure::Usage("name a scheme; see idgen schemes".into())),
    };
    let Arguments { from, to, .. } = arguments;
    let words = scheme
        .words_between(*from, *to)
        .map_err(|error| Failure::Usage(error.to_string()))?
        .ok_or_else(|| {
            let name = scheme.name;
            Failure::Data(format!("no {name} id has a tick that begins in {from} to {to}"))
        })?;
    let ends = [*words.start(), *words.end()];
    let form = form(&arguments.form).unwrap_or(scheme.text);
    let shown = match &arguments.sql {
        Some(column) => clause(&scheme, column, ends, arguments.column_type, form)?,
        None if arguments.json => record(&scheme, ends, form),
        None => ends.map(|word| format!("{}\n", scheme.format_as(word, form))).concat(),
    };
    Ok(anstream::stdout().lock().write_all(shown.as_bytes())?)
}

/// The range as an SQL condition, in the literals of the column's type.
fn clause(
    scheme: &Scheme,
    column: &str,
    ends: [u128; 2],
    kind: Option<ColumnType>,
    form: Form,
) -> Result<String, Failure> {
    let is_narrow = scheme.layout.width() == 64;
    let kind = kind.unwrap_or(if is_narrow { ColumnType::Integer } else { ColumnType::Uuid });
    let name = scheme.name;
    if is_narrow != (kind == ColumnType::Integer) && kind != ColumnType::Text {
        let bits = scheme.layout.width();
        return Err(Failure::Usage(format!(
            "{name} ids have {bits} bits, so no such column holds them"
        )));
    }
    if kind == ColumnType::Text && !form.sorts() {
        return Err(Failure::Usage(format!(
            "{form} texts are not in the order of the ids; store another --form"
        )));
    }
    let [first, last] = ends.map(|word| match kind {
        ColumnType::Integer => scheme.format_as(word, Form::Decimal).to_string(),
        ColumnType::Uuid => format!("'{}'", scheme.format_as(word, Form::Uuid)),
        ColumnType::Binary => format!("x'{}'", scheme.format_as(word, Form::Hex)),
        ColumnType::Text => format!("'{}'", scheme.format_as(word, form)),
    });
    Ok(format!("WHERE {column} >= {first} AND {column} <= {last}\n"))
}

/// The range as a JSON object.
fn record(scheme: &Scheme, ends: [u128; 2], form: Form) -> String {
    let [first, last] = ends.map(|word| End {
        id: scheme.format_as(word, form).to_string(),
        time: scheme.time(word).map(|time| time.to_string()),
    });
    let record = Record { scheme: scheme.name.to_string(), form: form.name(), first, last };
    // Strings are always JSON.
    let mut line = serde_json::to_string(&record).unwrap_or_default();
    line.push('\n');
    line
}

/// A range as a JSON object.
#[derive(Serialize)]
struct Record {
    scheme: String,
    form: &'static str,
    first: End,
    last: End,
}

/// One end of it.
#[derive(Serialize)]
struct End {
    id: String,
    /// When its tick begins.
    time: Option<String>,
}
