//! Tables with a dot in their name.

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::Engine;
use idgen_migrate::{Migration, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::every_engine;
use crate::references::patient;
use crate::server::{Database, run};
use crate::shop::flakes;

async fn a_name_with_a_dot_is_found_and_migrated(engine: Engine) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    let name = if engine == Engine::MariaDb { "`a.b`" } else { "\"a.b\"" };
    for sql in [
        format!("CREATE TABLE {name} (id BIGINT NOT NULL, CONSTRAINT a_pkey PRIMARY KEY (id))"),
        format!("INSERT INTO {name} VALUES (1), (2)"),
    ] {
        run(&mut session, &sql).await;
    }
    for wished in ["a.b", "\"a.b\""] {
        let plan = survey(&mut session, &Wish::new(wished, flakes()), &SystemClock).await.unwrap();
        assert_eq!((plan.root().name.as_str(), plan.root().rows), ("a.b", 2));
        let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
        advance_to(&mut migration, Phase::OldWritesStopped).await;
        if wished == "a.b" {
            back_to_planned(&mut migration).await;
            migration.forget().await.unwrap();
        } else {
            advance_to(&mut migration, Phase::Contracted).await;
        }
    }
    for wished in ["a.c", "b.a.b", "\"a\".\"b\""] {
        let error = survey(&mut session, &Wish::new(wished, flakes()), &SystemClock).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(&format!("there is no table {wished}")), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_the_name_as_it_stands_comes_before_a_schema() {
    let database = Database::new(Engine::Postgres).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE SCHEMA a",
        "CREATE SCHEMA \"s.t\"",
        "CREATE TABLE a.b (one BIGINT PRIMARY KEY)",
        "CREATE TABLE \"a.b\" (two BIGINT PRIMARY KEY)",
        "CREATE TABLE \"s.t\".u (three BIGINT PRIMARY KEY)",
    ] {
        run(&mut session, sql).await;
    }
    for (wished, key) in [
        ("a.b", "two"),
        ("public.a.b", "two"),
        ("\"a\".\"b\"", "one"),
        ("s.t.u", "three"),
        ("\"s.t\".\"u\"", "three"),
    ] {
        let plan = survey(&mut session, &Wish::new(wished, flakes()), &SystemClock).await.unwrap();
        assert_eq!(plan.key().column.name, key, "{wished}");
    }
}

every_engine!(a_name_with_a_dot_is_found_and_migrated);
