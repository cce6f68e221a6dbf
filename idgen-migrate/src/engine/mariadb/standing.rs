//! What of the app's own stands on the old columns, as far as its text says so.

use super::triggers::PREFIX;
use super::{Dialect, MariaDb};
use crate::gate::{DEPENDENTS, READERS};
use crate::plan::Plan;

/// Names it, and what becomes of it when they go: the engine refuses to drop a column that a check or
/// another column is of, and breaks views and triggers.
pub(super) fn query(plan: &Plan) -> String {
    let each = plan.carriers.iter().map(|carrier| {
        let (table, column) = (&plan.tables[carrier.table].name, &carrier.column.name);
        let named = MariaDb.literal(&MariaDb.quote(column));
        let of = MariaDb.literal(table);
        let word: String =
            column.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '.' }).collect();
        let fields = MariaDb.literal(&format!("(NEW|OLD)\\s*\\.\\s*`{{0,1}}{word}\\b"));
        format!(
            "SELECT '{DEPENDENTS}' AS kind, CONCAT('column ', column_name, ' of ', table_name) AS what \
             FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = {of} \
             AND INSTR(generation_expression, {named}) > 0 \
             UNION ALL SELECT '{DEPENDENTS}', CONCAT('constraint ', constraint_name, ' of ', table_name) \
             FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() AND table_name = {of} \
             AND INSTR(check_clause, {named}) > 0 \
             UNION ALL SELECT '{READERS}', CONCAT('view ', table_name) \
             FROM information_schema.views WHERE table_schema = DATABASE() \
             AND INSTR(view_definition, {from}) > 0 AND INSTR(view_definition, {qualified}) > 0 \
             UNION ALL SELECT '{READERS}', CONCAT('trigger ', trigger_name, ' of ', event_object_table) \
             FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_table = {of} \
             AND LEFT(trigger_name, {length}) <> '{PREFIX}' AND action_statement REGEXP {fields}",
            from = MariaDb.literal(&format!(".{}", MariaDb.quote(table))),
            qualified = MariaDb.literal(&format!(".{}", MariaDb.quote(column))),
            length = PREFIX.len()
        )
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}
