//! Indexes, made and dropped beside other work.

use super::{Dialect, Postgres};
use crate::engine::Step;
use crate::plan::{Index, Plan};

/// An index made beside other work. What a cut-short attempt left is invalid, and goes first.
pub(super) fn index(plan: &Plan, table: usize, name: &str, columns: &[&str], unique: bool) -> Step {
    let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
    let state = |valid: &str| {
        format!(
            "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relname = {} AND {valid} i.indisvalid",
            Postgres.literal(schema),
            Postgres.literal(name)
        )
    };
    let quoted = Postgres.quote(name);
    let unique = if unique { "UNIQUE " } else { "" };
    let make = format!(
        "CREATE {unique}INDEX CONCURRENTLY {quoted} ON {} ({})",
        Postgres.table(plan, table),
        Postgres.list(columns)
    );
    let remove = format!("DROP INDEX CONCURRENTLY IF EXISTS {}.{quoted}", Postgres.quote(schema));
    let mut step = Step::beside(format!("index {name}"), vec![make]).unless(state(""));
    step.ruin = Some((state("NOT"), remove));
    step
}

/// The unique index that keeps an old primary key.
pub(super) fn keep_index(plan: &Plan, primary: &Index) -> Step {
    let columns: Vec<_> = primary.columns.iter().map(String::as_str).collect();
    index(plan, primary.table, &plan.kept_name(&primary.name), &columns, true)
}

pub(super) fn drop_index(plan: &Plan, table: usize, name: &str) -> Step {
    let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
    let sql = format!(
        "DROP INDEX CONCURRENTLY IF EXISTS {}.{}",
        Postgres.quote(schema),
        Postgres.quote(name)
    );
    Step::beside(format!("index {name}, away"), vec![sql])
}
