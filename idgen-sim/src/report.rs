//! What a run came to.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Fault, Mutation};

/// What happened in worlds that kept their promises.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Worlds.
    pub worlds: u64,
    /// Hours that processes lived, together, by true time.
    pub node_hours: f64,
    /// Those of them in which the process made ids when it was last run.
    pub issuing_hours: f64,
    /// Ids made, all different.
    pub ids: u64,
    /// How often a process started, the first time included.
    pub starts: u64,
    /// Attempts that stalled.
    pub stalls: u64,
    /// How often each fault happened.
    pub faults: BTreeMap<Fault, u64>,
}

impl Report {
    /// Adds another's numbers.
    pub fn add(&mut self, other: &Self) {
        self.worlds += other.worlds;
        self.node_hours += other.node_hours;
        self.issuing_hours += other.issuing_hours;
        self.ids += other.ids;
        self.starts += other.starts;
        self.stalls += other.stalls;
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worlds, node_hours, issuing_hours, ids, starts, stalls, faults } = self;
        let issuing = 100.0 * issuing_hours / node_hours;
        writeln!(
            f,
            "{worlds} worlds, {node_hours:.0} node-hours, {issuing:.0} % of them making ids, {starts} starts"
        )?;
        writeln!(f, "{ids} ids, none twice; {stalls} stalls")?;
        let faults = faults.iter().map(|(fault, count)| format!("{count} {fault}"));
        write!(f, "faults: {}", faults.collect::<Vec<_>>().join(", "))
    }
}

/// A promise that a world broke, and how it came to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The world's seed.
    pub seed: u64,
    /// The mistake on purpose, if there was one.
    pub mutation: Option<Mutation>,
    /// Which promise, by which values.
    pub violation: String,
    /// What happened, the last of it.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "violated: {}", self.violation)?;
        write!(f, "to see it again: cargo run --release -p idgen-sim -- --seed {}", self.seed)?;
        match self.mutation {
            Some(mutation) => write!(f, " --mutation {mutation}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}
