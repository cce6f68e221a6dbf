//! What is MariaDB's alone: how long its server waits, how it changes tables, what it changes by itself, and numbers
//! without a sign.

use std::sync::Arc;

use idgen_migrate::plan::{Plan, Wish};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Ladder, Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::heard::Heard;
use crate::odd::{planned, read_by_another};
use crate::references::{begun, patient, shop, torn};
use crate::server::{Database, run};
use crate::shop::flakes;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_wait_is_told_as_long_as_the_server_made_it() {
    let (database, mut other) = read_by_another(Engine::MariaDb).await;
    let heard = Arc::new(Heard::default());
    let told = Arc::clone(&heard);
    tokio::spawn(async move {
        // Whatever it says first.
        told.until("").await;
        run(&mut other, "COMMIT").await;
    });
    // Of 50 ms that are asked for the server makes a second, for which all others wait.
    let options = Options { watch: heard, ..patient() };
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
    back_to_planned(&mut migration).await;
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

/// Rows that name a reference by either id, by both and by none: each refers to whom it says, or to the default.
async fn names_whom_it_says(
    session: &mut Session,
    phase: Phase,
    one: &str,
    other: &str,
    n: &mut i64,
) {
    let id = format!("SELECT id_new FROM c WHERE id = '{other}'");
    let new = session.number(&id, &[]).await.unwrap();
    let seen = "SELECT CAST(sum(last) AS SIGNED) FROM idgen_migrate_c_position";
    for (columns, values, whom, is_seen) in [
        (", c_id_new", format!(", {new}"), other, false),
        (", c_id, c_id_new", format!(", '{other}', {new}"), other, false),
        (", c_id", format!(", '{other}'"), other, phase >= Phase::Swapped),
        ("", String::new(), one, false),
    ] {
        *n += 1;
        let before = session.number(seen, &[]).await.unwrap();
        run(session, &format!("INSERT INTO o (n{columns}) VALUES ({n}{values})")).await;
        let named = format!("SELECT count(*) FROM o WHERE n = {n} AND c_id = '{whom}'");
        assert_eq!(session.number(&named, &[]).await.unwrap(), 1, "{phase}: o{columns}");
        let after = session.number(seen, &[]).await.unwrap();
        assert_eq!(after > before, is_seen, "{phase}: o{columns}");
    }
    if phase >= Phase::Backfilled {
        *n += 1;
        let both = format!(
            "INSERT INTO o (n, c_id, c_id_new) SELECT {n}, id, id_new FROM c WHERE id = '{one}'"
        );
        run(session, &both).await;
        assert_eq!(torn(session, "o", "c_id").await, 0, "{phase}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_the_default_of_a_reference_is_taken_for_no_id_that_was_given() {
    for (kind, one, other) in [
        ("BIGINT", "1", "2"),
        ("VARCHAR(36) CHARACTER SET utf8mb4", "it''s one", "two"),
        ("UUID", "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"),
    ] {
        let database = Database::new(Engine::MariaDb).await;
        let mut session = database.session().await;
        for sql in [
            format!("CREATE TABLE c (id {kind} NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id))"),
            format!(
                "CREATE TABLE o (n INTEGER NOT NULL PRIMARY KEY, c_id {kind} NOT NULL DEFAULT '{one}', \
                 CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id))"
            ),
            format!("INSERT INTO c VALUES ('{one}')"),
            "INSERT INTO o (n) VALUES (1)".into(),
        ] {
            run(&mut session, &sql).await;
        }
        let plan = planned(&database, &Wish::new("c", flakes())).await;
        let options = Options { accepted: vec!["shadow".into(), "lost".into()], ..patient() };
        let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
        let mut n = 1;
        for phase in &Phase::ALL[1..10] {
            advance_to(&mut migration, *phase).await;
            if *phase == Phase::Expanded {
                run(&mut session, &format!("INSERT INTO c (id) VALUES ('{other}')")).await;
            }
            names_whom_it_says(&mut session, *phase, one, other, &mut n).await;
        }
        advance_to(&mut migration, Phase::Contracted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_default_that_no_trigger_can_tell_stops_the_plan() {
    for (kind, default) in
        [("BIGINT", "(3 - 2)"), ("BINARY(16)", "X'0102030405060708090A0B0C0D0E0FFF'")]
    {
        let database = Database::new(Engine::MariaDb).await;
        let mut session = database.session().await;
        run(&mut session, &format!("CREATE TABLE c (id {kind} PRIMARY KEY)")).await;
        let made = format!(
            "CREATE TABLE o (n INTEGER PRIMARY KEY, c_id {kind} DEFAULT {default} REFERENCES c (id))"
        );
        run(&mut session, &made).await;
        let plan = planned(&database, &Wish::new("c", flakes())).await;
        let options = Options { accepted: vec!["lost".into()], ..patient() };
        let error = Migration::begin(&database.address, &plan, options).await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains("c_id of o has") && told.contains("(defaults)"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_reference_that_counts_by_itself_is_left_out_by_who_names_the_new_one() {
    let database = Database::new(Engine::MariaDb).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL PRIMARY KEY)",
        "CREATE TABLE o (c_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, FOREIGN KEY (c_id) REFERENCES c (id))",
    ] {
        run(&mut session, sql).await;
    }
    let plan = planned(&database, &Wish::new("c", flakes())).await;
    let options = Options { accepted: vec!["shadow".into(), "lost".into()], ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    for (phase, id) in Phase::ALL[1..10].iter().zip(101..) {
        advance_to(&mut migration, *phase).await;
        run(&mut session, &format!("INSERT INTO c (id) VALUES ({id})")).await;
        let by_new = format!("INSERT INTO o (c_id_new) SELECT id_new FROM c WHERE id = {id}");
        run(&mut session, &by_new).await;
        assert_eq!(torn(&mut session, "o", "c_id").await, 0, "{phase}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_key_whose_default_makes_the_same_again_is_refused_by_name() {
    let database = Database::new(Engine::MariaDb).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (id VARCHAR(36) NOT NULL DEFAULT (concat('a', 'b')) PRIMARY KEY)",
        "INSERT INTO c VALUES ('one')",
    ] {
        run(&mut session, sql).await;
    }
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    run(&mut session, "INSERT INTO c (id_new) VALUES (1 << 62)").await;
    // An app that leaves the old id out has its default already, and one that says NULL has the trigger ask for it:
    // it would go on for ever.
    run(&mut session, "SET max_statement_time = 20").await;
    let again = "INSERT INTO c (id, id_new) VALUES (NULL, (1 << 62) + 1)";
    let error = session.run(again).await.unwrap_err();
    let text = format!("{error:?}");
    assert!(text.contains("idgen: the DEFAULT of c.id makes old ids that are taken"), "{text}");
    advance_to(&mut migration, Phase::Contracted).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_unique_indexes_of_parts_of_columns_are_in_the_way_of_the_last_phase() {
    let database = shop(Engine::MariaDb).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE UNIQUE INDEX part ON c (name(10), id)").await;
    let plan = planned(&database, &Wish::new("c", flakes())).await;
    let told = "index part of c stands on old ids: take it away before the last phase";
    assert!(plan.findings.iter().any(|of| of.what == told), "{:?}", plan.findings);
    let options = Options { accepted: vec!["shadow".into(), "lost".into()], ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    let error = migration.advance().await.unwrap_err().to_string();
    assert!(error.contains("index part of c") && error.contains("(dependents)"), "{error}");
    run(&mut session, "DROP INDEX part ON c").await;
    advance_to(&mut migration, Phase::Contracted).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_the_way_stays_on_where_the_first_step_was_half_done() {
    let database = Database::new(Engine::MariaDb).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY)",
        "CREATE TABLE x (n INTEGER PRIMARY KEY)",
        "INSERT INTO c VALUES (1), (2)",
    ] {
        run(&mut session, sql).await;
    }
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    let triggers = "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
        AND event_object_table = 'c' AND event_manipulation = 'UPDATE'";
    let name = session.row(triggers, &[]).await.unwrap().unwrap().text(0).unwrap();
    // The first step takes two triggers off, and the second of them is one for which it has to wait.
    run(&mut session, &format!("DROP TRIGGER {name}")).await;
    run(&mut session, &format!("CREATE TRIGGER {name} BEFORE UPDATE ON x FOR EACH ROW SET @x = 1"))
        .await;
    let mut other = database.session().await;
    run(&mut other, "START TRANSACTION").await;
    run(&mut other, "SELECT * FROM x").await;
    drop(migration);
    let ladder = Ladder { attempts: 1, ..Ladder::default() };
    let options = Options { ladder, ..patient() };
    let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
    let error = migration.advance().await.unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    let left = "SELECT count(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
        AND event_object_table = 'c'";
    assert_eq!(session.number(left, &[]).await.unwrap(), 0, "one is off");
    let status = migration.status().await.unwrap();
    assert_eq!((status.under_way, status.back), (Some(Phase::Contracted), None));
    run(&mut other, "COMMIT").await;
    advance_to(&mut migration, Phase::Contracted).await;
}
