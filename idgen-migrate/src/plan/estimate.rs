//! How long a migration takes and what it needs, and what that rests on.

use serde::Serialize;

use super::Plan;
use crate::engine::dialect;

/// What an estimate rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Rows that one worker fills in a second.
    pub rows_per_second: f64,
    /// Workers at once.
    pub workers: u32,
    /// Rows of an index that are built or checked in a second.
    pub checked_per_second: f64,
    /// Whether the rates were measured on this database; assumed otherwise.
    pub measured: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rows_per_second: 20_000.0,
            workers: 2,
            checked_per_second: 500_000.0,
            measured: false,
        }
    }
}

/// How long, and how much.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// What it rests on.
    pub basis: Settings,
    /// Cells that are filled: rows of the table, and references in others.
    pub cells: i64,
    /// Seconds of the backfill.
    pub backfill_seconds: f64,
    /// Seconds of building indexes and checking constraints.
    pub constrain_seconds: f64,
    /// Seconds of the verification.
    pub verify_seconds: f64,
    /// Seconds of making tables anew, while nobody else writes; 0 where they never are.
    pub rebuild_seconds: f64,
    /// Bytes that are needed while it runs: columns, indexes, and row versions.
    pub bytes: i64,
}

impl Estimate {
    /// The estimate of a plan.
    #[must_use]
    pub fn of(plan: &Plan, basis: Settings) -> Self {
        let rows = |table: usize| plan.tables.get(table).map_or(0, |table| table.rows);
        let cells: i64 = plan.carriers.iter().map(|carrier| rows(carrier.table)).sum();
        let indexed: i64 = plan.indexes.iter().map(|index| rows(index.table)).sum();
        let checked: i64 = plan.references.iter().map(|reference| rows(reference.table)).sum();
        let width = if plan.target.is_uuid() { 16 } else { 8 };
        // An entry of an index takes the id, some 16 bytes around it, and a third of slack.
        let indexes = indexed * (width + 16) * 4 / 3;
        // Every row is written once more, beside its old version.
        let versions: i64 = plan.tables.iter().map(|table| table.bytes / 2).sum();
        let seconds = |count: i64, rate: f64| count as f64 / rate.max(1.0);
        let alone = dialect(plan.engine).writes_alone();
        // One worker, that leaves half of the time to others.
        let basis = if alone { Settings { workers: 1, ..basis } } else { basis };
        let at_work = if alone { 0.5 } else { 1.0 };
        let all: i64 = plan.tables.iter().map(|table| table.rows).sum();
        let rebuilt = if plan.is_rebuilt() { all + indexed } else { 0 };
        Self {
            basis,
            cells,
            backfill_seconds: seconds(
                cells,
                basis.rows_per_second * f64::from(basis.workers) * at_work,
            ),
            constrain_seconds: seconds(indexed + checked * 2 + cells, basis.checked_per_second),
            verify_seconds: seconds(cells * 3, basis.checked_per_second),
            rebuild_seconds: seconds(rebuilt, basis.checked_per_second),
            bytes: cells * width + indexes + versions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::example;

    #[test]
    fn twice_the_rows_take_twice_as_long() {
        let mut plan = example();
        let once = Estimate::of(&plan, Settings::default());
        for table in &mut plan.tables {
            table.rows *= 2;
            table.bytes *= 2;
        }
        let twice = Estimate::of(&plan, Settings::default());
        assert!((twice.backfill_seconds / once.backfill_seconds - 2.0).abs() < 1e-9);
        assert_eq!(twice.cells, once.cells * 2);
        assert!((twice.bytes - once.bytes * 2).abs() < 10, "but for what is rounded down");
    }
}
