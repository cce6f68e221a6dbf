//! The course of a plan: for each phase its steps with what they hold and for how long, its risk, and its way back.

use std::fmt;

use serde::Serialize;

use super::estimate::{Estimate, Settings, span};
use super::risk::{Hazard, hazard};
use super::{Plan, Table};
use crate::engine::{Lock, Step, Work, dialect};
use crate::{Error, Phase, work};

/// One phase of the course: what enters it, and what goes back out of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leg {
    /// The phase.
    pub phase: Phase,
    /// What enters it, in order.
    pub on: Vec<Planned>,
    /// What leaves it for the one before; none where there is no way back.
    pub back: Option<Vec<Planned>>,
    /// Seconds that entering it takes; 0 where it waits for people alone.
    pub seconds: f64,
    /// Bytes that entering it needs.
    pub bytes: i64,
    /// What may go wrong.
    pub risk: Hazard,
}

/// A step, or work in parts, with what it costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planned {
    /// What is done.
    #[serde(flatten)]
    pub step: Step,
    /// The tables that it locks, reads or writes.
    pub tables: Vec<String>,
    /// Whom it keeps out of them, in words.
    pub holds: String,
    /// For how many seconds at a time, about, once it has its locks.
    pub held_seconds: f64,
    /// How many seconds it takes, about.
    pub seconds: f64,
    /// How many bytes it needs, about.
    pub bytes: i64,
}

impl Plan {
    /// What is done on the way into every phase, and back.
    ///
    /// # Errors
    /// If the plan's ids cannot be made.
    pub fn course(&self, basis: Settings) -> Result<Vec<Leg>, Error> {
        let (sql, lanes) = (dialect(self.engine), self.target.lanes()?);
        let estimate = Estimate::of(self, basis);
        let planned = |steps: Vec<Step>| -> Vec<Planned> {
            steps.into_iter().map(|step| Planned::of(self, &estimate, step)).collect()
        };
        let leg = |phase: Phase| {
            let mut steps = sql.enter(self, &lanes, phase)?;
            steps.extend(work::steps(self, phase));
            let on = planned(steps);
            let back = phase.previous().map(|_| sql.leave(self, &lanes, phase)).transpose()?;
            let seconds = on.iter().map(|step| step.seconds).sum();
            let bytes = on.iter().map(|step| step.bytes).sum();
            let risk = hazard(phase, sql.writes_alone());
            Ok(Leg { phase, on, back: back.map(planned), seconds, bytes, risk })
        };
        self.phases().skip(1).map(leg).collect()
    }
}

/// Bytes that a course needs while it runs: what comes to stay, and the most that is there twice at a time.
#[must_use]
pub fn room(course: &[Leg]) -> i64 {
    let steps = || course.iter().flat_map(|leg| &leg.on);
    let twice = |planned: &&Planned| planned.step.work == Work::Rewrite;
    let stays: i64 = steps().filter(|planned| !twice(planned)).map(|planned| planned.bytes).sum();
    stays + steps().filter(twice).map(|planned| planned.bytes).max().unwrap_or(0)
}

impl Planned {
    fn of(plan: &Plan, estimate: &Estimate, step: Step) -> Self {
        let name = |table: &usize| plan.tables.get(*table).map(|table: &Table| table.name.clone());
        let tables: Vec<_> = step.tables.iter().filter_map(name).collect();
        Self {
            holds: holds(step.lock, &tables, dialect(plan.engine).writes_alone()),
            held_seconds: estimate.held_seconds(plan, &step),
            seconds: estimate.seconds(plan, &step),
            bytes: estimate.bytes(plan, &step),
            tables,
            step,
        }
    }
}

/// Whom a lock keeps out of what.
fn holds(lock: Lock, tables: &[String], alone: bool) -> String {
    let of = tables.join(", ");
    match lock {
        Lock::None if of.is_empty() => "no lock".into(),
        Lock::None => format!("no lock; reads {of}"),
        Lock::Beside if of.is_empty() => "beside others".into(),
        Lock::Beside => format!("beside others in {of}"),
        Lock::Moment | Lock::Writers | Lock::Chunk if alone => "all writers".into(),
        Lock::Moment => format!("everybody out of {of}"),
        Lock::Writers => format!("writers out of {of}"),
        Lock::Chunk => format!("writers out of rows of {of}"),
    }
}

/// What it holds, for how long, and how long it takes.
impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.holds)?;
        match self.step.lock {
            Lock::None | Lock::Beside => {}
            Lock::Moment => f.write_str(", for a moment")?,
            Lock::Writers => write!(f, ", for {}", span(self.held_seconds))?,
            Lock::Chunk => write!(f, ", for a chunk: {}", span(self.held_seconds))?,
        }
        if self.step.work == Work::Schema {
            return Ok(());
        }
        write!(f, "; takes {}", span(self.seconds))?;
        match self.bytes {
            0 => Ok(()),
            bytes => write!(f, ", {} MB", bytes.max(1_000_000) / 1_000_000),
        }
    }
}

/// The phase with its steps by title, its risk and its way back.
impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.phase)?;
        if self.on.is_empty() {
            f.write_str(": nothing in the database but the state")?;
        } else {
            write!(f, ": {}", span(self.seconds))?;
        }
        if self.bytes > 0 {
            write!(f, ", {} MB", self.bytes.max(1_000_000) / 1_000_000)?;
        }
        writeln!(f)?;
        for planned in &self.on {
            writeln!(f, "    {:<44}  {planned}", planned.step.title)?;
        }
        writeln!(f, "  risk  {}", self.risk)?;
        match &self.back {
            None => writeln!(f, "  back  none"),
            Some(back) if back.is_empty() => writeln!(f, "  back  the state alone"),
            Some(back) => {
                writeln!(f, "  back")?;
                back.iter().try_for_each(|planned| {
                    writeln!(f, "    {:<44}  {planned}", planned.step.title)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::example;

    #[test]
    fn every_step_is_told_with_its_tables_lock_and_way_back() {
        let plan = example();
        let course = plan.course(Settings::default()).unwrap();
        let told: String = course.iter().map(Leg::to_string).collect();
        for said in [
            "columns and triggers of orders",
            "everybody out of orders, for a moment",
            "beside others in customers; takes 2 s, 42 MB",
            "customers.id_new is filled, in chunks",
            "writers out of rows of customers, for a chunk: < 1 s; takes 25 s",
            "everybody out of customers, orders, for a moment",
            "  back  the state alone",
            "  back  none",
            "  risk  high: ",
        ] {
            assert!(told.contains(said), "{said}: {told}");
        }
        for planned in course.iter().flat_map(|leg| leg.on.iter().chain(leg.back.iter().flatten()))
        {
            let named = |table: &str| planned.step.sql.iter().any(|sql| sql.contains(table));
            let locked = matches!(planned.step.lock, Lock::Moment | Lock::Writers | Lock::Chunk);
            assert!(!locked || !planned.tables.is_empty(), "{planned:?}");
            for table in &planned.tables {
                assert!(named(table), "{planned:?}");
            }
        }
        assert!(room(&course) > 0);
    }
}
