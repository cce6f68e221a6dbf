//! What a plan has no twin for: named before anything is done.

use super::{Carrier, Finding, Plan, Reference, Table};
use crate::Error;
use crate::engine::{self, Catalog};
use crate::gate::{DEFAULTS, DEPENDENTS, LOST};
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
                "{column} of {table} has the default {default}, which no trigger can tell from an id that an app gave: drop the default first"
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
    findings.extend(defaults.into_iter().map(|(carrier, default)| {
        let (table, column) = (&tables[carrier.table].name, &carrier.column.name);
        let what = format!("{column} of {table} has the default {default}, which is an old id");
        Finding::stop(LOST, what)
    }));
    findings
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
    Ok(())
}

/// The names of all twins are free: what has one already would be taken for the twin.
pub(super) fn are_free(plan: &Plan, catalog: &Catalog) -> Result<(), Error> {
    let mut names: Vec<(usize, String)> = Vec::new();
    for index in &plan.indexes {
        names.push((index.table, plan.twin_name(&index.name)));
        if index.primary {
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
        let taken = catalog.references.iter().any(|of| {
            let its = &catalog.tables[of.table];
            of.name == name && its.schema == mine.schema && its.name == mine.name
        });
        if taken {
            return Err(Error::Schema(format!(
                "{} has a constraint {name} already: rename it, or choose another suffix than {}",
                mine.name, plan.suffix
            )));
        }
    }
    Ok(())
}
