//! Stopped in the middle, and then the other way: what was begun is taken back whole, or goes on.

use std::time::Duration;

use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Failpoints, Migration, Options, Phase};

use crate::course::{advance_to, begin};
use crate::crashes::{CUSTOMERS, Left, shop, small, undisturbed};
use crate::rollback::write;
use crate::server::{Database, run};
use crate::shop::Path;
use crate::{dump, every_engine};

async fn open(database: &Database, options: Options) -> Migration {
    Migration::open(&database.address, "customers", options).await.unwrap()
}

async fn stopping_at(database: &Database, number: usize) -> Migration {
    open(database, Options { failpoints: Failpoints::stop_at(number), ..small() }).await
}

/// Writes as an app does in this phase, and takes it away again.
async fn app(database: &Database, path: Path, phase: Phase) {
    let mut session = database.session().await;
    write(&mut session, path, phase, 1_000).await;
    run(&mut session, "DELETE FROM customers WHERE name = 'meanwhile'").await;
}

/// Whether a failpoint lies between steps, where it has to be known where they lead.
fn is_in_the_middle(name: &str) -> bool {
    name.starts_with("before: ") || name.starts_with("after: ")
}

/// Goes on until the failpoint of this number; none where it went on to the end.
async fn on_until(database: &Database, number: usize) -> Option<String> {
    loop {
        match stopping_at(database, number).await.advance().await {
            Ok(_) => return None,
            Err(Error::Failpoint(name)) => return Some(name),
            Err(Error::Gate { reasons, .. }) if reasons.contains("(fence)") => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error} on to {number}"),
        }
    }
}

/// Goes back until the failpoint of this number; none where it went back to the end.
async fn back_until(database: &Database, number: usize) -> Option<String> {
    match stopping_at(database, number).await.roll_back().await {
        Ok(_) => None,
        Err(Error::Failpoint(name)) => Some(name),
        Err(error) => panic!("{error} back to {number}"),
    }
}

/// From the middle of a way back nothing goes on; it goes back to its end.
async fn ends_back(database: &Database, path: Path) {
    let mut migration = open(database, small()).await;
    app(database, path, migration.phase()).await;
    if migration.under_way().is_some_and(|to| to <= migration.phase()) {
        let error = migration.advance().await.unwrap_err();
        assert!(matches!(error, Error::UnderWay { .. }), "{error}");
        assert!(migration.status().await.unwrap().next.is_none());
    }
    migration.roll_back().await.unwrap();
}

/// Stopped at every step of every way on, and taken back from there; and stopped on the way back as well, at
/// every step of it on SQLite, and elsewhere at one after the other.
async fn every_way_on_is_taken_back_from_its_middle(engine: Engine) {
    every_way_on_of(engine, Path::UuidToFlake).await;
}

async fn every_way_on_of(engine: Engine, path: Path) {
    let database = shop(engine, path, CUSTOMERS).await;
    drop(begin(&database, path, small()).await);
    let (mut turned, mut twice) = (0, 0);
    loop {
        let phase = open(&database, small()).await.phase();
        if phase == Phase::OldWritesStopped {
            break;
        }
        let before = dump::standing(&database).await;
        let (mut number, mut back) = (0, 0);
        while let Some(name) = on_until(&database, number).await {
            let migration = open(&database, small()).await;
            if migration.phase() != phase {
                break;
            }
            app(&database, path, phase).await;
            assert!(migration.under_way() == phase.next() || !is_in_the_middle(&name), "{name}");
            // After a step is before the next one.
            if migration.under_way().is_none() || name.starts_with("after: ") {
                number += 1;
                continue;
            }
            drop(migration);
            turned += 1;
            let stopped = back_until(&database, back).await;
            if stopped.is_some() {
                twice += 1;
            }
            let now = open(&database, small()).await;
            let ended = now.under_way().is_none();
            drop(now);
            if !ended {
                ends_back(&database, path).await;
            }
            let now = open(&database, small()).await;
            assert_eq!((now.phase(), now.under_way()), (phase, None), "{name}, {stopped:?}");
            assert_eq!(dump::standing(&database).await, before, "{phase}: {name}, {stopped:?}");
            // Before it is under way, before its first step, and before each other one.
            back = match back {
                _ if ended => 0,
                0 => 1,
                _ => back + 2,
            };
            // The same stop again, until its way back was stopped everywhere.
            number += usize::from(ended || engine != Engine::Sqlite);
        }
    }
    println!("{engine:?}: taken back {turned} times, and stopped on {twice} of them");
    let least = if engine == Engine::Sqlite { (80, 60) } else { (25, 20) };
    assert!(turned > least.0 && twice > least.1, "{turned}, {twice}");
    let left = Left::by(&database, open(&database, small()).await).await;
    assert_eq!(left, undisturbed(engine, path, CUSTOMERS).await);
}

/// Stopped at every step of every way back, brought to its end from there, and on again.
async fn every_way_back_goes_on_from_its_middle(engine: Engine) {
    every_way_back_of(engine, Path::UuidToFlake).await;
}

async fn every_way_back_of(engine: Engine, path: Path) {
    let database = shop(engine, path, CUSTOMERS).await;
    let original = dump::schema(&database).await;
    let mut migration = begin(&database, path, small()).await;
    let mut stood = vec![dump::standing(&database).await];
    for phase in &Phase::ALL[1..10] {
        advance_to(&mut migration, *phase).await;
        stood.push(dump::standing(&database).await);
    }
    drop(migration);
    let mut stopped = 0;
    for (place, phase) in Phase::ALL.iter().enumerate().take(10).skip(1).rev() {
        let mut number = 0;
        while let Some(name) = back_until(&database, number).await {
            number += 1;
            let migration = open(&database, small()).await;
            if migration.phase() != *phase {
                break;
            }
            let back = Some(Phase::ALL[place - 1]);
            assert!(migration.under_way() == back || !is_in_the_middle(&name), "{name}");
            drop(migration);
            if name.starts_with("after: ") {
                continue;
            }
            stopped += 1;
            ends_back(&database, path).await;
            assert_eq!(dump::standing(&database).await, stood[place - 1], "{phase}: {name}");
            app(&database, path, Phase::ALL[place - 1]).await;
            advance_to(&mut open(&database, small()).await, *phase).await;
            assert_eq!(dump::standing(&database).await, stood[place], "{phase}: {name}");
        }
    }
    println!("{engine:?}: stopped on {stopped} ways back");
    assert!(stopped > if engine == Engine::Sqlite { 20 } else { 30 }, "{stopped}");
    let migration = open(&database, small()).await;
    assert_eq!(migration.phase(), Phase::Planned);
    assert_eq!(dump::schema(&database).await, original);
    let left = Left::by(&database, migration).await;
    assert_eq!(left, undisturbed(engine, path, CUSTOMERS).await);
}

async fn what_was_begun_is_not_forgotten(engine: Engine) {
    let path = Path::UuidToFlake;
    let database = shop(engine, path, 10).await;
    let original = dump::schema(&database).await;
    drop(begin(&database, path, small()).await);
    assert!(on_until(&database, 1).await.is_some());
    let error = open(&database, small()).await.forget().await.unwrap_err();
    assert!(matches!(error, Error::UnderWay { to: Phase::Expanded, .. }), "{error}");
    let mut migration = open(&database, small()).await;
    assert_eq!(migration.status().await.unwrap().back, Some(Phase::Planned));
    migration.roll_back().await.unwrap();
    assert_eq!(dump::schema(&database).await, original);
    migration.forget().await.unwrap();
}

/// Between all steps of the last phase an app writes rows with new ids alone, and rows that refer to them.
async fn rows_of_new_ids_alone_are_written_while_old_ones_go(engine: Engine) {
    while_old_ids_go(engine, Path::UuidToFlake).await;
}

async fn while_old_ids_go(engine: Engine, path: Path) {
    let database = shop(engine, path, CUSTOMERS).await;
    let mut migration = begin(&database, path, small()).await;
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    drop(migration);
    let mut session = database.session().await;
    let mut written = 0;
    loop {
        let mut migration = open(&database, small()).await;
        if migration.phase() == Phase::Contracted {
            break;
        }
        if migration.under_way().is_some() {
            assert!(matches!(migration.roll_back().await, Err(Error::NoWay { .. })));
        }
        drop(migration);
        let name = on_until(&database, usize::try_from(written).unwrap()).await;
        println!("{engine:?}: {name:?}");
        write(&mut session, path, Phase::OldWritesStopped, written).await;
        written += 1;
    }
    let whole = "SELECT count(*) FROM orders o JOIN customers c ON c.id_new = o.customer_id_new WHERE c.name = 'meanwhile'";
    assert_eq!(session.number(whole, &[]).await.unwrap(), i64::try_from(written).unwrap());
}

every_engine!(
    every_way_on_is_taken_back_from_its_middle,
    every_way_back_goes_on_from_its_middle,
    what_was_begun_is_not_forgotten,
    rows_of_new_ids_alone_are_written_while_old_ones_go
);

/// The other paths: on SQLite, and each on one server while its old ids go.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_rows_are_written_while_old_snowflakes_go() {
    while_old_ids_go(Engine::MariaDb, Path::FlakeToUuid).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_rows_are_written_while_numbers_of_a_sequence_go() {
    while_old_ids_go(Engine::Postgres, Path::SequenceToFlake).await;
}

async fn sqlite_turns(path: Path) {
    every_way_on_of(Engine::Sqlite, path).await;
    every_way_back_of(Engine::Sqlite, path).await;
    while_old_ids_go(Engine::Sqlite, path).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_turns_on_the_way_from_a_sequence() {
    sqlite_turns(Path::SequenceToFlake).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_turns_on_the_way_from_snowflakes() {
    sqlite_turns(Path::FlakeToUuid).await;
}
