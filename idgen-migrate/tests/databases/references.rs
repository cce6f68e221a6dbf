//! References that a trigger cannot follow at once, or never: nothing is lost in silence.

use std::time::Duration;

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Plan, Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned, options};
use crate::every_engine;
use crate::server::{Database, run};
use crate::shop::flakes;

/// Customers, and orders that may have one.
pub(crate) async fn shop(engine: Engine) -> Database {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL, parent BIGINT, name VARCHAR(100), CONSTRAINT c_pkey PRIMARY KEY (id), \
         CONSTRAINT c_parent FOREIGN KEY (parent) REFERENCES c (id))",
        "CREATE TABLE o (n INTEGER NOT NULL, c_id BIGINT, other BIGINT, CONSTRAINT o_pkey PRIMARY KEY (n), \
         CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id))",
        "CREATE INDEX o_by_c ON o (c_id)",
        "INSERT INTO c (id, parent) VALUES (1, NULL), (2, 1)",
        "INSERT INTO o (n, c_id) VALUES (1, 1), (2, 2), (3, NULL)",
    ] {
        run(&mut session, sql).await;
    }
    database
}

pub(crate) fn patient() -> Options {
    Options { quiet: Duration::ZERO, ..options() }
}

pub(crate) async fn planned(database: &Database, table: &str) -> Plan {
    let wish = Wish::new(table, flakes());
    survey(&mut database.session().await, &wish, &SystemClock).await.unwrap()
}

pub(crate) async fn begun(database: &Database) -> Migration {
    let plan = planned(database, "c").await;
    Migration::begin(&database.address, &plan, patient()).await.unwrap()
}

/// How many references are not by both ids of one row.
pub(crate) async fn torn(session: &mut Session, table: &str, column: &str) -> i64 {
    let query = format!(
        "SELECT count(*) FROM {table} t LEFT JOIN c r ON r.id = t.{column} \
         WHERE t.{column} IS NOT NULL AND (r.id_new IS NULL OR t.{column}_new IS NULL OR t.{column}_new <> r.id_new)"
    );
    session.number(&query, &[]).await.unwrap()
}

async fn an_id_that_nobody_has_is_refused_in_every_phase(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    // The engine's own references refuse it too, where they hold.
    match engine {
        Engine::Postgres => {}
        Engine::MariaDb => run(&mut session, "SET foreign_key_checks = 0").await,
        Engine::Sqlite => run(&mut session, "PRAGMA foreign_keys = OFF").await,
    }
    let mut migration = begun(&database).await;
    for phase in &Phase::ALL[5..10] {
        advance_to(&mut migration, *phase).await;
        for sql in [
            "INSERT INTO o (n, c_id) VALUES (99, 77)",
            "INSERT INTO o (n, c_id_new) VALUES (99, 77)",
            "UPDATE o SET c_id = 77 WHERE n = 3",
        ] {
            let error = session.run(sql).await.expect_err(phase.name());
            let text = format!("{error:?}").to_lowercase();
            assert!(text.contains("foreign key"), "{phase}: {text}");
        }
    }
    back_to_planned(&mut migration).await;
}

/// Before new ids are unique an app that names one alone is early: what it names is followed, where that can be told
/// from the backfill, or refused.
async fn an_early_reference_by_its_new_id_alone_is_never_torn(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Expanded).await;
    run(&mut session, "INSERT INTO c (id) VALUES (7)").await;
    let id = session.number("SELECT id_new FROM c WHERE id = 7", &[]).await.unwrap();
    for phase in [Phase::DualWrite, Phase::Backfilling, Phase::Backfilled] {
        advance_to(&mut migration, phase).await;
        for sql in [
            "INSERT INTO o (n, c_id_new) VALUES (99, 77)",
            "INSERT INTO c (id, parent_new) VALUES (99, 77)",
            "UPDATE o SET c_id_new = 77 WHERE n = 3",
            "UPDATE c SET parent_new = 77 WHERE id = 1",
        ] {
            let error = session.run(sql).await.expect_err(phase.name());
            let text = format!("{error:?}").to_lowercase();
            assert!(text.contains("foreign key"), "{phase}: {text}");
        }
        for (sql, table, column) in [
            (format!("UPDATE o SET c_id_new = {id} WHERE n = 3"), "o", "c_id"),
            (format!("UPDATE c SET parent_new = {id} WHERE id = 1"), "c", "parent"),
        ] {
            run(&mut session, &sql).await;
            let follows =
                format!("SELECT count(*) FROM {table} WHERE {column} = 7 AND {column}_new = {id}");
            assert_eq!(session.number(&follows, &[]).await.unwrap(), 1, "{phase}: {sql}");
            run(&mut session, &format!("UPDATE {table} SET {column} = NULL WHERE {column} = 7"))
                .await;
        }
    }
    advance_to(&mut migration, Phase::Contracted).await;
}

async fn a_row_of_two_references_is_completed_in_both(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let made = "CREATE TABLE p (n INTEGER NOT NULL, a BIGINT NOT NULL, b BIGINT, CONSTRAINT p_pkey PRIMARY KEY (n), \
        CONSTRAINT p_a FOREIGN KEY (a) REFERENCES c (id), CONSTRAINT p_b FOREIGN KEY (b) REFERENCES c (id))";
    run(&mut session, made).await;
    let mut migration = begun(&database).await;
    let mut n = 0;
    for phase in &Phase::ALL[1..10] {
        advance_to(&mut migration, *phase).await;
        let (one, other) =
            ("SELECT id_new FROM c WHERE id = 1", "SELECT id_new FROM c WHERE id = 2");
        let (one, other) =
            (session.number(one, &[]).await.unwrap(), session.number(other, &[]).await.unwrap());
        let mut written = vec![("a, b", "1, 2".to_owned(), "b = 1".to_owned())];
        // On SQLite triggers come after the row, whose old reference may not be missing until then.
        let by_new = if engine == Engine::Sqlite { Phase::Swapped } else { Phase::Constrained };
        if *phase >= by_new {
            written.push(("a_new, b_new", format!("{one}, {other}"), format!("b_new = {one}")));
        }
        for (columns, values, changed) in written {
            n += 2;
            for sql in [
                format!(
                    "INSERT INTO p (n, {columns}) VALUES ({n}, {values}), ({}, {values})",
                    n + 1
                ),
                format!("UPDATE p SET {changed} WHERE n = {n}"),
            ] {
                let done = session.run(&sql).await;
                done.unwrap_or_else(|error| panic!("{phase}: {sql}: {error:?}"));
            }
        }
        if *phase >= Phase::Backfilled {
            for column in ["a", "b"] {
                assert_eq!(torn(&mut session, "p", column).await, 0, "{phase}: {column}");
            }
        }
    }
    let changed = session.number("SELECT count(*) FROM p WHERE b = 1", &[]).await.unwrap();
    assert_eq!(changed, i64::from(n) / 2);
}

every_engine!(
    an_id_that_nobody_has_is_refused_in_every_phase,
    an_early_reference_by_its_new_id_alone_is_never_torn,
    a_row_of_two_references_is_completed_in_both
);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_row_may_come_before_the_one_it_refers_to() {
    let database = shop(Engine::Postgres).await;
    let mut session = database.session().await;
    for sql in [
        "ALTER TABLE o ALTER CONSTRAINT o_c DEFERRABLE INITIALLY DEFERRED",
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN IF NEW.other IS NOT NULL THEN NEW.c_id := NEW.other; END IF; RETURN NEW; END'",
        // After any of ours.
        "CREATE TRIGGER zzzz BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION late()",
    ] {
        run(&mut session, sql).await;
    }
    let mut migration = begun(&database).await;
    for (phase, id) in [(Phase::Constrained, 10), (Phase::Swapped, 20)] {
        advance_to(&mut migration, phase).await;
        for sql in [
            format!("INSERT INTO c (id, parent) VALUES ({}, {id}), ({id}, NULL)", id + 1),
            format!("INSERT INTO o (n, other) VALUES ({id}, 2)"),
            "BEGIN".into(),
            format!("INSERT INTO o (n, c_id) VALUES ({}, {})", id + 1, id + 2),
            format!("INSERT INTO c (id) VALUES ({})", id + 2),
            "COMMIT".into(),
        ] {
            run(&mut session, &sql).await;
        }
        assert_eq!(torn(&mut session, "c", "parent").await, 0, "{phase}");
        assert_eq!(torn(&mut session, "o", "c_id").await, 0, "{phase}");
    }
    run(&mut session, "DROP TRIGGER zzzz ON o").await;
    advance_to(&mut migration, Phase::Contracted).await;
}

/// Whether an advance or a way back was refused for rows that would lose a reference.
fn is_refused<T: std::fmt::Debug>(ended: Result<T, Error>, name: &str) {
    let error = ended.unwrap_err();
    let reasons = match &error {
        Error::Gate { reasons, .. } => reasons.as_str(),
        _ => "",
    };
    assert!(reasons.contains(name), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_rows_are_looked_at_before_every_step_that_could_lose_them() {
    let database = shop(Engine::Postgres).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    // As a replication does that fires no trigger.
    let past = |sql: &str| {
        format!(
            "SET session_replication_role = replica; {sql}; SET session_replication_role = origin"
        )
    };
    let key = "SELECT count(*) FROM pg_attribute a JOIN pg_constraint k ON a.attnum = ANY (k.conkey) \
        AND a.attrelid = k.conrelid WHERE k.conname = 'c_pkey' AND a.attname = 'id_new'";
    for (phase, new) in [(Phase::ReadingNew, 0), (Phase::OldWritesStopped, 1)] {
        advance_to(&mut migration, phase).await;
        run(&mut session, &past("INSERT INTO o (n, c_id) VALUES (50, 1)")).await;
        is_refused(migration.advance().await, "(missing)");
        run(
            &mut session,
            &past("UPDATE o SET c_id_new = (SELECT id_new FROM c WHERE id = 2) WHERE n = 50"),
        )
        .await;
        is_refused(migration.advance().await, "(references)");
        assert_eq!(session.number(key, &[]).await.unwrap(), new, "the key is what it was");
        run(&mut session, "DELETE FROM o WHERE n = 50").await;
    }
    migration.roll_back().await.unwrap();
    run(&mut session, &past("INSERT INTO o (n, c_id) VALUES (51, 77)")).await;
    is_refused(migration.roll_back().await, "(missing)");
    assert_eq!(session.number(key, &[]).await.unwrap(), 1, "the new key is still there");
    run(&mut session, "DELETE FROM o WHERE n = 51").await;
    migration.roll_back().await.unwrap();
    advance_to(&mut migration, Phase::Contracted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_a_row_before_the_one_it_refers_to_closes_the_gate_also_where_the_key_stays() {
    for keep_key in [false, true] {
        let database = shop(Engine::Sqlite).await;
        let mut session = database.session().await;
        let wish = Wish { keep_key, ..Wish::new("c", flakes()) };
        let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
        let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
        advance_to(&mut migration, if keep_key { Phase::Verified } else { Phase::ReadingNew })
            .await;
        run(&mut session, "INSERT INTO c (id, parent) VALUES (11, 10), (10, NULL)").await;
        is_refused(migration.advance().await, "(missing)");
        run(&mut session, "UPDATE c SET parent = NULL WHERE id = 11").await;
        run(&mut session, "UPDATE c SET parent = 10 WHERE id = 11").await;
        migration.advance().await.unwrap();
        assert_eq!(torn(&mut session, "c", "parent").await, 0);
    }
}
