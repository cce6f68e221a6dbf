//! Gates: what must hold before a phase is entered, and what was found.

use serde::Serialize;

use crate::backfill::missing;
use crate::engine::{self, dialect, of_lane};
use crate::options::Options;
use crate::plan::{self, Plan, millis};
use crate::session::Session;
use crate::store::{self, State};
use crate::{Error, Phase};

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Name of the check, by which it can be accepted.
    pub name: &'static str,
    /// What was found.
    pub found: String,
    /// Whether it lets the migration on.
    pub open: bool,
}

impl Check {
    fn new(name: &'static str, open: bool, found: impl Into<String>) -> Self {
        Self { name, found: found.into(), open }
    }
}

/// What lets a migration into a phase, before any of its work is done.
pub(crate) async fn before(
    session: &mut Session,
    state: &State,
    to: Phase,
    options: &Options,
) -> Result<Vec<Check>, Error> {
    let mut checks = vec![schema(session, &state.plan, state.phase).await?];
    // Until every instance acts by this phase, the next one is two phases ahead of the last.
    if to > Phase::Expanded {
        checks.push(instances(session, state, options).await?);
    }
    match to {
        Phase::DualWrite => checks.push(fence(state, options)?),
        Phase::Constrained => {
            for number in 0..state.plan.carriers.len() {
                checks.push(filled(session, state, number).await?);
            }
        }
        Phase::Swapped => checks.push(shadow(session, state).await?),
        Phase::OldWritesStopped => checks.push(old_writers(session, state, options).await?),
        _ => {}
    }
    Ok(checks)
}

/// What lets it back.
pub(crate) async fn back(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Vec<Check>, Error> {
    Ok(vec![instances(session, state, options).await?])
}

/// Errs where a check is closed that nobody accepted.
pub(crate) fn pass(into: &'static str, checks: &[Check], options: &Options) -> Result<(), Error> {
    let closed = checks.iter().filter(|check| !check.open);
    let closed = closed.filter(|check| !options.accepted.iter().any(|name| name == check.name));
    let reasons: Vec<_> = closed.map(|check| format!("{} ({})", check.found, check.name)).collect();
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Error::Gate { into, reasons: reasons.join("; ") })
}

/// Whether the schema still is what a plan was made for, as far as it matters in a phase: before the
/// first step in everything, and later in what holds old ids.
pub(crate) async fn schema(
    session: &mut Session,
    plan: &Plan,
    phase: Phase,
) -> Result<Check, Error> {
    let catalog = engine::catalog(session).await?;
    let (changes, way) = match phase {
        Phase::Planned => (plan::changes(plan, &catalog), "plan again"),
        _ => (
            plan::left_behind(plan, &catalog),
            "take it away, or roll back to planned and plan again",
        ),
    };
    Ok(match changes.is_empty() {
        true => Check::new("schema", true, "the schema is what was planned"),
        false => {
            let found = format!("{} after the plan was made: {way}", changes.join(", "));
            Check::new("schema", false, found)
        }
    })
}

async fn instances(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Check, Error> {
    let now = millis(options.clock.wall());
    let gone = i64::try_from(options.instance_gone.as_millis()).unwrap_or(i64::MAX);
    let all = store::instances(session, &state.plan.name).await?;
    let here: Vec<_> = all.iter().filter(|of| of.seen_millis >= now.saturating_sub(gone)).collect();
    let late: Vec<_> = here.iter().filter(|of| of.phase != state.phase).collect();
    let names: Vec<_> = late.iter().map(|of| format!("{} at {}", of.instance, of.phase)).collect();
    Ok(match names.is_empty() {
        true => Check::new(
            "instances",
            true,
            format!("{} instances act by {}", here.len(), state.phase),
        ),
        false => Check::new(
            "instances",
            false,
            format!("not yet at {}: {}", state.phase, names.join(", ")),
        ),
    })
}

fn fence(state: &State, options: &Options) -> Result<Check, Error> {
    let base = state.plan.target.lanes()?.timebase();
    let fence = base.time_of(state.plan.fence.unwrap_or(0));
    let now = options.clock.wall();
    Ok(Check::new("fence", now >= fence, format!("live ids begin at {fence}; it is {now}")))
}

async fn filled(session: &mut Session, state: &State, number: usize) -> Result<Check, Error> {
    let carrier = &state.plan.carriers[number];
    let missing = missing(session, &state.plan, number).await?;
    let table = &state.plan.tables[carrier.table].name;
    Ok(Check::new(
        "missing",
        missing == 0,
        format!("{missing} rows of {table} lack {}", carrier.new),
    ))
}

async fn shadow(session: &mut Session, state: &State) -> Result<Check, Error> {
    let all = store::instances(session, &state.plan.name).await?;
    let compared: i64 = all.iter().map(|of| of.compared).sum();
    let mismatches: i64 = all.iter().map(|of| of.mismatches).sum();
    Ok(Check::new(
        "shadow",
        mismatches == 0,
        format!("{mismatches} of {compared} shadow reads differ"),
    ))
}

/// Whether an old version of the app still writes: one query, since its rows are of the trigger's lane.
async fn old_writers(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Check, Error> {
    let plan = &state.plan;
    let sql = dialect(plan.engine);
    let lanes = plan.target.lanes()?;
    let new = sql.new_column(&plan.target, &plan.key().new);
    let now = options.clock.wall();
    let since = millis(now) - i64::try_from(options.quiet.as_millis()).unwrap_or(0);
    let tick = lanes.timebase().nearest_tick(idgen_core::UnixTime::from_millis(since));
    let least = lanes.scheme().format(lanes.least_of(tick)?).to_string();
    let query = format!(
        "SELECT count(*) FROM {} WHERE {} >= {} AND {}",
        sql.table(plan, 0),
        sql.quote(&new.name),
        sql.write("?", &new),
        of_lane(sql, &lanes, &new)?
    );
    let count = session.number(&query, &[least.into()]).await?;
    let found =
        format!("{count} rows without a new id were written in the last {:?}", options.quiet);
    Ok(Check::new("old-writers", count == 0, found))
}
