//! Times of creation that are numbers, or no times at all.

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Risk, Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Options, Phase};

use crate::course::advance_to;
use crate::every_engine;
use crate::references::patient;
use crate::server::{Database, run};
use crate::shop::flakes;

/// A table whose rows were created then, and a session.
async fn table(engine: Engine, created: &str, times: &[&str]) -> (Database, Session) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    run(
        &mut session,
        &format!("CREATE TABLE d (id INTEGER NOT NULL, created_at {created}, CONSTRAINT d_pkey PRIMARY KEY (id))"),
    )
    .await;
    for (id, time) in times.iter().enumerate() {
        run(&mut session, &format!("INSERT INTO d VALUES ({id}, {time})")).await;
    }
    (database, session)
}

async fn numbers_are_seconds_or_milliseconds_by_their_size(engine: Engine) {
    for (kind, times, late, last) in [
        (
            "INTEGER",
            ["1650000000", "1650000001", "1650000002"],
            "1650000009",
            1_650_000_002_000_i64,
        ),
        (
            "BIGINT",
            ["1650000000000", "1650000001000", "1650000001999"],
            "1650000009000",
            1_650_000_001_999,
        ),
    ] {
        let (database, mut session) = table(engine, kind, &times).await;
        let plan = survey(&mut session, &Wish::new("d", flakes()), &SystemClock).await.unwrap();
        assert_eq!(plan.findings, [], "{kind}");
        let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
        // One that comes before the columns is of its own time too.
        run(&mut session, &format!("INSERT INTO d VALUES (9, {late})")).await;
        advance_to(&mut migration, Phase::Verified).await;
        let ids = session.rows("SELECT id_new FROM d ORDER BY id", &[]).await.unwrap();
        let made = ids.iter().map(|row| (row.integer(0).unwrap() >> 22) + 1_577_836_800_000);
        let times = [1_650_000_000_000, 1_650_000_001_000, last, 1_650_000_009_000];
        assert_eq!(made.collect::<Vec<_>>(), times, "{kind}");
    }
}

async fn most_rows_outlying_stop_the_plan_until_they_are_accepted(engine: Engine) {
    // Microseconds, which are milliseconds of the far future.
    let times = ["1650000000000000", "1650000000000001", "1650000000"];
    let (database, mut session) = table(engine, "BIGINT", &times).await;
    let plan = survey(&mut session, &Wish::new("d", flakes()), &SystemClock).await.unwrap();
    let [found] = &plan.findings[..] else { panic!("{:?}", plan.findings) };
    assert_eq!((found.risk, found.name.as_str()), (Risk::Stop, "outlying"));
    assert!(found.what.starts_with("2 rows have an outlying created_at"), "{}", found.what);
    let error = Migration::begin(&database.address, &plan, patient()).await.unwrap_err();
    assert!(error.to_string().contains("(outlying)"), "{error}");
    let mut accepting = patient();
    accepting.accepted.push("outlying".into());
    let mut migration = Migration::begin(&database.address, &plan, accepting).await.unwrap();
    advance_to(&mut migration, Phase::Verified).await;
    drop(migration);
    // Half of them are named.
    let options = Options { accepted: Vec::new(), ..patient() };
    let (database, mut session) = table(engine, "BIGINT", &times[1..]).await;
    let plan = survey(&mut session, &Wish::new("d", flakes()), &SystemClock).await.unwrap();
    assert_eq!(plan.findings[0].risk, Risk::Care, "{:?}", plan.findings);
    Migration::begin(&database.address, &plan, options).await.unwrap();
}

/// A column of a type that tells no time is refused by its name and type; where it is only named as if it did, it is
/// told of.
async fn refused(engine: Engine, kind: &str, time: &str, told: &str) {
    let (_database, mut session) = table(engine, kind, &[time]).await;
    let told = format!("created_at of d is of type {told}");
    let wish = Wish::new("d", flakes());
    let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
    assert!(plan.findings[0].what.starts_with(&told), "{:?}", plan.findings);
    let wish = Wish { created: Some("created_at".into()), ..wish };
    let error = survey(&mut session, &wish, &SystemClock).await.unwrap_err();
    assert!(error.to_string().starts_with(&told), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_types_that_tell_no_time_are_refused() {
    refused(Engine::Postgres, "text", "'2023-04-05'", "text").await;
    refused(Engine::Postgres, "numeric", "1650000000.5", "numeric").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_types_that_tell_no_time_are_refused() {
    refused(Engine::MariaDb, "VARCHAR(30)", "'2023-04-05'", "varchar(30)").await;
    refused(Engine::MariaDb, "DOUBLE", "1650000000.5", "double").await;
}

every_engine!(
    numbers_are_seconds_or_milliseconds_by_their_size,
    most_rows_outlying_stop_the_plan_until_they_are_accepted
);
