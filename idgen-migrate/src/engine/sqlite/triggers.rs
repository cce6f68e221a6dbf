//! Triggers that keep both ids together, whoever writes: one for each table and event.
//!
//! SQLite's cannot change a row on its way in, so they come after it and change what is there. Writers
//! come one after the other, so that a counter in a table is enough, and what a transaction that is
//! rolled back has counted nobody saw. What foreign keys do to rows fires them too.

use super::{Dialect, Sqlite, rekey};
use crate::Error;
use crate::engine::twins::{self, Pieces, Stage};
use crate::plan::{Carrier, Kind, Order, Plan, Reference};
use crate::target::Lanes;

/// The table of the last position of the trigger's lane, of one row.
fn position(plan: &Plan) -> String {
    Sqlite.own(&format!("{}_position", plan.name))
}

/// The table of the last old id that was made up, of one row.
fn old_counter(plan: &Plan) -> String {
    Sqlite.own(&format!("{}_old", plan.name))
}

fn one_row(table: &str, last: &str) -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL)"
        ),
        format!("INSERT OR IGNORE INTO {table} (one, last) VALUES (1, {last})"),
    ]
}

/// What makes the counter of new ids.
pub(super) fn counter(plan: &Plan) -> Vec<String> {
    one_row(&position(plan), "0")
}

/// What removes the counters.
pub(super) fn drop_counters(plan: &Plan) -> Vec<String> {
    [position(plan), old_counter(plan)].map(|name| format!("DROP TABLE IF EXISTS {name}")).into()
}

/// Whether missing old ids are counted: upwards where the database always did, and otherwise downwards
/// from below all, where no app makes any.
fn counting(plan: &Plan) -> Option<bool> {
    let counts = plan.key().column.default.as_deref() == Some("identity");
    let upwards = counts && !matches!(plan.order, Order::Id { .. });
    (plan.key().column.kind == Kind::Integer).then_some(upwards)
}

/// What makes the counter of old ids, while the old key still is one.
pub(super) fn old_ids(plan: &Plan, autoincrements: bool) -> Vec<String> {
    let (root, id) = (Sqlite.table(plan, 0), Sqlite.quote(&plan.key().column.name));
    let Some(upwards) = counting(plan) else { return Vec::new() };
    let counted = match (upwards, autoincrements) {
        (true, true) => format!(
            "max(coalesce((SELECT max({id}) FROM {root}), 0), \
             coalesce((SELECT seq FROM sqlite_sequence WHERE name = {}), 0))",
            Sqlite.literal(&plan.root().name)
        ),
        (true, false) => format!("coalesce((SELECT max({id}) FROM {root}), 0)"),
        (false, _) => format!("min(coalesce((SELECT min({id}) FROM {root}), 0), 0)"),
    };
    one_row(&old_counter(plan), &counted)
}

/// How far old ids were counted, for the key that goes on with it.
pub(super) fn counted(plan: &Plan) -> String {
    format!("SELECT last FROM {}", old_counter(plan))
}

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

/// What puts them on, in place of earlier ones.
pub(super) fn triggers(
    plan: &Plan,
    lanes: &Lanes,
    table: usize,
    stage: Stage,
) -> Result<Vec<String>, Error> {
    let (mut insert, mut update) = (Vec::new(), Vec::new());
    let (mut watched, mut when) = (Vec::new(), String::new());
    if table == 0 && stage != Stage::Swapped {
        update.extend(kept(plan));
    }
    if table == 0 {
        of_key(plan, lanes, stage, &mut insert, &mut update)?;
        if let Order::Time { column, .. } = &plan.order {
            watched.push(column.name.as_str());
        }
    }
    if table == 0 {
        watched.push(plan.key().column.name.as_str());
    }
    let followers = || plan.carriers.iter().skip(1).filter(|carrier| carrier.table == table);
    for carrier in followers() {
        watched.extend([carrier.column.name.as_str(), &carrier.new]);
        of_reference(plan, lanes, carrier, stage, (&mut insert, &mut update));
    }
    if table == 0 && stage == Stage::Swapped {
        // Those of the row itself are completed.
        update.extend(rekey::rekeyed(plan));
    }
    if table == 0 && stage != Stage::Swapped {
        // The backfill writes the new id alone, and nothing is done for it.
        let others: Vec<_> = watched.iter().map(|name| changed(name)).collect();
        when = format!(" WHEN {} OR ({})", others.join(" OR "), is_to_be_kept(plan));
        watched.push(&plan.key().new);
    }
    // At the end, when all references of the row are completed. What completes one is an update by itself, which
    // must not ask for the others.
    for carrier in followers() {
        let Some(refused) = refusal(plan, carrier, stage) else { continue };
        let [old, new] = [&carrier.column.name, &carrier.new].map(|name| changed(name));
        update.push(format!("{refused} AND ({old} OR {new})"));
        insert.push(refused);
    }
    let on = Sqlite.table(plan, table);
    let made = |event: &str, of: &str, when: &str, body: &[String]| {
        format!(
            "CREATE TRIGGER {} AFTER {}{of} ON {on} FOR EACH ROW{when} BEGIN\n    {};\nEND",
            name(plan, table, event),
            event.to_uppercase(),
            body.join(";\n    ")
        )
    };
    let mut sql = drop_triggers(plan, table);
    sql.push(made("insert", "", "", &insert));
    sql.push(made("update", &format!(" OF {}", Sqlite.list(&watched)), &when, &update));
    Ok(sql)
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

/// Takes the next position of the trigger's lane, on a condition: for an id, or for a write by old ids alone,
/// which is seen by that.
fn taken(plan: &Plan, lanes: &Lanes, condition: &str) -> String {
    let base = lanes.timebase();
    let (epoch, tick) = (base.epoch().as_nanos() / 1_000_000, base.tick_nanos());
    let (fence, per_tick) = (plan.fence.unwrap_or(0), lanes.per_tick());
    // Both readings of a statement's clock are of one instant.
    let millis = "CAST(strftime('%s', 'now') AS INTEGER) * 1000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER)";
    format!(
        "UPDATE {} SET last = max(last + 1, max({fence}, ({millis} - ({epoch})) * 1000000 / {tick}) * {per_tick}) \
         WHERE {condition}",
        position(plan)
    )
}

/// A query that yields the tick of the last position.
pub(super) fn last_tick(plan: &Plan, lanes: &Lanes) -> String {
    format!("SELECT last / {} FROM {}", lanes.per_tick(), position(plan))
}

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
fn is_to_be_kept(plan: &Plan) -> String {
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

fn of_key(
    plan: &Plan,
    lanes: &Lanes,
    stage: Stage,
    insert: &mut Vec<String>,
    update: &mut Vec<String>,
) -> Result<(), Error> {
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

fn of_reference(
    plan: &Plan,
    lanes: &Lanes,
    carrier: &Carrier,
    stage: Stage,
    (insert, update): (&mut Vec<String>, &mut Vec<String>),
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

/// Whether a reference is checked at the end of the transaction.
pub(super) fn is_late(reference: &Reference) -> bool {
    reference.clauses.to_ascii_uppercase().contains("DEFERRED")
}

/// The condition that an update changes a column.
pub(super) fn changed(column: &str) -> String {
    let column = Sqlite.quote(column);
    format!("NEW.{column} IS NOT OLD.{column}")
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
