//! What is told of a backfill while it is under way.

use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Failpoints, Migration, Options, Phase};

use crate::course::{advance_to, begin, options};
use crate::races::{PATH, shop};
use crate::server::run_past_triggers;

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

async fn a_status_reads_no_table_and_tells_what_was_found_last(engine: Engine) {
    let database = shop(engine, 60).await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    let mut session = database.session().await;
    let lost = "UPDATE customers SET id_new = NULL WHERE name = 'customer 7'";
    run_past_triggers(&mut session, "customers", lost).await;
    let status = migration.status().await.unwrap();
    assert!(status.gate.iter().all(|check| check.open && check.name != "missing"), "{status:?}");
    let [unasked] = &status.unasked[..] else { panic!("{:?}", status.unasked) };
    let (found, _) = unasked.last.clone().unwrap();
    assert!(unasked.name == "missing" && found.starts_with("0 rows of customers"), "{found}");
    // Who looks at all of it has it kept.
    let checks = migration.check().await.unwrap();
    let closed: Vec<_> = checks.iter().filter(|check| !check.open).collect();
    let told = "1 rows of customers lack id_new: they came past the triggers";
    assert!(closed.len() == 1 && closed[0].found.starts_with(told), "{closed:?}");
    let status = migration.status().await.unwrap();
    let (found, _) = status.unasked[0].last.clone().unwrap();
    assert!(found.starts_with("1 rows of customers lack id_new"), "{found}");
}

crate::every_engine!(
    a_backfill_tells_its_rate_and_what_is_left,
    a_status_reads_no_table_and_tells_what_was_found_last
);
