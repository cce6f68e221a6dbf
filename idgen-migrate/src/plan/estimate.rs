//! How long steps take and what they need, and what that rests on.

use std::fmt;

use serde::Serialize;

use super::Plan;
use crate::engine::{Lock, Step, Work, dialect};
use crate::options::Ladder;

/// What an estimate rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Settings {
    /// Rows that one worker fills in a second.
    pub rows_per_second: f64,
    /// Workers at once; there is one where one writes at a time.
    pub workers: u32,
    /// Rows of a chunk.
    pub chunk_rows: u32,
    /// Rows of an index that are built or checked in a second.
    pub checked_per_second: f64,
    /// Seconds for which a step holds what it holds for a moment.
    pub moment_seconds: f64,
    /// Whether the rates were measured on this database; assumed otherwise.
    pub measured: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rows_per_second: 20_000.0,
            workers: 2,
            chunk_rows: 2_000,
            checked_per_second: 500_000.0,
            moment_seconds: 0.1,
            measured: false,
        }
    }
}

/// How long each step of a plan takes, and how much space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// What it rests on.
    pub basis: Settings,
    /// Part of its time that a worker is at work.
    pub duty: f64,
    /// Cells that are filled: rows of the table, and references in others.
    pub cells: i64,
}

impl Estimate {
    /// The estimate of a plan.
    #[must_use]
    pub fn of(plan: &Plan, basis: Settings) -> Self {
        let cells = plan.carriers.iter().map(|carrier| plan.tables[carrier.table].rows).sum();
        // One worker, that leaves half of the time to others.
        let alone = dialect(plan.engine).writes_alone();
        let workers = if alone { 1 } else { basis.workers };
        Self { basis: Settings { workers, ..basis }, duty: if alone { 0.5 } else { 1.0 }, cells }
    }

    /// Seconds that a step takes, once it has its locks.
    pub(super) fn seconds(&self, plan: &Plan, step: &Step) -> f64 {
        let rows: i64 = step.tables.iter().map(|table| plan.tables[*table].rows).sum();
        let of_index = |table: usize| plan.tables[table].rows;
        let indexes = plan.indexes.iter().filter(|index| step.tables.contains(&index.table));
        let indexed: i64 = indexes.map(|index| of_index(index.table)).sum();
        let basis = &self.basis;
        let at = |count: i64, rate: f64| count as f64 / rate.max(1.0);
        match step.work {
            Work::Schema if step.lock == Lock::None => 0.0,
            Work::Schema => basis.moment_seconds,
            Work::Read | Work::Index => at(rows, basis.checked_per_second),
            Work::Rewrite => at(rows + indexed, basis.checked_per_second),
            Work::Fill => {
                at(rows, basis.rows_per_second * f64::from(basis.workers.max(1)) * self.duty)
            }
        }
    }

    /// Seconds for which it keeps anybody out at a time, once it has its locks.
    pub(super) fn held_seconds(&self, plan: &Plan, step: &Step) -> f64 {
        let basis = &self.basis;
        match step.lock {
            Lock::None | Lock::Beside => 0.0,
            Lock::Moment => basis.moment_seconds,
            Lock::Writers => self.seconds(plan, step).max(basis.moment_seconds),
            Lock::Chunk => f64::from(basis.chunk_rows) / basis.rows_per_second.max(1.0),
        }
    }

    /// Bytes that it needs: of an index, of what is filled with the old versions of its rows, or of a table
    /// beside the one that it takes the place of.
    pub(super) fn bytes(&self, plan: &Plan, step: &Step) -> i64 {
        let width = if plan.target.is_uuid() { 16 } else { 8 };
        let each = step.tables.iter().map(|table| {
            let of = &plan.tables[*table];
            match step.work {
                Work::Schema | Work::Read => 0,
                // An entry of an index takes the id, some 16 bytes around it, and a third of slack.
                Work::Index => of.rows * (width + 16) * 4 / 3,
                Work::Rewrite => of.bytes,
                Work::Fill => {
                    let columns = plan.carriers_of(*table).count();
                    of.rows * width + of.bytes / 2 / i64::try_from(columns.max(1)).unwrap_or(1)
                }
            }
        });
        each.sum()
    }
}

/// What it rests on, for people: a line each.
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let basis = &self.basis;
        let from = if basis.measured {
            "as given"
        } else {
            "assumed; measure it on a copy and give --rate"
        };
        let workers = match basis.workers {
            1 => "1 worker".into(),
            workers => format!("{workers} workers"),
        };
        let rests = match self.duty < 1.0 {
            true => ", since one writes at a time, at work half of the time",
            false => "",
        };
        writeln!(
            f,
            "{} cells are filled at {} rows/s and worker ({from}), by {workers}{rests}",
            self.cells, basis.rows_per_second
        )?;
        writeln!(
            f,
            "rows are read, indexed and written anew at {}/s (assumed); a moment is {} s (assumed)",
            basis.checked_per_second, basis.moment_seconds
        )?;
        let Ladder { first, longest, attempts, .. } = Ladder::default();
        writeln!(
            f,
            "locks are asked for {attempts} times, for {} ms at first and {} s at last; then the step stops",
            first.as_millis(),
            longest.as_secs()
        )
    }
}

/// So many seconds, for people.
#[must_use]
pub fn span(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1.0 => "< 1 s".into(),
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7_200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::plan::tests::example;

    #[test]
    fn twice_the_rows_take_twice_as_long() {
        let mut plan = example();
        let once = plan.course(Settings::default()).unwrap();
        for table in &mut plan.tables {
            table.rows *= 2;
            table.bytes *= 2;
        }
        let twice = plan.course(Settings::default()).unwrap();
        for (once, twice) in once.iter().zip(&twice) {
            if matches!(once.phase, Phase::Backfilling | Phase::Backfilled | Phase::Verified) {
                assert!((twice.seconds / once.seconds - 2.0).abs() < 1e-9, "{}", once.phase);
            }
            assert!((twice.bytes - once.bytes * 2).abs() < 10, "but for what is rounded down");
        }
    }

    #[test]
    fn what_one_writer_holds_alone_is_held_for_as_long_as_it_works() {
        let plan = example();
        let estimate = Estimate::of(&plan, Settings::default());
        let step = |lock| {
            let step = Step { lock, ..Step::moment("", Vec::new()) };
            step.on([0]).doing(Work::Rewrite)
        };
        // A million rows and as many of an index, at half a million in a second.
        assert_eq!(estimate.held_seconds(&plan, &step(Lock::Writers)), 4.0);
        assert_eq!(estimate.held_seconds(&plan, &step(Lock::Moment)), 0.1);
        assert_eq!(estimate.held_seconds(&plan, &step(Lock::Beside)), 0.0);
        assert_eq!(estimate.held_seconds(&plan, &step(Lock::Chunk)), 0.1);
        assert_eq!(
            (span(0.2), span(59.6), span(7_199.0)),
            ("< 1 s".into(), "60 s".into(), "120 min".into())
        );
    }
}
