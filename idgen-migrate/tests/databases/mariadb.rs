//! What is MariaDB's alone: how long its server waits.

use std::sync::{Arc, Mutex};

use idgen_migrate::session::Engine;
use idgen_migrate::{Migration, Options, Phase, Watch};

use crate::course::advance_to;
use crate::references::{begun, patient, shop};
use crate::server::run;

/// Ends what stands in the way when it is first told of.
struct Ends(Mutex<Option<tokio::sync::oneshot::Sender<()>>>);

impl Watch for Ends {
    fn waits(&self, _why: &str) {
        if let Some(end) = self.0.lock().unwrap().take() {
            end.send(()).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_a_wait_is_told_as_long_as_the_server_made_it() {
    let database = shop(Engine::MariaDb).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    drop(migration);
    let mut other = database.session().await;
    run(&mut other, "START TRANSACTION").await;
    run(&mut other, "SELECT * FROM c").await;
    let (end, ended) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        ended.await.unwrap();
        run(&mut other, "COMMIT").await;
    });
    // Of 50 ms that are asked for the server makes a second, for which all others wait.
    let watch = Arc::new(Ends(Mutex::new(Some(end))));
    let options = Options { watch, ..patient() };
    let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
    let evidence = migration.advance().await.unwrap();
    assert!(evidence.longest_lock_millis > 900, "{evidence:?}");
}
