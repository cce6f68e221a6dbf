//! What may go wrong in each phase.

use std::fmt;

use serde::Serialize;

use crate::Phase;

/// What may go wrong on the way into a phase, and while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hazard {
    /// How much there is to lose.
    pub grade: Grade,
    /// What it is.
    pub what: &'static str,
}

/// How much there is to lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Nothing that the way back does not mend at once.
    Low,
    /// The system may be slower, or refuse what it took before.
    Medium,
    /// Everybody waits for a while, or there is no way back.
    High,
}

impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Low => "low",
            Grade::Medium => "medium",
            Grade::High => "high",
        };
        write!(f, "{grade}: {}", self.what)
    }
}

/// What may go wrong in a phase, where several write at a time or one alone.
pub(super) fn hazard(phase: Phase, alone: bool) -> Hazard {
    let (grade, what) = match phase {
        Phase::Planned => (Grade::Low, "nothing is changed"),
        Phase::Expanded => (Grade::Low, "each write calls a trigger from here on"),
        Phase::DualWrite => {
            (Grade::Low, "an app that writes one id alone has the trigger complete it")
        }
        Phase::Backfilling => (Grade::Low, "the table is read once, whole"),
        Phase::Backfilled if alone => {
            (Grade::Medium, "writers wait for chunks; --chunk-rows, --duty and pause hold it back")
        }
        Phase::Backfilled => {
            (Grade::Medium, "load of disks and replicas; --duty, --max-lag and pause hold it back")
        }
        Phase::Constrained if alone => (
            Grade::Medium,
            "writers wait while an index is made; references to nobody are refused by the trigger too",
        ),
        Phase::Constrained => (
            Grade::Medium,
            "indexes load the disks; references to nobody are refused by the trigger too",
        ),
        Phase::Verified => (Grade::Low, "all tables are read, whole"),
        Phase::ReadingNew => (
            Grade::Medium,
            "apps find rows by other indexes; shadow reads tell whether they are the same rows",
        ),
        Phase::Swapped if alone => {
            (Grade::High, "nobody else writes while tables are made anew: apps wait or retry")
        }
        Phase::Swapped => (Grade::High, "queries have other keys and plans at once"),
        Phase::OldWritesStopped => (
            Grade::Medium,
            "old ids of new rows are made up: whoever keeps them elsewhere knows them no more",
        ),
        Phase::Contracted => (Grade::High, "the old ids are gone for good: export them before"),
    };
    Hazard { grade, what }
}
