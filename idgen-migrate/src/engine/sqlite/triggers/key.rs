//! The migrated table's own ids: a new one for each row, an old one where an app of later makes none, and those that were
//! given stay.

use super::super::{Dialect, Sqlite};
use super::counters::{counting, old_counter, position, taken};
use super::{Bodies, changed};
use crate::Error;
use crate::engine::twins::{self, Pieces, Stage};
use crate::plan::{Kind, Plan};
use crate::target::Lanes;

/// What says that a new id is being put back, where what a trigger does calls it again: nobody's id among those
/// edited, and gone before the statement is done.
fn putting_back(plan: &Plan) -> (String, String) {
    (Sqlite.own("edited"), format!("name = {} AND id = ''", Sqlite.literal(&plan.name)))
}

/// The condition that an update changes the new id of a row that has one.
fn is_given_another(plan: &Plan) -> String {
    let new = &plan.key().new;
    format!("OLD.{} IS NOT NULL AND {}", Sqlite.quote(new), changed(new))
}

/// The same, and that no trigger does.
pub(super) fn is_to_be_kept(plan: &Plan) -> String {
    let (is_changed, (edited, mark)) = (is_given_another(plan), putting_back(plan));
    format!("{is_changed} AND NOT EXISTS (SELECT 1 FROM {edited} WHERE {mark})")
}

/// An id that was given stays, whatever an update says: it is put back before anything else looks at the row.
fn kept(plan: &Plan) -> [String; 3] {
    let (root, new, name) =
        (Sqlite.table(plan, 0), Sqlite.quote(&plan.key().new), Sqlite.literal(&plan.name));
    let (edited, mark) = putting_back(plan);
    let is_changed = is_given_another(plan);
    [
        format!("INSERT OR IGNORE INTO {edited} (name, id) SELECT {name}, '' WHERE {is_changed}"),
        format!("UPDATE {root} SET {new} = OLD.{new} WHERE {is_changed} AND rowid = NEW.rowid"),
        format!("DELETE FROM {edited} WHERE {is_changed} AND {mark}"),
    ]
}

/// Completes a row's own ids.
pub(super) fn complete(
    plan: &Plan,
    lanes: &Lanes,
    stage: Stage,
    Bodies { insert, update }: &mut Bodies,
) -> Result<(), Error> {
    if stage != Stage::Swapped {
        update.extend(kept(plan));
    }
    let key = plan.key();
    let (old, new) = (Sqlite.quote(&key.column.name), Sqlite.quote(&key.new));
    insert.extend(next(plan, lanes, &format!("NEW.{new} IS NULL"))?);
    if stage == Stage::Swapped {
        insert.extend(made_up(plan, &old));
    }
    let moved = twins::moved(plan, changed);
    // A row that has no new id keeps its place in the order until it has one.
    let condition = format!("OLD.{new} IS NULL AND NEW.{new} IS NULL AND ({moved})");
    update.extend(next(plan, lanes, &condition)?);
    let backfilled = twins::is_backfilled(&Sqlite, plan, lanes)?;
    let edited = twins::edited(&Sqlite, plan, "INSERT OR IGNORE INTO");
    update.push(format!("{edited} WHERE {backfilled} AND ({moved})"));
    if stage == Stage::Swapped {
        // A key that is changed by its old id alone is to be seen; one that is made up just now was NULL.
        let changed = format!(
            "OLD.{old} IS NOT NULL AND NEW.{old} IS NOT OLD.{old} AND NEW.{new} IS OLD.{new}"
        );
        update.push(taken(plan, lanes, &changed));
    }
    Ok(())
}

/// An old id for a row that came without one: the rowid where ids were rowids, so that an app which
/// asks for the last one is told right, unless it was an id before.
fn made_up(plan: &Plan, old: &str) -> Vec<String> {
    let root = Sqlite.table(plan, 0);
    let missing = format!("NEW.{old} IS NULL");
    let set = |value: &str| {
        format!("UPDATE {root} SET {old} = {value} WHERE {missing} AND rowid = NEW.rowid")
    };
    let uuid = "substr(h, 1, 12) || '4' || substr(h, 14, 3) || '8' || substr(h, 18)";
    let hex = "(SELECT lower(hex(randomblob(16))) AS h)";
    match (counting(plan), plan.key().column.kind) {
        (Some(upwards), _) => {
            let counter = old_counter(plan);
            let step = match upwards {
                true => format!(
                    "max(last + 1, NEW.rowid, coalesce((SELECT max({old}) FROM {root}), 0) + 1)"
                ),
                false => "last - 1".into(),
            };
            let count = format!("UPDATE {counter} SET last = {step} WHERE {missing}");
            vec![count, set(&format!("(SELECT last FROM {counter})"))]
        }
        (None, Kind::Bytes) => vec![set("randomblob(16)")],
        (None, _) => vec![set(&format!(
            "(SELECT substr(u, 1, 8) || '-' || substr(u, 9, 4) || '-' || substr(u, 13, 4) || '-' || \
             substr(u, 17, 4) || '-' || substr(u, 21) FROM (SELECT {uuid} AS u FROM {hex}))"
        ))],
    }
}

/// Gives a row without a new id one of the trigger's lane, on a condition: the position after the last
/// one, or the clock's, if that is later.
fn next(plan: &Plan, lanes: &Lanes, condition: &str) -> Result<[String; 2], Error> {
    let (root, new) = (Sqlite.table(plan, 0), Sqlite.quote(&plan.key().new));
    let dressed = twins::dressed(lanes, &Hex)?;
    let position = position(plan);
    Ok([
        taken(plan, lanes, condition),
        format!(
            "UPDATE {root} SET {new} = (SELECT {dressed} FROM (SELECT last AS p FROM {position})) \
             WHERE {condition} AND rowid = NEW.rowid AND {new} IS NULL"
        ),
    ])
}

/// How SQLite writes the pieces of a UUID.
struct Hex;

impl Pieces for Hex {
    fn hex(&self, number: &str, digits: usize) -> String {
        format!("printf('%0{digits}x', {number})")
    }

    fn random(&self, digits: usize) -> String {
        format!("substr(lower(hex(randomblob(6))), 1, {digits})")
    }

    fn uuid(&self, pieces: &[String]) -> String {
        format!("unhex({})", pieces.join(" || "))
    }

    fn quotient(&self, position: &str, per_tick: i64) -> String {
        format!("({position} / {per_tick})")
    }
}
