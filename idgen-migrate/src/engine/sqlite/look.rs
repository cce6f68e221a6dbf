//! What a plan's tables hold, whatever their columns promise, and how the file is used.

use super::reader::parse;
use super::{Dialect, Sqlite, losses, table};
use crate::Error;
use crate::plan::{Column, Finding, Kind, Order, Plan, Table};
use crate::session::Session;

/// Completes a plan by what is there.
pub(in crate::engine) async fn look(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    for (number, table) in plan.tables.iter().enumerate() {
        is_read(session, plan, number).await?;
        has_rowid(session, table).await?;
    }
    for table in &mut plan.tables {
        size(session, table).await?;
    }
    let kind = kind_of_ids(session, plan).await?;
    for carrier in &mut plan.carriers {
        carrier.column.kind = kind;
    }
    keys(session, plan).await?;
    times(session, plan).await?;
    journal(session, plan).await?;
    losses::look(plan)
}

/// Errs where the definition of a table is not read as SQLite reads it: nothing could be made anew by it, and nobody knows
/// what it says of references.
async fn is_read(session: &mut Session, plan: &Plan, number: usize) -> Result<(), Error> {
    if table::definition(plan, number).is_ok() {
        return Ok(());
    }
    let name = &plan.tables[number].name;
    let query = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?";
    let row = session.row(query, &[name.as_str().into()]).await?;
    let sql = row.and_then(|row| row.optional(0)).unwrap_or_default();
    parse(&sql)?;
    Err(Error::Schema(format!(
        "the definition of {name} is not read as SQLite reads it: make the table anew in plainer words, {sql}"
    )))
}

/// Errs where rows have no number of their own, or none can be asked for.
async fn has_rowid(session: &mut Session, table: &Table) -> Result<(), Error> {
    let name = Sqlite.literal(&table.name);
    let odd = format!(
        "SELECT count(*) FROM pragma_table_list({name}) WHERE wr = 1 \
         UNION ALL SELECT count(*) FROM pragma_table_xinfo({name}) WHERE lower(name) IN ('rowid', '_rowid_', 'oid')"
    );
    match session.rows(&odd, &[]).await?.iter().all(|row| matches!(row.integer(0), Ok(0))) {
        true => Ok(()),
        false => Err(Error::Schema(format!(
            "{} has no rowid, or a column of that name; the triggers need it to find a row again",
            table.name
        ))),
    }
}

/// Takes how large a table is.
async fn size(session: &mut Session, table: &mut Table) -> Result<(), Error> {
    let (name, quoted) = (Sqlite.literal(&table.name), Sqlite.quote(&table.name));
    table.rows = session.number(&format!("SELECT count(*) FROM {quoted}"), &[]).await?;
    let bytes = format!(
        "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN \
         (SELECT name FROM sqlite_schema WHERE tbl_name = {name})"
    );
    table.bytes = session.number(&bytes, &[]).await?;
    Ok(())
}

/// The kind of the ids that are there, which is one.
async fn kind_of_ids(session: &mut Session, plan: &Plan) -> Result<Kind, Error> {
    let key = Sqlite.quote(&plan.key().column.name);
    let root = Sqlite.table(plan, 0);
    let stored = format!(
        "SELECT DISTINCT typeof({key}), CASE typeof({key}) WHEN 'blob' THEN length({key}) END FROM {root}"
    );
    let found = session.rows(&stored, &[]).await?;
    let kinds: Vec<_> = found.iter().map(|row| (row.text(0).ok(), row.integer(1).ok())).collect();
    Ok(match kinds.as_slice() {
        [] => plan.key().column.kind,
        [(Some(kind), _)] if kind == "integer" => Kind::Integer,
        [(Some(kind), _)] if kind == "text" => Kind::Text,
        [(Some(kind), Some(16))] if kind == "blob" => Kind::Bytes,
        _ => {
            return Err(Error::Schema(format!(
                "ids of {} are of several kinds, or bytes of another length than 16, or missing: mend them first",
                plan.root().name
            )));
        }
    })
}

/// Names a journal in which readers and writers wait for each other.
async fn journal(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    let mode = session.row("PRAGMA journal_mode", &[]).await?;
    let mode = mode.and_then(|row| row.optional(0)).unwrap_or_default();
    if mode != "wal" {
        plan.findings.push(Finding::care(format!(
            "the journal's mode is {mode}: whoever reads holds up writers, and the other way round; take PRAGMA journal_mode = WAL"
        )));
    }
    Ok(())
}

/// The kind of what a column holds, whatever its type promises: a chunk ends at what a row holds, as text in the
/// ledger. None where a text would not come back as what it was: of several kinds, NULL, or numbers of type REAL.
async fn stored(
    session: &mut Session,
    table: &str,
    column: &Column,
) -> Result<Option<Kind>, Error> {
    let name = Sqlite.quote(&column.name);
    let query = format!("SELECT DISTINCT typeof({name}) FROM {}", Sqlite.quote(table));
    let rows = session.rows(&query, &[]).await?;
    let kinds = rows.iter().map(|row| row.text(0)).collect::<Result<Vec<_>, _>>()?;
    Ok(match kinds.as_slice() {
        [] => Some(column.kind),
        [kind] if kind == "integer" => Some(Kind::Integer),
        [kind] if kind == "text" => Some(Kind::Text),
        [kind] if kind == "blob" => Some(Kind::Bytes),
        _ => None,
    })
}

/// Takes the kinds of keys from what is in them; a key of which none is known is none, and its rows are told apart
/// by where they lie.
async fn keys(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    for table in &mut plan.tables {
        let mut known = true;
        for column in &mut table.key {
            match stored(session, &table.name, column).await? {
                Some(kind) => column.kind = kind,
                None => known = false,
            }
        }
        if !known {
            table.key.clear();
        }
    }
    Ok(())
}

/// Takes the kind of creation times from what is in them. A number of type REAL would not come back from the ledger
/// as it was, nor would one beside texts in a column that makes neither of the other, and rows be left out.
async fn kind_of_times(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    let root = plan.root().name.clone();
    let Order::Time { column, .. } = &mut plan.order else { return Ok(()) };
    let (name, quoted) = (&column.name, Sqlite.quote(&column.name));
    let real = format!("typeof({quoted}) = 'real'");
    let query = format!("SELECT count(*), min({quoted}) FROM {} WHERE {real}", Sqlite.quote(&root));
    if let Some(row) = session.row(&query, &[]).await?
        && row.integer(0)? > 0
    {
        return Err(Error::Schema(format!(
            "{name} of {root} is of type REAL in {} rows, as {}, where no chunk can end: have whole seconds or milliseconds there, in a column of type INTEGER, or name another column",
            row.integer(0)?,
            row.text(1)?
        )));
    }
    column.kind = match stored(session, &root, column).await? {
        Some(kind) => kind,
        // Such a type makes nothing of what is written.
        None if column.kind == Kind::Bytes => {
            return Err(Error::Schema(format!(
                "{name} of {root} holds values of several kinds, or none, under a type that makes one of neither: mend them first, or name another column"
            )));
        }
        None => Kind::Other,
    };
    Ok(())
}

/// Texts are ordered as texts: times of several forms are not.
async fn times(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    kind_of_times(session, plan).await?;
    let Order::Time { column, .. } = &plan.order else { return Ok(()) };
    let (name, column) = (column.name.clone(), Sqlite.quote(&column.name));
    let root = Sqlite.table(plan, 0);
    let forms = format!(
        "SELECT count(*) FROM (SELECT DISTINCT typeof({column}), CASE typeof({column}) WHEN 'text' \
         THEN length({column}) || substr({column}, 11, 1) END FROM {root})"
    );
    let forms = session.number(&forms, &[]).await?;
    if forms > 1 {
        plan.findings.push(Finding::care(format!(
            "{name} is written in {forms} forms, and rows are ordered by what is written, not by what it means"
        )));
    }
    Ok(())
}
