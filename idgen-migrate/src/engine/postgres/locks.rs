//! Locks of several tables, in an order that closes no circle.

use super::{Dialect, Postgres};
use crate::plan::{Plan, Reference};

/// Keeps until when an attempt may wait for locks, in milliseconds of its transaction: as long as the ladder says, and
/// not so long that anybody who came to wait behind it has waited for `deadlock_timeout` by then. At that time they
/// look for a circle, once, and it is they whom the server would end for it.
const UNTIL: &str = "SELECT set_config('idgen_migrate.until', \
     min(setting::numeric * CASE name WHEN 'deadlock_timeout' THEN 0.8 ELSE 1 END)::text, true) \
     FROM pg_settings WHERE name IN ('lock_timeout', 'deadlock_timeout')";

/// What is left of that for the next lock: a moment at least, and half a second at most.
const WAIT: &str = "SELECT set_config('lock_timeout', greatest(30, least(500, \
     current_setting('idgen_migrate.until')::numeric - extract(epoch FROM clock_timestamp() - now()) * 1000))::int::text, true)";

/// Takes the locks of several tables, one after the other. The first may be waited for, holding nothing. The others
/// are given up before the database looks for deadlocks and ends somebody else's transaction: what the first left of
/// the time is theirs, so that all of them hold nobody up for longer than the ladder says, but for moments.
fn lock(plan: &Plan, tables: &[usize]) -> Vec<String> {
    let mut sql = vec![UNTIL.to_owned()];
    for table in tables {
        let name = Postgres.table(plan, *table);
        sql.push(format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"));
        sql.push(WAIT.into());
    }
    sql
}

pub(super) fn lock_all(plan: &Plan) -> Vec<String> {
    lock(plan, &(0..plan.tables.len()).collect::<Vec<_>>())
}

/// The locks of a reference's two tables.
pub(super) fn lock_both(plan: &Plan, reference: &Reference) -> Vec<String> {
    let mut tables = vec![reference.to, reference.table];
    tables.dedup();
    lock(plan, &tables)
}
