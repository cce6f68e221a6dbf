//! What gates ask of the app's instances: by which phase they act, and what their clocks show.

use idgen_core::UnixTime;

use crate::Error;
use crate::check::{Check, FENCE, INSTANCES};
use crate::options::Options;
use crate::session::Session;
use crate::store::{self, Instance, State};

/// Whether every instance acts by the phase.
pub(super) async fn instances(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Check, Error> {
    let here = present(session, state, options).await?;
    if here.is_empty() && store::instances(session, &state.plan.name).await?.is_empty() {
        let name = &state.plan.name;
        let found = format!(
            "no instance of the app ever joined {name}: where there are some, see that they join by this name"
        );
        return Ok(Check::new(INSTANCES, true, found));
    }
    let late: Vec<_> = here.iter().filter(|of| of.phase != state.phase).collect();
    let names: Vec<_> = late.iter().map(|of| format!("{} at {}", of.instance, of.phase)).collect();
    Ok(match names.is_empty() {
        true => {
            Check::new(INSTANCES, true, format!("{} instances act by {}", here.len(), state.phase))
        }
        false => Check::new(
            INSTANCES,
            false,
            format!("not yet at {}: {}", state.phase, names.join(", ")),
        ),
    })
}

/// Whether live ids may begin: by the operator's clock, and by that of every instance, since one that is
/// behind could make none.
pub(super) async fn fence(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Check, Error> {
    let base = state.plan.target.lanes()?.timebase();
    let fence = base.time_of(state.plan.fence.unwrap_or(0));
    let now = options.clock.wall();
    let mut found = format!("live ids begin at {fence}; it is {now}");
    let mut open = now >= fence;
    let there = store::now(session).await?;
    for instance in present(session, state, options).await? {
        let here = UnixTime::from_millis(instance.wall_at(there));
        if here < fence {
            open = false;
            found += &format!(", and {here} by the clock of {}", instance.instance);
        }
    }
    Ok(Check::new(FENCE, open, found))
}

/// What lets it be forgotten: an instance that asks for a migration which is gone knows no phase.
pub(crate) async fn forget(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Check, Error> {
    let here = present(session, state, options).await?;
    let names: Vec<_> = here.iter().map(|of| of.instance.as_str()).collect();
    Ok(match names.is_empty() {
        true => Check::new(INSTANCES, true, "no instance asks for it any more"),
        false => {
            let found =
                format!("{} still ask for it: give them a version that does not", names.join(", "));
            Check::new(INSTANCES, false, found)
        }
    })
}

/// For how long an instance has had nothing to say, in milliseconds. Steps may keep everybody from writing, so
/// that the time in which they were under way is none of it.
fn silent_millis(state: &State, of: &Instance, now: i64) -> i64 {
    let (began, ended) = state.steps_millis;
    let ended = if state.under_way.is_some() { now } else { ended };
    let kept_out = ended.saturating_sub(began.max(of.seen_millis)).max(0);
    now.saturating_sub(of.seen_millis).saturating_sub(kept_out)
}

/// The instances that are not gone.
async fn present(
    session: &mut Session,
    state: &State,
    options: &Options,
) -> Result<Vec<Instance>, Error> {
    // By one clock, which is the database's on both sides.
    let now = store::now(session).await?;
    let gone = i64::try_from(options.instance_gone.as_millis()).unwrap_or(i64::MAX);
    let mut all = store::instances(session, &state.plan.name).await?;
    all.retain(|of| silent_millis(state, of, now) <= gone);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::plan::tests::example;

    #[test]
    fn time_in_which_steps_kept_an_instance_out_does_not_count() {
        let state = |under_way, steps_millis| State {
            phase: Phase::Swapped,
            version: 1,
            paused: false,
            plan: example(),
            under_way,
            steps_millis,
        };
        let instance = |seen_millis| Instance {
            instance: "web-1".into(),
            phase: Phase::ReadingNew,
            seen_millis,
            wall_millis: 0,
            compared: 0,
            mismatches: 0,
        };
        let silent = |state: &State, seen| silent_millis(state, &instance(seen), 100_000);
        let none = state(None, (0, 0));
        assert_eq!(silent(&none, 95_000), 5_000);
        // It reported just before they began, and could not until they ended.
        let ended = state(None, (40_000, 98_000));
        assert_eq!(silent(&ended, 39_000), 3_000);
        assert_eq!(silent(&ended, 60_000), 2_000);
        assert_eq!(silent(&ended, 99_000), 1_000);
        // It was gone before.
        assert_eq!(silent(&ended, 5_000), 37_000);
        let going = state(Some(Phase::OldWritesStopped), (40_000, 20_000));
        assert_eq!((silent(&going, 39_000), silent(&going, 5_000)), (1_000, 35_000));
    }
}
