//! For the app: both ids of a new row by one call, and reads by either id, as the phase has it.
//!
//! [`Live`] knows the phase, which comes from the database and changes without a restart. A
//! [`Moment`] is the phase as one request sees it, from its beginning to its end. [`Dual`] makes ids.
//! Old and new ids have types of their own, so that they cannot be confused.
//!
//! **Invariant:** an instance that cannot learn the phase stops naming ids before the operator's gate
//! takes it for gone.

mod dual;
mod fresh;
mod live;

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
    /// If the id is old and the old ones are let go, so that their column may vanish.
    pub fn find<O, N>(self, by: Either<O, N>) -> Result<Either<O, N>, Retired> {
        match by {
            Either::Old(_) if !self.phase.knows_old() => Err(Retired { phase: self.phase }),
            by => Ok(by),
        }
    }

    /// By which id to find an entity both of whose ids are known; none where neither serves.
    #[must_use]
    pub fn choose<O, N>(self, known: Known<O, N>) -> Option<Either<O, N>> {
        let old = known.old.filter(|_| self.phase.knows_old()).map(Either::Old);
        let new = known.new.map(Either::New);
        match self.phase.reads() {
            Reads::Old => old.or(new),
            Reads::New => new.or(old),
        }
    }

    /// What to write of an entity's ids, into its own row or one that refers to it.
    ///
    /// What is left out, the database's trigger fills in.
    #[must_use]
    pub fn write<O, N>(self, known: Known<O, N>) -> Known<O, N> {
        match self.phase.writes() {
            Writes::Old => Known { old: known.old, new: None },
            Writes::Both => known,
            Writes::New => Known { old: None, new: known.new },
        }
    }

    /// Which of an entity's two columns may be named in a statement: the old, the new.
    #[must_use]
    pub fn columns(self) -> (bool, bool) {
        (self.phase.knows_old(), self.phase.writes() != Writes::Old)
    }
}

/// An old id that is no longer looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("old ids are no longer looked up in phase {phase}; translate it by the exported mapping")]
pub struct Retired {
    phase: Phase,
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
            let written = Moment::of(phase).write(known);
            assert_eq!(written.old.is_some(), old);
            assert_eq!(written.new.is_some(), new);
            let chosen = Moment::of(phase).choose(known);
            assert_eq!(matches!(chosen, Some(Either::New(_))), phase >= Phase::ReadingNew);
        }
        assert!(Moment::of(Phase::Contracted).find(Either::<_, u8>::Old(Old(1))).is_err());
        assert!(Moment::of(Phase::Swapped).find(Either::<_, u8>::Old(Old(1))).is_ok());
    }
}
