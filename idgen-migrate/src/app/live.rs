//! What an instance of the app knows of the migration, and what it reports.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use idgen_core::clock::{Clock, SystemClock};

use super::Moment;
use crate::plan::millis;
use crate::session::{ANSWER_WITHIN, Session};
use crate::store::{self, Report};
use crate::target::Lanes;
use crate::{Error, Phase};

/// How long an instance goes by what it knew. Shorter than the operator takes it for gone.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// The phase of a migration, as the database has it.
///
/// One connection of its own asks for it, and reports that this instance acts by it, and what its
/// shadow reads found.
///
/// **Invariant:** an instance goes by a phase for as long alone as the operator waits for it. What it learns
/// counts from when its report is kept; or from when that was kept out by steps of the operator, whose time
/// counts for nothing. One that was not waited for learns the phase anew once it is.
pub struct Live {
    address: String,
    name: String,
    instance: String,
    clock: Arc<dyn Clock>,
    wire: tokio::sync::Mutex<Wire>,
    known: Mutex<Seen>,
    /// Shadow reads that were compared, and those that differed. Added to by requests, and read for
    /// the report alone, so that no order is asked of them.
    compared: AtomicI64,
    mismatches: AtomicI64,
}

/// The way to the database, whether this process ever reported on it, and how far shadow reads were reported.
#[derive(Default)]
struct Wire {
    session: Option<Session>,
    reported: bool,
    told: (i64, i64),
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    phase: Phase,
    at: Duration,
    fence: Option<u64>,
    lanes: Option<Lanes>,
}

impl Live {
    /// Joins a migration, whether it is planned yet or not: a name that is mistyped is one that never is, and the
    /// operator's status tells that nobody joined. The instance's name must be nobody else's.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn join(address: &str, name: &str, instance: &str) -> Result<Self, Error> {
        Self::join_on(address, name, instance, Arc::new(SystemClock)).await
    }

    /// The same on another clock.
    ///
    /// # Errors
    /// If the database cannot be reached.
    pub async fn join_on(
        address: &str,
        name: &str,
        instance: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let seen = Seen { phase: Phase::Planned, at: clock.monotonic(), fence: None, lanes: None };
        let live = Self {
            address: address.into(),
            name: name.into(),
            instance: instance.into(),
            clock,
            wire: tokio::sync::Mutex::default(),
            known: Mutex::new(seen),
            compared: AtomicI64::new(0),
            mismatches: AtomicI64::new(0),
        };
        live.refresh().await?;
        Ok(live)
    }

    /// Asks the database for the phase, and reports that this instance acts by it from now on.
    ///
    /// # Errors
    /// If the database cannot be reached, or no longer knows a migration that was under way; the next call
    /// connects anew.
    pub async fn refresh(&self) -> Result<Phase, Error> {
        let mut wire = self.wire.lock().await;
        let mut session = match wire.session.take() {
            Some(session) => session,
            None => Session::connect(&self.address).await?.answering_within(ANSWER_WITHIN),
        };
        let awaited = wire.reported && self.age() <= STALE_AFTER;
        let mut seen = self.learn(&mut wire, &mut session, awaited).await?;
        if !awaited {
            // The operator may have gone on until the report was there, and waits for it from now on.
            seen = self.learn(&mut wire, &mut session, awaited).await?;
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        wire.session = Some(session);
        Ok(seen.phase)
    }

    /// Reads the phase, acts by it from then on, and reports so; what is known, and since when.
    async fn learn(
        &self,
        wire: &mut Wire,
        session: &mut Session,
        awaited: bool,
    ) -> Result<Seen, Error> {
        let at = self.clock.monotonic();
        let before = self.seen();
        let state = match store::load(session, &self.name).await {
            Ok(state) => Some(state),
            // Nothing is written of it: an app that is of a later phase never goes back by that.
            Err(Error::Unknown { .. }) if absent(before.phase).is_some() => None,
            Err(error) => return Err(error),
        };
        let seen = match &state {
            Some(state) => Seen {
                phase: state.phase,
                fence: state.plan.fence,
                lanes: Some(state.plan.target.lanes()?),
                ..before
            },
            None => Seen { phase: absent(before.phase).unwrap_or(before.phase), ..before },
        };
        // As old as before, until it is reported.
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        let compared = self.compared();
        if state.is_none() || seen.phase < before.phase {
            // What was compared before a way back counts no more.
            wire.told = compared;
        }
        let Some(state) = state else {
            wire.reported = false;
            return Ok(Seen { at, ..seen });
        };
        let report = self.report(seen.phase, compared, wire.told);
        match store::report(session, &self.name, &report).await {
            Ok(()) => (wire.reported, wire.told) = (true, compared),
            Err(error) if awaited && state.under_way.is_some() && error.is_lock_timeout() => {}
            Err(error) => return Err(error),
        }
        Ok(Seen { at, ..seen })
    }

    /// For how long what is known was not learnt anew.
    fn age(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.seen().at)
    }

    /// Refreshes for as long as it is polled: to be spawned beside the server. The operator's gate
    /// waits for every instance, so a second or less is a good interval.
    pub async fn keep_fresh(&self, every: Duration) {
        loop {
            // An instance that cannot ask goes on for a while by what it knew.
            let _ = self.refresh().await;
            tokio::time::sleep(every).await;
        }
    }

    /// The phase, for one request: to be asked once, at its beginning.
    ///
    /// # Errors
    /// If it was not learnt for too long.
    pub fn moment(&self) -> Result<Moment, Stale> {
        let seen = self.seen();
        let age = self.clock.monotonic().saturating_sub(seen.at);
        if age > STALE_AFTER { Err(Stale { age }) } else { Ok(Moment::of(seen.phase)) }
    }

    /// Counts a shadow read: whether the row found by one id is the one found by the other. New ids
    /// have an index from [`Constrained`](crate::Phase::Constrained) on; before, one reads the table.
    pub fn compare<T: PartialEq>(&self, one: &T, other: &T) -> bool {
        let same = one == other;
        self.compared.fetch_add(1, Ordering::Relaxed);
        self.mismatches.fetch_add(i64::from(!same), Ordering::Relaxed);
        same
    }

    /// Shadow reads that this process compared, and those that differed.
    #[must_use]
    pub fn compared(&self) -> (i64, i64) {
        (self.compared.load(Ordering::Relaxed), self.mismatches.load(Ordering::Relaxed))
    }

    pub(super) fn rules(&self) -> (Option<u64>, Option<Lanes>) {
        let seen = self.seen();
        (seen.fence, seen.lanes)
    }

    /// Blocks the calling thread for about this long, by this instance's clock.
    pub(super) fn wait(&self, duration: Duration) {
        self.clock.wait(duration);
    }

    fn seen(&self) -> Seen {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to say since this was told.
    fn report(&self, phase: Phase, compared: (i64, i64), told: (i64, i64)) -> Report<'_> {
        Report {
            instance: &self.instance,
            phase,
            wall_millis: millis(self.clock.wall()),
            compared: compared.0 - told.0,
            mismatches: compared.1 - told.1,
        }
    }
}

/// What an instance acts by that knew this phase, and now finds no migration. Not planned yet, or given up
/// again: it writes and reads old ids, as ever. Let go at its end: it goes on with new ones. In between
/// nobody can say which of both it was.
fn absent(known: Phase) -> Option<Phase> {
    match known {
        Phase::Planned | Phase::Expanded => Some(Phase::Planned),
        Phase::OldWritesStopped | Phase::Contracted => Some(Phase::Contracted),
        _ => None,
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("name", &self.name)
            .field("instance", &self.instance)
            .field("phase", &self.seen().phase)
            .finish_non_exhaustive()
    }
}

/// The phase was not learnt for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the migration's phase was learnt and reported {age:?} ago; see that the database answers, that this instance may write its report, and that `keep_fresh` runs"
)]
pub struct Stale {
    age: Duration,
}
