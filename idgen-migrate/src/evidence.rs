//! What was seen and done in a transition: kept in the audit trail, and shown.

use serde::Serialize;

use crate::Phase;
use crate::engine::Lock;
use crate::gate::Check;
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
}

impl Evidence {
    pub(crate) fn new(from: Phase, to: Phase, checks: Vec<Check>, steps: Vec<Done>) -> Self {
        let longest_lock_millis = steps.iter().map(|step| step.held_up_millis).max().unwrap_or(0);
        Self { from, to, checks, steps, longest_lock_millis, report: None }
    }
}
