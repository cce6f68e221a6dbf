//! Back from each phase to the schema as it was, with the rows written meanwhile.

use std::time::Duration;

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::survey;
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Options, Phase};

use crate::course::{advance_to, options};
use crate::hurry::hurried;
use crate::instances::own;
use crate::server::{Database, run};
use crate::shop::{self, Path, literal, old_id};
use crate::{dump, every_engine};

const CUSTOMERS: u64 = 40;

/// Writes a customer and an order, as an app does in this phase.
pub(crate) async fn write(session: &mut Session, path: Path, phase: Phase, number: u64) {
    let engine = session.engine();
    let now = shop::now(engine);
    let id = literal(engine, path, &old_id(path, number), false);
    if phase < Phase::OldWritesStopped {
        run(
            session,
            &format!(
                "INSERT INTO customers (id, name, created_at) VALUES ({id}, 'meanwhile', {now})"
            ),
        )
        .await;
        run(session, &format!("INSERT INTO orders (customer_id, number) VALUES ({id}, 1)")).await;
        return;
    }
    // Of an app that knows new ids alone.
    let new = match path {
        Path::FlakeToUuid => format!("7fffffff-0000-7000-8000-{number:012x}"),
        _ => (1_u64 << 62 | number).to_string(),
    };
    let new = literal(engine, path, &new, true);
    run(
        session,
        &format!(
            "INSERT INTO customers (id_new, name, created_at) VALUES ({new}, 'meanwhile', {now})"
        ),
    )
    .await;
    run(session, &format!("INSERT INTO orders (customer_id_new, number) VALUES ({new}, 1)")).await;
}

async fn begun(database: &Database, path: Path, options: Options) -> Migration {
    let plan = survey(&mut database.session().await, &path.wish(), &SystemClock).await.unwrap();
    // What the trigger made up for an old snowflake has no time, and stays after a way back.
    let mut findings = plan.findings.iter();
    assert!(findings.all(|finding| finding.what.contains("outlying id")), "{:?}", plan.findings);
    Migration::begin(&database.address, &plan, options).await.unwrap()
}

async fn back_to_the_schema_as_it_was(engine: Engine) {
    back_of(engine, Path::UuidToFlake).await;
}

async fn back_of(engine: Engine, path: Path) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, path).await;
    shop::fill(&mut session, path, CUSTOMERS).await;
    let before = dump::schema(&database).await;
    let patient = hurried(Options { quiet: Duration::ZERO, chunk_rows: 15, ..options() });
    let (mut written, mut last) = (0, 0);
    let version = format!("SELECT version FROM {}", own(engine, "state"));
    for phase in &Phase::ALL[1..10] {
        let mut migration = begun(&database, path, patient.clone()).await;
        assert!(session.number(&version, &[]).await.unwrap() > last, "at {phase}");
        while migration.phase() < *phase {
            let next = migration.phase().next().unwrap();
            advance_to(&mut migration, next).await;
            write(&mut session, path, next, 1_000 + written).await;
            written += 1;
        }
        while migration.phase() > Phase::Planned {
            migration
                .roll_back()
                .await
                .unwrap_or_else(|error| panic!("back from {phase}: {error}"));
            // Every phase on the way back is one in which an app works.
            write(&mut session, path, Phase::Planned, 1_000 + written).await;
            written += 1;
        }
        // Whoever still is at work by one of its versions finds that none of the next one's is the same.
        last = session.number(&version, &[]).await.unwrap();
        migration.forget().await.unwrap();
        assert_eq!(dump::schema(&database).await, before, "back from {phase}");
        let (count, orders) = (
            session
                .number("SELECT count(*) FROM customers WHERE name = 'meanwhile'", &[])
                .await
                .unwrap(),
            "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.name = 'meanwhile'",
        );
        assert_eq!(count, i64::try_from(written).unwrap(), "back from {phase}");
        assert_eq!(session.number(orders, &[]).await.unwrap(), count, "back from {phase}");
    }
    // And the whole course after all of that.
    let mut migration = begun(&database, path, patient.clone()).await;
    advance_to(&mut migration, Phase::Contracted).await;
    let migration = Migration::open(&database.address, "customers", patient).await.unwrap();
    assert!(migration.steps_back().is_err(), "there is no way back from the last phase");
}

every_engine!(back_to_the_schema_as_it_was);

/// The other paths: on SQLite, and each on one server.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_back_on_the_way_from_a_sequence() {
    back_of(Engine::MariaDb, Path::SequenceToFlake).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_back_on_the_way_from_snowflakes() {
    back_of(Engine::Postgres, Path::FlakeToUuid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_back_on_the_other_ways() {
    for path in [Path::SequenceToFlake, Path::FlakeToUuid] {
        back_of(Engine::Sqlite, path).await;
    }
}
