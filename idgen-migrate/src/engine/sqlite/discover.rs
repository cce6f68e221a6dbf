//! What SQLite keeps of the schema.

use std::collections::BTreeMap;

use super::definition::{self, Definition, Rule};
use super::tokens::{Token, tokens};
use super::{Dialect, Sqlite};
use crate::Error;
use crate::engine::{Catalog, FoundIndex};
use crate::plan::{self, Column, Finding, Index, Kind, Made, Order, Plan, Reference, Table};
use crate::session::Session;

const TABLES: &str = "
SELECT s.name, s.sql FROM sqlite_schema s WHERE s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND s.name NOT LIKE 'idgen\\_migrate\\_%' ESCAPE '\\' AND s.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY s.name";

const COLUMNS: &str = "
SELECT s.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk
FROM sqlite_schema s, pragma_table_xinfo(s.name) x WHERE s.type = 'table' ORDER BY s.name, x.cid";

const INDEXES: &str = "
SELECT s.name, l.name, l.\"unique\", l.origin, l.partial, i.sql,
    (SELECT json_group_array(name) FROM (SELECT x.name FROM pragma_index_xinfo(l.name) x WHERE x.key = 1 ORDER BY x.seqno)
        WHERE name IS NOT NULL),
    (SELECT count(*) FROM pragma_index_xinfo(l.name) x WHERE x.key = 1 AND x.name IS NULL)
FROM sqlite_schema s, pragma_index_list(s.name) l LEFT JOIN sqlite_schema i ON i.type = 'index' AND i.name = l.name
WHERE s.type = 'table' ORDER BY s.name, l.seq DESC";

const OTHERS: &str = "
SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')
    AND name NOT LIKE 'idgen\\_migrate\\_%' ESCAPE '\\' ORDER BY type, name";

pub(in crate::engine) async fn catalog(session: &mut Session) -> Result<Catalog, Error> {
    let mut catalog = Catalog::default();
    let mut definitions = Vec::new();
    for row in session.rows(TABLES, &[]).await? {
        let (name, sql) = (row.text(0)?, row.text(1)?);
        definitions.push(definition::parse(&sql)?);
        let table = catalog.tables.len();
        catalog.define(table, Made::Table, &name, sql);
        catalog.tables.push(Table {
            schema: None,
            name,
            rows: 0,
            bytes: 0,
            key: Vec::new(),
            rewritten: false,
            touched: Vec::new(),
        });
    }
    let known: BTreeMap<String, usize> =
        catalog.tables.iter().enumerate().map(|(i, t)| (t.name.to_lowercase(), i)).collect();
    let mut keys = vec![BTreeMap::new(); known.len()];
    for row in session.rows(COLUMNS, &[]).await? {
        let Some(&table) = known.get(&row.text(0)?.to_lowercase()) else { continue };
        let (name, sql_type, place) = (row.text(1)?, row.text(2)?, row.integer(5)?);
        if place > 0 {
            keys[table].insert(place, name.clone());
        }
        let kind = kind(&sql_type);
        // Keys may be NULL, by an old mistake that SQLite stands by; none means it so.
        let nullable = row.integer(3)? == 0 && place == 0;
        let column =
            Column { name, sql_type, base: None, kind, nullable, default: row.optional(4) };
        catalog.columns.push((table, column));
    }
    for (table, key) in keys.iter().enumerate() {
        primary_key(&mut catalog, table, key.values().cloned().collect());
    }
    indexes(session, &mut catalog, &known).await?;
    for (table, definition) in definitions.iter().enumerate() {
        references(&mut catalog, table, definition, &known, &keys);
    }
    for row in session.rows(OTHERS, &[]).await? {
        let (kind, name, on, sql) = (row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?);
        if kind == "trigger" {
            if let Some(&table) = known.get(&on.to_lowercase()) {
                catalog.define(table, Made::Trigger, &name, sql);
            }
            continue;
        }
        let words = tokens(&sql);
        let named = words.iter().filter_map(Token::name);
        if let Some(table) = named.filter_map(|name| known.get(&name.to_lowercase())).next() {
            catalog.define(*table, Made::View, &name, sql.clone());
        }
    }
    Ok(catalog)
}

/// The primary key as an index. That of one INTEGER is the rowid, and none.
fn primary_key(catalog: &mut Catalog, table: usize, columns: Vec<String>) {
    if columns.is_empty() {
        return;
    }
    if let [only] = columns.as_slice() {
        let of_key = |(of, column): &&mut (usize, Column)| *of == table && column.name == *only;
        if let Some((_, column)) = catalog.columns.iter_mut().find(of_key)
            && column.sql_type.eq_ignore_ascii_case("INTEGER")
        {
            column.default = Some("identity".into());
        }
    }
    let name = format!("{}_pk", catalog.tables[table].name);
    let unique_by = columns.len();
    let index = Index { table, name, columns, primary: true, unique: true, constraint: true };
    catalog.indexes.push(FoundIndex { index, odd: None, unique_by });
}

async fn indexes(
    session: &mut Session,
    catalog: &mut Catalog,
    known: &BTreeMap<String, usize>,
) -> Result<(), Error> {
    for row in session.rows(INDEXES, &[]).await? {
        let Some(&table) = known.get(&row.text(0)?.to_lowercase()) else { continue };
        if row.text(3)? == "pk" {
            continue;
        }
        let mut columns = crate::engine::names(row.optional(6))?;
        let sql = row.optional(5);
        // An index of some rows, or of expressions, makes no column unique; its twin is its text with
        // other names in it.
        let whole = row.integer(4)? == 0 && row.integer(7)? == 0;
        if let Some(sql) = sql.as_ref().filter(|_| !whole) {
            let words: Vec<_> = tokens(sql).iter().skip(5).filter_map(Token::name).collect();
            let of_table = catalog.columns.iter().filter(|(of, _)| *of == table);
            let mentioned = of_table
                .map(|(_, column)| &column.name)
                .filter(|column| words.iter().any(|word| word.eq_ignore_ascii_case(column)));
            columns = mentioned.cloned().collect();
        }
        let name = match &sql {
            Some(_) => row.text(1)?,
            None => format!("{}_{}_key", row.text(0)?, columns.join("_")),
        };
        let index = Index {
            table,
            name: name.clone(),
            columns,
            primary: false,
            unique: row.integer(2)? == 1 && whole,
            constraint: sql.is_none(),
        };
        let unique_by = if index.unique { index.columns.len() } else { 0 };
        catalog.indexes.push(FoundIndex { index, odd: None, unique_by });
        if let Some(sql) = sql {
            catalog.define(table, Made::Index, &name, sql);
        }
    }
    Ok(())
}

/// The foreign keys, as they are written: `PRAGMA foreign_key_list` has not all that is said of one.
fn references(
    catalog: &mut Catalog,
    table: usize,
    definition: &Definition,
    known: &BTreeMap<String, usize>,
    keys: &[BTreeMap<i64, String>],
) {
    for (columns, clause) in definition.clauses() {
        let Rule::References { table: to, columns: to_columns, clauses } = &clause.rule else {
            continue;
        };
        let Some(&to) = known.get(&to.to_lowercase()) else { continue };
        let to_columns = match to_columns.is_empty() {
            true => keys[to].values().cloned().collect(),
            false => to_columns.iter().map(|name| spelled(catalog, to, name)).collect(),
        };
        let columns: Vec<_> = columns.iter().map(|name| spelled(catalog, table, name)).collect();
        let name = format!("{}_{}_fkey", catalog.tables[table].name, columns.join("_"));
        let name = clause.name.clone().unwrap_or(name);
        let clauses = clauses.clone();
        catalog.references.push(Reference {
            table,
            name,
            columns,
            to,
            to_columns,
            clauses,
            cleared: Vec::new(),
        });
    }
}

/// A column's name as its table spells it.
fn spelled(catalog: &Catalog, table: usize, name: &str) -> String {
    let columns = catalog.columns.iter().filter(|(of, _)| *of == table);
    let mut same = columns.map(|(_, column)| &column.name).filter(|n| n.eq_ignore_ascii_case(name));
    same.next().map_or(name, |name| name).to_owned()
}

/// What a declared type promises; see [`look`] for what is there.
fn kind(sql_type: &str) -> Kind {
    let upper = sql_type.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    match () {
        () if has(&["INT"]) => Kind::Integer,
        () if has(&["CHAR", "CLOB", "TEXT", "UID"]) => Kind::Text,
        () if has(&["BLOB"]) || upper.is_empty() => Kind::Bytes,
        () if has(&["DATE", "TIME"]) => Kind::Time,
        () => Kind::Other,
    }
}

/// Looks at what a plan's tables hold, whatever their columns promise, and at how the file is used.
pub(in crate::engine) async fn look(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    for table in &mut plan.tables {
        let name = Sqlite.literal(&table.name);
        let quoted = Sqlite.quote(&table.name);
        let odd = format!(
            "SELECT count(*) FROM pragma_table_list({name}) WHERE wr = 1 \
             UNION ALL SELECT count(*) FROM pragma_table_xinfo({name}) WHERE name IN ('rowid', '_rowid_', 'oid')"
        );
        if session.rows(&odd, &[]).await?.iter().any(|row| !matches!(row.integer(0), Ok(0))) {
            return Err(Error::Schema(format!(
                "{} has no rowid, or a column of that name; the triggers need it to find a row again",
                table.name
            )));
        }
        table.rows = session.number(&format!("SELECT count(*) FROM {quoted}"), &[]).await?;
        let bytes = format!(
            "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN \
             (SELECT name FROM sqlite_schema WHERE tbl_name = {name})"
        );
        table.bytes = session.number(&bytes, &[]).await?;
    }
    let key = Sqlite.quote(&plan.key().column.name);
    let root = Sqlite.table(plan, 0);
    let stored = format!(
        "SELECT DISTINCT typeof({key}), CASE typeof({key}) WHEN 'blob' THEN length({key}) END FROM {root}"
    );
    let found = session.rows(&stored, &[]).await?;
    let kinds: Vec<_> = found.iter().map(|row| (row.text(0).ok(), row.integer(1).ok())).collect();
    let kind = match kinds.as_slice() {
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
    };
    for carrier in &mut plan.carriers {
        carrier.column.kind = kind;
    }
    keys(session, plan).await?;
    times(session, plan).await?;
    let mode = session.row("PRAGMA journal_mode", &[]).await?;
    let mode = mode.and_then(|row| row.optional(0)).unwrap_or_default();
    if mode != "wal" {
        plan.findings.push(Finding::care(format!(
            "the journal's mode is {mode}: whoever reads holds up writers, and the other way round; take PRAGMA journal_mode = WAL"
        )));
    }
    if !plan.keep_key {
        checks(plan)?;
        readers(plan);
    }
    Ok(())
}

/// Takes the indexes, triggers and views that there are now: those that are made anew with their tables.
pub(in crate::engine) async fn refresh(
    session: &mut Session,
    plan: &mut Plan,
) -> Result<(), Error> {
    let found = catalog(session).await?;
    let twins = plan.indexes.iter();
    let mut ours: Vec<_> =
        twins.flat_map(|i| [plan.twin_name(&i.name), plan.kept_name(&i.name)]).collect();
    ours.extend(super::steps::order_index(plan).map(|(name, _)| name));
    plan.definitions.retain(|of| of.what == Made::Table);
    for of in found.definitions.into_iter().filter(|of| of.what != Made::Table) {
        let name = &found.tables[of.table].name;
        let table = plan.tables.iter().position(|table| table.name == *name);
        if let Some(table) = table.filter(|_| !ours.contains(&of.name)) {
            plan.definitions.push(plan::Definition { table, ..of });
        }
    }
    Ok(())
}

/// What of the app's own cannot stay as it is when the old ids go.
fn readers(plan: &mut Plan) {
    let old: Vec<_> = plan.carriers.iter().map(|carrier| carrier.column.name.clone()).collect();
    let reads = |of: &&plan::Definition| {
        let words = tokens(&of.sql);
        let mut names = words.iter().filter_map(Token::name);
        matches!(of.what, Made::View | Made::Trigger)
            && names.any(|name| old.iter().any(|old| old.eq_ignore_ascii_case(&name)))
    };
    let finding = |of: &plan::Definition| {
        Finding::care(format!(
            "{} has a column in it that is named as one of old ids: see that it reads new ones before the last phase",
            of.name
        ))
    };
    let findings: Vec<_> = plan.definitions.iter().filter(reads).map(finding).collect();
    plan.findings.extend(findings);
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

/// What is checked of an old id is not checked of a new one.
fn checks(plan: &mut Plan) -> Result<(), Error> {
    for (number, table) in plan.tables.iter().enumerate() {
        let definition = super::table::definition(plan, number)?;
        let carriers: Vec<_> = plan.carriers_of(number).collect();
        let lost = definition.clauses().filter(|(columns, clause)| {
            let names = carriers.iter().map(|carrier| carrier.column.name.as_str());
            clause.rule == Rule::Check
                && names
                    .clone()
                    .any(|name| clause.mentions(name) || columns.iter().any(|c| c == name))
        });
        let findings: Vec<_> = lost
            .map(|(_, clause)| {
                Finding::care(format!("{} of {} goes with the old ids", clause.text, table.name))
            })
            .collect();
        plan.findings.extend(findings);
    }
    Ok(())
}
