//! The state machine: one transition at a time, each with its gate, its steps and its evidence.

mod way;

use std::time::Duration;

use crate::backfill;
use crate::check::Check;
use crate::engine::{Step, dialect, refresh};
use crate::evidence::{Done, Evidence};
use crate::gate;
use crate::options::Options;
use crate::plan::{self, Plan};
use crate::session::{Session, without_password};
use crate::status::{self, Status};
use crate::store::{self, Note, State, Turn};
use crate::verify::{self, Report};
use crate::{Error, Phase, runner};

/// How long until a gate is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// By what name those that begin hold a lock. A migration of this name would only have them wait.
const BEGINNING: &str = "a migration begins";

/// A migration, as its operator holds it.
#[derive(Debug)]
pub struct Migration {
    address: String,
    session: Session,
    state: State,
    options: Options,
}

impl Migration {
    /// Begins a migration: keeps its plan in the database.
    ///
    /// # Errors
    /// If there is one of this name, or another at work on the same columns, the schema has changed since the
    /// plan was made, something that it found is not accepted, or something is that has no such name; or if
    /// others begin at once, and take long.
    pub async fn begin(address: &str, plan: &Plan, options: Options) -> Result<Self, Error> {
        plan.target.lanes()?;
        gate::are_known(&options)?;
        gate::accepted(plan, &options)?;
        let mut session = Session::connect_for_long(address).await?;
        let check = gate::as_planned(&mut session, plan).await?;
        gate::pass(Phase::Planned.name(), &[check], &options)?;
        store::prepare(&mut session).await?;
        create(&mut session, address, plan).await?;
        let state = store::load(&mut session, &plan.name).await?;
        let mut migration = Self { address: address.into(), session, state, options };
        migration.note("planned", &without_password(address)).await?;
        Ok(migration)
    }

    /// Goes on with a migration.
    ///
    /// # Errors
    /// If there is none of this name, or a check is accepted that has none.
    pub async fn open(address: &str, name: &str, options: Options) -> Result<Self, Error> {
        gate::are_known(&options)?;
        let mut session = Session::connect_for_long(address).await?;
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

    /// Where steps lead that have begun and have not ended. Those on may go on or be taken back; those back go
    /// on, and nothing else does until they have ended.
    #[must_use]
    pub fn under_way(&self) -> Option<Phase> {
        self.state.under_way
    }

    /// What it follows.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.state.plan
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
        let checks = self.gate(from, to).await?;
        gate::pass(to.name(), &checks, &self.options)?;
        // It is kept with the first step, before anything depends on it.
        self.state.plan = self.fenced(to)?;
        let (_, steps) = self.steps_on()?;
        let steps = self.carry_out(to, &steps).await?;
        let mut evidence = Evidence::new(from, to, checks, steps);
        self.work(to, &mut evidence).await?;
        self.shift(to, false, &evidence).await?;
        Ok(evidence)
    }

    /// Goes back to the phase before; from the middle of the way on, to where that began. Out of `expanded` the
    /// new ids go, and the next attempt may give one to another row.
    ///
    /// # Errors
    /// As for [`advance`](Self::advance).
    pub async fn roll_back(&mut self) -> Result<Evidence, Error> {
        self.hold().await?;
        let (from, to) = self.way_back()?;
        let checks = self.gate(from, to).await?;
        gate::pass(to.name(), &checks, &self.options)?;
        let (_, steps) = self.steps_back()?;
        let steps = self.carry_out(to, &steps).await?;
        if from == Phase::Expanded {
            store::forget_chunks(&mut self.session, &self.state.plan.name).await?;
            self.state.plan.fence = None;
        }
        let evidence = Evidence::new(from, to, checks, steps);
        self.shift(to, true, &evidence).await?;
        Ok(evidence)
    }

    /// What the gate from one phase to another finds: the rows are asked once nothing else closes it, and apps
    /// are waited for that are on their way.
    async fn gate(&mut self, from: Phase, to: Phase) -> Result<Vec<Check>, Error> {
        let (session, state, options) = (&mut self.session, &self.state, &self.options);
        let began = options.clock.monotonic();
        let mut checks = loop {
            let checks = match to > from {
                true => gate::before(session, state, to, options).await?,
                false => gate::back(session, state, options).await?,
            };
            let waited = options.clock.monotonic().saturating_sub(began);
            let whom = gate::waits_for(&checks, options);
            let Some(whom) = whom.filter(|_| waited < options.gate_patience) else { break checks };
            options.watch.gate(to, &whom);
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        if checks.iter().all(|check| !gate::is_closed(check, options)) {
            let asked = gate::asked_of_rows(state, from, to);
            checks.extend(gate::rows(session, state, asked).await?);
        }
        Ok(checks)
    }

    /// What the gate of the next phase finds now, the rows of every table included, which the status leaves
    /// out; it is kept in the audit trail. Nothing is waited for.
    ///
    /// # Errors
    /// If there is no next phase, somebody else is at it, or the database refuses.
    pub async fn check(&mut self) -> Result<Vec<Check>, Error> {
        self.hold().await?;
        let (from, to) = (self.state.phase, self.next()?);
        let (session, state, options) = (&mut self.session, &self.state, &self.options);
        let mut checks = gate::before(session, state, to, options).await?;
        let asked = gate::asked_of_rows(state, from, to);
        checks.extend(gate::rows(session, state, asked).await?);
        let seen = store::json(&Evidence::new(from, to, checks.clone(), Vec::new()))?;
        self.note(&format!("the gate of {to} was looked at"), &seen).await?;
        Ok(checks)
    }

    /// Carries out steps, and keeps before the first one where they lead: whoever comes after a crash knows what
    /// may be half done. From the first step of the last phase on there is no way back.
    async fn carry_out(&mut self, to: Phase, steps: &[Step]) -> Result<Vec<Done>, Error> {
        if steps.is_empty() {
            return Ok(Vec::new());
        }
        let begins = self.state.under_way != Some(to);
        self.options.failpoints.pass("before it is under way")?;
        if begins {
            let plan = self.state.plan.clone();
            self.keep_way(Some(to), &plan, &format!("under way to {to}")).await?;
        }
        let (first, others) = steps.split_at(1);
        let mut done = match runner::carry_out(&mut self.session, first, &self.options).await {
            Ok(done) => done,
            Err(error) => {
                // Nothing was done yet, of a step that is whole. After a crash nobody says so, and the way is on.
                let nothing = first[0].is_whole() && !matches!(error, Error::Failpoint(_));
                if begins && to.is_destructive() && nothing {
                    let plan = self.state.plan.clone();
                    let _ = self.keep_way(None, &plan, "nothing went").await;
                }
                return Err(error);
            }
        };
        done.extend(runner::carry_out(&mut self.session, others, &self.options).await?);
        Ok(done)
    }

    async fn keep_way(
        &mut self,
        under_way: Option<Phase>,
        plan: &Plan,
        event: &str,
    ) -> Result<(), Error> {
        let entry = Note::new(&self.options, event, "");
        let turn = Turn { phase: self.state.phase, under_way, plan, forgets: false };
        self.state = store::shift(&mut self.session, &self.state, &turn, &entry).await?;
        Ok(())
    }

    /// Forgets a migration that is planned and no more, or contracted. The audit trail stays.
    ///
    /// # Errors
    /// If it is under way, or contracted and an instance of the app still asks for it.
    pub async fn forget(mut self) -> Result<(), Error> {
        self.hold().await?;
        let phase = self.state.phase;
        if let Some(to) = self.state.under_way {
            let (name, way) = (self.state.plan.name.clone(), "advance or roll back");
            return Err(Error::UnderWay { name, to, way });
        }
        if !matches!(phase, Phase::Planned | Phase::Contracted) {
            return Err(Error::Exists { name: self.state.plan.name.clone(), phase });
        }
        if phase == Phase::Contracted {
            let check = gate::forget(&mut self.session, &self.state, &self.options).await?;
            gate::pass("forgotten", &[check], &self.options)?;
        }
        self.note("forgotten", "").await?;
        store::remove(&mut self.session, &self.state.plan.name).await
    }

    /// Lets the backfill wait, or go on, whoever carries it out.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn pause(&mut self, paused: bool) -> Result<(), Error> {
        let entry = Note::new(&self.options, if paused { "paused" } else { "resumed" }, "");
        store::set_paused(&mut self.session, &self.state.plan.name, paused, &entry).await
    }

    /// Compares everything, without moving on.
    ///
    /// # Errors
    /// If the columns are not there, or the database refuses.
    pub async fn verify(&mut self) -> Result<Report, Error> {
        verify::verify(&mut self.session, &self.state.plan).await
    }

    /// Calls `each` with both ids of every row, in no order; says how many rows were left out, since they lack one.
    ///
    /// # Errors
    /// If there are no new ids yet or no old ones any more, or `each` errs.
    pub async fn export(
        &mut self,
        each: &mut (dyn FnMut(String, String) -> Result<(), Error> + Send),
    ) -> Result<i64, Error> {
        let plan = &self.state.plan;
        let what = match self.state.phase {
            Phase::Planned => "it has no new ids yet; export once it is backfilled",
            Phase::Contracted => "its old ids are gone, and which became which with them",
            _ => {
                verify::pairs(&mut self.session, plan, each).await?;
                return verify::unpaired(&mut self.session, plan).await;
            }
        };
        Err(Error::Schema(format!("{} is {}: {what}", plan.name, self.state.phase)))
    }

    /// Everything there is to know.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn status(&mut self) -> Result<Status, Error> {
        self.state = store::load(&mut self.session, &self.state.plan.name).await?;
        refresh(&mut self.session, &mut self.state.plan).await?;
        status::look(&mut self.session, &self.state, &self.options).await
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
        self.state = now;
        refresh(&mut self.session, &mut self.state.plan).await
    }

    /// The work of a phase that is no step of the schema.
    async fn work(&mut self, to: Phase, evidence: &mut Evidence) -> Result<(), Error> {
        let plan = self.state.plan.clone();
        match to {
            Phase::Backfilling => {
                backfill::plan_key(&mut self.session, &plan, &self.options).await?;
                self.options.failpoints.pass("key planned")?;
            }
            Phase::Backfilled => {
                let (session, address) = (&mut self.session, self.address.as_str());
                let checks = backfill::fill(session, address, &self.state, &self.options).await?;
                evidence.checks.extend(checks);
                gate::pass(to.name(), &evidence.checks, &self.options)?;
            }
            Phase::Verified => {
                let report = verify::verify(&mut self.session, &plan).await?;
                let fault = |(name, found): (&'static str, String)| Check::new(name, false, found);
                let checks: Vec<_> = report.faults().into_iter().map(fault).collect();
                gate::pass(to.name(), &checks, &self.options)?;
                evidence.checks.extend(checks);
                evidence.report = Some(report);
            }
            _ => {}
        }
        Ok(())
    }

    /// Moves the state. On a way back what was compared is forgotten with that: before it, an attempt that is cut
    /// short would have forgotten it in a phase that goes on by it, and after it, the next way on would.
    async fn shift(&mut self, to: Phase, back: bool, evidence: &Evidence) -> Result<(), Error> {
        self.options.failpoints.pass("before the state")?;
        let event = format!("{} -> {to}", evidence.from);
        let entry = Note::new(&self.options, event, store::json(evidence)?);
        let plan = self.state.plan.clone();
        let turn = Turn { phase: to, under_way: None, plan: &plan, forgets: back };
        self.state = store::shift(&mut self.session, &self.state, &turn, &entry).await?;
        self.options.failpoints.pass("after the state")
    }

    async fn note(&mut self, event: &str, detail: &str) -> Result<(), Error> {
        let entry = Note::new(&self.options, event, detail);
        store::note(&mut self.session, &self.state.plan.name, &entry).await
    }
}

/// Keeps a migration, unless another one is at work on the same columns. In between nobody else begins one.
async fn create(session: &mut Session, address: &str, plan: &Plan) -> Result<(), Error> {
    let sql = dialect(session.engine());
    // Where one writes at a time, the transaction is enough. Elsewhere the lock ends with its session.
    let mut alone = None;
    if !sql.writes_alone() {
        let name = plan.name.clone();
        if let Some(holder) = alone.insert(Session::connect(address).await?).hold(BEGINNING).await?
        {
            return Err(Error::Busy { name, holder });
        }
    }
    session.run(sql.begin()).await?;
    let created = create_unless_shared(session, plan).await;
    session.end(created).await
}

async fn create_unless_shared(session: &mut Session, plan: &Plan) -> Result<(), Error> {
    for other in store::states(session).await? {
        if let Some(what) = plan::shared(plan, &other) {
            let (name, phase) = (other.plan.name, other.phase);
            return Err(Error::Shared { what, name, phase });
        }
    }
    store::create(session, plan).await
}
