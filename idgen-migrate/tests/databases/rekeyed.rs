//! Old versions of the app that change an old id to which rows refer: those follow as their foreign keys say, or it
//! is refused as these would have done, also when the foreign keys are of the new ids.

use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::every_engine;
use crate::references::{begun, patient, planned, torn};
use crate::server::{Database, run};

/// Customers who refer to each other, orders by a composite key, their lines by that, and gifts that may have one.
async fn shop(engine: Engine, on_update: &str) -> Database {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    // Where a cascade comes back to the table that it began in, MariaDB takes it for RESTRICT.
    for sql in [
        format!("CREATE TABLE c (id BIGINT NOT NULL, parent BIGINT, CONSTRAINT c_pkey PRIMARY KEY (id), \
         CONSTRAINT c_parent FOREIGN KEY (parent) REFERENCES c (id){on_update})"),
        format!("CREATE TABLE o (c_id BIGINT NOT NULL, n INTEGER NOT NULL, CONSTRAINT o_pkey PRIMARY KEY (c_id, n), \
         CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id){on_update})"),
        format!("CREATE TABLE l (k INTEGER NOT NULL, c_id BIGINT, n INTEGER, CONSTRAINT l_pkey PRIMARY KEY (k), \
         CONSTRAINT l_o FOREIGN KEY (c_id, n) REFERENCES o (c_id, n){on_update})"),
        format!("CREATE TABLE g (k INTEGER NOT NULL, c_id BIGINT, CONSTRAINT g_pkey PRIMARY KEY (k), \
         CONSTRAINT g_c FOREIGN KEY (c_id) REFERENCES c (id){on_update})"),
        "INSERT INTO c (id, parent) VALUES (1, NULL), (2, NULL), (3, NULL), (4, 3), (5, 4)".into(),
        "INSERT INTO o (c_id, n) VALUES (1, 1), (1, 2), (2, 1)".into(),
        "INSERT INTO l (k, c_id, n) VALUES (1, 1, 1), (2, 1, 1), (3, 1, 2), (4, 2, 1), (5, NULL, 1)".into(),
        "INSERT INTO g (k, c_id) VALUES (1, 1), (2, 2), (3, NULL)".into(),
    ] {
        run(&mut session, &sql).await;
    }
    database
}

/// No reference is by ids of two rows, or by that of none.
async fn whole(session: &mut Session, when: &str) {
    for (table, column) in [("c", "parent"), ("o", "c_id"), ("l", "c_id"), ("g", "c_id")] {
        assert_eq!(torn(session, table, column).await, 0, "{when}: {table}.{column}");
    }
}

/// The old ids in all places.
async fn old_ids(session: &mut Session) -> Vec<String> {
    let mut all = Vec::new();
    for query in [
        "SELECT id, parent FROM c ORDER BY id",
        "SELECT c_id, n FROM o ORDER BY c_id, n",
        "SELECT c_id, n FROM l ORDER BY k",
        "SELECT c_id, k FROM g ORDER BY k",
    ] {
        let rows = session.rows(query, &[]).await.unwrap();
        let text = |column: Option<String>| column.unwrap_or("-".into());
        let rows = rows.iter().map(|row| [0, 1].map(|at| text(row.optional(at))).join("/"));
        all.push(rows.collect::<Vec<_>>().join(" "));
    }
    all
}

async fn what_refers_to_an_old_id_follows_where_its_foreign_key_cascades(engine: Engine) {
    for last in [Phase::Swapped, Phase::OldWritesStopped] {
        let database = shop(engine, " ON UPDATE CASCADE").await;
        let mut session = database.session().await;
        // Of l_o, which nobody changes by its other column but where MariaDB is seen to refuse it.
        let mut options = patient();
        options.accepted.push("cascades".into());
        let plan = planned(&database, "c").await;
        let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
        let mut id = 1;
        let mut parent = 3;
        for phase in &Phase::ALL[1..10] {
            if *phase > last {
                break;
            }
            advance_to(&mut migration, *phase).await;
            run(&mut session, &format!("UPDATE c SET id = {} WHERE id = {id}", id + 100)).await;
            id += 100;
            if engine != Engine::MariaDb {
                let sql = format!("UPDATE c SET id = {} WHERE id = {parent}", parent + 100);
                run(&mut session, &sql).await;
                parent += 100;
            }
            if *phase >= Phase::Backfilled {
                whole(&mut session, phase.name()).await;
            }
            let there_and_back = async {
                for (from, to) in [(1, 9), (9, 1)] {
                    let sql = format!("UPDATE o SET n = {to} WHERE c_id = 2 AND n = {from}");
                    session.execute(&sql, &[]).await?;
                }
                Ok::<_, Error>(())
            };
            let changed = there_and_back.await;
            let is_refused = engine == Engine::MariaDb && *phase >= Phase::Constrained;
            assert_eq!(changed.is_err(), is_refused, "{phase}: {changed:?}");
        }
        let expected = [
            format!("2/- {parents}", parents = sorted_customers(parent, id)),
            format!("2/1 {id}/1 {id}/2"),
            format!("{id}/1 {id}/1 {id}/2 2/1 -/1"),
            format!("{id}/1 2/2 -/3"),
        ];
        assert_eq!(old_ids(&mut session).await, expected, "{last}");
        back_to_planned(&mut migration).await;
        assert_eq!(old_ids(&mut session).await, expected, "back from {last}");
        advance_to(&mut migration, Phase::Contracted).await;
    }
}

/// Customers but the second, in the order of their old ids.
fn sorted_customers(parent: i64, id: i64) -> String {
    let mut rows =
        vec![(parent, "-".to_owned()), (4, parent.to_string()), (5, "4".into()), (id, "-".into())];
    rows.sort_unstable();
    let rows = rows.into_iter().map(|(id, parent)| format!("{id}/{parent}"));
    rows.collect::<Vec<_>>().join(" ")
}

async fn an_old_id_that_is_referred_to_stays_where_no_foreign_key_cascades(engine: Engine) {
    let database = shop(engine, "").await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::ReadingNew).await;
    let before = old_ids(&mut session).await;
    for phase in [Phase::ReadingNew, Phase::Swapped, Phase::OldWritesStopped] {
        advance_to(&mut migration, phase).await;
        for id in [1, 2, 3, 4] {
            let changed = session.run(&format!("UPDATE c SET id = 99 WHERE id = {id}")).await;
            let error = format!("{:?}", changed.expect_err(phase.name())).to_lowercase();
            assert!(error.contains("foreign key"), "{phase}: {error}");
        }
        // One that nobody refers to may change, and back.
        run(&mut session, "UPDATE c SET id = 99 WHERE id = 5").await;
        run(&mut session, "UPDATE c SET id = 5 WHERE id = 99").await;
        whole(&mut session, phase.name()).await;
    }
    assert_eq!(old_ids(&mut session).await, before);
    back_to_planned(&mut migration).await;
    assert_eq!(old_ids(&mut session).await, before);
    advance_to(&mut migration, Phase::Contracted).await;
}

every_engine!(
    what_refers_to_an_old_id_follows_where_its_foreign_key_cascades,
    an_old_id_that_is_referred_to_stays_where_no_foreign_key_cascades
);

/// References that are cleared, or made the default, by a changed key.
async fn cleared(engine: Engine, on_update: &str, then: &str) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    let default = if then == "-" { "" } else { " DEFAULT 2" };
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL, parent BIGINT, CONSTRAINT c_pkey PRIMARY KEY (id))",
        &format!(
            "CREATE TABLE o (n INTEGER NOT NULL, c_id BIGINT{default}, CONSTRAINT o_pkey PRIMARY KEY (n), \
         CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id) ON UPDATE {on_update})"
        ),
        "INSERT INTO c (id) VALUES (1), (2)",
        "INSERT INTO o (n, c_id) VALUES (1, 1), (2, 2)",
    ] {
        run(&mut session, sql).await;
    }
    let accepted = ["lost", "shadow"].map(String::from).into();
    let options = Options { accepted, ..patient() };
    let plan = planned(&database, "c").await;
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    run(&mut session, "UPDATE c SET id = 10 WHERE id = 1").await;
    assert_eq!(torn(&mut session, "o", "c_id").await, 0);
    let row = session.row("SELECT c_id FROM o WHERE n = 1", &[]).await.unwrap().unwrap();
    assert_eq!(row.optional(0).unwrap_or("-".into()), then);
    back_to_planned(&mut migration).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_references_are_cleared_or_become_the_default_as_their_foreign_keys_say() {
    cleared(Engine::Postgres, "SET NULL", "-").await;
    cleared(Engine::Postgres, "SET DEFAULT", "2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_references_are_cleared_as_their_foreign_keys_say() {
    cleared(Engine::Sqlite, "SET NULL", "-").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_foreign_key_that_is_checked_late_lets_references_follow_until_the_end() {
    let database = shop(Engine::Postgres, " DEFERRABLE INITIALLY DEFERRED").await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    for phase in [Phase::ReadingNew, Phase::Swapped] {
        advance_to(&mut migration, phase).await;
        for (from, to) in [(2, 20), (20, 2)] {
            for sql in [
                "BEGIN".to_owned(),
                format!("UPDATE c SET id = {to} WHERE id = {from}"),
                format!("UPDATE g SET c_id = {to} WHERE c_id = {from}"),
                format!("UPDATE o SET c_id = {to} WHERE c_id = {from}"),
                format!("UPDATE l SET c_id = {to} WHERE c_id = {from}"),
                "COMMIT".into(),
            ] {
                run(&mut session, &sql).await;
            }
            whole(&mut session, phase.name()).await;
        }
        run(&mut session, "BEGIN").await;
        run(&mut session, "UPDATE c SET id = 20 WHERE id = 2").await;
        run(&mut session, "UPDATE g SET c_id = 20 WHERE c_id = 2").await;
        let error = format!("{:?}", session.run("COMMIT").await.expect_err(phase.name()));
        assert!(error.contains("foreign key"), "{phase}: {error}");
        whole(&mut session, phase.name()).await;
    }
    back_to_planned(&mut migration).await;
}

/// Who refers to a row while its old id changes waits for that, and then refers to it, or to nobody.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_reference_that_is_written_while_the_old_id_changes_is_by_both_ids_of_one_row() {
    let database = shop(Engine::Postgres, " ON UPDATE CASCADE").await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Swapped).await;
    let new = session.number("SELECT id_new FROM c WHERE id = 1", &[]).await.unwrap();
    for (column, id, welcome) in [("c_id_new", new, true), ("c_id", 1, false)] {
        run(&mut session, "BEGIN").await;
        run(&mut session, "UPDATE c SET id = 10 WHERE id = 1").await;
        let mut other = database.session().await;
        run(&mut other, "SET lock_timeout = 0").await;
        let pid = other.number("SELECT pg_backend_pid()", &[]).await.unwrap();
        let written = tokio::spawn(async move {
            other.run(&format!("INSERT INTO g (k, {column}) VALUES (50, {id})")).await
        });
        let mut watching = database.session().await;
        let waits = format!("SELECT cardinality(pg_blocking_pids({pid}))");
        while watching.number(&waits, &[]).await.unwrap() == 0 && !written.is_finished() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        run(&mut session, "COMMIT").await;
        let written = written.await.unwrap();
        assert_eq!(written.is_ok(), welcome, "{column}: {written:?}");
        whole(&mut session, column).await;
        run(&mut session, "DELETE FROM g WHERE k = 50").await;
        run(&mut session, "UPDATE c SET id = 1 WHERE id = 10").await;
    }
}
