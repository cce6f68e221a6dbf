//! What triggers count: positions of their lane, and old ids that they make up.

use super::super::{Dialect, Sqlite};
use crate::plan::{Kind, Order, Plan};
use crate::target::Lanes;

/// The table of the last position of the trigger's lane, of one row.
pub(super) fn position(plan: &Plan) -> String {
    Sqlite.own(&format!("{}_position", plan.name))
}

/// The table of the last old id that was made up, of one row.
pub(super) fn old_counter(plan: &Plan) -> String {
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
pub(in crate::engine::sqlite) fn counter(plan: &Plan) -> Vec<String> {
    one_row(&position(plan), "0")
}

/// What removes the counters.
pub(in crate::engine::sqlite) fn drop_counters(plan: &Plan) -> Vec<String> {
    [position(plan), old_counter(plan)].map(|name| format!("DROP TABLE IF EXISTS {name}")).into()
}

/// Whether missing old ids are counted: upwards where the database always did, and otherwise downwards
/// from below all, where no app makes any.
pub(super) fn counting(plan: &Plan) -> Option<bool> {
    let counts = plan.key().column.default.as_deref() == Some("identity");
    let upwards = counts && !matches!(plan.order, Order::Id { .. });
    (plan.key().column.kind == Kind::Integer).then_some(upwards)
}

/// What makes the counter of old ids, while the old key still is one.
pub(in crate::engine::sqlite) fn old_ids(plan: &Plan, autoincrements: bool) -> Vec<String> {
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
pub(in crate::engine::sqlite) fn counted(plan: &Plan) -> String {
    format!("SELECT last FROM {}", old_counter(plan))
}

/// Takes the next position of the trigger's lane, on a condition: for an id, or for a write by old ids alone,
/// which is seen by that.
pub(super) fn taken(plan: &Plan, lanes: &Lanes, condition: &str) -> String {
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
pub(in crate::engine::sqlite) fn last_tick(plan: &Plan, lanes: &Lanes) -> String {
    format!("SELECT last / {} FROM {}", lanes.per_tick(), position(plan))
}
