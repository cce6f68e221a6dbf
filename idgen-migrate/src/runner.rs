//! Runs steps: looks whether it is done, clears ruins away, asks for locks with patience and an end.

use std::time::Duration;

use crate::Error;
use crate::engine::{Dialect, Lock, Step, dialect};
use crate::evidence::Done;
use crate::options::Options;
use crate::session::Session;

/// How long a session waits for a lock outside of steps.
const USUAL_WAIT: Duration = Duration::from_secs(5);

/// Runs steps, one after the other.
pub(crate) async fn carry_out(
    session: &mut Session,
    steps: &[Step],
    options: &Options,
) -> Result<Vec<Done>, Error> {
    let mut done = Vec::new();
    for step in steps {
        options.failpoints.pass(format!("before: {}", step.title))?;
        done.push(run(session, step, options).await?);
        options.failpoints.pass(format!("after: {}", step.title))?;
    }
    Ok(done)
}

async fn run(session: &mut Session, step: &Step, options: &Options) -> Result<Done, Error> {
    options.watch.step(&step.title);
    let done = until_done(session, step, options).await;
    // What comes next waits as the session does by itself, and not as the last attempt did.
    let usual = dialect(session.engine()).wait_for_locks(whole_millis(USUAL_WAIT));
    let reset = session.run(&usual).await;
    let done = done?;
    reset?;
    if !step.transaction {
        allowed(session, step).await?;
    }
    Ok(done)
}

/// Whether the rows allow what was done.
async fn allowed(session: &mut Session, step: &Step) -> Result<(), Error> {
    let Some(query) = &step.none else { return Ok(()) };
    match session.number(query, &[]).await? {
        0 => Ok(()),
        count => Err(Error::Schema(format!(
            "{count} rows do not allow this: {}; mend them, and go on",
            step.title
        ))),
    }
}

/// Whether the step leaves behind everything that there is.
async fn guarded(session: &mut Session, step: &Step) -> Result<(), Error> {
    let Some(query) = &step.guard else { return Ok(()) };
    let rows = session.rows(query, &[]).await?;
    let lost: Vec<_> = rows.iter().filter_map(|row| row.optional(0)).collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(Error::Schema(format!(
        "{} would be lost: mend it or take it away, or roll back to planned and plan anew",
        lost.join(", ")
    )))
}

async fn until_done(session: &mut Session, step: &Step, options: &Options) -> Result<Done, Error> {
    let mut done = Done {
        title: step.title.clone(),
        lock: step.lock,
        attempts: 0,
        millis: 0,
        held_up_millis: 0,
        held_up_in_all_millis: 0,
    };
    if is(session, step.done.as_deref()).await? {
        return Ok(done);
    }
    let sql = dialect(session.engine());
    let mut in_all = Duration::ZERO;
    for attempt in 0..options.ladder.attempts.max(1) {
        let wait = wait(sql, step, options, attempt);
        session.run(&sql.wait_for_locks(wait)).await?;
        if let Some((ruin, mend)) = &step.ruin
            && is(session, Some(ruin)).await?
        {
            session.run(mend).await?;
        }
        let began = options.clock.monotonic();
        let ended = attempt_once(session, step, options).await;
        let took = options.clock.monotonic().saturating_sub(began);
        in_all += took;
        let held_up = holds_up(sql, step, wait);
        done.tried(whole_millis(took), held_up);
        match ended {
            Ok(()) => return Ok(done),
            // What makes a trigger fails once on a table whose triggers are broken, and mends them by that.
            Err(error) if error.is_retryable() || error.is_of_broken_triggers() => {
                if attempt + 1 < options.ladder.attempts {
                    let others = held_up.map_or(0, |_| sql.waits(wait));
                    let rest = options.ladder.rest(Duration::from_millis(others));
                    let attempt = done.attempts;
                    options
                        .watch
                        .waits(&format!("attempt {attempt}, and {rest:?} for others: {error}"));
                    tokio::time::sleep(rest).await;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error::Locked {
        step: step.title.clone(),
        attempts: done.attempts,
        longest: options.ladder.longest.max(Duration::from_millis(done.millis)),
        in_all,
        holders: holders(session, step).await,
    })
}

/// For how many milliseconds an attempt waits for its lock.
fn wait(sql: &dyn Dialect, step: &Step, options: &Options, attempt: u32) -> u64 {
    // What runs beside others also has to wait for them, and holds nobody up meanwhile, unless the engine has
    // everybody wait behind whoever waits.
    let beside = step.lock == Lock::Beside && !sql.queues();
    whole_millis(if beside { options.patience } else { options.ladder.wait(attempt) })
}

/// For how many milliseconds of an attempt others may have to wait, at most; none where they need not.
fn holds_up(sql: &dyn Dialect, step: &Step, wait: u64) -> Option<u64> {
    match step.lock {
        Lock::Moment | Lock::Writers => Some(u64::MAX),
        // For no longer than the engine lets it wait, which may be longer than it was asked to.
        Lock::Beside if sql.queues() => Some(sql.waits(wait)),
        Lock::Beside | Lock::Chunk | Lock::None => None,
    }
}

fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

async fn attempt_once(session: &mut Session, step: &Step, options: &Options) -> Result<(), Error> {
    let Some((before, after)) = &step.frame else {
        return attempt_inside(session, step, options).await;
    };
    session.run(before).await?;
    let ended = attempt_inside(session, step, options).await;
    session.run(after).await?;
    ended
}

async fn attempt_inside(
    session: &mut Session,
    step: &Step,
    options: &Options,
) -> Result<(), Error> {
    if !step.transaction {
        return statements(session, step, options).await;
    }
    session.run(dialect(session.engine()).begin()).await?;
    match in_transaction(session, step, options).await {
        Ok(()) => session.commit().await,
        Err(error) => {
            // The first error is the one to tell.
            let _ = session.run("ROLLBACK").await;
            Err(error)
        }
    }
}

async fn in_transaction(
    session: &mut Session,
    step: &Step,
    options: &Options,
) -> Result<(), Error> {
    guarded(session, step).await?;
    statements(session, step, options).await?;
    allowed(session, step).await
}

/// Runs the statements. Whoever is stopped between two of them leaves the first behind, unless they are of one
/// transaction.
async fn statements(session: &mut Session, step: &Step, options: &Options) -> Result<(), Error> {
    for (number, statement) in step.sql.iter().enumerate() {
        if number > 0 && !step.transaction {
            options.failpoints.pass(format!("within: {}, {number}", step.title))?;
        }
        session.run(statement).await?;
    }
    Ok(())
}

async fn is(session: &mut Session, query: Option<&str>) -> Result<bool, Error> {
    match query {
        Some(query) => Ok(session.number(query, &[]).await? == 1),
        None => Ok(false),
    }
}

async fn holders(session: &mut Session, step: &Step) -> String {
    let Some(query) = dialect(session.engine()).holders(&step.sql.join(";")) else {
        return "the database does not say who".into();
    };
    let Ok(rows) = session.rows(&query, &[]).await else {
        return "the database did not say who".into();
    };
    let who: Vec<_> = rows.iter().filter_map(|row| row.optional(0)).collect();
    match who.is_empty() {
        true => "nobody that this role can see".into(),
        false => format!("at work: {}", who.join("; ")),
    }
}
