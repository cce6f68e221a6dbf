//! A plan is made from what the database says of its schema.

use idgen_core::UnixTime;
use idgen_core::clock::Clock;

use super::graph::graph;
use super::losses::{are_free, look_at_acting, look_at_standing};
use super::rows::{look_at_rows, tells_time};
use super::{Column, Finding, Kind, Order, Plan};
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
    plan.findings.extend(passed_over(&catalog, root, wish, &plan));
    Ok(plan)
}

/// A column that is named as one of creation times is, and is of a type that tells none.
fn passed_over(catalog: &Catalog, root: usize, wish: &Wish, plan: &Plan) -> Option<Finding> {
    let is_guessed = wish.created.is_none() && wish.source.is_none();
    let columns = || columns_of(catalog, root).filter(|of| CREATED.contains(&of.name.as_str()));
    let told = columns().find(|of| !tells_time(plan.engine, of));
    let column = told.filter(|_| is_guessed && matches!(plan.order, Order::Key { .. }))?;
    Some(Finding::care(format!(
        "{} of {} is of type {}, which tells no time of creation: rows keep the order of their keys, and get ids of now; name a column of times by --created where there is one",
        column.name,
        plan.root().name,
        column.sql_type
    )))
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
    let fits = |table: &super::Table, (schema, bare): &(Option<String>, String)| {
        table.name == *bare && (schema.is_none() || table.schema == *schema)
    };
    let of = |reading| {
        let all = catalog.tables.iter().enumerate();
        all.filter(|(_, table)| fits(table, reading)).map(|(i, _)| i).collect::<Vec<_>>()
    };
    // The name as it stands comes first.
    let found = readings(name).iter().map(of).find(|found| !found.is_empty());
    match found.as_deref() {
        Some([i]) => Ok(*i),
        Some(_) => Err(Error::Schema(format!(
            "there are several tables {name}; name one as schema.{name}"
        ))),
        None => Err(Error::Schema(format!(
            "there is no table {name} that can be migrated: views and partitioned tables cannot"
        ))),
    }
}

/// How the name of a table can be read: as one, as parts in quotes, or as a schema and a name at any of its dots.
fn readings(name: &str) -> Vec<(Option<String>, String)> {
    let mut readings = vec![(None, name.to_owned())];
    readings.extend(unquoted(name));
    let dots = name.match_indices('.');
    readings.extend(dots.map(|(at, _)| (Some(name[..at].into()), name[at + 1..].into())));
    readings
}

/// A name in quotes, `"a.b"` or `"a.b"."c"`, in which quotes are doubled.
fn unquoted(name: &str) -> Option<(Option<String>, String)> {
    let mut parts = Vec::new();
    let mut rest = name.strip_prefix('"')?;
    loop {
        let mut part = String::new();
        loop {
            let (before, after) = rest.split_once('"')?;
            part += before;
            let Some(after) = after.strip_prefix('"') else {
                rest = after;
                break;
            };
            part.push('"');
            rest = after;
        }
        parts.push(part);
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix(".\"")?;
    }
    let bare = parts.pop()?;
    match (parts.pop(), parts.pop()) {
        (schema, None) => Some((schema, bare)),
        _ => None,
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
        // One that is named so and tells no time may be anything.
        None => {
            CREATED.iter().find_map(|name| named(name).filter(|of| tells_time(plan.engine, of)))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_stands_and_then_in_parts() {
        let reading =
            |schema: Option<&str>, bare: &str| (schema.map(str::to_owned), bare.to_owned());
        assert_eq!(readings("c"), [reading(None, "c")]);
        assert_eq!(
            readings("a.b.c"),
            [reading(None, "a.b.c"), reading(Some("a"), "b.c"), reading(Some("a.b"), "c")]
        );
        for (name, read) in [
            ("\"a.b\"", Some(reading(None, "a.b"))),
            ("\"a.b\".\"c\"", Some(reading(Some("a.b"), "c"))),
            ("\"a\"\"b\"", Some(reading(None, "a\"b"))),
            ("\"a\".\"b\".\"c\"", None),
            ("\"a", None),
            ("\"a\"b", None),
            ("a", None),
        ] {
            assert_eq!(unquoted(name), read, "{name}");
        }
    }
}
