//! `idgen range`: the first and the last id of a time, for scans of an index.

use std::io::Write;

use idgen::Scheme;
use idgen::text::Form;
use serde::Serialize;

use crate::choice::{configuration, entry};
use crate::cli::{ColumnType, Range, form};
use crate::exit::Failure;

pub(crate) fn run(arguments: &Range) -> Result<(), Failure> {
    let scheme = match (&arguments.scheme, &arguments.config) {
        (Some(name), _) => entry(name)?.scheme,
        (None, Some(file)) => configuration(file)?.scheme,
        (None, None) => return Err(Failure::Usage("name a scheme; see idgen schemes".into())),
    };
    let Range { from, to, .. } = arguments;
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
