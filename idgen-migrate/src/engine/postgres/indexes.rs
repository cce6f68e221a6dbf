//! Indexes, made and dropped beside other work.

use super::{Dialect, Postgres};
use crate::engine::{Step, Work};
use crate::plan::{Index, Plan};

/// Yields 1 where an index of this name is there that is ours: of this table, and of these columns. What
/// has the name otherwise is the app's own, and nothing is done to it.
fn is_ours(plan: &Plan, table: usize, name: &str, columns: &[&str], and: &str) -> String {
    let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
    let columns: Vec<_> = columns.iter().map(|column| Postgres.literal(column)).collect();
    format!(
        "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = {} AND c.relname = {} AND i.indrelid = {}::regclass \
         AND (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n) \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) = ARRAY[{}]::text[] {and}",
        Postgres.literal(schema),
        Postgres.literal(name),
        Postgres.literal(&Postgres.table(plan, table)),
        columns.join(", ")
    )
}

/// An index made beside other work. What a cut-short attempt left is invalid, and goes first.
pub(super) fn index(plan: &Plan, table: usize, name: &str, columns: &[&str], unique: bool) -> Step {
    let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
    let quoted = Postgres.quote(name);
    let (unique, is_unique) = if unique { ("UNIQUE ", "AND i.indisunique") } else { ("", "") };
    let make = format!(
        "CREATE {unique}INDEX CONCURRENTLY {quoted} ON {} ({})",
        Postgres.table(plan, table),
        Postgres.list(columns)
    );
    let remove = format!("DROP INDEX CONCURRENTLY IF EXISTS {}.{quoted}", Postgres.quote(schema));
    let state = |and: &str| is_ours(plan, table, name, columns, and);
    let mut step = Step::beside(format!("index {name}"), vec![make])
        .on([table])
        .doing(Work::Index)
        .unless(state(&format!("AND i.indisvalid {is_unique}")));
    step.ruin = Some((state("AND NOT i.indisvalid"), remove));
    step
}

/// The unique index that keeps an old primary key.
pub(super) fn keep_index(plan: &Plan, primary: &Index) -> Step {
    let columns: Vec<_> = primary.columns.iter().map(String::as_str).collect();
    index(plan, primary.table, &plan.kept_name(&primary.name), &columns, true)
}

pub(super) fn drop_index(plan: &Plan, table: usize, name: &str, columns: &[&str]) -> Step {
    let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
    let sql = format!(
        "DROP INDEX CONCURRENTLY IF EXISTS {}.{}",
        Postgres.quote(schema),
        Postgres.quote(name)
    );
    let ours = is_ours(plan, table, name, columns, "");
    Step::beside(format!("index {name}, away"), vec![sql])
        .on([table])
        .unless(format!("SELECT 1 WHERE NOT EXISTS ({ours})"))
}
