//! Several migrations in one database, and instances of apps that outlive one.

use std::time::Duration;

use idgen_core::clock::SystemClock;
use idgen_migrate::app::Live;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::every_engine;
use crate::references::{begun, patient, planned, shop, torn};
use crate::server::{Database, run};
use crate::shop::flakes;

async fn two_that_share_a_table_keep_their_triggers_apart(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE p (id BIGINT NOT NULL, parent BIGINT, CONSTRAINT p_pkey PRIMARY KEY (id), \
         CONSTRAINT p_parent FOREIGN KEY (parent) REFERENCES p (id))",
        "ALTER TABLE o ADD COLUMN p_id BIGINT REFERENCES p (id)",
        "INSERT INTO p (id) VALUES (1)",
    ] {
        run(&mut session, sql).await;
    }
    let mut first = begun(&database).await;
    advance_to(&mut first, Phase::Verified).await;
    let plan = planned(&database, "p").await;
    let second = Migration::begin(&database.address, &plan, patient()).await;
    if engine == Engine::Sqlite {
        // There a table is made anew by one plan at a time.
        let error = second.unwrap_err();
        assert!(error.to_string().contains("migration c"), "{error}");
        return;
    }
    let mut second = second.unwrap();
    advance_to(&mut second, Phase::Expanded).await;
    run(&mut session, "INSERT INTO o (n, c_id, p_id) VALUES (9, 2, 1)").await;
    assert_eq!(torn(&mut session, "o", "c_id").await, 0);
    let there = "SELECT count(*) FROM o WHERE n = 9 AND p_id_new IS NULL";
    assert_eq!(
        session.number(there, &[]).await.unwrap(),
        1,
        "p has no new ids for its old rows yet"
    );
    run(&mut session, "INSERT INTO p (id) VALUES (2)").await;
    run(&mut session, "INSERT INTO o (n, c_id, p_id) VALUES (10, 2, 2)").await;
    let there =
        "SELECT count(*) FROM o WHERE n = 10 AND p_id_new IS NOT NULL AND c_id_new IS NOT NULL";
    assert_eq!(session.number(there, &[]).await.unwrap(), 1);
    advance_to(&mut second, Phase::Contracted).await;
    advance_to(&mut first, Phase::Contracted).await;
}

async fn a_key_is_in_one_migration_at_a_time(engine: Engine) {
    let database = shop(engine).await;
    let _first = begun(&database).await;
    let wish = Wish { name: Some("again".into()), suffix: "_2".into(), ..Wish::new("c", flakes()) };
    let plan = survey(&mut database.session().await, &wish, &SystemClock).await.unwrap();
    let error = Migration::begin(&database.address, &plan, patient()).await.unwrap_err();
    assert!(error.to_string().contains("migration c"), "{error}");
    assert_eq!(Migration::all(&database.address).await.unwrap().len(), 1, "nothing was kept");
}

/// Whoever looks whether another one is at work on a column keeps its own before anybody else looks.
async fn of_two_that_begin_at_once_one_is_refused(engine: Engine) {
    let database = shop(engine).await;
    begun(&database).await.forget().await.unwrap();
    for round in 0..if engine == Engine::Sqlite { 12 } else { 3 } {
        let mut session = database.session().await;
        // Where readers are not held up, both look before either can write.
        let held = match engine {
            Engine::Postgres => "BEGIN; LOCK TABLE idgen_migrate.state IN EXCLUSIVE MODE",
            Engine::MariaDb => "LOCK TABLES idgen_migrate_state READ",
            Engine::Sqlite => "SELECT 1",
        };
        let (mut plans, mut both) = (Vec::new(), tokio::task::JoinSet::new());
        for number in 0..2 {
            let wish = Wish {
                name: Some(format!("round {round} of {number}")),
                suffix: format!("_{number}"),
                ..Wish::new("c", flakes())
            };
            plans.push(survey(&mut session, &wish, &SystemClock).await.unwrap());
        }
        run(&mut session, held).await;
        for plan in plans {
            let address = database.address.clone();
            both.spawn(async move { Migration::begin(&address, &plan, patient()).await });
        }
        if engine != Engine::Sqlite {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let released = if engine == Engine::Postgres { "COMMIT" } else { "UNLOCK TABLES" };
            run(&mut session, released).await;
        }
        let (kept, refused): (Vec<_>, Vec<_>) =
            both.join_all().await.into_iter().partition(Result::is_ok);
        let refused: Vec<_> = refused.into_iter().map(Result::unwrap_err).collect();
        assert!(matches!(refused.as_slice(), [Error::Shared { .. }]), "{round}: {refused:?}");
        for migration in kept {
            migration.unwrap().forget().await.unwrap();
        }
    }
}

async fn an_instance_outlives_its_migration(engine: Engine) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    let live = Live::join(&database.address, "c", "web-1").await.unwrap();
    while migration.phase() < Phase::Contracted {
        let next = migration.phase().next().unwrap();
        advance_to(&mut migration, next).await;
        assert_eq!(live.refresh().await.unwrap(), next);
    }
    let error = migration.forget().await.unwrap_err();
    assert!(matches!(&error, Error::Gate { reasons, .. } if reasons.contains("web-1")), "{error}");
    // A millisecond after its last report it is gone.
    let late = Options { instance_gone: Duration::ZERO, ..patient() };
    let forget = async || {
        let migration = Migration::open(&database.address, "c", late.clone()).await.unwrap();
        migration.forget().await
    };
    while let Err(error) = forget().await {
        assert!(matches!(error, Error::Gate { .. }), "{error}");
    }
    assert_eq!(live.refresh().await.unwrap(), Phase::Contracted, "old ids are gone all the same");
    assert_eq!(live.moment().unwrap().phase(), Phase::Contracted);
}

async fn an_instance_follows_a_migration_that_was_given_up(engine: Engine) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    let live = Live::join(&database.address, "c", "web-1").await.unwrap();
    advance_to(&mut migration, Phase::Expanded).await;
    assert_eq!(live.refresh().await.unwrap(), Phase::Expanded);
    migration.roll_back().await.unwrap();
    migration.forget().await.unwrap();
    assert_eq!(live.refresh().await.unwrap(), Phase::Planned);
}

async fn a_name_that_is_taken_is_found_by_the_plan(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE INDEX o_by_c_new ON o (other)").await;
    let wish = Wish::new("c", flakes());
    let error = survey(&mut session, &wish, &SystemClock).await.unwrap_err();
    assert!(error.to_string().contains("o_by_c_new"), "{error}");
    // One that comes later is nobody's twin, and stays.
    let database = shop(engine).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    run(&mut session, "CREATE INDEX o_by_c_new ON o (other)").await;
    assert!(migration.advance().await.is_err(), "the name is taken");
    let there = match engine {
        Engine::Postgres => "SELECT count(*) FROM pg_class WHERE relname = 'o_by_c_new'",
        Engine::MariaDb => {
            "SELECT count(*) FROM information_schema.statistics WHERE table_schema = database() AND index_name = 'o_by_c_new'"
        }
        Engine::Sqlite => "SELECT count(*) FROM sqlite_schema WHERE name = 'o_by_c_new'",
    };
    assert_eq!(session.number(there, &[]).await.unwrap(), 1, "it is still there");
}

every_engine!(
    two_that_share_a_table_keep_their_triggers_apart,
    a_key_is_in_one_migration_at_a_time,
    of_two_that_begin_at_once_one_is_refused,
    an_instance_outlives_its_migration,
    an_instance_follows_a_migration_that_was_given_up,
    a_name_that_is_taken_is_found_by_the_plan,
    long_names_are_cut_to_what_the_engine_allows
);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_names_of_triggers_are_one_migrations_also_where_they_read_alike() {
    let database = Database::new(Engine::MariaDb).await;
    let mut session = database.session().await;
    let mut migrations = Vec::new();
    for (name, table) in [("a", "b_c"), ("a_b", "c")] {
        run(&mut session, &format!("CREATE TABLE {table} (id BIGINT PRIMARY KEY)")).await;
        run(&mut session, &format!("INSERT INTO {table} VALUES (1)")).await;
        let wish = Wish { name: Some(name.into()), ..Wish::new(table, flakes()) };
        let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
        let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
        advance_to(&mut migration, Phase::Expanded).await;
        migrations.push(migration);
    }
    for table in ["b_c", "c"] {
        run(&mut session, &format!("INSERT INTO {table} (id) VALUES (2)")).await;
        let filled = format!("SELECT count(*) FROM {table} WHERE id = 2 AND id_new IS NOT NULL");
        assert_eq!(session.number(&filled, &[]).await.unwrap(), 1, "{table}");
    }
    for migration in &mut migrations {
        advance_to(migration, Phase::Contracted).await;
    }
}

async fn long_names_are_cut_to_what_the_engine_allows(engine: Engine) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    let (c, o) = ("c".repeat(63), "o".repeat(63));
    for sql in [
        format!("CREATE TABLE {c} (id BIGINT NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id))"),
        format!(
            "CREATE TABLE {o} (n INTEGER NOT NULL, c_id BIGINT, CONSTRAINT o_pkey PRIMARY KEY (n), \
             CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES {c} (id))"
        ),
        format!("INSERT INTO {c} VALUES (1), (2)"),
        format!("INSERT INTO {o} VALUES (1, 1)"),
    ] {
        run(&mut session, &sql).await;
    }
    let plan = planned(&database, &c).await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    back_to_planned(&mut migration).await;
    advance_to(&mut migration, Phase::Contracted).await;
}

/// Nobody who writes waits for the operator of another migration, whatever that is called.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_an_operators_lock_is_that_of_no_trigger() {
    let database = shop(Engine::Postgres).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE TABLE p (id BIGINT NOT NULL, CONSTRAINT p_pkey PRIMARY KEY (id))")
        .await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Expanded).await;
    drop(migration);
    let name = Some("c position".into());
    let wish = Wish { name, ..Wish::new("p", flakes()) };
    let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
    let mut other = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    other.advance().await.unwrap();
    run(&mut session, "SET lock_timeout = 200").await;
    run(&mut session, "INSERT INTO c (id) VALUES (3)").await;
}
