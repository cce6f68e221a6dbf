//! The course of a plan: the steps into each phase, and back out of it.

use serde::Serialize;

use super::Plan;
use crate::engine::{Step, dialect};
use crate::{Error, Phase};

/// One phase of the course: the steps into it, and those back out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leg {
    /// The phase.
    pub phase: Phase,
    /// The steps that enter it.
    pub on: Vec<Step>,
    /// The steps that leave it for the one before; none where there is no way back.
    pub back: Option<Vec<Step>>,
}

impl Plan {
    /// The steps into every phase, and back.
    ///
    /// # Errors
    /// If the plan's ids cannot be made.
    pub fn course(&self) -> Result<Vec<Leg>, Error> {
        let (sql, lanes) = (dialect(self.engine), self.target.lanes()?);
        let leg = |phase: &Phase| {
            let back = phase.previous().map(|_| sql.leave(self, &lanes, *phase)).transpose()?;
            Ok(Leg { phase: *phase, on: sql.enter(self, &lanes, *phase)?, back })
        };
        self.phases().skip(1).map(|phase| leg(&phase)).collect()
    }
}
