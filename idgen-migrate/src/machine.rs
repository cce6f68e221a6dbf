//! The state machine: one transition at a time, each with its gate, its steps and its evidence.

use serde::Serialize;
use std::time::Duration;

use crate::backfill;
use crate::engine::{Lock, Step, dialect, refresh};
use crate::gate::{self, Check};
use crate::options::Options;
use crate::plan::{Plan, millis};
use crate::session::{Session, without_password};
use crate::slot;
use crate::store::{self, Entry, Instance, State};
use crate::verify::{self, Report};
use crate::{Error, Phase};

/// How long the fence lies past what is computed, so that a plan may take a moment to be carried out.
const FENCE_MARGIN: Duration = Duration::from_secs(1);

/// A migration, as its operator holds it.
#[derive(Debug)]
pub struct Migration {
    address: String,
    session: Session,
    state: State,
    options: Options,
}

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
    /// The longest step that kept everybody out of a table, or all writers, in milliseconds: the wait for
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
    /// How long the last attempt took, in milliseconds.
    pub millis: u64,
}

/// Everything there is to know about a migration.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Where it stands.
    pub phase: Phase,
    /// How often it was moved.
    pub version: i64,
    /// Whether the backfill waits.
    pub paused: bool,
    /// Where it can go back to.
    pub back: Option<Phase>,
    /// Where it can go on to.
    pub next: Option<Phase>,
    /// The gate of that.
    pub gate: Vec<Check>,
    /// How far each carrier is: chunks done, chunks, rows done, rows, and rows a second and worker.
    pub passes: Vec<Progress>,
    /// The instances of the app.
    pub instances: Vec<Instance>,
    /// What happened.
    pub trail: Vec<Entry>,
}

/// How far a carrier is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// Table and column.
    pub column: String,
    /// Chunks that are done, and all.
    pub chunks: (usize, usize),
    /// Rows of them.
    pub rows: (i64, i64),
    /// Rows that a worker filled in a second.
    pub rows_per_second: Option<f64>,
}

impl Migration {
    /// Begins a migration: keeps its plan in the database.
    ///
    /// # Errors
    /// If there is one of this name.
    pub async fn begin(address: &str, plan: &Plan, options: Options) -> Result<Self, Error> {
        plan.target.lanes()?;
        let mut session = Session::connect(address).await?;
        store::prepare(&mut session).await?;
        store::create(&mut session, plan).await?;
        let state = store::load(&mut session, &plan.name).await?;
        let mut migration = Self { address: address.into(), session, state, options };
        migration.note("planned", &without_password(address)).await?;
        Ok(migration)
    }

    /// Goes on with a migration.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn open(address: &str, name: &str, options: Options) -> Result<Self, Error> {
        let mut session = Session::connect(address).await?;
        let mut state = store::load(&mut session, name).await?;
        refresh(&mut session, &mut state.plan).await?;
        Ok(Self { address: address.into(), session, state, options })
    }

    /// The migrations of a database, and where they stand.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn all(address: &str) -> Result<Vec<(String, Phase)>, Error> {
        store::all(&mut Session::connect(address).await?).await
    }

    /// Where it stands, as this operator saw it last.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.state.phase
    }

    /// What it follows.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.state.plan
    }

    /// The steps that lead into the next phase.
    ///
    /// # Errors
    /// If there is none.
    pub fn steps_on(&self) -> Result<(Phase, Vec<Step>), Error> {
        let to = self.next()?;
        let plan = self.fenced(to)?;
        Ok((to, dialect(plan.engine).enter(&plan, &plan.target.lanes()?, to)?))
    }

    /// The steps that lead back to the phase before.
    ///
    /// # Errors
    /// If there is none.
    pub fn steps_back(&self) -> Result<(Phase, Vec<Step>), Error> {
        let plan = &self.state.plan;
        let to = self.previous()?;
        Ok((to, dialect(plan.engine).leave(plan, &plan.target.lanes()?, self.state.phase)?))
    }

    fn next(&self) -> Result<Phase, Error> {
        let phase = self.state.phase;
        self.state.next().ok_or(Error::NoWay { way: "on", phase })
    }

    fn previous(&self) -> Result<Phase, Error> {
        let phase = self.state.phase;
        phase.previous().ok_or(Error::NoWay { way: "back", phase })
    }

    /// The plan with its fence, which is set on the way into `expanded`: past now, and past the last
    /// position that old rows can need.
    fn fenced(&self, to: Phase) -> Result<Plan, Error> {
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
        Ok(plan)
    }

    /// Goes on to the next phase: checks its gate, does its steps and its work, and moves the state.
    ///
    /// # Errors
    /// If the gate is closed, somebody else is at it, or the database refuses. What was done stays
    /// done, and the same call goes on from there.
    pub async fn advance(&mut self) -> Result<Evidence, Error> {
        self.hold().await?;
        let to = self.next()?;
        let from = self.state.phase;
        let checks = gate::before(&mut self.session, &self.state, to, &self.options).await?;
        gate::pass(to, &checks, &self.options)?;
        self.settle_fence(to).await?;
        let (_, steps) = self.steps_on()?;
        let steps = self.carry_out(&steps).await?;
        let mut evidence = evidence(from, to, checks, steps);
        self.work(to, &mut evidence).await?;
        self.shift(to, &evidence).await?;
        Ok(evidence)
    }

    /// Goes back to the phase before.
    ///
    /// # Errors
    /// As for [`advance`](Self::advance).
    pub async fn roll_back(&mut self) -> Result<Evidence, Error> {
        self.hold().await?;
        let from = self.state.phase;
        let checks = gate::back(&mut self.session, &self.state, &self.options).await?;
        let (to, steps) = self.steps_back()?;
        gate::pass(to, &checks, &self.options)?;
        let steps = self.carry_out(&steps).await?;
        if from == Phase::Expanded {
            store::forget_chunks(&mut self.session, &self.state.plan.name).await?;
            self.state.plan.fence = None;
        }
        let evidence = evidence(from, to, checks, steps);
        self.shift(to, &evidence).await?;
        Ok(evidence)
    }

    /// Forgets a migration that is planned and no more, or contracted. The audit trail stays.
    ///
    /// # Errors
    /// If it is under way.
    pub async fn forget(mut self) -> Result<(), Error> {
        self.hold().await?;
        let phase = self.state.phase;
        if !matches!(phase, Phase::Planned | Phase::Contracted) {
            return Err(Error::Exists { name: self.state.plan.name.clone(), phase });
        }
        self.note("forgotten", "").await?;
        store::remove(&mut self.session, &self.state.plan.name).await
    }

    /// Lets the backfill wait, or go on, whoever carries it out.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn pause(&mut self, paused: bool) -> Result<(), Error> {
        store::set_paused(&mut self.session, &self.state.plan.name, paused).await?;
        self.note(if paused { "paused" } else { "resumed" }, "").await
    }

    /// Compares everything, without moving on.
    ///
    /// # Errors
    /// If the columns are not there, or the database refuses.
    pub async fn verify(&mut self) -> Result<Report, Error> {
        verify::verify(&mut self.session, &self.state.plan).await
    }

    /// Calls `each` with both ids of every row, in no order.
    ///
    /// # Errors
    /// If the columns are not there, or `each` errs.
    pub async fn export(
        &mut self,
        each: &mut (dyn FnMut(String, String) -> Result<(), Error> + Send),
    ) -> Result<(), Error> {
        verify::pairs(&mut self.session, &self.state.plan, each).await
    }

    /// Everything there is to know.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn status(&mut self) -> Result<Status, Error> {
        let name = self.state.plan.name.clone();
        self.state = store::load(&mut self.session, &name).await?;
        let state = self.state.clone();
        let gate = match state.next() {
            Some(to) => gate::before(&mut self.session, &state, to, &self.options).await?,
            None => Vec::new(),
        };
        let mut passes = Vec::new();
        for (number, carrier) in state.plan.carriers.iter().enumerate() {
            let chunks = store::chunks(&mut self.session, &name, backfill::pass_of(number)).await?;
            let done: Vec<_> = chunks.iter().filter(|chunk| chunk.done).collect();
            let micros: i64 = done.iter().map(|chunk| chunk.micros).sum();
            let rows: i64 = done.iter().map(|chunk| chunk.rows).sum();
            passes.push(Progress {
                column: format!("{}.{}", state.plan.tables[carrier.table].name, carrier.new),
                chunks: (done.len(), chunks.len()),
                rows: (rows, chunks.iter().map(|chunk| chunk.rows).sum()),
                rows_per_second: (micros > 0).then(|| rows as f64 * 1e6 / micros as f64),
            });
        }
        Ok(Status {
            phase: state.phase,
            version: state.version,
            paused: state.paused,
            back: state.phase.previous(),
            next: state.next(),
            gate,
            passes,
            instances: store::instances(&mut self.session, &name).await?,
            trail: store::trail(&mut self.session, &name).await?,
        })
    }

    /// Takes the operator's lock, and looks where the migration stands now.
    async fn hold(&mut self) -> Result<(), Error> {
        let name = self.state.plan.name.clone();
        if let Some(holder) = self.session.hold(&name).await? {
            return Err(Error::Busy { name, holder });
        }
        let now = store::load(&mut self.session, &name).await?;
        if now.version != self.state.version {
            return Err(Error::Moved { name, version: self.state.version });
        }
        refresh(&mut self.session, &mut self.state.plan).await
    }

    /// Keeps the fence before anything depends on it.
    async fn settle_fence(&mut self, to: Phase) -> Result<(), Error> {
        let plan = self.fenced(to)?;
        if plan.fence != self.state.plan.fence {
            let entry = self.entry("fence", &plan.fence.unwrap_or(0).to_string());
            self.options.failpoints.pass("fence")?;
            self.state =
                store::shift(&mut self.session, &self.state, self.state.phase, &plan, &entry)
                    .await?;
        }
        Ok(())
    }

    /// The work of a phase that is no step of the schema.
    async fn work(&mut self, to: Phase, evidence: &mut Evidence) -> Result<(), Error> {
        let plan = self.state.plan.clone();
        match to {
            Phase::Backfilling => {
                backfill::plan_key(&mut self.session, &plan, &self.options).await?;
                self.options.failpoints.pass("key planned")?;
            }
            Phase::Backfilled => self.fill(&plan, evidence).await?,
            Phase::Verified => {
                let report = verify::verify(&mut self.session, &plan).await?;
                let fault =
                    |(name, found): (&'static str, String)| Check { name, found, open: false };
                let checks: Vec<_> = report.faults().into_iter().map(fault).collect();
                gate::pass(to, &checks, &self.options)?;
                evidence.checks.extend(checks);
                evidence.report = Some(report);
            }
            _ => {}
        }
        Ok(())
    }

    async fn fill(&mut self, plan: &Plan, evidence: &mut Evidence) -> Result<(), Error> {
        for number in 0..plan.carriers.len() {
            if number > 0 {
                backfill::plan_reference(&mut self.session, plan, number, &self.options).await?;
            }
            self.options.failpoints.pass("pass planned")?;
            backfill::run(&mut self.session, &self.address, plan, number, &self.options).await?;
            if number == 0 {
                // Who began before the last chunk may not see the ids of the rows it refers to.
                self.outlive_old_snapshots().await?;
            }
        }
        for number in 0..plan.carriers.len() {
            let mut missing = backfill::sweep(&mut self.session, plan, number).await?;
            for _ in 0..3 {
                if missing > 0 {
                    self.outlive_old_snapshots().await?;
                    missing = backfill::sweep(&mut self.session, plan, number).await?;
                }
            }
            self.options.failpoints.pass("swept")?;
            let carrier = &plan.carriers[number];
            let found = format!(
                "{missing} rows of {} lack {}",
                plan.tables[carrier.table].name, carrier.new
            );
            evidence.checks.push(Check { name: "missing", open: missing == 0, found });
        }
        gate::pass(Phase::Backfilled, &evidence.checks, &self.options)
    }

    /// Waits until every transaction that is open now has ended.
    async fn outlive_old_snapshots(&mut self) -> Result<(), Error> {
        let Some((mark, older)) = dialect(self.state.plan.engine).old_snapshots() else {
            return Ok(());
        };
        let Some(mark) = self.session.row(mark, &[]).await? else { return Ok(()) };
        let mark = mark.text(0)?;
        let began = self.options.clock.monotonic();
        loop {
            let rows = self.session.rows(older, &[mark.as_str().into()]).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let who = rows.iter().filter_map(|row| row.optional(0)).collect::<Vec<_>>().join("; ");
            if self.options.clock.monotonic().saturating_sub(began) > self.options.patience {
                return Err(Error::OldSnapshots { count: rows.len(), who });
            }
            self.options.watch.waits(&format!("older transactions: {who}"));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn carry_out(&mut self, steps: &[Step]) -> Result<Vec<Done>, Error> {
        let mut done = Vec::new();
        for step in steps {
            self.options.failpoints.pass(format!("before: {}", step.title))?;
            done.push(crate::runner::run(&mut self.session, step, &self.options).await?);
            self.options.failpoints.pass(format!("after: {}", step.title))?;
        }
        Ok(done)
    }

    async fn shift(&mut self, to: Phase, evidence: &Evidence) -> Result<(), Error> {
        self.options.failpoints.pass("before the state")?;
        let entry = self.entry(&format!("{} -> {to}", evidence.from), &store::json(evidence)?);
        let plan = self.state.plan.clone();
        self.state = store::shift(&mut self.session, &self.state, to, &plan, &entry).await?;
        self.options.failpoints.pass("after the state")
    }

    async fn note(&mut self, event: &str, detail: &str) -> Result<(), Error> {
        let entry = self.entry(event, detail);
        store::note(&mut self.session, &self.state.plan.name, &entry).await
    }

    fn entry(&self, event: &str, detail: &str) -> Entry {
        Entry {
            at_millis: millis(self.options.clock.wall()),
            who: self.options.who.clone(),
            event: event.into(),
            detail: detail.into(),
        }
    }
}

fn evidence(from: Phase, to: Phase, checks: Vec<Check>, steps: Vec<Done>) -> Evidence {
    let held = steps.iter().filter(|step| matches!(step.lock, Lock::Moment | Lock::Writers));
    let longest_lock_millis = held.map(|step| step.millis).max().unwrap_or(0);
    Evidence { from, to, checks, steps, longest_lock_millis, report: None }
}
