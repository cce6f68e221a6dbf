//! Locks of several tables, of which one is always in somebody's use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idgen_migrate::Phase;
use idgen_migrate::session::Engine;

use crate::course::advance_to;
use crate::references::{begun, shop};
use crate::server::run;

/// Each of those who read orders begins before the one before ends, and goes on for a while.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_table_that_is_always_read_does_not_stop_the_swap() {
    let database = shop(Engine::Postgres).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::ReadingNew).await;
    let ended = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    for _ in 0..3 {
        readers.push(database.session().await);
    }
    let until = ended.clone();
    let reading = tokio::spawn(async move {
        let mut read = 0;
        for turn in 0.. {
            let of = turn % readers.len();
            // The one before last ends, and the last goes on.
            run(&mut readers[of], "ROLLBACK").await;
            if until.load(Ordering::Relaxed) {
                break;
            }
            run(&mut readers[of], "BEGIN").await;
            // Who would have to wait is not there.
            let lock = "LOCK TABLE o IN ACCESS SHARE MODE NOWAIT";
            read += usize::from(readers[of].run(lock).await.is_ok());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        read
    });
    let swapped = migration.advance().await;
    ended.store(true, Ordering::Relaxed);
    swapped.unwrap();
    assert!(reading.await.unwrap() > 0);
}
