//! Everything there is to know about a migration.

use serde::Serialize;

use crate::backfill::{self, Lag};
use crate::check::Check;
use crate::gate;
use crate::options::Options;
use crate::session::Session;
use crate::store::{self, Chunk, Entry, Instance, State};
use crate::{Error, Phase};

/// Everything there is to know about a migration.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Where it stands.
    pub phase: Phase,
    /// How often it was moved.
    pub version: i64,
    /// Whether the backfill waits.
    pub paused: bool,
    /// Where steps lead that have begun and have not ended.
    pub under_way: Option<Phase>,
    /// Where it can go back to.
    pub back: Option<Phase>,
    /// Where it can go on to.
    pub next: Option<Phase>,
    /// The gate of that, as far as it is quickly found.
    pub gate: Vec<Check>,
    /// What else it asks: of the rows of every table, when the step is to be done.
    pub unasked: Vec<Unasked>,
    /// How far each carrier is: chunks done, chunks, rows done, rows, and rows a second and worker.
    pub passes: Vec<Progress>,
    /// How the backfill goes, while there is one.
    pub filling: Option<Filling>,
    /// The instances of the app.
    pub instances: Vec<Instance>,
    /// What happened.
    pub trail: Vec<Entry>,
}

/// A check that reads every table, and what it found when it was last looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unasked {
    /// Name of the check.
    pub name: &'static str,
    /// What it found, and when, in Unix milliseconds; none where it was never looked at.
    pub last: Option<(String, i64)>,
}

/// What a check found last, by the audit trail.
fn last_found(trail: &[Entry], name: &str) -> Option<(String, i64)> {
    trail.iter().rev().find_map(|entry| {
        let seen: serde_json::Value = serde_json::from_str(&entry.detail).ok()?;
        let checks = seen.get("checks")?.as_array()?.iter();
        let of_name = checks.filter(|check| check["name"] == name);
        let found: Vec<_> = of_name.filter_map(|check| check["found"].as_str()).collect();
        (!found.is_empty()).then(|| (found.join("; "), entry.at_millis))
    })
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

/// How a backfill goes, by its ledger, whoever carries it out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filling {
    /// Rows that all workers filled in a second of the last minute, with their rests; none where they filled
    /// nothing.
    pub rows_per_second: Option<f64>,
    /// Rows that are left: of the columns that are planned, and about those of others.
    pub rows_left: i64,
    /// Seconds that these take at this rate.
    pub seconds_left: Option<f64>,
    /// The replica that lags behind the farthest; none where there is none, or the engine does not know. Where it
    /// lags farther than the backfill was told to let it, chunks wait for it.
    pub lag: Option<Lag>,
}

/// What of the ledger tells a rate, in milliseconds.
const LATELY: i64 = 60_000;

/// Rows that were filled in a second, lately: from the first chunk's beginning until now, so that rests and
/// waits are in it.
fn rate(chunks: &[Chunk], now_millis: i64) -> Option<f64> {
    let late = chunks.iter().filter(|chunk| chunk.done && chunk.done_millis > now_millis - LATELY);
    let began = late.clone().map(|chunk| chunk.done_millis - chunk.micros / 1_000).min()?;
    let rows: i64 = late.map(|chunk| chunk.rows).sum();
    Some(rows as f64 * 1_000.0 / (now_millis - began).max(1) as f64)
}

async fn filling(
    session: &mut Session,
    state: &State,
    all: &[Vec<Chunk>],
) -> Result<Filling, Error> {
    let plan = &state.plan;
    let mut rows_left = 0;
    for (carrier, chunks) in plan.carriers.iter().zip(all) {
        rows_left += match chunks.is_empty() {
            true => plan.tables[carrier.table].rows,
            false => chunks.iter().filter(|chunk| !chunk.done).map(|chunk| chunk.rows).sum(),
        };
    }
    let lag = backfill::farthest(session).await?;
    let rows_per_second = rate(&all.concat(), store::now(session).await?);
    let seconds_left = rows_per_second.map(|rate| rows_left as f64 / rate);
    Ok(Filling { rows_per_second, rows_left, seconds_left, lag })
}

/// Looks at everything that is kept of a migration, and at its next gate.
pub(crate) async fn look(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Status, Error> {
    let name = &state.plan.name;
    // From the middle of a way back nothing goes on.
    let next = state.next().filter(|_| state.goes_back().is_none());
    let gate = match next {
        Some(to) => gate::before(session, state, to, options).await?,
        None => Vec::new(),
    };
    let trail = store::trail(session, name).await?;
    let unasked = next.map_or(&[] as &[_], |to| gate::asked_of_rows(state, state.phase, to));
    let unasked = unasked.iter().copied();
    let unasked = unasked.map(|name| Unasked { name, last: last_found(&trail, name) }).collect();
    let (mut passes, mut all) = (Vec::new(), Vec::new());
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
        all.push(chunks);
    }
    let filling = match state.phase {
        Phase::Backfilling => Some(filling(session, state, &all).await?),
        _ => None,
    };
    Ok(Status {
        phase: state.phase,
        version: state.version,
        paused: state.paused,
        under_way: state.under_way,
        back: state.way_back().map(|(_, to)| to),
        next,
        gate,
        unasked,
        passes,
        filling,
        instances: store::instances(session, name).await?,
        trail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slot::Start;

    #[test]
    fn a_rate_has_rests_in_it_and_forgets_what_is_long_ago() {
        let chunk = |done_millis| Chunk {
            pass: 0,
            number: 0,
            low: None,
            high: None,
            start: Start::FIRST,
            rows: 1_000,
            last_slot: 0,
            done: done_millis > 0,
            done_millis,
            filled: 1_000,
            digest: 0,
            micros: 500_000,
        };
        let chunks = [chunk(100_000), chunk(200_500), chunk(205_000), chunk(0)];
        // Two of them in the ten seconds since the first of these began.
        assert_eq!(rate(&chunks, 210_000), Some(200.0));
        assert_eq!(rate(&chunks, 300_000), None);
        assert_eq!(rate(&[], 210_000), None);
    }
}
