//! Instances that cannot report, or not yet: nobody is taken for gone who may still write by an old phase.

use std::sync::Arc;
use std::time::Duration;

use idgen_core::clock::{Clock, ScriptedClock, SystemClock};
use idgen_migrate::app::Live;
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Check, Error, Failpoints, Migration, Options, Phase, Watch};

use crate::course::advance_to;
use crate::every_engine;
use crate::heard::Heard;
use crate::references::{begun, patient, shop};
use crate::server::{Database, run};

/// The table of the app's instances, or of states.
pub(crate) fn own(engine: Engine, table: &str) -> String {
    let between = if engine == Engine::Postgres { "." } else { "_" };
    format!("idgen_migrate{between}{table}")
}

async fn join(database: &Database) -> (Arc<ScriptedClock>, Live) {
    let clock = Arc::new(ScriptedClock::at(SystemClock.wall()));
    let of_app = Arc::clone(&clock) as Arc<dyn Clock>;
    let live = Live::join_on(&database.address, "c", "web-1", of_app).await.unwrap();
    (clock, live)
}

/// Lets nobody report, or lets everybody again.
async fn refuse_reports(session: &mut Session, refuse: bool) {
    let table = own(session.engine(), "instance");
    let sql = match (session.engine(), refuse) {
        (Engine::Postgres, true) => format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
             CREATE TRIGGER refused BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
        ),
        (Engine::Postgres, false) => "DROP FUNCTION refuse CASCADE".into(),
        (Engine::MariaDb, true) => format!(
            "CREATE TRIGGER refused BEFORE UPDATE ON {table} FOR EACH ROW SIGNAL SQLSTATE '45000'"
        ),
        (Engine::Sqlite, true) => format!(
            "CREATE TRIGGER refused BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
        ),
        (_, false) => "DROP TRIGGER refused".into(),
    };
    run(session, &sql).await;
}

async fn one_that_cannot_report_writes_no_more(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::DualWrite).await;
    let (clock, live) = join(&database).await;
    refuse_reports(&mut session, true).await;
    for _ in 0..4 {
        clock.advance(Duration::from_secs(3));
        assert!(live.refresh().await.is_err(), "it cannot report");
    }
    // It read the phase just now; but the operator sees nothing of it, and will take it for gone.
    assert!(live.moment().is_err());
    refuse_reports(&mut session, false).await;
    live.refresh().await.unwrap();
    assert_eq!(live.moment().unwrap().phase(), Phase::DualWrite);
}

async fn steps_that_kept_an_instance_out_count_for_nothing(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::DualWrite).await;
    drop(join(&database).await);
    // As after steps of a minute, through which it could not report.
    let (instance, state) = (own(engine, "instance"), own(engine, "state"));
    run(
        &mut session,
        &format!("UPDATE {instance} SET phase = 'expanded', seen_millis = seen_millis - 61000"),
    )
    .await;
    let seen = session.number(&format!("SELECT seen_millis FROM {instance}"), &[]).await.unwrap();
    let (began, ended) = (seen + 1_000, seen + 61_000);
    run(&mut session, &format!("UPDATE {state} SET steps_began = {began}, steps_ended = {ended}"))
        .await;
    let error = migration.advance().await.unwrap_err();
    assert!(error.to_string().contains("web-1 at expanded"), "{error}");
    // One that had nothing to say long before is gone.
    run(&mut session, &format!("UPDATE {instance} SET seen_millis = seen_millis - 61000")).await;
    advance_to(&mut migration, Phase::Backfilling).await;
}

/// While an instance makes its first report, two transitions pass: nobody waited for it yet.
async fn one_that_joins_goes_by_the_phase_in_which_it_is_waited_for(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::DualWrite).await;
    let (instance, state) = (own(engine, "instance"), own(engine, "state"));
    let passes = format!("UPDATE {state} SET phase = 'backfilled'");
    let sql = match engine {
        Engine::Postgres => format!(
            "CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {passes}; RETURN NEW; END $$; \
             CREATE TRIGGER passes BEFORE INSERT ON {instance} FOR EACH ROW EXECUTE FUNCTION pass()"
        ),
        Engine::MariaDb => {
            format!("CREATE TRIGGER passes BEFORE INSERT ON {instance} FOR EACH ROW {passes}")
        }
        Engine::Sqlite => {
            format!("CREATE TRIGGER passes BEFORE INSERT ON {instance} BEGIN {passes}; END")
        }
    };
    run(&mut session, &sql).await;
    let (_, live) = join(&database).await;
    assert_eq!(live.moment().unwrap().phase(), Phase::Backfilled);
    let reported = session.row(&format!("SELECT phase FROM {instance}"), &[]).await.unwrap();
    assert_eq!(reported.unwrap().text(0).unwrap(), "backfilled");
}

async fn a_gate_waits_for_instances_and_the_fence_and_not_for_ever(engine: Engine) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Expanded).await;
    drop(migration);
    let (_, live) = join(&database).await;
    let heard = Arc::new(Heard::default());
    let watch = Arc::clone(&heard) as Arc<dyn Watch>;
    let gate_patience = Duration::from_secs(600);
    let options = Options { gate_patience, watch, ..patient() };
    let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
    migration.advance().await.unwrap();
    assert!(heard.has("dual-write: live ids begin at"));
    let on = tokio::spawn(async move {
        migration.advance().await.unwrap();
        migration
    });
    while !heard.has("backfilling: not yet at dual-write: web-1 at expanded") {
        assert!(!on.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    live.refresh().await.unwrap();
    assert_eq!(on.await.unwrap().phase(), Phase::Backfilling);

    let options = Options { gate_patience: Duration::from_millis(300), ..patient() };
    let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
    let error = migration.roll_back().await.unwrap_err();
    assert!(error.to_string().contains("web-1 at dual-write"), "{error}");
}

/// Whoever writes tables anew keeps reports out, and apps read all the while.
#[tokio::test(flavor = "multi_thread")]
async fn sqlite_an_instance_goes_on_while_steps_keep_its_report_out() {
    let database = shop(Engine::Sqlite).await;
    run(&mut database.session().await, "PRAGMA journal_mode = WAL").await;
    drop({
        let mut migration = begun(&database).await;
        advance_to(&mut migration, Phase::Backfilled).await;
        migration
    });
    let (clock, live) = join(&database).await;
    let mut writer = database.session().await;
    for under_way in [false, true] {
        if under_way {
            let failpoints = Failpoints::stop_at(1);
            let options = Options { failpoints, ..patient() };
            let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
            assert!(matches!(migration.advance().await, Err(Error::Failpoint(_))));
            assert_eq!(migration.under_way(), Some(Phase::Constrained));
        }
        live.refresh().await.unwrap();
        run(&mut writer, "BEGIN IMMEDIATE").await;
        clock.advance(Duration::from_secs(8));
        assert_eq!(live.refresh().await.is_ok(), under_way);
        clock.advance(Duration::from_secs(8));
        // Who else keeps it out does not keep the operator from taking it for gone.
        assert_eq!(live.moment().is_ok(), under_way);
        run(&mut writer, "ROLLBACK").await;
    }
}

/// An app that joins by a name which is mistyped is no instance of this migration, and is named nowhere else.
async fn that_none_ever_joined_is_told(engine: Engine) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    let mistyped = Live::join(&database.address, "cc", "web-1").await.unwrap();
    assert_eq!(mistyped.refresh().await.unwrap(), Phase::Planned);
    advance_to(&mut migration, Phase::Expanded).await;
    let evidence = advance_to(&mut migration, Phase::DualWrite).await;
    let of = |checks: &[Check]| -> String {
        let mut of = checks.iter().filter(|check| check.name == "instances" && check.open);
        of.next().unwrap().found.clone()
    };
    let told = "no instance of the app ever joined c";
    assert!(of(&evidence[0].checks).starts_with(told), "{evidence:?}");
    let status = migration.status().await.unwrap();
    assert!(of(&status.gate).starts_with(told), "{:?}", status.gate);
    let _live = Live::join(&database.address, "c", "web-1").await.unwrap();
    let status = migration.status().await.unwrap();
    assert_eq!(of(&status.gate), "1 instances act by dual-write");
}

every_engine!(
    that_none_ever_joined_is_told,
    one_that_cannot_report_writes_no_more,
    steps_that_kept_an_instance_out_count_for_nothing,
    one_that_joins_goes_by_the_phase_in_which_it_is_waited_for,
    a_gate_waits_for_instances_and_the_fence_and_not_for_ever
);
