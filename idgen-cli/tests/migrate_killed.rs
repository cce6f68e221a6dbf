//! `idgen migrate` as processes that are killed at any moment, and started again: what they leave is what one leaves that
//! nobody disturbs.
#![cfg(all(feature = "migrate", unix))]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use idgen::clock::{Clock as _, SystemClock};
use idgen_migrate::session::{Session, Value};
use idgen_testkit::SplitMix64;

/// People, each with a post.
const PEOPLE: u64 = 3_000;

/// Most lives in a row that may end in an error: somebody who was killed may be known to a server for a moment.
const MOST_ERRORS: u32 = 20;

/// How `created_at` is declared.
const TIMES: [(&str, &str); 3] =
    [("postgres", "TIMESTAMP"), ("mysql", "DATETIME"), ("sqlite", "TEXT")];

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// People in the order of their creation, and of no order by their ids.
async fn fill(address: &str) {
    let time = TIMES.iter().find(|(engine, _)| address.starts_with(engine)).unwrap().1;
    let mut session = Session::connect(address).await.unwrap();
    for sql in [
        format!(
            "CREATE TABLE people (id VARCHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(20), created_at {time} NOT NULL)"
        ),
        "CREATE TABLE posts (n INTEGER NOT NULL PRIMARY KEY, person_id VARCHAR(36) NOT NULL, \
         CONSTRAINT posts_person FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE)"
            .into(),
        "CREATE INDEX posts_by_person ON posts (person_id)".into(),
    ] {
        session.run(&sql).await.unwrap();
    }
    let numbers: Vec<u64> = (0..PEOPLE).collect();
    for some in numbers.chunks(500) {
        let of = |each: &dyn Fn(u64) -> String| {
            some.iter().map(|n| each(*n)).collect::<Vec<_>>().join(", ")
        };
        let id = |n: u64| format!("{:016x}-{n}", SplitMix64::new(n).next_u64());
        let people = of(&|n| {
            let (minute, second) = (n / 60, n % 60);
            let time = format!("2024-01-02 {:02}:{:02}:{second:02}", minute / 60, minute % 60);
            format!("('{}', 'person {n}', '{time}')", id(n))
        });
        session.run(&format!("INSERT INTO people VALUES {people}")).await.unwrap();
        let posts = of(&|n| format!("({n}, '{}')", id(n)));
        session.run(&format!("INSERT INTO posts VALUES {posts}")).await.unwrap();
    }
}

fn migrate(database: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(cargo_bin!("idgen"));
    command.arg("migrate").args(arguments).env("IDGEN_DATABASE", database);
    command
}

/// One that goes on to the end.
fn advance(database: &str) -> Child {
    let to_the_end = ["advance", "people", "--to", "contracted", "--yes"];
    let options = ["--accept", "shadow", "--quiet", "0s", "--chunk-rows", "60"];
    let mut command = migrate(database, &[&to_the_end[..], &options].concat());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Whether a process ends within a while, and how.
fn ends_within(child: &mut Child, while_: Duration) -> Option<bool> {
    let began = SystemClock.monotonic();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status.success());
        }
        if SystemClock.monotonic().saturating_sub(began) >= while_ {
            return None;
        }
        SystemClock.wait(Duration::from_millis(1));
    }
}

/// Kills one after the other until one reaches the end, and says how many.
fn killed(database: &str, seed: u64) -> u64 {
    let mut random = SplitMix64::new(seed);
    let (mut kills, mut errors, mut most) = (0, 0, 40);
    loop {
        let mut child = advance(database);
        let while_ = Duration::from_millis(20 + random.below(most));
        match ends_within(&mut child, while_) {
            Some(true) => return kills,
            Some(false) => {
                let told = child.wait_with_output().unwrap().stderr;
                errors += 1;
                assert!(errors < MOST_ERRORS, "{}", String::from_utf8_lossy(&told));
                SystemClock.wait(Duration::from_millis(100));
            }
            None => {
                child.kill().unwrap(); // SIGKILL
                child.wait().unwrap();
                (kills, errors) = (kills + 1, 0);
                // Ever later, so that the end is reached on a slow machine too, and soon enough.
                most += most / 20;
            }
        }
    }
}

/// Every row of both tables, by its new id.
async fn left(address: &str) -> Vec<Vec<Value>> {
    let mut session = Session::connect(address).await.unwrap();
    let mut rows = Vec::new();
    for query in [
        "SELECT id_new, name FROM people ORDER BY id_new",
        "SELECT n, person_id_new FROM posts ORDER BY n",
    ] {
        rows.extend(session.rows(query, &[]).await.unwrap().into_iter().map(|row| row.0));
    }
    rows
}

fn the_same_is_left(databases: [&str; 2]) {
    for database in databases {
        block_on(fill(database));
        let started =
            migrate(database, &["start", "people", "--to", "snowflake"]).output().unwrap();
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    }
    let [disturbed, undisturbed] = databases;
    let ended = advance(undisturbed).wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let kills = killed(disturbed, 7);
    println!("killed {kills} times");
    assert!(kills > 10, "killed {kills} times alone");
    let expected = block_on(left(undisturbed));
    assert_eq!(expected.len() as u64, 2 * PEOPLE);
    assert!(block_on(left(disturbed)) == expected, "other rows, or other ids");
}

fn on_a_server(variable: &str) {
    let server = std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set; scripts/test migrate starts a server"));
    let (host, _) = server.rsplit_once('/').unwrap();
    let names = ["killed", "left"].map(|name| format!("idgen_{name}_{}", std::process::id()));
    for name in &names {
        let made = async {
            Session::connect(&server).await?.run(&format!("CREATE DATABASE {name}")).await
        };
        block_on(made).unwrap();
    }
    let [disturbed, undisturbed] = names.map(|name| format!("{host}/{name}"));
    the_same_is_left([&disturbed, &undisturbed]);
}

#[test]
fn killed_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let databases = ["killed", "left"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, "").unwrap();
        format!("sqlite:{}", path.display())
    });
    for database in &databases {
        let wal =
            async { Session::connect(database).await?.run("PRAGMA journal_mode = WAL").await };
        block_on(wal).unwrap();
    }
    the_same_is_left([&databases[0], &databases[1]]);
}

#[test]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
fn killed_on_postgres() {
    on_a_server("IDGEN_TEST_POSTGRES");
}

#[test]
#[ignore = "needs a MariaDB: scripts/test migrate"]
fn killed_on_mariadb() {
    on_a_server("IDGEN_TEST_MYSQL");
}
