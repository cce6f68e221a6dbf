//! An app under load: it inserts, updates and deletes in all tables, and goes by the phase.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use idgen_migrate::app::{Known, Live, Old};
use idgen_migrate::session::Engine;
use idgen_testkit::SplitMix64;

use crate::actor::Actor;
use crate::mint::Mint;
use crate::record::Record;
use crate::server::Database;
use crate::shop::{Path, old_id};

/// What the load did.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) writes: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) triggered: AtomicU64,
    /// Requests that named somebody who had left, by the record that the actors share: the one error that a
    /// reference may end in.
    pub(crate) gone: AtomicU64,
    /// The longest that a request took with all its attempts, in milliseconds; or, where a request tries once,
    /// the longest from the first that could not write to the next that could.
    pub(crate) slowest: AtomicU64,
}

/// A load that runs until it is stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    pub(crate) counts: Arc<Counts>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Load {
    /// Starts so many actors, the first of which knows nothing of new ids, as an old version of the
    /// app, until old ids are about to go.
    pub(crate) async fn start(
        database: &Database,
        path: Path,
        actors: u64,
        customers: u64,
    ) -> Self {
        let mut load = Self { stop: Arc::default(), counts: Arc::default(), tasks: Vec::new() };
        let record = Arc::new(Record::default());
        for number in 0..actors {
            let live =
                Live::join(&database.address, "customers", &format!("app-{number}")).await.unwrap();
            let live = Arc::new(live);
            let mut session = database.session().await;
            if database.engine == Engine::Sqlite {
                // Whoever waits longer asks for the phase again.
                session.run("PRAGMA busy_timeout = 250").await.unwrap();
            }
            let actor = Actor {
                session,
                mint: Mint::new(path, Arc::clone(&live), number),
                live,
                path,
                number,
                random: SplitMix64::new(number),
                customers: (0..customers)
                    .filter(|n| n % actors == number)
                    .map(|n| Known { old: Some(Old(old_id(path, n))), new: None })
                    .collect(),
                counts: Arc::clone(&load.counts),
                record: Arc::clone(&record),
                orders: 1_000,
                misses: 0,
                patience: patience(database.engine, customers),
                in_vain: None,
            };
            load.tasks.push(tokio::spawn(actor.run(Arc::clone(&load.stop))));
        }
        load
    }

    /// Stops it. Whatever an actor could not do is a panic here.
    pub(crate) async fn stop(self) -> Arc<Counts> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.counts
    }
}

/// How many attempts in vain an actor bears, one after the other. On SQLite nobody writes while tables are made
/// anew, which takes the longer the more there are, and each attempt is one wait of 250 ms.
fn patience(engine: Engine, customers: u64) -> u32 {
    let more = if engine == Engine::Sqlite { customers / 1_000 } else { 0 };
    50 + u32::try_from(more).unwrap()
}
