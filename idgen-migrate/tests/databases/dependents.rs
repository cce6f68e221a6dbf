//! What of the app's own stands on the old ids: named in time, and before anything of them goes.

use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Failpoints, Migration, Options, Phase};

use crate::course::advance_to;
use crate::every_engine;
use crate::references::{begun, patient, planned, shop};
use crate::server::run;

async fn old_reference_is_there(session: &mut Session) -> bool {
    session.rows("SELECT c_id FROM o WHERE 1 = 0", &[]).await.is_ok()
}

/// Makes something that stands on old ids; the last phase is refused by name, with nothing done.
async fn stands_in_the_way(engine: Engine, made: &str, undone: &str, named: &str, check: &str) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    run(&mut session, made).await;
    let error = migration.advance().await.unwrap_err();
    let closed = matches!(&error, Error::Gate { into: "contracted", reasons }
        if reasons.contains(named) && reasons.contains(check));
    assert!(closed, "{made}: {error}");
    // No fault of the old reference.
    run(&mut session, "INSERT INTO o (n, c_id) VALUES (4, 2)").await;
    assert!(old_reference_is_there(&mut session).await);
    assert!(session.run("INSERT INTO o (n, c_id) VALUES (5, 77)").await.is_err(), "{made}");
    let status = migration.status().await.unwrap();
    assert_eq!(status.back, Some(Phase::Swapped));
    run(&mut session, undone).await;
    advance_to(&mut migration, Phase::Contracted).await;
    // And where it was there before, the plan says so.
    let database = shop(engine).await;
    run(&mut database.session().await, made).await;
    let plan = planned(&database, "c").await;
    assert!(
        plan.findings.iter().any(|finding| finding.what.contains(named)),
        "{made}: {:?}",
        plan.findings
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_what_stands_on_old_ids_closes_the_last_gate() {
    let engine = Engine::Postgres;
    stands_in_the_way(
        engine,
        "CREATE VIEW v AS SELECT id FROM c",
        "DROP VIEW v",
        "view v",
        "(dependents)",
    )
    .await;
    let made = "ALTER TABLE o ADD COLUMN twice BIGINT GENERATED ALWAYS AS (c_id * 2) STORED";
    let undone = "ALTER TABLE o DROP COLUMN twice";
    stands_in_the_way(engine, made, undone, "column twice", "(dependents)").await;
    let made = "ALTER TABLE o ADD CONSTRAINT differs CHECK (c_id <> other)";
    let undone = "ALTER TABLE o DROP CONSTRAINT differs";
    stands_in_the_way(engine, made, undone, "constraint differs", "(lost)").await;
    let made =
        "CREATE SEQUENCE s OWNED BY c.id; CREATE TABLE archive (id BIGINT DEFAULT nextval('s'))";
    let named = "column id of table archive (ALTER SEQUENCE s OWNED BY NONE";
    stands_in_the_way(engine, made, "ALTER SEQUENCE s OWNED BY NONE", named, "(dependents)").await;
    let made = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.other := NEW.c_id; RETURN NEW; END'; \
        CREATE TRIGGER copies BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION f()";
    stands_in_the_way(engine, made, "DROP TRIGGER copies ON o", "trigger copies", "(readers)")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_what_stands_on_old_ids_closes_the_last_gate() {
    let engine = Engine::MariaDb;
    stands_in_the_way(
        engine,
        "CREATE VIEW v AS SELECT id FROM c",
        "DROP VIEW v",
        "view v",
        "(readers)",
    )
    .await;
    let made = "ALTER TABLE o ADD COLUMN twice BIGINT AS (c_id * 2) VIRTUAL";
    let undone = "ALTER TABLE o DROP COLUMN twice";
    stands_in_the_way(engine, made, undone, "column twice", "(dependents)").await;
    let made = "ALTER TABLE o ADD CONSTRAINT differs CHECK (c_id <> other)";
    let undone = "ALTER TABLE o DROP CONSTRAINT differs";
    stands_in_the_way(engine, made, undone, "constraint differs", "(dependents)").await;
    let made = "CREATE TRIGGER copies BEFORE INSERT ON o FOR EACH ROW SET NEW.other = NEW.c_id";
    stands_in_the_way(engine, made, "DROP TRIGGER copies", "trigger copies", "(readers)").await;
    // To drop a column of it is no change of a moment, which is refused.
    let made = "CREATE INDEX part ON c (name(10), id)";
    stands_in_the_way(engine, made, "DROP INDEX part ON c", "index part of c", "(dependents)")
        .await;
}

/// Of a view that groups by the primary key the constraint itself is a part, also on the way back.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_what_groups_by_the_primary_key_alone_closes_the_gate_before_it_changes() {
    let view = |id| {
        format!(
            "CREATE VIEW v AS SELECT c.{id}, c.name, count(*) FROM c JOIN o ON o.c_{id} = c.{id} GROUP BY c.{id}"
        )
    };
    let database = shop(Engine::Postgres).await;
    let mut session = database.session().await;
    run(&mut session, &view("id")).await;
    let plan = planned(&database, "c").await;
    let told = |what: &str| plan.findings.iter().any(|finding| finding.what.contains(what));
    assert!(told("view v on c_pkey groups by the primary key alone"), "{:?}", plan.findings);
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::ReadingNew).await;
    let accepted = ["dependents", "shadow"].map(String::from).into();
    let options = Options { accepted, ..patient() };
    drop(migration);
    let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
    for id in ["id", "id_new"] {
        let ended = match id {
            "id" => migration.advance().await,
            _ => migration.roll_back().await,
        };
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("view v on c_pkey") && error.contains("(dependents)"), "{error}");
        run(&mut session, "DROP VIEW v").await;
        // What names every column holds in both.
        let all = view(id).replace("GROUP BY c.id", "GROUP BY c.name, c.id");
        run(&mut session, &all).await;
        match id {
            "id" => advance_to(&mut migration, Phase::Swapped).await,
            _ => Vec::from([migration.roll_back().await.unwrap()]),
        };
        run(&mut session, "SELECT * FROM v; DROP VIEW v").await;
        if id == "id" {
            run(&mut session, &view("id_new")).await;
        }
        let both = "SELECT c.id, c.id_new, c.name, count(*) FROM c GROUP BY c.id, c.id_new";
        run(&mut session, both).await;
    }
    advance_to(&mut migration, Phase::Contracted).await;
}

async fn there_is_no_way_back_once_old_ids_go(engine: Engine) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    drop(migration);
    let open =
        async |options: Options| Migration::open(&database.address, "c", options).await.unwrap();
    for number in 0.. {
        let failpoints = Failpoints::stop_at(number);
        let mut migration = open(Options { failpoints, ..patient() }).await;
        match migration.advance().await.unwrap_err() {
            Error::Failpoint(name) if name.starts_with("after: ") => break,
            Error::Failpoint(_) => {}
            error => panic!("{error}"),
        }
    }
    let mut migration = open(patient()).await;
    let status = migration.status().await.unwrap();
    assert_eq!((status.phase, status.back), (Phase::OldWritesStopped, None));
    assert!(migration.steps_back().is_err());
    let error = migration.roll_back().await.unwrap_err();
    assert!(matches!(error, Error::NoWay { way: "back", .. }), "{error}");
    advance_to(&mut migration, Phase::Contracted).await;
}

every_engine!(there_is_no_way_back_once_old_ids_go);
