//! A worker: takes chunks, and fills each in one transaction together with its entry in the ledger.

use std::sync::Arc;
use std::time::Duration;

use super::lag::{Behind, farthest};
use super::{Pass, digest, planning, statements};
use crate::engine::{between, dialect};
use crate::pace::Pace;
use crate::plan::{Column, Plan};
use crate::session::{Row, Session};
use crate::slot::Slots;
use crate::store::{self, Chunk};
use crate::target::Lanes;
use crate::{Error, runner};

/// How long a worker sleeps before it asks again whether it may go on.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What is filled at once.
enum Part<'a> {
    /// What the ledger has an entry for.
    Chunk(&'a mut Chunk),
    /// Some of the rows that no chunk met, and how many they were.
    Rest(&'a mut u64),
}

/// Fills chunks until none is left.
pub(super) async fn work(pass: Arc<Pass>) -> Result<(), Error> {
    let mut session = None;
    let mut pace = Pace::new(duty(&pass));
    while let Some(mut chunk) = pass.take() {
        let took = part(&pass, &mut session, Part::Chunk(&mut chunk)).await?;
        pass.is_filled(chunk.rows);
        rest(&mut pace, took).await;
    }
    Ok(())
}

/// Fills the rows that no chunk met, some at a time, until none is left that could be filled.
pub(super) async fn sweep(pass: Arc<Pass>) -> Result<(), Error> {
    let mut session = None;
    let mut pace = Pace::new(duty(&pass));
    loop {
        let mut filled = 0;
        let took = part(&pass, &mut session, Part::Rest(&mut filled)).await?;
        if filled == 0 {
            return Ok(());
        }
        rest(&mut pace, took).await;
    }
}

/// Leaves the database to others for a while.
async fn rest(pace: &mut Pace, took: Duration) {
    let rest = pace.rest(took);
    if !rest.is_zero() {
        tokio::time::sleep(rest).await;
    }
}

/// Fills a part, however often it must be tried, and says how long it took.
async fn part(
    pass: &Pass,
    session: &mut Option<Session>,
    mut part: Part<'_>,
) -> Result<Duration, Error> {
    let mut failed = 0;
    loop {
        match attempt(pass, session, &mut part).await {
            Ok(took) => return Ok(took),
            Err(error) if failed < pass.options.retries && may_retry(&error) => {
                failed += 1;
                pass.options.watch.waits(&format!("{error}; attempt {failed}"));
                if error.is_connection_lost() {
                    *session = None;
                }
                if error.is_of_broken_triggers() {
                    read_triggers(pass, session).await?;
                }
                tokio::time::sleep(Duration::from_millis(20 << failed.min(6))).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Fills a part once it is welcome, by a new session where there is none; and says how long it took.
async fn attempt(
    pass: &Pass,
    session: &mut Option<Session>,
    part: &mut Part<'_>,
) -> Result<Duration, Error> {
    let session = match session {
        Some(session) => session,
        None => session.insert(connect(pass, part).await?),
    };
    wait_until_welcome(pass, session).await?;
    let began = pass.options.clock.monotonic();
    match part {
        Part::Chunk(chunk) => fill(pass, session, chunk).await?,
        Part::Rest(filled) => {
            let rows = pass.options.chunk_rows.max(1);
            let statement = statements::sweeping(&pass.plan, pass.number, rows);
            **filled = session.execute(&statement, &[]).await?;
            pass.options.failpoints.pass("some swept")?;
        }
    }
    Ok(pass.options.clock.monotonic().saturating_sub(began))
}

/// A session for work that is done again if it is lost.
async fn connect(pass: &Pass, part: &Part<'_>) -> Result<Session, Error> {
    let mut session = if pass.is_of_one_chunk() || matches!(part, Part::Rest(_)) {
        // However large the table is, which is looked through.
        Session::connect_for_long(&pass.address).await?
    } else {
        Session::connect(&pass.address).await?.answering_within(pass.options.answer_within)
    };
    session.write_behind().await?;
    Ok(session)
}

/// Where one writes at a time, others get as much of it as the backfill.
fn duty(pass: &Pass) -> f64 {
    let alone = dialect(pass.plan.engine).writes_alone();
    pass.options.duty.unwrap_or(if alone { 0.5 } else { 1.0 })
}

fn may_retry(error: &Error) -> bool {
    error.is_retryable() || error.is_connection_lost() || error.is_of_broken_triggers()
}

/// Has the triggers read anew. Of workers that do so at once each waits for the others.
async fn read_triggers(pass: &Pass, session: &mut Option<Session>) -> Result<(), Error> {
    let Some(session) = session else { return Ok(()) };
    let steps = dialect(pass.plan.engine).read_triggers(&pass.plan, &pass.lanes)?;
    runner::carry_out(session, &steps, &pass.options).await.map(drop)
}

/// Waits while the migration is paused, and for replicas that are behind, as long as that is to be.
async fn wait_until_welcome(pass: &Pass, session: &mut Session) -> Result<(), Error> {
    let mut behind = Behind::default();
    loop {
        let why = if store::is_paused(session, &pass.plan.name).await? {
            behind.rests();
            "paused".into()
        } else {
            match behind.look(farthest(session).await?, &pass.options)? {
                Some(why) => why,
                None => return Ok(()),
            }
        };
        pass.options.watch.waits(&why);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Fills a chunk and marks it, or leaves everything as it was.
async fn fill(pass: &Pass, session: &mut Session, chunk: &mut Chunk) -> Result<(), Error> {
    let points = &pass.options.failpoints;
    points.pass("chunk begins")?;
    let began = pass.options.clock.monotonic();
    session.run(dialect(pass.plan.engine).begin()).await?;
    let done = in_transaction(pass, session, chunk, began).await;
    match done {
        Ok(()) => session.commit().await?,
        // A crash tidies nothing up.
        Err(error @ Error::Failpoint(_)) => return Err(error),
        Err(error) => {
            let _ = session.run("ROLLBACK").await;
            return Err(error);
        }
    }
    points.pass("chunk committed")
}

async fn in_transaction(
    pass: &Pass,
    session: &mut Session,
    chunk: &mut Chunk,
    began: Duration,
) -> Result<(), Error> {
    if pass.number == 0 {
        assign(&pass.plan, &pass.lanes, session, chunk).await?;
    } else {
        let columns = planning::columns(&pass.plan, pass.number);
        let columns: Vec<&Column> = columns.iter().collect();
        let sql = dialect(pass.plan.engine);
        let (condition, parameters) =
            between(sql, "c", &columns, chunk.low.as_deref(), chunk.high.as_deref());
        let statement = statements::following(&pass.plan, pass.number, &condition);
        chunk.filled = rows(session.execute(&statement, &parameters).await?);
    }
    pass.options.failpoints.pass("chunk filled")?;
    let took = pass.options.clock.monotonic().saturating_sub(began);
    chunk.micros = i64::try_from(took.as_micros()).unwrap_or(i64::MAX);
    store::finish_chunk(session, &pass.plan.name, pass.version, chunk).await?;
    pass.options.failpoints.pass("chunk marked")
}

fn rows(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Gives the rows of a chunk their ids.
async fn assign(
    plan: &Plan,
    lanes: &Lanes,
    session: &mut Session,
    chunk: &mut Chunk,
) -> Result<(), Error> {
    let sql = dialect(plan.engine);
    let (condition, parameters) =
        between(sql, "c", &plan.order_columns(), chunk.low.as_deref(), chunk.high.as_deref());
    let reading = statements::reading(plan, &condition);
    let source = planning::source(plan)?;
    let mut slots = Slots::from(chunk.start);
    let mut pairs = Vec::new();
    let mut sum = 0_i64;
    let mut last = None;
    let mut each = |row: Row| {
        let slot = slots.next(planning::begin(plan, lanes, source.as_ref(), &row)?);
        let old = row.text(reading.old)?;
        let new = lanes.scheme().format(lanes.backfilled(slot)?).to_string();
        sum = sum.wrapping_add(digest(&old, &new));
        last = Some(slot);
        pairs.push((reading.name.map_or(Ok(old), |name| row.text(name))?, new));
        Ok(())
    };
    session.stream(&reading.sql, &parameters, &mut each).await?;
    if let Some(slot) = last.filter(|slot| *slot > chunk.last_slot) {
        return Err(Error::Kept(format!(
            "chunk {} would reach position {slot}, past its last, {}: rows came that no trigger saw; see that idgen's triggers are enabled",
            chunk.number, chunk.last_slot
        )));
    }
    chunk.filled = 0;
    chunk.digest = sum;
    if !pairs.is_empty() {
        let statement = statements::assigning(plan);
        chunk.filled = rows(session.execute(&statement, &[store::json(&pairs)?.into()]).await?);
    }
    Ok(())
}
