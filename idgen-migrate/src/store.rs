//! What is kept of a migration in its database: state, ledger, audit trail, instances.
//!
//! **Invariant:** the phase changes by compare-and-set on the version, in one transaction with the
//! entry of the audit trail that says why.

use serde::Serialize;

use crate::engine::{Dialect, dialect};
use crate::plan::Plan;
use crate::session::{Row, Session, Value};
use crate::slot::Start;
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
}

impl State {
    /// The phase after this one in its plan's course.
    pub(crate) fn next(&self) -> Option<Phase> {
        self.plan.phases().find(|phase| *phase > self.phase)
    }
}

/// A stretch of rows that is filled in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chunk {
    /// Which carrier is filled.
    pub pass: i64,
    /// Which chunk of that it is.
    pub number: i64,
    /// The order columns, or the key, of the last row before; none at the beginning.
    pub low: Option<Vec<String>>,
    /// Those of its last row; none at the end.
    pub high: Option<Vec<String>>,
    /// What it must know of the rows before.
    pub start: Start,
    /// How many rows it had when it was planned.
    pub rows: i64,
    /// The slot of its last row then.
    pub last_slot: i64,
    /// Whether it is done.
    pub done: bool,
    /// How many rows were filled.
    pub filled: i64,
    /// Sum of the digests of the pairs, old and new.
    pub digest: i64,
    /// How long it took, in microseconds.
    pub micros: i64,
}

/// An entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When, in Unix milliseconds.
    pub at_millis: i64,
    /// Who.
    pub who: String,
    /// What happened.
    pub event: String,
    /// The figures, as JSON.
    pub detail: String,
}

/// An instance of the app, as it reported last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// Its name.
    pub instance: String,
    /// The phase that it acts by.
    pub phase: Phase,
    /// When it reported, in Unix milliseconds.
    pub seen_millis: i64,
    /// How many shadow reads it compared.
    pub compared: i64,
    /// How many of them differed.
    pub mismatches: i64,
}

fn tables(sql: &dyn Dialect) -> Vec<String> {
    let (state, ledger, audit, instance) =
        (sql.own("state"), sql.own("ledger"), sql.own("audit"), sql.own("instance"));
    let text = sql.long_text();
    let name = "name VARCHAR(120) NOT NULL";
    vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {state} ({name} PRIMARY KEY, phase VARCHAR(40) NOT NULL, \
             version BIGINT NOT NULL, paused BIGINT NOT NULL, plan {text} NOT NULL)"
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
             phase VARCHAR(40) NOT NULL, seen_millis BIGINT NOT NULL, compared BIGINT NOT NULL, \
             mismatches BIGINT NOT NULL, PRIMARY KEY (name, instance))"
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

pub(crate) async fn create(session: &mut Session, plan: &Plan) -> Result<(), Error> {
    let state = dialect(session.engine()).own("state");
    if let Some(found) = find(session, &plan.name).await? {
        return Err(Error::Exists { name: plan.name.clone(), phase: found.phase });
    }
    let sql =
        format!("INSERT INTO {state} (name, phase, version, paused, plan) VALUES (?, ?, 1, 0, ?)");
    let values = [plan.name.as_str().into(), Phase::Planned.name().into(), json(plan)?.into()];
    session.execute(&sql, &values).await.map(drop)
}

/// Forgets a migration of which nothing is left.
pub(crate) async fn remove(session: &mut Session, name: &str) -> Result<(), Error> {
    for table in ["ledger", "instance", "state"] {
        let table = dialect(session.engine()).own(table);
        session.execute(&format!("DELETE FROM {table} WHERE name = ?"), &[name.into()]).await?;
    }
    Ok(())
}

pub(crate) async fn find(session: &mut Session, name: &str) -> Result<Option<State>, Error> {
    let state = dialect(session.engine()).own("state");
    let query = format!("SELECT phase, version, paused, plan FROM {state} WHERE name = ?");
    let Some(row) = session.row(&query, &[name.into()]).await? else { return Ok(None) };
    Ok(Some(State {
        phase: phase(&row.text(0)?)?,
        version: row.integer(1)?,
        paused: row.integer(2)? != 0,
        plan: parsed(&row.text(3)?)?,
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
    to: Phase,
    plan: &Plan,
    entry: &Entry,
) -> Result<State, Error> {
    let sql = dialect(session.engine());
    let name = plan.name.as_str();
    session.run(sql.begin()).await?;
    let statement = format!(
        "UPDATE {} SET phase = ?, version = version + 1, plan = ? WHERE name = ? AND version = ?",
        sql.own("state")
    );
    let values = [to.name().into(), json(plan)?.into(), name.into(), seen.version.into()];
    let done = match session.execute(&statement, &values).await {
        Ok(1) => note(session, name, entry).await,
        Ok(_) => Err(Error::Moved { name: name.into(), version: seen.version }),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => session.commit().await?,
        Err(error) => {
            // The first error is the one to tell.
            let _ = session.run("ROLLBACK").await;
            return Err(error);
        }
    }
    Ok(State { phase: to, version: seen.version + 1, plan: plan.clone(), ..seen.clone() })
}

pub(crate) async fn set_paused(
    session: &mut Session,
    name: &str,
    paused: bool,
) -> Result<(), Error> {
    let state = dialect(session.engine()).own("state");
    let sql = format!("UPDATE {state} SET paused = ? WHERE name = ?");
    session.execute(&sql, &[i64::from(paused).into(), name.into()]).await.map(drop)
}

pub(crate) async fn is_paused(session: &mut Session, name: &str) -> Result<bool, Error> {
    let state = dialect(session.engine()).own("state");
    Ok(session
        .number(&format!("SELECT paused FROM {state} WHERE name = ?"), &[name.into()])
        .await?
        != 0)
}

pub(crate) async fn note(session: &mut Session, name: &str, entry: &Entry) -> Result<(), Error> {
    let audit = dialect(session.engine()).own("audit");
    let next = format!("SELECT coalesce(max(entry), 0) + 1 FROM {audit} WHERE name = ?");
    let number = session.number(&next, &[name.into()]).await?;
    let sql = format!(
        "INSERT INTO {audit} (name, entry, at_millis, who, event, detail) VALUES (?, ?, ?, ?, ?, ?)"
    );
    let values = [
        name.into(),
        number.into(),
        entry.at_millis.into(),
        entry.who.as_str().into(),
        entry.event.as_str().into(),
        entry.detail.as_str().into(),
    ];
    session.execute(&sql, &values).await.map(drop)
}

/// The audit trail, oldest first.
pub(crate) async fn trail(session: &mut Session, name: &str) -> Result<Vec<Entry>, Error> {
    let audit = dialect(session.engine()).own("audit");
    let query =
        format!("SELECT at_millis, who, event, detail FROM {audit} WHERE name = ? ORDER BY entry");
    let entry = |row: &Row| {
        Ok(Entry {
            at_millis: row.integer(0)?,
            who: row.text(1)?,
            event: row.text(2)?,
            detail: row.text(3)?,
        })
    };
    session.rows(&query, &[name.into()]).await?.iter().map(entry).collect()
}

pub(crate) async fn instances(session: &mut Session, name: &str) -> Result<Vec<Instance>, Error> {
    let table = dialect(session.engine()).own("instance");
    let query = format!(
        "SELECT instance, phase, seen_millis, compared, mismatches FROM {table} WHERE name = ? ORDER BY instance"
    );
    let instance = |row: &Row| {
        Ok(Instance {
            instance: row.text(0)?,
            phase: phase(&row.text(1)?)?,
            seen_millis: row.integer(2)?,
            compared: row.integer(3)?,
            mismatches: row.integer(4)?,
        })
    };
    session.rows(&query, &[name.into()]).await?.iter().map(instance).collect()
}

/// Keeps what an instance of the app reports.
pub(crate) async fn report(session: &mut Session, name: &str, of: &Instance) -> Result<(), Error> {
    let table = dialect(session.engine()).own("instance");
    let values = [
        of.phase.name().into(),
        of.seen_millis.into(),
        of.compared.into(),
        of.mismatches.into(),
        name.into(),
        of.instance.as_str().into(),
    ];
    let update = format!(
        "UPDATE {table} SET phase = ?, seen_millis = ?, compared = ?, mismatches = ? WHERE name = ? AND instance = ?"
    );
    if session.execute(&update, &values).await? == 0 {
        let insert = format!(
            "INSERT INTO {table} (phase, seen_millis, compared, mismatches, name, instance) VALUES (?, ?, ?, ?, ?, ?)"
        );
        session.execute(&insert, &values).await?;
    }
    Ok(())
}

/// Keeps the chunks of a pass, all at once.
pub(crate) async fn keep_chunks(
    session: &mut Session,
    name: &str,
    chunks: &[Chunk],
) -> Result<(), Error> {
    let sql = dialect(session.engine());
    let insert = format!(
        "INSERT INTO {} (name, pass, chunk, low, high, first_index, carry, rows_planned, last_slot, done, filled, \
         digest, micros) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0)",
        sql.own("ledger")
    );
    session.run(sql.begin()).await?;
    for chunk in chunks {
        let values = [
            name.into(),
            chunk.pass.into(),
            chunk.number.into(),
            chunk.low.as_ref().map(json).transpose()?.into(),
            chunk.high.as_ref().map(json).transpose()?.into(),
            chunk.start.index.into(),
            chunk.start.carry.into(),
            chunk.rows.into(),
            chunk.last_slot.into(),
        ];
        if let Err(error) = session.execute(&insert, &values).await {
            let _ = session.run("ROLLBACK").await;
            return Err(error);
        }
    }
    session.commit().await
}

/// The chunks of a pass.
pub(crate) async fn chunks(
    session: &mut Session,
    name: &str,
    pass: i64,
) -> Result<Vec<Chunk>, Error> {
    let query = format!(
        "SELECT chunk, low, high, first_index, carry, rows_planned, last_slot, done, filled, digest, micros \
         FROM {} WHERE name = ? AND pass = ? ORDER BY chunk",
        dialect(session.engine()).own("ledger")
    );
    let bound = |row: &Row, column| row.optional(column).map(|text| parsed(&text)).transpose();
    let chunk = |row: &Row| {
        Ok(Chunk {
            pass,
            number: row.integer(0)?,
            low: bound(row, 1)?,
            high: bound(row, 2)?,
            start: Start { index: row.integer(3)?, carry: row.integer(4)? },
            rows: row.integer(5)?,
            last_slot: row.integer(6)?,
            done: row.integer(7)? != 0,
            filled: row.integer(8)?,
            digest: row.integer(9)?,
            micros: row.integer(10)?,
        })
    };
    session.rows(&query, &[name.into(), pass.into()]).await?.iter().map(chunk).collect()
}

/// Marks a chunk as done, in the transaction that filled it.
pub(crate) async fn finish_chunk(
    session: &mut Session,
    name: &str,
    chunk: &Chunk,
) -> Result<(), Error> {
    let sql = format!(
        "UPDATE {} SET done = 1, filled = ?, digest = ?, micros = ? WHERE name = ? AND pass = ? AND chunk = ?",
        dialect(session.engine()).own("ledger")
    );
    let values: [Value; 6] = [
        chunk.filled.into(),
        chunk.digest.into(),
        chunk.micros.into(),
        name.into(),
        chunk.pass.into(),
        chunk.number.into(),
    ];
    session.execute(&sql, &values).await.map(drop)
}

/// Forgets all chunks: the columns that they filled are gone.
pub(crate) async fn forget_chunks(session: &mut Session, name: &str) -> Result<(), Error> {
    let ledger = dialect(session.engine()).own("ledger");
    session.execute(&format!("DELETE FROM {ledger} WHERE name = ?"), &[name.into()]).await.map(drop)
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
