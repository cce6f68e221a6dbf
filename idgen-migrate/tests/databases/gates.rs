//! Gates that say what they do not know: shadow reads that nobody made.

use idgen_migrate::app::Live;
use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Migration, Options, Phase};

use crate::course::advance_to;
use crate::every_engine;
use crate::references::{patient, planned, shop};

/// Why a gate is closed.
async fn closed(migration: &mut Migration) -> String {
    match migration.advance().await {
        Err(Error::Gate { reasons, .. }) => reasons,
        other => panic!("{other:?}"),
    }
}

async fn shadow_reads_are_asked_for_and_add_up(engine: Engine) {
    let database = shop(engine).await;
    let plan = planned(&database, "c").await;
    let strict = Options { accepted: Vec::new(), ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, strict).await.unwrap();
    advance_to(&mut migration, Phase::ReadingNew).await;
    let reasons = closed(&mut migration).await;
    assert!(reasons.contains("no shadow read") && reasons.contains("(shadow)"), "{reasons}");

    let join = || Live::join(&database.address, "c", "web-1");
    let live = join().await.unwrap();
    live.compare(&1, &2);
    live.refresh().await.unwrap();
    drop(live);
    // A restart takes nothing back.
    let live = join().await.unwrap();
    let reasons = closed(&mut migration).await;
    assert!(reasons.contains("1 of 1 shadow reads differ"), "{reasons}");
    live.compare(&1, &1);
    live.refresh().await.unwrap();
    live.refresh().await.unwrap();
    let reasons = closed(&mut migration).await;
    assert!(reasons.contains("1 of 2 shadow reads differ"), "{reasons}");

    // Whoever went back to mend it begins anew.
    migration.roll_back().await.unwrap();
    live.refresh().await.unwrap();
    advance_to(&mut migration, Phase::ReadingNew).await;
    live.refresh().await.unwrap();
    let reasons = closed(&mut migration).await;
    assert!(reasons.contains("no shadow read"), "{reasons}");
    live.compare(&1, &1);
    live.refresh().await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
}

every_engine!(shadow_reads_are_asked_for_and_add_up);
