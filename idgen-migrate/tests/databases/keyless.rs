//! Tables without a key, which refer all the same: they are filled in chunks by where their rows lie.

use std::time::Duration;

use idgen_migrate::session::Engine;
use idgen_migrate::{Failpoints, Migration, Options, Phase};

use crate::course::advance_to;
use crate::every_engine;
use crate::references::{patient, planned, torn};
use crate::server::{Database, run};

const ROWS: i64 = 3_000;

async fn shop(engine: Engine) -> Database {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    let rows: Vec<_> = (0..ROWS).map(|n| format!("({}, 'note {n}')", n % 2 + 1)).collect();
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id))",
        "CREATE TABLE o (c_id BIGINT, note VARCHAR(100), CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id))",
        "INSERT INTO c (id) VALUES (1), (2)",
        &format!("INSERT INTO o (c_id, note) VALUES {}", rows.join(", ")),
    ] {
        run(&mut session, sql).await;
    }
    database
}

async fn a_table_without_a_key_is_filled_in_parts(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let plan = planned(&database, "c").await;
    let failpoints = Failpoints::default();
    let options = Options { chunk_rows: 100, failpoints: failpoints.clone(), ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    advance_to(&mut migration, Phase::Backfilling).await;
    // Rows that move, come and go before their turn.
    run(&mut session, "UPDATE o SET note = 'moved' WHERE c_id = 2").await;
    run(&mut session, "DELETE FROM o WHERE note = 'note 0'").await;
    run(&mut session, "INSERT INTO o (c_id) VALUES (2), (NULL)").await;
    advance_to(&mut migration, Phase::Backfilled).await;
    let passed = failpoints.passed();
    let chunks = passed.iter().filter(|name| *name == "chunk committed").count();
    // One of the customers; of the orders one on MariaDB, which shows of no row where it lies.
    if engine == Engine::MariaDb {
        assert_eq!(chunks, 2);
    } else {
        assert!(chunks > 15, "{chunks}");
    }
    assert_eq!(torn(&mut session, "o", "c_id").await, 0);
    advance_to(&mut migration, Phase::Contracted).await;
    let whole = "SELECT count(*) FROM o JOIN c ON c.id_new = o.c_id_new";
    assert_eq!(session.number(whole, &[]).await.unwrap(), ROWS);
}

every_engine!(a_table_without_a_key_is_filled_in_parts);

/// What is filled in one statement may take longer than an answer elsewhere: here it waits for a lock.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_table_that_is_filled_at_once_is_waited_for() {
    let database = shop(Engine::MariaDb).await;
    let mut session = database.session().await;
    let plan = planned(&database, "c").await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Backfilling).await;
    drop(migration);
    let options = Options { answer_within: Duration::from_secs(1), retries: 0, ..patient() };
    run(&mut session, "BEGIN").await;
    run(&mut session, "UPDATE o SET note = 'held' WHERE note = 'note 7'").await;
    let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
    let filled = tokio::spawn(async move { migration.advance().await.map(drop) });
    let mut watching = database.session().await;
    let waits = "SELECT count(*) FROM information_schema.processlist \
        WHERE db = DATABASE() AND info LIKE 'UPDATE%' AND time_ms > 2000";
    while watching.number(waits, &[]).await.unwrap() == 0 && !filled.is_finished() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    run(&mut session, "COMMIT").await;
    filled.await.unwrap().unwrap();
    assert_eq!(torn(&mut session, "o", "c_id").await, 0);
}
