//! Both ids of a new row whose old id the database counts: a sequence, an AUTO_INCREMENT, a rowid.

use std::fmt;
use std::sync::Arc;

use idgen_core::generator::Generator;
use idgen_core::{Id, IdScheme};

use super::fresh::written;
use super::{Known, Live, MintError, Moment, New, Old};
use crate::Phase;

/// Makes the new ids of rows whose old ids the database makes.
pub struct Counted<G> {
    live: Arc<Live>,
    new: G,
}

impl<G> fmt::Debug for Counted<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("live", &self.live).finish_non_exhaustive()
    }
}

impl<G: Generator> Counted<G> {
    /// Of a generator of new ids. Its node id must be none of the two greatest, which are reserved.
    pub fn new(live: Arc<Live>, new: G) -> Self {
        Self { live, new }
    }

    /// What to write of a new row in this phase; its ids, once the database has told the old one.
    ///
    /// # Errors
    /// If the phase is not known, or there is no new id to be had.
    pub fn mint(&self) -> Result<Half<G::Scheme>, MintError> {
        self.mint_at(self.live.moment()?)
    }

    /// The same within a request that began at a moment.
    ///
    /// # Errors
    /// If there is no new id to be had.
    pub fn mint_at(&self, moment: Moment) -> Result<Half<G::Scheme>, MintError> {
        let new = written(&self.live, &self.new, moment.phase())?;
        Ok(Half { new, moment })
    }
}

/// A new row before it is written: the database is still to tell its old id.
///
/// # Example
/// ```
/// # use idgen_core::{Id, IdScheme};
/// use idgen_migrate::app::{Half, Known, New, Old};
///
/// /// Both ids of a row, by a statement that `run` runs.
/// fn insert<S: IdScheme>(half: Half<S>, run: impl Fn(&str) -> Option<i64>) -> Known<i64, Id<S>> {
///     let told = match (half.written(), half.asks()) {
///         (None, _) => run("INSERT INTO orders (item) VALUES ('tea') RETURNING id"),
///         (Some(New(id)), true) => {
///             run(&format!("INSERT INTO orders (id_new, item) VALUES ({id}, 'tea') RETURNING id"))
///         }
///         (Some(New(id)), false) => {
///             run(&format!("INSERT INTO orders (id_new, item) VALUES ({id}, 'tea')"))
///         }
///     };
///     half.told(told.map(Old)).expect("the database told it")
/// }
/// ```
#[derive(Debug)]
#[must_use = "the database is still to tell the row's old id"]
pub struct Half<S: IdScheme> {
    new: Option<New<Id<S>>>,
    moment: Moment,
}

impl<S: IdScheme> Half<S> {
    /// The new id that is to be written; none in phases where that column is not to be named. The old
    /// one never is.
    #[must_use]
    pub fn written(&self) -> Option<New<Id<S>>> {
        self.new
    }

    /// Whether the database is to be asked for the old id: by RETURNING, or by the new id, `SELECT id FROM t
    /// WHERE id_new = …`, where a trigger makes it after the row is there, as on SQLite from `swapped` on.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.moment.columns().0
    }

    /// The phase that this is of; what else the request does should be of the same.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// The ids of the row, by what the database told: both while there are two.
    ///
    /// # Errors
    /// If it told nothing where it [`asks`](Self::asks).
    pub fn told<O>(self, old: Option<Old<O>>) -> Result<Known<O, Id<S>>, Untold> {
        match (self.asks(), old) {
            (true, None) => Err(Untold { phase: self.moment.phase() }),
            (true, old) => Ok(Known { old, new: self.new }),
            (false, _) => Ok(Known { old: None, new: self.new }),
        }
    }
}

/// The database did not tell the old id of a new row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the database made an old id in phase {phase}, and was not asked for it: take RETURNING, or look it up by the new id"
)]
pub struct Untold {
    phase: Phase,
}
