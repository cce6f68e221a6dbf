//! The app's own triggers that updates fire.

use super::triggers::PREFIX;
use super::{Dialect, MariaDb};
use crate::Error;
use crate::engine::acting::{self, Acting};
use crate::plan::Plan;
use crate::session::Session;

fn triggers(table: &str) -> String {
    format!(
        "SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = DATABASE() \
         AND event_object_table = {} AND FIND_IN_SET('UPDATE', event_manipulation) > 0 \
         AND LEFT(trigger_name, {}) <> '{PREFIX}' ORDER BY trigger_name",
        MariaDb.literal(table),
        PREFIX.len()
    )
}

pub(in crate::engine) async fn told(
    session: &mut Session,
    plan: &Plan,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for (number, table) in plan.tables.iter().enumerate() {
        for row in session.rows(&triggers(&table.name), &[]).await? {
            let what = format!("trigger {}", row.text(0)?);
            found.push(Acting { table: number, what, columns: Vec::new(), each_row: true });
        }
    }
    Ok(acting::told(plan, &found, "a condition in its body", ""))
}
