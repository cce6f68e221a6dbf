//! Triggers of the app's own that the backfill fires: nobody learns of it from what they did.

use idgen_migrate::plan::{Plan, Risk};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Migration, Options, Phase};

use crate::course::advance_to;
use crate::every_engine;
use crate::references::{begun, patient, planned, shop};
use crate::server::{Database, run};

/// A trigger of this name that notes its table, on these events of it.
fn noting(engine: Engine, name: &str, on: &str, table: &str) -> String {
    let body = match engine {
        Engine::Postgres => "FOR EACH ROW EXECUTE FUNCTION note()".to_owned(),
        Engine::MariaDb => format!("FOR EACH ROW INSERT INTO noted VALUES ('{table}')"),
        Engine::Sqlite => format!("BEGIN INSERT INTO noted VALUES ('{table}'); END"),
    };
    format!("CREATE TRIGGER {name} AFTER {on} ON {table} {body}")
}

/// A shop, and what its triggers note into.
async fn noted(engine: Engine) -> (Database, Session) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE TABLE noted (what VARCHAR(9))").await;
    if engine == Engine::Postgres {
        let note = "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
            'BEGIN INSERT INTO noted VALUES (TG_TABLE_NAME); RETURN NEW; END'";
        run(&mut session, note).await;
    }
    (database, session)
}

/// What the plan says of updates.
fn fired(plan: &Plan) -> Vec<&str> {
    let fired = plan.findings.iter().filter(|finding| finding.name == "on-update");
    fired
        .map(|finding| {
            assert_eq!(finding.risk, Risk::Stop, "{finding:?}");
            finding.what.split_once(" fires for ").map_or(&*finding.what, |(what, _)| what)
        })
        .collect()
}

fn undone(engine: Engine, name: &str, table: &str) -> String {
    match engine {
        Engine::Postgres => format!("DROP TRIGGER {name} ON {table}"),
        _ => format!("DROP TRIGGER {name}"),
    }
}

async fn triggers_that_the_backfill_fires_stop_the_migration(engine: Engine) {
    let (database, mut session) = noted(engine).await;
    run(&mut session, &noting(engine, "of_orders", "UPDATE", "o")).await;
    run(&mut session, &noting(engine, "of_customers", "UPDATE", "c")).await;
    run(&mut session, &noting(engine, "arrived", "INSERT", "o")).await;
    if engine != Engine::MariaDb {
        run(&mut session, &noting(engine, "renamed", "UPDATE OF name, parent", "c")).await;
    }
    let plan = planned(&database, "c").await;
    let mut found = fired(&plan);
    found.sort_unstable();
    assert_eq!(found, ["trigger of_customers of c", "trigger of_orders of o"]);
    let error = Migration::begin(&database.address, &plan, patient()).await.unwrap_err();
    let closed = matches!(&error, Error::Gate { into: "planned", reasons }
        if reasons.contains("of_orders of o fires for every row") && reasons.contains("(on-update)"));
    assert!(closed, "{error}");
    let accepting = Options { accepted: vec!["on-update".into()], ..patient() };
    drop(Migration::begin(&database.address, &plan, accepting).await.unwrap());
    // What was accepted once is not asked for again.
    let mut migration = Migration::open(&database.address, "c", patient()).await.unwrap();
    advance_to(&mut migration, Phase::Backfilled).await;
    let orders = "SELECT count(*) FROM noted WHERE what = 'o'";
    assert_eq!(session.number(orders, &[]).await.unwrap(), 2, "what was said comes true");
    let plan = planned(&database, "o").await;
    assert_eq!(
        fired(&plan),
        ["trigger of_orders of o"],
        "triggers of a migration are not an app's"
    );
}

async fn a_trigger_that_came_after_the_plan_is_asked_for_before_the_backfill(engine: Engine) {
    let (database, mut session) = noted(engine).await;
    let mut migration = begun(&database).await;
    for phase in [Phase::Planned, Phase::Backfilling] {
        advance_to(&mut migration, phase).await;
        run(&mut session, &noting(engine, "late", "UPDATE", "o")).await;
        let error = migration.advance().await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains("late of o fires") && told.contains("(on-update)"), "{told}");
        run(&mut session, &undone(engine, "late", "o")).await;
    }
    if engine != Engine::MariaDb {
        // For a new column, which is there by now.
        run(&mut session, &noting(engine, "late", "UPDATE OF c_id_new", "o")).await;
        let told = migration.advance().await.unwrap_err().to_string();
        assert!(told.contains("late of o fires"), "{told}");
        run(&mut session, &undone(engine, "late", "o")).await;
    }
    assert_eq!(session.number("SELECT count(*) FROM noted", &[]).await.unwrap(), 0);
    advance_to(&mut migration, Phase::Backfilled).await;
    // Later nothing is filled.
    run(&mut session, &noting(engine, "late", "UPDATE", "o")).await;
    advance_to(&mut migration, Phase::Constrained).await;
}

every_engine!(
    triggers_that_the_backfill_fires_stop_the_migration,
    a_trigger_that_came_after_the_plan_is_asked_for_before_the_backfill
);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_triggers_of_statements_and_rules_are_named_and_disabled_ones_are_not() {
    let (database, mut session) = noted(Engine::Postgres).await;
    for sql in [
        "CREATE TRIGGER each_time AFTER UPDATE ON o EXECUTE FUNCTION note()",
        "CREATE TRIGGER off BEFORE UPDATE ON o FOR EACH ROW EXECUTE FUNCTION note()",
        "ALTER TABLE o DISABLE TRIGGER off",
        "CREATE RULE copies AS ON UPDATE TO c DO ALSO INSERT INTO noted VALUES ('rule')",
    ] {
        run(&mut session, sql).await;
    }
    let plan = planned(&database, "c").await;
    assert_eq!(fired(&plan), ["rule copies of c", "trigger each_time of o"]);
    assert!(plan.findings.iter().all(|found| found.what.contains("for every chunk")), "{plan:?}");
}

/// Updates of our own triggers search no schema of the app's: a function that says where it looks finds all of it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_a_trigger_that_ours_fire_says_in_which_schemas_it_looks() {
    let (database, mut session) = noted(Engine::Postgres).await;
    run(&mut session, &noting(Engine::Postgres, "of_orders", "UPDATE", "o")).await;
    let made = "ALTER TABLE o DROP CONSTRAINT o_c, ADD CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id) \
        ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED";
    run(&mut session, made).await;
    let plan = planned(&database, "c").await;
    let told = "SET search_path FROM CURRENT";
    assert!(plan.findings.iter().any(|found| found.what.contains(told)), "{:?}", plan.findings);
    let accepted = ["on-update", "shadow"].map(String::from).into();
    let options = Options { accepted, ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    let follows = "UPDATE c SET id = 20 WHERE id = 2";
    let early =
        "BEGIN; INSERT INTO o (n, c_id) VALUES (9, 30); INSERT INTO c (id) VALUES (30); COMMIT";
    for sql in [follows, early] {
        let error = format!("{:?}", session.run(sql).await.unwrap_err());
        assert!(error.contains(r#"relation \"noted\" does not exist"#), "{sql}: {error}");
        // Where a transaction is open still.
        run(&mut session, "ROLLBACK").await;
    }
    run(&mut session, "ALTER FUNCTION note() SET search_path FROM CURRENT").await;
    for sql in [follows, early] {
        run(&mut session, "DELETE FROM noted").await;
        run(&mut session, sql).await;
        assert_eq!(session.number("SELECT count(*) FROM noted", &[]).await.unwrap(), 1, "{sql}");
    }
    advance_to(&mut migration, Phase::Contracted).await;
}
