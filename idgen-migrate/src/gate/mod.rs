//! Gates: what must hold before a phase is entered, and what was found.

mod apps;

pub(crate) use apps::forget;

use idgen_core::UnixTime;

use crate::backfill::{lacking, missing};
use crate::check::{
    Check, DEPENDENTS, FENCE, FIRM, INSTANCES, LOST, MISSING, OLD_WRITERS, ON_UPDATE, READERS,
    REFERENCES, SCHEMA, SHADOW,
};
use crate::engine::{self, dialect, of_lane};
use crate::options::Options;
use crate::plan::{self, Finding, Plan, Risk};
use crate::session::Session;
use crate::store::{self, State};
use crate::{Error, Phase, verify};

/// What lets a migration into a phase, before any of its work is done: what is quickly found.
pub(crate) async fn before(
    session: &mut Session,
    state: &State,
    to: Phase,
    options: &Options,
) -> Result<Vec<Check>, Error> {
    let schema = match state.phase {
        Phase::Planned => as_planned(session, &state.plan).await?,
        _ => as_needed(session, state).await?,
    };
    let mut checks = vec![schema];
    // Until every instance acts by this phase, the next one is two phases ahead of the last.
    if to > Phase::Expanded {
        checks.push(apps::instances(session, state, options).await?);
    }
    if to <= Phase::Backfilled {
        checks.push(acting(session, &state.plan).await?);
    }
    match to {
        Phase::DualWrite => checks.push(apps::fence(session, state, options).await?),
        Phase::Swapped => {
            checks.push(shadow(session, state).await?);
            checks.push(on_keys(session, &state.plan, false).await?);
        }
        Phase::OldWritesStopped => checks.push(old_writers(session, state, options).await?),
        Phase::Contracted => {
            // Once they go there is no way back, and the triggers are the first to go.
            if !state.is_contracting() {
                checks.push(old_writers(session, state, options).await?);
            }
            checks.extend(standing(session, &state.plan).await?);
        }
        _ => {}
    }
    Ok(checks)
}

/// What is asked of the rows on the way from one phase to another, by name: what a step of it goes by. It reads
/// every table, so that it is asked when the step is to be done, and not by who looks at the status.
pub(crate) fn asked_of_rows(state: &State, from: Phase, to: Phase) -> &'static [&'static str] {
    match to {
        // Back, the old id becomes the primary key again.
        _ if to < from => match from {
            Phase::Swapped => &[MISSING, REFERENCES],
            _ => &[],
        },
        Phase::Constrained => &[MISSING],
        Phase::ReadingNew if state.plan.keep_key => &[MISSING, REFERENCES],
        Phase::Swapped => &[MISSING, REFERENCES],
        Phase::Contracted if !state.is_contracting() => &[MISSING, REFERENCES],
        _ => &[],
    }
}

/// Whether every row has both ids, and every reference.
pub(crate) async fn rows(
    session: &mut Session,
    state: &State,
    asked: &[&str],
) -> Result<Vec<Check>, Error> {
    let mut checks = Vec::new();
    let asks = |name| asked.contains(&name);
    for number in 0..state.plan.carriers.len() {
        if asks(MISSING) {
            checks.push(filled(session, state, number).await?);
        }
        if asks(REFERENCES) && number > 0 {
            let found = verify::referring(session, &state.plan, number).await?;
            let torn = found.torn();
            let found =
                format!("{torn} references of {} are not by both ids of one row", found.column);
            checks.push(Check::new(REFERENCES, torn == 0, found));
        }
    }
    Ok(checks)
}

/// Whether the backfill fires nothing of the app's own but what was accepted with the plan.
async fn acting(session: &mut Session, plan: &Plan) -> Result<Check, Error> {
    let is_known = |what: &String| {
        plan.findings.iter().any(|finding| finding.name == ON_UPDATE && finding.what == *what)
    };
    let mut came = engine::acting(session, plan).await?;
    came.retain(|what| !is_known(what));
    Ok(match came.is_empty() {
        true => Check::new(ON_UPDATE, true, "the backfill fires nothing that was not accepted"),
        false => Check::new(ON_UPDATE, false, came.join("; ")),
    })
}

/// What of the app's own stands on the old columns, by what becomes of it.
async fn standing(session: &mut Session, plan: &Plan) -> Result<Vec<Check>, Error> {
    let accepted = |what: &str| plan.findings.iter().any(|finding| finding.what.contains(what));
    let mut checks = Vec::new();
    let found = engine::standing(session, plan).await?;
    for (name, none, way) in [
        (DEPENDENTS, "nothing stands on old ids", "take it away"),
        (LOST, "nothing goes with the old ids", "make its twin by hand, or accept it"),
        (READERS, "nothing of the app's own names old ids", "have it read new ids"),
    ] {
        let of =
            found.iter().filter(|(kind, what)| kind == name && !(name == LOST && accepted(what)));
        let names: Vec<_> = of.map(|(_, what)| what.as_str()).collect();
        checks.push(match names.is_empty() {
            true => Check::new(name, true, none),
            false => Check::new(name, false, format!("old ids are in {}: {way}", names.join(", "))),
        });
    }
    Ok(checks)
}

/// What lets it back, out of a phase or out of the middle of the way there: what is quickly found.
pub(crate) async fn back(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Vec<Check>, Error> {
    let gone = plan::gone(state, &engine::catalog(session).await?);
    let mut checks =
        vec![schema(&gone, MAKE_AGAIN), apps::instances(session, state, options).await?];
    if state.phase == Phase::Swapped || state.under_way == Some(Phase::Swapped) {
        checks.push(on_keys(session, &state.plan, true).await?);
    }
    Ok(checks)
}

/// What of the app's own stands on the primary keys, which are to change.
async fn on_keys(session: &mut Session, plan: &Plan, new: bool) -> Result<Check, Error> {
    let found = engine::standing_on_keys(session, plan, new).await?;
    Ok(match found.is_empty() {
        true => Check::new(DEPENDENTS, true, "nothing stands on the primary keys alone"),
        false => {
            let way = "have it name every column that it groups by, or take it away";
            Check::new(DEPENDENTS, false, format!("{} is in the way: {way}", found.join(", ")))
        }
    })
}

/// Whom a gate waits for that opens by itself: where it is closed, and by nothing else.
pub(crate) fn waits_for(checks: &[Check], options: &Options) -> Option<String> {
    let closed: Vec<_> = checks.iter().filter(|check| is_closed(check, options)).collect();
    let by_itself = closed.iter().all(|check| [INSTANCES, FENCE].contains(&check.name));
    let found: Vec<_> = closed.iter().map(|check| check.found.as_str()).collect();
    (by_itself && !closed.is_empty()).then(|| found.join("; "))
}

/// Errs where a name is accepted that nothing has: whoever wrote it meant another.
pub(crate) fn are_known(options: &Options) -> Result<(), Error> {
    let mut known = [Finding::NAMES.as_slice(), &Check::NAMES, &Check::OF_SEGMENTS].concat();
    let is_known = |name: &&String| {
        let name = name.as_str();
        // Of those that nobody can accept the gate says so.
        known.contains(&name) || FIRM.contains(&name)
    };
    let Some(name) = options.accepted.iter().find(|name| !is_known(name)) else { return Ok(()) };
    known.sort_unstable();
    known.dedup();
    Err(Error::NoCheck { name: name.clone(), known: known.join(", ") })
}

/// Findings of a plan that have to be accepted by name before it begins.
pub(crate) fn accepted(plan: &Plan, options: &Options) -> Result<(), Error> {
    let open = plan
        .findings
        .iter()
        .filter(|finding| finding.risk == Risk::Stop)
        .filter(|finding| finding.is_firm() || !options.accepted.contains(&finding.name));
    let reasons: Vec<_> = open.map(|of| format!("{} ({})", of.what, of.name)).collect();
    match reasons.is_empty() {
        true => Ok(()),
        false => Err(Error::Gate { into: Phase::Planned.name(), reasons: reasons.join("; ") }),
    }
}

/// Whether a check is closed and nobody accepted it.
pub(crate) fn is_closed(check: &Check, options: &Options) -> bool {
    let accepted = options.accepted.iter().any(|name| name == check.name);
    !check.open && (FIRM.contains(&check.name) || !accepted)
}

/// Errs where a check is closed that nobody accepted.
pub(crate) fn pass(into: &'static str, checks: &[Check], options: &Options) -> Result<(), Error> {
    let closed = checks.iter().filter(|check| is_closed(check, options));
    let reasons: Vec<_> = closed.map(|check| format!("{} ({})", check.found, check.name)).collect();
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Error::Gate { into, reasons: reasons.join("; ") })
}

/// Whether the schema still is what a plan was made for, in everything: before the first step.
pub(crate) async fn as_planned(session: &mut Session, plan: &Plan) -> Result<Check, Error> {
    let catalog = engine::catalog(session).await?;
    Ok(schema(&plan::changes(plan, &catalog), "plan again"))
}

/// Whether it still is, as far as it matters later: in what holds old ids, and what steps need.
async fn as_needed(session: &mut Session, state: &State) -> Result<Check, Error> {
    let catalog = engine::catalog(session).await?;
    let gone = plan::gone(state, &catalog);
    if !gone.is_empty() {
        return Ok(schema(&gone, MAKE_AGAIN));
    }
    let came = plan::left_behind(&state.plan, &catalog);
    Ok(schema(&came, "take it away, or roll back to planned and plan again"))
}

/// What is to be done where something went that steps need.
const MAKE_AGAIN: &str =
    "make it again as it was; a table that nobody needs any more can be empty, until the end";

fn schema(changes: &[String], way: &str) -> Check {
    match changes {
        [] => Check::new(SCHEMA, true, "the schema is what was planned"),
        changes => {
            let found = format!("{} after the plan was made: {way}", changes.join(", "));
            Check::new(SCHEMA, false, found)
        }
    }
}

async fn filled(session: &mut Session, state: &State, number: usize) -> Result<Check, Error> {
    let missing = missing(session, &state.plan, number).await?;
    let way = "roll back to backfilling, and advance: they are filled with the others";
    Ok(lacking(&state.plan, number, missing, way))
}

async fn shadow(session: &mut Session, state: &State) -> Result<Check, Error> {
    let all = store::instances(session, &state.plan.name).await?;
    let compared: i64 = all.iter().map(|of| of.compared).sum();
    let mismatches: i64 = all.iter().map(|of| of.mismatches).sum();
    Ok(match compared {
        0 => {
            let found =
                "no shadow read was compared: have the app compare some, or accept that nobody did";
            Check::new(SHADOW, false, found)
        }
        _ => Check::new(
            SHADOW,
            mismatches == 0,
            format!("{mismatches} of {compared} shadow reads differ"),
        ),
    })
}

/// Whether an old version of the app still writes by old ids alone. Its rows are of the trigger's lane; and
/// since `swapped` references of that kind take a position there too.
async fn old_writers(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Check, Error> {
    let plan = &state.plan;
    let sql = dialect(plan.engine);
    let lanes = plan.target.lanes()?;
    let new = sql.new_column(&plan.target, &plan.key().new);
    let quiet = i64::try_from(options.quiet.as_millis()).unwrap_or(i64::MAX);
    // By the database's clock, as the triggers.
    let since = UnixTime::from_millis(store::now(session).await?.saturating_sub(quiet));
    let tick = lanes.timebase().nearest_tick(since);
    let least = lanes.scheme().format(lanes.least_of(tick)?).to_string();
    let query = format!(
        "SELECT count(*) FROM {} WHERE {} >= {} AND {}",
        sql.table(plan, 0),
        sql.quote(&new.name),
        sql.write("?", &new),
        of_lane(sql, &lanes, &new)?
    );
    let count = session.number(&query, &[least.into()]).await?;
    let mut found =
        format!("{count} rows without a new id were written in the last {:?}", options.quiet);
    let mut open = count == 0;
    let last = session.number(&sql.trigger_tick(plan, &lanes), &[]).await?;
    let last = u64::try_from(last).unwrap_or(0);
    if last > 0 && last >= tick {
        open = false;
        let at = lanes.timebase().time_of(last);
        found += &format!(", and somebody last wrote by old ids alone at {at}");
    }
    let watched = watched_millis(session, plan).await?;
    if watched < quiet {
        open = false;
        found += &format!(", of which references were watched for {watched} ms alone");
    }
    Ok(Check::new(OLD_WRITERS, open, found))
}

/// For how long the triggers have seen references that are written by old ids alone: by the database's clock, as
/// the trail.
async fn watched_millis(session: &mut Session, plan: &Plan) -> Result<i64, Error> {
    let trail = store::trail(session, &plan.name).await?;
    let swapped = format!("-> {}", Phase::Swapped);
    let entered = trail.iter().rev().find(|entry| entry.event.ends_with(&swapped));
    let now = store::now(session).await?;
    Ok(entered.map_or(0, |entry| now.saturating_sub(entry.at_millis)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{ABOVE, LATE};

    #[test]
    fn what_is_no_check_is_not_accepted() {
        let accepting = |name: &str| Options { accepted: vec![name.into()], ..Options::default() };
        for name in [SHADOW, LATE, ABOVE, DEPENDENTS] {
            assert!(are_known(&accepting(name)).is_ok(), "{name}");
        }
        for name in ["shadows", ""] {
            let error = are_known(&accepting(name)).unwrap_err().to_string();
            assert!(
                error.contains(&format!("'{name}'")) && error.contains("late, locked, lost"),
                "{error}"
            );
        }
    }
}
