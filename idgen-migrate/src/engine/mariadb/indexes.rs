//! Indexes that are made and dropped in place, and the primary key, which changes so.

use super::steps::{ONLINE, alter, rewritten};
use super::{Dialect, MariaDb};
use crate::engine::{Step, Work};
use crate::plan::{Index, Plan};

pub(super) fn index(plan: &Plan, table: usize, name: &str, columns: &[&str], unique: bool) -> Step {
    let unique = if unique { "UNIQUE " } else { "" };
    let add = format!("ADD {unique}INDEX {} ({})", MariaDb.quote(name), MariaDb.list(columns));
    let title = format!("index {name} of {}", plan.tables[table].name);
    Step::beside(title, vec![alter(plan, table, &[add, ONLINE.into()])])
        .on([table])
        .doing(Work::Index)
        .unless(is_ours(plan, table, name, columns))
}

/// Yields 1 where an index of this name is there that is ours: of these columns. What has the name
/// otherwise is the app's own, and nothing is done to it.
fn is_ours(plan: &Plan, table: usize, name: &str, columns: &[&str]) -> String {
    format!(
        "SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = {} \
         AND index_name = {} GROUP BY index_name HAVING group_concat(column_name ORDER BY seq_in_index) = {}",
        MariaDb.literal(&plan.tables[table].name),
        MariaDb.literal(name),
        MariaDb.literal(&columns.join(","))
    )
}

pub(super) fn drop_index(plan: &Plan, table: usize, name: &str, columns: &[&str]) -> Step {
    let ours = is_ours(plan, table, name, columns);
    let change = [format!("DROP INDEX IF EXISTS {}", MariaDb.quote(name)), ONLINE.into()];
    let title = format!("index {name} of {}, away", plan.tables[table].name);
    Step::beside(title, vec![alter(plan, table, &change)])
        .on([table])
        .unless(format!("SELECT 1 WHERE NOT EXISTS ({ours})"))
}

pub(super) fn primary_of(plan: &Plan, primary: &Index, columns: &[&str]) -> Step {
    let change = [
        "DROP PRIMARY KEY".into(),
        format!("ADD PRIMARY KEY ({})", MariaDb.list(columns)),
        ONLINE.into(),
    ];
    let is = is_ours(plan, primary.table, "PRIMARY", columns);
    let title =
        format!("primary key of {} ({})", plan.tables[primary.table].name, columns.join(", "));
    rewritten(primary.table, title, alter(plan, primary.table, &change)).unless(is)
}
