//! Both ids of a new row, by one call.

use std::fmt;
use std::sync::Arc;

use idgen_core::generator::Generator;
use idgen_core::{Id, IdScheme};

use super::fresh::written;
use super::{Known, Live, MintError, Moment, Old};
use crate::Writes;

/// Makes both ids of new rows: old ones as ever, and new ones by a generator.
pub struct Dual<F, G> {
    live: Arc<Live>,
    old: F,
    new: G,
}

impl<F, G> fmt::Debug for Dual<F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dual").field("live", &self.live).finish_non_exhaustive()
    }
}

/// The ids of a new row, and what to write of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minted<O, S: IdScheme> {
    /// What to write: a column that is left out is not to be named, and the trigger fills it in
    /// where there is one.
    pub ids: Known<O, Id<S>>,
    /// The phase that this is of; what else the request does should be of the same.
    pub moment: Moment,
}

impl<O, S, F, G> Dual<F, G>
where
    S: IdScheme,
    F: Fn() -> O,
    G: Generator<Scheme = S>,
{
    /// Of what makes old ids, and a generator of new ones. Its node id must be none of the two
    /// greatest, which are reserved.
    pub fn new(live: Arc<Live>, old: F, new: G) -> Self {
        Self { live, old, new }
    }

    /// Both ids of a new row, and what to write of them in this phase.
    ///
    /// # Errors
    /// If the phase is not known, or there is no new id to be had.
    pub fn mint(&self) -> Result<Minted<O, S>, MintError> {
        self.mint_at(self.live.moment()?)
    }

    /// The same within a request that began at a moment.
    ///
    /// # Errors
    /// If there is no new id to be had.
    pub fn mint_at(&self, moment: Moment) -> Result<Minted<O, S>, MintError> {
        let writes = moment.phase().writes();
        let new = written(&self.live, &self.new, moment.phase())?;
        let old = (writes != Writes::New).then(|| Old((self.old)()));
        Ok(Minted { ids: Known { old, new }, moment })
    }
}
