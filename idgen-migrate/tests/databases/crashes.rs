//! Killed at every step, and at random times in the backfill: what is resumed ends as if undisturbed.

use std::time::Duration;

use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Failpoints, Migration, Options, Phase};
use idgen_testkit::SplitMix64;

use crate::course::{advance_to, begin, options};
use crate::server::Database;
use crate::shop::{self, Path};
use crate::{dump, every_engine};

pub(crate) const CUSTOMERS: u64 = 60;

pub(crate) fn small() -> Options {
    Options { chunk_rows: 25, workers: 1, quiet: Duration::ZERO, ..options() }
}

pub(crate) async fn shop(engine: Engine, path: Path, customers: u64) -> Database {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, path).await;
    shop::fill(&mut session, path, customers).await;
    database
}

/// What an undisturbed run leaves, before the old ids go.
pub(crate) async fn undisturbed(engine: Engine, path: Path, customers: u64) -> Vec<String> {
    let database = shop(engine, path, customers).await;
    let mut migration = begin(&database, path, small()).await;
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    dump::contents(&mut database.session().await).await
}

async fn killed_at_every_step(engine: Engine) {
    let path = Path::UuidToFlake;
    let database = shop(engine, path, CUSTOMERS).await;
    drop(begin(&database, path, small()).await);
    let mut stopped = Vec::new();
    let mut contents = Vec::new();
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
        if phase == Phase::OldWritesStopped && contents.is_empty() {
            contents = dump::contents(&mut database.session().await).await;
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
    assert_eq!(contents, undisturbed(engine, path, CUSTOMERS).await);
}

async fn killed_at_random_in_the_backfill(engine: Engine) {
    let path = Path::UuidToFlake;
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
                Err(error) => panic!("{error}"),
            },
            () = killed => kills += 1,
        }
    }
    println!("{engine:?}: killed {kills} times");
    assert!(kills > 3, "killed {kills} times only");
    let mut migration = Migration::open(&database.address, "customers", small()).await.unwrap();
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    let contents = dump::contents(&mut database.session().await).await;
    assert_eq!(contents, undisturbed(engine, path, customers).await);
}

every_engine!(killed_at_every_step, killed_at_random_in_the_backfill);
