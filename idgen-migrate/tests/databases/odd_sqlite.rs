//! What SQLite lets a schema say, and a migration has to read, carry over, or name.

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Plan, Risk, Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Options, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::dump;
use crate::odd::stops;
use crate::references::{begun, patient, planned, shop, torn};
use crate::server::{Database, run};
use crate::shop::flakes;

/// Customers and orders that say more than the shop's do.
async fn made(sql: &str) -> (Database, Session) {
    let database = Database::file(&format!("PRAGMA journal_mode = WAL; {sql}")).await;
    let session = database.session().await;
    (database, session)
}

fn accepting(names: &[&str]) -> Options {
    let mut options = patient();
    options.accepted.extend(names.iter().map(|name| (*name).to_owned()));
    options
}

/// Goes to the swap, back to where it began, and on to the end; at each the database is sound, and refers as it did.
async fn there_and_back(database: &Database, plan: &Plan, options: Options) {
    let mut session = database.session().await;
    let before = dump::schema(database).await;
    let mut migration = Migration::begin(&database.address, plan, options).await.unwrap();
    advance_to(&mut migration, Phase::Swapped).await;
    assert_eq!(torn(&mut session, "o", "c_id").await, 0);
    back_to_planned(&mut migration).await;
    assert_eq!(dump::schema(database).await, before);
    advance_to(&mut migration, Phase::Contracted).await;
    let sound = dump::rows(&mut session, "PRAGMA integrity_check").await;
    assert_eq!(sound, ["ok"]);
}

/// SQLite takes this for a matter of `a`, and our reader for nothing that it knows.
const UNREAD: &str = "a BIGINT REFERENCES other (id), b INT DEFERRABLE INITIALLY DEFERRED";

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_read_stops_nobody_whom_it_does_not_concern() {
    let database = shop(Engine::Sqlite).await;
    let mut session = database.session().await;
    run(&mut session, "CREATE TABLE other (id BIGINT PRIMARY KEY)").await;
    run(&mut session, &format!("CREATE TABLE unread ({UNREAD})")).await;
    // Of a module that the app alone has.
    let module = "PRAGMA writable_schema = ON; \
        INSERT INTO sqlite_schema VALUES ('table', 'far', 'far', 0, 'CREATE VIRTUAL TABLE far USING nosuch(a)'); \
        PRAGMA writable_schema = RESET";
    run(&mut session, module).await;
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    migration.status().await.unwrap();
    // One that came, and refers to the migrated table, is named.
    let refers = UNREAD.replace("other", "c");
    run(&mut session, &format!("CREATE TABLE came ({refers})")).await;
    let error = migration.advance().await.unwrap_err().to_string();
    assert!(error.contains("reference came_a_fkey of came came"), "{error}");
    migration.pause(true).await.unwrap();
    migration.roll_back().await.unwrap();
    run(&mut session, "DROP TABLE came").await;
    migration.pause(false).await.unwrap();
    advance_to(&mut migration, Phase::Contracted).await;

    let database = shop(Engine::Sqlite).await;
    let mut session = database.session().await;
    run(&mut session, &format!("CREATE TABLE unread ({refers})")).await;
    let error = survey(&mut session, &Wish::new("c", flakes()), &SystemClock).await.unwrap_err();
    assert!(error.to_string().contains("cannot be read at"), "{error}");
    assert!(error.to_string().contains("CREATE TABLE unread"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_the_same_in_any_case_and_in_any_quotes() {
    let (database, mut session) = made(
        "CREATE TABLE Customers (Id TEXT NOT NULL, Name TEXT, Code BLOB DEFAULT x'00', rate DEFAULT 1.5e-3, PRIMARY KEY (ID));
         CREATE TABLE Orders (n INTEGER PRIMARY KEY, Customer_Id TEXT, 'gift for' TEXT, CONSTRAINT once UNIQUE (N, CUSTOMER_ID),
            FOREIGN KEY (customer_ID) REFERENCES CUSTOMERS (iD), FOREIGN KEY (\"GIFT for\") REFERENCES 'customers' deferrable /* or so */ initially\n deferred);
         CREATE INDEX by_customer ON ORDERS (customer_id); CREATE INDEX by_gift ON orders ('GIFT FOR' DESC, n);
         CREATE TABLE log (what);
         CREATE TRIGGER noted AFTER INSERT ON ORDERS BEGIN INSERT INTO log VALUES (NEW.N); END;
         INSERT INTO Customers (id) VALUES ('a'), ('b'), ('c');
         INSERT INTO Orders VALUES (1, 'a', 'b'), (2, 'b', NULL), (3, NULL, 'c')",
    )
    .await;
    let before = dump::schema(&database).await;
    let wish = Wish::new("Customers", flakes());
    let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
    assert_eq!(plan.carriers.len(), 3);
    let late: Vec<_> = plan.findings.iter().map(|found| found.what.as_str()).collect();
    assert!(late.len() == 1 && late[0].contains("may be checked late"), "{late:?}");
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    let refers = "SELECT count(*) FROM orders o JOIN customers c ON c.id_new = o.customer_id_new \
        JOIN customers g ON g.id_new = o.\"gift for_new\"";
    advance_to(&mut migration, Phase::Swapped).await;
    let key = "SELECT name FROM pragma_table_info('customers') WHERE pk > 0";
    assert_eq!(dump::rows(&mut session, key).await, ["Id_new"]);
    let references = "SELECT \"from\", \"to\" FROM pragma_foreign_key_list('orders')";
    let both = ["Customer_Id_new|Id_new", "gift for_new|Id_new"];
    assert_eq!(dump::rows(&mut session, references).await, both);
    assert_eq!(session.number(refers, &[]).await.unwrap(), 1);
    run(&mut session, "INSERT INTO orders (customer_id, \"gift for\") VALUES ('c', 'a')").await;
    assert_eq!(session.number(refers, &[]).await.unwrap(), 2);
    // What came since the plan is seen in whatever case.
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    run(&mut session, "CREATE TRIGGER later AFTER INSERT ON orders BEGIN SELECT 1; END").await;
    back_to_planned(&mut migration).await;
    run(&mut session, "DROP TRIGGER later").await;
    assert_eq!(dump::schema(&database).await, before);
    advance_to(&mut migration, Phase::Contracted).await;
    assert_eq!(session.number(refers, &[]).await.unwrap(), 2);
    let schema = dump::schema(&database).await;
    for part in ["once UNIQUE(n, Customer_Id_new)", "(Customer_Id_new)", "DEFAULT x'00'", "noted"] {
        assert!(schema.contains(part), "{part}: {schema}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_on_a_conflict_is_named_and_kept_where_it_can_be() {
    let engine = Engine::Sqlite;
    for (column, told) in [
        ("c_id BIGINT UNIQUE ON CONFLICT REPLACE REFERENCES c (id)", "UNIQUE of c_id of p says"),
        (
            "c_id BIGINT NOT NULL ON CONFLICT IGNORE REFERENCES c (id)",
            "NOT NULL of c_id of p says ON CONFLICT IGNORE",
        ),
        (
            "c_id BIGINT REFERENCES c (id), UNIQUE (C_ID, n) ON CONFLICT FAIL",
            "UNIQUE of c_id, n of p says ON CONFLICT FAIL",
        ),
    ] {
        let made = format!("CREATE TABLE p (n INTEGER PRIMARY KEY, {column})");
        stops(engine, &[&made], "lost", told).await;
    }
    let (database, mut session) = made(
        "CREATE TABLE c (id BIGINT PRIMARY KEY ON CONFLICT REPLACE, name TEXT UNIQUE ON CONFLICT ABORT);
         CREATE TABLE o (n INTEGER PRIMARY KEY, c_id BIGINT NOT NULL ON CONFLICT IGNORE UNIQUE ON CONFLICT IGNORE REFERENCES c,
            x INT UNIQUE ON CONFLICT REPLACE);
         INSERT INTO c VALUES (1, 'a'), (2, 'b'); INSERT INTO o VALUES (1, 1, 1), (2, 2, 2)",
    )
    .await;
    let plan = planned(&database, "c").await;
    let lost = plan.findings.iter().filter(|found| found.name == "lost").count();
    assert_eq!(lost, 3, "{:?}", plan.findings);
    there_and_back(&database, &plan, accepting(&["lost"])).await;
    // The new ids do as the old ones did.
    run(&mut session, "INSERT INTO o (n, c_id_new) SELECT 3, c_id_new FROM o WHERE n = 1").await;
    run(&mut session, "INSERT INTO o (n) VALUES (4)").await;
    assert_eq!(session.number("SELECT count(*) FROM o", &[]).await.unwrap(), 2);
    run(&mut session, "INSERT INTO c (id_new, name) SELECT id_new, 'new' FROM c WHERE name = 'a'")
        .await;
    let names = dump::rows(&mut session, "SELECT name FROM c").await;
    assert_eq!(names, ["b", "new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_computed_from_old_ids_stops_the_plan_whoever_accepts_it() {
    for (column, told) in [
        ("c_id BIGINT REFERENCES c (id), twice AS (C_ID * 2)", "twice of p is computed from"),
        ("c_id BIGINT REFERENCES c (id), x INT AS (\"c_id\") STORED", "x of p is computed from"),
        ("x, c_id BIGINT AS (x ->> 'c') STORED REFERENCES c (id)", "c_id of p holds ids and is"),
    ] {
        let database = shop(Engine::Sqlite).await;
        let made = format!("CREATE TABLE p (n INTEGER PRIMARY KEY, {column})");
        run(&mut database.session().await, &made).await;
        let plan = planned(&database, "c").await;
        let begun = Migration::begin(&database.address, &plan, accepting(&["dependents"])).await;
        let error = begun.unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("(dependents)"), "{column}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_old_ids_is_named_and_goes_with_them() {
    let engine = Engine::Sqlite;
    let of = "CREATE TABLE p (n INTEGER PRIMARY KEY, c_id BIGINT REFERENCES c (id), x INT";
    for (made, told) in [
        (format!("{of} CHECK (x <> C_Id))"), "CHECK (x <> C_Id) of p goes with the old ids"),
        (format!("{of}, CHECK (c_id > 0))"), "CHECK (c_id > 0) of p goes with the old ids"),
        (format!("{of}); CREATE UNIQUE INDEX one ON p (n) WHERE c_id > 1"), "index one of p asks"),
        (format!("{of}); CREATE UNIQUE INDEX one ON p (abs(c_id), n)"), "index one of p asks"),
    ] {
        stops(engine, &[&made], "lost", told).await;
    }
    let (database, mut session) = made(
        "CREATE TABLE c (id BIGINT PRIMARY KEY, name TEXT, born INT REFERENCES years CHECK (born <> id));
         CREATE TABLE years (id INTEGER PRIMARY KEY);
         CREATE TABLE o (n INTEGER PRIMARY KEY, c_id BIGINT REFERENCES c CHECK (c_id > 0), x INT DEFAULT 7 CHECK (x > c_id) NOT NULL);
         CREATE UNIQUE INDEX some ON o (n) WHERE c_id > 1; CREATE INDEX shown ON o (abs(c_id));
         CREATE UNIQUE INDEX there ON o (c_id, x) WHERE c_id IS NOT NULL;
         INSERT INTO c VALUES (1, 'a', NULL), (2, 'b', NULL); INSERT INTO o VALUES (1, 1, 7), (2, 2, 7)",
    )
    .await;
    let plan = planned(&database, "c").await;
    let stop: Vec<_> = plan.findings.iter().filter(|found| found.name == "lost").collect();
    assert_eq!(stop.len(), 4, "{stop:?}");
    let care = |found: &&idgen_migrate::plan::Finding| {
        found.risk == Risk::Care && found.what.starts_with("index shown of o asks something")
    };
    assert_eq!(plan.findings.iter().filter(care).count(), 1, "{:?}", plan.findings);
    there_and_back(&database, &plan, accepting(&["lost"])).await;
    let schema = dump::schema(&database).await;
    assert!(schema.contains("there ON o(c_id_new, x) WHERE c_id_new IS NOT NULL"), "{schema}");
    assert!(schema.contains("x INT DEFAULT 7 NOT NULL"), "{schema}");
    for gone in ["CHECK", "INDEX some", "INDEX shown"] {
        assert!(!schema.contains(gone), "{gone}: {schema}");
    }
    assert!(session.run("INSERT INTO c (id_new, born) VALUES (9, 9)").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_refers_elsewhere_goes_with_its_reference() {
    let (database, _session) = made(
        "CREATE TABLE people (id BIGINT PRIMARY KEY); INSERT INTO people VALUES (1), (2);
         CREATE TABLE c (id BIGINT PRIMARY KEY CONSTRAINT person REFERENCES people (id), parent BIGINT,
            CONSTRAINT again FOREIGN KEY (ID) REFERENCES people, FOREIGN KEY (parent) REFERENCES c,
            FOREIGN KEY (parent) REFERENCES people);
         CREATE TABLE o (n INTEGER PRIMARY KEY, c_id BIGINT REFERENCES c);
         INSERT INTO c VALUES (1, 2), (2, NULL); INSERT INTO o VALUES (1, 1)",
    )
    .await;
    let plan = planned(&database, "c").await;
    let lost = plan.findings.iter().filter(|found| found.name == "lost").count();
    assert_eq!(lost, 3, "{:?}", plan.findings);
    there_and_back(&database, &plan, accepting(&["lost"])).await;
    let schema = dump::schema(&database).await;
    assert!(
        !schema.contains("REFERENCES people") && schema.matches("REFERENCES").count() == 2,
        "{schema}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_strict_types_go_the_whole_course() {
    for (id, made) in [("TEXT", "'a' || n"), ("INTEGER", "n"), ("BLOB", "randomblob(16)")] {
        let (database, _session) = self::made(&format!(
            "CREATE TABLE c (id {id} PRIMARY KEY NOT NULL, name ANY) STRICT;
             CREATE TABLE o (n INTEGER PRIMARY KEY, c_id {id} REFERENCES c) STRICT;
             INSERT INTO c WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 40) SELECT {made}, n FROM s;
             INSERT INTO o SELECT rowid, id FROM c"
        ))
        .await;
        let plan = planned(&database, "c").await;
        there_and_back(&database, &plan, patient()).await;
        let schema = dump::schema(&database).await;
        assert_eq!(schema.matches(" STRICT").count(), 2, "{schema}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_rowid_that_refers_is_refused() {
    let database = shop(Engine::Sqlite).await;
    let mut session = database.session().await;
    let made =
        "CREATE TABLE p (n INTEGER PRIMARY KEY, c_id BIGINT REFERENCES c (id)) WITHOUT ROWID";
    run(&mut session, made).await;
    let error = survey(&mut session, &Wish::new("c", flakes()), &SystemClock).await.unwrap_err();
    assert!(error.to_string().contains("p has no rowid"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_may_have_the_database_attached_to_another() {
    let database = shop(Engine::Sqlite).await;
    let mut session = database.session().await;
    // Of the same names, and none of the app's business.
    let (_other, mut app) = made("CREATE TABLE c (id TEXT); CREATE TABLE o (c_id TEXT)").await;
    let path = database.address.strip_prefix("sqlite:").unwrap();
    run(&mut app, &format!("ATTACH '{path}' AS shop")).await;
    let mut migration = begun(&database).await;
    for (n, phase) in (100..).zip(&Phase::ALL[1..10]) {
        advance_to(&mut migration, *phase).await;
        for sql in [
            format!("INSERT INTO shop.c (id, parent) VALUES ({n}, 1)"),
            format!("INSERT INTO shop.o (n, c_id) VALUES ({n}, {n})"),
            format!("UPDATE shop.o SET c_id = 2 WHERE n = {n}"),
            format!("UPDATE shop.c SET parent = {n} WHERE id = 1"),
        ] {
            run(&mut app, &sql).await;
        }
        let nobody = app.run(&format!("UPDATE shop.o SET c_id = 77 WHERE n = {n}")).await;
        assert!(nobody.is_err(), "{phase}");
        if *phase >= Phase::Backfilled {
            assert_eq!(torn(&mut session, "o", "c_id").await, 0, "{phase}");
            assert_eq!(torn(&mut session, "c", "parent").await, 0, "{phase}");
        }
    }
    assert_eq!(app.number("SELECT count(*) FROM main.c", &[]).await.unwrap(), 0);
    advance_to(&mut migration, Phase::Contracted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn triggers_of_views_and_of_other_tables_stay_and_close_the_last_gate_where_they_name_old_ids()
 {
    let database = shop(Engine::Sqlite).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE VIEW names AS SELECT name FROM c",
        "CREATE TRIGGER named INSTEAD OF INSERT ON names BEGIN \
         INSERT INTO c (id, name) VALUES ((SELECT max(id) + 1 FROM c), NEW.name); END",
        "CREATE TABLE asked (name TEXT)",
        "CREATE TRIGGER answered AFTER INSERT ON asked BEGIN \
         INSERT INTO o (n, c_id) VALUES ((SELECT max(n) + 1 FROM o), (SELECT max(id) FROM c)); END",
        "CREATE VIEW both AS SELECT asked.name FROM asked, c",
    ] {
        run(&mut session, sql).await;
    }
    let plan = planned(&database, "c").await;
    for name in ["trigger named", "trigger answered"] {
        let told = format!("{name} names old ids");
        let mut findings = plan.findings.iter();
        assert!(findings.any(|found| found.what.starts_with(&told)), "{:?}", plan.findings);
    }
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    for phase in &Phase::ALL[1..10] {
        advance_to(&mut migration, *phase).await;
        run(&mut session, "INSERT INTO names VALUES ('view')").await;
        run(&mut session, "INSERT INTO asked VALUES ('table')").await;
        if *phase >= Phase::Backfilled {
            assert_eq!(torn(&mut session, "o", "c_id").await, 0, "{phase}");
        }
    }
    let error = migration.advance().await.unwrap_err().to_string();
    assert!(
        error.contains("trigger answered, trigger named") && error.contains("(readers)"),
        "{error}"
    );
    run(&mut session, "DROP TRIGGER answered; DROP TRIGGER named").await;
    advance_to(&mut migration, Phase::Contracted).await;
    run(&mut session, "SELECT * FROM names, both").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_were_counted_never_come_again_in_a_table_that_refers() {
    let (database, mut session) = made(
        "CREATE TABLE c (id BIGINT PRIMARY KEY); INSERT INTO c VALUES (1), (2);
         CREATE TABLE o (n INTEGER PRIMARY KEY AUTOINCREMENT, c_id BIGINT REFERENCES c);
         CREATE TABLE q (n INTEGER, c_id BIGINT REFERENCES c, PRIMARY KEY (n AUTOINCREMENT));
         INSERT INTO o (c_id) VALUES (1), (2), (1)",
    )
    .await;
    let plan = planned(&database, "c").await;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    let mut last = [3, 0];
    for back in [true, false] {
        for phase in [Phase::Swapped, Phase::Planned, Phase::Contracted] {
            match phase {
                Phase::Planned if back => back_to_planned(&mut migration).await,
                Phase::Contracted if back => continue,
                _ => drop(advance_to(&mut migration, phase).await),
            }
            for (table, last) in ["o", "q"].into_iter().zip(&mut last) {
                let made = format!("INSERT INTO {table} DEFAULT VALUES RETURNING n");
                *last += 1;
                assert_eq!(session.number(&made, &[]).await.unwrap(), *last, "{table} {phase}");
                run(&mut session, &format!("DELETE FROM {table} WHERE n = {last}")).await;
            }
        }
    }
    let kept = "SELECT name, seq FROM sqlite_sequence";
    assert_eq!(
        dump::rows(&mut session, kept).await,
        [format!("o|{}", last[0]), format!("q|{}", last[1])]
    );
}

/// Tables, indexes and constraints may be called as a column of ids is, and a text may say the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_called_as_an_old_id_stays() {
    let (database, mut session) = made(
        "CREATE TABLE tag (tag TEXT NOT NULL PRIMARY KEY, name TEXT, CONSTRAINT tag CHECK (length(name) > 0)); \
         CREATE UNIQUE INDEX by_name ON tag (name); \
         CREATE INDEX said ON tag (name) WHERE name <> 'tag'; \
         CREATE INDEX part ON tag (coalesce(name, 'tag')); \
         INSERT INTO tag VALUES ('a', 'x'), ('b', 'y')",
    )
    .await;
    let plan = planned(&database, "tag").await;
    assert_eq!(plan.findings, [], "nothing is lost, and nothing is to be done by hand");
    assert!(plan.indexes.iter().all(|index| index.primary), "{:?}", plan.indexes);
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Contracted).await;
    let names = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'tag' AND sql IS NOT NULL";
    assert_eq!(dump::rows(&mut session, names).await, ["by_name", "part", "said"]);
    let refused = session.run("INSERT INTO tag (tag_new, name) VALUES (1, '')").await.unwrap_err();
    assert!(refused.to_string().contains("CHECK"), "{refused}");
}
