//! Locks of several tables, in an order that closes no circle.

use super::{Dialect, Postgres};
use crate::plan::{Plan, Reference};

/// Takes the locks of several tables, one after the other. The first may be waited for, holding nothing;
/// the others are given up at once, long before the database looks for deadlocks and ends somebody
/// else's transaction.
fn lock(plan: &Plan, tables: &[usize]) -> Vec<String> {
    let mut sql = Vec::new();
    for table in tables {
        let name = Postgres.table(plan, *table);
        sql.push(format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"));
        sql.push("SET LOCAL lock_timeout = 30".into());
    }
    sql
}

pub(super) fn lock_all(plan: &Plan) -> Vec<String> {
    lock(plan, &(0..plan.tables.len()).collect::<Vec<_>>())
}

/// The locks of a reference's two tables.
pub(super) fn lock_both(plan: &Plan, reference: &Reference) -> Vec<String> {
    match (reference.to, reference.table) {
        (to, table) if to == table => Vec::new(),
        (to, table) => lock(plan, &[to, table]),
    }
}
