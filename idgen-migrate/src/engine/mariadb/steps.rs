//! The steps of each phase, and of each way back. MariaDB's DDL commits by itself, so that each
//! statement is a step that can be repeated.

use super::constraints::{add_reference, check_reference, drop_reference, modify, nullable};
use super::indexes::{drop_index, index, primary_of};
use super::triggers;
use super::{Dialect, MariaDb};
use crate::engine::twins::Stage;
use crate::engine::{Step, Work};
use crate::plan::{Carrier, Plan};
use crate::target::Lanes;
use crate::{Error, Phase};

/// In place, beside readers and writers.
pub(super) const ONLINE: &str = "ALGORITHM=INPLACE, LOCK=NONE";

/// Of the schema alone.
const INSTANT: &str = "ALGORITHM=INSTANT, LOCK=NONE";

/// The same where indexes go too: no row is written.
const NO_COPY: &str = "ALGORITHM=NOCOPY, LOCK=NONE";

pub(super) fn enter(plan: &Plan, lanes: &Lanes, to: Phase) -> Result<Vec<Step>, Error> {
    Ok(match to {
        Phase::Expanded => expand(plan, lanes)?,
        Phase::Constrained => constrain(plan, lanes)?,
        Phase::ReadingNew if plan.keep_key => order_away(plan),
        Phase::Swapped => swap(plan, lanes)?,
        Phase::Contracted => contract(plan),
        _ => Vec::new(),
    })
}

pub(super) fn leave(plan: &Plan, lanes: &Lanes, from: Phase) -> Result<Vec<Step>, Error> {
    Ok(match from {
        Phase::Expanded => narrow(plan),
        Phase::Constrained => relax(plan, lanes)?,
        Phase::ReadingNew if plan.keep_key => order(plan),
        Phase::Swapped => swap_back(plan, lanes)?,
        _ => Vec::new(),
    })
}

pub(super) fn moment(table: usize, title: impl Into<String>, sql: Vec<String>) -> Step {
    Step { transaction: false, ..Step::moment(title, sql).on([table]) }
}

/// A change for which the engine writes the table anew, beside readers and writers.
pub(super) fn rewritten(table: usize, title: String, alter: String) -> Step {
    Step::beside(title, vec![alter]).on([table]).doing(Work::Rewrite)
}

/// Columns that come or go, with no row written; or with all of them written anew, where the plan found that it cannot
/// be otherwise. Whatever else the server would do for it, under a lock, it refuses.
fn columns(
    plan: &Plan,
    table: usize,
    title: String,
    mut changes: Vec<String>,
    quick: &str,
) -> Step {
    if plan.tables[table].rewritten {
        changes.push(ONLINE.into());
        return rewritten(table, title, alter(plan, table, &changes));
    }
    changes.push(quick.into());
    moment(table, title, vec![alter(plan, table, &changes)])
}

fn of(plan: &Plan, table: usize, what: &str) -> String {
    format!("{what} of {}", plan.tables[table].name)
}

pub(super) fn alter(plan: &Plan, table: usize, changes: &[String]) -> String {
    format!("ALTER TABLE {} {}", MariaDb.table(plan, table), changes.join(", "))
}

// ---- expanded ----------------------------------------------------------------------

fn expand(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = vec![Step::beside("counters of the triggers", triggers::counters(plan, lanes))];
    for table in 0..plan.tables.len() {
        let kind = MariaDb.new_column(&plan.target, "").sql_type;
        let add = |carrier: &Carrier| {
            format!("ADD COLUMN IF NOT EXISTS {} {kind} NULL", MariaDb.quote(&carrier.new))
        };
        let added = plan.carriers_of(table).map(add).collect();
        steps.push(columns(plan, table, of(plan, table, "columns"), added, INSTANT));
        let made = triggers::triggers(plan, lanes, table, Stage::Filling)?;
        steps.push(moment(table, of(plan, table, "triggers"), made));
    }
    steps.extend(order(plan));
    Ok(steps)
}

/// The index that the backfill reads in the rows' order.
fn order(plan: &Plan) -> Vec<Step> {
    let found = plan.order_index().into_iter();
    found.map(|(name, columns)| index(plan, 0, &name, &columns, false)).collect()
}

fn order_away(plan: &Plan) -> Vec<Step> {
    let found = plan.order_index().into_iter();
    found.map(|(name, columns)| drop_index(plan, 0, &name, &columns)).collect()
}

fn narrow(plan: &Plan) -> Vec<Step> {
    let mut steps = Vec::new();
    for table in (0..plan.tables.len()).rev() {
        steps.push(moment(
            table,
            of(plan, table, "triggers, away,"),
            triggers::drop_triggers(plan, table),
        ));
        let dropped = plan
            .carriers_of(table)
            .map(|carrier| format!("DROP COLUMN IF EXISTS {}", MariaDb.quote(&carrier.new)))
            .collect();
        steps.push(columns(plan, table, of(plan, table, "columns, away,"), dropped, INSTANT));
    }
    steps.extend(order_away(plan));
    steps.push(Step::beside("counters of the triggers, away", triggers::drop_counters(plan)));
    steps
}

// ---- constrained -------------------------------------------------------------------

fn constrain(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for twin in &plan.indexes {
        let columns = plan.twins(twin.table, &twin.columns);
        steps.push(index(plan, twin.table, &plan.twin_name(&twin.name), &columns, twin.unique));
    }
    for primary in plan.replaced() {
        let columns: Vec<_> = primary.columns.iter().map(String::as_str).collect();
        steps.push(index(plan, primary.table, &plan.kept_name(&primary.name), &columns, true));
    }
    for carrier in plan.carriers.iter().filter(|carrier| !carrier.column.nullable) {
        let change = vec![modify(plan, carrier, "NOT NULL"), ONLINE.into()];
        let title = format!("{}.{} NOT NULL", plan.tables[carrier.table].name, carrier.new);
        let step = rewritten(carrier.table, title, alter(plan, carrier.table, &change));
        steps.push(step.unless(nullable(plan, carrier.table, &carrier.new, "NO")));
    }
    for reference in &plan.references {
        steps.push(add_reference(plan, reference));
        steps.push(check_reference(plan, reference));
    }
    steps.extend(restage(plan, lanes, Stage::Enforced)?);
    Ok(steps)
}

/// Made anew as they are: whoever opens a table after that reads its triggers.
pub(super) fn read_triggers(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    restage(plan, lanes, Stage::Filling)
}

fn restage(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<Vec<Step>, Error> {
    let each = (0..plan.tables.len()).map(|table| {
        Ok(moment(
            table,
            of(plan, table, "triggers"),
            triggers::triggers(plan, lanes, table, stage)?,
        ))
    });
    each.collect()
}

fn relax(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = restage(plan, lanes, Stage::Filling)?;
    for reference in &plan.references {
        steps.push(drop_reference(plan, reference, &plan.twin_name(&reference.name)));
    }
    for carrier in plan.carriers.iter().filter(|carrier| !carrier.column.nullable) {
        let change = vec![modify(plan, carrier, "NULL"), ONLINE.into()];
        let title =
            format!("{}.{} may be NULL again", plan.tables[carrier.table].name, carrier.new);
        let step = rewritten(carrier.table, title, alter(plan, carrier.table, &change));
        steps.push(step.unless(nullable(plan, carrier.table, &carrier.new, "YES")));
    }
    for twin in &plan.indexes {
        let columns = plan.twins(twin.table, &twin.columns);
        steps.push(drop_index(plan, twin.table, &plan.twin_name(&twin.name), &columns));
        if twin.primary && !plan.keep_key {
            let columns: Vec<_> = twin.columns.iter().map(String::as_str).collect();
            steps.push(drop_index(plan, twin.table, &plan.kept_name(&twin.name), &columns));
        }
    }
    Ok(steps)
}

// ---- swapped -----------------------------------------------------------------------

/// The primary keys change; both references stay, since a cascade fires no trigger and so each
/// column needs its own.
fn swap(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = restage(plan, lanes, Stage::Swapped)?;
    for primary in plan.primaries() {
        let columns = plan.twins(primary.table, &primary.columns);
        steps.push(primary_of(plan, primary, &columns));
    }
    Ok(steps)
}

fn swap_back(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for primary in plan.primaries() {
        let columns: Vec<_> = primary.columns.iter().map(String::as_str).collect();
        steps.push(primary_of(plan, primary, &columns));
    }
    steps.extend(restage(plan, lanes, Stage::Enforced)?);
    Ok(steps)
}

// ---- contracted --------------------------------------------------------------------

fn contract(plan: &Plan) -> Vec<Step> {
    let mut steps: Vec<_> = plan
        .references
        .iter()
        .map(|reference| drop_reference(plan, reference, &reference.name))
        .collect();
    // Nobody fills in old ids from here on, so that nothing may ask for them either.
    for carrier in plan.carriers.iter().filter(|carrier| !carrier.column.nullable) {
        if carrier.column.default.as_deref() == Some("identity") {
            continue;
        }
        let (name, kind) = (MariaDb.quote(&carrier.column.name), &carrier.column.sql_type);
        let change = [format!("MODIFY {name} {kind} NULL"), ONLINE.into()];
        let title =
            format!("{}.{} may be NULL", plan.tables[carrier.table].name, carrier.column.name);
        let step = rewritten(carrier.table, title, alter(plan, carrier.table, &change));
        // Also where it is gone already.
        steps.push(step.unless(format!(
            "SELECT 1 WHERE NOT EXISTS ({})",
            nullable(plan, carrier.table, &carrier.column.name, "NO")
        )));
    }
    // Those of the migrated table last: theirs look for the old id that it makes.
    for table in (0..plan.tables.len()).rev() {
        steps.push(moment(
            table,
            of(plan, table, "triggers, away,"),
            triggers::drop_triggers(plan, table),
        ));
    }
    for table in (0..plan.tables.len()).rev() {
        let mut changes: Vec<_> = Vec::new();
        for twin in plan.indexes.iter().filter(|index| index.table == table) {
            let drop = |name: &str| format!("DROP INDEX IF EXISTS {}", MariaDb.quote(name));
            if twin.primary {
                changes
                    .extend([drop(&plan.twin_name(&twin.name)), drop(&plan.kept_name(&twin.name))]);
            } else {
                changes.push(drop(&twin.name));
            }
        }
        if let Some((name, _)) = plan.order_index().filter(|_| table == 0) {
            changes.push(format!("DROP INDEX IF EXISTS {}", MariaDb.quote(&name)));
        }
        changes.extend(plan.carriers_of(table).map(|carrier| {
            format!("DROP COLUMN IF EXISTS {}", MariaDb.quote(&carrier.column.name))
        }));
        let title = of(plan, table, "old ids, away for good,");
        steps.push(columns(plan, table, title, changes, NO_COPY));
    }
    steps.push(Step::beside("counters of the triggers, away", triggers::drop_counters(plan)));
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::example;
    use crate::session::Engine;

    #[test]
    fn no_change_of_a_table_is_left_to_the_servers_choice_of_a_lock() {
        for rewritten in [false, true] {
            let mut plan = example();
            plan.engine = Engine::MariaDb;
            plan.tables.iter_mut().for_each(|table| table.rewritten = rewritten);
            let lanes = plan.target.lanes().unwrap();
            let each = |phase| {
                let steps = enter(&plan, &lanes, phase).unwrap();
                steps.into_iter().chain(leave(&plan, &lanes, phase).unwrap())
            };
            let steps = Phase::ALL.into_iter().flat_map(each);
            let mut changes = 0;
            for step in steps {
                for sql in step.sql.iter().filter(|sql| sql.starts_with("ALTER TABLE")) {
                    changes += 1;
                    let quick = sql.ends_with(INSTANT) || sql.ends_with(NO_COPY);
                    assert!(quick || sql.ends_with(ONLINE), "{sql}");
                    let columns = sql.contains("ADD COLUMN") || sql.contains("DROP COLUMN");
                    assert!(!columns || quick != rewritten, "{sql}");
                    assert!(!columns || rewritten == (step.work == Work::Rewrite), "{sql}");
                }
            }
            assert!(changes > 10, "{changes}");
        }
    }
}
