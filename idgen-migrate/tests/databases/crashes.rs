//! Killed at every step, and at random times in the backfill: what is resumed ends as if undisturbed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Failpoints, Migration, Options, Phase};
use idgen_testkit::SplitMix64;
use tokio::sync::OnceCell;

use crate::course::{advance_to, begin, options};
use crate::heard::Heard;
use crate::hurry::hurried;
use crate::instances::own;
use crate::server::{Database, run};
use crate::shop::{self, Path};
use crate::{dump, every_engine, references};

pub(crate) const CUSTOMERS: u64 = 60;

pub(crate) fn small() -> Options {
    hurried(Options { chunk_rows: 25, workers: 1, quiet: Duration::ZERO, ..options() })
}

pub(crate) async fn shop(engine: Engine, path: Path, customers: u64) -> Database {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, path).await;
    shop::fill(&mut session, path, customers).await;
    database
}

/// What a run leaves: before the old ids go, and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    both: Vec<String>,
    new: Vec<String>,
}

impl Left {
    /// What a migration leaves that goes on to the end from here.
    pub(crate) async fn by(database: &Database, mut migration: Migration) -> Self {
        advance_to(&mut migration, Phase::OldWritesStopped).await;
        let both = dump::contents(&mut database.session().await).await;
        advance_to(&mut migration, Phase::Contracted).await;
        let new = dump::contracted(&mut database.session().await).await;
        Self { both, new }
    }
}

/// What an undisturbed run leaves. There is one for all tests that ask for the same.
pub(crate) async fn undisturbed(engine: Engine, path: Path, customers: u64) -> Left {
    type Runs = Vec<((Engine, Path, u64), Arc<OnceCell<Left>>)>;
    static RUNS: Mutex<Runs> = Mutex::new(Vec::new());
    let wanted = (engine, path, customers);
    let run = {
        let mut runs = RUNS.lock().unwrap();
        let known = runs.iter().find(|(of, _)| *of == wanted).map(|(_, run)| Arc::clone(run));
        known.unwrap_or_else(|| {
            let run = Arc::default();
            runs.push((wanted, Arc::clone(&run)));
            run
        })
    };
    let left = run.get_or_init(|| async {
        let database = shop(engine, path, customers).await;
        Left::by(&database, begin(&database, path, small()).await).await
    });
    left.await.clone()
}

async fn killed_at_every_step(engine: Engine) {
    killed_at_every_step_of(engine, Path::UuidToFlake).await;
}

async fn killed_at_every_step_of(engine: Engine, path: Path) {
    let database = shop(engine, path, CUSTOMERS).await;
    drop(begin(&database, path, small()).await);
    let mut stopped = Vec::new();
    let mut both = Vec::new();
    let mut number = 0;
    // In each phase: stopped at the first failpoint, resumed and stopped at the second, and so on.
    loop {
        let failpoints = Failpoints::stop_at(number);
        let options = Options { failpoints: failpoints.clone(), ..small() };
        let mut migration = Migration::open(&database.address, "customers", options).await.unwrap();
        let phase = migration.phase();
        if phase == Phase::Contracted {
            break;
        }
        if phase == Phase::OldWritesStopped && both.is_empty() {
            both = dump::contents(&mut database.session().await).await;
        }
        match migration.advance().await {
            Ok(_) => number = 0,
            Err(Error::Failpoint(name)) => {
                stopped.push(format!("{phase}: {name}"));
                number += 1;
                let now = Migration::open(&database.address, "customers", small()).await.unwrap();
                if now.phase() != phase {
                    number = 0; // stopped just after the state had moved
                }
            }
            Err(Error::Gate { reasons, .. }) if reasons.contains("(fence)") => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error} after {stopped:#?}"),
        }
    }
    println!("{engine:?}: stopped {} times", stopped.len());
    // On SQLite many tables are changed in one step.
    let least = if engine == Engine::Sqlite { 50 } else { 80 };
    assert!(stopped.len() > least, "{stopped:#?}");
    let new = dump::contracted(&mut database.session().await).await;
    assert_eq!(Left { both, new }, undisturbed(engine, path, CUSTOMERS).await);
}

async fn killed_at_random_in_the_backfill(engine: Engine) {
    killed_at_random_in_the_backfill_of(engine, Path::UuidToFlake).await;
}

async fn killed_at_random_in_the_backfill_of(engine: Engine, path: Path) {
    let customers = 600;
    let database = shop(engine, path, customers).await;
    let mut migration = begin(&database, path, small()).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    drop(migration);
    let mut random = SplitMix64::new(3);
    let mut kills = 0_u64;
    loop {
        let failpoints = Failpoints::default();
        let options = Options { workers: 2, failpoints: failpoints.clone(), ..small() };
        let mut migration = Migration::open(&database.address, "customers", options).await.unwrap();
        let advance = migration.advance();
        tokio::pin!(advance);
        // From its first chunk on, however long it takes until there; and ever later, so that the end is
        // reached on a slow machine too.
        let pause = Duration::from_micros(random.below(4_000) * (kills / 2));
        let killed = async {
            while failpoints.passed().iter().all(|name| name != "chunk begins") {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            ended = &mut advance => match ended {
                Ok(_) => break,
                // What the one before had sent may arrive after this one looked: it looks again.
                Err(Error::Moved { .. }) => {}
                Err(error) => panic!("{error}"),
            },
            () = killed => kills += 1,
        }
    }
    println!("{engine:?}: killed {kills} times");
    assert!(kills > 3, "killed {kills} times only");
    let migration = Migration::open(&database.address, "customers", small()).await.unwrap();
    let left = Left::by(&database, migration).await;
    assert_eq!(left, undisturbed(engine, path, customers).await);
}

/// A worker whose operator was lost may wake after another one went back and began anew: it finds that it is late,
/// and what it did is undone with its chunk.
async fn a_worker_of_an_earlier_attempt_writes_nothing(engine: Engine) {
    let database = references::shop(engine).await;
    let mut session = database.session().await;
    let heard = Arc::new(Heard::default());
    let watch = Arc::clone(&heard) as _;
    let options = Options { watch, ..references::patient() };
    let plan = references::planned(&database, "c").await;
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    advance_to(&mut migration, Phase::Backfilling).await;
    migration.pause(true).await.unwrap();
    let late = tokio::spawn(async move { migration.advance().await.map(drop) });
    heard.until("paused").await;
    let moved = format!("UPDATE {} SET version = version + 9, paused = 0", own(engine, "state"));
    run(&mut session, &moved).await;
    let error = late.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Moved { .. }), "{error}");
    let filled = "SELECT count(*) FROM c WHERE id_new IS NOT NULL";
    assert_eq!(session.number(filled, &[]).await.unwrap(), 0);
    let done = format!("SELECT count(*) FROM {} WHERE done > 0", own(engine, "ledger"));
    assert_eq!(session.number(&done, &[]).await.unwrap(), 0);
}

async fn killed_on_the_way_from_a_sequence(engine: Engine) {
    killed_at_every_step_of(engine, Path::SequenceToFlake).await;
    killed_at_random_in_the_backfill_of(engine, Path::SequenceToFlake).await;
}

async fn killed_on_the_way_from_snowflakes(engine: Engine) {
    killed_at_every_step_of(engine, Path::FlakeToUuid).await;
    killed_at_random_in_the_backfill_of(engine, Path::FlakeToUuid).await;
}

every_engine!(
    killed_at_every_step,
    killed_at_random_in_the_backfill,
    a_worker_of_an_earlier_attempt_writes_nothing,
    killed_on_the_way_from_a_sequence,
    killed_on_the_way_from_snowflakes
);
