//! What of the app's own a plan cannot carry over to new ids, or what cannot stay as it is when the old ids go.

use super::definition::{Clause, Rule};
use super::index::asks_of;
use super::table;
use super::tokens::{Token, tokens};
use crate::Error;
use crate::check::{DEPENDENTS, LOST, READERS};
use crate::plan::{self, Finding, Made, Plan};

/// Names it in the plan.
pub(super) fn look(plan: &mut Plan) -> Result<(), Error> {
    let mut findings = Vec::new();
    for number in 0..plan.tables.len() {
        of_table(plan, number, &mut findings)?;
    }
    asked(plan, &mut findings);
    if !plan.keep_key {
        readers(plan, &mut findings);
    }
    plan.findings.extend(findings);
    Ok(())
}

/// What a table says of its old ids.
fn of_table(plan: &Plan, number: usize, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let name = &plan.tables[number].name;
    let is_old =
        |column: &String| plan.carriers_of(number).any(|carrier| carrier.column.name == *column);
    for (columns, clause) in table::definition(plan, number)?.clauses() {
        let of_old = columns.iter().any(is_old);
        let names_old = of_old || table::constrains_old(plan, number, clause);
        match (&clause.rule, &clause.conflict) {
            (Rule::Generated, _) if of_old => {
                findings.push(Finding::stop(DEPENDENTS, computed_id(&columns, name)));
            }
            (Rule::Generated, _) if names_old && !plan.keep_key => {
                findings.push(Finding::stop(DEPENDENTS, computed(&columns, name)));
            }
            (Rule::Check, _) if names_old && !plan.keep_key => {
                let what =
                    format!("{} of {name} goes with the old ids, and has no twin", clause.text);
                findings.push(Finding::stop(LOST, what));
            }
            // Where the key stays, so does what is asked of it.
            (Rule::NotNull, Some(_)) if plan.keep_key => {}
            (_, Some(conflict)) if of_old && conflict != "ABORT" => {
                findings.push(Finding::stop(LOST, on_conflict(&columns, clause, conflict, name)));
            }
            _ => {}
        }
    }
    Ok(())
}

fn computed_id(columns: &[String], table: &str) -> String {
    let column = columns.join(", ");
    format!(
        "{column} of {table} holds ids and is computed, so that no trigger can complete it: have it written, or drop it"
    )
}

fn computed(columns: &[String], table: &str) -> String {
    let column = columns.join(", ");
    format!(
        "{column} of {table} is computed from old ids, and could not be when they are gone: drop it, and make it of the new ones when they are there"
    )
}

fn on_conflict(columns: &[String], clause: &Clause, conflict: &str, table: &str) -> String {
    let (rule, columns) = (clause.rule.words(), columns.join(", "));
    let (since, way) = match clause.rule {
        Rule::NotNull => ("swapped", "have the app never leave it out"),
        _ => ("constrained", "have the app say so in its statements, INSERT OR or ON CONFLICT DO"),
    };
    format!(
        "{rule} of {columns} of {table} says ON CONFLICT {conflict}, which nothing does from {since} on, where a row that names both ids is refused or completed: {way}"
    )
}

/// Indexes that ask something of old ids: the same asked of new ones is something else. They have no twin.
fn asked(plan: &mut Plan, findings: &mut Vec<Finding>) {
    let made = plan.definitions.iter().filter(|of| of.what == Made::Index);
    let asks = |of: &&plan::Definition| {
        let mut carriers = plan.carriers_of(of.table);
        carriers.any(|carrier| asks_of(&of.sql, &carrier.column.name))
    };
    let asking: Vec<_> = made.filter(asks).cloned().collect();
    for of in &asking {
        let (name, table) = (&of.name, &plan.tables[of.table].name);
        let what = format!("index {name} of {table} asks something of old ids");
        let is_unique = tokens(&of.sql).get(1).is_some_and(|token| token.is("UNIQUE"));
        findings.push(match is_unique && !plan.keep_key {
            true => Finding::stop(
                LOST,
                format!("{what}, and has no twin that keeps rows apart when they go: make it by hand for the new columns"),
            ),
            false => Finding::care(format!("{what}: make its twin by hand before reads are switched")),
        });
    }
    plan.indexes
        .retain(|index| !asking.iter().any(|of| of.table == index.table && of.name == index.name));
}

/// Triggers and views that name a column as old ids are named, each once.
fn reading(plan: &Plan) -> Vec<&plan::Definition> {
    let is_old = |name: &String| {
        plan.carriers.iter().any(|carrier| carrier.column.name.eq_ignore_ascii_case(name))
    };
    let reads = |of: &&plan::Definition| {
        let words = tokens(&of.sql);
        let mut names = words.iter().filter_map(Token::name);
        !matches!(of.what, Made::Table | Made::Index) && names.any(|name| is_old(&name))
    };
    let mut found: Vec<_> = plan.definitions.iter().filter(reads).collect();
    // A view and a trigger may have one name.
    let name = |of: &plan::Definition| (of.what == Made::View, of.name.clone());
    found.sort_by_key(|of| (name(of), of.what == Made::Caller));
    found.dedup_by_key(|of| name(of));
    found
}

fn readers(plan: &Plan, findings: &mut Vec<Finding>) {
    let own = reading(plan).into_iter().filter(|of| of.what != Made::Caller);
    findings.extend(own.map(|of| {
        Finding::care(format!(
            "{} has a column in it that is named as one of old ids: see that it reads new ones before the last phase",
            of.name
        ))
    }));
}

/// What the last phase does not ask for itself: it has views and the tables' own triggers read once, and not the triggers of
/// others.
pub(in crate::engine) fn standing(plan: &Plan) -> Vec<(String, String)> {
    let callers = reading(plan).into_iter().filter(|of| of.what == Made::Caller);
    callers.map(|of| (READERS.to_owned(), format!("trigger {}", of.name))).collect()
}
