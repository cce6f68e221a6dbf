//! The statements of the backfill: as they run, and as they are shown.

use super::planning;
use crate::engine::{Link, Lock, Step, Work, between, dialect};
use crate::plan::{Column, Plan};
use crate::store;

/// What reads the rows of a chunk in their order.
pub(super) struct Reading {
    pub(super) sql: String,
    /// In which column the old id is.
    pub(super) old: usize,
    /// In which column is what names the row, where that is not the old id.
    pub(super) name: Option<usize>,
}

/// What reads all rows in their order.
pub(super) fn planning(plan: &Plan) -> String {
    let (fields, order) = planning::reading(plan);
    in_order(plan, &fields, "", &order)
}

/// What reads the rows on a condition, in their order.
pub(super) fn reading(plan: &Plan, condition: &str) -> Reading {
    let (mut fields, order) = planning::reading(plan);
    let old = fields.len() - 1;
    let name = dialect(plan.engine).row_name().map(|name| {
        fields.push(format!("c.{name}"));
        old + 1
    });
    Reading { sql: in_order(plan, &fields, &format!(" AND {condition}"), &order), old, name }
}

/// What reads fields of the rows that have no new id.
fn in_order(plan: &Plan, fields: &[String], and: &str, order: &str) -> String {
    let sql = dialect(plan.engine);
    let (fields, table, new) = (fields.join(", "), sql.table(plan, 0), sql.quote(&plan.key().new));
    format!("SELECT {fields} FROM {table} c WHERE c.{new} IS NULL{and} ORDER BY {order}")
}

/// What gives rows their ids.
pub(super) fn assigning(plan: &Plan) -> String {
    let sql = dialect(plan.engine);
    let new = sql.new_column(&plan.target, &plan.key().new);
    sql.assign(plan, 0, &plan.key().column, &new)
}

/// What lets a carrier follow the migrated key, on a condition.
pub(super) fn following(plan: &Plan, number: usize, condition: &str) -> String {
    followed(plan, number, |_| condition.into())
}

/// The same of rows that no chunk met, no more than so many.
pub(super) fn sweeping(plan: &Plan, number: usize, rows: i64) -> String {
    followed(plan, number, |link| dialect(plan.engine).some(link, rows))
}

fn followed(plan: &Plan, number: usize, condition: impl Fn(&Link<'_>) -> String) -> String {
    let sql = dialect(plan.engine);
    let carrier = &plan.carriers[number];
    let quote = |name: &str| sql.quote(name);
    let link = Link {
        child: &sql.table(plan, carrier.table),
        reference: &quote(&carrier.column.name),
        new: &quote(&carrier.new),
        touched: &plan.tables[carrier.table].touched,
        root: &sql.table(plan, 0),
        root_old: &quote(&plan.key().column.name),
        root_new: &quote(&plan.key().new),
    };
    sql.follow(&link, &condition(&link))
}

/// The pass that fixes what every row gets, to be read.
pub(crate) fn to_plan(plan: &Plan) -> Vec<Step> {
    let title =
        format!("one pass over {} in order, which fixes what each row gets", plan.root().name);
    let sql = vec![planning(plan), store::keeping(dialect(plan.engine))];
    vec![Step::shown(title, Lock::None, sql).on([0]).doing(Work::Read)]
}

/// What fills each carrier, to be read: the statements of one chunk.
pub(crate) fn to_fill(plan: &Plan) -> Vec<Step> {
    let sql = dialect(plan.engine);
    let mut steps = Vec::new();
    for (number, carrier) in plan.carriers.iter().enumerate() {
        let table = &plan.tables[carrier.table];
        let statements = if number == 0 {
            let condition = of_a_chunk(plan, &plan.order_columns());
            vec![reading(plan, &condition).sql, assigning(plan)]
        } else {
            let columns = planning::columns(plan, number);
            let condition = of_a_chunk(plan, &columns.iter().collect::<Vec<_>>());
            vec![following(plan, number, &condition)]
        };
        let statements = statements.into_iter().chain([store::finishing(sql)]).collect();
        let title = format!("{}.{} is filled, in chunks", table.name, carrier.new);
        let fill = Step::shown(title, Lock::Chunk, statements);
        steps.push(fill.on([carrier.table]).doing(Work::Fill));
        if let Some((_, older)) = sql.old_snapshots().filter(|_| number == 0) {
            let title = "transactions that may not see all of that are waited for";
            steps.push(Step::shown(title, Lock::None, vec![older.into()]));
        }
    }
    steps
}

/// The condition of a chunk in the middle.
fn of_a_chunk(plan: &Plan, columns: &[&Column]) -> String {
    let bound = vec![String::new(); columns.len()];
    between(dialect(plan.engine), "c", columns, Some(&bound), Some(&bound)).0
}
