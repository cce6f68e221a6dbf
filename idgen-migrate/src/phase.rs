//! The phases of a migration, in order, and what an app does in each.
//!
//! **Invariant:** what an app does in one phase works in the database of its neighbours too, so
//! that instances may learn of a change one after the other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a migration stands. Phases compare as they follow each other.
///
/// # Example
/// ```
/// use idgen_migrate::{Phase, Reads, Writes};
///
/// let phase: Phase = "dual-write".parse()?;
/// assert_eq!((phase.writes(), phase.reads()), (Writes::Both, Reads::Old));
/// assert_eq!(phase.next(), Some(Phase::Backfilling));
/// assert!(Phase::Contracted.previous().is_none()); // the old ids are gone
/// # Ok::<(), idgen_migrate::UnknownPhase>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The plan is kept in the database; nothing else is changed.
    Planned,
    /// Columns for the new ids are there, and triggers that fill them.
    Expanded,
    /// The app writes both ids of every new row.
    DualWrite,
    /// Rows from before get their ids.
    Backfilling,
    /// Every row has its id, and every reference too.
    Backfilled,
    /// The new ids are unique, present and referenced, by the database's own rules.
    Constrained,
    /// Counts, order and references were compared, and a report is kept.
    Verified,
    /// The app finds rows by their new ids.
    ReadingNew,
    /// The new id is the primary key, and the old one merely unique.
    Swapped,
    /// The app writes the new id alone; the trigger still makes the old one, for the way back.
    OldWritesStopped,
    /// The old ids are gone. There is no way back.
    Contracted,
}

/// Which ids an app writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// The old one alone.
    Old,
    /// Both.
    Both,
    /// The new one alone.
    New,
}

/// By which id an app finds rows where it knows both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// By the old one.
    Old,
    /// By the new one.
    New,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::Planned,
        Self::Expanded,
        Self::DualWrite,
        Self::Backfilling,
        Self::Backfilled,
        Self::Constrained,
        Self::Verified,
        Self::ReadingNew,
        Self::Swapped,
        Self::OldWritesStopped,
        Self::Contracted,
    ];

    /// Name of the phase, in lower case with hyphens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Expanded => "expanded",
            Self::DualWrite => "dual-write",
            Self::Backfilling => "backfilling",
            Self::Backfilled => "backfilled",
            Self::Constrained => "constrained",
            Self::Verified => "verified",
            Self::ReadingNew => "reading-new",
            Self::Swapped => "swapped",
            Self::OldWritesStopped => "old-writes-stopped",
            Self::Contracted => "contracted",
        }
    }

    /// The phase after this one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.iter().copied().find(|phase| *phase > self)
    }

    /// The phase that this one can be rolled back to; none from the first and from the last.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        if self == Self::Contracted {
            return None;
        }
        Self::ALL.iter().copied().rev().find(|phase| *phase < self)
    }

    /// Which ids an app writes in this phase.
    #[must_use]
    pub fn writes(self) -> Writes {
        match self {
            Self::Planned | Self::Expanded => Writes::Old,
            Self::OldWritesStopped | Self::Contracted => Writes::New,
            _ => Writes::Both,
        }
    }

    /// By which id an app finds rows in this phase.
    #[must_use]
    pub fn reads(self) -> Reads {
        if self < Self::ReadingNew { Reads::Old } else { Reads::New }
    }

    /// Whether a row may be looked up by its old id: from the time when old ids are no longer
    /// written, their column may be dropped at any moment.
    #[must_use]
    pub fn knows_old(self) -> bool {
        self < Self::OldWritesStopped
    }

    /// Whether a row may be looked up by its new id: from the time when every row has one, and an index leads
    /// to it.
    #[must_use]
    pub fn knows_new(self) -> bool {
        self >= Self::Constrained
    }

    /// Whether entering it destroys what cannot be had back.
    #[must_use]
    pub fn is_destructive(self) -> bool {
        self == Self::Contracted
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Phase {
    type Err = UnknownPhase;

    fn from_str(name: &str) -> Result<Self, UnknownPhase> {
        let found = Self::ALL.into_iter().find(|phase| phase.name() == name);
        found.ok_or_else(|| UnknownPhase { name: name.into() })
    }
}

/// A text that names no phase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is no phase; the first is planned and the last is contracted")]
pub struct UnknownPhase {
    name: String,
}

impl UnknownPhase {
    pub(crate) fn of(name: &str) -> Self {
        Self { name: name.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_course_has_one_way_forth_and_one_back() {
        let mut phase = Phase::Planned;
        let mut seen = vec![phase];
        while let Some(next) = phase.next() {
            if next != Phase::Contracted {
                assert_eq!(next.previous(), Some(phase));
            }
            assert_eq!(next.name().parse(), Ok(next));
            phase = next;
            seen.push(phase);
        }
        assert_eq!(seen, Phase::ALL);
        assert_eq!((Phase::Planned.previous(), Phase::Contracted.previous()), (None, None));
        assert!("swap".parse::<Phase>().is_err());
    }

    /// An instance that is a phase behind, or ahead after a rollback, must fit the database.
    #[test]
    fn neighbours_suit_each_other() {
        for pair in Phase::ALL.windows(2) {
            let [before, after] = [pair[0], pair[1]];
            // Nobody stops writing an id in one step that others still read by.
            assert!(after.writes() != Writes::New || before.reads() == Reads::New);
            assert!(before.writes() != Writes::Old || after.reads() == Reads::Old);
            // Writers never go from one id alone to the other alone.
            assert!(!(before.writes() == Writes::Old && after.writes() == Writes::New));
        }
        // When the columns come and when they go, nobody names them.
        assert_eq!(Phase::Planned.writes(), Writes::Old);
        assert_eq!(Phase::Expanded.writes(), Writes::Old);
        assert!(!Phase::OldWritesStopped.knows_old());
    }
}
