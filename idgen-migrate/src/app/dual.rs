//! Both ids of a new row, by one call.

use std::fmt;
use std::sync::Arc;

use idgen_core::generator::Generator;
use idgen_core::{GenerateError, Id, IdScheme};

use super::{Known, Live, Moment, New, Old, Stale};
use crate::target::Maker;
use crate::{Phase, Writes};

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
        let new = match writes {
            Writes::Old => None,
            Writes::Both | Writes::New => Some(New(self.fresh(moment.phase())?)),
        };
        let old = (writes != Writes::New).then(|| Old((self.old)()));
        Ok(Minted { ids: Known { old, new }, moment })
    }

    /// A new id that can be nobody else's: of the app's own nodes, and not before the fence.
    fn fresh(&self, phase: Phase) -> Result<Id<S>, MintError> {
        let id = self.new.generate()?;
        let (fence, lanes) = self.live.rules();
        let (Some(fence), Some(lanes)) = (fence, lanes) else { return Ok(id) };
        if phase == Phase::Contracted {
            return Ok(id);
        }
        if lanes.scheme().layout != S::LAYOUT || lanes.scheme().timebase != S::TIMEBASE {
            return Err(MintError::Scheme {
                generator: S::NAME,
                target: lanes.scheme().name.to_string(),
            });
        }
        if lanes.maker(id.word().into()) != Maker::App {
            return Err(MintError::Reserved { node: id.node() });
        }
        if id.tick() < fence {
            return Err(MintError::BeforeFence { tick: id.tick(), fence });
        }
        Ok(id)
    }
}

/// Why a new row has no ids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MintError {
    /// The phase is not known.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The generator has none.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The generator is of another scheme than the migration's.
    #[error(
        "the generator makes {generator} ids, and the migration is to {target}, or to another layout or epoch of it"
    )]
    Scheme {
        /// The generator's.
        generator: &'static str,
        /// The migration's.
        target: String,
    },
    /// The generator has a node id that is reserved.
    #[error(
        "node id {node} is reserved for the backfill or the trigger; give the generator another"
    )]
    Reserved {
        /// The node id.
        node: u64,
    },
    /// The generator's clock is behind.
    #[error(
        "tick {tick} is before the fence at {fence}, where live ids begin; check the clock of this machine"
    )]
    BeforeFence {
        /// The id's tick.
        tick: u64,
        /// The first tick of live ids.
        fence: u64,
    },
}
