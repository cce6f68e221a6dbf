//! The operator's part: stages, their gates, and what is kept of them.

use std::time::Duration;

use serde::Serialize;

use super::{Source, Stage};
use crate::check::{ABOVE, Check, OLD_WRITERS};
use crate::engine::{Step, dialect};
use crate::gate;
use crate::options::Options;
use crate::session::Session;
use crate::store::{self, Note};
use crate::{Done, Error, runner};

/// How often the counter is looked at while single numbers are watched for.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// A change from single numbers to segments, as its operator holds it.
#[derive(Debug)]
pub struct Change {
    session: Session,
    name: String,
    kept: Kept,
    options: Options,
}

/// What is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Kept {
    pub(super) stage: Stage,
    pub(super) version: i64,
    pub(super) size: i64,
    pub(super) granted: i64,
    pub(super) claims: i64,
    pub(super) source: Source,
}

/// What was seen and done on the way to a stage; or what there is to know, where nothing was done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    /// Where it stands.
    pub stage: Stage,
    /// Numbers in a segment.
    pub size: i64,
    /// Segments that were taken, by all apps together.
    pub claims: i64,
    /// Numbers in them.
    pub granted: i64,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What was done.
    pub steps: Vec<Done>,
}

impl Change {
    /// Begins a change: keeps where numbers come from, and how many are in a segment.
    ///
    /// # Errors
    /// If there is one of this name, or a size that is none.
    pub async fn begin(
        address: &str,
        name: &str,
        source: &Source,
        size: i64,
        options: Options,
    ) -> Result<Self, Error> {
        if !(1..=1_000_000).contains(&size) {
            return Err(Error::Schema(format!(
                "a segment of {size} numbers is not in 1..=1000000"
            )));
        }
        gate::are_known(&options)?;
        let mut session = Session::connect(address).await?;
        store::prepare(&mut session).await?;
        let sql = dialect(session.engine());
        let (kept, text) = (sql.own("segment"), sql.long_text());
        session
            .run(&format!(
                "CREATE TABLE IF NOT EXISTS {kept} (name VARCHAR(120) NOT NULL PRIMARY KEY, stage VARCHAR(40) NOT NULL, \
                 version BIGINT NOT NULL, size BIGINT NOT NULL, granted BIGINT NOT NULL, claims BIGINT NOT NULL, \
                 source {text} NOT NULL)"
            ))
            .await?;
        let there = format!("SELECT count(*) FROM {kept} WHERE name = ?");
        if session.number(&there, &[name.into()]).await? > 0 {
            return Err(Error::Schema(format!(
                "segments of '{name}' are there already; go on with them"
            )));
        }
        let insert = format!(
            "INSERT INTO {kept} (name, stage, version, size, granted, claims, source) VALUES (?, 'planned', 1, ?, 0, 0, ?)"
        );
        session.execute(&insert, &[name.into(), size.into(), store::json(source)?.into()]).await?;
        let kept = load(&mut session, name).await?;
        let mut change = Self { session, name: name.into(), kept, options };
        let entry = Note::new(&change.options, "segments: planned", "{}");
        store::note(&mut change.session, name, &entry).await?;
        Ok(change)
    }

    /// Goes on with a change.
    ///
    /// # Errors
    /// If there is none of this name.
    pub async fn open(address: &str, name: &str, options: Options) -> Result<Self, Error> {
        gate::are_known(&options)?;
        let mut session = Session::connect(address).await?;
        let kept = load(&mut session, name).await?;
        Ok(Self { session, name: name.into(), kept, options })
    }

    /// Where it stands, as this operator saw it last.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.kept.stage
    }

    /// Where the numbers come from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.kept.source
    }

    /// The stage after this one, and what is done on the way there.
    ///
    /// # Errors
    /// If there is none.
    pub fn steps_on(&self) -> Result<(Stage, Vec<Step>), Error> {
        let source = &self.kept.source;
        match self.kept.stage.next() {
            Some(to @ Stage::Guarded) => Ok((to, source.guard(true))),
            Some(to) => Ok((to, source.accept(true))),
            None => Err(self.no_way("on")),
        }
    }

    /// The stage before this one, and what is done on the way there.
    ///
    /// # Errors
    /// If there is none.
    pub fn steps_back(&self) -> Result<(Stage, Vec<Step>), Error> {
        let source = &self.kept.source;
        match self.kept.stage.previous() {
            Some(to @ Stage::Granted) => Ok((to, source.guard(false))),
            // Numbers that apps have in hand are still to be written: the table goes on to accept them.
            Some(to) => Ok((to, Vec::new())),
            None => Err(self.no_way("back")),
        }
    }

    fn no_way(&self, way: &'static str) -> Error {
        Error::NoWay { way, from: self.kept.stage.name() }
    }

    /// Goes on to the next stage.
    ///
    /// # Errors
    /// If its gate is closed, somebody else is at it, or the database refuses. What was done stays
    /// done, and the same call goes on from there.
    pub async fn advance(&mut self) -> Result<Found, Error> {
        self.hold().await?;
        let (to, steps) = self.steps_on()?;
        let mut checks = vec![self.above().await?];
        if to == Stage::Guarded {
            checks.push(self.single_numbers().await?);
        }
        self.shift(to, steps, checks).await
    }

    /// Goes back to the stage before. The counter is above everything that was issued, so that it goes
    /// on from there; apps use up what they have.
    ///
    /// # Errors
    /// As for [`advance`](Self::advance).
    pub async fn roll_back(&mut self) -> Result<Found, Error> {
        self.hold().await?;
        let (to, steps) = self.steps_back()?;
        let checks = vec![self.above().await?];
        self.shift(to, steps, checks).await
    }

    /// Where it stands, and how many segments were taken.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn status(&mut self) -> Result<Found, Error> {
        self.kept = load(&mut self.session, &self.name).await?;
        Ok(self.found(Vec::new(), Vec::new()))
    }

    /// Forgets a change that is planned, and no more.
    ///
    /// # Errors
    /// If it is under way.
    pub async fn forget(mut self) -> Result<(), Error> {
        self.hold().await?;
        if self.kept.stage != Stage::Planned {
            let stage = self.kept.stage;
            return Err(Error::Schema(format!(
                "segments of '{}' are {stage}; roll back first",
                self.name
            )));
        }
        // Only now: whatever an app had in hand when it was rolled back may have been written since.
        let steps = self.kept.source.accept(false);
        runner::carry_out(&mut self.session, &steps, &self.options).await?;
        let entry = Note::new(&self.options, "segments: forgotten", "{}");
        store::note(&mut self.session, &self.name, &entry).await?;
        let kept = dialect(self.session.engine()).own("segment");
        let delete = format!("DELETE FROM {kept} WHERE name = ?");
        self.session.execute(&delete, &[self.name.as_str().into()]).await.map(drop)
    }

    async fn hold(&mut self) -> Result<(), Error> {
        if let Some(holder) = self.session.hold(&self.name).await? {
            return Err(Error::Busy { name: self.name.clone(), holder });
        }
        let now = load(&mut self.session, &self.name).await?;
        if now.version != self.kept.version {
            return Err(Error::Moved { name: self.name.clone(), version: self.kept.version });
        }
        Ok(())
    }

    /// Whether the counter is above all numbers that rows have: otherwise somebody brings their own.
    async fn above(&mut self) -> Result<Check, Error> {
        let greatest = self.kept.source.greatest(&mut self.session).await?;
        let (position, _) = self.kept.source.position(&mut self.session).await?;
        let found =
            format!("the counter is at {position}, and the greatest number in use is {greatest}");
        Ok(Check::new(ABOVE, position >= greatest, found))
    }

    /// Whether somebody takes single numbers: what the counter counts beside segments. The first one
    /// that is seen ends the watch.
    async fn single_numbers(&mut self) -> Result<Check, Error> {
        let quiet = self.options.quiet;
        let begun = tokio::time::Instant::now();
        let (before, from, mut asked) = self.measured().await?;
        loop {
            let left = quiet.saturating_sub(begun.elapsed());
            tokio::time::sleep(left.min(BETWEEN_LOOKS)).await;
            let (after, to, cost) = self.measured().await?;
            let single = to - from - asked - (after - before);
            let watched = begun.elapsed();
            if single > 0 || watched >= quiet {
                let found = format!("{single} single numbers were taken in {watched:.1?}");
                return Ok(Check::new(OLD_WRITERS, single <= 0, found));
            }
            asked += cost;
        }
    }

    /// Numbers in segments and how far the counter is, at a moment when nobody is taking a segment: who
    /// does has this row locked; and what it cost to ask.
    async fn measured(&mut self) -> Result<(i64, i64, i64), Error> {
        let sql = dialect(self.session.engine());
        self.session.run(sql.begin()).await?;
        let measured = self.measured_in_transaction().await;
        self.session.end(measured).await
    }

    async fn measured_in_transaction(&mut self) -> Result<(i64, i64, i64), Error> {
        let kept = dialect(self.session.engine()).own("segment");
        let lock = format!("UPDATE {kept} SET granted = granted WHERE name = ?");
        self.session.execute(&lock, &[self.name.as_str().into()]).await?;
        let granted = load(&mut self.session, &self.name).await?.granted;
        let (position, cost) = self.kept.source.position(&mut self.session).await?;
        Ok((granted, position, cost))
    }

    async fn shift(
        &mut self,
        to: Stage,
        steps: Vec<Step>,
        checks: Vec<Check>,
    ) -> Result<Found, Error> {
        gate::pass(to.name(), &checks, &self.options)?;
        let done = runner::carry_out(&mut self.session, &steps, &self.options).await?;
        self.options.failpoints.pass("before the state")?;
        let found = self.found(checks, done);
        let event = format!("segments: {} -> {to}", self.kept.stage);
        let entry = Note::new(&self.options, event, store::json(&found)?);
        let set = format!("UPDATE {} SET stage = ?", dialect(self.session.engine()).own("segment"));
        let (session, version) = (&mut self.session, self.kept.version);
        store::compare_and_set(session, &set, &[to.name().into()], &self.name, version, &entry)
            .await?;
        self.kept = load(&mut self.session, &self.name).await?;
        self.options.failpoints.pass("after the state")?;
        Ok(Found { stage: to, ..found })
    }

    fn found(&self, checks: Vec<Check>, steps: Vec<Done>) -> Found {
        let Kept { stage, size, claims, granted, .. } = self.kept;
        Found { stage, size, claims, granted, checks, steps }
    }
}

pub(super) async fn load(session: &mut Session, name: &str) -> Result<Kept, Error> {
    let kept = dialect(session.engine()).own("segment");
    let query =
        format!("SELECT stage, version, size, granted, claims, source FROM {kept} WHERE name = ?");
    let unknown =
        || Error::Schema(format!("there are no segments of '{name}' in this database; start them"));
    let row = match session.row(&query, &[name.into()]).await {
        Ok(row) => row.ok_or_else(unknown)?,
        Err(error) if error.is_no_table() => return Err(unknown()),
        Err(error) => return Err(error),
    };
    Ok(Kept {
        stage: row
            .text(0)?
            .parse()
            .map_err(|error: crate::UnknownPhase| Error::Kept(error.to_string()))?,
        version: row.integer(1)?,
        size: row.integer(2)?,
        granted: row.integer(3)?,
        claims: row.integer(4)?,
        source: store::parsed(&row.text(5)?)?,
    })
}
