//! From single numbers of the database to segments of the app, and back, under load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use idgen_migrate::segment::{Change, Counter, Number, Segments, Source, Stage, find};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Failpoints, Options};

use crate::course::options;
use crate::server::{Database, run};

const SIZE: i64 = 20;

/// What counts, and how a table says so.
fn tables(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Postgres => &[
            "CREATE TABLE people (id bigserial PRIMARY KEY, name text NOT NULL)",
            "CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL)",
        ],
        Engine::MariaDb => &[
            "CREATE TABLE people (id BIGINT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL)",
            "CREATE SEQUENCE counted; \
             CREATE TABLE people (id BIGINT DEFAULT NEXTVAL(counted) PRIMARY KEY, name VARCHAR(40) NOT NULL)",
        ],
        Engine::Sqlite => {
            &["CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL)"]
        }
    }
}

async fn people(engine: Engine, table: &str) -> (Database, Session, Source) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    run(&mut session, table).await;
    for number in 0..30 {
        run(&mut session, &single(&format!("of old {number}"))).await;
    }
    let source = find(&mut session, "people", None).await.unwrap();
    (database, session, source)
}

fn single(name: &str) -> String {
    format!("INSERT INTO people (name) VALUES ('{name}')")
}

/// Writes a row; what may be retried is.
async fn write(session: &mut Session, sql: &str) {
    for _ in 0..50 {
        match session.run(sql).await {
            Ok(()) => return,
            Err(error) => assert!(error.is_retryable(), "{sql}: {error}"),
        }
    }
    panic!("no success in 50 attempts: {sql}");
}

/// A new row by an app that takes segments. Says whether the number was its own.
async fn by_segment(session: &mut Session, segments: &Segments, name: &str) -> bool {
    match segments.next().await {
        Ok(Number::Ours(id)) => {
            write(session, &format!("INSERT INTO people (id, name) VALUES ({id}, '{name}')")).await;
            true
        }
        Ok(Number::Database) => {
            write(session, &single(name)).await;
            false
        }
        Err(error) => {
            assert!(error.is_retryable(), "{error}");
            false
        }
    }
}

/// Apps at work: two that live on with two tasks each, one that crashes again and again, and an old
/// version.
struct Apps {
    stop: Arc<AtomicBool>,
    old: Arc<AtomicBool>,
    crashes: Arc<AtomicI64>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Apps {
    async fn start(database: &Database) -> Self {
        let (stop, old) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
        let crashes = Arc::new(AtomicI64::new(0));
        let mut tasks = Vec::new();
        for process in 0..2 {
            let segments = Arc::new(Segments::join(&database.address, "people").await.unwrap());
            for _ in 0..2 {
                let (segments, stop) = (Arc::clone(&segments), Arc::clone(&stop));
                let mut session = database.session().await;
                tasks.push(tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        by_segment(&mut session, &segments, &format!("of app {process}")).await;
                        tokio::time::sleep(Duration::from_millis(2)).await;
                    }
                }));
            }
        }
        let (mut session, address) = (database.session().await, database.address.clone());
        let (until, count) = (Arc::clone(&stop), Arc::clone(&crashes));
        tasks.push(tokio::spawn(async move {
            while !until.load(Ordering::Relaxed) {
                let segments = Segments::join(&address, "people").await.unwrap();
                for _ in 0..3 {
                    by_segment(&mut session, &segments, "of one that crashes").await;
                }
                count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }));
        let mut session = database.session().await;
        let until = Arc::clone(&old);
        tasks.push(tokio::spawn(async move {
            while until.load(Ordering::Relaxed) {
                write(&mut session, &single("of an old app")).await;
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }));
        Self { stop, old, crashes, tasks }
    }

    async fn stop(self) -> i64 {
        self.stop.store(true, Ordering::Relaxed);
        self.old.store(false, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.crashes.load(Ordering::Relaxed)
    }
}

async fn a_while() {
    tokio::time::sleep(Duration::from_millis(400)).await;
}

fn is_of_old_writers(error: &Error) -> bool {
    matches!(error, Error::Gate { into: "guarded", reasons } if reasons.contains("(old-writers)"))
}

/// Goes on to the last stage, whose gate opens once the old version's last number is a while ago.
async fn guarded(change: &mut Change) {
    while let Err(error) = change.advance().await {
        assert!(is_of_old_writers(&error), "{error}");
    }
    assert_eq!(change.status().await.unwrap().stage, Stage::Guarded);
}

async fn there_and_back_under_load(engine: Engine) {
    for table in tables(engine) {
        let (database, mut session, source) = people(engine, table).await;
        // A watch that is longer than anything here: it ends with the first number of an old version.
        let patient = Options { quiet: Duration::from_secs(600), ..options() };
        let begun = Change::begin(&database.address, "people", &source, SIZE, patient).await;
        let mut change = begun.unwrap();
        let apps = Apps::start(&database).await;
        a_while().await;
        assert_eq!(change.status().await.unwrap().claims, 0, "nothing is granted yet");
        change.advance().await.unwrap();
        a_while().await;
        // While an old version takes single numbers the last stage is closed.
        let error = change.advance().await.unwrap_err();
        assert!(is_of_old_writers(&error), "{error}");
        drop(change);
        apps.old.store(false, Ordering::Relaxed);
        let mut change = Change::open(&database.address, "people", options()).await.unwrap();
        guarded(&mut change).await;
        while change.status().await.unwrap().claims <= 3 {
            a_while().await;
        }
        let forgotten = session.run(&single("without a number")).await;
        let refuses = table.contains("serial") || table.contains("NEXTVAL");
        assert_eq!(forgotten.is_err(), refuses, "{table}: {forgotten:?}");
        let found = change.status().await.unwrap();
        assert_eq!(found.granted, found.claims * SIZE, "{found:?}");
        assert_eq!(change.roll_back().await.unwrap().stage, Stage::Granted);
        write(&mut session, &single("by default again")).await;
        assert_eq!(change.roll_back().await.unwrap().stage, Stage::Planned);
        a_while().await;
        let crashes = apps.stop().await;
        change.forget().await.unwrap();

        // No write failed, so that no number came twice. What is missing was in somebody's hand.
        let row = "SELECT count(*), count(DISTINCT id), max(id) FROM people";
        let row = session.row(row, &[]).await.unwrap().unwrap();
        let (rows, last) = (row.integer(0).unwrap(), row.integer(2).unwrap());
        assert_eq!(rows, row.integer(1).unwrap());
        let gaps = last - rows;
        println!(
            "{engine:?}: {rows} rows, {gaps} gaps, {crashes} crashes, {} segments",
            found.claims
        );
        // And what the operator asked the counter for: a few with each look at it.
        assert!(gaps <= (crashes + 2) * SIZE + 200, "{gaps} gaps after {crashes} crashes");
        // The counter goes on above everything.
        write(&mut session, &single("last")).await;
        let after = session.number("SELECT id FROM people WHERE name = 'last'", &[]).await.unwrap();
        assert!(after > last, "{after} after {last}");
    }
}

async fn two_operators_and_a_crash(engine: Engine) {
    for table in tables(engine) {
        let (database, _, source) = people(engine, table).await;
        let address = &database.address;
        let begin = || Change::begin(address, "people", &source, SIZE, options());
        drop(begin().await.unwrap());
        assert!(begin().await.is_err(), "there is one already");
        let quick = Options { quiet: Duration::from_millis(10), ..options() };
        let mut stage = Stage::Planned;
        let mut stopped = 0;
        while stage < Stage::Guarded {
            // Stopped at every failpoint of a way, until there is none left.
            let options = Options { failpoints: Failpoints::stop_at(stopped), ..quick.clone() };
            let mut change = Change::open(address, "people", options).await.unwrap();
            match change.advance().await {
                Ok(_) => stopped = 0,
                Err(Error::Failpoint(_)) => stopped += 1,
                Err(error) => panic!("{error}"),
            }
            drop(change);
            let now = Change::open(address, "people", quick.clone()).await.unwrap().stage();
            if now != stage {
                (stage, stopped) = (now, 0);
            }
        }
        let open = || Change::open(address, "people", quick.clone());
        let (mut one, mut other) = (open().await.unwrap(), open().await.unwrap());
        let ended = tokio::join!(one.roll_back(), other.roll_back());
        let errors: Vec<_> = [ended.0, ended.1].into_iter().filter_map(Result::err).collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(matches!(errors[0], Error::Busy { .. } | Error::Moved { .. }), "{errors:?}");
        assert_eq!(open().await.unwrap().stage(), Stage::Granted);
    }
}

crate::every_engine!(there_and_back_under_load, two_operators_and_a_crash);

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_numbers_that_follow_the_greatest_row_are_no_line() {
    let database = Database::new(Engine::Sqlite).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)").await;
    let error = find(&mut session, "people", None).await.unwrap_err();
    assert!(error.to_string().contains("AUTOINCREMENT"), "{error}");
    assert!(Segments::join(&database.address, "people").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_many_tasks_of_one_process_share_a_segment() {
    let (database, mut session, source) = people(Engine::Sqlite, tables(Engine::Sqlite)[0]).await;
    let mut change =
        Change::begin(&database.address, "people", &source, 64, options()).await.unwrap();
    change.advance().await.unwrap();
    let segments = Arc::new(Segments::join(&database.address, "people").await.unwrap());
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let segments = Arc::clone(&segments);
        tasks.push(tokio::spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..2_000 {
                match segments.next().await.unwrap() {
                    Number::Ours(number) => mine.push(number),
                    Number::Database => panic!("segments are granted"),
                }
            }
            mine
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        let mine = task.await.unwrap();
        assert!(mine.windows(2).all(|pair| pair[0] < pair[1]), "numbers of a task grow");
        all.extend(mine);
    }
    all.sort_unstable();
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "no number twice");
    assert!(all[0] > 30, "above all rows");
    let found = change.status().await.unwrap();
    assert!(found.claims >= 250 && found.claims < 300, "{found:?}");
    let last = session.number("SELECT seq FROM sqlite_sequence WHERE name = 'people'", &[]).await;
    assert!(all.last().copied() <= last.ok());
}

/// A serial column owns a sequence, and its default may ask another.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_the_sequence_that_the_default_asks_is_the_counter() {
    let table = "CREATE TABLE people (id bigserial PRIMARY KEY, name text NOT NULL); \
        CREATE SCHEMA s; CREATE SEQUENCE s.\"Other\" START 100; \
        ALTER TABLE people ALTER COLUMN id SET DEFAULT nextval('s.\"Other\"')";
    let (database, mut session, source) = people(Engine::Postgres, table).await;
    let Counter::Sequence { name, .. } = &source.counter else { panic!("{source:?}") };
    assert_eq!(name, "s.\"Other\"");
    let patient = Options { quiet: Duration::from_secs(600), ..options() };
    let begun = Change::begin(&database.address, "people", &source, SIZE, patient).await;
    let mut change = begun.unwrap();
    change.advance().await.unwrap();
    let writing = async {
        loop {
            write(&mut session, &single("of an old app")).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        ended = change.advance() => assert!(is_of_old_writers(&ended.unwrap_err())),
        () = writing => {}
    }
    run(&mut database.session().await, "ALTER TABLE people ALTER COLUMN id SET DEFAULT 7").await;
    let error = find(&mut database.session().await, "people", None).await.unwrap_err();
    assert!(error.to_string().starts_with("nothing counts people.id"), "{error}");
}
