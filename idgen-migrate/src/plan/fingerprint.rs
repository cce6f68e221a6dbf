//! What a plan rests on: the schema as it was found, so that what has changed since can be named.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Column, Plan, Table};
use crate::engine::Catalog;
use crate::store::State;

/// Each column, index and foreign key of a plan's tables, and how it was when the plan was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(BTreeMap<String, String>);

impl Fingerprint {
    /// That of the tables, in a catalog that may have been read later than theirs.
    pub(crate) fn of(catalog: &Catalog, tables: &[Table]) -> Self {
        let table = |number: usize| &catalog.tables[number];
        let planned = |table: usize| {
            let found = &catalog.tables[table];
            tables.iter().any(|table| table.schema == found.schema && table.name == found.name)
        };
        let mut facts = BTreeMap::new();
        for (of, column) in catalog.columns.iter().filter(|(table, _)| planned(*table)) {
            facts.insert(column_fact(&column.name, table(*of)), as_it_is(column));
        }
        for found in catalog.indexes.iter().filter(|found| planned(found.index.table)) {
            let index = &found.index;
            let unique = if index.unique { "unique " } else { "" };
            let odd = found.odd.map(|odd| format!(" and {odd}")).unwrap_or_default();
            let columns = index.columns.join(", ");
            let fact = index_fact(&index.name, table(index.table));
            facts.insert(fact, format!("{unique}({columns}){odd}"));
        }
        for reference in catalog.references.iter().filter(|r| planned(r.table) || planned(r.to)) {
            let (columns, to_columns) =
                (reference.columns.join(", "), reference.to_columns.join(", "));
            let to = full_name(table(reference.to));
            let cleared = reference.cleared.iter().map(|column| format!(" of {column}"));
            let cleared: String = cleared.collect();
            facts.insert(
                reference_fact(&reference.name, table(reference.table)),
                format!("({columns}) to {to} ({to_columns}){}{cleared}", reference.clauses),
            );
        }
        Self(facts)
    }

    /// What came, went or changed until a later one was taken.
    #[must_use]
    pub fn until(&self, later: &Self) -> Vec<String> {
        let gone = self.0.keys().filter(|fact| !later.0.contains_key(*fact));
        let mut changes: Vec<_> = gone.map(|fact| format!("{fact} went")).collect();
        for (fact, now) in &later.0 {
            match self.0.get(fact) {
                None => changes.push(format!("{fact} came")),
                Some(before) if before != now => {
                    changes.push(format!("{fact} was {before} and is {now}"));
                }
                Some(_) => {}
            }
        }
        changes
    }
}

/// What came, went or changed since a plan was made, but for what its first step makes.
pub(crate) fn changes(plan: &Plan, catalog: &Catalog) -> Vec<String> {
    let mut now = Fingerprint::of(catalog, &plan.tables);
    for carrier in &plan.carriers {
        now.0.remove(&column_fact(&carrier.new, &plan.tables[carrier.table]));
    }
    if let Some((name, _)) = plan.order_index() {
        now.0.remove(&index_fact(&name, plan.root()));
    }
    plan.fingerprint.until(&now)
}

/// What came since a plan was made and holds old ids: it would be left behind when they go.
pub(crate) fn left_behind(plan: &Plan, catalog: &Catalog) -> Vec<String> {
    let place = |table: usize| {
        let found = &catalog.tables[table];
        plan.tables.iter().position(|t| t.schema == found.schema && t.name == found.name)
    };
    let holds = |place: Option<usize>, columns: &[String]| {
        let mut carriers = plan.carriers.iter().filter(|carrier| Some(carrier.table) == place);
        carriers.any(|carrier| columns.contains(&carrier.column.name))
    };
    let mut found = Vec::new();
    for reference in &catalog.references {
        let (from, to) = (place(reference.table), place(reference.to));
        let mut planned = plan.references.iter().filter(|planned| Some(planned.table) == from);
        if holds(to, &reference.to_columns) && !planned.any(|p| p.columns == reference.columns) {
            let table = &catalog.tables[reference.table];
            found.push(format!("{} came", reference_fact(&reference.name, table)));
        }
    }
    for index in catalog.indexes.iter().map(|found| &found.index) {
        let table = &catalog.tables[index.table];
        let fact = index_fact(&index.name, table);
        let of_ours = || is_planned(plan, place(index.table), &index.columns);
        let planned = plan.fingerprint.0.contains_key(&fact);
        if holds(place(index.table), &index.columns) && !planned && !of_ours() {
            found.push(format!("{fact} came"));
        }
    }
    found
}

/// What went of what the steps need from here on, or back: tables, columns, and references of which neither the old one
/// nor its twin is left.
pub(crate) fn gone(state: &State, catalog: &Catalog) -> Vec<String> {
    let plan = &state.plan;
    let is_at = |of: usize, table: &Table| {
        let found = &catalog.tables[of];
        found.schema == table.schema && found.name == table.name
    };
    let there: Vec<_> = plan
        .tables
        .iter()
        .map(|table| (0..catalog.tables.len()).any(|of| is_at(of, table)))
        .collect();
    let tables = plan.tables.iter().zip(&there).filter(|(_, there)| !**there);
    let mut found: Vec<_> =
        tables.map(|(table, _)| format!("table {} went", full_name(table))).collect();
    for carrier in plan.carriers.iter().filter(|carrier| there[carrier.table]) {
        let table = &plan.tables[carrier.table];
        let old = (!state.is_contracting()).then_some(&carrier.column.name);
        let new = state.has_new_ids().then_some(&carrier.new);
        for name in old.into_iter().chain(new) {
            let mut columns = catalog.columns.iter().filter(|(of, _)| is_at(*of, table));
            if !columns.any(|(_, column)| column.name == *name) {
                found.push(format!("{} went", column_fact(name, table)));
            }
        }
    }
    for reference in plan.references.iter().filter(|of| there[of.table] && there[of.to]) {
        let (from, to) = (&plan.tables[reference.table], &plan.tables[reference.to]);
        let twins = plan.twins(reference.table, &reference.columns);
        let mut left = catalog.references.iter().filter(|of| is_at(of.table, from));
        let is_left = left
            .any(|of| is_at(of.to, to) && (of.columns == reference.columns || of.columns == twins));
        if !is_left {
            found.push(format!("{} went", reference_fact(&reference.name, from)));
        }
    }
    found
}

/// Whether an index is of columns that the plan has an index, a reference or an order of: in another
/// phase it may have another name.
fn is_planned(plan: &Plan, table: Option<usize>, columns: &[String]) -> bool {
    let same = |planned: &[&str]| {
        let set = |names: &mut dyn Iterator<Item = &str>| -> BTreeSet<String> {
            names.map(str::to_owned).collect()
        };
        set(&mut planned.iter().copied()) == set(&mut columns.iter().map(String::as_str))
    };
    let whole = |planned: &[String]| same(&planned.iter().map(String::as_str).collect::<Vec<_>>());
    let mut indexes = plan.indexes.iter().filter(|index| Some(index.table) == table);
    let mut references = plan.references.iter().filter(|reference| Some(reference.table) == table);
    indexes.any(|index| whole(&index.columns))
        || references.any(|reference| whole(&reference.columns))
        || table == Some(0) && plan.order_index().is_some_and(|(_, order)| same(&order))
}

fn column_fact(name: &str, table: &Table) -> String {
    format!("column {name} of {}", full_name(table))
}

fn index_fact(name: &str, table: &Table) -> String {
    format!("index {name} of {}", full_name(table))
}

fn reference_fact(name: &str, table: &Table) -> String {
    format!("reference {name} of {}", full_name(table))
}

fn full_name(table: &Table) -> String {
    match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    }
}

fn as_it_is(column: &Column) -> String {
    let null = if column.nullable { "" } else { " NOT NULL" };
    let default = column.default.as_ref().map(|default| format!(" DEFAULT {default}"));
    format!("{}{null}{}", column.sql_type, default.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(facts: &[(&str, &str)]) -> Fingerprint {
        Fingerprint(facts.iter().map(|(fact, how)| ((*fact).into(), (*how).into())).collect())
    }

    #[test]
    fn what_came_went_and_changed_is_named() {
        let before = schema(&[("column a of t", "bigint"), ("index i of t", "unique (a)")]);
        let later = schema(&[("column a of t", "bigint NOT NULL"), ("column b of t", "text")]);
        assert_eq!(
            before.until(&later),
            [
                "index i of t went",
                "column a of t was bigint and is bigint NOT NULL",
                "column b of t came"
            ]
        );
        assert_eq!(before.until(&before), [""; 0]);
    }
}
