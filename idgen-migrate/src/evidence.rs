//! What was seen and done in a transition: kept in the audit trail, and shown.

use serde::Serialize;

use crate::Phase;
use crate::check::Check;
use crate::engine::Lock;
use crate::verify::Report;

/// What was seen and done in a transition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// Where it began.
    pub from: Phase,
    /// Where it ended.
    pub to: Phase,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What was done, and how long it waited and worked.
    pub steps: Vec<Done>,
    /// The longest that a step kept everybody out of a table, or all writers, in milliseconds: the wait for
    /// its lock, and the work under it.
    pub longest_lock_millis: u64,
    /// How long others may have had to wait for all steps together, in all their attempts, in milliseconds.
    pub held_up_in_all_millis: u64,
    /// The verification, where there was one.
    pub report: Option<Report>,
}

/// A step that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    /// What it does.
    pub title: String,
    /// What it holds.
    pub lock: Lock,
    /// How often it was tried; 0 where it was done before.
    pub attempts: u32,
    /// How long the longest attempt took, in milliseconds.
    pub millis: u64,
    /// How long others may have had to wait for an attempt, in milliseconds.
    pub held_up_millis: u64,
    /// The same of all attempts together.
    pub held_up_in_all_millis: u64,
}

impl Done {
    /// An attempt took so many milliseconds, for `most` of which others may have had to wait, if at all.
    pub(crate) fn tried(&mut self, millis: u64, most: Option<u64>) {
        let held_up = most.map_or(0, |most| millis.min(most));
        self.attempts += 1;
        self.millis = self.millis.max(millis);
        self.held_up_millis = self.held_up_millis.max(held_up);
        self.held_up_in_all_millis += held_up;
    }
}

impl Evidence {
    pub(crate) fn new(from: Phase, to: Phase, checks: Vec<Check>, steps: Vec<Done>) -> Self {
        let longest_lock_millis = steps.iter().map(|step| step.held_up_millis).max().unwrap_or(0);
        let held_up_in_all_millis = steps.iter().map(|step| step.held_up_in_all_millis).sum();
        Self { from, to, checks, steps, longest_lock_millis, held_up_in_all_millis, report: None }
    }
}
