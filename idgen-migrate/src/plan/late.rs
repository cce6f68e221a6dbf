//! Rows that may come before the one they refer to, under a constraint that is checked late.

use super::{Carrier, Finding, Plan, Reference};
use crate::check::LATE;
use crate::session::Engine;

fn is_deferrable(reference: &Reference) -> bool {
    reference.clauses.contains("DEFERRABLE") && !reference.clauses.contains("NOT DEFERRABLE")
}

/// Whether each carrier's row may come before the migrated one that it refers to: by a reference that is checked
/// late, or by way of a column of which that is so.
pub(crate) fn late(plan: &Plan) -> Vec<bool> {
    let mut late = vec![false; plan.carriers.len()];
    // By one more with each turn, at least.
    for _ in 0..plan.carriers.len() {
        for (i, carrier) in plan.carriers.iter().enumerate().skip(1) {
            let is_late = ways(plan, carrier)
                .any(|(reference, to)| is_deferrable(reference) || to.is_some_and(|to| late[to]));
            late[i] |= is_late;
        }
    }
    late
}

/// A carrier's references, and to which carrier it points by each.
fn ways<'a>(
    plan: &'a Plan,
    carrier: &'a Carrier,
) -> impl Iterator<Item = (&'a Reference, Option<usize>)> {
    let mine = plan.references.iter().filter(move |reference| reference.table == carrier.table);
    mine.filter_map(move |reference| {
        let place = reference.columns.iter().position(|name| *name == carrier.column.name)?;
        let its = |to: &Carrier| {
            to.table == reference.to && to.column.name == reference.to_columns[place]
        };
        Some((reference, plan.carriers.iter().position(its)))
    })
}

/// What there is to know of them.
pub(super) fn findings(plan: &Plan) -> Vec<Finding> {
    match plan.engine {
        Engine::Postgres => on_postgres(plan),
        Engine::MariaDb | Engine::Sqlite => {
            let late = plan.references.iter().filter(|reference| is_deferrable(reference));
            let finding = |reference: &Reference| {
                Finding::care(format!(
                    "{} may be checked late: until constrained, rows written before the one they refer to get their new id by the backfill only",
                    reference.name
                ))
            };
            late.map(finding).collect()
        }
    }
}

fn on_postgres(plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    for reference in plan.references.iter().filter(|reference| is_deferrable(reference)) {
        if !reference.clauses.contains("INITIALLY DEFERRED") {
            findings.push(Finding::care(format!(
                "{} may be checked late: whoever asks for that is to say SET CONSTRAINTS ALL DEFERRED, since its twin has another name",
                reference.name
            )));
        }
    }
    let late = late(plan);
    for carrier in plan.carriers.iter().skip(1) {
        for (reference, to) in ways(plan, carrier) {
            let Some(to) = to.filter(|to| late[*to] && !plan.carriers[*to].column.nullable) else {
                continue;
            };
            let clauses = &reference.clauses;
            let follows = clauses.contains("ON UPDATE CASCADE")
                || is_deferrable(reference) && !clauses.contains("ON UPDATE RESTRICT");
            if !follows {
                let to = &plan.carriers[to];
                findings.push(Finding::stop(
                    LATE,
                    format!(
                        "{} is checked at once, and {}.{}, to which it points, may be written before the row that it refers to: from constrained on such rows are refused; make it DEFERRABLE too",
                        reference.name, plan.tables[to.table].name, to.column.name
                    ),
                ));
            }
        }
    }
    findings
}
