//! Transactions that began before the new ids were there, and refer to rows that have them by now.

use std::time::Duration;

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned, begin, options};
use crate::races::{PATH, shop};
use crate::references::patient;
use crate::server::{Database, run};
use crate::shop::{flakes, now, old_id};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_an_old_snapshot_is_outlived() {
    let database = shop(Engine::Postgres, 60).await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    drop(migration);
    let mut old = database.session().await;
    run(&mut old, "BEGIN ISOLATION LEVEL REPEATABLE READ").await;
    run(&mut old, "SELECT count(*) FROM customers").await;
    // Nobody else is waited for so briefly, on a machine that may be busy.
    let open = async |options| Migration::open(&database.address, "customers", options).await;
    let impatient = Options { patience: Duration::from_millis(100), ..options() };
    let error = open(impatient).await.unwrap().advance().await.unwrap_err();
    assert!(matches!(&error, Error::OldSnapshots { who, .. } if who.contains("pid")), "{error}");
    // It writes what its snapshot makes of it: a reference whose new id it cannot see.
    let id = old_id(PATH, 3);
    run(&mut old, &format!("INSERT INTO orders (customer_id, number) VALUES ('{id}', 77)")).await;
    run(&mut old, "COMMIT").await;
    let lacking = "SELECT count(*) FROM orders WHERE number = 77 AND customer_id_new IS NULL";
    assert_eq!(old.number(lacking, &[]).await.unwrap(), 1);
    let mut migration = open(options()).await.unwrap();
    advance_to(&mut migration, Phase::Verified).await;
    assert_eq!(old.number(lacking, &[]).await.unwrap(), 0);
}

/// Of the sessions of other roles it sees no more than that they are in a transaction.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_role_that_may_not_look_outlives_old_snapshots_too() {
    let database = Database::new(Engine::Postgres).await;
    let mut session = database.session().await;
    let role = format!("operator_{}", std::process::id());
    let name = database.address.rsplit('/').next().unwrap();
    for sql in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("GRANT CREATE ON DATABASE {name} TO {role}"),
        format!("ALTER SCHEMA public OWNER TO {role}"),
        "CREATE TABLE c (id BIGINT PRIMARY KEY)".into(),
        "INSERT INTO c VALUES (1), (2)".into(),
        format!("ALTER TABLE c OWNER TO {role}"),
    ] {
        run(&mut session, &sql).await;
    }
    let address = database.address.replace("idgen@", &format!("{role}@"));
    let (mut own, wish) = (Session::connect(&address).await.unwrap(), Wish::new("c", flakes()));
    let plan = survey(&mut own, &wish, &SystemClock).await.unwrap();
    let mut migration = Migration::begin(&address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Backfilling).await;
    drop(migration);
    // A session of another role, which is in no transaction, is nobody that is waited for.
    let mut old = database.session().await;
    run(&mut old, "BEGIN ISOLATION LEVEL REPEATABLE READ").await;
    run(&mut old, "SELECT count(*) FROM c").await;
    let open = async |options| Migration::open(&address, "c", options).await;
    let impatient = Options { patience: Duration::from_millis(100), ..patient() };
    let error = open(impatient).await.unwrap().advance().await.unwrap_err();
    assert!(matches!(&error, Error::OldSnapshots { count: 1, .. }), "{error}");
    run(&mut old, "COMMIT").await;
    let mut migration = open(patient()).await.unwrap();
    advance_to(&mut migration, Phase::Backfilled).await;
    back_to_planned(&mut migration).await;
    migration.forget().await.unwrap();
    run(
        &mut session,
        &format!("REASSIGN OWNED BY {role} TO idgen; DROP OWNED BY {role}; DROP ROLE {role}"),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_row_beyond_the_snapshot_is_referred_to_by_a_retry() {
    let database = shop(Engine::Postgres, 20).await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::Constrained).await;
    let (mut old, mut other) = (database.session().await, database.session().await);
    let insert =
        format!("INSERT INTO orders (customer_id, number) VALUES ('{}', 77)", old_id(PATH, 99));
    run(&mut old, "BEGIN ISOLATION LEVEL REPEATABLE READ").await;
    run(&mut old, "SELECT count(*) FROM customers").await;
    let join = format!(
        "INSERT INTO customers (id, name, created_at) VALUES ('{}', 'late', {})",
        old_id(PATH, 99),
        now(Engine::Postgres)
    );
    run(&mut other, &join).await;
    let error = old.run(&insert).await.unwrap_err();
    assert!(error.is_retryable() && format!("{error:?}").contains("40001"), "{error:?}");
    run(&mut old, "ROLLBACK").await;
    run(&mut old, &insert).await;
    assert_eq!(migration.verify().await.unwrap().faults(), []);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_an_old_snapshot_refers_by_what_is_committed() {
    let database = shop(Engine::MariaDb, 60).await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    let mut old = database.session().await;
    run(&mut old, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await;
    run(&mut old, "BEGIN").await;
    let unseen = format!(
        "SELECT count(*) FROM customers WHERE id = '{}' AND id_new IS NULL",
        old_id(PATH, 3)
    );
    assert_eq!(old.number(&unseen, &[]).await.unwrap(), 1);
    advance_to(&mut migration, Phase::Backfilled).await;
    assert_eq!(old.number(&unseen, &[]).await.unwrap(), 1, "its snapshot is from before");
    let insert =
        format!("INSERT INTO orders (customer_id, number) VALUES ('{}', 77)", old_id(PATH, 3));
    run(&mut old, &insert).await;
    run(&mut old, "COMMIT").await;
    let lacking = "SELECT count(*) FROM orders WHERE number = 77 AND customer_id_new IS NULL";
    assert_eq!(old.number(lacking, &[]).await.unwrap(), 0);
    advance_to(&mut migration, Phase::Verified).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_an_old_snapshot_cannot_write_and_is_retried() {
    let database = shop(Engine::Sqlite, 60).await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    let mut old = database.session().await;
    run(&mut old, "BEGIN").await;
    assert_eq!(old.number("SELECT count(id_new) FROM customers", &[]).await.unwrap(), 0);
    advance_to(&mut migration, Phase::Backfilled).await;
    let insert =
        format!("INSERT INTO orders (customer_id, number) VALUES ('{}', 77)", old_id(PATH, 3));
    let error = old.run(&insert).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    run(&mut old, "ROLLBACK").await;
    run(&mut old, &insert).await;
    let lacking = "SELECT count(*) FROM orders WHERE number = 77 AND customer_id_new IS NULL";
    assert_eq!(old.number(lacking, &[]).await.unwrap(), 0);
    advance_to(&mut migration, Phase::Verified).await;
}
