//! The steps of each phase, and of each way back.

use super::constraints::{
    act_after, add_reference, check_name, comments, constraint_exists, drop_reference,
    keep_comments, not_null, validate,
};
use super::indexes::{drop_index, index, keep_index};
use super::locks::{lock_all, lock_both};
use super::{Dialect, Postgres, rekey, rights, settle, triggers};
use crate::engine::twins::Stage;
use crate::engine::{Lock, Step, both};
use crate::plan::{Carrier, Index, Plan};
use crate::target::Lanes;
use crate::{Error, Phase};

pub(super) fn enter(plan: &Plan, lanes: &Lanes, to: Phase) -> Result<Vec<Step>, Error> {
    Ok(match to {
        Phase::Expanded => expand(plan, lanes)?,
        Phase::Constrained => constrain(plan, lanes)?,
        Phase::ReadingNew if plan.keep_key => order_away(plan),
        Phase::Swapped => vec![swap(plan, lanes)?],
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

// ---- expanded ----------------------------------------------------------------------

fn expand(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let functions = triggers::functions(plan, lanes, Stage::Filling)?;
    let mut steps =
        vec![Step { lock: Lock::None, ..Step::moment("functions of the triggers", functions) }];
    for table in 0..plan.tables.len() {
        let columns: Vec<_> = plan
            .carriers_of(table)
            .map(|carrier| {
                let kind = Postgres.new_column(&plan.target, "").sql_type;
                format!("ADD COLUMN IF NOT EXISTS {} {kind}", Postgres.quote(&carrier.new))
            })
            .collect();
        let mut sql =
            vec![format!("ALTER TABLE {} {}", Postgres.table(plan, table), columns.join(", "))];
        sql.extend(plan.carriers_of(table).map(|carrier| rights::carried(plan, carrier)));
        sql.extend(plan.carriers_of(table).map(|carrier| rights::described(plan, carrier)));
        sql.extend(triggers::triggers(plan, table, Stage::Filling));
        steps.push(
            Step::moment(format!("columns and triggers of {}", plan.tables[table].name), sql)
                .on([table]),
        );
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
        let mut sql = triggers::drop_triggers(plan, table);
        let columns: Vec<_> = plan
            .carriers_of(table)
            .map(|carrier| format!("DROP COLUMN IF EXISTS {}", Postgres.quote(&carrier.new)))
            .collect();
        sql.push(format!("ALTER TABLE {} {}", Postgres.table(plan, table), columns.join(", ")));
        steps.push(
            Step::moment(format!("columns and triggers of {}, away", plan.tables[table].name), sql)
                .on([table]),
        );
    }
    steps.extend(order_away(plan));
    let functions = triggers::drop_functions(plan);
    steps.push(Step {
        lock: Lock::None,
        ..Step::moment("functions of the triggers, away", functions)
    });
    steps
}

// ---- constrained -------------------------------------------------------------------

fn constrain(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for twin in &plan.indexes {
        let columns = plan.twins(twin.table, &twin.columns);
        steps.push(index(plan, twin.table, &plan.twin_name(&twin.name), &columns, twin.unique));
    }
    steps.extend(plan.replaced().map(|primary| keep_index(plan, primary)));
    // Before anything is enforced: what comes early is completed from here on.
    steps.extend(restage(plan, lanes, Stage::Enforced)?);
    for carrier in plan.carriers.iter().filter(|carrier| !carrier.column.nullable) {
        steps.extend(not_null(plan, carrier));
    }
    for reference in &plan.references {
        let mut sql = lock_both(plan, reference);
        sql.push(add_reference(plan, reference, true));
        sql.push(act_after(plan, reference, true));
        steps.push(
            Step::moment(format!("{}, not yet validated", plan.twin_name(&reference.name)), sql)
                .on(both(reference))
                .unless(constraint_exists(
                    plan,
                    reference.table,
                    &plan.twin_name(&reference.name),
                    "",
                )),
        );
        steps.push(validate(plan, reference.table, &plan.twin_name(&reference.name)));
    }
    Ok(steps)
}

/// Functions and triggers of a stage, table by table: one lock at a time stands in no circle. On the way on the
/// triggers come first, so that what completes a row is there before a function leaves one incomplete.
fn restage(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<Vec<Step>, Error> {
    let made = |title: &str, sql| Step { lock: Lock::None, ..Step::moment(title, sql) };
    let functions = made("functions of the triggers", triggers::functions(plan, lanes, stage)?);
    let triggers = (0..plan.tables.len()).map(|table| {
        let title = format!("triggers of {}", plan.tables[table].name);
        Step::moment(title, triggers::triggers(plan, table, stage)).on([table])
    });
    let settling = settle::functions(plan, stage);
    if stage == Stage::Filling || settling.is_empty() {
        return Ok([functions].into_iter().chain(triggers).collect());
    }
    let settling = made("functions that complete early rows", settling);
    Ok([settling].into_iter().chain(triggers).chain([functions]).collect())
}

/// The same within a step that has all locks.
fn restage_now(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<Vec<String>, Error> {
    let mut sql = triggers::functions(plan, lanes, stage)?;
    sql.extend((0..plan.tables.len()).flat_map(|table| triggers::triggers(plan, table, stage)));
    Ok(sql)
}

fn relax(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for reference in &plan.references {
        let mut sql = lock_both(plan, reference);
        sql.push(drop_reference(plan, reference, true));
        let title = format!("{}, away", plan.twin_name(&reference.name));
        steps.push(Step::moment(title, sql).on(both(reference)));
    }
    for carrier in &plan.carriers {
        let table = Postgres.table(plan, carrier.table);
        let check = Postgres.quote(&check_name(carrier));
        steps.push(Step::moment(
            format!("{}.{} may be NULL again", plan.tables[carrier.table].name, carrier.new),
            vec![format!(
                "ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL, DROP CONSTRAINT IF EXISTS {check}",
                Postgres.quote(&carrier.new)
            )],
        ).on([carrier.table]));
    }
    // Now that a reference may be missing again.
    steps.extend(restage(plan, lanes, Stage::Filling)?);
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

fn swap(plan: &Plan, lanes: &Lanes) -> Result<Step, Error> {
    let mut sql = lock_all(plan);
    sql.extend(keep_comments(plan));
    sql.extend(plan.references.iter().map(|reference| drop_reference(plan, reference, false)));
    sql.extend(plan.references.iter().map(|reference| act_after(plan, reference, false)));
    sql.extend(
        plan.primaries().map(|primary| primary_from(plan, primary, &plan.twin_name(&primary.name))),
    );
    sql.extend(comments(plan, true));
    sql.extend(restage_now(plan, lanes, Stage::Swapped)?);
    let step = Step::moment("the new id is the primary key, and references point to it", sql)
        .on(0..plan.tables.len());
    Ok(match plan.primaries().next() {
        Some(primary) => step.unless(primary_has(plan, primary, true)),
        None => step,
    })
}

fn swap_back(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for primary in plan.primaries() {
        let columns = plan.twins(primary.table, &primary.columns);
        steps.push(index(plan, primary.table, &plan.twin_name(&primary.name), &columns, true));
    }
    let mut sql = lock_all(plan);
    sql.extend(keep_comments(plan));
    // The old ones are there already where this is done again.
    for twin in [false, true] {
        sql.extend(plan.references.iter().map(|reference| drop_reference(plan, reference, twin)));
    }
    sql.extend(
        plan.primaries().map(|primary| primary_from(plan, primary, &plan.kept_name(&primary.name))),
    );
    for twin in [false, true] {
        sql.extend(plan.references.iter().map(|reference| add_reference(plan, reference, twin)));
    }
    sql.extend(plan.references.iter().map(|reference| act_after(plan, reference, true)));
    sql.extend(comments(plan, false));
    sql.extend(restage_now(plan, lanes, Stage::Enforced)?);
    sql.extend(rekey::drop_functions(plan));
    let step = Step::moment("the old id is the primary key again", sql).on(0..plan.tables.len());
    steps.push(match plan.primaries().next() {
        Some(primary) => step.unless(primary_has(plan, primary, false)),
        None => step,
    });
    for reference in &plan.references {
        steps.push(validate(plan, reference.table, &reference.name));
        steps.push(validate(plan, reference.table, &plan.twin_name(&reference.name)));
    }
    steps.extend(plan.primaries().map(|primary| keep_index(plan, primary)));
    Ok(steps)
}

fn primary_from(plan: &Plan, primary: &Index, index: &str) -> String {
    let name = Postgres.quote(&primary.name);
    format!(
        "ALTER TABLE {} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {}",
        Postgres.table(plan, primary.table),
        Postgres.quote(index)
    )
}

/// Yields 1 where the primary key is of the new columns, or of the old ones.
pub(super) fn primary_has(plan: &Plan, primary: &Index, new: bool) -> String {
    let mut carriers = plan.carriers_of(primary.table);
    let carrier = carriers.find(|c| primary.columns.contains(&c.column.name));
    let column = carrier.map_or("", |c| if new { &c.new } else { &c.column.name });
    format!(
        "SELECT 1 FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey) \
         WHERE k.contype = 'p' AND k.conrelid = {}::regclass AND a.attname = {}",
        Postgres.literal(&Postgres.table(plan, primary.table)),
        Postgres.literal(column)
    )
}

// ---- contracted --------------------------------------------------------------------

fn contract(plan: &Plan) -> Vec<Step> {
    // Nobody fills in old ids from here on, so that nothing may ask for them either.
    let free = |carrier: &Carrier| {
        let free =
            !carrier.column.nullable && carrier.column.default.as_deref() != Some("identity");
        let (table, old) =
            (Postgres.table(plan, carrier.table), Postgres.quote(&carrier.column.name));
        free.then(|| format!("ALTER TABLE {table} ALTER COLUMN {old} DROP NOT NULL"))
    };
    let mut off = lock_all(plan);
    off.extend(plan.carriers.iter().filter_map(free));
    off.extend((0..plan.tables.len()).flat_map(|table| triggers::drop_triggers(plan, table)));
    let title = "triggers, away; old ids may be missing";
    let trigger = format!(
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = {}::regclass AND tgname = {})",
        Postgres.literal(&Postgres.table(plan, 0)),
        Postgres.literal(&triggers::trigger(plan, 0, "insert"))
    );
    let mut steps = vec![Step::moment(title, off).on(0..plan.tables.len()).unless(trigger)];
    for table in (0..plan.tables.len()).rev() {
        let name = Postgres.table(plan, table);
        let columns: Vec<_> = plan
            .carriers_of(table)
            .map(|carrier| {
                format!("DROP COLUMN IF EXISTS {}", Postgres.quote(&carrier.column.name))
            })
            .collect();
        let mut sql = vec![format!("ALTER TABLE {name} {}", columns.join(", "))];
        for twin in plan.indexes.iter().filter(|index| index.table == table && !index.primary) {
            let (old, new) =
                (Postgres.quote(&twin.name), Postgres.quote(&plan.twin_name(&twin.name)));
            sql.push(if twin.constraint {
                format!("ALTER TABLE {name} ADD CONSTRAINT {old} UNIQUE USING INDEX {new}")
            } else {
                let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
                format!("ALTER INDEX {}.{new} RENAME TO {old}", Postgres.quote(schema))
            });
        }
        for reference in plan.references.iter().filter(|reference| reference.table == table) {
            let (old, new) =
                (Postgres.quote(&reference.name), Postgres.quote(&plan.twin_name(&reference.name)));
            sql.push(format!("ALTER TABLE {name} RENAME CONSTRAINT {new} TO {old}"));
        }
        let gone = old_is_gone(plan, table);
        steps.push(
            Step::moment(format!("old ids of {}, away for good", plan.tables[table].name), sql)
                .on([table])
                .unless(gone),
        );
    }
    steps.extend(order_away(plan));
    let functions = triggers::drop_functions(plan);
    steps.push(Step {
        lock: Lock::None,
        ..Step::moment("functions of the triggers, away", functions)
    });
    steps
}

/// Yields 1 where a table has its old ids no more.
fn old_is_gone(plan: &Plan, table: usize) -> String {
    let column = plan.carriers_of(table).next().map_or("", |carrier| &carrier.column.name);
    format!(
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = {}::regclass \
         AND attname = {} AND NOT attisdropped)",
        Postgres.literal(&Postgres.table(plan, table)),
        Postgres.literal(column)
    )
}
