//! Schemas that are not like the shop's: what a plan cannot carry over, and keys of rarer kinds.

use std::time::Duration;

use idgen_core::clock::{Clock, SystemClock};
use idgen_migrate::plan::{Order, Plan, Risk, Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Failpoints, Ladder, Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::every_engine;
use crate::races;
use crate::references::{begun, patient, shop, torn};
use crate::server::{Database, run};
use crate::shop::{at, flakes, literal, old_id};

pub(crate) async fn planned(database: &Database, wish: &Wish) -> Plan {
    survey(&mut database.session().await, wish, &SystemClock).await.unwrap()
}

/// Each of these stops the migration by name until it is accepted.
pub(crate) async fn stops(engine: Engine, made: &[&str], name: &str, told: &str) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    for sql in made {
        run(&mut session, sql).await;
    }
    let plan = planned(&database, &Wish::new("c", flakes())).await;
    let error = Migration::begin(&database.address, &plan, patient()).await.unwrap_err();
    let closed = matches!(&error, Error::Gate { into: "planned", reasons }
        if reasons.contains(told) && reasons.contains(name));
    assert!(closed, "{made:?}: {error}");
    let accepting = Options { accepted: vec![name.into()], ..patient() };
    Migration::begin(&database.address, &plan, accepting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_what_has_no_twin_stops_the_migration() {
    let engine = Engine::Postgres;
    let away = [
        "CREATE TABLE people (id BIGINT PRIMARY KEY)",
        "INSERT INTO people VALUES (1), (2)",
        "ALTER TABLE c ADD CONSTRAINT c_person FOREIGN KEY (id) REFERENCES people (id)",
    ];
    stops(engine, &away, "lost", "c_person of c").await;
    stops(
        engine,
        &["ALTER TABLE o ALTER COLUMN c_id SET DEFAULT 1"],
        "lost",
        "c_id of o has the default",
    )
    .await;
    stops(
        engine,
        &["ALTER TABLE o ADD CONSTRAINT more CHECK (c_id > 0)"],
        "lost",
        "constraint more",
    )
    .await;
    let made = ["ALTER TABLE o ADD CONSTRAINT late UNIQUE (c_id, n) DEFERRABLE"];
    stops(engine, &made, "lost", "late of o is checked late").await;
    let made = [
        "CREATE TABLE p (c_id BIGINT NOT NULL REFERENCES c DEFERRABLE, n INTEGER, PRIMARY KEY (c_id, n))",
        "CREATE TABLE q (c_id BIGINT, n INTEGER, CONSTRAINT q_p FOREIGN KEY (c_id, n) REFERENCES p (c_id, n))",
    ];
    stops(engine, &made, "late", "q_p is checked at once, and p.c_id").await;
    stops(
        engine,
        &["CREATE INDEX falling ON o (c_id DESC)"],
        "lost",
        "falling of o is in another order",
    )
    .await;
    for (made, told) in [
        ("CREATE UNIQUE INDEX open ON o (c_id) WHERE other IS NULL", "open of o covers some rows"),
        ("CREATE UNIQUE INDEX alone ON o (n) WHERE c_id IS NULL", "alone of o covers some rows"),
        ("CREATE UNIQUE INDEX said ON o ((c_id + 0))", "said of o is of an expression"),
        (
            "ALTER TABLE o ADD CONSTRAINT wide UNIQUE (c_id, n) INCLUDE (other)",
            "wide of o includes further columns",
        ),
        (
            "ALTER TABLE o ADD CONSTRAINT apart EXCLUDE (c_id WITH =, n WITH =)",
            "apart of o is of an exclusion constraint",
        ),
    ] {
        stops(engine, &[made], "lost", told).await;
    }
    let made =
        ["CREATE TABLE parts (a BIGINT, c_id BIGINT REFERENCES c (id)) PARTITION BY RANGE (a)"];
    stops(engine, &made, "outside", "partitioned table public.parts").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_tables_that_inherit_stop_the_migration_and_nobody_accepts_them() {
    for (made, told) in [
        (vec!["CREATE TABLE d (more INTEGER) INHERITS (c)"], "public.d inherits from c"),
        (
            vec![
                "CREATE TABLE parts (a BIGINT, c_id BIGINT) PARTITION BY RANGE (a)",
                "CREATE TABLE part PARTITION OF parts DEFAULT",
                "ALTER TABLE part ADD FOREIGN KEY (c_id) REFERENCES c (id)",
            ],
            "part is a part of public.parts",
        ),
    ] {
        let database = shop(Engine::Postgres).await;
        let mut session = database.session().await;
        for sql in &made {
            run(&mut session, sql).await;
        }
        let plan = planned(&database, &Wish::new("c", flakes())).await;
        let options = Options { accepted: vec!["dependents".into()], ..patient() };
        let error = Migration::begin(&database.address, &plan, options).await.unwrap_err();
        assert!(error.to_string().contains(told), "{made:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_what_is_merely_quick_or_stays_stops_nothing() {
    let database = shop(Engine::Postgres).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE INDEX recent ON o (n) WHERE c_id > 1").await;
    let found = |plan: &Plan| -> Vec<_> {
        plan.findings.iter().map(|found| (found.risk, found.what.clone())).collect()
    };
    let told = |name: &str| {
        let what = "covers some rows only: make its twin by hand before reads are switched";
        (Risk::Care, format!("index {name} of o {what}"))
    };
    let wish = Wish::new("c", flakes());
    assert_eq!(found(&planned(&database, &wish).await), [told("recent")]);
    // Where the old ids stay, so does what keeps rows apart.
    run(&mut session, "CREATE UNIQUE INDEX open ON o (c_id) WHERE other IS NULL").await;
    let wish = Wish { keep_key: true, ..wish };
    assert_eq!(found(&planned(&database, &wish).await), [told("open"), told("recent")]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_what_has_no_twin_stops_the_migration() {
    let engine = Engine::MariaDb;
    stops(
        engine,
        &["ALTER TABLE o ALTER COLUMN c_id SET DEFAULT 1"],
        "lost",
        "c_id of o has the default",
    )
    .await;
    stops(
        engine,
        &["CREATE INDEX falling ON o (c_id DESC)"],
        "lost",
        "falling of o is in falling order",
    )
    .await;
    let made = [
        "CREATE TABLE p (c_id BIGINT, n INTEGER, PRIMARY KEY (c_id, n), CONSTRAINT p_c FOREIGN KEY (c_id) REFERENCES c (id))",
        "CREATE TABLE q (c_id BIGINT, n INTEGER, CONSTRAINT q_p FOREIGN KEY (c_id, n) REFERENCES p (c_id, n) ON UPDATE CASCADE)",
    ];
    stops(engine, &made, "cascades", "q_p of q says ON UPDATE CASCADE").await;
    let made = ["ALTER TABLE c ADD FULLTEXT INDEX words (name)"];
    stops(engine, &made, "locked", "words of c is FULLTEXT").await;
    let made = ["CREATE TABLE v (n INTEGER PRIMARY KEY, c_id BIGINT, \
        CONSTRAINT v_c FOREIGN KEY (c_id) REFERENCES c (id)) WITH SYSTEM VERSIONING"];
    stops(engine, &made, "outside", "v_c of v").await;
    let database = shop(engine).await;
    let name = database.address.rsplit_once('/').unwrap().1.to_owned();
    let mut session = database.session().await;
    run(&mut session, &format!("CREATE DATABASE {name}_x")).await;
    run(
        &mut session,
        &format!("CREATE TABLE {name}_x.far (a BIGINT, FOREIGN KEY (a) REFERENCES {name}.c (id))"),
    )
    .await;
    let plan = planned(&database, &Wish::new("c", flakes())).await;
    let error = Migration::begin(&database.address, &plan, patient()).await.unwrap_err();
    assert!(error.to_string().contains("in another database"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_keys_without_negative_numbers_and_of_other_collations() {
    for (kind, text) in [
        ("BIGINT UNSIGNED", false),
        ("INT UNSIGNED", false),
        ("VARCHAR(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", true),
    ] {
        let database = Database::new(Engine::MariaDb).await;
        let mut session = database.session().await;
        run(
            &mut session,
            &format!("CREATE TABLE c (id {kind} NOT NULL PRIMARY KEY, name VARCHAR(9))"),
        )
        .await;
        run(&mut session, "INSERT INTO c VALUES ('1', 'a'), ('2', 'b')").await;
        let mut migration = begun(&database).await;
        advance_to(&mut migration, Phase::OldWritesStopped).await;
        run(&mut session, "INSERT INTO c (id_new) VALUES (1 << 62)").await;
        run(&mut session, "INSERT INTO c (id_new) VALUES ((1 << 62) + 1)").await;
        let made = if text { "length(id) = 36" } else { "id > 2000000000" };
        let made = format!("SELECT count(*) FROM c WHERE {made}");
        assert_eq!(session.number(&made, &[]).await.unwrap(), 2, "{kind}");
        advance_to(&mut migration, Phase::Contracted).await;
    }
}

/// A migration at `backfilled`, and somebody whose transaction has read the table, so that no step may change it.
pub(crate) async fn read_by_another(engine: Engine) -> (Database, Session) {
    let database = shop(engine).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    let mut other = database.session().await;
    run(&mut other, "START TRANSACTION").await;
    run(&mut other, "SELECT * FROM c").await;
    (database, other)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: scripts/test migrate"]
async fn mariadb_no_change_of_a_table_waits_longer_than_the_ladder() {
    let (database, mut other) = read_by_another(Engine::MariaDb).await;
    let ladder = Ladder { attempts: 2, pause: Duration::from_millis(1), ..Ladder::default() };
    let options = Options { ladder, ..patient() };
    let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
    // Far less than the patience for what runs beside others.
    let ended = tokio::time::timeout(Duration::from_secs(30), migration.advance()).await;
    let error = ended.expect("others would be held up for long").unwrap_err();
    assert!(matches!(&error, Error::Locked { attempts: 2, .. }), "{error}");
    run(&mut other, "COMMIT").await;
    migration.advance().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_the_way_back_of_a_key_that_is_unique_only_is_resumed() {
    let database = Database::new(Engine::Postgres).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (n INTEGER PRIMARY KEY, id BIGINT NOT NULL UNIQUE)",
        "CREATE TABLE o (n INTEGER PRIMARY KEY, c_id BIGINT REFERENCES c (id))",
        "INSERT INTO c VALUES (1, 10), (2, 20)",
        "INSERT INTO o VALUES (1, 10)",
    ] {
        run(&mut session, sql).await;
    }
    let wish = Wish { key: Some("id".into()), ..Wish::new("c", flakes()) };
    let plan = planned(&database, &wish).await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    drop(migration);
    for number in 0.. {
        let failpoints = Failpoints::stop_at(number);
        let options = Options { failpoints, ..patient() };
        let mut migration = Migration::open(&database.address, "c", options).await.unwrap();
        match migration.roll_back().await {
            Ok(_) => break,
            Err(Error::Failpoint(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(torn(&mut session, "o", "c_id").await, 0);
    let mut migration = Migration::open(&database.address, "c", patient()).await.unwrap();
    back_to_planned(&mut migration).await;
}

async fn rows_that_came_after_the_plan_are_of_their_own_time(engine: Engine) {
    let database = races::shop(engine, 20).await;
    let mut plan = planned(&database, &races::PATH.wish()).await;
    let now = u64::try_from(SystemClock.wall().as_millis()).unwrap();
    // As if it had been made a minute ago.
    let Order::Time { believed, .. } = &mut plan.order else { panic!("{:?}", plan.order) };
    believed.1 -= 60_000;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    let mut session = database.session().await;
    let created = (now - 30_000) / 1_000 * 1_000;
    let id = literal(engine, races::PATH, &old_id(races::PATH, 500), false);
    let time = at(engine, created);
    run(
        &mut session,
        &format!("INSERT INTO customers (id, name, created_at) VALUES ({id}, 'late', '{time}')"),
    )
    .await;
    advance_to(&mut migration, Phase::Backfilled).await;
    let new =
        session.number("SELECT id_new FROM customers WHERE name = 'late'", &[]).await.unwrap();
    let of = (u64::try_from(new).unwrap() >> 22) + 1_577_836_800_000;
    assert_eq!(of, created);
}

async fn a_key_with_a_constant_default_stops_the_plan(engine: Engine) {
    let made_anew = match engine {
        Engine::Postgres => "gen_random_uuid()",
        Engine::MariaDb => "(uuid())",
        Engine::Sqlite => "(lower(hex(randomblob(16))))",
    };
    for (default, keep_key, is_refused) in
        [("'none'", false, true), ("'none'", true, false), (made_anew, false, false)]
    {
        let database = Database::new(engine).await;
        let made = format!(
            "CREATE TABLE d (id VARCHAR(36) DEFAULT {default} NOT NULL, CONSTRAINT d_pkey PRIMARY KEY (id))"
        );
        run(&mut database.session().await, &made).await;
        let plan = planned(&database, &Wish { keep_key, ..Wish::new("d", flakes()) }).await;
        let begun = Migration::begin(&database.address, &plan, patient()).await;
        if !is_refused {
            begun.unwrap();
            continue;
        }
        let error = begun.unwrap_err().to_string();
        let told = "the key id of d has the default 'none'";
        assert!(error.contains(told) && error.contains("(defaults)"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_ids_that_compare_by_operators_of_an_extension_stop_the_plan() {
    for (key, reference, told) in [
        ("citext", "citext", &["id of d", "d_id of e"][..]),
        ("loose", "loose", &["id of d", "d_id of e"]),
        ("text", "citext", &["d_id of e"]),
        ("text", "varchar(20)", &[]),
    ] {
        let database = Database::new(Engine::Postgres).await;
        let mut session = database.session().await;
        for sql in [
            "CREATE EXTENSION citext",
            "CREATE DOMAIN loose AS citext",
            &format!("CREATE TABLE d (id {key} PRIMARY KEY, note citext)"),
            &format!("CREATE TABLE e (n int PRIMARY KEY, d_id {reference} REFERENCES d)"),
        ] {
            run(&mut session, sql).await;
        }
        let plan = planned(&database, &Wish::new("d", flakes())).await;
        let accepting = Options { accepted: vec!["operators".into()], ..patient() };
        let begun = Migration::begin(&database.address, &plan, accepting).await;
        let error = begun.err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error.matches("(operators)").count(), told.len(), "{key} {reference}: {error}");
        for name in told {
            let named = format!("{name} is of type public.citext");
            assert!(error.contains(&named), "{key} {reference}: {error}");
        }
    }
}

/// Triggers search no schema of the app's for the types, functions and sequences that its columns name.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_names_of_the_apps_schema_are_known_to_the_triggers() {
    let database = Database::new(Engine::Postgres).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE DOMAIN label AS varchar(20)",
        "CREATE SEQUENCE made",
        "CREATE FUNCTION make() RETURNS text LANGUAGE sql AS 'SELECT ''made '' || nextval(''public.made'')'",
        "CREATE TABLE d (id public.label DEFAULT make() NOT NULL, CONSTRAINT d_pkey PRIMARY KEY (id))",
        "CREATE TABLE e (n int PRIMARY KEY, d_id public.label, CONSTRAINT e_d FOREIGN KEY (d_id) REFERENCES d)",
        "INSERT INTO d VALUES ('a'), (DEFAULT)",
        "INSERT INTO e VALUES (1, 'a')",
    ] {
        run(&mut session, sql).await;
    }
    let plan = planned(&database, &Wish::new("d", flakes())).await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    let phases: Vec<_> = plan.phases().filter(|phase| *phase < Phase::OldWritesStopped).collect();
    for (n, phase) in (10..).zip(&phases[1..]) {
        advance_to(&mut migration, *phase).await;
        run(&mut session, &format!("INSERT INTO d (id) VALUES ('{n}')")).await;
        run(&mut session, &format!("INSERT INTO e VALUES ({n}, '{n}')")).await;
    }
    run(&mut session, "INSERT INTO d (id, id_new) VALUES (NULL, 7)").await;
    run(&mut session, "INSERT INTO e (n, d_id_new) VALUES (7, 7)").await;
    let made = "SELECT count(*) FROM e JOIN d ON d.id = e.d_id AND d.id_new = e.d_id_new WHERE e.n = 7 AND d.id = 'made 2'";
    assert_eq!(session.number(made, &[]).await.unwrap(), 1);
    advance_to(&mut migration, Phase::Contracted).await;
}

every_engine!(
    rows_that_came_after_the_plan_are_of_their_own_time,
    a_key_with_a_constant_default_stops_the_plan
);
