//! Everything there is to know about a migration.

use serde::Serialize;

use crate::gate::{self, Check};
use crate::options::Options;
use crate::session::Session;
use crate::store::{self, Entry, Instance, State};
use crate::{Error, Phase, backfill};

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

/// Looks at everything that is kept of a migration, and at its next gate.
pub(crate) async fn look(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Status, Error> {
    let name = &state.plan.name;
    let gate = match state.next() {
        Some(to) => gate::before(session, state, to, options).await?,
        None => Vec::new(),
    };
    let mut passes = Vec::new();
    for (number, carrier) in state.plan.carriers.iter().enumerate() {
        let chunks = store::chunks(session, name, backfill::pass_of(number)).await?;
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
        back: state.previous(),
        next: state.next(),
        gate,
        passes,
        instances: store::instances(session, name).await?,
        trail: store::trail(session, name).await?,
    })
}
