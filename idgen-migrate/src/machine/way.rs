//! Where a migration can go from where it stands: on, back, and by which steps.

use std::time::Duration;

use super::Migration;
use crate::engine::{Step, dialect};
use crate::plan::{Order, Plan, millis};
use crate::{Error, Phase, slot, work};

/// How long the fence lies past what is computed, so that a plan may take a moment to be carried out.
const FENCE_MARGIN: Duration = Duration::from_secs(1);

impl Migration {
    /// The steps that lead into the next phase.
    ///
    /// # Errors
    /// If there is none.
    pub fn steps_on(&self) -> Result<(Phase, Vec<Step>), Error> {
        let to = self.next()?;
        let plan = self.fenced(to)?;
        Ok((to, dialect(plan.engine).enter(&plan, &plan.target.lanes()?, to)?))
    }

    /// The statements of the work into the next phase that is no step of the schema: the backfill, for one
    /// chunk of each column, and the verification. They are to be read: `?` stands for what differs.
    ///
    /// # Errors
    /// If there is no next phase.
    pub fn work_on(&self) -> Result<Vec<Step>, Error> {
        Ok(work::steps(&self.state.plan, self.next()?))
    }

    /// The steps that lead back: to the phase before, or to this one from the middle of the way on.
    ///
    /// # Errors
    /// If there is no way back.
    pub fn steps_back(&self) -> Result<(Phase, Vec<Step>), Error> {
        let plan = &self.state.plan;
        let (from, to) = self.way_back()?;
        Ok((to, dialect(plan.engine).leave(plan, &plan.target.lanes()?, from)?))
    }

    pub(super) fn next(&self) -> Result<Phase, Error> {
        if let Some(to) = self.state.goes_back() {
            let name = self.state.plan.name.clone();
            return Err(Error::UnderWay { name, to, way: "roll back" });
        }
        let phase = self.state.phase;
        self.state.next().ok_or(Error::NoWay { way: "on", from: phase.name() })
    }

    pub(super) fn way_back(&self) -> Result<(Phase, Phase), Error> {
        let from = match self.state.is_contracting() {
            true => "old-writes-stopped, since old ids have begun to go; advance",
            false => self.state.phase.name(),
        };
        self.state.way_back().ok_or(Error::NoWay { way: "back", from })
    }

    /// The plan with its fence, which is set on the way into `expanded`: past now, and past the last
    /// position that old rows can need.
    pub(super) fn fenced(&self, to: Phase) -> Result<Plan, Error> {
        let mut plan = self.state.plan.clone();
        if to != Phase::Expanded || plan.fence.is_some() {
            return Ok(plan);
        }
        let lanes = plan.target.lanes()?;
        let now = self.options.clock.wall();
        // Rows that are written until the columns are there: as many again, and a second's worth.
        let rows = plan.root().rows.saturating_mul(2).saturating_add(lanes.per_tick() * 1_000);
        let last = slot::bound(rows, lanes.begin(now)) / lanes.per_tick();
        let margin = i64::try_from(lanes.timebase().ticks_in(FENCE_MARGIN)).unwrap_or(i64::MAX);
        plan.fence = u64::try_from(last.saturating_add(margin)).ok();
        // Rows that came since the plan was made are of their own time.
        if let Order::Time { believed, .. } | Order::Id { believed, .. } = &mut plan.order {
            believed.1 = believed.1.max(millis(now));
        }
        Ok(plan)
    }
}
