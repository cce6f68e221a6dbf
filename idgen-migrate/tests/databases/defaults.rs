//! References whose column has a default: what an app does not name is no id that it gave.

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Migration, Options, Phase};

use crate::course::advance_to;
use crate::references::{patient, torn};
use crate::server::{Database, run};
use crate::shop::flakes;

/// Customers, and orders that are the first customer's unless somebody says otherwise.
async fn shop(engine: Engine, default: &str) -> Database {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id))".to_owned(),
        format!(
            "CREATE TABLE o (n INTEGER NOT NULL, c_id BIGINT NOT NULL DEFAULT {default}, \
             CONSTRAINT o_pkey PRIMARY KEY (n), CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id))"
        ),
        "INSERT INTO c (id) VALUES (1), (2)".into(),
        "INSERT INTO o (n, c_id) VALUES (1, 1), (2, 2)".into(),
    ] {
        run(&mut session, &sql).await;
    }
    database
}

async fn a_reference_by_its_new_id_alone_is_not_the_default_of_the_old_one(engine: Engine) {
    for keep_key in [false, true] {
        let database = shop(engine, "1").await;
        let mut session = database.session().await;
        let wish = Wish { keep_key, ..Wish::new("c", flakes()) };
        let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
        let accepted = vec!["lost".into(), "shadow".into()];
        let options = Options { accepted, ..patient() };
        let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
        let phases: Vec<_> = plan.phases().filter(|phase| *phase < Phase::Contracted).collect();
        let mut n = 10;
        for phase in &phases[4..] {
            advance_to(&mut migration, *phase).await;
            for (columns, values, expected) in [
                ("c_id_new", "id_new FROM c WHERE id = 2", 2),
                ("c_id_new", "id_new FROM c WHERE id = 1", 1),
                ("c_id, c_id_new", "id, id_new FROM c WHERE id = 1", 1),
                ("c_id, c_id_new", "id, id_new FROM c WHERE id = 2", 2),
                ("c_id", "1", 1),
                ("c_id", "2", 2),
                ("other", "7", 1),
            ] {
                n += 1;
                let insert = match columns {
                    "other" => format!("INSERT INTO o (n) VALUES ({n})"),
                    _ => format!("INSERT INTO o (n, {columns}) SELECT {n}, {values}"),
                };
                run(&mut session, &insert).await;
                let found = format!("SELECT c_id FROM o WHERE n = {n}");
                let found = session.number(&found, &[]).await.unwrap();
                assert_eq!(found, expected, "{phase}: {insert}");
                assert_eq!(torn(&mut session, "o", "c_id").await, 0, "{phase}: {insert}");
            }
        }
    }
}

async fn a_default_that_cannot_be_told_from_an_id_stops_the_plan(engine: Engine, default: &str) {
    let database = shop(engine, default).await;
    let wish = Wish::new("c", flakes());
    let plan = survey(&mut database.session().await, &wish, &SystemClock).await.unwrap();
    let accepted = plan.findings.iter().map(|finding| finding.name.clone()).collect();
    let options = Options { accepted, ..patient() };
    let error = Migration::begin(&database.address, &plan, options).await.unwrap_err();
    let Error::Gate { reasons, .. } = &error else { panic!("{error}") };
    assert!(reasons.contains("c_id of o") && reasons.contains("(defaults)"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_default_is_not_taken_for_an_id_that_was_given() {
    a_reference_by_its_new_id_alone_is_not_the_default_of_the_old_one(Engine::Postgres).await;
    let made = "(floor(random() * 2) + 1)";
    a_default_that_cannot_be_told_from_an_id_stops_the_plan(Engine::Postgres, made).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_a_default_is_not_taken_for_an_id_that_was_given() {
    a_reference_by_its_new_id_alone_is_not_the_default_of_the_old_one(Engine::Sqlite).await;
    let made = "(abs(random()) % 2 + 1)";
    a_default_that_cannot_be_told_from_an_id_stops_the_plan(Engine::Sqlite, made).await;
}
