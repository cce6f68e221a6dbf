//! What is MariaDB's alone: how long its server waits, how it changes tables, what it changes by itself, and numbers
//! without a sign.

use std::sync::{Arc, Mutex};

use idgen_migrate::plan::{Plan, Wish};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Options, Phase, Watch};

use crate::course::advance_to;
use crate::odd::{planned, read_by_another};
use crate::references::{begun, patient, shop, torn};
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

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_columns_that_become_the_time_of_an_update_stay_what_they_are() {
    let database = shop(Engine::MariaDb).await;
    let mut session = database.session().await;
    let touched = |name: &str| {
        format!("{name} TIMESTAMP(6) NOT NULL DEFAULT '2001-01-01' ON UPDATE CURRENT_TIMESTAMP(6)")
    };
    for sql in [
        format!("ALTER TABLE c ADD COLUMN {}", touched("at")),
        format!("ALTER TABLE o ADD COLUMN {}, ADD COLUMN {}", touched("at"), touched("also")),
        format!(
            "CREATE TABLE l (n INTEGER PRIMARY KEY, c_id BIGINT, {}, \
             CONSTRAINT l_c FOREIGN KEY (c_id) REFERENCES c (id) ON DELETE SET NULL)",
            touched("at")
        ),
        "INSERT INTO c (id) VALUES (3)".into(),
        "INSERT INTO l (n, c_id) VALUES (1, 1), (2, 3)".into(),
    ] {
        run(&mut session, &sql).await;
    }
    let mut migration = begun(&database).await;
    for phase in &Phase::ALL[1..10] {
        advance_to(&mut migration, *phase).await;
        match phase {
            // Also one that the plan does not know.
            Phase::Expanded => {
                run(&mut session, &format!("ALTER TABLE o ADD COLUMN {}", touched("late"))).await;
            }
            // By a cascade, which no trigger follows.
            Phase::Backfilled => run(&mut session, "DELETE FROM c WHERE id = 3").await,
            _ => {}
        }
        are_as_they_were(&mut session, *phase).await;
    }
    while migration.phase() > Phase::Planned {
        migration.roll_back().await.unwrap();
        are_as_they_were(&mut session, migration.phase()).await;
    }
    run(&mut session, "ALTER TABLE o DROP COLUMN late").await;
    advance_to(&mut migration, Phase::Contracted).await;
    are_as_they_were(&mut session, Phase::Contracted).await;
}

/// Nothing has touched any row of the three tables.
async fn are_as_they_were(session: &mut Session, phase: Phase) {
    for (table, columns) in [("c", "at"), ("o", "at, also"), ("l", "at")] {
        let now =
            format!("SELECT count(*) FROM {table} WHERE YEAR(greatest({columns}, at)) <> 2001");
        assert_eq!(session.number(&now, &[]).await.unwrap(), 0, "{phase}: {table}");
    }
    let late = "SELECT count(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND column_name = 'late'";
    if session.number(late, &[]).await.unwrap() == 1 {
        let now = "SELECT count(*) FROM o WHERE YEAR(late) <> 2001";
        assert_eq!(session.number(now, &[]).await.unwrap(), 0, "{phase}: late");
    }
}
