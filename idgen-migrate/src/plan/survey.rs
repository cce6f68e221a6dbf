//! A plan is made from what the database says of its schema.

use idgen_core::UnixTime;
use idgen_core::clock::Clock;

use super::graph::graph;
use super::losses::{are_free, look_at_acting, look_at_standing};
use super::rows::look_at_rows;
use super::{Column, Kind, Order, Plan};
use crate::Error;
use crate::engine::{self, Catalog};
use crate::session::Session;
use crate::target::Target;

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
    let mut plan = graph(&catalog, root, &key, session.engine(), wish)?;
    plan.order = find_order(&catalog, root, wish, &plan, clock)?;
    are_free(&plan, &catalog)?;
    engine::look(session, &mut plan).await?;
    look_at_standing(session, &mut plan).await?;
    look_at_acting(session, &mut plan).await?;
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

pub(super) fn columns_of(catalog: &Catalog, table: usize) -> impl Iterator<Item = &Column> {
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

/// Whole milliseconds of an instant.
pub(crate) fn millis(time: UnixTime) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
