//! The audit trail: who did what when, with every figure that was found.

use serde::Serialize;

use crate::Error;
use crate::engine::dialect;
use crate::options::Options;
use crate::plan::millis;
use crate::session::{Row, Session};

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

impl Entry {
    /// Something that happens now, by whoever carries the migration out.
    pub(crate) fn new(
        options: &Options,
        event: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            at_millis: millis(options.clock.wall()),
            who: options.who.clone(),
            event: event.into(),
            detail: detail.into(),
        }
    }
}

/// Writes an entry behind all others.
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
