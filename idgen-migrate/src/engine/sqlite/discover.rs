//! What SQLite keeps of the schema.
//!
//! **Invariant:** a table counts as read where our reader says of its columns and references what SQLite
//! says. Of any other the catalog has what SQLite says alone, and no definition: whoever needs that errs, and
//! nobody else.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{Definition, Item, Rule};
use super::reader::parse;
use super::tokens::{Token, tokens};
use crate::Error;
use crate::engine::{Catalog, FoundIndex};
use crate::plan::{self, Column, Index, Kind, Made, Plan, Reference, Table};
use crate::session::{Row, Session};

/// Tables of the app's own. What a module keeps is its own matter, and the module may be the app's alone.
const OWN: &str = "s.type = 'table' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
    AND s.name NOT LIKE 'idgen\\_migrate\\_%' ESCAPE '\\' AND s.sql NOT LIKE 'CREATE VIRTUAL%'";

const TABLES: &str = "SELECT s.name, s.sql FROM sqlite_schema s";

const COLUMNS: &str = "SELECT s.name, x.name, x.type, x.\"notnull\", x.dflt_value, x.pk \
    FROM sqlite_schema s, pragma_table_xinfo(s.name) x";

const INDEXES: &str = "
SELECT s.name, l.name, l.\"unique\", l.origin, l.partial, i.sql,
    (SELECT json_group_array(name) FROM (SELECT x.name FROM pragma_index_xinfo(l.name) x WHERE x.key = 1 ORDER BY x.seqno)
        WHERE name IS NOT NULL),
    (SELECT count(*) FROM pragma_index_xinfo(l.name) x WHERE x.key = 1 AND x.name IS NULL)
FROM sqlite_schema s, pragma_index_list(s.name) l LEFT JOIN sqlite_schema i ON i.type = 'index' AND i.name = l.name";

/// In the order in which they are written.
const REFERENCES: &str = "SELECT s.name, f.seq, f.\"table\", f.\"from\", f.\"to\" \
    FROM sqlite_schema s, pragma_foreign_key_list(s.name) f";

const OTHERS: &str = "
SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('trigger', 'view')
    AND name NOT LIKE 'idgen\\_migrate\\_%' ESCAPE '\\' ORDER BY type, name";

/// The tables of a catalog by their names, as SQLite compares these.
type Known = BTreeMap<String, usize>;

pub(in crate::engine) async fn catalog(session: &mut Session) -> Result<Catalog, Error> {
    let mut catalog = Catalog::default();
    let mut texts = Vec::new();
    for row in own(session, TABLES, "s.name").await? {
        catalog.tables.push(Table {
            schema: None,
            name: row.text(0)?,
            rows: 0,
            bytes: 0,
            key: Vec::new(),
            rewritten: false,
            touched: Vec::new(),
        });
        texts.push(row.text(1)?);
    }
    let named = catalog.tables.iter().enumerate();
    let known: Known = named.map(|(i, table)| (table.name.to_ascii_lowercase(), i)).collect();
    let keys = columns(session, &mut catalog, &known).await?;
    indexes(session, &mut catalog, &known, &keys).await?;
    let mut listed = listed(session, &known).await?;
    for (table, sql) in texts.into_iter().enumerate() {
        let listed = std::mem::take(&mut listed[table]);
        let read = parse(&sql).ok().filter(|read| has_columns(read, &catalog, table));
        let written = read.as_ref().map(written).filter(|written| same(written, &listed));
        if written.is_some() {
            let name = catalog.tables[table].name.clone();
            catalog.define(table, Made::Table, &name, sql);
        }
        references(&mut catalog, table, written.unwrap_or(listed), &known, &keys);
    }
    others(session, &mut catalog, &known).await?;
    Ok(catalog)
}

/// The rows of a query about the app's own tables, in an order.
async fn own(session: &mut Session, query: &str, order: &str) -> Result<Vec<Row>, Error> {
    session.rows(&format!("{query} WHERE {OWN} ORDER BY {order}"), &[]).await
}

/// Takes the columns, and yields those of each table's primary key by their places in it.
async fn columns(
    session: &mut Session,
    catalog: &mut Catalog,
    known: &Known,
) -> Result<Vec<Vec<String>>, Error> {
    let mut keys = vec![BTreeMap::new(); known.len()];
    for row in own(session, COLUMNS, "s.name, x.cid").await? {
        let Some(&table) = known.get(&row.text(0)?.to_ascii_lowercase()) else { continue };
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
    Ok(keys.into_iter().map(|key| key.into_values().collect()).collect())
}

async fn indexes(
    session: &mut Session,
    catalog: &mut Catalog,
    known: &Known,
    keys: &[Vec<String>],
) -> Result<(), Error> {
    let mut found = Vec::new();
    for row in own(session, INDEXES, "s.name, l.seq DESC").await? {
        if let Some(&table) = known.get(&row.text(0)?.to_ascii_lowercase()) {
            found.push((table, row.text(3)? == "pk", row));
        }
    }
    let indexed: BTreeSet<_> = found.iter().filter(|of| of.1).map(|of| of.0).collect();
    for (table, key) in keys.iter().enumerate().filter(|(_, key)| !key.is_empty()) {
        primary_key(catalog, table, key.clone(), indexed.contains(&table));
    }
    for (table, _, row) in found.iter().filter(|of| !of.1) {
        index(catalog, *table, row)?;
    }
    Ok(())
}

/// The primary key as an index. That of one INTEGER is the rowid, and none, unless SQLite has an index of it: of
/// one that is `INTEGER PRIMARY KEY DESC`.
fn primary_key(catalog: &mut Catalog, table: usize, columns: Vec<String>, indexed: bool) {
    if let [only] = columns.as_slice() {
        let of_key = |(of, column): &&mut (usize, Column)| *of == table && column.name == *only;
        if let Some((_, column)) = catalog.columns.iter_mut().find(of_key)
            && column.sql_type.eq_ignore_ascii_case("INTEGER")
            && !indexed
        {
            column.default = Some("identity".into());
        }
    }
    let name = format!("{}_pk", catalog.tables[table].name);
    let unique_by = columns.len();
    let index = Index { table, name, columns, primary: true, unique: true, constraint: true };
    catalog.indexes.push(FoundIndex { index, odd: None, unique_by });
}

fn index(catalog: &mut Catalog, table: usize, row: &Row) -> Result<(), Error> {
    let mut columns = crate::engine::names(row.optional(6))?;
    let sql = row.optional(5);
    // An index of some rows, or of expressions, makes no column unique; its twin is its text with
    // other names in it.
    let whole = row.integer(4)? == 0 && row.integer(7)? == 0;
    if let Some(sql) = sql.as_ref().filter(|_| !whole) {
        let words = tokens(sql);
        let open = words.iter().position(|word| word.is("(")).unwrap_or(words.len());
        // A text in quotes is a column where nothing else can be.
        let name = |i: usize| match super::index::is_column(&words, i) {
            true => words[i].label(),
            false => words[i].name(),
        };
        let named: Vec<_> = (open..words.len()).filter_map(name).collect();
        let of_table = catalog.columns.iter().filter(|(of, _)| *of == table);
        let mentioned = of_table
            .map(|(_, column)| &column.name)
            .filter(|column| named.iter().any(|word| word.eq_ignore_ascii_case(column)));
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
    Ok(())
}

/// A foreign key, with names as somebody wrote them.
struct Foreign {
    name: Option<String>,
    columns: Vec<String>,
    to: String,
    /// None where it is to the primary key.
    to_columns: Vec<String>,
    clauses: String,
}

/// The foreign keys of each table as SQLite lists them, which has not all that is said of one.
async fn listed(session: &mut Session, known: &Known) -> Result<Vec<Vec<Foreign>>, Error> {
    let mut all: Vec<_> = known.iter().map(|_| Vec::<Foreign>::new()).collect();
    for row in own(session, REFERENCES, "s.name, f.id DESC, f.seq").await? {
        let Some(&table) = known.get(&row.text(0)?.to_ascii_lowercase()) else { continue };
        if row.integer(1)? == 0 {
            let (columns, to_columns, clauses) = (Vec::new(), Vec::new(), String::new());
            all[table].push(Foreign { name: None, columns, to: row.text(2)?, to_columns, clauses });
        }
        if let Some(foreign) = all[table].last_mut() {
            foreign.columns.push(row.text(3)?);
            foreign.to_columns.extend(row.optional(4));
        }
    }
    Ok(all)
}

/// The foreign keys as they are written.
fn written(definition: &Definition) -> Vec<Foreign> {
    let of = |(columns, clause): (Vec<String>, &super::definition::Clause)| match &clause.rule {
        Rule::References { table, columns: to_columns, clauses } => Some(Foreign {
            name: clause.name.clone(),
            columns,
            to: table.clone(),
            to_columns: to_columns.clone(),
            clauses: clauses.clone(),
        }),
        _ => None,
    };
    definition.clauses().filter_map(of).collect()
}

/// Whether both are of the same columns.
fn same(written: &[Foreign], listed: &[Foreign]) -> bool {
    let names = |some: &[String], others: &[String]| super::same_names(some, others);
    let one = |(some, other): (&Foreign, &Foreign)| {
        names(&some.columns, &other.columns)
            && some.to.eq_ignore_ascii_case(&other.to)
            && names(&some.to_columns, &other.to_columns)
    };
    written.len() == listed.len() && written.iter().zip(listed).all(one)
}

/// Whether a definition has the columns that its table has.
fn has_columns(definition: &Definition, catalog: &Catalog, table: usize) -> bool {
    let read = definition.items.iter().filter_map(|item| match item {
        Item::Column(column) => Some(&column.name),
        Item::Constraint(_) => None,
    });
    let there = catalog.columns.iter().filter(|(of, _)| *of == table);
    read.eq(there.map(|(_, column)| &column.name))
}

fn references(
    catalog: &mut Catalog,
    table: usize,
    foreign: Vec<Foreign>,
    known: &Known,
    keys: &[Vec<String>],
) {
    for Foreign { name, columns, to, to_columns, clauses } in foreign {
        let Some(&to) = known.get(&to.to_ascii_lowercase()) else { continue };
        let to_columns = match to_columns.is_empty() {
            true => keys[to].clone(),
            false => to_columns.iter().map(|name| spelled(catalog, to, name)).collect(),
        };
        let columns: Vec<_> = columns.iter().map(|name| spelled(catalog, table, name)).collect();
        let made_up = format!("{}_{}_fkey", catalog.tables[table].name, columns.join("_"));
        let name = name.unwrap_or(made_up);
        let cleared = Vec::new();
        catalog.references.push(Reference {
            table,
            name,
            columns,
            to,
            to_columns,
            clauses,
            cleared,
        });
    }
}

/// A column's name as its table spells it.
fn spelled(catalog: &Catalog, table: usize, name: &str) -> String {
    let columns = catalog.columns.iter().filter(|(of, _)| *of == table);
    let mut same = columns.map(|(_, column)| &column.name).filter(|n| n.eq_ignore_ascii_case(name));
    same.next().map_or(name, |name| name).to_owned()
}

/// What a declared type promises; see [`look`](super::look::look) for what is there.
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

/// Takes triggers, and for each table the views and the triggers of others that name it.
async fn others(session: &mut Session, catalog: &mut Catalog, known: &Known) -> Result<(), Error> {
    for row in session.rows(OTHERS, &[]).await? {
        let (kind, name, on, sql) = (row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?);
        let is_trigger = kind == "trigger";
        let own = known.get(&on.to_ascii_lowercase()).copied().filter(|_| is_trigger);
        if let Some(table) = own {
            catalog.define(table, Made::Trigger, &name, sql.clone());
        }
        let words = tokens(&sql);
        let named = words.iter().filter_map(Token::name);
        let named = named.filter_map(|name| known.get(&name.to_ascii_lowercase()).copied());
        let made = if is_trigger { Made::Caller } else { Made::View };
        for table in named.filter(|table| Some(*table) != own).collect::<BTreeSet<_>>() {
            catalog.define(table, made, &name, sql.clone());
        }
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
