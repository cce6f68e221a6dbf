//! The whole course under load.

use std::sync::atomic::Ordering;
use std::time::Duration;

use idgen_core::clock::{Clock, SystemClock};
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Evidence, Migration, Options, Phase};

use crate::load::Load;
use crate::server::Database;
use crate::shop::{self, Path};

pub(crate) fn customers() -> u64 {
    let asked = std::env::var("IDGEN_TEST_MIGRATE_ROWS").ok();
    asked.map_or(2_000, |rows| {
        rows.parse().expect("IDGEN_TEST_MIGRATE_ROWS is a number of customers")
    })
}

/// Some chunks a table, however many rows.
pub(crate) fn options() -> Options {
    let chunk_rows = if customers() < 100_000 { 500 } else { Options::default().chunk_rows };
    // Where nobody reads, nobody compares.
    let accepted = vec!["shadow".into()];
    Options { chunk_rows, quiet: Duration::from_millis(300), accepted, ..Options::default() }
}

pub(crate) async fn begin(database: &Database, path: Path, options: Options) -> Migration {
    begin_with(database, &path.wish(), options).await
}

async fn begin_with(database: &Database, wish: &Wish, options: Options) -> Migration {
    let plan = survey(&mut database.session().await, wish, &SystemClock).await.unwrap();
    assert_eq!(plan.findings, [], "{wish:?}");
    Migration::begin(&database.address, &plan, options).await.unwrap()
}

/// Goes all the way back.
pub(crate) async fn back_to_planned(migration: &mut Migration) {
    while migration.phase() > Phase::Planned {
        migration.roll_back().await.unwrap();
    }
}

/// How often a gate is looked at again that the app is to open: for two minutes at least.
const LOOKS: u32 = 2_400;

/// Goes on to a phase, and waits at gates that the app opens.
pub(crate) async fn advance_to(migration: &mut Migration, phase: Phase) -> Vec<Evidence> {
    let (mut evidence, mut closed) = (Vec::new(), 0);
    while migration.phase() < phase {
        match migration.advance().await {
            Ok(found) => {
                closed = 0;
                evidence.push(found);
            }
            Err(Error::Gate { reasons, .. })
                if ["(instances)", "(fence)", "(old-writers)", "no shadow read"]
                    .iter()
                    .any(|name| reasons.contains(name)) =>
            {
                closed += 1;
                assert!(
                    closed < LOOKS,
                    "nobody opens the gate on from {}: {reasons}",
                    migration.phase()
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{} on from {}: {error:?}", error, migration.phase()),
        }
    }
    evidence
}

async fn course(engine: Engine, path: Path, keep_key: bool) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, path).await;
    shop::fill(&mut session, path, customers()).await;
    println!("{engine:?} {path:?}: {:?} rows", rows(&mut session).await);
    // Here somebody does.
    let strict = Options { accepted: Vec::new(), ..options() };
    let wish = Wish { keep_key, ..path.wish() };
    let mut migration = begin_with(&database, &wish, strict).await;
    let load = Load::start(&database, path, 4, customers()).await;
    let phases: Vec<_> = migration.plan().phases().skip(1).collect();
    let last = phases.last().copied();
    for phase in phases {
        let began = SystemClock.monotonic();
        let evidence = advance_to(&mut migration, phase).await;
        let seconds = (SystemClock.monotonic() - began).as_secs_f64();
        let locked = evidence.iter().map(|evidence| evidence.longest_lock_millis).max();
        println!(
            "{phase:<18} {seconds:>7.1} s, longest step under a lock {} ms; {:?}",
            locked.unwrap_or(0),
            load.counts
        );
        for evidence in evidence {
            if let Some(report) = evidence.report {
                assert_eq!(report.faults(), []);
                assert!(report.makers.app > 0 && report.makers.trigger > 0, "{:?}", report.makers);
                assert!(report.makers.backfill > 0);
            }
        }
        if phase == Phase::Swapped || keep_key && Some(phase) == last {
            // What the load wrote since is as right as what was verified.
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(migration.verify().await.unwrap().faults(), []);
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let counts = load.stop().await;
    println!("{counts:?}; {:?} rows", rows(&mut session).await);
    println!("{} requests named somebody who had left", counts.gone.load(Ordering::Relaxed));
    after(&database).await;
    let old = session.rows("SELECT count(id) FROM customers", &[]).await;
    assert_eq!(old.is_ok(), keep_key, "old ids stay where they are kept, and are gone elsewhere");
}

/// How many rows each table has.
async fn rows(session: &mut Session) -> Vec<(&'static str, i64)> {
    let mut rows = Vec::new();
    for table in ["customers", "orders", "order_lines", "shipments"] {
        let count = session.number(&format!("SELECT count(*) FROM {table}"), &[]).await;
        rows.push((table, count.unwrap()));
    }
    rows
}

/// What must hold at the end of the course: order by new id is order of creation, and the references
/// hold as the database checks them.
async fn after(database: &Database) {
    let mut session = database.session().await;
    let created = "SELECT count(*) FROM (SELECT created_at, lag(created_at) OVER (ORDER BY id_new) AS earlier \
        FROM customers WHERE name LIKE 'customer%' OR name = 'of app 0') w WHERE w.created_at < w.earlier";
    assert_eq!(session.number(created, &[]).await.unwrap(), 0, "order by id is order of creation");
    for (child, parent, on) in [
        ("orders", "customers", "p.id_new = c.customer_id_new"),
        ("order_lines", "orders", "p.customer_id_new = c.customer_id_new AND p.number = c.number"),
        (
            "shipments",
            "order_lines",
            "p.customer_id_new = c.customer_id_new AND p.number = c.number AND p.line = c.line",
        ),
    ] {
        let lost = format!(
            "SELECT count(*) FROM {child} c WHERE c.customer_id_new IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {on})"
        );
        assert_eq!(session.number(&lost, &[]).await.unwrap(), 0, "{child}");
    }
}

async fn uuid_to_snowflake(engine: Engine) {
    course(engine, Path::UuidToFlake, false).await;
}

async fn sequence_to_snowflake(engine: Engine) {
    course(engine, Path::SequenceToFlake, false).await;
}

async fn snowflake_to_uuid(engine: Engine) {
    course(engine, Path::FlakeToUuid, false).await;
}

async fn uuid_to_snowflake_beside_the_key(engine: Engine) {
    course(engine, Path::UuidToFlake, true).await;
}

crate::every_engine!(
    uuid_to_snowflake,
    sequence_to_snowflake,
    snowflake_to_uuid,
    uuid_to_snowflake_beside_the_key
);
