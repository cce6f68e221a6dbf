//! What is SQLite's alone: tables that are made anew with everything that hangs on them, the old key
//! kept, and one writer at a time.

use std::time::Duration;

use idgen_core::clock::SystemClock;
use idgen_migrate::app::Live;
use idgen_migrate::plan::{Plan, Risk, Settings, Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Failpoints, Ladder, Lock, Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned, options};
use crate::server::{Database, run};
use crate::{dump, shop};

/// People with all that a table can have, and the notes on them.
const PEOPLE: &str = "
PRAGMA journal_mode = WAL; PRAGMA user_version = 7;
CREATE TABLE people ([id] BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16), -- the key, of old
    email TEXT UNIQUE COLLATE NOCASE, \"the boss\" BLOB REFERENCES people ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    created INTEGER NOT NULL, shout TEXT AS (upper(email)) STORED);
CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, person BLOB NOT NULL REFERENCES people(id) ON DELETE CASCADE,
    body TEXT DEFAULT 'a, b', CONSTRAINT once UNIQUE (person, body), CHECK (body <> ''));
CREATE INDEX notes_recent ON notes (person, id DESC) WHERE body IS NOT NULL;
CREATE TABLE log (what TEXT);
CREATE TRIGGER noted AFTER INSERT ON notes BEGIN INSERT INTO log VALUES (NEW.body); END;
CREATE VIEW mail AS SELECT email, body FROM people p JOIN notes n ON n.rowid = p.rowid;
WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 40)
INSERT INTO people SELECT randomblob(16), 'p' || n, NULL, 1700000000 + n / 4 FROM s;
UPDATE people SET \"the boss\" = (SELECT id FROM people WHERE rowid = 2) WHERE rowid % 3 = 0;
INSERT INTO notes (person) SELECT id FROM people;
INSERT INTO notes (person, body) SELECT id, 'gone' FROM people; DELETE FROM notes WHERE body = 'gone'";

async fn people() -> (Database, Session) {
    let database = Database::file(PEOPLE).await;
    let session = database.session().await;
    (database, session)
}

fn patient() -> Options {
    let accepted = ["shadow", "lost"].map(String::from).into();
    Options { quiet: Duration::ZERO, chunk_rows: 7, accepted, ..options() }
}

async fn plan(session: &mut Session, keep_key: bool) -> Plan {
    let wish = Wish { keep_key, ..Wish::new("people", shop::flakes()) };
    survey(session, &wish, &SystemClock).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_hangs_on_a_table_is_made_anew_with_it() {
    let (database, mut session) = people().await;
    let before = dump::schema(&database).await;
    let plan = plan(&mut session, false).await;
    let careful: Vec<_> = plan.findings.iter().map(|finding| finding.what.as_str()).collect();
    assert_eq!(careful.len(), 2, "{careful:?}");
    assert!(careful[0].contains("may be checked late"), "{careful:?}");
    assert_eq!(
        careful[1],
        "CHECK (length(id) = 16) of people goes with the old ids, and has no twin"
    );
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    // Of an old version of the app, of a new one, and of one in between: all rows get both.
    let boss = "(SELECT id FROM people WHERE email = 'p2')";
    let written = [
        format!(
            "INSERT INTO people (id, email, \"the boss\", created) VALUES (randomblob(16), 'old', {boss}, 1800000000)"
        ),
        "INSERT INTO people (id_new, email, created) VALUES (1 << 62, 'new', 1800000000)".into(),
        "INSERT INTO notes (person_new, body) VALUES (1 << 62, 'of the new one')".into(),
        "INSERT INTO notes (person, body) SELECT id, 'of the old one' FROM people WHERE email = 'old'".into(),
    ];
    for sql in &written {
        run(&mut session, sql).await;
    }
    let both = "SELECT count(*) FROM people p JOIN notes n ON n.person = p.id AND n.person_new = p.id_new \
        WHERE n.body LIKE 'of the%' AND length(p.id) = 16";
    assert_eq!(session.number(both, &[]).await.unwrap(), 2);
    let follows = "SELECT count(*) FROM people p JOIN people b ON b.id_new = p.\"the boss_new\" WHERE p.email = 'old'";
    assert_eq!(session.number(follows, &[]).await.unwrap(), 1);
    // The references are the new ids', with what they do: a cascade, and a NULL on both sides.
    run(&mut session, "DELETE FROM people WHERE email = 'p2'").await;
    let left = "SELECT count(*) FROM people WHERE \"the boss\" IS NOT NULL OR \"the boss_new\" IS NOT NULL";
    assert_eq!(session.number(left, &[]).await.unwrap(), 0);
    assert!(
        session.run("INSERT INTO notes (person_new, body) VALUES (7, 'of nobody')").await.is_err()
    );
    // 40 notes that are there, 40 that were deleted, and two: no number comes again.
    let last = session.number("SELECT max(id) FROM notes", &[]).await.unwrap();
    assert_eq!(last, 82, "the notes' own counting goes on");
    let triggered = session.number("SELECT count(*) FROM log", &[]).await.unwrap();
    assert_eq!(triggered, 82, "the app's own trigger");
    let shouted = "SELECT count(*) FROM people WHERE shout = 'OLD'";
    assert_eq!(session.number(shouted, &[]).await.unwrap(), 1, "the computed column");

    back_to_planned(&mut migration).await;
    assert_eq!(dump::schema(&database).await, before);
    let all = session.number("SELECT count(*) FROM people", &[]).await.unwrap();
    assert_eq!(all, 41);

    advance_to(&mut migration, Phase::Contracted).await;
    let schema = dump::schema(&database).await;
    for part in [
        "PRIMARY KEY(id_new)",
        "FOREIGN KEY(`the boss_new`) REFERENCES people(id_new) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
        "person_new INT NOT NULL",
        "CONSTRAINT once UNIQUE(person_new, body)",
        "CREATE INDEX notes_recent ON notes(person_new, id DESC) WHERE body IS NOT NULL",
        "CREATE TRIGGER noted",
        "CHECK(body <> '')",
        "; 7 [\"ok\"]",
    ] {
        assert!(schema.contains(part), "{part}: {schema}");
    }
    assert!(!schema.contains("length(id)") && !schema.contains("_idgen_"), "{schema}");
    run(
        &mut session,
        "INSERT INTO notes (person_new, body) SELECT min(id_new), 'last' FROM people",
    )
    .await;
    let next = session.number("SELECT max(id) FROM notes", &[]).await.unwrap();
    assert_eq!(next, 83, "the notes' own counting goes on");
    // Nobody makes up an id any more, least of all the database.
    let nothing = session.run("INSERT INTO people (email, created) VALUES ('x', 1)").await;
    assert!(nothing.unwrap_err().to_string().contains("NOT NULL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_key_can_stay_and_no_table_is_made_anew() {
    let (database, mut session) = people().await;
    let before = dump::schema(&database).await;
    let plan = plan(&mut session, true).await;
    assert_eq!(plan.phases().last(), Some(Phase::ReadingNew));
    let course = plan.course(Settings::default()).unwrap();
    assert!(course.iter().flat_map(|leg| &leg.on).all(|planned| planned.step.frame.is_none()));
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::ReadingNew).await;
    assert!(matches!(migration.advance().await, Err(Error::NoWay { .. })));
    assert_eq!(migration.status().await.unwrap().next, None);
    // New ids go on to be made and followed, whoever writes.
    let sql = "INSERT INTO people (id, email, created) VALUES (x'00112233445566778899aabbccddeeff', 'old', 1800000000)";
    run(&mut session, sql).await;
    run(&mut session, "INSERT INTO notes (person) VALUES (x'00112233445566778899aabbccddeeff')")
        .await;
    let found = "SELECT count(*) FROM people p JOIN notes n ON n.person_new = p.id_new WHERE p.email = 'old'";
    assert_eq!(session.number(found, &[]).await.unwrap(), 1);
    assert!(
        session.run("UPDATE people SET id_new = (SELECT max(id_new) FROM people)").await.is_err(),
        "the new id is unique"
    );
    back_to_planned(&mut migration).await;
    assert_eq!(dump::schema(&database).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_into_the_schema_meanwhile_is_not_lost() {
    let (database, mut session) = people().await;
    let plan = plan(&mut session, false).await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::ReadingNew).await;
    // Triggers, views and indexes of the app come and go with the tables.
    run(&mut session, "CREATE INDEX by_time ON people (created); DROP TRIGGER noted").await;
    run(&mut session, "ALTER TABLE notes ADD COLUMN colour TEXT DEFAULT 'red'").await;
    let error = migration.advance().await.unwrap_err();
    let told = "column colour of notes, which came after the plan, would be lost";
    assert!(error.to_string().contains(told), "{error}");
    assert_eq!(migration.phase(), Phase::ReadingNew);
    assert_eq!(
        session.number("SELECT count(*) FROM notes WHERE colour = 'red'", &[]).await.unwrap(),
        40
    );
    run(&mut session, "ALTER TABLE notes DROP COLUMN colour").await;
    // A reference whose new one was taken away by hand would be lost as well.
    run(&mut session, "DROP TRIGGER idgen_migrate_people_01_update").await;
    run(&mut session, "UPDATE notes SET person_new = NULL WHERE id = 1").await;
    let error = migration.advance().await.unwrap_err();
    assert!(error.to_string().contains("1 rows of notes lack person_new"), "{error}");
    // Nor by whoever accepts that: the step looks again, in its own transaction.
    drop(migration);
    let accepted = ["shadow", "lost", "missing", "references"].map(String::from).into();
    let accepting = Options { accepted, ..patient() };
    let mut migration = Migration::open(&database.address, "people", accepting).await.unwrap();
    let error = migration.advance().await.unwrap_err();
    assert!(error.to_string().contains("1 rows of notes that have no person_new"), "{error}");
    run(
        &mut session,
        "UPDATE notes SET person_new = (SELECT id_new FROM people p WHERE p.id = person)",
    )
    .await;
    advance_to(&mut migration, Phase::Swapped).await;
    let schema = dump::schema(&database).await;
    assert!(
        schema.contains("CREATE INDEX by_time") && !schema.contains("TRIGGER noted"),
        "{schema}"
    );
    // A view of the app that reads old ids stops the last phase, and nothing is done.
    run(&mut session, "CREATE VIEW old AS SELECT id FROM people").await;
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    let error = migration.advance().await.unwrap_err();
    assert!(error.to_string().contains("no such column: id"), "{error}");
    run(&mut session, "DROP VIEW old").await;
    advance_to(&mut migration, Phase::Contracted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_the_database_counts_go_on_after_a_rollback() {
    let sql = "PRAGMA journal_mode = WAL; CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
        INSERT INTO people (name) VALUES ('a'), ('b'), ('c'), ('d'); DELETE FROM people WHERE id = 4";
    let database = Database::file(sql).await;
    let mut session = database.session().await;
    let before = dump::schema(&database).await;
    let plan = plan(&mut session, false).await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    // The number of a row that is gone is never made up for another one.
    run(&mut session, "INSERT INTO people (name) VALUES ('e')").await;
    run(&mut session, "DELETE FROM people WHERE name = 'e'").await;
    run(&mut session, "INSERT INTO people (id, name) VALUES (9, 'f')").await;
    run(&mut session, "INSERT INTO people (name) VALUES ('g')").await;
    run(&mut session, "DELETE FROM people WHERE name = 'g'").await;
    let found = dump::rows(&mut session, "SELECT id, name FROM people").await;
    assert_eq!(found, ["1|a", "2|b", "3|c", "9|f"]);
    let counted = "SELECT last FROM idgen_migrate_people_old";
    assert_eq!(session.number(counted, &[]).await.unwrap(), 10);
    back_to_planned(&mut migration).await;
    assert_eq!(dump::schema(&database).await, before);
    run(&mut session, "INSERT INTO people (name) VALUES ('h')").await;
    assert_eq!(session.number("SELECT id FROM people WHERE name = 'h'", &[]).await.unwrap(), 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_does_not_end_stops_the_step_and_not_for_ever() {
    let (database, mut session) = people().await;
    let plan = plan(&mut session, false).await;
    let ladder = Ladder {
        first: Duration::from_millis(5),
        longest: Duration::from_millis(20),
        attempts: 3,
        pause: Duration::from_millis(1),
    };
    let options = Options { ladder, ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, options.clone()).await.unwrap();
    let mut other = database.session().await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    // The fence, which comes before the steps, waits as sessions do; it is set by an earlier attempt.
    let ended = tokio::time::timeout(Duration::from_secs(20), migration.advance()).await.unwrap();
    assert!(ended.unwrap_err().is_lock_timeout());
    run(&mut other, "COMMIT").await;
    advance_to(&mut migration, Phase::ReadingNew).await;
    drop(migration);
    let open = async |options| Migration::open(&database.address, "people", options).await.unwrap();
    // Before its step, when that it is under way is kept.
    let failpoints = Failpoints::stop_at(1);
    let stopped = open(Options { failpoints, ..options.clone() }).await.advance().await;
    assert!(matches!(stopped, Err(Error::Failpoint(_))), "{stopped:?}");
    let mut migration = open(options).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let error = migration.advance().await.unwrap_err();
    assert!(matches!(&error, Error::Locked { attempts: 3, .. }), "{error}");
    run(&mut other, "COMMIT").await;
    // What was said around the transaction was taken back.
    advance_to(&mut migration, Phase::Swapped).await;
    let strict = session.number("PRAGMA foreign_keys", &[]).await.unwrap();
    assert_eq!(strict, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_cannot_ask_does_not_go_back_to_old_ids() {
    let (database, mut session) = people().await;
    let plan = plan(&mut session, false).await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::DualWrite).await;
    let live = Live::join(&database.address, "people", "web").await.unwrap();
    let both = live.moment().unwrap().phase();
    // What is there cannot be read: as when the server is gone.
    run(&mut session, "ALTER TABLE idgen_migrate_state RENAME TO away").await;
    run(&mut session, "CREATE VIEW idgen_migrate_state AS SELECT * FROM json_each('{')").await;
    assert!(live.refresh().await.is_err());
    assert_eq!((live.moment().unwrap().phase(), both), (Phase::DualWrite, Phase::DualWrite));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_migrated_is_said_before_anything_is_done() {
    let refused = |sql: &'static str| async move {
        let database = Database::file(sql).await;
        let wish = Wish::new("people", shop::flakes());
        let plan = survey(&mut database.session().await, &wish, &SystemClock).await;
        plan.unwrap_err().to_string()
    };
    let text = refused("CREATE TABLE people (id TEXT PRIMARY KEY) WITHOUT ROWID").await;
    assert!(text.contains("has no rowid"), "{text}");
    let text = refused("CREATE TABLE people (id TEXT PRIMARY KEY, oid INT)").await;
    assert!(text.contains("a column of that name"), "{text}");
    let mixed = "CREATE TABLE people (id PRIMARY KEY); INSERT INTO people VALUES ('a'), (x'00')";
    let text = refused(mixed).await;
    assert!(text.contains("of several kinds"), "{text}");
    let text = refused("CREATE TABLE people (id TEXT PRIMARY KEY, created_at TEXT); INSERT INTO people VALUES ('a', 'soon')").await;
    assert!(text.contains("no created_at"), "{text}");
    let text = refused("CREATE TABLE people (id TEXT PRIMARY KEY, created_at REAL); INSERT INTO people VALUES ('a', 1700000000.25)").await;
    assert!(text.contains("REAL in 1 rows, as 1700000000.25"), "{text}");

    let database = Database::file("CREATE TABLE people (id TEXT PRIMARY KEY)").await;
    let plan = plan(&mut database.session().await, false).await;
    let journal = plan.findings.iter().find(|found| found.what.contains("journal"));
    assert!(journal.is_some_and(|found| found.risk == Risk::Care), "{:?}", plan.findings);
    assert_eq!(plan.engine, Engine::Sqlite);
    let course = plan.course(Settings::default()).unwrap();
    let mut steps = course.iter().flat_map(|leg| &leg.on);
    let anew = steps.find(|planned| planned.step.title.contains("made anew"));
    assert_eq!(anew.map(|planned| planned.step.lock), Some(Lock::Writers));
}
