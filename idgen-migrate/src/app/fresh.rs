//! A new id that can be nobody else's: of the app's own nodes, and not before the fence.
//!
//! **Invariant:** a clock that is behind costs time, and never an id that is before the fence.

use std::time::Duration;

use idgen_core::generator::Generator;
use idgen_core::{GenerateError, Id, IdScheme};

use super::{Live, New, Stale};
use crate::target::Maker;
use crate::{Phase, Writes};

/// How long a request waits at most, beside the generator's own limit, for a clock that is behind the fence.
const PATIENCE: Duration = Duration::from_secs(1);

/// So long at least between two looks at whether the fence is passed.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// The new id that a row of this phase is written with, if it is written with one.
pub(super) fn written<G: Generator>(
    live: &Live,
    new: &G,
    phase: Phase,
) -> Result<Option<New<Id<G::Scheme>>>, MintError> {
    match phase.writes() {
        Writes::Old => Ok(None),
        Writes::Both | Writes::New => fresh(live, new, phase).map(New).map(Some),
    }
}

/// An id of the generator, by the rules of the migration.
fn fresh<G: Generator>(live: &Live, new: &G, phase: Phase) -> Result<Id<G::Scheme>, MintError> {
    let mut id = new.generate()?;
    let (Some(fence), Some(lanes)) = live.rules() else { return Ok(id) };
    if phase == Phase::Contracted {
        return Ok(id);
    }
    if lanes.scheme().layout != G::Scheme::LAYOUT || lanes.scheme().timebase != G::Scheme::TIMEBASE
    {
        return Err(MintError::Scheme {
            generator: G::Scheme::NAME,
            target: lanes.scheme().name.to_string(),
        });
    }
    if lanes.maker(id.word().into()) != Maker::App {
        return Err(MintError::Reserved { node: id.node() });
    }
    let mut waited = Duration::ZERO;
    while id.tick() < fence {
        let nanos = lanes.timebase().tick_nanos().saturating_mul(fence - id.tick());
        let left = Duration::from_nanos(nanos).max(LOOK_AGAIN);
        waited = waited.saturating_add(left);
        if waited > PATIENCE {
            return Err(MintError::BeforeFence { tick: id.tick(), fence });
        }
        live.wait(left);
        id = new.generate()?;
    }
    Ok(id)
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
    /// The generator's clock is behind the fence by more than a request waits.
    #[error(
        "tick {tick} is before the fence at {fence}, where live ids begin, by more than {PATIENCE:?}; check the clock of this machine"
    )]
    BeforeFence {
        /// The id's tick.
        tick: u64,
        /// The first tick of live ids.
        fence: u64,
    },
}
