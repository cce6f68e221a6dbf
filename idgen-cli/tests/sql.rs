//! `idgen sql`: what it prints and refuses; what PostgreSQL makes of it, by `scripts/test postgres`.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::fs;
use std::process::Output;

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use idgen::clock::{Clock, SystemClock};
use idgen::config::parse_epoch;
use serde_json::Value;

/// Exit code, standard output and standard error.
fn idgen(arguments: &[&str]) -> (Option<i32>, String, String) {
    said(&Command::new(cargo_bin!("idgen")).args(arguments).output().unwrap())
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let [out, err] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    (output.status.code(), out, err)
}

#[track_caller]
fn stdout(arguments: &[&str]) -> String {
    let (code, out, err) = idgen(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {err}");
    out
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn a_scheme_whose_time_is_over_is_refused() {
    let (code, out, error) = idgen(&words("sql baidu --node 7"));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(error.contains("the last tick of baidu that fits a BIGINT began at 2024-"), "{error}");
    // Where all 64 bits are used, a signed column ends sooner than the ids.
    let custom = "sql --layout tick=42:worker(node)=10:sequence=12 --epoch 1950-01-01 --node 7";
    let (code, _, error) = idgen(&words(custom));
    assert_eq!(code, Some(1), "{error}");
    assert!(error.contains("that fits a BIGINT began at 2019-"), "{error}");
}

#[test]
fn layouts_and_configurations_have_functions_of_their_own() {
    let custom = "sql --layout 41:5:5:12 --node 7 --epoch";
    let names = ["2024-01-01", "2025-01-01"].map(|epoch| {
        let script = stdout(&words(&format!("{custom} {epoch}")));
        let (_, rest) = script.split_once(r#"FUNCTION "public"."idgen_custom_"#).unwrap();
        rest.split('"').next().unwrap().to_owned()
    });
    assert_ne!(names[0], names[1], "one layout's function would take the place of another's");
    let name = stdout(&words("sql snowflake --node 7 --epoch 2024-01-01"));
    assert!(!name.contains(r#""idgen_snowflake_7""#), "another epoch is another line");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.toml");
    let config = "[scheme]\nname = 'orders'\nlayout = '41:5:5:12'\nepoch = '2024-01-01'\n\
                  tick = '1ms'\n[generator]\nnode = 5\nmax-drift = '7ms'\n";
    fs::write(&file, config).unwrap();
    let file = file.to_str().unwrap();
    let script = stdout(&["sql", "--config", file]);
    assert!(script.contains(r#"FUNCTION "public"."idgen_orders_5"()"#), "{script}");
    assert!(stdout(&["sql", "--config", file, "--node", "6"]).contains("idgen_orders_6"));
    assert_ne!(script, stdout(&["sql", "--config", file, "--max-drift", "9ms"]));

    assert_eq!(idgen(&words("sql")).0, Some(2));
    assert_eq!(idgen(&["sql", "snowflake", "--config", file]).0, Some(2));
    assert_eq!(idgen(&words("sql snowflake --node 1 --layout 41:10:12")).0, Some(2));
}

/// `psql`, as the help and the page say to run it.
fn install(script: &str) -> (Option<i32>, String, String) {
    let help = stdout(&words("sql --help"));
    let (_, flags) = help.split_once("| psql ").unwrap();
    let flags = words(flags.lines().next().unwrap());
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sql.md")).unwrap();
    assert!(page.contains(&format!("psql {} ", flags.join(" "))));
    let mut psql = Command::new("psql");
    psql.args(flags)
        .args(["-q", "-d", &server()])
        .env("PGOPTIONS", "-c client_min_messages=warning");
    said(&psql.write_stdin(script).output().unwrap())
}

fn server() -> String {
    std::env::var("IDGEN_TEST_POSTGRES")
        .unwrap_or_else(|_| panic!("IDGEN_TEST_POSTGRES is not set: run scripts/test postgres"))
}

fn psql(sql: &str) -> String {
    let output = Command::new("psql").args(["-qAtd", &server(), "-c", sql]).output().unwrap();
    let (code, out, err) = said(&output);
    assert_eq!(code, Some(0), "{sql}: {err}");
    out
}

/// A schema that goes with the test.
struct Schema(&'static str);

impl Schema {
    fn new(name: &'static str) -> Self {
        psql(&format!("DROP SCHEMA IF EXISTS {name} CASCADE"));
        psql(&format!("CREATE SCHEMA {name}"));
        Self(name)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        psql(&format!("DROP SCHEMA {} CASCADE", self.0));
    }
}

/// What `idgen inspect` says of ids, one a line.
fn inspected(ids: &str, scheme: [&str; 2]) -> Vec<Value> {
    let mut command = Command::new(cargo_bin!("idgen"));
    let output =
        command.args(["inspect", "--json"]).args(scheme).write_stdin(ids).output().unwrap();
    let (code, out, err) = said(&output);
    assert_eq!(code, Some(0), "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn ids_of_the_function_are_inspected() {
    let Schema(schema) = &Schema::new("idgen_command");
    psql(&format!("CREATE TABLE {schema}.photos (id bigint PRIMARY KEY, n integer)"));
    let script = format!("sql instagram --node 1341 --schema {schema} --table {schema}.photos");
    let (code, _, err) = install(&stdout(&words(&format!("{script} --column id"))));
    assert_eq!(code, Some(0), "{err}");
    let from = SystemClock.wall();
    psql(&format!("INSERT INTO {schema}.photos (n) SELECT generate_series(1, 20000)"));
    let ids = psql(&format!("SELECT id FROM {schema}.photos ORDER BY n"));
    let to = SystemClock.wall();
    let found = inspected(&ids, ["--scheme", "instagram"]);
    assert_eq!(found.len(), 20_000);
    let latest = to.as_millis() + 11; // the drift, and the tick itself
    let mut last = (0, 0);
    for id in &found {
        let fields = &id["fields"];
        assert_eq!(fields["shard"], 1_341, "{id}");
        let position = (fields["tick"].as_u64().unwrap(), fields["sequence"].as_u64().unwrap());
        assert!(last < position, "{id} comes after {last:?}");
        last = position;
        let time = parse_epoch(id["time"].as_str().unwrap()).unwrap().as_millis();
        assert!((from.as_millis()..=latest).contains(&time), "{id} is not of {from} to {to}");
    }
}

#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn a_configured_layout_is_made_and_inspected() {
    let Schema(schema) = &Schema::new("idgen_configured");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.toml");
    let config = "[scheme]\nname = 'orders'\nlayout = 'unused=4:tick=38:till(node)=8:sequence=14'\n\
                  epoch = '2024-01-01'\ntick = '10ms'\n[generator]\nnode = 200\n";
    fs::write(&file, config).unwrap();
    let file = file.to_str().unwrap();
    let script = stdout(&["sql", "--config", file, "--schema", schema]);
    assert_eq!(install(&script).0, Some(0));
    let ids = psql(&format!("SELECT {schema}.idgen_orders_200() FROM generate_series(1, 100)"));
    let found = inspected(&ids, ["--config", file]);
    assert_eq!(found.len(), 100);
    assert!(found.iter().all(|id| id["fields"]["till"] == 200 && id["scheme"] == "orders"));
}

/// A script that fails says so by its exit code, and leaves nothing behind.
#[test]
#[ignore = "needs a server: scripts/test postgres"]
fn a_script_that_fails_is_no_success() {
    let Schema(schema) = &Schema::new("idgen_failing");
    let script = format!("sql snowflake --node 7 --schema {schema} --table nosuch --column id");
    let (code, _, err) = install(&stdout(&words(&script)));
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("\"nosuch\" does not exist"), "{err}");
    let left = psql(&format!(
        "SELECT count(*) FROM pg_class WHERE relnamespace = '{schema}'::regnamespace"
    ));
    assert_eq!(left, "0\n");
}
