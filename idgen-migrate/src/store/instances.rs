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
    /// How many shadow reads it compared.
    pub compared: i64,
    /// How many of them differed.
    pub mismatches: i64,
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

/// Keeps what an instance of the app reports, at the database's time.
pub(crate) async fn report(session: &mut Session, name: &str, of: &Instance) -> Result<(), Error> {
    let table = dialect(session.engine()).own("instance");
    let now = dialect(session.engine()).now();
    let values = [
        of.phase.name().into(),
        of.compared.into(),
        of.mismatches.into(),
        name.into(),
        of.instance.as_str().into(),
    ];
    let update = format!(
        "UPDATE {table} SET phase = ?, compared = ?, mismatches = ?, seen_millis = {now} WHERE name = ? AND instance = ?"
    );
    if session.execute(&update, &values).await? == 0 {
        let insert = format!(
            "INSERT INTO {table} (phase, compared, mismatches, name, instance, seen_millis) VALUES (?, ?, ?, ?, ?, {now})"
        );
        session.execute(&insert, &values).await?;
    }
    Ok(())
}
