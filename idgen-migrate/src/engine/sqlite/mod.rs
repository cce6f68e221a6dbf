//! SQLite.

pub(super) mod acting;
mod definition;
pub(super) mod discover;
mod index;
pub(super) mod look;
pub(super) mod losses;
mod reader;
#[cfg(test)]
mod real;
mod rekey;
mod steps;
mod table;
mod tokens;
mod triggers;
mod words;

use super::{Dialect, Link, Step, of_number};
use crate::plan::{Column, Kind, Plan};
use crate::target::{Lanes, Target};
use crate::{Error, Phase};

/// SQLite's SQL.
pub(super) struct Sqlite;

impl Dialect for Sqlite {
    /// Plain where it can be: of a name in double quotes that is none, SQLite makes a text.
    fn quote(&self, name: &str) -> String {
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !words::RESERVED.iter().any(|word| name.eq_ignore_ascii_case(word));
        if plain { name.into() } else { format!("`{}`", name.replace('`', "``")) }
    }

    fn own(&self, table: &str) -> String {
        self.quote(&format!("idgen_migrate_{table}"))
    }

    fn prepare(&self) -> Vec<String> {
        Vec::new()
    }

    fn read(&self, expression: &str, kind: Kind) -> String {
        match kind {
            Kind::Integer => format!("CAST({expression} AS INTEGER)"),
            // As a UUID is written, and in full where they are more or fewer.
            Kind::Bytes => {
                let part = |from, length| format!("substr(hex({expression}), {from}, {length})");
                let rest = format!("substr(hex({expression}), 21)");
                let parts = [part(1, 8), part(9, 4), part(13, 4), part(17, 4), rest];
                // NULL stays NULL, which hex makes an empty text of.
                format!(
                    "CASE WHEN {expression} IS NOT NULL THEN lower({}) END",
                    parts.join(" || '-' || ")
                )
            }
            _ => format!("CAST({expression} AS TEXT)"),
        }
    }

    fn write(&self, parameter: &str, column: &Column) -> String {
        match column.kind {
            Kind::Integer => format!("CAST({parameter} AS INTEGER)"),
            Kind::Bytes => format!("unhex(replace({parameter}, '-', ''))"),
            // In the column's own affinity.
            _ => parameter.into(),
        }
    }

    /// Not INTEGER: such a key would be the rowid, which the database makes up where an app forgets it.
    fn new_column(&self, target: &Target, name: &str) -> Column {
        let (sql_type, kind) =
            if target.is_uuid() { ("BLOB", Kind::Bytes) } else { ("INT", Kind::Integer) };
        Column {
            name: name.into(),
            sql_type: sql_type.into(),
            base: None,
            kind,
            nullable: true,
            default: None,
        }
    }

    /// Texts as SQLite reads them, and whole numbers as everywhere. Others
    /// are refused by the plan, and one that comes after it by the pass that reads it.
    fn millis(&self, expression: &str, _column: &Column) -> String {
        format!(
            "CASE typeof({expression}) \
             WHEN 'text' THEN CAST(round((julianday({expression}) - 2440587.5) * 86400000) AS INTEGER) \
             WHEN 'integer' THEN {} END",
            of_number(expression)
        )
    }

    fn compares_rows(&self) -> bool {
        true
    }

    fn places(&self, table: &str, chunk_rows: i64) -> Option<(Column, String)> {
        let place = Column {
            name: "rowid".into(),
            sql_type: "INTEGER".into(),
            base: None,
            kind: Kind::Integer,
            nullable: false,
            default: None,
        };
        let ends = format!(
            "SELECT rowid FROM (SELECT rowid, row_number() OVER (ORDER BY rowid) AS n FROM {table}) \
             WHERE n % {chunk_rows} = 0 ORDER BY rowid"
        );
        Some((place, ends))
    }

    /// Nobody else writes as long as a transaction does.
    fn row_name(&self) -> Option<&'static str> {
        Some("rowid")
    }

    fn assign(&self, plan: &Plan, to: usize, _old: &Column, new: &Column) -> String {
        let to = self.table(plan, to);
        let new_name = self.quote(&new.name);
        format!(
            "UPDATE {to} AS t SET {new_name} = v.n \
             FROM (SELECT CAST((e.value ->> 0) AS INTEGER) AS o, {} AS n FROM json_each(?) AS e) AS v \
             WHERE t.rowid = v.o AND t.{new_name} IS NULL",
            self.write("(e.value ->> 1)", new),
        )
    }

    fn some(&self, link: &Link<'_>, rows: i64) -> String {
        format!("c.rowid IN ({})", link.open("rowid", rows))
    }

    /// It has one writer at a time, whoever writes.
    fn writes_alone(&self) -> bool {
        true
    }

    /// In the write-ahead log, which the next one who waits for the disk writes down to the end.
    fn write_behind(&self) -> Option<(&'static str, (&'static str, &'static str))> {
        Some(("PRAGMA synchronous = NORMAL", ("PRAGMA journal_mode", "wal")))
    }

    fn now(&self) -> &'static str {
        "CAST(strftime('%s', 'now') AS INTEGER) * 1000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER)"
    }

    fn trigger_tick(&self, plan: &Plan, lanes: &Lanes) -> String {
        triggers::last_tick(plan, lanes)
    }

    /// Whoever begins by reading may find that somebody else has written when it comes to that.
    fn begin(&self) -> &'static str {
        "BEGIN IMMEDIATE"
    }

    fn wait_for_locks(&self, millis: u64) -> String {
        format!("PRAGMA busy_timeout = {millis}")
    }

    /// The session has a lock of its own for that, on a file beside the database.
    fn try_hold(&self, _name: &str) -> String {
        "SELECT 1".into()
    }

    fn holder(&self, _name: &str) -> String {
        "SELECT NULL".into()
    }

    fn enter(&self, plan: &Plan, lanes: &Lanes, to: Phase) -> Result<Vec<Step>, Error> {
        steps::enter(plan, lanes, to)
    }

    fn leave(&self, plan: &Plan, lanes: &Lanes, from: Phase) -> Result<Vec<Step>, Error> {
        steps::leave(plan, lanes, from)
    }
}

/// Whether names are the same ones, as SQLite compares them.
fn same_names(some: &[String], others: &[String]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(a, b)| a.eq_ignore_ascii_case(b))
}
