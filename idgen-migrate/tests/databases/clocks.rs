//! Apps whose clocks are behind the database's, or ahead of it.

use std::sync::Arc;

use idgen_core::clock::{Clock, ScriptedClock, SystemClock};
use idgen_core::generator::Builder;
use idgen_core::{Id, IdScheme, UnixTime};
use idgen_migrate::app::{Dual, Live, MintError, New};
use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Phase};

use crate::course::advance_to;
use crate::every_engine;
use crate::references::{begun, shop};
use crate::server::Database;
use crate::shop::Flake;

/// In milliseconds.
pub(crate) const HOUR: i64 = 3_600_000;

pub(crate) fn moved(time: UnixTime, millis: i64) -> UnixTime {
    UnixTime::from_nanos(time.as_nanos() + i128::from(millis) * 1_000_000)
}

/// An instance of the app, whose every reading of time is of one clock.
struct App {
    clock: Arc<ScriptedClock>,
    live: Arc<Live>,
    node: u64,
}

impl App {
    async fn join(database: &Database, name: &str, node: u64, now: UnixTime) -> Self {
        let clock = Arc::new(ScriptedClock::at(now));
        let of_app = Arc::clone(&clock) as Arc<dyn Clock>;
        let live = Live::join_on(&database.address, "c", name, of_app).await.unwrap();
        Self { clock, live: Arc::new(live), node }
    }

    /// A new id, by a process that begins just now.
    fn mint(&self) -> Result<Id<Flake>, MintError> {
        let new = Builder::<Flake>::on(Arc::clone(&self.clock)).node(self.node).shared().unwrap();
        let ids = Dual::new(Arc::clone(&self.live), || 7_i64, new);
        ids.mint().map(|minted| minted.ids.new.map(|New(id)| id).unwrap())
    }
}

async fn clocks_that_differ_cost_no_request(engine: Engine) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Expanded).await;
    let now = SystemClock.wall();
    let behind = App::join(&database, "slow", 1, moved(now, -HOUR)).await;
    let ahead = App::join(&database, "fast", 2, moved(now, HOUR)).await;
    let error = migration.advance().await.unwrap_err();
    let closed = error.to_string();
    assert!(matches!(error, Error::Gate { into: "dual-write", .. }), "{closed}");
    assert!(closed.contains("by the clock of slow (fence)"), "{closed}");
    assert!(!closed.contains("clock of fast"), "{closed}");

    let fence = migration.plan().fence.unwrap();
    let at_fence = Flake::TIMEBASE.unwrap().time_of(fence);
    behind.clock.set(moved(at_fence, 20));
    behind.live.refresh().await.unwrap();
    advance_to(&mut migration, Phase::DualWrite).await;
    for app in [&behind, &ahead] {
        assert_eq!(app.live.refresh().await.unwrap(), Phase::DualWrite);
        assert!(app.mint().unwrap().tick() >= fence);
    }
    // One that comes later: a bit behind, it waits; far behind, it says so.
    behind.clock.set(moved(at_fence, -700));
    assert!(behind.mint().unwrap().tick() >= fence);
    behind.clock.set(moved(at_fence, -HOUR));
    let error = behind.mint().unwrap_err();
    assert!(matches!(error, MintError::BeforeFence { fence: at, .. } if at == fence), "{error}");
}

every_engine!(clocks_that_differ_cost_no_request);
