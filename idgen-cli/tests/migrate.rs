//! `idgen migrate`: what it says and how it ends; on SQLite, and on a server by `scripts/test migrate`.
#![cfg(feature = "migrate")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::path::Path;
use std::process::{Command, Output};

use assert_cmd::cargo::cargo_bin;

fn idgen(database: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(cargo_bin!("idgen"));
    command.arg("migrate").args(arguments).env_remove("IDGEN_DATABASE");
    if let Some(database) = database {
        command.env("IDGEN_DATABASE", database);
    }
    command.output().unwrap()
}

fn says(output: &Output, code: i32) -> String {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

#[test]
fn what_is_missing_is_named() {
    assert!(says(&idgen(None, &["status"]), 2).contains("--database"));
    assert!(says(&idgen(Some("redis://here"), &["status"]), 2).contains("redis://here"));
    assert!(
        says(&idgen(None, &["advance", "x", "--to", "swap"]), 2).contains("'swap' is no phase")
    );
    for (action, accepted, known) in [
        (&["start", "x", "--to", "snowflake"][..], "shadow", "lost, outside, locked, on-update"),
        (&["advance", "x"], "on-updates", "schema, on-update, instances"),
        (&["rollback", "x"], "dependents", "schema, on-update, instances"),
        (&["segments", "advance", "x"], "lost", "above, old-writers"),
    ] {
        let told = says(&idgen(None, &[action, &["--accept", accepted]].concat()), 2);
        assert!(told.contains(accepted) && told.contains(known), "{told}");
        let help = says(&idgen(None, &[action, &["--help"]].concat()), 0);
        assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains(known), "{help}");
    }
    let unreachable = Some("postgres://nobody:secret@127.0.0.1:1/none");
    let text = says(&idgen(unreachable, &["status"]), 1);
    assert!(text.contains("cannot connect") && !text.contains("secret"), "{text}");
}

#[test]
fn what_is_out_of_range_and_what_means_nothing_is_refused() {
    for (arguments, told) in [
        (&["advance", "x", "--duty", "5"][..], "5 is not in 0.01..=1"),
        (&["advance", "x", "--duty", "-1"], "-1 is not in 0.01..=1"),
        (&["advance", "x", "--workers", "0"], "0 is not in 1..=1000"),
        (&["advance", "x", "--chunk-rows", "-1"], "-1 is not in 1..=1000000"),
        (&["plan", "x", "--to", "snowflake", "--rate", "-5"], "-5 is no rate"),
        (&["segments", "start", "x", "--size", "0"], "0 is not in 1..=1000000"),
        (&["rollback", "x", "--workers", "2"], "unexpected argument '--workers'"),
        (&["rollback", "x", "--quiet", "1s"], "unexpected argument '--quiet'"),
        (&["plan", "x", "--to", "snowflake", "--accept", "lost"], "unexpected argument '--accept'"),
        (&["segments", "status", "x", "--dry-run"], "unexpected argument '--dry-run'"),
        (&["segments", "status", "x", "--accept", "above"], "unexpected argument '--accept'"),
        (&["segments", "rollback", "x", "--quiet", "1s"], "unexpected argument '--quiet'"),
    ] {
        let found = says(&idgen(Some("sqlite:nowhere"), arguments), 2);
        assert!(found.contains(told), "{arguments:?}: {found}");
    }
}

#[test]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
fn a_course_on_the_command_line() {
    let server = std::env::var("IDGEN_TEST_POSTGRES").unwrap();
    let name = format!("idgen_command_{}", std::process::id());
    let (host, _) = server.rsplit_once('/').unwrap();
    let database = format!("{host}/{name}");
    let psql = |database: &str, sql: &str| {
        let done = Command::new("psql").args(["-qd", database, "-c", sql]).output().unwrap();
        says(&done, 0)
    };
    psql(&server, &format!("CREATE DATABASE {name}"));
    psql(
        &database,
        "CREATE TABLE people (id uuid PRIMARY KEY, created_at timestamptz NOT NULL);
         INSERT INTO people SELECT gen_random_uuid(), timestamptz '2024-01-01' + n * interval '1 s' FROM generate_series(1, 500) n",
    );
    course(&database, &std::env::temp_dir().join(format!("{name}.csv")));
}

/// The same without a server.
#[test]
fn a_course_on_the_command_line_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    std::fs::write(&path, "").unwrap();
    let database = format!("sqlite:{}", path.display());
    let made = async {
        let mut session = idgen_migrate::session::Session::connect(&database).await?;
        session
            .run(
                "CREATE TABLE visits (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
                 CREATE TABLE people (id TEXT PRIMARY KEY, created_at TEXT NOT NULL);
                 WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 500)
                 INSERT INTO people SELECT 'person ' || n, datetime('2024-01-01', n || ' seconds') FROM s",
            )
            .await
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(made)
        .unwrap();
    let text = says(&idgen(Some(&database), &["plan", "people", "--to", "snowflake"]), 0);
    for said in [
        "1 worker",
        "made anew",
        "PRAGMA journal_mode = WAL",
        "    columns and triggers of people                all writers, for a moment\n",
        "people.id_new is filled, in chunks            all writers, for a chunk: < 1 s; takes < 1 s",
        "  back\n    triggers, away ",
        "  risk  high: the old ids are gone for good",
    ] {
        assert!(text.contains(said), "{text}");
    }
    let kept = ["plan", "people", "--to", "snowflake", "--keep-key"];
    let text = says(&idgen(Some(&database), &kept), 0);
    assert!(text.contains("reading-new") && !text.contains("swapped"), "{text}");
    course(&database, &folder.path().join("people.csv"));
    segments(&database);
    assert!(
        says(&idgen(Some("sqlite:/nowhere/at/all"), &["status"]), 1).contains("cannot connect")
    );
}

/// On a table whose numbers the database counts.
fn segments(database: &str) {
    let segments = |arguments: &[&str], code| {
        says(&idgen(Some(database), &[&["segments"], arguments].concat()), code)
    };
    let named = segments(&["find", "people"], 1);
    assert!(named.contains("nothing counts people.id"), "{named}");
    assert!(segments(&["find", "visits"], 0).contains("visits.id is counted by AUTOINCREMENT"));
    segments(&["start", "visits", "--size", "50"], 0);
    assert!(segments(&["status", "visits"], 0).starts_with("planned: 0 segments of 50"));
    let told = segments(&["advance", "visits"], 0);
    assert!(told.contains("granted") && told.contains("above: the counter is at 0"), "{told}");
    let told = segments(&["advance", "visits", "--quiet", "10ms", "--json"], 0);
    assert!(told.contains("\"stage\":\"guarded\""), "{told}");
    assert!(segments(&["forget", "visits"], 1).contains("roll back first"));
    segments(&["rollback", "visits"], 0);
    segments(&["rollback", "visits"], 0);
    segments(&["forget", "visits"], 0);
}

/// On a table of 500 people, whose pairs are exported into this file.
fn course(database: &str, pairs: &Path) {
    let migrate = |arguments: &[&str], code| says(&idgen(Some(database), arguments), code);

    let plan = migrate(&["plan", "people", "--to", "snowflake", "--json"], 0);
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["plan"]["tables"][0]["rows"], 500);
    let expanded = &plan["course"][0];
    assert_eq!(
        (&expanded["phase"], &expanded["risk"]["grade"]),
        (&"expanded".into(), &"low".into())
    );
    let steps = expanded["on"].as_array().unwrap();
    let columns =
        steps.iter().find(|step| step["title"] == "columns and triggers of people").unwrap();
    assert_eq!((&columns["tables"][0], &columns["lock"]), (&"people".into(), &"moment".into()));
    assert!(columns["held_seconds"].is_number() && columns["sql"].is_array(), "{columns}");
    assert!(expanded["back"].is_array() && plan["course"][9]["back"].is_null(), "{plan}");
    assert!(migrate(&["status"], 0).is_empty(), "a plan changes nothing");
    migrate(&["start", "people", "--to", "snowflake"], 0);
    assert!(migrate(&["start", "people", "--to", "snowflake"], 1).contains("there already"));
    let all = migrate(&["status", "--json"], 0);
    assert_eq!(all, "[{\"name\":\"people\",\"phase\":\"planned\"}]\n");
    export(database, pairs, 1, "has no new ids yet");
    assert!(!pairs.exists(), "nothing is exported");
    let sql = migrate(&["advance", "people", "--dry-run"], 0);
    assert!(sql.contains("ADD COLUMN") && migrate(&["status"], 0).contains("planned"), "{sql}");

    migrate(&["advance", "people"], 0);
    let sql = migrate(&["advance", "people", "--dry-run"], 0);
    assert!(sql.contains("-- nothing but the state"), "{sql}");
    // The fence lies a little ahead of now.
    let told = migrate(&["advance", "people"], 0);
    assert!(told.contains("the gate of dual-write waits: live ids begin at"), "{told}");
    assert!(told.contains("no instance of the app ever joined people"), "{told}");
    export(database, pairs, 0, "0 pairs were written; 500 rows lack one of both ids");
    assert_eq!(std::fs::read_to_string(pairs).unwrap(), "old,new\n");
    let sql = migrate(&["advance", "people", "--dry-run"], 0);
    for said in ["dual-write -> backfilling", "one pass over people", "ORDER BY", "INSERT INTO"] {
        assert!(sql.contains(said), "{sql}");
    }
    migrate(&["advance", "people"], 0);
    let sql = migrate(&["advance", "people", "--dry-run"], 0);
    let of_chunk = sql.split("people.id_new is filled, in chunks").nth(1).unwrap();
    for said in ["for each chunk", "BEGIN", "SELECT", "UPDATE", "SET done =", "COMMIT"] {
        assert!(of_chunk.contains(said), "{sql}");
    }
    migrate(&["advance", "people", "--to", "backfilled"], 0);
    let told = migrate(&["status", "people"], 0);
    assert!(told.contains("unasked missing: last seen at"), "{told}");
    assert!(migrate(&["check", "people"], 0).contains("ok     missing: 0 rows of people"));
    let checks = migrate(&["check", "people", "--json"], 0);
    let checks: serde_json::Value = serde_json::from_str(&checks).unwrap();
    assert_eq!((&checks[0]["name"], &checks[0]["open"]), (&"schema".into(), &true.into()));
    // Before the first step, and not after all but the last.
    let to_the_end = ["advance", "people", "--to", "contracted", "--accept", "shadow"];
    assert!(migrate(&to_the_end, 2).contains("drops the old ids of people for good; say --yes"));
    assert!(migrate(&["rollback", "people", "--to", "planned"], 2).contains("say --yes"));
    assert!(migrate(&["status"], 0).ends_with(" backfilled\n"), "nothing was done");
    migrate(&["advance", "people", "--to", "constrained"], 0);
    let sql = migrate(&["advance", "people", "--dry-run"], 0);
    assert!(sql.contains("lag(") && sql.contains("order of people"), "{sql}");
    let late = ["advance", "people", "--to", "old-writes-stopped", "--quiet", "0s"];
    assert!(migrate(&late, 1).contains("no shadow read was compared"), "there is no app");
    migrate(&[&late[..], &["--accept", "shadow"]].concat(), 0);
    let exported = idgen(Some(database), &["export", "people"]);
    assert!(says(&exported, 0).contains("500 pairs were written\n"));
    assert_eq!(String::from_utf8_lossy(&exported.stdout).lines().count(), 501);
    export(database, pairs, 0, "500 pairs were written\n");
    assert_eq!(std::fs::read(pairs).unwrap(), exported.stdout);
    assert!(migrate(&["verify", "people"], 0).contains("500 ids of the backfill"));
    assert!(migrate(&["advance", "people"], 2).contains("--yes"), "what destroys asks");
    assert!(
        migrate(&["rollback", "people", "--to", "contracted"], 2).contains("to go on, advance")
    );
    let back = ["rollback", "people", "--to", "planned"];
    for (arguments, code) in [(&back[..], 2), (&[&back[..], &["--yes"]].concat(), 0)] {
        let told = migrate(arguments, code);
        assert!(told.contains("the next attempt may give one to another row"), "{told}");
    }
    assert!(migrate(&["rollback", "people"], 2).contains("no way back"));

    let end = [&to_the_end[..], &["--yes", "--quiet", "0s"]].concat();
    migrate(&end, 0);
    for arguments in [&["advance", "people"][..], &["advance", "people", "--to", "swapped"]] {
        let told = migrate(arguments, 2);
        assert!(told.contains("people is at contracted, the last phase: forget it"), "{told}");
    }
    for arguments in [&["rollback", "people"][..], &["rollback", "people", "--to", "planned"]] {
        assert!(migrate(arguments, 2).contains("no way back from contracted"), "{arguments:?}");
    }
    // The only copy there is stays.
    export(database, pairs, 1, "people is contracted: its old ids are gone");
    assert_eq!(std::fs::read(pairs).unwrap(), exported.stdout);
    std::fs::remove_file(pairs).unwrap();
    migrate(&["forget", "people"], 0);
    assert!(migrate(&["status"], 0).is_empty());
}

/// Exports the pairs into a file.
fn export(database: &str, pairs: &Path, code: i32, told: &str) {
    let arguments = ["export", "people", "-o", pairs.to_str().unwrap()];
    let found = says(&idgen(Some(database), &arguments), code);
    assert!(found.contains(told), "{found}");
}
