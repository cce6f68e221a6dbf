//! What others do meanwhile: two operators, locks, deadlocks, a pause, odd rows.

use std::sync::Arc;
use std::time::Duration;

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Risk, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Ladder, Migration, Options, Phase, Watch};

use crate::course::{advance_to, back_to_planned, begin, options};
use crate::every_engine;
use crate::heard::Heard;
use crate::references;
use crate::server::{Database, run, run_past_triggers};
use crate::shop::{self, Path, at, old_id};

pub(crate) const PATH: Path = Path::UuidToFlake;

pub(crate) async fn shop(engine: Engine, customers: u64) -> Database {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, PATH).await;
    shop::fill(&mut session, PATH, customers).await;
    database
}

async fn two_operators_at_once(engine: Engine) {
    let database = shop(engine, 50).await;
    drop(begin(&database, PATH, options()).await);
    for phase in [Phase::Planned, Phase::Expanded, Phase::DualWrite] {
        let open = || Migration::open(&database.address, "customers", options());
        let (mut one, mut other) = (open().await.unwrap(), open().await.unwrap());
        // Until the fence is passed, neither may.
        while one.status().await.unwrap().gate.iter().any(|check| !check.open) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let ended = tokio::join!(one.advance(), other.advance());
        let errors: Vec<_> = [ended.0, ended.1].into_iter().filter_map(Result::err).collect();
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(matches!(errors[0], Error::Busy { .. } | Error::Moved { .. }), "{errors:?}");
        assert_eq!(open().await.unwrap().phase(), phase.next().unwrap());
    }
}

async fn outlying_times_are_found_and_edited_ones_keep_their_place(engine: Engine) {
    let database = shop(engine, 60).await;
    let mut session = database.session().await;
    let set = |number, at: &str| {
        format!("UPDATE customers SET created_at = '{at}' WHERE id = '{}'", old_id(PATH, number))
    };
    let (early, late, told) = match engine {
        // Where times are texts they are all of one form.
        Engine::Sqlite => ("1970-01-02 00:00:00.000", "2190-01-01 00:00:00.000", ("1970", "2190")),
        Engine::MariaDb => ("1970-01-02 00:00:00", "2190-01-01 00:00:00", ("1970", "2190")),
        // Before and after all that can be written.
        Engine::Postgres => ("-infinity", "infinity", ("as far as -004713", "as far as +294276")),
    };
    let sql = set(7, late);
    run(&mut session, &sql).await;
    let sql = set(50, early);
    run(&mut session, &sql).await;
    let plan = survey(&mut session, &PATH.wish(), &SystemClock).await.unwrap();
    let found: Vec<_> = plan.findings.iter().filter(|found| found.risk == Risk::Care).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].what.contains(told.0) && found[1].what.contains(told.1), "{found:?}");

    let mut migration = Migration::begin(&database.address, &plan, options()).await.unwrap();
    advance_to(&mut migration, Phase::Backfilling).await;
    // Between planning and its turn, this row changes its place in the order.
    let sql = set(20, late);
    run(&mut session, &sql).await;
    let sql = format!("UPDATE customers SET name = 'kept' WHERE id = '{}'", old_id(PATH, 21));
    run(&mut session, &sql).await;
    let evidence = advance_to(&mut migration, Phase::Verified).await;
    let report = evidence.last().and_then(|evidence| evidence.report.clone()).unwrap();
    assert_eq!((report.makers.trigger, report.makers.backfill), (1, 59));
    assert_eq!((report.out_of_order, report.rows), (0, 60));
}

async fn rows_that_are_edited_after_their_turn_keep_the_time_of_their_id(engine: Engine) {
    let database = shop(engine, 60).await;
    let mut session = database.session().await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    let of = |number| format!("WHERE id = '{}'", old_id(PATH, number));
    let id_of = |number| format!("SELECT id_new FROM customers {}", of(number));
    let before = session.number(&id_of(30), &[]).await.unwrap();
    for number in [30, 31] {
        let late = at(engine, 1_700_000_000_000);
        run(&mut session, &format!("UPDATE customers SET created_at = '{late}' {}", of(number)))
            .await;
        run(&mut session, &format!("UPDATE customers SET created_at = '{late}' {}", of(number)))
            .await;
    }
    let evidence = advance_to(&mut migration, Phase::Verified).await;
    let report = evidence.last().and_then(|evidence| evidence.report.clone()).unwrap();
    assert_eq!((report.out_of_order, report.edited, report.rows), (0, 2, 60));
    assert_eq!(session.number(&id_of(30), &[]).await.unwrap(), before);
    // One that nobody edited is still looked at.
    let (one, other) = (33, 57); // nobody refers to them
    let of_one = session.number(&id_of(one), &[]).await.unwrap();
    let of_other = session.number(&id_of(other), &[]).await.unwrap();
    for (number, id) in [(one, -1), (other, of_one), (one, of_other)] {
        let moved = format!("UPDATE customers SET id_new = {id} {}", of(number));
        run_past_triggers(&mut session, "customers", &moved).await;
    }
    let report = migration.verify().await.unwrap();
    assert!(report.out_of_order > 0, "{report:?}");
}

async fn a_row_without_its_id_closes_the_gate(engine: Engine) {
    let database = shop(engine, 60).await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    let mut session = database.session().await;
    let lost = format!("UPDATE customers SET id_new = NULL WHERE id = '{}'", old_id(PATH, 7));
    run_past_triggers(&mut session, "customers", &lost).await;
    let error = migration.advance().await.unwrap_err();
    let told = "1 rows of customers lack id_new: they came past the triggers; roll back to planned, and advance again (missing)";
    assert!(
        matches!(&error, Error::Gate { into: "constrained", reasons } if reasons == told),
        "{error}"
    );
    back_to_planned(&mut migration).await;
    advance_to(&mut migration, Phase::Verified).await;
}

async fn a_reference_to_nobody_closes_the_gate_and_is_cleared(engine: Engine) {
    let database = references::shop(engine).await;
    let mut session = database.session().await;
    let written = "INSERT INTO o (n, c_id) VALUES (99, 77)";
    let past = match engine {
        Engine::Postgres => {
            format!(
                "SET session_replication_role = replica; {written}; SET session_replication_role = origin"
            )
        }
        Engine::MariaDb => {
            format!("SET foreign_key_checks = 0; {written}; SET foreign_key_checks = 1")
        }
        Engine::Sqlite => format!("PRAGMA foreign_keys = OFF; {written}; PRAGMA foreign_keys = ON"),
    };
    run(&mut session, &past).await;
    let mut migration = references::begun(&database).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    for _ in 0..2 {
        let error = migration.advance().await.unwrap_err();
        let told = "1 rows of o lack c_id_new: advance again; those that stay refer to nobody";
        assert!(
            matches!(&error, Error::Gate { into: "backfilled", reasons } if reasons.starts_with(told)),
            "{error}"
        );
    }
    run(&mut session, "UPDATE o SET c_id = NULL WHERE n = 99").await;
    advance_to(&mut migration, Phase::Contracted).await;
}

/// Somebody holds the last row of the only chunk, and asks for all others while the chunk waits for that one.
async fn a_deadlock_is_retried(engine: Engine) {
    let database = shop(engine, 100).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE TABLE weights (n INTEGER)").await;
    let heard = Arc::new(Heard::default());
    let watch = Arc::clone(&heard) as Arc<dyn Watch>;
    let mut migration = begin(&database, PATH, Options { workers: 1, watch, ..options() }).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    let last = "SELECT max(CAST(id AS CHAR(36))) FROM customers";
    let last = session.row(last, &[]).await.unwrap().unwrap().text(0).unwrap();
    assert_ne!(last, old_id(PATH, 0), "neither by its id nor by its place in the table the first");
    if engine == Engine::Postgres {
        // Who looks for a deadlock first is ended by it: the chunk, after the circle is closed on a slow machine too.
        let later = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 3000', current_database()); END $$";
        run(&mut session, later).await;
    }
    let mut other = database.session().await;
    if engine == Engine::Postgres {
        run(&mut other, "SET deadlock_timeout = 60000").await;
    }
    run(&mut other, "BEGIN").await;
    // MariaDB ends whoever has written less.
    let weights: Vec<_> = (0..5_000).map(|n| format!("({n})")).collect();
    run(&mut other, &format!("INSERT INTO weights VALUES {}", weights.join(", "))).await;
    run(&mut other, &format!("UPDATE customers SET name = 'a' WHERE id = '{last}'")).await;
    let filling = tokio::spawn(async move {
        advance_to(&mut migration, Phase::Backfilled).await;
        migration
    });
    while !waits_for_a_row(&mut session).await {
        assert!(!filling.is_finished(), "the chunk did not wait");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    run(&mut other, &format!("UPDATE customers SET name = 'b' WHERE id <> '{last}'")).await;
    run(&mut other, "COMMIT").await;
    let mut migration = filling.await.unwrap();
    assert!(heard.has("deadlock"), "{heard:?}");
    assert_eq!(migration.verify().await.unwrap().faults(), []);
    let renamed = "SELECT count(*) FROM customers WHERE name IN ('a', 'b') AND id_new IS NOT NULL";
    assert_eq!(session.number(renamed, &[]).await.unwrap(), 100, "the other one lost nothing");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_deadlock_is_retried() {
    a_deadlock_is_retried(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_deadlock_is_retried() {
    a_deadlock_is_retried(Engine::MariaDb).await;
}

/// Whether somebody waits for a row that somebody else has, on an engine that lets in several at a time.
pub(crate) async fn waits_for_a_row(session: &mut Session) -> bool {
    let query = match session.engine() {
        Engine::Postgres => {
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
        Engine::MariaDb => {
            "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() \
             AND info LIKE 'UPDATE JSON_TABLE%' AND time_ms > 50"
        }
        Engine::Sqlite => unreachable!("it has one writer at a time"),
    };
    session.number(query, &[]).await.unwrap() > 0
}

async fn a_pause_holds_the_backfill(engine: Engine) {
    let database = shop(engine, 100).await;
    let mut migration = begin(&database, PATH, Options { chunk_rows: 10, ..options() }).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    let mut other = Migration::open(&database.address, "customers", options()).await.unwrap();
    other.pause(true).await.unwrap();
    let held = tokio::time::timeout(Duration::from_millis(500), migration.advance()).await;
    assert!(held.is_err(), "{held:?}");
    drop(migration);
    let status = other.status().await.unwrap();
    assert!(status.paused && status.passes[0].chunks == (0, 10), "{:?}", status.passes);
    other.pause(false).await.unwrap();
    drop(other);
    let mut migration = Migration::open(&database.address, "customers", options()).await.unwrap();
    advance_to(&mut migration, Phase::Verified).await;
}

every_engine!(
    two_operators_at_once,
    outlying_times_are_found_and_edited_ones_keep_their_place,
    rows_that_are_edited_after_their_turn_keep_the_time_of_their_id,
    a_row_without_its_id_closes_the_gate,
    a_reference_to_nobody_closes_the_gate_and_is_cleared,
    a_pause_holds_the_backfill
);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_lock_that_is_not_had_names_who_holds_it() {
    let database = shop(Engine::Postgres, 20).await;
    let ladder = Ladder {
        first: Duration::from_millis(10),
        longest: Duration::from_millis(40),
        attempts: 3,
        pause: Duration::from_millis(1),
    };
    let heard = Arc::new(Heard::default());
    let watch = Arc::clone(&heard) as Arc<dyn Watch>;
    let mut migration = begin(&database, PATH, Options { ladder, watch, ..options() }).await;
    let (mut other, mut innocent) = (database.session().await, database.session().await);
    let pid = |row: idgen_migrate::session::Row| row.integer(0).unwrap();
    let mut pids = Vec::new();
    for (session, query) in [
        (&mut innocent, "SELECT * FROM pg_sequences LIMIT 1"),
        (&mut other, "SELECT * FROM customers LIMIT 1"),
    ] {
        run(session, "BEGIN").await;
        run(session, query).await;
        let row = session.row("SELECT pg_backend_pid()", &[]).await.unwrap().unwrap();
        pids.push(format!("pid {} ", pid(row)));
    }
    let error = migration.advance().await.unwrap_err();
    let Error::Locked { attempts: 3, longest, in_all, holders, .. } = &error else {
        panic!("{error}")
    };
    assert!(holders.contains(&pids[1]) && in_all > longest, "{error}");
    assert!(
        !holders.contains(&pids[0]),
        "who is at no table of the step's is in nobody's way: {error}"
    );
    // As long as it waited, and was waited for, others go first; and after the last attempt it is over.
    for told in ["attempt 1, and 10ms for others", "attempt 2, and 20ms for others"] {
        assert!(heard.has(told), "{heard:?}");
    }
    assert!(!heard.has("attempt 3"), "{heard:?}");
    run(&mut other, "COMMIT").await;
    migration.advance().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_an_invalid_index_is_dropped_and_made_anew() {
    let database = shop(Engine::Postgres, 60).await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE UNIQUE INDEX customers_pkey_new ON customers (id_new)").await;
    // As a build leaves it that was cut short.
    run(
        &mut session,
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'customers_pkey_new'::regclass",
    )
    .await;
    advance_to(&mut migration, Phase::Constrained).await;
    let valid = "SELECT count(*) FROM pg_index WHERE indexrelid = 'customers_pkey_new'::regclass AND indisvalid AND indisunique";
    assert_eq!(session.number(valid, &[]).await.unwrap(), 1);
}
