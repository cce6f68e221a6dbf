//! The ledger: each chunk of the backfill, what it must know of the rows before it, and whether it is done.

use serde::Serialize;

use super::{json, parsed};
use crate::Error;
use crate::engine::{Dialect, dialect};
use crate::session::{Row, Session, Value};
use crate::slot::Start;

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
    /// When it was, in Unix milliseconds by the database's clock; 0 before.
    pub done_millis: i64,
    /// How many rows were filled.
    pub filled: i64,
    /// Sum of the digests of the pairs, old and new.
    pub digest: i64,
    /// How long it took, in microseconds.
    pub micros: i64,
}

/// Keeps the chunks of a pass, all at once.
pub(crate) async fn keep_chunks(
    session: &mut Session,
    name: &str,
    chunks: &[Chunk],
) -> Result<(), Error> {
    let sql = dialect(session.engine());
    let insert = keeping(sql);
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
            return session.end(Err(error)).await;
        }
    }
    session.end(Ok(())).await
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
            done_millis: row.integer(7)?,
            filled: row.integer(8)?,
            digest: row.integer(9)?,
            micros: row.integer(10)?,
        })
    };
    session.rows(&query, &[name.into(), pass.into()]).await?.iter().map(chunk).collect()
}

/// What marks a chunk as done: the time when it was. One that is done already keeps what it found: where the
/// answer to its commit was lost it is tried again, and finds nothing left to fill. Once the migration was moved,
/// none is marked: what its worker knows may be of an earlier attempt.
pub(crate) fn finishing(sql: &dyn Dialect) -> String {
    let (ledger, now) = (sql.own("ledger"), sql.now());
    format!(
        "UPDATE {ledger} SET done = {now}, filled = ?, digest = ?, micros = ? \
         WHERE name = ? AND pass = ? AND chunk = ? AND done = 0 AND {}",
        unmoved(sql)
    )
}

/// The condition that the migration of an entry is of a version.
fn unmoved(sql: &dyn Dialect) -> String {
    let (ledger, state) = (sql.own("ledger"), sql.own("state"));
    format!("EXISTS (SELECT 1 FROM {state} s WHERE s.name = {ledger}.name AND s.version = ?)")
}

/// What keeps a chunk that is planned.
pub(crate) fn keeping(sql: &dyn Dialect) -> String {
    format!(
        "INSERT INTO {} (name, pass, chunk, low, high, first_index, carry, rows_planned, last_slot, done, filled, \
         digest, micros) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0)",
        sql.own("ledger")
    )
}

/// Marks a chunk as done, in the transaction that filled it; an error where the migration is of another version.
pub(crate) async fn finish_chunk(
    session: &mut Session,
    name: &str,
    version: i64,
    chunk: &Chunk,
) -> Result<(), Error> {
    let sql = dialect(session.engine());
    let found: [Value; 3] = [chunk.filled.into(), chunk.digest.into(), chunk.micros.into()];
    let which: [Value; 4] = [name.into(), chunk.pass.into(), chunk.number.into(), version.into()];
    if session.execute(&finishing(sql), &[found.as_slice(), &which].concat()).await? == 1 {
        return Ok(());
    }
    let done = format!(
        "SELECT count(*) FROM {} WHERE name = ? AND pass = ? AND chunk = ? AND done > 0 AND {}",
        sql.own("ledger"),
        unmoved(sql)
    );
    match session.number(&done, &which).await? {
        1 => Ok(()),
        _ => Err(Error::Moved { name: name.into(), version }),
    }
}

/// How many rows changed their place in the order when they had their id already: triggers keep which.
pub(crate) async fn edited(session: &mut Session, name: &str) -> Result<i64, Error> {
    let edited = dialect(session.engine()).own("edited");
    let query = format!("SELECT count(*) FROM {edited} WHERE name = ?");
    session.number(&query, &[name.into()]).await
}

/// Forgets all chunks, and which rows were edited since: the columns that they filled are gone.
pub(crate) async fn forget_chunks(session: &mut Session, name: &str) -> Result<(), Error> {
    for table in ["ledger", "edited"] {
        let table = dialect(session.engine()).own(table);
        session.execute(&format!("DELETE FROM {table} WHERE name = ?"), &[name.into()]).await?;
    }
    Ok(())
}
