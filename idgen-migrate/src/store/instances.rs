//! The app's instances: by which phase each acts, and what its shadow reads found.

use serde::Serialize;

use super::phase;
use crate::engine::dialect;
use crate::session::{Row, Session};
use crate::{Error, Phase};

/// An instance of the app, as it reported last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// Its name.
    pub instance: String,
    /// The phase that it acts by.
    pub phase: Phase,
    /// When it reported, in Unix milliseconds by the database's clock.
    pub seen_millis: i64,
    /// What its own clock showed then, in Unix milliseconds.
    pub wall_millis: i64,
    /// How many shadow reads it compared, through all its restarts, since the migration last went back.
    pub compared: i64,
    /// How many of them differed.
    pub mismatches: i64,
}

impl Instance {
    /// What its clock shows when the database's shows this, as both stood when it reported.
    pub(crate) fn wall_at(&self, now_millis: i64) -> i64 {
        now_millis.saturating_sub(self.seen_millis.saturating_sub(self.wall_millis))
    }
}

/// What an instance of the app has to say since its last report.
pub(crate) struct Report<'a> {
    pub(crate) instance: &'a str,
    pub(crate) phase: Phase,
    pub(crate) wall_millis: i64,
    pub(crate) compared: i64,
    pub(crate) mismatches: i64,
}

pub(crate) async fn instances(session: &mut Session, name: &str) -> Result<Vec<Instance>, Error> {
    let table = dialect(session.engine()).own("instance");
    let query = format!(
        "SELECT instance, phase, seen_millis, wall_millis, compared, mismatches FROM {table} WHERE name = ? ORDER BY instance"
    );
    let instance = |row: &Row| {
        Ok(Instance {
            instance: row.text(0)?,
            phase: phase(&row.text(1)?)?,
            seen_millis: row.integer(2)?,
            wall_millis: row.integer(3)?,
            compared: row.integer(4)?,
            mismatches: row.integer(5)?,
        })
    };
    session.rows(&query, &[name.into()]).await?.iter().map(instance).collect()
}

/// Keeps what an instance of the app reports, at the database's time. What it compared is added to what it
/// compared before: a report of which the answer was lost counts twice, and none is lost.
pub(crate) async fn report(
    session: &mut Session,
    name: &str,
    of: &Report<'_>,
) -> Result<(), Error> {
    let table = dialect(session.engine()).own("instance");
    let now = dialect(session.engine()).now();
    let values = [
        of.phase.name().into(),
        of.wall_millis.into(),
        of.compared.into(),
        of.mismatches.into(),
        name.into(),
        of.instance.into(),
    ];
    let update = format!(
        "UPDATE {table} SET phase = ?, wall_millis = ?, compared = compared + ?, mismatches = mismatches + ?, \
         seen_millis = {now} WHERE name = ? AND instance = ?"
    );
    if session.execute(&update, &values).await? == 0 {
        let insert = format!(
            "INSERT INTO {table} (phase, wall_millis, compared, mismatches, name, instance, seen_millis) \
             VALUES (?, ?, ?, ?, ?, ?, {now})"
        );
        session.execute(&insert, &values).await?;
    }
    Ok(())
}

/// Forgets what was compared: whoever goes back mends something, and compares anew.
pub(super) async fn forget_compared(session: &mut Session, name: &str) -> Result<(), Error> {
    let table = dialect(session.engine()).own("instance");
    let forget = format!("UPDATE {table} SET compared = 0, mismatches = 0 WHERE name = ?");
    session.execute(&forget, &[name.into()]).await.map(drop)
}
