//! References: each by both ids of one row, or refused.

use super::super::{Dialect, Sqlite};
use super::counters::taken;
use super::{Bodies, changed, is_late};
use crate::engine::twins::{self, Stage};
use crate::plan::{Carrier, Plan};
use crate::target::Lanes;

/// Completes a reference.
pub(super) fn complete(
    plan: &Plan,
    lanes: &Lanes,
    carrier: &Carrier,
    stage: Stage,
    Bodies { insert, update }: &mut Bodies,
) {
    let (old, new) = (Sqlite.quote(&carrier.column.name), Sqlite.quote(&carrier.new));
    let key = plan.key();
    let (id, id_new) = (Sqlite.quote(&key.column.name), Sqlite.quote(&key.new));
    let (table, root) = (Sqlite.table(plan, carrier.table), Sqlite.table(plan, 0));
    // Nothing is written that is there already.
    let follow = |set: &str, value: &str, its: &str, mine: &str, condition: &str| {
        let found = format!("(SELECT r.{value} FROM {root} r WHERE r.{its} = NEW.{mine})");
        format!(
            "UPDATE {table} SET {set} = {found} WHERE rowid = NEW.rowid AND ({condition}) AND {set} IS NOT {found}"
        )
    };
    let forth = |condition: &str| follow(&new, &id_new, &id, &old, condition);
    let back = |condition: &str| follow(&old, &id, &id_new, &new, condition);
    let (old_is, new_is) = (changed(&carrier.column.name), changed(&carrier.new));
    if stage == Stage::Swapped {
        // A reference by its old id alone is to be seen. One that the insertion's trigger completes has the
        // right new one already.
        let right = format!("(SELECT r.{id_new} FROM {root} r WHERE r.{id} = NEW.{old})");
        let by_old = format!("NEW.{new} IS NULL AND NEW.{old} IS NOT NULL");
        insert.push(taken(plan, lanes, &by_old));
        let by_old = format!("{old_is} AND NEW.{new} IS OLD.{new} AND NEW.{new} IS NOT {right}");
        update.push(taken(plan, lanes, &by_old));
        insert.push(back(&format!("NEW.{new} IS NOT NULL OR NEW.{old} IS NULL")));
        insert.push(forth(&format!("NEW.{new} IS NULL AND NEW.{old} IS NOT NULL")));
        update.push(back(&new_is));
        update.push(forth(&format!("NOT ({new_is}) AND {old_is}")));
    } else {
        let given = twins::old_is_given(&Sqlite, carrier);
        insert.push(forth(&given));
        insert.push(back(&format!("NOT {given}")));
        // The backfill itself is let through.
        let was = if stage == Stage::Filling {
            format!(" AND {}", twins::is_no_backfill(&Sqlite, carrier))
        } else {
            String::new()
        };
        let old_wins = twins::old_wins(&Sqlite, carrier, changed);
        update.push(forth(&old_wins));
        update.push(back(&format!("NOT ({old_wins}) AND {new_is}{was}")));
    }
}

/// Refuses a row that refers to nobody.
pub(super) fn refuse(
    plan: &Plan,
    carrier: &Carrier,
    stage: Stage,
    Bodies { insert, update }: &mut Bodies,
) {
    let Some(refused) = refusal(plan, carrier, stage) else { return };
    // What completes another reference is an update by itself, which must not ask for this one.
    let [old, new] = [&carrier.column.name, &carrier.new].map(|name| changed(name));
    update.push(format!("{refused} AND ({old} OR {new})"));
    insert.push(refused);
}

/// What refuses a row that refers to nobody; none where the row that it refers to may still come: of the
/// same table, or under a constraint that is checked late. Before new ids are enforced only who names one alone is
/// refused, and whose row may still come counts for nothing: that is too early anyway.
fn refusal(plan: &Plan, carrier: &Carrier, stage: Stage) -> Option<String> {
    let late = plan.references.iter().any(|reference| {
        reference.table == carrier.table
            && reference.columns.contains(&carrier.column.name)
            && is_late(reference)
    });
    let (old, new) = (Sqlite.quote(&carrier.column.name), Sqlite.quote(&carrier.new));
    let torn = match stage {
        Stage::Filling => format!("{old} IS NULL AND {new} IS NOT NULL"),
        _ if late || carrier.table == 0 => return None,
        _ => format!("({old} IS NULL) <> ({new} IS NULL)"),
    };
    let table = &plan.tables[carrier.table].name;
    let message = format!(
        "idgen: {table}.{} breaks its FOREIGN KEY: no row has this id, or it has not both ids",
        carrier.column.name
    );
    Some(format!(
        "SELECT RAISE(ABORT, {}) FROM {} WHERE rowid = NEW.rowid AND {torn}{}",
        Sqlite.literal(&message),
        Sqlite.table(plan, carrier.table),
        twins::and_refers(plan, carrier, &|column| Sqlite.quote(column))
    ))
}
