//! Old ids whose time cannot be: of the far future, and such as a trigger made up in an earlier attempt.

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Plan, Risk, Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::every_engine;
use crate::references::patient;
use crate::server::{Database, run};
use crate::shop::{self, Path, flakes, literal, now};

const PATH: Path = Path::FlakeToUuid;

async fn shop(engine: Engine) -> (Database, Session) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, PATH).await;
    shop::fill(&mut session, PATH, 60).await;
    (database, session)
}

async fn begun(database: &Database, wish: &Wish) -> (Plan, Migration) {
    let plan = survey(&mut database.session().await, wish, &SystemClock).await.unwrap();
    let migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    (plan, migration)
}

async fn ids_of_times_that_cannot_be_are_found_and_keep_their_place(engine: Engine) {
    let (database, mut session) = shop(engine).await;
    let created = now(engine);
    // The greatest number that there is, of 2089, and one that was made up before.
    for id in ["9223372036854775807", "-2"] {
        let sql = format!(
            "INSERT INTO customers (id, name, created_at) VALUES ({id}, 'outlying', {created})"
        );
        run(&mut session, &sql).await;
    }
    let (plan, mut migration) = begun(&database, &PATH.wish()).await;
    let found: Vec<_> = plan.findings.iter().filter(|found| found.risk == Risk::Care).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].what.contains("1 rows") && found[0].what.contains("-2"), "{found:?}");
    assert!(
        found[1].what.contains("1 rows") && found[1].what.contains("9223372036854775807"),
        "{found:?}"
    );
    let evidence = advance_to(&mut migration, Phase::Verified).await;
    let report = evidence.last().and_then(|evidence| evidence.report.clone()).unwrap();
    assert_eq!((report.rows, report.makers.backfill, report.faults()), (62, 62, Vec::new()));
}

/// Goes through all phases twice, with a way back in between, and writes new ids alone late in each.
async fn twice(database: &Database, wish: &Wish, insert: impl Fn(u32) -> String) {
    let mut session = database.session().await;
    for attempt in 0..2 {
        let (plan, mut migration) = begun(database, wish).await;
        assert_eq!(plan.findings.len(), attempt, "{:?}", plan.findings);
        advance_to(&mut migration, Phase::OldWritesStopped).await;
        for number in 0..2 {
            run(&mut session, &insert(number)).await;
        }
        if attempt == 1 {
            advance_to(&mut migration, Phase::Contracted).await;
            return;
        }
        back_to_planned(&mut migration).await;
        migration.forget().await.unwrap();
    }
}

async fn ids_that_were_made_up_bar_no_later_attempt(engine: Engine) {
    let (database, _) = shop(engine).await;
    let insert = |number| {
        let uuid = format!("01900000-0000-7000-8001-{number:012x}");
        let (id, now) = (literal(engine, PATH, &uuid, true), now(engine));
        format!("INSERT INTO customers (id_new, name, created_at) VALUES ({id}, 'late', {now})")
    };
    twice(&database, &PATH.wish(), insert).await;
}

every_engine!(
    ids_of_times_that_cannot_be_are_found_and_keep_their_place,
    ids_that_were_made_up_bar_no_later_attempt
);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_ids_that_were_made_up_from_the_greatest_downwards_bar_none() {
    let database = Database::new(Engine::MariaDb).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE TABLE c (id BIGINT UNSIGNED NOT NULL PRIMARY KEY)").await;
    for number in 0..5 {
        let id = shop::old_id(PATH, number);
        run(&mut session, &format!("INSERT INTO c VALUES ({id})")).await;
    }
    let wish = Wish { source: Some(flakes()), ..PATH.wish() };
    let wish = Wish { table: "c".into(), ..wish };
    let insert =
        |number| format!("INSERT INTO c (id_new) VALUES (x'01900000000070008001{number:012x}')");
    twice(&database, &wish, insert).await;
}
