//! A plan is made from what the database says of its schema.

use std::collections::BTreeSet;
use std::fmt::Display;

use idgen_core::UnixTime;
use idgen_core::clock::Clock;

use super::losses::{are_free, look_at_standing, without_twin};
use super::{
    Carrier, Column, Definition, Finding, Fingerprint, Index, Kind, Order, Plan, Reference,
};
use crate::Error;
use crate::engine::{self, Catalog, dialect};
use crate::session::{Engine, Session};
use crate::target::{Lanes, Target};

/// What a person says of the migration they want.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Name of the migration; the table's where there is none.
    pub name: Option<String>,
    /// The table whose key is to change, with its schema where it needs one.
    pub table: String,
    /// The key; the primary key's only column where there is none.
    pub key: Option<String>,
    /// The column with the time of creation; found by its name where there is none.
    pub created: Option<String>,
    /// The scheme of the old ids, if their time and order are in them.
    pub source: Option<Target>,
    /// What the new ids are.
    pub target: Target,
    /// What the new columns' names end with.
    pub suffix: String,
    /// Whether the old id is to stay the primary key.
    pub keep_key: bool,
}

impl Wish {
    /// The wish for a table, with everything else by default.
    #[must_use]
    pub fn new(table: &str, target: Target) -> Self {
        Self {
            name: None,
            table: table.into(),
            key: None,
            created: None,
            source: None,
            target,
            suffix: "_new".into(),
            keep_key: false,
        }
    }
}

/// Names that tell a column of creation times.
const CREATED: [&str; 5] = ["created_at", "created", "inserted_at", "created_on", "creation_time"];

/// The plan for a wish, by the schema and the rows that are there.
///
/// # Errors
/// If the table, its key or its order cannot be used.
pub async fn survey(session: &mut Session, wish: &Wish, clock: &dyn Clock) -> Result<Plan, Error> {
    let catalog = engine::catalog(session).await?;
    let root = find_table(&catalog, &wish.table)?;
    let key = find_key(&catalog, root, wish.key.as_deref())?;
    if matches!(key.kind, Kind::Time | Kind::Other) {
        return Err(Error::Schema(format!(
            "the key {} is of type {}, of which no ids are; a key of integers, UUIDs, texts or bytes can be migrated",
            key.name, key.sql_type
        )));
    }
    let mut plan = graph(&catalog, root, key, session.engine(), wish)?;
    plan.order = find_order(&catalog, root, wish, &plan, clock)?;
    are_free(&plan, &catalog)?;
    engine::look(session, &mut plan).await?;
    look_at_standing(session, &mut plan).await?;
    look_at_rows(session, &mut plan).await?;
    Ok(plan)
}

/// A table by its name, and its key.
pub(crate) async fn locate(
    session: &mut Session,
    table: &str,
    key: Option<&str>,
) -> Result<(super::Table, Column), Error> {
    let catalog = engine::catalog(session).await?;
    let root = find_table(&catalog, table)?;
    Ok((catalog.tables[root].clone(), find_key(&catalog, root, key)?))
}

fn find_table(catalog: &Catalog, name: &str) -> Result<usize, Error> {
    let (schema, bare) = match name.split_once('.') {
        Some((schema, bare)) => (Some(schema), bare),
        None => (None, name),
    };
    let fits = |table: &super::Table| {
        table.name == bare && schema.is_none_or(|schema| table.schema.as_deref() == Some(schema))
    };
    let mut found = catalog.tables.iter().enumerate().filter(|(_, table)| fits(table));
    match (found.next(), found.next()) {
        (Some((i, _)), None) => Ok(i),
        (Some(_), Some(_)) => Err(Error::Schema(format!(
            "there are several tables {name}; name one as schema.{name}"
        ))),
        (None, _) => Err(Error::Schema(format!(
            "there is no table {name} that can be migrated: views and partitioned tables cannot"
        ))),
    }
}

fn columns_of(catalog: &Catalog, table: usize) -> impl Iterator<Item = &Column> {
    catalog.columns.iter().filter(move |(of, _)| *of == table).map(|(_, column)| column)
}

fn find_key(catalog: &Catalog, root: usize, name: Option<&str>) -> Result<Column, Error> {
    let unique = catalog.indexes.iter().filter(|found| {
        let index = &found.index;
        index.table == root && index.unique && index.columns.len() == 1 && found.odd.is_none()
    });
    let mut candidates: Vec<_> = unique.map(|found| &found.index).collect();
    candidates.sort_by_key(|index| !index.primary);
    let chosen = candidates.iter().find(|index| match name {
        Some(name) => index.columns[0] == name,
        None => index.primary,
    });
    let table = &catalog.tables[root].name;
    let chosen = chosen.ok_or_else(|| {
        let what =
            name.map_or("a primary key of one column".into(), |name| format!("a unique {name}"));
        Error::Schema(format!("{table} has not {what}; name a column that is unique by itself"))
    })?;
    let column = columns_of(catalog, root).find(|column| column.name == chosen.columns[0]);
    column
        .cloned()
        .ok_or_else(|| Error::Schema(format!("{table} has no column {}", chosen.columns[0])))
}

/// Follows the references to the key, and the references to those.
fn graph(
    catalog: &Catalog,
    root: usize,
    key: Column,
    engine: Engine,
    wish: &Wish,
) -> Result<Plan, Error> {
    let mut found = vec![(root, key.name.clone())];
    let mut i = 0;
    while i < found.len() {
        let (table, column) = found[i].clone();
        for reference in catalog.references.iter().filter(|reference| reference.to == table) {
            for (from, to) in reference.columns.iter().zip(&reference.to_columns) {
                let carrier = (reference.table, from.clone());
                if *to == column && !found.contains(&carrier) {
                    found.push(carrier);
                }
            }
        }
        i += 1;
    }
    let mut order = Vec::new();
    for (table, _) in &found {
        if !order.contains(table) {
            order.push(*table);
        }
    }
    let place = |table: usize| order.iter().position(|known| *known == table);
    let mut findings = Vec::new();
    let mut tables = Vec::new();
    for table in &order {
        tables.push(with_key(catalog, *table, engine, &mut findings));
    }
    let mut carriers = Vec::new();
    for (table, name) in &found {
        let column = columns_of(catalog, *table).find(|column| column.name == *name);
        let column = column.cloned().ok_or_else(|| Error::Schema(format!("no column {name}")))?;
        let new = super::suffixed(name, &wish.suffix);
        if columns_of(catalog, *table).any(|column| column.name == new) {
            return Err(Error::Schema(format!(
                "{} has a column {new} already; choose another suffix than {}",
                catalog.tables[*table].name, wish.suffix
            )));
        }
        carriers.extend(place(*table).map(|table| Carrier { table, column, new }));
    }
    let holds = |table: usize, columns: &[String]| {
        columns.iter().any(|column| found.iter().any(|(t, c)| *t == table && c == column))
    };
    let mut indexes = Vec::new();
    for candidate in &catalog.indexes {
        let index = &candidate.index;
        let Some(table) = place(index.table).filter(|_| holds(index.table, &index.columns)) else {
            continue;
        };
        match candidate.odd {
            None => indexes.push(Index { table, ..index.clone() }),
            Some(odd) => findings.push(Finding::care(format!(
                "index {} {odd}: make its twin by hand before reads are switched",
                index.name
            ))),
        }
    }
    let references = catalog
        .references
        .iter()
        .filter(|r| holds(r.table, &r.columns) && holds(r.to, &r.to_columns));
    let references: Vec<_> = references
        .filter_map(|r| Some(Reference { table: place(r.table)?, to: place(r.to)?, ..r.clone() }))
        .collect();
    findings.extend(without_twin(catalog, &holds, &carriers, &tables, wish));
    let definitions = catalog
        .definitions
        .iter()
        .filter_map(|of| Some(Definition { table: place(of.table)?, ..of.clone() }));
    let definitions = definitions.collect();
    let name = wish.name.clone().unwrap_or_else(|| tables[0].name.clone());
    let fingerprint = Fingerprint::of(catalog, &tables);
    let mut plan = Plan {
        name,
        engine,
        target: wish.target.clone(),
        suffix: wish.suffix.clone(),
        order: Order::Key { millis: 0 },
        tables,
        carriers,
        indexes,
        references,
        findings,
        fence: None,
        keep_key: wish.keep_key,
        definitions,
        fingerprint,
    };
    let late = super::late::findings(&plan);
    plan.findings.extend(late);
    let rewritten = plan.tables.iter().filter(|table| table.rewritten);
    let found = rewritten.map(|table| {
        let what = "is written anew, beside others, when columns come and go: its format or a setting of the server does not allow that in an instant";
        Finding::care(format!("{} {what}", table.name))
    });
    let found: Vec<_> = found.collect();
    plan.findings.extend(found);
    Ok(plan)
}

fn with_key(
    catalog: &Catalog,
    table: usize,
    engine: Engine,
    findings: &mut Vec<Finding>,
) -> super::Table {
    let mut found = catalog.tables[table].clone();
    let primary = catalog.indexes.iter().map(|found| &found.index);
    let primary =
        primary.filter(|index| index.table == table && index.unique && !index.columns.is_empty());
    let is_there = |index: &&Index| {
        let nullable: BTreeSet<_> =
            columns_of(catalog, table).filter(|c| c.nullable).map(|c| c.name.as_str()).collect();
        index.primary || !index.columns.iter().any(|column| nullable.contains(column.as_str()))
    };
    match primary.filter(is_there).max_by_key(|index| index.primary) {
        Some(index) => {
            let named =
                |name: &String| columns_of(catalog, table).find(|c| c.name == *name).cloned();
            found.key = index.columns.iter().filter_map(named).collect();
        }
        // Elsewhere its rows are told by where they lie.
        None if engine != Engine::MariaDb => {}
        None => findings.push(Finding::care(format!(
            "{} has no key: its backfill is one chunk, and one long transaction",
            found.name
        ))),
    }
    found
}

fn find_order(
    catalog: &Catalog,
    root: usize,
    wish: &Wish,
    plan: &Plan,
    clock: &dyn Clock,
) -> Result<Order, Error> {
    let now = millis(clock.wall());
    if let Some(source) = &wish.source {
        let from = plan.target.epoch_millis.max(source.epoch_millis);
        return Ok(Order::Id { source: source.clone(), believed: (from, now) });
    }
    let named = |name: &str| columns_of(catalog, root).find(|column| column.name == name);
    let column = match &wish.created {
        Some(name) => Some(named(name).ok_or_else(|| {
            Error::Schema(format!(
                "{} has no column {name}; name the one with the time of creation",
                plan.root().name
            ))
        })?),
        None => CREATED.iter().find_map(|name| named(name)),
    };
    Ok(match column {
        Some(column) => {
            Order::Time { column: column.clone(), believed: (plan.target.epoch_millis, now) }
        }
        None => Order::Key { millis: now },
    })
}

/// Counts what is in the way: missing and outlying times.
async fn look_at_rows(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    let sql = dialect(plan.engine);
    let table = sql.table(plan, 0);
    let rows = session.number(&format!("SELECT count(*) FROM {table}"), &[]).await?;
    plan.tables[0].rows = rows;
    // Of tables that were never analysed, and of empty ones, the database knows nothing.
    for number in 1..plan.tables.len() {
        if plan.tables[number].rows == 0 {
            let count = format!("SELECT count(*) FROM {}", sql.table(plan, number));
            plan.tables[number].rows = session.number(&count, &[]).await?;
        }
    }
    have_keys(session, plan).await?;
    let (column, (from, to)) = match plan.order.clone() {
        Order::Time { column, believed } => (column, believed),
        Order::Id { source, believed } => {
            return look_at_ids(session, plan, &source.lanes()?, believed).await;
        }
        Order::Key { .. } => return Ok(()),
    };
    let at = sql.millis(&sql.quote(&column.name), &column);
    let query = format!(
        "SELECT count(*) - count({at}), min({at}), max({at}), \
         count(CASE WHEN {at} < ? THEN 1 END), count(CASE WHEN {at} > ? THEN 1 END) FROM {table}"
    );
    let Some(row) = session.row(&query, &[from.into(), to.into()]).await? else { return Ok(()) };
    if row.integer(0)? > 0 {
        return Err(Error::Schema(format!(
            "{} rows of {} have no {}; give them one, or name another column",
            row.integer(0)?,
            plan.root().name,
            column.name
        )));
    }
    for (count, edge, bound) in [(3, 1, from), (4, 2, to)] {
        let edge = UnixTime::from_millis(row.integer(edge)?);
        plan.findings.extend(outlying(row.integer(count)?, &column.name, edge, bound));
    }
    Ok(())
}

/// Errs where rows have no old id, as a key that is merely unique allows.
pub(crate) async fn have_keys(session: &mut Session, plan: &Plan) -> Result<(), Error> {
    let sql = dialect(plan.engine);
    let key = &plan.key().column.name;
    let query =
        format!("SELECT count(*) FROM {} WHERE {} IS NULL", sql.table(plan, 0), sql.quote(key));
    match session.number(&query, &[]).await? {
        0 => Ok(()),
        count => Err(Error::Schema(format!(
            "{count} rows of {} have no {key}; give them one, or take them away",
            plan.root().name
        ))),
    }
}

/// The same of old ids that hold their time.
async fn look_at_ids(
    session: &mut Session,
    plan: &mut Plan,
    source: &Lanes,
    (from, to): (i64, i64),
) -> Result<(), Error> {
    let sql = dialect(plan.engine);
    let (table, key) = (sql.table(plan, 0), plan.key().column.clone());
    let quoted = sql.quote(&key.name);
    let tick = |millis| source.timebase().nearest_tick(UnixTime::from_millis(millis));
    let edges = [
        (tick(from), "<", "ASC", from),
        // Where the layout ends before that, no id is later.
        (tick(to).saturating_add(1), ">=", "DESC", to),
    ];
    for (tick, is_outside, order, bound) in edges {
        let Ok(edge) = source.least_of(tick) else { continue };
        let edge = source.scheme().format(edge).to_string();
        let outside = format!("{quoted} {is_outside} {}", sql.write("?", &key));
        let count = format!("SELECT count(*) FROM {table} WHERE {outside}");
        let count = session.number(&count, &[edge.into()]).await?;
        let farthest = format!(
            "SELECT {} FROM {table} WHERE {quoted} IS NOT NULL ORDER BY {quoted} {order} LIMIT 1",
            sql.read(&quoted, key.kind)
        );
        let farthest = session.row(&farthest, &[]).await?.map(|row| row.text(0)).transpose()?;
        plan.findings.extend(outlying(count, &key.name, farthest.unwrap_or_default(), bound));
    }
    Ok(())
}

/// What there is to know of rows whose time is not believed.
fn outlying(count: i64, column: &str, edge: impl Display, bound: i64) -> Option<Finding> {
    let bound = UnixTime::from_millis(bound);
    let what = format!(
        "{count} rows have an outlying {column} (as far as {edge}): their ids are of {bound}"
    );
    (count > 0).then(|| Finding::care(what))
}

/// Whole milliseconds of an instant.
pub(crate) fn millis(time: UnixTime) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
