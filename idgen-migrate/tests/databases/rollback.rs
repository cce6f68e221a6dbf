//! Back from each phase to the schema as it was, with the rows written meanwhile.

use std::time::Duration;

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::survey;
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned, options};
use crate::hurry::hurried;
use crate::instances::own;
use crate::server::{Database, run};
use crate::shop::{self, Path, literal, old_id};
use crate::{dump, every_engine};

const CUSTOMERS: u64 = 40;

/// Writes a customer and an order, as an app does in this phase.
pub(crate) async fn write(session: &mut Session, path: Path, phase: Phase, number: u64) {
    let engine = session.engine();
    let now = shop::now(engine);
    let id = literal(engine, path, &old_id(path, number), false);
    if phase < Phase::OldWritesStopped {
        run(
            session,
            &format!(
                "INSERT INTO customers (id, name, created_at) VALUES ({id}, 'meanwhile', {now})"
            ),
        )
        .await;
        run(session, &format!("INSERT INTO orders (customer_id, number) VALUES ({id}, 1)")).await;
        return;
    }
    // Of an app that knows new ids alone.
    let new = match path {
        Path::FlakeToUuid => format!("7fffffff-0000-7000-8000-{number:012x}"),
        _ => (1_u64 << 62 | number).to_string(),
    };
    let new = literal(engine, path, &new, true);
    run(
        session,
        &format!(
            "INSERT INTO customers (id_new, name, created_at) VALUES ({new}, 'meanwhile', {now})"
        ),
    )
    .await;
    run(session, &format!("INSERT INTO orders (customer_id_new, number) VALUES ({new}, 1)")).await;
}

async fn begun(database: &Database, path: Path, options: Options) -> Migration {
    let plan = survey(&mut database.session().await, &path.wish(), &SystemClock).await.unwrap();
    // What the trigger made up for an old snowflake has no time, and stays after a way back.
    let mut findings = plan.findings.iter();
    assert!(findings.all(|finding| finding.what.contains("outlying id")), "{:?}", plan.findings);
    Migration::begin(&database.address, &plan, options).await.unwrap()
}

async fn back_to_the_schema_as_it_was(engine: Engine) {
    back_of(engine, Path::UuidToFlake).await;
}

async fn back_of(engine: Engine, path: Path) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, path).await;
    shop::fill(&mut session, path, CUSTOMERS).await;
    let before = dump::schema(&database).await;
    let old = dump::old(&mut session).await;
    let patient = hurried(Options { quiet: Duration::ZERO, chunk_rows: 15, ..options() });
    let (mut written, mut last) = (0, 0);
    let version = format!("SELECT version FROM {}", own(engine, "state"));
    for phase in &Phase::ALL[1..10] {
        let mut migration = begun(&database, path, patient.clone()).await;
        assert!(session.number(&version, &[]).await.unwrap() > last, "at {phase}");
        while migration.phase() < *phase {
            let next = migration.phase().next().unwrap();
            advance_to(&mut migration, next).await;
            write(&mut session, path, next, 1_000 + written).await;
            written += 1;
        }
        while migration.phase() > Phase::Planned {
            migration
                .roll_back()
                .await
                .unwrap_or_else(|error| panic!("back from {phase}: {error}"));
            // Every phase on the way back is one in which an app works.
            write(&mut session, path, Phase::Planned, 1_000 + written).await;
            written += 1;
        }
        // Whoever still is at work by one of its versions finds that none of the next one's is the same.
        last = session.number(&version, &[]).await.unwrap();
        migration.forget().await.unwrap();
        assert_eq!(dump::schema(&database).await, before, "back from {phase}");
        let rows = dump::old(&mut session).await;
        assert!(old.iter().all(|row| rows.binary_search(row).is_ok()), "back from {phase}");
        let (count, orders) = (
            session
                .number("SELECT count(*) FROM customers WHERE name = 'meanwhile'", &[])
                .await
                .unwrap(),
            "SELECT count(*) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.name = 'meanwhile'",
        );
        assert_eq!(count, i64::try_from(written).unwrap(), "back from {phase}");
        assert_eq!(session.number(orders, &[]).await.unwrap(), count, "back from {phase}");
    }
    // And the whole course after all of that.
    let mut migration = begun(&database, path, patient.clone()).await;
    advance_to(&mut migration, Phase::Contracted).await;
    let migration = Migration::open(&database.address, "customers", patient).await.unwrap();
    assert!(migration.steps_back().is_err(), "there is no way back from the last phase");
}

async fn back_on_the_way_from_a_sequence(engine: Engine) {
    back_of(engine, Path::SequenceToFlake).await;
}

async fn back_on_the_way_from_snowflakes(engine: Engine) {
    back_of(engine, Path::FlakeToUuid).await;
}

/// What an app may have beside tables, keys and references, by what a dump shows.
fn dress(engine: Engine) -> Vec<&'static str> {
    let mut sql = vec![
        "CREATE VIEW loyal AS SELECT id, name FROM customers WHERE referred_by IS NOT NULL",
        "CREATE UNIQUE INDEX customers_twice ON customers (referred_by, name)",
        "CREATE TABLE notes (customer_id $id NOT NULL, note VARCHAR(40) DEFAULT 'none', CONSTRAINT notes_unique UNIQUE (note, customer_id), \
         CONSTRAINT notes_long CHECK (length(note) > 2), CONSTRAINT notes_customer FOREIGN KEY (customer_id) \
         REFERENCES customers (id) ON DELETE CASCADE ON UPDATE CASCADE)",
        "INSERT INTO notes (customer_id, note) SELECT id, name FROM customers",
    ];
    sql.extend_from_slice(match engine {
        Engine::Postgres => &[
            "ALTER TABLE orders ALTER CONSTRAINT orders_customer DEFERRABLE INITIALLY DEFERRED",
            "COMMENT ON COLUMN orders.customer_id IS 'who pays'",
            "COMMENT ON INDEX customers_by_referrer IS 'for trees'",
            "COMMENT ON CONSTRAINT notes_customer ON notes IS 'goes with them'",
            "COMMENT ON CONSTRAINT customers_pkey ON customers IS 'of old'",
            "CREATE INDEX notes_words ON notes (lower(note), customer_id) WHERE note <> ''",
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := upper(NEW.note); RETURN NEW; END'",
            "CREATE TRIGGER loud BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION shout()",
            "GRANT SELECT (customer_id), INSERT ON orders TO PUBLIC",
            "ALTER TABLE orders ALTER COLUMN customer_id SET STATISTICS 500",
            "CREATE STATISTICS of_orders ON customer_id, number FROM orders",
        ][..],
        Engine::MariaDb => &[
            "ALTER TABLE orders COMMENT = 'who pays', ROW_FORMAT = DYNAMIC",
            "CREATE INDEX notes_words ON notes (note(5), customer_id) COMMENT 'words'",
            "CREATE TRIGGER loud BEFORE INSERT ON notes FOR EACH ROW SET NEW.note = upper(NEW.note)",
        ],
        Engine::Sqlite => &[
            "CREATE INDEX notes_words ON notes (lower(note), customer_id) WHERE note <> ''",
            "CREATE TRIGGER loud AFTER INSERT ON notes BEGIN UPDATE notes SET note = upper(note) WHERE rowid = NEW.rowid; END",
            "PRAGMA user_version = 7",
        ],
    });
    sql
}

async fn back_to_all_that_an_app_has(engine: Engine) {
    let path = Path::UuidToFlake;
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, path).await;
    shop::fill(&mut session, path, CUSTOMERS).await;
    for sql in dress(engine) {
        run(&mut session, &sql.replace("$id", path.old_type(engine).0)).await;
    }
    let before = (dump::schema(&database).await, dump::old(&mut session).await);
    let accepted = ["lost", "on-update", "late", "shadow"].map(String::from).to_vec();
    let patient = hurried(Options { quiet: Duration::ZERO, accepted, ..options() });
    let plan = survey(&mut session, &path.wish(), &SystemClock).await.unwrap();
    for phase in [Phase::Expanded, Phase::Backfilled, Phase::Constrained, Phase::OldWritesStopped] {
        let mut migration =
            Migration::begin(&database.address, &plan, patient.clone()).await.unwrap();
        advance_to(&mut migration, phase).await;
        back_to_planned(&mut migration).await;
        migration.forget().await.unwrap();
        let after = (dump::schema(&database).await, dump::old(&mut session).await);
        assert_eq!(after, before, "back from {phase}");
    }
}

every_engine!(
    back_to_the_schema_as_it_was,
    back_on_the_way_from_a_sequence,
    back_on_the_way_from_snowflakes,
    back_to_all_that_an_app_has
);
