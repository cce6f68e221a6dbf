//! What is told of a backfill while it is under way.

use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Failpoints, Migration, Options, Phase};

use crate::course::{advance_to, begin, options};
use crate::races::{PATH, shop};

async fn a_backfill_tells_its_rate_and_what_is_left(engine: Engine) {
    let database = shop(engine, 200).await;
    let small = || Options { chunk_rows: 20, workers: 1, ..options() };
    let mut migration = begin(&database, PATH, small()).await;
    let rows = |of: usize| migration.plan().tables[of].rows;
    let all: i64 = migration.plan().carriers.iter().map(|carrier| rows(carrier.table)).sum();
    advance_to(&mut migration, Phase::DualWrite).await;
    assert_eq!(migration.status().await.unwrap().filling, None);
    advance_to(&mut migration, Phase::Backfilling).await;
    let told = migration.status().await.unwrap().filling.unwrap();
    assert_eq!((told.rows_per_second, told.seconds_left), (None, None));
    let before = told.rows_left;
    assert_eq!(before, all, "what is not planned yet is known by the tables");
    drop(migration);

    // A crash after three chunks: of each there are four points, and one before them all.
    let three = Options { failpoints: Failpoints::stop_at(1 + 4 * 3), ..small() };
    let mut migration = Migration::open(&database.address, "customers", three).await.unwrap();
    assert!(matches!(migration.advance().await, Err(Error::Failpoint(_))));
    let told = migration.status().await.unwrap().filling.unwrap();
    assert_eq!(told.rows_left, before - 60);
    assert!(told.rows_per_second.is_some_and(|rate| rate > 0.0), "{told:?}");
    assert!(told.seconds_left.is_some_and(|left| left > 0.0), "{told:?}");
    drop(migration);

    let mut migration = Migration::open(&database.address, "customers", small()).await.unwrap();
    advance_to(&mut migration, Phase::Backfilled).await;
    assert_eq!(migration.status().await.unwrap().filling, None);
}

crate::every_engine!(a_backfill_tells_its_rate_and_what_is_left);
