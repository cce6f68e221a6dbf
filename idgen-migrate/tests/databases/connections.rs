//! What is lost on the way: connections, and replicas.

use std::sync::Arc;
use std::time::Duration;

use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Migration, Options, Phase, Watch};

use crate::course::{advance_to, begin, options};
use crate::heard::Heard;
use crate::races::{PATH, shop, waits_for_a_row};
use crate::server::{Database, run};
use crate::shop::old_id;

/// What ends connections of workers, before a backfill of many small chunks and in the middle of one, and goes on.
/// The query ends those that are later than the killer's own, or yields them, a row each.
async fn survives(engine: Engine, later: &str) {
    let database = shop(engine, 1_000).await;
    let heard = Arc::new(Heard::default());
    let watch = Arc::clone(&heard) as Arc<dyn Watch>;
    let options = Options { chunk_rows: 20, watch, ..options() };
    let mut migration = begin(&database, PATH, options).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    let mut other =
        Migration::open(&database.address, "customers", crate::course::options()).await.unwrap();
    let (mut holder, mut looker) = (database.session().await, database.session().await);
    let mut admin = database.session().await;
    let mut kill = async || {
        let mut killed = 0;
        for row in admin.rows(later, &[]).await.unwrap() {
            let id = row.integer(0).unwrap();
            killed += match engine {
                // It may be gone by itself.
                Engine::MariaDb => i64::from(admin.run(&format!("KILL {id}")).await.is_ok()),
                _ => id,
            };
        }
        killed
    };
    // Workers connect last, and wait.
    other.pause(true).await.unwrap();
    let filling = tokio::spawn(async move {
        migration.advance().await.unwrap();
        migration
    });
    let mut waiting = 0;
    while waiting < 2 {
        waiting += kill().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // And at work: a row that somebody holds stops one of them in the middle of its chunk.
    run(&mut holder, "BEGIN").await;
    let held = old_id(PATH, 500);
    run(&mut holder, &format!("UPDATE customers SET name = 'held' WHERE id = '{held}'")).await;
    other.pause(false).await.unwrap();
    while !waits_for_a_row(&mut looker).await {
        assert!(!filling.is_finished(), "no worker waited for the row");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let at_work = kill().await;
    assert!(at_work > 0, "nobody was at work");
    run(&mut holder, "COMMIT").await;
    let mut migration = filling.await.unwrap();
    println!("ended {waiting} connections that waited, and {at_work} at work");
    assert!(heard.has("attempt 1"), "{heard:?}");
    assert_eq!(migration.verify().await.unwrap().faults(), []);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_lost_connections_are_made_anew() {
    survives(
        Engine::Postgres,
        "SELECT pg_terminate_backend(pid)::int FROM pg_stat_activity WHERE datname = current_database() \
         AND backend_type = 'client backend' AND backend_start > \
         (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_lost_connections_are_made_anew() {
    survives(
        Engine::MariaDb,
        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id > CONNECTION_ID()",
    )
    .await;
}

/// A statement that the update's trigger runs for.
const TOUCH: &str = "UPDATE customers SET name = name LIMIT 1";

/// Ends connections while they read the trigger, until one of them has left it broken.
async fn break_trigger(database: &Database) {
    let mut admin = database.session().await;
    for after in (0..20_000_u64).step_by(7) {
        let mut reader = database.session().await;
        let me = reader.number("SELECT CONNECTION_ID()", &[]).await.unwrap();
        let reading = tokio::spawn(async move {
            // It is there already, and is only read anew.
            let read = "CREATE TRIGGER IF NOT EXISTS idgen_customers_00_update \
                BEFORE UPDATE ON customers FOR EACH ROW SET @nothing = 0";
            while reader.run(read).await.is_ok() && reader.run(TOUCH).await.is_ok() {}
        });
        tokio::time::sleep(Duration::from_micros(after % 5_000)).await;
        // It may have met the broken trigger, and be gone by itself.
        let _ = admin.run(&format!("KILL {me}")).await;
        reading.await.unwrap();
        if let Err(error) = admin.run(TOUCH).await {
            assert!(error.to_string().contains("has an error in its body"), "{error}");
            return;
        }
    }
    panic!("no trigger was broken");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_triggers_that_a_lost_connection_left_broken_are_read_anew() {
    let database = shop(Engine::MariaDb, 200).await;
    let mut migration = begin(&database, PATH, Options { chunk_rows: 20, ..options() }).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    break_trigger(&database).await;
    migration.advance().await.unwrap();
    assert_eq!(migration.verify().await.unwrap().faults(), []);
}

async fn standby() -> Session {
    let standby = std::env::var("IDGEN_TEST_POSTGRES_STANDBY").unwrap_or_else(|_| {
        panic!("IDGEN_TEST_POSTGRES_STANDBY is not set; scripts/test migrate starts one")
    });
    Session::connect(&standby).await.unwrap()
}

/// A backfill that waits for the standby.
async fn held(
    database: &Database,
    heard: &Arc<Heard>,
    lag_patience: Duration,
) -> tokio::task::JoinHandle<Result<Migration, Error>> {
    let options = Options {
        lag_patience,
        chunk_rows: 20,
        duty: Some(0.2),
        max_lag: Duration::from_millis(300),
        watch: Arc::clone(heard) as Arc<dyn Watch>,
        ..options()
    };
    let mut migration = begin(database, PATH, options).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    // It begins when the standby is known to lag, which it tells once a second.
    migration.pause(true).await.unwrap();
    let filling = tokio::spawn(async move { migration.advance().await.map(|_| migration) });
    let mut looker = database.session().await;
    let lag = "SELECT coalesce(max(extract(epoch FROM replay_lag) * 1000), 0)::bigint FROM pg_stat_replication";
    while looker.number(lag, &[]).await.unwrap() <= 300 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut other =
        Migration::open(&database.address, "customers", crate::course::options()).await.unwrap();
    other.pause(false).await.unwrap();
    filling
}

/// A replica that does not catch up is named, and the backfill goes on from where it was.
async fn is_not_waited_for_without_end(standby: &mut Session) {
    let database = shop(Engine::Postgres, 1_000).await;
    run(standby, "SELECT pg_wal_replay_pause()").await;
    let heard = Arc::new(Heard::default());
    let filling = held(&database, &heard, Duration::from_millis(500)).await;
    // Far longer than it is to be waited for.
    let ended = tokio::time::timeout(Duration::from_secs(120), filling).await;
    run(standby, "SELECT pg_wal_replay_resume()").await;
    let error = ended.expect("it is waited for without end").unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Lags { replica, lag, .. }
            if replica.starts_with("walreceiver") && *lag > Duration::from_millis(300)),
        "{error}"
    );
    let open = Migration::open(&database.address, "customers", options()).await;
    let mut migration = open.unwrap();
    advance_to(&mut migration, Phase::Verified).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL with a standby: scripts/test migrate"]
async fn postgres_a_replica_that_lags_is_waited_for_with_an_end_and_one_that_is_lost_is_not() {
    let mut standby = standby().await;
    for lost in [false, true] {
        let database = shop(Engine::Postgres, 1_000).await;
        run(&mut standby, "SELECT pg_wal_replay_pause()").await;
        let heard = Arc::new(Heard::default());
        let filling = held(&database, &heard, Duration::from_secs(600)).await;
        heard.until("replica walreceiver at 127.0.0.1").await;
        assert!(!filling.is_finished());
        let address = &database.address;
        let mut other = Migration::open(address, "customers", options()).await.unwrap();
        let told = other.status().await.unwrap().filling.unwrap();
        assert!(
            told.rows_left > 0 && told.lag.as_ref().is_some_and(|lag| lag.millis > 300),
            "{told:?}"
        );
        if lost {
            let mut admin = database.session().await;
            while !filling.is_finished() {
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_replication";
                run(&mut admin, end).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        } else {
            run(&mut standby, "SELECT pg_wal_replay_resume()").await;
        }
        let mut migration = filling.await.unwrap().unwrap();
        run(&mut standby, "SELECT pg_wal_replay_resume()").await;
        assert_eq!(migration.verify().await.unwrap().faults(), []);
    }
    is_not_waited_for_without_end(&mut standby).await;
}
