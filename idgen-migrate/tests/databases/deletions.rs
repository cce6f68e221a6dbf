//! Rows that go, and what refers to them by several columns: what the old foreign key says is done, whichever of the two
//! the server calls first.

use idgen_migrate::plan::Risk;
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Options, Phase};

use crate::course::advance_to;
use crate::dump::{self, rows};
use crate::references::{patient, planned, torn};
use crate::server::{Database, run};

/// Customers, what they have by number, and what refers to that.
async fn shop(on_delete: &str) -> (Database, Session) {
    let database = Database::new(Engine::Postgres).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL, CONSTRAINT c_pkey PRIMARY KEY (id))",
        "CREATE TABLE p (c_id BIGINT NOT NULL, n INTEGER NOT NULL, CONSTRAINT p_pkey PRIMARY KEY (c_id, n), \
         CONSTRAINT p_c FOREIGN KEY (c_id) REFERENCES c (id))",
        &format!(
            "CREATE TABLE q (k INTEGER NOT NULL, c_id BIGINT DEFAULT 2, n INTEGER DEFAULT 7, CONSTRAINT q_pkey PRIMARY KEY (k), \
             CONSTRAINT q_p FOREIGN KEY (c_id, n) REFERENCES p (c_id, n) ON DELETE {on_delete})"
        ),
        "INSERT INTO c VALUES (1), (2)",
        "INSERT INTO p VALUES (1, 1), (2, 7)",
        // As where the foreign key is of a time when the server counted in fewer digits than now.
        "DO $$ DECLARE of record; BEGIN FOR of IN SELECT tgname, tgrelid::regclass AS t FROM pg_trigger \
         WHERE tgisinternal AND tgname LIKE '%\\_a\\_%' LOOP EXECUTE format('ALTER TRIGGER %I ON %s RENAME TO %I', \
         of.tgname, of.t, replace(of.tgname, '_a_', '_a_9')); END LOOP; END $$",
    ] {
        run(&mut session, sql).await;
    }
    (database, session)
}

async fn is_done_in_every_phase(on_delete: &str, then: &[&str]) {
    let (database, mut session) = shop(on_delete).await;
    let before = dump::schema(&database).await;
    let plan = planned(&database, "c").await;
    let accepted = ["lost", "shadow"].map(String::from).into();
    let told: Vec<_> = plan.findings.iter().filter(|found| found.risk == Risk::Stop).collect();
    assert!(told.iter().all(|found| found.what.contains("has the default")), "{told:?}");
    let options = Options { accepted, ..patient() };
    let mut migration = Migration::begin(&database.address, &plan, options).await.unwrap();
    // From swapped on the default is the new column's, of which the plan says that it is lost.
    let last = if on_delete == "SET DEFAULT" { 8 } else { 10 };
    for phase in &Phase::ALL[1..last] {
        advance_to(&mut migration, *phase).await;
        is_done(&mut session, on_delete, then, phase.name()).await;
        if *phase >= Phase::Backfilled {
            assert_eq!(torn(&mut session, "q", "c_id").await, 0, "{on_delete}, {phase}");
        }
    }
    while migration.phase() > Phase::Planned {
        migration.roll_back().await.unwrap();
        let name = migration.phase().name();
        is_done(&mut session, on_delete, then, name).await;
    }
    assert_eq!(dump::schema(&database).await, before);
    advance_to(&mut migration, Phase::Contracted).await;
    let names = "SELECT count(*) FROM pg_trigger WHERE tgisinternal AND tgname LIKE '%\\_b\\_%'";
    assert_eq!(session.number(names, &[]).await.unwrap(), 0);
}

async fn is_done(session: &mut Session, on_delete: &str, then: &[&str], phase: &str) {
    run(session, "INSERT INTO p (c_id, n) VALUES (1, 2)").await;
    run(session, "INSERT INTO q (k, c_id, n) VALUES (1, 1, 2)").await;
    run(session, "DELETE FROM p WHERE n = 2").await;
    let found = rows(session, "SELECT c_id, n FROM q").await;
    assert_eq!(found, then, "{on_delete}, {phase}");
    run(session, "DELETE FROM q").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_what_a_composite_foreign_key_says_of_deletions_is_done_in_every_phase() {
    is_done_in_every_phase("SET NULL", &["-|-"]).await;
    is_done_in_every_phase("SET NULL (c_id)", &["-|2"]).await;
    is_done_in_every_phase("SET NULL (n)", &["1|-"]).await;
    is_done_in_every_phase("SET DEFAULT", &["2|7"]).await;
    is_done_in_every_phase("CASCADE", &[]).await;
}
