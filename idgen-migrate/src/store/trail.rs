//! The audit trail: who did what when, with every figure that was found.

use serde::Serialize;

use crate::Error;
use crate::engine::dialect;
use crate::options::Options;
use crate::session::{Row, Session};

/// An entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When, in Unix milliseconds by the database's clock: those of two operators may differ.
    pub at_millis: i64,
    /// Who.
    pub who: String,
    /// What happened.
    pub event: String,
    /// The figures, as JSON.
    pub detail: String,
}

/// What is to be an entry, at the time when it is written.
pub(crate) struct Note {
    who: String,
    event: String,
    detail: String,
}

impl Note {
    /// Something that is done by whoever carries the migration out.
    pub(crate) fn new(
        options: &Options,
        event: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { who: options.who.clone(), event: event.into(), detail: detail.into() }
    }
}

/// Writes an entry behind all others.
pub(crate) async fn note(session: &mut Session, name: &str, of: &Note) -> Result<(), Error> {
    let (audit, now) = (dialect(session.engine()).own("audit"), dialect(session.engine()).now());
    let next = format!("SELECT coalesce(max(entry), 0) + 1 FROM {audit} WHERE name = ?");
    let number = session.number(&next, &[name.into()]).await?;
    let sql = format!(
        "INSERT INTO {audit} (name, entry, at_millis, who, event, detail) VALUES (?, ?, {now}, ?, ?, ?)"
    );
    let values = [
        name.into(),
        number.into(),
        of.who.as_str().into(),
        of.event.as_str().into(),
        of.detail.as_str().into(),
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
