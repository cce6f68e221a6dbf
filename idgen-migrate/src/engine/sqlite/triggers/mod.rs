//! Triggers that keep both ids together, whoever writes: one for each table and event.
//!
//! SQLite's cannot change a row on its way in, so they come after it and change what is there. Writers
//! come one after the other, so that a counter in a table is enough, and what a transaction that is
//! rolled back has counted nobody saw. What foreign keys do to rows fires them too.

mod counters;
mod key;
mod references;

pub(super) use counters::{counted, counter, drop_counters, last_tick, old_ids};

use super::{Dialect, Sqlite, rekey};
use crate::Error;
use crate::engine::twins::Stage;
use crate::plan::{Carrier, Order, Plan, Reference};
use crate::target::Lanes;

fn name(plan: &Plan, table: usize, event: &str) -> String {
    Sqlite.quote(&trigger(plan, table, event))
}

/// The name of a table's trigger.
pub(super) fn trigger(plan: &Plan, table: usize, event: &str) -> String {
    format!("idgen_migrate_{}_{table:02}_{event}", plan.name)
}

/// What takes a table's triggers off.
pub(super) fn drop_triggers(plan: &Plan, table: usize) -> Vec<String> {
    let drop = |event: &str| format!("DROP TRIGGER IF EXISTS {}", name(plan, table, event));
    ["insert", "update"].map(drop).into()
}

/// What a table's triggers do, one statement after the other.
#[derive(Default)]
struct Bodies {
    insert: Vec<String>,
    update: Vec<String>,
}

/// What puts them on, in place of earlier ones. The order is what they rest on: an id that was given is put back before
/// anything else looks at the row; then the row has its own ids, and its references theirs; then what refers to it follows;
/// and nobody is refused before all that is done.
pub(super) fn triggers(
    plan: &Plan,
    lanes: &Lanes,
    table: usize,
    stage: Stage,
) -> Result<Vec<String>, Error> {
    let mut bodies = Bodies::default();
    if table == 0 {
        key::complete(plan, lanes, stage, &mut bodies)?;
    }
    for carrier in references_of(plan, table) {
        references::complete(plan, lanes, carrier, stage, &mut bodies);
    }
    if table == 0 && stage == Stage::Swapped {
        bodies.update.extend(rekey::rekeyed(plan));
    }
    for carrier in references_of(plan, table) {
        references::refuse(plan, carrier, stage, &mut bodies);
    }
    let (of, when) = watched(plan, table, stage);
    let mut sql = drop_triggers(plan, table);
    sql.push(made(plan, table, "insert", "", "", &bodies.insert));
    let of = format!(" OF {}", Sqlite.list(&of));
    sql.push(made(plan, table, "update", &of, &when, &bodies.update));
    Ok(sql)
}

/// The columns of a table that refer.
fn references_of(plan: &Plan, table: usize) -> impl Iterator<Item = &Carrier> {
    plan.carriers.iter().skip(1).filter(move |carrier| carrier.table == table)
}

/// The columns whose updates are looked at, and the condition on which, if there is one.
fn watched(plan: &Plan, table: usize, stage: Stage) -> (Vec<&str>, String) {
    let mut of = Vec::new();
    if table == 0 {
        if let Order::Time { column, .. } = &plan.order {
            of.push(column.name.as_str());
        }
        of.push(plan.key().column.name.as_str());
    }
    for carrier in references_of(plan, table) {
        of.extend([carrier.column.name.as_str(), &carrier.new]);
    }
    if table != 0 || stage == Stage::Swapped {
        return (of, String::new());
    }
    // The backfill writes the new id alone, and nothing is done for it.
    let others: Vec<_> = of.iter().map(|name| changed(name)).collect();
    let when = format!(" WHEN {} OR ({})", others.join(" OR "), key::is_to_be_kept(plan));
    of.push(&plan.key().new);
    (of, when)
}

fn made(plan: &Plan, table: usize, event: &str, of: &str, when: &str, body: &[String]) -> String {
    format!(
        "CREATE TRIGGER {} AFTER {}{of} ON {} FOR EACH ROW{when} BEGIN\n    {};\nEND",
        name(plan, table, event),
        event.to_uppercase(),
        Sqlite.table(plan, table),
        body.join(";\n    ")
    )
}

/// Whether a reference is checked at the end of the transaction.
pub(super) fn is_late(reference: &Reference) -> bool {
    let clauses = reference.clauses.to_ascii_uppercase();
    let words: Vec<_> = clauses.split_whitespace().collect();
    let says = |what: [&str; 2]| words.windows(2).any(|pair| pair == what);
    says(["INITIALLY", "DEFERRED"]) && !says(["NOT", "DEFERRABLE"])
}

/// The condition that an update changes a column.
pub(super) fn changed(column: &str) -> String {
    let column = Sqlite.quote(column);
    format!("NEW.{column} IS NOT OLD.{column}")
}
