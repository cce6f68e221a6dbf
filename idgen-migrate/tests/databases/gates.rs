//! Gates that say what they do not know: shadow reads that nobody made, and old versions that write rows
//! which only refer.

use std::sync::Arc;
use std::time::Duration;

use idgen_core::clock::{Clock, ScriptedClock, SystemClock};
use idgen_migrate::app::Live;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::Engine;
use idgen_migrate::{Error, Failpoints, Migration, Options, Phase};

use crate::clocks::{HOUR, moved};
use crate::course::advance_to;
use crate::every_engine;
use crate::references::{begun, patient, planned, shop};
use crate::server::{Database, run};
use crate::shop::flakes;

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

async fn what_was_compared_is_forgotten_with_the_way_back_and_not_before(engine: Engine) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::ReadingNew).await;
    let live = Live::join(&database.address, "c", "web-1").await.unwrap();
    live.compare(&1, &1);
    live.refresh().await.unwrap();
    drop(migration);
    for (stopped, phase, compared) in [(0, Phase::ReadingNew, 1), (1, Phase::Verified, 0)] {
        let options = Options { failpoints: Failpoints::stop_at(stopped), ..patient() };
        let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
        let error = migration.roll_back().await.unwrap_err();
        assert!(matches!(&error, Error::Failpoint(_)), "{error}");
        let status = migration.status().await.unwrap();
        let [instance] = &status.instances[..] else { panic!("{:?}", status.instances) };
        assert_eq!((status.phase, instance.compared), (phase, compared), "{error}");
    }
}

const SEEN: &str = "by old ids alone at";

async fn rows_that_refer_by_old_ids_alone_are_seen(engine: Engine) {
    // A while that is longer than anything here.
    let quiet = Options { quiet: Duration::from_secs(3_600), ..patient() };
    for written in [
        "INSERT INTO o (n, c_id) VALUES (50, 2)",
        "UPDATE o SET c_id = 2 WHERE n = 1",
        "UPDATE o SET c_id = NULL WHERE n = 1",
        "UPDATE c SET parent = 1 WHERE id = 3",
        "UPDATE c SET id = 4 WHERE id = 3",
    ] {
        let database = shop(engine).await;
        let mut session = database.session().await;
        run(&mut session, "INSERT INTO c (id) VALUES (3)").await;
        let mut migration = begun(&database).await;
        advance_to(&mut migration, Phase::Swapped).await;
        drop(migration);
        let open = Migration::open(&database.address, "c", quiet.clone()).await;
        let mut migration = open.unwrap();
        for sql in [
            "INSERT INTO o (n, c_id, c_id_new) SELECT 51, id, id_new FROM c WHERE id = 2",
            "INSERT INTO o (n, c_id_new) SELECT 52, id_new FROM c WHERE id = 2",
            "UPDATE o SET c_id = NULL, c_id_new = NULL WHERE n = 51",
            "UPDATE o SET c_id_new = (SELECT id_new FROM c WHERE id = 1) WHERE n = 52",
            "UPDATE o SET other = 7 WHERE n = 52",
            "INSERT INTO c (id_new) VALUES (1 << 62)",
        ] {
            run(&mut session, &sql.replace("1 << 62", &(1_u64 << 62).to_string())).await;
        }
        let reasons = closed(&mut migration).await;
        assert!(!reasons.contains(SEEN), "{reasons}");
        run(&mut session, written).await;
        let reasons = closed(&mut migration).await;
        assert!(
            reasons.contains(SEEN) && reasons.contains("(old-writers)"),
            "{written}: {reasons}"
        );
    }
}

async fn how_long_was_watched_is_told_by_the_databases_clock(engine: Engine) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Swapped).await;
    drop(migration);
    // The operator who goes on has a machine whose clock is ahead by more than is to be watched.
    let clock = Arc::new(ScriptedClock::at(moved(SystemClock.wall(), 2 * HOUR)));
    let ahead = Options { quiet: Duration::from_secs(3_600), clock, ..patient() };
    let mut migration = Migration::open(&database.address, "c", ahead).await.unwrap();
    let reasons = closed(&mut migration).await;
    assert!(reasons.contains("of which references were watched for"), "{reasons}");
}

async fn a_reference_that_is_null_in_part_is_none(engine: Engine) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id))",
        "CREATE TABLE o (c_id BIGINT NOT NULL, n INTEGER NOT NULL, CONSTRAINT o_pkey PRIMARY KEY (c_id, n), \
         CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id))",
        "CREATE TABLE s (k INTEGER NOT NULL, c_id BIGINT, n INTEGER, CONSTRAINT s_pkey PRIMARY KEY (k), \
         CONSTRAINT s_o FOREIGN KEY (c_id, n) REFERENCES o (c_id, n))",
        "INSERT INTO c VALUES (1), (2)",
        "INSERT INTO o VALUES (1, 1), (2, 1)",
        "INSERT INTO s VALUES (1, 77, NULL), (2, 1, NULL), (3, 1, 1), (4, NULL, 1)",
    ] {
        run(&mut session, sql).await;
    }
    let mut migration = begun(&database).await;
    for (phase, key) in [(Phase::Backfilling, 10), (Phase::Constrained, 20), (Phase::Swapped, 30)] {
        advance_to(&mut migration, phase).await;
        run(&mut session, &format!("INSERT INTO s (k, c_id, n) VALUES ({key}, 88, NULL)")).await;
        run(&mut session, &format!("INSERT INTO s (k, c_id, n) VALUES ({}, 2, 1)", key + 1)).await;
        run(&mut session, &format!("UPDATE s SET c_id = 99 WHERE k = {key}")).await;
        if phase > Phase::Backfilling {
            // A whole one that nobody has is refused all the same.
            assert!(session.run("INSERT INTO s (k, c_id, n) VALUES (99, 88, 1)").await.is_err());
        }
    }
    migration.roll_back().await.unwrap();
    advance_to(&mut migration, Phase::Contracted).await;
    let whole = "SELECT count(*) FROM s JOIN o ON o.c_id_new = s.c_id_new AND o.n = s.n";
    assert_eq!(session.number(whole, &[]).await.unwrap(), 4);
    let part = "SELECT count(*) FROM s WHERE c_id_new IS NOT NULL AND n IS NULL";
    assert_eq!(
        session.number(part, &[]).await.unwrap(),
        1,
        "what refers to somebody in part still does"
    );
}

async fn what_the_plan_counts_is_there(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;

    let plan = planned(&database, "c").await;
    let rows: Vec<_> = plan.tables.iter().map(|table| table.rows).collect();
    // Of others than the first it may be an estimate.
    assert!(rows[0] == 2 && rows[1] > 0, "{rows:?}");

    for sql in [
        "CREATE TABLE u (k INTEGER NOT NULL PRIMARY KEY, id BIGINT UNIQUE)",
        "INSERT INTO u VALUES (1, 7), (2, NULL)",
    ] {
        run(&mut session, sql).await;
    }
    let wish = Wish { key: Some("id".into()), ..Wish::new("u", flakes()) };
    let error = survey(&mut session, &wish, &SystemClock).await.unwrap_err().to_string();
    assert!(error.contains("1 rows of u have no id") || error.contains("missing"), "{error}");
    run(&mut session, "DELETE FROM u WHERE k = 2").await;
    let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    // One that came since is named, and not filled with nonsense.
    run(&mut session, "INSERT INTO u VALUES (3, NULL)").await;
    advance_to(&mut migration, Phase::DualWrite).await;
    let error = migration.advance().await.unwrap_err();
    assert!(error.to_string().contains("1 rows of u have no id"), "{error}");
    run(&mut session, "UPDATE u SET id = 8 WHERE k = 3").await;
    advance_to(&mut migration, Phase::Contracted).await;
}

every_engine!(
    shadow_reads_are_asked_for_and_add_up,
    what_was_compared_is_forgotten_with_the_way_back_and_not_before,
    rows_that_refer_by_old_ids_alone_are_seen,
    how_long_was_watched_is_told_by_the_databases_clock,
    a_reference_that_is_null_in_part_is_none,
    what_the_plan_counts_is_there
);
