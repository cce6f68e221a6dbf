//! What of the app's own stands on the old columns, as far as its text says so.

use super::triggers::PREFIX;
use super::{Dialect, MariaDb};
use crate::check::{DEPENDENTS, READERS};
use crate::plan::Plan;

/// Names it, and what becomes of it when they go: the engine refuses to drop a column that a check or
/// another column is of, and one of several columns of an index that stays, and breaks views and triggers.
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
             UNION ALL SELECT '{DEPENDENTS}', CONCAT('index ', index_name, ' of ', table_name) \
             FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = {of} \
             AND index_name NOT IN ({ours}) GROUP BY table_name, index_name \
             HAVING max(column_name = {name}) AND max(column_name NOT IN ({going})) \
             UNION ALL SELECT '{READERS}', CONCAT('view ', table_name) \
             FROM information_schema.views WHERE table_schema = DATABASE() \
             AND INSTR(view_definition, {from}) > 0 AND INSTR(view_definition, {qualified}) > 0 \
             UNION ALL SELECT '{READERS}', CONCAT('trigger ', trigger_name, ' of ', event_object_table) \
             FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND event_object_table = {of} \
             AND LEFT(trigger_name, {length}) <> '{PREFIX}' AND action_statement REGEXP {fields}",
            from = MariaDb.literal(&format!(".{}", MariaDb.quote(table))),
            qualified = MariaDb.literal(&format!(".{}", MariaDb.quote(column))),
            length = PREFIX.len(),
            ours = literals(indexes(plan, carrier.table)),
            going = literals(plan.carriers_of(carrier.table).map(|of| of.column.name.clone())),
            name = MariaDb.literal(column)
        )
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}

/// The indexes of a table that go with the old columns, or are changed before.
fn indexes(plan: &Plan, table: usize) -> impl Iterator<Item = String> {
    let of_table = plan.indexes.iter().filter(move |index| index.table == table);
    let each = of_table
        .flat_map(|of| [of.name.clone(), plan.twin_name(&of.name), plan.kept_name(&of.name)]);
    each.chain(plan.order_index().filter(|_| table == 0).map(|(name, _)| name))
}

fn literals(names: impl Iterator<Item = String>) -> String {
    // Of none there would be no list.
    let names = names.chain([String::new()]).map(|name| MariaDb.literal(&name));
    names.collect::<Vec<_>>().join(", ")
}
