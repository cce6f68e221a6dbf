//! Keys of tables that refer to the migrated one, of every kind that chunks can end at, and of some that they cannot.

use std::time::Duration;

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Plan, Wish, survey};
use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Failpoints, Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::references::{patient, planned, torn};
use crate::server::{Database, run};
use crate::shop::flakes;

/// Two customers, and so many orders whose key is of this type and made by this expression of `n`.
async fn shop(engine: Engine, key: &str, made: &str, rows: i64) -> Database {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    let series = match engine {
        Engine::Postgres => format!("FROM generate_series(1, {rows}) AS s (n)"),
        Engine::MariaDb => format!("FROM (SELECT seq AS n FROM seq_1_to_{rows}) s"),
        Engine::Sqlite => format!(
            "FROM (WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT {rows}) SELECT n FROM s)"
        ),
    };
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id))",
        &format!(
            "CREATE TABLE o (k {key}, c_id BIGINT, CONSTRAINT o_pkey PRIMARY KEY (k), \
             CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id))"
        ),
        "INSERT INTO c (id) VALUES (1), (2)",
        &format!("INSERT INTO o (k, c_id) SELECT {made}, n % 2 + 1 {series}"),
    ] {
        run(&mut session, sql).await;
    }
    database
}

/// How many chunks of seven rows were filled, all tables together.
async fn chunks(database: &Database, plan: &Plan) -> usize {
    let mut session = database.session().await;
    let failpoints = Failpoints::default();
    let options = Options { chunk_rows: 7, failpoints: failpoints.clone(), ..patient() };
    let mut migration = Migration::begin(&database.address, plan, options).await.unwrap();
    let filled = advance_to(&mut migration, Phase::Backfilled);
    tokio::time::timeout(Duration::from_secs(60), filled).await.expect("it comes to an end");
    assert_eq!(torn(&mut session, "o", "c_id").await, 0);
    failpoints.passed().iter().filter(|name| *name == "chunk committed").count()
}

/// One of the customers, and of 40 orders six.
const CHUNKS: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_chunks_end_at_what_a_key_holds_whatever_its_type_promises() {
    for (key, made) in [
        // Of bytes that are no text, and of bytes that are one.
        ("UUID", "randomblob(16)"),
        ("TEXT", "unhex(printf('FF%030X', n))"),
        ("TEXT", "CAST(printf('key %04d', n) AS BLOB)"),
        ("TEXT", "unhex(printf('FF%06X', n))"),
        ("BLOB", "unhex(printf('FF%062X', n))"),
        ("BLOB", "printf('key %04d', n)"),
        ("", "n * 300"),
        ("TEXT", "printf('key %04d', n)"),
        ("DATETIME", "n * 300"),
        // Of several kinds, with none, and with fractions: by where the rows lie.
        ("", "CASE n % 3 WHEN 0 THEN n WHEN 1 THEN 'key ' || n ELSE randomblob(16) END"),
        ("TEXT", "CASE WHEN n > 9 THEN 'key ' || n END"),
        ("REAL", "n * 0.1"),
    ] {
        let database = shop(Engine::Sqlite, key, made, 40).await;
        let plan = planned(&database, "c").await;
        assert_eq!(chunks(&database, &plan).await, CHUNKS, "{key} {made}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_rows_are_ordered_by_times_of_any_column() {
    for (created, made, kinds) in [
        ("", "1700000000 + n", 1),
        ("", "strftime('%Y-%m-%d %H:%M:%f', 1700000000 + n, 'unixepoch')", 1),
        ("TEXT", "strftime('%Y-%m-%d %H:%M:%f', 1700000000 + n, 'unixepoch')", 1),
        ("DATETIME", "CASE WHEN n > 9 THEN 1700000000 + n ELSE '2023-11-01 00:00:0' || n END", 2),
        ("", "CASE WHEN n > 9 THEN 1700000000 + n ELSE '2023-11-01 00:00:0' || n END", 0),
    ] {
        let database = Database::file(&format!(
            "PRAGMA journal_mode = WAL; CREATE TABLE c (id BLOB PRIMARY KEY NOT NULL, created_at {created}); \
             WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 40) \
             INSERT INTO c SELECT randomblob(16), {made} FROM s"
        ))
        .await;
        let mut session = database.session().await;
        let wish = Wish::new("c", flakes());
        let plan = survey(&mut session, &wish, &SystemClock).await;
        if kinds == 0 {
            let error = plan.unwrap_err().to_string();
            assert!(error.contains("created_at of c holds values of several kinds"), "{error}");
            continue;
        }
        let plan = plan.unwrap();
        let options = Options { chunk_rows: 7, ..patient() };
        let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
        advance_to(&mut migration, Phase::Verified).await;
        let filled = "SELECT count(*) FROM c WHERE id_new IS NOT NULL";
        assert_eq!(session.number(filled, &[]).await.unwrap(), 40, "{created} {made}");
    }
}

/// What a key holds when it is planned may change its kind until the rows are met.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_a_chunk_that_cannot_end_is_told_and_not_looked_for_for_ever() {
    let database = shop(Engine::Sqlite, "TEXT", "n", 0).await;
    let mut session = database.session().await;
    let plan = planned(&database, "c").await;
    let options = Options { chunk_rows: 7, ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    let blobs = "INSERT INTO o WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 40) \
        SELECT CAST(printf('key %04d', n) AS BLOB), 1 FROM s";
    run(&mut session, blobs).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    let error = tokio::time::timeout(Duration::from_secs(20), migration.advance()).await;
    let error = error.expect("it comes to an end").unwrap_err();
    assert!(matches!(&error, Error::Schema(_)), "{error}");
    assert!(error.to_string().contains("no chunk of o can end at key 0007"), "{error}");
    back_to_planned(&mut migration).await;
    migration.forget().await.unwrap();
    let plan = planned(&database, "c").await;
    assert_eq!(chunks(&database, &plan).await, CHUNKS);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_chunks_end_at_bytes_of_any_length() {
    for (key, made) in [
        ("VARBINARY(40)", "unhex(sha1(n))"),
        ("VARBINARY(40)", "unhex(concat('FE', repeat(hex(n + 128), n % 9 + 1)))"),
        ("VARBINARY(16)", "unhex(md5(n))"),
        ("BINARY(20)", "unhex(sha1(n))"),
        ("BINARY(20)", "n"),
        ("BINARY(16)", "unhex(md5(n))"),
        ("BINARY(3)", "unhex(lpad(hex(n + 14680064), 6, '0'))"),
    ] {
        let database = shop(Engine::MariaDb, key, made, 40).await;
        let plan = planned(&database, "c").await;
        assert_eq!(chunks(&database, &plan).await, CHUNKS, "{key} {made}");
    }
    let database = Database::new(Engine::MariaDb).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE TABLE c (id VARBINARY(20) PRIMARY KEY)").await;
    let wish = Wish::new("c", flakes());
    let error = survey(&mut session, &wish, &SystemClock).await.unwrap_err().to_string();
    assert!(error.contains("varbinary(20), of which no ids are"), "{error}");
}

/// An index of some rows, or of an expression, neither tells all rows apart nor leads from one to the next.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_rows_are_told_apart_by_indexes_that_do() {
    for (index, key) in [
        ("UNIQUE INDEX o_k ON o (k) WHERE open", ""),
        ("UNIQUE INDEX o_k ON o (k, nullif(n, 7)) WHERE open", ""),
        ("UNIQUE INDEX o_k ON o (n, nullif(k, 7))", ""),
        ("UNIQUE INDEX o_k ON o (n) INCLUDE (k, note)", "n"),
        ("UNIQUE INDEX o_k ON o (n, k)", "n, k"),
    ] {
        let database = Database::new(Engine::Postgres).await;
        let mut session = database.session().await;
        for sql in [
            "CREATE TABLE c (id BIGINT PRIMARY KEY)",
            "CREATE TABLE o (n INTEGER NOT NULL, k INTEGER NOT NULL, open BOOLEAN NOT NULL, note JSON, \
             c_id BIGINT REFERENCES c (id))",
            &format!("CREATE {index}"),
            "INSERT INTO c VALUES (1), (2)",
            "INSERT INTO o SELECT n, 7, false, NULL, n % 2 + 1 FROM generate_series(1, 2000) AS s (n)",
            "ANALYZE o",
        ] {
            run(&mut session, sql).await;
        }
        let plan = planned(&database, "c").await;
        let names: Vec<_> = plan.tables[1].key.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names.join(", "), key, "{index}");
        assert!(chunks(&database, &plan).await > 8, "{index}");
    }
}

async fn an_old_key_is_made_up_in_the_room_that_it_has(engine: Engine) {
    for (kind, has_room) in
        [("VARCHAR(36)", true), ("CHAR(26)", true), ("VARCHAR(12)", true), ("VARCHAR(8)", false)]
    {
        let database = Database::new(engine).await;
        let mut session = database.session().await;
        for sql in [
            format!("CREATE TABLE c (id {kind} NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id))"),
            format!(
                "CREATE TABLE o (k INTEGER NOT NULL, c_id {kind} NOT NULL, CONSTRAINT o_pkey PRIMARY KEY (k), \
                 CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id))"
            ),
            "INSERT INTO c (id) VALUES ('one'), ('two')".into(),
            "INSERT INTO o (k, c_id) VALUES (1, 'one')".into(),
        ] {
            run(&mut session, &sql).await;
        }
        let plan = planned(&database, "c").await;
        // On SQLite a text is as long as it is, whatever its type says.
        let stops = !has_room && engine != Engine::Sqlite;
        assert_eq!(plan.findings.iter().any(|of| of.name == "room"), stops, "{kind}");
        if stops {
            let accepted = vec!["room".into()];
            let options = Options { accepted, ..patient() };
            let error = Migration::begin(&database.address, &plan, options).await.unwrap_err();
            assert!(error.to_string().contains("make room for them first"), "{error}");
            continue;
        }
        let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
        advance_to(&mut migration, Phase::Swapped).await;
        for id in 1..20_i64 {
            let new = (1 << 62) | id;
            run(&mut session, &format!("INSERT INTO c (id_new) VALUES ({new})")).await;
            run(&mut session, &format!("INSERT INTO o (k, c_id_new) VALUES ({}, {new})", 100 + id))
                .await;
        }
        assert_eq!(torn(&mut session, "o", "c_id").await, 0, "{kind}");
        advance_to(&mut migration, Phase::Contracted).await;
    }
}

crate::every_engine!(an_old_key_is_made_up_in_the_room_that_it_has);
