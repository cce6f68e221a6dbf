//! `idgen range`: the first and the last id of a time, for scans of an index.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use idgen::catalog::Entry;
use idgen::text::Form;
use idgen::typed::Prefix;
use idgen::{Scheme, TimeRangeError, UnixTime};
use serde::Serialize;

use crate::arguments::{column, form, form_names, names_that};
use crate::choice::{configuration, entry};
use crate::exit::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen range snowflake --from 2026-01-01 --to 2026-02-01
  idgen range discord --from 2026-01-01T12:00:00Z --to 2026-01-01T12:00:01Z --json
  idgen range snowflake --from 2026-01-01 --to 2026-01-02 --sql orders.id
  idgen range snowflake --at 2026-01-01T12:00:00Z
  idgen range uuid-v7 --from 2026-01-01 --to 2026-01-02 --prefix order

The range holds the ids whose tick begins at --from or later, and before --to, so ranges that
meet share no id and leave none out. Times before the scheme's epoch, or after its last tick,
end it there. With --at it holds the ids of the tick that the instant lies in.

Exit codes: 0 success, 1 data (no id is of that time), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Scheme of the ids
    #[arg(value_parser = names_that(fits), required_unless_present = "config",
          conflicts_with = "config")]
    pub(crate) scheme: Option<String>,
    /// Where the range begins, as 2026-01-01T00:00:00Z or a date
    #[arg(long, value_name = "TIME", value_parser = idgen::config::parse_epoch,
          requires = "to", required_unless_present = "at")]
    pub(crate) from: Option<UnixTime>,
    /// Where it ends, itself left out, as 2026-01-01T00:00:00Z or a date
    #[arg(long, value_name = "TIME", value_parser = idgen::config::parse_epoch, requires = "from")]
    pub(crate) to: Option<UnixTime>,
    /// One instant instead, as 2026-01-01T00:00:00Z or a date
    #[arg(long, value_name = "TIME", value_parser = idgen::config::parse_epoch,
          conflicts_with_all = ["from", "to"])]
    pub(crate) at: Option<UnixTime>,
    /// Form of the ids; native is the scheme's own
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Put a prefix before the ids, as order_01h455vb4pex5vsknk084sn02q: TypeID's text
    #[arg(long, value_name = "PREFIX", conflicts_with = "form")]
    pub(crate) prefix: Option<String>,
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
    let prefix = arguments.prefix.as_deref().map(Prefix::try_new).transpose();
    let prefix = prefix.map_err(|error| Failure::Usage(format!("--prefix: {error}")))?;
    let ends = ends(&scheme, arguments)?;
    let text = Text { scheme, form: form(&arguments.form), prefix };
    let shown = match &arguments.sql {
        Some(column) => clause(&text, column, ends, arguments.column_type)?,
        None if arguments.json => record(&text, ends),
        None => ends.map(|word| format!("{}\n", text.of(word))).concat(),
    };
    Ok(anstream::stdout().lock().write_all(shown.as_bytes())?)
}

/// Whether the scheme's ids of a time are a range.
fn fits(entry: &Entry) -> bool {
    entry.scheme.words_between(UnixTime::EPOCH, UnixTime::EPOCH).is_ok()
}

/// The first and the last id of the time that is asked for.
fn ends(scheme: &Scheme, arguments: &Arguments) -> Result<[u128; 2], Failure> {
    let words = match (arguments.at, arguments.from, arguments.to) {
        (Some(at), ..) => scheme.words_at(at).map_err(|error| match error {
            TimeRangeError::Outside { .. } => Failure::Data(error.to_string()),
            _ => Failure::Usage(error.to_string()),
        })?,
        (None, Some(from), Some(to)) => scheme
            .words_between(from, to)
            .map_err(|error| Failure::Usage(error.to_string()))?
            .ok_or_else(|| {
                let name = scheme.name;
                Failure::Data(format!("no {name} id has a tick that begins in {from} to {to}"))
            })?,
        _ => return Err(Failure::Usage("give --from and --to, or --at".into())),
    };
    Ok([*words.start(), *words.end()])
}

/// How ids are written.
struct Text<'a> {
    scheme: Scheme,
    /// The form that was asked for; the scheme's own otherwise.
    form: Option<Form>,
    /// Prefix of typed ids, where they are to be such.
    prefix: Option<Prefix<'a>>,
}

impl Text<'_> {
    fn form(&self) -> Form {
        self.form.unwrap_or(self.scheme.text)
    }

    fn of(&self, word: u128) -> String {
        match self.prefix {
            Some(prefix) => self.scheme.typed(prefix, word).to_string(),
            None => self.scheme.format_as(word, self.form()).to_string(),
        }
    }

    /// Whether texts of it stand in the order of the ids. Those with a prefix do: they have one width.
    fn sorts(&self) -> bool {
        self.prefix.is_some() || self.form().sorts()
    }
}

/// The range as an SQL condition, in the literals of the column's type.
fn clause(
    text: &Text<'_>,
    column: &str,
    ends: [u128; 2],
    kind: Option<ColumnType>,
) -> Result<String, Failure> {
    let (scheme, form) = (&text.scheme, text.form());
    let is_narrow = scheme.layout.width() == 64;
    let kind = kind.unwrap_or(if is_narrow { ColumnType::Integer } else { ColumnType::Uuid });
    if kind != ColumnType::Text && (text.form.is_some() || text.prefix.is_some()) {
        let flag = if text.prefix.is_some() { "--prefix" } else { "--form" };
        return Err(Failure::Usage(format!(
            "{flag} is for texts alone; add --column-type text, or leave it out"
        )));
    }
    let name = scheme.name;
    if is_narrow != (kind == ColumnType::Integer) && kind != ColumnType::Text {
        let bits = scheme.layout.width();
        return Err(Failure::Usage(format!(
            "{name} ids have {bits} bits, so no such column holds them"
        )));
    }
    if kind == ColumnType::Text && !text.sorts() {
        return Err(Failure::Usage(format!(
            "{form} texts are not in the order of the ids; store another --form"
        )));
    }
    let [first, last] = ends.map(|word| match kind {
        ColumnType::Integer => scheme.format_as(word, Form::Decimal).to_string(),
        ColumnType::Uuid => format!("'{}'", scheme.format_as(word, Form::Uuid)),
        ColumnType::Binary => format!("x'{}'", scheme.format_as(word, Form::Hex)),
        ColumnType::Text => format!("'{}'", text.of(word)),
    });
    Ok(format!("WHERE {column} >= {first} AND {column} <= {last}\n"))
}

/// The range as a JSON object.
fn record(text: &Text<'_>, ends: [u128; 2]) -> String {
    let scheme = &text.scheme;
    let [first, last] = ends.map(|word| End {
        id: text.of(word),
        time: scheme.time(word).map(|time| time.to_string()),
    });
    let form = if text.prefix.is_some() { Form::Base32 } else { text.form() };
    let prefix = text.prefix.map(Prefix::as_str);
    let record = Record { scheme: scheme.name.as_str(), prefix, form: form.name(), first, last };
    // Strings are always JSON.
    let mut line = serde_json::to_string(&record).unwrap_or_default();
    line.push('\n');
    line
}

/// A range as a JSON object.
#[derive(Serialize)]
struct Record<'a> {
    scheme: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<&'a str>,
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
