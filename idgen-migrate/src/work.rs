//! The work of each phase that is no step of the schema, as it can be read before it is done.

use crate::Phase;
use crate::backfill;
use crate::engine::Step;
use crate::plan::Plan;
use crate::verify;

/// The statements of the work into a phase: `?` stands for what differs from chunk to chunk.
pub(crate) fn steps(plan: &Plan, to: Phase) -> Vec<Step> {
    match to {
        Phase::Backfilling => backfill::to_plan(plan),
        Phase::Backfilled => backfill::to_fill(plan),
        Phase::Verified => verify::to_verify(plan),
        _ => Vec::new(),
    }
}
