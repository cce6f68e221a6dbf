//! What is MariaDB's alone: how long its server waits, how it changes tables, and numbers without a sign.

use std::sync::{Arc, Mutex};

use idgen_migrate::plan::{Plan, Wish};
use idgen_migrate::session::Engine;
use idgen_migrate::{Migration, Options, Phase, Watch};

use crate::course::advance_to;
use crate::odd::{planned, read_by_another};
use crate::references::{patient, shop, torn};
use crate::server::{Database, run};
use crate::shop::flakes;

/// Ends what stands in the way when it is first told of.
struct Ends(Mutex<Option<tokio::sync::oneshot::Sender<()>>>);

impl Watch for Ends {
    fn waits(&self, _why: &str) {
        if let Some(end) = self.0.lock().unwrap().take() {
            end.send(()).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_wait_is_told_as_long_as_the_server_made_it() {
    let (database, mut other) = read_by_another(Engine::MariaDb).await;
    let (end, ended) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        ended.await.unwrap();
        run(&mut other, "COMMIT").await;
    });
    // Of 50 ms that are asked for the server makes a second, for which all others wait.
    let watch = Arc::new(Ends(Mutex::new(Some(end))));
    let options = Options { watch, ..patient() };
    let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
    let evidence = migration.advance().await.unwrap();
    assert!(evidence.longest_lock_millis > 900, "{evidence:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_table_is_written_anew_only_where_the_plan_says_so() {
    let told =
        |plan: &Plan| plan.findings.iter().any(|of| of.what.starts_with("o is written anew"));
    // What came after the plan is not done under a lock: the server refuses it.
    let database = shop(Engine::MariaDb).await;
    let mut session = database.session().await;
    let plan = planned(&database, &Wish::new("c", flakes())).await;
    assert!(!told(&plan), "{:?}", plan.findings);
    run(&mut session, "ALTER TABLE o ROW_FORMAT = COMPRESSED").await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    let error = migration.advance().await.unwrap_err();
    assert!(error.to_string().contains("ALGORITHM=INSTANT is not supported"), "{error}");
    run(&mut session, "ALTER TABLE o ROW_FORMAT = DYNAMIC").await;
    advance_to(&mut migration, Phase::Contracted).await;

    let database = shop(Engine::MariaDb).await;
    let mut session = database.session().await;
    run(&mut session, "ALTER TABLE o ROW_FORMAT = COMPRESSED").await;
    let plan = planned(&database, &Wish::new("c", flakes())).await;
    assert!(told(&plan), "{:?}", plan.findings);
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    while migration.phase() > Phase::Planned {
        migration.roll_back().await.unwrap();
    }
    advance_to(&mut migration, Phase::Contracted).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_numbers_past_those_with_a_sign_are_read_as_they_are() {
    let database = Database::new(Engine::MariaDb).await;
    let mut session = database.session().await;
    let ids = ["1", "9223372036854775807", "9223372036854775808", "18446744073709551615"];
    for sql in [
        "CREATE TABLE c (id BIGINT UNSIGNED NOT NULL PRIMARY KEY)".to_owned(),
        "CREATE TABLE o (c_id BIGINT UNSIGNED NOT NULL, n INT, PRIMARY KEY (c_id, n), \
         FOREIGN KEY (c_id) REFERENCES c (id))"
            .into(),
        format!("INSERT INTO c VALUES ({})", ids.join("), (")),
        format!("INSERT INTO o VALUES ({}, 1)", ids.join(", 1), (")),
    ] {
        run(&mut session, &sql).await;
    }
    let plan = planned(&database, &Wish::new("c", flakes())).await;
    // Each id is the bound of a chunk.
    let options = Options { chunk_rows: 1, ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    advance_to(&mut migration, Phase::Verified).await;
    let mut pairs = Vec::new();
    let mut each = |old, new: String| {
        pairs.push((new.parse::<u64>().unwrap(), old));
        Ok(())
    };
    migration.export(&mut each).await.unwrap();
    pairs.sort_unstable();
    let exported: Vec<String> = pairs.into_iter().map(|(_, old)| old).collect();
    assert_eq!(exported, ids, "in the order of their numbers, as they are");
    assert_eq!(torn(&mut session, "o", "c_id").await, 0);
    advance_to(&mut migration, Phase::Contracted).await;
}
