//! The schema changes between the plan and what is done by it.

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::survey;
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Error, Migration, Phase};

use crate::course::{advance_to, back_to_planned, options};
use crate::every_engine;
use crate::references::patient;
use crate::server::{Database, run};
use crate::shop::{self, Path};

const PATH: Path = Path::UuidToFlake;

/// A change of the schema, its way back, and what is told of it.
struct Change {
    made: String,
    undone: &'static str,
    told: &'static str,
}

fn column() -> Change {
    Change {
        made: "ALTER TABLE orders ADD COLUMN colour VARCHAR(9)".into(),
        undone: "ALTER TABLE orders DROP COLUMN colour",
        told: "column colour of ORDERS came after the plan was made",
    }
}

fn child(engine: Engine) -> Change {
    let id = PATH.old_type(engine).0;
    let made = format!(
        "CREATE TABLE returns (customer_id {id}, CONSTRAINT returned FOREIGN KEY (customer_id) REFERENCES customers (id))"
    );
    let told = "reference returned of RETURNS came after the plan was made";
    Change { made, undone: "DROP TABLE returns", told }
}

fn index(engine: Engine) -> Change {
    let undone = match engine {
        Engine::MariaDb => "DROP INDEX by_note ON orders",
        _ => "DROP INDEX by_note",
    };
    let told = "index by_note of ORDERS came after the plan was made";
    Change { made: "CREATE INDEX by_note ON orders (note, customer_id)".into(), undone, told }
}

/// Whether a refusal names what changed, and the way out.
fn names(error: &Error, into: Phase, change: &Change) -> bool {
    // Where there are schemas, a table is named with its own.
    let told = change.told.replace("ORDERS", "orders").replace("RETURNS", "returns");
    matches!(error, Error::Gate { into: closed, reasons } if *closed == into.name()
        && reasons.replace("public.", "").contains(&told) && reasons.contains("plan again"))
}

async fn has_new_ids(session: &mut Session) -> bool {
    session.rows("SELECT id_new FROM customers WHERE 1 = 0", &[]).await.is_ok()
}

async fn what_changed_after_the_plan_stops_it_by_name(engine: Engine) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, PATH).await;
    shop::fill(&mut session, PATH, 50).await;
    let plan = survey(&mut session, &PATH.wish(), &SystemClock).await.unwrap();
    let begin = || Migration::begin(&database.address, &plan, options());
    let changes = [column(), child(engine), index(engine)];
    for change in &changes {
        run(&mut session, &change.made).await;
        let error = begin().await.unwrap_err();
        assert!(names(&error, Phase::Planned, change), "{error}");
        assert_eq!(Migration::all(&database.address).await.unwrap(), [], "nothing was kept");
        run(&mut session, change.undone).await;
    }
    let mut migration = begin().await.unwrap();
    for change in &changes {
        run(&mut session, &change.made).await;
        let error = migration.advance().await.unwrap_err();
        assert!(names(&error, Phase::Expanded, change), "{error}");
        assert!(!has_new_ids(&mut session).await, "nothing was done");
        run(&mut session, change.undone).await;
    }
    advance_to(&mut migration, Phase::Backfilled).await;
    assert!(has_new_ids(&mut session).await);
    // Later only what holds old ids matters: it would stay behind when they go.
    run(&mut session, &column().made).await;
    for (change, into) in [(child(engine), Phase::Constrained), (index(engine), Phase::Constrained)]
    {
        run(&mut session, &change.made).await;
        let error = migration.advance().await.unwrap_err();
        assert!(names(&error, into, &change), "{error}");
        run(&mut session, change.undone).await;
    }
    run(&mut session, column().undone).await;
    advance_to(&mut migration, Phase::OldWritesStopped).await;
    let change = child(engine);
    if engine != Engine::Sqlite {
        // There the old key is no longer one that could be referred to.
        run(&mut session, &change.made).await;
        let error = migration.advance().await.unwrap_err();
        assert!(names(&error, Phase::Contracted, &change), "{error}");
        run(&mut session, change.undone).await;
    }
    advance_to(&mut migration, Phase::Contracted).await;
}

async fn what_went_is_named_and_can_be_made_again(engine: Engine) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    shop::create(&mut session, PATH).await;
    shop::fill(&mut session, PATH, 50).await;
    let plan = survey(&mut session, &PATH.wish(), &SystemClock).await.unwrap();
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Backfilled).await;
    run(&mut session, "DROP TABLE shipments").await;
    // Nobody goes on or back without what went.
    let told = "table shipments went after the plan was made: make it again as it was";
    for attempt in [migration.advance().await, migration.roll_back().await] {
        let error = attempt.unwrap_err();
        assert!(error.to_string().replace("public.", "").contains(told), "{error}");
    }
    let (old, new) = (PATH.old_type(engine).0, "BIGINT");
    let shipments = |columns: &str, reference: &str| {
        format!(
            "CREATE TABLE shipments (id INTEGER, number INTEGER, line INTEGER, {columns}, CONSTRAINT shipments_pkey PRIMARY KEY (id){reference})"
        )
    };
    let reference = ", CONSTRAINT shipments_line FOREIGN KEY (customer_id, number, line) \
        REFERENCES order_lines (customer_id, number, line) ON DELETE CASCADE";
    let both = format!("customer_id {old}, customer_id_new {new}");
    for (columns, reference, told) in [
        (format!("customer_id {old}"), reference, "column customer_id_new of shipments went"),
        (format!("customer_id_new {new}"), "", "column customer_id of shipments went"),
        (both.clone(), "", "reference shipments_line of shipments went"),
    ] {
        run(&mut session, &shipments(&columns, reference)).await;
        let error = migration.advance().await.unwrap_err();
        assert!(error.to_string().replace("public.", "").contains(told), "{error}");
        run(&mut session, "DROP TABLE shipments").await;
    }
    run(&mut session, &shipments(&both, reference)).await;
    run(&mut session, "CREATE INDEX shipments_by_line ON shipments (customer_id, number, line)")
        .await;
    advance_to(&mut migration, Phase::Swapped).await;
    back_to_planned(&mut migration).await;
    migration.forget().await.unwrap();
    let plan = survey(&mut session, &PATH.wish(), &SystemClock).await.unwrap();
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    advance_to(&mut migration, Phase::Contracted).await;
}

every_engine!(
    what_changed_after_the_plan_stops_it_by_name,
    what_went_is_named_and_can_be_made_again
);
