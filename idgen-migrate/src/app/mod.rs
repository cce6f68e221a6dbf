//! For the app: both ids of a new row by one call, and reads by either id, as the phase has it.
//!
//! [`Live`] knows the phase, which comes from the database and changes without a restart. A
//! [`Moment`] is the phase as one request sees it, from its beginning to its end. [`Dual`] makes both ids
//! of a row, and [`Counted`] the new one of a row whose old id the database makes. Old and new ids have types
//! of their own, so that they cannot be confused.
//!
//! | phases | ids that a new row is written with | ids that may be looked up |
//! |---|---|---|
//! | planned, expanded | the old one | old ones |
//! | dual-write to backfilled | both | old ones |
//! | constrained to swapped | both | both |
//! | old-writes-stopped, contracted | the new one | new ones |
//!
//! Whatever else an app asks for is [`Untimely`]: an error, and never a statement that names no id, or a
//! column that may be gone, or one that no index leads to.
//!
//! **Invariant:** an instance that cannot learn the phase stops naming ids before the operator's gate
//! takes it for gone.

mod counted;
mod dual;
mod fresh;
mod live;

pub use counted::{Counted, Half, Untold};
pub use dual::{Dual, Minted};
pub use fresh::MintError;
pub use live::{Live, Stale};

use std::fmt;

use crate::{Phase, Reads, Writes};

/// An id of the old scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Old<T>(pub T);

/// An id of the new scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct New<T>(pub T);

/// An id of either scheme, as it comes from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Either<O, N> {
    /// An old one.
    Old(Old<O>),
    /// A new one.
    New(New<N>),
}

impl<O: fmt::Display, N: fmt::Display> fmt::Display for Either<O, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Old(Old(id)) => id.fmt(f),
            Self::New(New(id)) => id.fmt(f),
        }
    }
}

/// The ids that are known of an entity: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<O, N> {
    /// Its old id, while there is one.
    pub old: Option<Old<O>>,
    /// Its new id, as soon as there is one.
    pub new: Option<New<N>>,
}

/// The phase as one request sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    phase: Phase,
}

impl Moment {
    /// What an app does in a phase.
    #[must_use]
    pub fn of(phase: Phase) -> Self {
        Self { phase }
    }

    /// The phase.
    #[must_use]
    pub fn phase(self) -> Phase {
        self.phase
    }

    /// By which id to find an entity that a client names by this one.
    ///
    /// # Errors
    /// If the column of such ids may be gone, or has no index yet.
    pub fn find<O, N>(self, by: Either<O, N>) -> Result<Either<O, N>, Untimely> {
        let phase = self.phase;
        match by {
            Either::Old(_) if !phase.knows_old() => Err(Untimely::Retired { phase }),
            Either::New(_) if !phase.knows_new() => Err(Untimely::Early { phase }),
            by => Ok(by),
        }
    }

    /// By which id to find an entity both of whose ids are known; none where neither serves.
    #[must_use]
    pub fn choose<O, N>(self, known: Known<O, N>) -> Option<Either<O, N>> {
        let phase = self.phase;
        let old = known.old.filter(|_| phase.knows_old()).map(Either::Old);
        let new = known.new.filter(|_| phase.knows_new()).map(Either::New);
        match phase.reads() {
            Reads::Old => old.or(new),
            Reads::New => new.or(old),
        }
    }

    /// What to write of an entity's ids into a row that refers to it: at least one. Of its own row [`Dual`] and
    /// [`Counted`] say what to write.
    ///
    /// What is left out, the database's trigger fills in. Before `constrained` that cannot be told from the backfill
    /// where it is the old id, which is to be named then. Whoever knows an entity by its old id alone should
    /// learn the new one before `old-writes-stopped`: until then the gate takes such a write for an old
    /// version's.
    ///
    /// # Errors
    /// If all that is known of it is an id that is not written in this phase, or not alone.
    pub fn write<O, N>(self, known: Known<O, N>) -> Result<Known<O, N>, Untimely> {
        let phase = self.phase;
        let written = match phase.writes() {
            Writes::Old => Known { old: known.old, new: None },
            Writes::Both => known,
            Writes::New => Known { old: None, new: known.new },
        };
        match (&written.old, &written.new) {
            (None, Some(_)) if !phase.knows_new() => Err(Untimely::Early { phase }),
            (None, None) if phase.knows_old() => Err(Untimely::Early { phase }),
            (None, None) => Err(Untimely::Retired { phase }),
            _ => Ok(written),
        }
    }

    /// Which of an entity's two columns may be named in a statement: the old, the new. Whoever clears a reference
    /// sets each of these to NULL.
    #[must_use]
    pub fn columns(self) -> (bool, bool) {
        (self.phase.knows_old(), self.phase.writes() != Writes::Old)
    }
}

/// All that is known of an entity is an id that is of no use in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untimely {
    /// An old one, when those are let go.
    #[error(
        "old ids are no longer looked up or written in phase {phase}; translate it by the exported mapping"
    )]
    Retired {
        /// The phase.
        phase: Phase,
    },
    /// A new one, when those may not be there.
    #[error(
        "new ids are not yet looked up or written in phase {phase}; name the entity by its old id"
    )]
    Early {
        /// The phase.
        phase: Phase,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each phase with a database of its neighbour: no statement names a column that is not there,
    /// and no row is written without an id that its readers need.
    #[test]
    fn no_statement_names_a_column_that_may_be_missing() {
        for phase in Phase::ALL {
            let (old, new) = Moment::of(phase).columns();
            assert!(old || new);
            assert!(!new || phase > Phase::Expanded, "{phase}: rolled back, it is gone");
            assert!(!old || phase < Phase::OldWritesStopped, "{phase}: contracted, it is gone");
            let known = Known { old: Some(Old(1)), new: Some(New(2)) };
            let written = Moment::of(phase).write(known).unwrap();
            assert_eq!(written.old.is_some(), old);
            assert_eq!(written.new.is_some(), new);
            let chosen = Moment::of(phase).choose(known);
            assert_eq!(matches!(chosen, Some(Either::New(_))), phase >= Phase::ReadingNew);
        }
    }

    /// An entity of which one id is known is named by that, or by nothing, and that is an error.
    #[test]
    fn no_statement_names_no_id() {
        let (old, new) = (Some(Old(1_u8)), Some(New(2_u8)));
        for phase in Phase::ALL {
            let moment = Moment::of(phase);
            let (retired, early) = (Untimely::Retired { phase }, Untimely::Early { phase });
            let of_old = Known { old, new: None::<New<u8>> };
            let of_new = Known { old: None::<Old<u8>>, new };
            let (by_old, by_new) = (Either::<u8, u8>::Old(Old(1)), Either::<u8, u8>::New(New(2)));
            let late = phase >= Phase::OldWritesStopped;
            let has_no_index = phase < Phase::Constrained;
            let after = if late { Err(retired) } else { Ok(of_old) };
            let before = if has_no_index { Err(early) } else { Ok(of_new) };
            assert_eq!(moment.write(of_old), after);
            assert_eq!(moment.write(of_new), before);
            assert_eq!(moment.find(by_old), if late { Err(retired) } else { Ok(by_old) });
            assert_eq!(moment.find(by_new), if has_no_index { Err(early) } else { Ok(by_new) });
            assert_eq!(moment.choose(of_old).is_some(), !late);
            assert_eq!(moment.choose(of_new).is_some(), !has_no_index);
        }
    }
}
