//! What a plan has no twin for: named before anything is done.

use super::{Carrier, Column, Finding, Index, Plan, Reference, Table};
use crate::Error;
use crate::check::{DEFAULTS, DEPENDENTS, LOST, ON_UPDATE, ROOM};
use crate::engine::{self, Catalog};
use crate::plan::Wish;
use crate::session::{Engine, Session};

/// What hangs on a carrier, and would go with the old ids since nothing takes its place.
pub(super) fn without_twin(
    catalog: &Catalog,
    holds: &dyn Fn(usize, &[String]) -> bool,
    carriers: &[Carrier],
    tables: &[Table],
    wish: &Wish,
) -> Vec<Finding> {
    let odd = catalog.odd.iter().filter(|odd| holds(odd.table, &odd.columns));
    let mut findings: Vec<_> = odd.map(|odd| Finding::stop(odd.name, odd.what.as_str())).collect();
    let defaults = carriers.iter().skip(1).filter_map(|carrier| {
        let default = carrier.column.default.as_deref()?;
        Some((carrier, default)).filter(|_| !default.eq_ignore_ascii_case("null"))
    });
    let defaults: Vec<_> = defaults.collect();
    for (carrier, default) in &defaults {
        // Of what counts by itself every row is given one, by an app that does not know the new ids.
        if carrier.column.constant_default().is_none() && *default != "identity" {
            let (table, column) = (&tables[carrier.table].name, &carrier.column.name);
            let what = format!(
                "{column} of {table} has the default {default}, which no trigger can tell from an id that an app gave: {}",
                way(&carrier.column)
            );
            findings.push(Finding::stop(DEFAULTS, what));
        }
    }
    if wish.keep_key {
        findings.retain(|finding| finding.name != LOST);
        return findings;
    }
    let away = |r: &&Reference| holds(r.table, &r.columns) && !holds(r.to, &r.to_columns);
    findings.extend(catalog.references.iter().filter(away).map(|reference| {
        let (from, to) =
            (&catalog.tables[reference.table].name, &catalog.tables[reference.to].name);
        let what = format!(
            "{} of {from} refers to {to} by a column that goes with the old ids",
            reference.name
        );
        Finding::stop(LOST, what)
    }));
    let key = &carriers[0].column;
    if let Some(default) = key.constant_default() {
        let (name, table) = (&key.name, &tables[0].name);
        let what = format!(
            "the key {name} of {table} has the default {default}, which makes no second old id: {}",
            way(key)
        );
        findings.push(Finding::stop(DEFAULTS, what));
    }
    findings.extend(defaults.into_iter().map(|(carrier, default)| {
        let (table, column) = (&tables[carrier.table].name, &carrier.column.name);
        let what = format!("{column} of {table} has the default {default}, which is an old id");
        Finding::stop(LOST, what)
    }));
    findings
}

/// Of how few hexadecimal digits of chance an old id is made up at the least.
const FEWEST: usize = 12;

/// A key of texts in which no old id can be made up. SQLite's hold whatever they are given.
pub(super) fn room(plan: &Plan) -> Option<Finding> {
    let (key, table) = (&plan.key().column, &plan.root().name);
    let is_asked = plan.engine != Engine::Sqlite && !plan.keep_key && key.default.is_none();
    let room = key.room().filter(|room| is_asked && *room < FEWEST)?;
    let what = format!(
        "the key {} of {table} has room for {room} characters, and one that is made up for a row of new ids alone has {FEWEST} at least: make room for them first",
        key.name
    );
    Some(Finding::stop(ROOM, what))
}

/// How a column comes to have no default.
fn way(column: &Column) -> &'static str {
    match column.base {
        // A domain's own is there again when the column's is dropped.
        Some(_) => "SET DEFAULT NULL of the column first",
        None => "drop the default first",
    }
}

/// An index that has no twin: where it keeps rows apart, that would be lost with the old ids.
pub(super) fn untwinned(index: &Index, odd: &str, table: &str, wish: &Wish) -> Finding {
    let name = &index.name;
    if wish.keep_key || !(index.unique || index.constraint) {
        let what = "make its twin by hand before reads are switched";
        return Finding::care(format!("index {name} of {table} {odd}: {what}"));
    }
    let what = "and has no twin that keeps rows apart when the old ids go: make it by hand for the new columns";
    Finding::stop(LOST, format!("index {name} of {table} {odd}, {what}"))
}

/// What stands on the old columns, and what is to be done with it.
pub(super) async fn look_at_standing(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    for (kind, what) in engine::standing(session, plan).await? {
        plan.findings.push(match kind.as_str() {
            LOST => Finding::stop(LOST, format!("{what} goes with the old ids, and has no twin")),
            DEPENDENTS => Finding::care(format!(
                "{what} stands on old ids: take it away before the last phase"
            )),
            _ => Finding::care(format!(
                "{what} names old ids: see that it reads new ones before the last phase"
            )),
        });
    }
    for what in engine::standing_on_keys(session, plan, false).await? {
        plan.findings.push(Finding::care(format!(
            "{what} groups by the primary key alone: have it name every column before swapped"
        )));
    }
    Ok(())
}

/// What updates fire, and so the backfill for every row.
pub(super) async fn look_at_acting(session: &mut Session, plan: &mut Plan) -> Result<(), Error> {
    let told = engine::acting(session, plan).await?;
    plan.findings.extend(told.into_iter().map(|what| Finding::stop(ON_UPDATE, what)));
    Ok(())
}

/// The names of all twins are free: what has one already would be taken for the twin.
pub(super) fn are_free(plan: &Plan, catalog: &Catalog) -> Result<(), Error> {
    let mut names: Vec<(usize, String)> = Vec::new();
    for index in &plan.indexes {
        names.push((index.table, plan.twin_name(&index.name)));
        if index.primary && !plan.keep_key {
            names.push((index.table, plan.kept_name(&index.name)));
        }
    }
    names.extend(plan.order_index().map(|(name, _)| (0, name)));
    for (table, name) in &names {
        let mine = &plan.tables[*table];
        let taken = catalog.indexes.iter().map(|found| &found.index).find(|index| {
            let its = &catalog.tables[index.table];
            // Names of indexes are a table's own on MariaDB.
            index.name.eq_ignore_ascii_case(name)
                && its.schema == mine.schema
                && (plan.engine != Engine::MariaDb || its.name == mine.name)
        });
        if let Some(index) = taken {
            let its = &catalog.tables[index.table].name;
            return Err(Error::Schema(format!(
                "{its} has an index {name} already, which is to be one of {}: rename it, or choose another suffix than {}",
                mine.name, plan.suffix
            )));
        }
    }
    for reference in &plan.references {
        let (mine, name) = (&plan.tables[reference.table], plan.twin_name(&reference.name));
        let taken = catalog.references.iter().find(|of| {
            let its = &catalog.tables[of.table];
            // Names of foreign keys are the database's on MariaDB.
            of.name.eq_ignore_ascii_case(&name)
                && its.schema == mine.schema
                && (plan.engine == Engine::MariaDb || its.name == mine.name)
        });
        if let Some(taken) = taken {
            return Err(Error::Schema(format!(
                "{} has a constraint {name} already: rename it, or choose another suffix than {}",
                catalog.tables[taken.table].name, plan.suffix
            )));
        }
    }
    Ok(())
}
