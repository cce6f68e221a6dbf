//! Answers that are lost, and servers that fall silent: nobody waits without end, and nothing is forgotten.

use std::sync::Arc;
use std::time::Duration;

use idgen_migrate::app::Live;
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Migration, Options, Phase, Watch};

use crate::course::{advance_to, begin, options};
use crate::heard::Heard;
use crate::races::{PATH, shop};
use crate::wire::{Loss, Wire};

/// A backfill whose chunks are committed, and whose answers are lost.
async fn a_chunk_keeps_its_evidence_where_the_answer_is_lost(engine: Engine, loss: Loss) {
    let database = shop(engine, 200).await;
    let small = || Options { chunk_rows: 20, workers: 1, ..options() };
    let mut migration = begin(&database, PATH, small()).await;
    advance_to(&mut migration, Phase::Backfilling).await;
    drop(migration);
    let wire = Wire::to(&database, loss).await;
    wire.lose(3);
    let options = Options { answer_within: Duration::from_secs(2), ..small() };
    let mut migration = Migration::open(&wire.address, "customers", options).await.unwrap();
    migration.advance().await.unwrap();
    assert_eq!(wire.lost(), 3);
    let report = migration.verify().await.unwrap();
    assert_eq!((report.faults(), report.chunks.len()), (Vec::new(), 10));
    assert_eq!(report.unchanged_chunks, 10);
    let status = migration.status().await.unwrap();
    assert_eq!(status.passes[0].rows, (200, 200));
}

async fn an_app_whose_server_falls_silent_is_told(engine: Engine) {
    let database = shop(engine, 10).await;
    let mut migration = begin(&database, PATH, options()).await;
    advance_to(&mut migration, Phase::DualWrite).await;
    let wire = Wire::to(&database, Loss::Ended).await;
    let live = Live::join(&wire.address, "customers", "web-1").await.unwrap();
    wire.fall_silent(true);
    // Once on the connection that is there, and once on a new one.
    for _ in 0..2 {
        let ended = tokio::time::timeout(Duration::from_secs(60), live.refresh()).await;
        assert!(ended.unwrap().unwrap_err().is_connection_lost());
    }
    wire.fall_silent(false);
    assert_eq!(live.refresh().await.unwrap(), Phase::DualWrite);
    wire.fall_silent(true);
    let ended = tokio::time::timeout(Duration::from_secs(60), Session::connect(&wire.address));
    assert!(ended.await.unwrap().unwrap_err().is_connection_lost());
}

/// A statement may take as long as it likes, unless nobody carries it out any more.
async fn an_operator_whose_server_falls_silent_is_told(engine: Engine) {
    let database = shop(engine, 10).await;
    drop(begin(&database, PATH, options()).await);
    let wire = Wire::to(&database, Loss::Ended).await;
    let mut migration = Migration::open(&wire.address, "customers", options()).await.unwrap();
    wire.fall_silent(true);
    let ended = tokio::time::timeout(Duration::from_secs(300), migration.advance()).await;
    let error = ended.unwrap().unwrap_err();
    assert!(error.is_connection_lost(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_lost_answers() {
    for loss in [Loss::Ended, Loss::Silent] {
        a_chunk_keeps_its_evidence_where_the_answer_is_lost(Engine::Postgres, loss).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_lost_answers() {
    for loss in [Loss::Ended, Loss::Silent] {
        a_chunk_keeps_its_evidence_where_the_answer_is_lost(Engine::MariaDb, loss).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_silence() {
    let app = an_app_whose_server_falls_silent_is_told(Engine::Postgres);
    tokio::join!(app, an_operator_whose_server_falls_silent_is_told(Engine::Postgres));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_silence() {
    let app = an_app_whose_server_falls_silent_is_told(Engine::MariaDb);
    tokio::join!(app, an_operator_whose_server_falls_silent_is_told(Engine::MariaDb));
}

/// What ends the sessions that were idle for a moment, and how many seconds those of this database may be.
async fn the_operators_lock_outlives_a_long_phase(engine: Engine, all: &str) {
    let database = shop(engine, 40).await;
    let mut migration = begin(&database, PATH, options()).await;
    if engine == Engine::Postgres {
        let name = database.address.rsplit_once('/').unwrap().1;
        for setting in ["idle_session_timeout", "idle_in_transaction_session_timeout"] {
            let sql = format!("ALTER DATABASE {name} SET {setting} = '300ms'");
            database.session().await.run(&sql).await.unwrap();
        }
    }
    let mut idle = database.session().await;
    for setting in all.split(' ') {
        let (name, least) = setting.split_once('=').unwrap();
        let query = match engine {
            Engine::Postgres => format!("SELECT setting FROM pg_settings WHERE name = '{name}'"),
            _ => format!("SELECT CAST(@@{name} AS SIGNED)"),
        };
        let found = idle.row(&query, &[]).await.unwrap().unwrap().text(0).unwrap();
        assert_eq!(found, least, "{name}");
    }
    advance_to(&mut migration, Phase::Backfilling).await;
    drop(migration);
    let heard = Arc::new(Heard::default());
    let watched = Options { watch: Arc::clone(&heard) as Arc<dyn Watch>, ..options() };
    let mut migration = Migration::open(&database.address, "customers", watched).await.unwrap();
    let mut other = Migration::open(&database.address, "customers", options()).await.unwrap();
    other.pause(true).await.unwrap();
    let mut admin = database.session().await;
    let filling = tokio::spawn(async move { migration.advance().await });
    heard.until("paused").await;
    // Longer than an idle session has, and the other one cannot have the lock.
    let error = other.advance().await.unwrap_err();
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(!filling.is_finished());
    // Whoever has lost the lock goes on with nothing.
    let holder = match engine {
        Engine::Postgres => {
            "SELECT pg_terminate_backend(pid)::int FROM pg_locks WHERE locktype = 'advisory' AND granted \
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        }
        _ => {
            "SELECT IS_USED_LOCK(concat('idgen migrate ', sha1(concat(DATABASE(), '/', 'customers'))))"
        }
    };
    let found = admin.number(holder, &[]).await.unwrap();
    if engine == Engine::MariaDb {
        admin.run(&format!("KILL {found}")).await.unwrap();
    }
    let ended = tokio::time::timeout(Duration::from_secs(60), filling).await;
    let error = ended.unwrap().unwrap().unwrap_err();
    assert!(error.is_connection_lost(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_idle_operators() {
    let all = "idle_session_timeout=0 idle_in_transaction_session_timeout=0 tcp_keepalives_idle=60";
    the_operators_lock_outlives_a_long_phase(Engine::Postgres, all).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_idle_operators() {
    let all = "wait_timeout=31536000 idle_transaction_timeout=0 max_statement_time=0";
    the_operators_lock_outlives_a_long_phase(Engine::MariaDb, all).await;
}
