//! What is kept of a migration in its database: its state; and beside it ledger, audit trail and instances.
//!
//! **Invariant:** the phase changes by compare-and-set on the version, in one transaction with the
//! entry of the audit trail that says why.

mod instances;
mod ledger;
mod trail;

pub use instances::Instance;
pub(crate) use instances::{Report, instances, report};
pub use ledger::Chunk;
pub(crate) use ledger::{
    chunks, edited, finish_chunk, finishing, forget_chunks, keep_chunks, keeping,
};
pub use trail::Entry;
pub(crate) use trail::{Note, note, trail};

use serde::Serialize;

use crate::engine::{Dialect, dialect};
use crate::plan::Plan;
use crate::session::{Session, Value};
use crate::{Error, Phase};

/// A migration as its database has it.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Where it stands.
    pub phase: Phase,
    /// How often it was moved.
    pub version: i64,
    /// Whether the backfill is to wait.
    pub paused: bool,
    /// What it follows.
    pub plan: Plan,
    /// Where steps lead that have begun and have not ended: on to the next phase, back to the one before, or
    /// back to this one, from the middle of the way on.
    pub under_way: Option<Phase>,
    /// When steps began and ended last, in Unix milliseconds by the database's clock.
    pub steps_millis: (i64, i64),
}

impl State {
    /// The phase after this one in its plan's course.
    pub(crate) fn next(&self) -> Option<Phase> {
        self.plan.phases().find(|phase| *phase > self.phase)
    }

    /// The way back, from which phase to which: what was begun is taken back first. None once the steps of
    /// the last phase have begun.
    pub(crate) fn way_back(&self) -> Option<(Phase, Phase)> {
        match self.under_way {
            Some(to) if to.is_destructive() => None,
            Some(to) if to >= self.phase => Some((self.next()?, self.phase)),
            _ => Some((self.phase, self.phase.previous()?)),
        }
    }

    /// Where a way back leads that was begun: nothing else goes on from its middle.
    pub(crate) fn goes_back(&self) -> Option<Phase> {
        self.under_way.filter(|to| *to <= self.phase)
    }

    /// Whether every table has the columns of new ids, under the names that they get first.
    pub(crate) fn has_new_ids(&self) -> bool {
        let goes = self.phase == Phase::Expanded && self.goes_back().is_some();
        self.phase > Phase::Planned && !goes && !self.is_contracting()
    }

    /// Whether old ids have begun to go.
    pub(crate) fn is_contracting(&self) -> bool {
        self.under_way.is_some_and(Phase::is_destructive)
    }
}

/// What a migration becomes.
pub(crate) struct Turn<'a> {
    pub(crate) phase: Phase,
    pub(crate) under_way: Option<Phase>,
    pub(crate) plan: &'a Plan,
    /// Whether what was compared is forgotten with it.
    pub(crate) forgets: bool,
}

/// Stretches of steps that are no further apart, in milliseconds, are one: an instance of the app may have
/// been kept from reporting in all of it.
const ONE_STRETCH: i64 = 60_000;

fn tables(sql: &dyn Dialect) -> Vec<String> {
    let (state, ledger, audit, instance) =
        (sql.own("state"), sql.own("ledger"), sql.own("audit"), sql.own("instance"));
    let edited = sql.own("edited");
    let text = sql.long_text();
    let name = "name VARCHAR(120) NOT NULL";
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {state} ({name} PRIMARY KEY, phase VARCHAR(40) NOT NULL, \
             version BIGINT NOT NULL, paused BIGINT NOT NULL, under_way VARCHAR(40), steps_began BIGINT NOT NULL, \
             steps_ended BIGINT NOT NULL, plan {text} NOT NULL)"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {ledger} ({name}, pass BIGINT NOT NULL, chunk BIGINT NOT NULL, \
             low {text}, high {text}, first_index BIGINT NOT NULL, carry BIGINT NOT NULL, rows_planned BIGINT NOT NULL, \
             last_slot BIGINT NOT NULL, done BIGINT NOT NULL, filled BIGINT NOT NULL, digest BIGINT NOT NULL, \
             micros BIGINT NOT NULL, PRIMARY KEY (name, pass, chunk))"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {audit} ({name}, entry BIGINT NOT NULL, at_millis BIGINT NOT NULL, \
             who VARCHAR(200) NOT NULL, event VARCHAR(200) NOT NULL, detail {text} NOT NULL, \
             PRIMARY KEY (name, entry))"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {instance} ({name}, instance VARCHAR(120) NOT NULL, \
             phase VARCHAR(40) NOT NULL, seen_millis BIGINT NOT NULL, wall_millis BIGINT NOT NULL, \
             compared BIGINT NOT NULL, mismatches BIGINT NOT NULL, PRIMARY KEY (name, instance))"
        ),
        format!(
            "CREATE TABLE IF NOT EXISTS {edited} ({name}, id VARCHAR(40) NOT NULL, PRIMARY KEY (name, id))"
        ),
    ]
}

/// Makes the tables, where they are not there.
pub(crate) async fn prepare(session: &mut Session) -> Result<(), Error> {
    let sql = dialect(session.engine());
    for statement in sql.prepare().into_iter().chain(tables(sql)) {
        session.run(&statement).await?;
    }
    Ok(())
}

/// Whether a migration was ever planned in this database. Where it cannot be asked, nobody knows: an
/// instance that took that for no would go back to old ids.
async fn is_prepared(session: &mut Session) -> Result<bool, Error> {
    let query = format!("SELECT count(*) FROM {}", dialect(session.engine()).own("state"));
    match session.number(&query, &[]).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_no_table() => Ok(false),
        Err(error) => Err(error),
    }
}

/// The names of the migrations of a database, and where they stand.
pub(crate) async fn all(session: &mut Session) -> Result<Vec<(String, Phase)>, Error> {
    if !is_prepared(session).await? {
        return Ok(Vec::new());
    }
    let query =
        format!("SELECT name, phase FROM {} ORDER BY name", dialect(session.engine()).own("state"));
    let rows = session.rows(&query, &[]).await?;
    rows.iter().map(|row| Ok((row.text(0)?, phase(&row.text(1)?)?))).collect()
}

/// Every migration of a database, with its plan.
pub(crate) async fn states(session: &mut Session) -> Result<Vec<State>, Error> {
    let mut states = Vec::new();
    for (name, _) in all(session).await? {
        states.extend(find(session, &name).await?);
    }
    Ok(states)
}

/// The database's time, in Unix milliseconds.
pub(crate) async fn now(session: &mut Session) -> Result<i64, Error> {
    let query = format!("SELECT {}", dialect(session.engine()).now());
    session.number(&query, &[]).await
}

pub(crate) async fn create(session: &mut Session, plan: &Plan) -> Result<(), Error> {
    let sql = dialect(session.engine());
    let (state, audit) = (sql.own("state"), sql.own("audit"));
    if let Some(found) = find(session, &plan.name).await? {
        return Err(Error::Exists { name: plan.name.clone(), phase: found.phase });
    }
    // Each version has an entry in the trail, which stays: of a name's versions none comes twice, also where one
    // of it was forgotten that somebody is still at work for.
    let sql = format!(
        "INSERT INTO {state} (name, phase, version, paused, steps_began, steps_ended, plan) \
         SELECT ?, ?, count(*) + 1, 0, 0, 0, ? FROM {audit} WHERE name = ?"
    );
    let name: Value = plan.name.as_str().into();
    let values = [name.clone(), Phase::Planned.name().into(), json(plan)?.into(), name];
    session.execute(&sql, &values).await.map(drop)
}

/// Forgets a migration of which nothing is left.
pub(crate) async fn remove(session: &mut Session, name: &str) -> Result<(), Error> {
    for table in ["ledger", "edited", "instance", "state"] {
        let table = dialect(session.engine()).own(table);
        session.execute(&format!("DELETE FROM {table} WHERE name = ?"), &[name.into()]).await?;
    }
    Ok(())
}

pub(crate) async fn find(session: &mut Session, name: &str) -> Result<Option<State>, Error> {
    let state = dialect(session.engine()).own("state");
    let query = format!(
        "SELECT phase, version, paused, plan, under_way, steps_began, steps_ended FROM {state} WHERE name = ?"
    );
    let Some(row) = session.row(&query, &[name.into()]).await? else { return Ok(None) };
    Ok(Some(State {
        phase: phase(&row.text(0)?)?,
        version: row.integer(1)?,
        paused: row.integer(2)? != 0,
        plan: parsed(&row.text(3)?)?,
        under_way: row.optional(4).map(|name| phase(&name)).transpose()?,
        steps_millis: (row.integer(5)?, row.integer(6)?),
    }))
}

pub(crate) async fn load(session: &mut Session, name: &str) -> Result<State, Error> {
    if !is_prepared(session).await? {
        return Err(Error::Unknown { name: name.into() });
    }
    find(session, name).await?.ok_or_else(|| Error::Unknown { name: name.into() })
}

/// Moves a migration on from the state that was seen, and says why in the audit trail.
pub(crate) async fn shift(
    session: &mut Session,
    seen: &State,
    to: &Turn<'_>,
    why: &Note,
) -> Result<State, Error> {
    let Turn { phase, under_way, plan, forgets } = *to;
    let (state, now) = (dialect(session.engine()).own("state"), dialect(session.engine()).now());
    let mut set = format!("UPDATE {state} SET phase = ?, under_way = ?, plan = ?");
    match (seen.under_way, under_way) {
        (None, Some(_)) => {
            set += &format!(
                ", steps_began = CASE WHEN steps_ended > {now} - {ONE_STRETCH} THEN steps_began ELSE {now} END"
            );
        }
        (Some(_), None) => set += &format!(", steps_ended = {now}"),
        _ => {}
    }
    let values = [phase.name().into(), under_way.map(Phase::name).into(), json(plan)?.into()];
    session.run(dialect(session.engine()).begin()).await?;
    let done = match set_where_seen(session, &set, &values, &plan.name, seen.version, why).await {
        Ok(()) if forgets => instances::forget_compared(session, &plan.name).await,
        done => done,
    };
    session.end(done).await?;
    Ok(State { phase, under_way, version: seen.version + 1, plan: plan.clone(), ..seen.clone() })
}

/// Sets what is kept under a name where it still is of the version that was seen, and says why in the audit
/// trail.
pub(crate) async fn compare_and_set(
    session: &mut Session,
    set: &str,
    values: &[Value],
    name: &str,
    version: i64,
    why: &Note,
) -> Result<(), Error> {
    session.run(dialect(session.engine()).begin()).await?;
    let done = set_where_seen(session, set, values, name, version, why).await;
    session.end(done).await
}

/// The same in a transaction that has begun.
async fn set_where_seen(
    session: &mut Session,
    set: &str,
    values: &[Value],
    name: &str,
    version: i64,
    why: &Note,
) -> Result<(), Error> {
    let statement = format!("{set}, version = version + 1 WHERE name = ? AND version = ?");
    let values = [values, &[name.into(), version.into()]].concat();
    match session.execute(&statement, &values).await? {
        1 => note(session, name, why).await,
        _ => Err(Error::Moved { name: name.into(), version }),
    }
}

/// Sets the switch of the backfill, and says who did in the audit trail.
pub(crate) async fn set_paused(
    session: &mut Session,
    name: &str,
    paused: bool,
    why: &Note,
) -> Result<(), Error> {
    let sql = dialect(session.engine());
    session.run(sql.begin()).await?;
    let statement = format!("UPDATE {} SET paused = ? WHERE name = ?", sql.own("state"));
    // The row is locked from here on, so that entries of one migration are numbered one after the other.
    let done = match session.execute(&statement, &[i64::from(paused).into(), name.into()]).await {
        Ok(_) => note(session, name, why).await,
        Err(error) => Err(error),
    };
    session.end(done).await
}

pub(crate) async fn is_paused(session: &mut Session, name: &str) -> Result<bool, Error> {
    let state = dialect(session.engine()).own("state");
    Ok(session
        .number(&format!("SELECT paused FROM {state} WHERE name = ?"), &[name.into()])
        .await?
        != 0)
}

fn phase(name: &str) -> Result<Phase, Error> {
    name.parse().map_err(|error: crate::UnknownPhase| Error::Kept(error.to_string()))
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Kept(error.to_string()))
}

pub(crate) fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Kept(error.to_string()))
}
