//! The columns that hold ids: the key, what refers to it, what refers to that; and what hangs on them.

use std::collections::BTreeSet;

use super::losses::{untwinned, without_twin};
use super::survey::columns_of;
use super::{
    Carrier, Column, Definition, Finding, Fingerprint, Index, Order, Plan, Reference, Table, Wish,
};
use crate::Error;
use crate::engine::{Catalog, FoundIndex};
use crate::session::Engine;

/// The plan for what hangs on a key, as far as the schema alone tells.
pub(super) fn graph(
    catalog: &Catalog,
    root: usize,
    key: &Column,
    engine: Engine,
    wish: &Wish,
) -> Result<Plan, Error> {
    let graph = Graph::from(catalog, root, key);
    let mut findings = Vec::new();
    let tables: Vec<_> = graph.order.iter().map(|table| with_key(catalog, *table)).collect();
    // Elsewhere such rows are told apart by where they lie.
    if engine == Engine::MariaDb {
        findings.extend(tables.iter().filter(|table| table.key.is_empty()).map(keyless));
    }
    let carriers = graph.carriers(&wish.suffix)?;
    let indexes = graph.indexes(wish, &mut findings);
    let holds = |table: usize, columns: &[String]| graph.holds(table, columns);
    findings.extend(without_twin(catalog, &holds, &carriers, &tables, wish));
    let mut plan = Plan {
        name: wish.name.clone().unwrap_or_else(|| tables[0].name.clone()),
        engine,
        target: wish.target.clone(),
        suffix: wish.suffix.clone(),
        order: Order::Key { millis: 0 },
        fingerprint: Fingerprint::of(catalog, &tables),
        tables,
        carriers,
        indexes,
        references: graph.references(),
        findings,
        fence: None,
        keep_key: wish.keep_key,
        definitions: graph.definitions(),
    };
    let late = super::late::findings(&plan);
    plan.findings.extend(late);
    let cascades = super::cascades::findings(&plan);
    plan.findings.extend(cascades);
    let room = super::losses::room(&plan);
    plan.findings.extend(room);
    let rewritten: Vec<_> = rewritten(&plan).collect();
    plan.findings.extend(rewritten);
    Ok(plan)
}

/// Tables and columns that hold ids.
struct Graph<'a> {
    catalog: &'a Catalog,
    /// Which table, and which column of it: the key first, and each before those that refer to it.
    found: Vec<(usize, String)>,
    /// The tables of these, in the order of a plan.
    order: Vec<usize>,
}

impl<'a> Graph<'a> {
    /// Follows the references to the key, and the references to those.
    fn from(catalog: &'a Catalog, root: usize, key: &Column) -> Self {
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
        Self { catalog, found, order }
    }

    /// Which table of the plan one of the catalog is.
    fn place(&self, table: usize) -> Option<usize> {
        self.order.iter().position(|known| *known == table)
    }

    /// Whether one of the columns holds ids.
    fn holds(&self, table: usize, columns: &[String]) -> bool {
        columns.iter().any(|column| self.found.iter().any(|(t, c)| *t == table && c == column))
    }

    /// The columns, each with its neighbour of this suffix.
    fn carriers(&self, suffix: &str) -> Result<Vec<Carrier>, Error> {
        let mut carriers = Vec::new();
        for (table, name) in &self.found {
            let named = |name: &str| columns_of(self.catalog, *table).find(|c| c.name == name);
            let column = named(name).ok_or_else(|| Error::Schema(format!("no column {name}")))?;
            let new = super::suffixed(name, suffix);
            if named(&new).is_some() {
                return Err(Error::Schema(format!(
                    "{} has a column {new} already; choose another suffix than {suffix}",
                    self.catalog.tables[*table].name
                )));
            }
            let column = column.clone();
            carriers.extend(self.place(*table).map(|table| Carrier { table, column, new }));
        }
        Ok(carriers)
    }

    /// The indexes that get twins, and what is to be known of the others.
    fn indexes(&self, wish: &Wish, findings: &mut Vec<Finding>) -> Vec<Index> {
        let mut indexes = Vec::new();
        for FoundIndex { index, odd, .. } in &self.catalog.indexes {
            let holds = self.holds(index.table, &index.columns);
            let Some(table) = self.place(index.table).filter(|_| holds) else { continue };
            match odd {
                None => indexes.push(Index { table, ..index.clone() }),
                Some(odd) => {
                    let of = &self.catalog.tables[index.table].name;
                    findings.push(untwinned(index, odd, of, wish));
                }
            }
        }
        indexes
    }

    /// The foreign keys between columns that hold ids.
    fn references(&self) -> Vec<Reference> {
        let holds =
            |r: &&Reference| self.holds(r.table, &r.columns) && self.holds(r.to, &r.to_columns);
        let placed = |r: &Reference| {
            Some(Reference { table: self.place(r.table)?, to: self.place(r.to)?, ..r.clone() })
        };
        self.catalog.references.iter().filter(holds).filter_map(placed).collect()
    }

    /// The texts of what is made anew.
    fn definitions(&self) -> Vec<Definition> {
        let placed =
            |of: &Definition| Some(Definition { table: self.place(of.table)?, ..of.clone() });
        self.catalog.definitions.iter().filter_map(placed).collect()
    }
}

/// What columns cannot come to in an instant.
fn rewritten(plan: &Plan) -> impl Iterator<Item = Finding> {
    plan.tables.iter().filter(|table| table.rewritten).map(|table| {
        let what = "is written anew, beside others, when columns come and go: its format or a setting of the server does not allow that in an instant";
        Finding::care(format!("{} {what}", table.name))
    })
}

/// A table with the columns by which its rows are told apart, and an index leads from one to the next.
fn with_key(catalog: &Catalog, table: usize) -> Table {
    let mut found = catalog.tables[table].clone();
    let of_table = catalog.indexes.iter().filter(|found| found.index.table == table);
    let keys = of_table.filter_map(|found| {
        let columns = found.index.columns.get(..found.unique_by)?;
        (!columns.is_empty()).then_some((found, columns))
    });
    let nullable: BTreeSet<_> =
        columns_of(catalog, table).filter(|c| c.nullable).map(|c| c.name.as_str()).collect();
    let is_there = |(found, columns): &(&FoundIndex, &[String])| {
        found.index.primary || !columns.iter().any(|column| nullable.contains(column.as_str()))
    };
    // One of columns as they are, and of no others, rather than another.
    let best = |(found, _): &(&FoundIndex, &[String])| (found.index.primary, found.odd.is_none());
    if let Some((_, key)) = keys.filter(is_there).max_by_key(best) {
        let named = |name: &String| columns_of(catalog, table).find(|c| c.name == *name).cloned();
        found.key = key.iter().filter_map(named).collect();
    }
    found
}

fn keyless(table: &Table) -> Finding {
    let what = "has no key: its backfill is one chunk, and one long transaction";
    Finding::care(format!("{} {what}", table.name))
}
