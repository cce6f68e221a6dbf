//! The backfill: planned once, then filled in chunks by several workers, in any order.
//!
//! **Invariant:** the rows without a new id only ever become fewer. New rows get theirs by the
//! trigger, and so do old ones that change their place in the order before their turn. So what a
//! chunk may assign is fixed when the pass is planned.

mod lag;
mod planning;
mod snapshots;
mod statements;
mod worker;

pub use lag::Lag;
pub(crate) use lag::farthest;
pub(crate) use planning::plan_key;
pub(crate) use statements::{to_fill, to_plan};

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::Error;
use crate::check::{Check, MISSING};
use crate::engine::{and_refers, dialect};
use crate::options::Options;
use crate::plan::Plan;
use crate::session::Session;
use crate::store::{self, Chunk, State};
use crate::target::Lanes;

/// How long the operator's session is left alone at most, while workers fill.
const STAY_AWAKE: Duration = Duration::from_secs(5);

/// What all workers of a pass share.
#[derive(Debug)]
struct Pass {
    address: String,
    plan: Plan,
    /// Of which version the migration is as long as it goes on.
    version: i64,
    lanes: Lanes,
    number: usize,
    options: Options,
    queue: Mutex<VecDeque<Chunk>>,
    /// Rows filled so far. Added to by every worker, and only shown: no order is asked of it.
    filled: AtomicI64,
    rows: i64,
}

impl Pass {
    /// What workers share that fill a carrier: the chunks of it that are not done.
    fn of(
        address: &str,
        state: &State,
        number: usize,
        options: &Options,
        chunks: Vec<Chunk>,
    ) -> Result<Arc<Self>, Error> {
        let (done, open): (Vec<_>, Vec<_>) = chunks.into_iter().partition(|chunk| chunk.done);
        let rows_of = |chunks: &[Chunk]| chunks.iter().map(|chunk| chunk.rows).sum::<i64>();
        Ok(Arc::new(Self {
            address: address.into(),
            plan: state.plan.clone(),
            version: state.version,
            lanes: state.plan.target.lanes()?,
            number,
            options: options.clone(),
            filled: AtomicI64::new(rows_of(&done)),
            rows: rows_of(&done) + rows_of(&open),
            queue: Mutex::new(open.into()),
        }))
    }

    fn title(&self) -> String {
        let carrier = &self.plan.carriers[self.number];
        format!("{}.{}", self.plan.tables[carrier.table].name, carrier.new)
    }

    /// Whether the table cannot be cut into chunks.
    fn is_of_one_chunk(&self) -> bool {
        self.number > 0 && planning::columns(&self.plan, self.number).is_empty()
    }

    fn take(&self) -> Option<Chunk> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn is_filled(&self, rows: i64) {
        let filled = self.filled.fetch_add(rows, Ordering::Relaxed) + rows;
        self.options.watch.rows(&self.title(), filled, self.rows);
    }
}

/// Fills the key, then what refers to it, pass after pass; and says of each whether rows are left over.
pub(crate) async fn fill(
    session: &mut Session,
    address: &str,
    state: &State,
    options: &Options,
) -> Result<Vec<Check>, Error> {
    let plan = &state.plan;
    for number in 0..plan.carriers.len() {
        if number > 0 {
            planning::plan_reference(session, plan, number, options).await?;
        }
        options.failpoints.pass("pass planned")?;
        run(session, address, state, number, options).await?;
        if number == 0 {
            // Who began before the last chunk may not see the ids of the rows it refers to.
            snapshots::outlive(session, options).await?;
        }
    }
    let mut checks = Vec::new();
    for number in 0..plan.carriers.len() {
        let mut missing = sweep(session, address, state, number, options).await?;
        for _ in 0..3 {
            if missing > 0 {
                snapshots::outlive(session, options).await?;
                missing = sweep(session, address, state, number, options).await?;
            }
        }
        options.failpoints.pass("swept")?;
        let way =
            "advance again; those that stay refer to nobody, and are to be cleared, or taken away";
        checks.push(lacking(plan, number, missing, way));
    }
    Ok(checks)
}

/// What is told of the rows of a carrier that have no new id, and what is to be done where they refer to others.
pub(crate) fn lacking(plan: &Plan, number: usize, missing: i64, way: &str) -> Check {
    let carrier = &plan.carriers[number];
    let found =
        format!("{missing} rows of {} lack {}", plan.tables[carrier.table].name, carrier.new);
    let way = match number {
        // No chunk meets them again, and no trigger did.
        0 => "they came past the triggers; roll back to planned, and advance again",
        _ => way,
    };
    match missing {
        0 => Check::new(MISSING, true, found),
        _ => Check::new(MISSING, false, format!("{found}: {way}")),
    }
}

/// Fills a carrier: all chunks of its pass that are not done.
async fn run(
    session: &mut Session,
    address: &str,
    state: &State,
    number: usize,
    options: &Options,
) -> Result<(), Error> {
    let chunks = store::chunks(session, &state.plan.name, pass_of(number)).await?;
    let pass = Pass::of(address, state, number, options, chunks)?;
    let mut workers = JoinSet::new();
    let workers_at_once =
        if dialect(pass.plan.engine).writes_alone() { 1 } else { options.workers.max(1) };
    for _ in 0..workers_at_once {
        workers.spawn(worker::work(Arc::clone(&pass)));
    }
    ended(session, workers).await
}

/// Waits until all workers have ended. The first failure ends the others, in the middle of whatever they do: the
/// ledger knows.
async fn ended(
    session: &mut Session,
    mut workers: JoinSet<Result<(), Error>>,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                None => return Ok(()),
                Some(ended) => ended.map_err(broke)??,
            },
            // The operator's lock ends with the session: whoever has lost it lets go of the work too.
            () = tokio::time::sleep(STAY_AWAKE) => session.run("SELECT 1").await?,
        }
    }
}

fn broke(error: tokio::task::JoinError) -> Error {
    Error::Kept(format!("a worker of the backfill broke: {error}"))
}

/// Fills the rows that no chunk of a carrier met, and says how many are left without an id.
async fn sweep(
    session: &mut Session,
    address: &str,
    state: &State,
    number: usize,
    options: &Options,
) -> Result<i64, Error> {
    if number > 0 && missing(session, &state.plan, number).await? > 0 {
        let mut workers = JoinSet::new();
        workers.spawn(worker::sweep(Pass::of(address, state, number, options, Vec::new())?));
        ended(session, workers).await?;
    }
    missing(session, &state.plan, number).await
}

/// How many rows of a carrier have no new id and should have one: every row of the migrated table, and every
/// row of another one that refers to it.
pub(crate) async fn missing(
    session: &mut Session,
    plan: &Plan,
    number: usize,
) -> Result<i64, Error> {
    let sql = dialect(plan.engine);
    let carrier = &plan.carriers[number];
    let mut query = format!(
        "SELECT count(*) FROM {} WHERE {} IS NULL",
        sql.table(plan, carrier.table),
        sql.quote(&carrier.new)
    );
    if number > 0 {
        let refers = and_refers(plan, carrier, &|column| sql.quote(column));
        query += &format!(" AND {} IS NOT NULL{refers}", sql.quote(&carrier.column.name));
    }
    session.number(&query, &[]).await
}

/// The number of a carrier's pass in the ledger.
pub(crate) fn pass_of(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The digest of a pair, old and new: FNV-1a over both texts. Sums of it do not depend on order.
pub(crate) fn digest(old: &str, new: &str) -> i64 {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let bytes = old.as_bytes().iter().chain(b"\0").chain(new.as_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, fold).cast_signed()
}
