//! Apps that save every column of a row, as they read it before it was filled, or with a new id made up for one that
//! is there: an id that was given stays, and references stay by both ids.

use idgen_migrate::Phase;
use idgen_migrate::session::{Engine, Session};

use crate::course::advance_to;
use crate::every_engine;
use crate::references::{begun, shop, torn};
use crate::server::{Database, run};

/// The phases in which rows are filled, and their old ids are the key.
const PHASES: [Phase; 4] =
    [Phase::Backfilled, Phase::Constrained, Phase::Verified, Phase::ReadingNew];

/// Customers of whom one is its own parent, orders that may have one, and gifts that must.
async fn shop_of_all_kinds(engine: Engine) -> (Database, Session) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE g (n INTEGER NOT NULL, c_id BIGINT NOT NULL, note VARCHAR(40), CONSTRAINT g_pkey PRIMARY KEY (n), \
         CONSTRAINT g_c FOREIGN KEY (c_id) REFERENCES c (id))",
        "INSERT INTO c (id, parent) VALUES (3, NULL)",
        "UPDATE c SET parent = 3 WHERE id = 3",
        "INSERT INTO g (n, c_id) VALUES (1, 1)",
    ] {
        run(&mut session, sql).await;
    }
    (database, session)
}

/// Once more where what a trigger does calls it again, if the engine can be asked for that.
fn again(session: &Session) -> &'static [bool] {
    match session.engine() {
        Engine::Sqlite => &[false, true],
        _ => &[false],
    }
}

async fn calls_again(session: &mut Session, again: bool) {
    if session.engine() == Engine::Sqlite {
        run(session, &format!("PRAGMA recursive_triggers = {}", i32::from(again))).await;
    }
}

async fn ids(session: &mut Session) -> Vec<Option<String>> {
    let query = "SELECT id_new FROM c ORDER BY id";
    session.rows(query, &[]).await.unwrap().iter().map(|row| row.optional(0)).collect()
}

async fn whole(session: &mut Session, when: &str) {
    for (table, column) in [("c", "parent"), ("o", "c_id"), ("g", "c_id")] {
        assert_eq!(torn(session, table, column).await, 0, "{when}: {table}.{column}");
    }
    let theirs = "SELECT (SELECT count(*) FROM o WHERE n = 1 AND c_id = 1) \
        + (SELECT count(*) FROM c WHERE id = 2 AND parent = 1) + (SELECT count(*) FROM c WHERE id = 3 AND parent = 3) \
        + (SELECT count(*) FROM g WHERE n = 1 AND c_id = 1)";
    assert_eq!(session.number(theirs, &[]).await.unwrap(), 4, "{when}: references are lost");
}

async fn rows_as_they_were_before_they_were_filled(engine: Engine) {
    let (database, mut session) = shop_of_all_kinds(engine).await;
    let mut migration = begun(&database).await;
    for phase in PHASES {
        advance_to(&mut migration, phase).await;
        let before = ids(&mut session).await;
        for again in again(&session) {
            calls_again(&mut session, *again).await;
            for saved in [
                "UPDATE o SET n = 1, c_id = 1, c_id_new = NULL, other = 5 WHERE n = 1",
                "UPDATE o SET c_id_new = NULL WHERE n = 1",
                "UPDATE g SET n = 1, c_id = 1, c_id_new = NULL, note = 'saved' WHERE n = 1",
                "UPDATE c SET id = 2, id_new = NULL, parent = 1, parent_new = NULL, name = 'saved' WHERE id = 2",
                "UPDATE c SET id = 3, id_new = NULL, parent = 3, parent_new = NULL, name = 'saved' WHERE id = 3",
                "UPDATE c SET id_new = NULL",
            ] {
                let done = session.run(saved).await;
                done.unwrap_or_else(|error| panic!("{phase}: {saved}: {error:?}"));
                assert_eq!(ids(&mut session).await, before, "{phase}: {saved}");
                whole(&mut session, &format!("{phase}: {saved}")).await;
            }
        }
        let saved = "SELECT (SELECT count(*) FROM c WHERE name = 'saved') + (SELECT count(*) FROM o WHERE other = 5) \
            + (SELECT count(*) FROM g WHERE note = 'saved')";
        assert_eq!(session.number(saved, &[]).await.unwrap(), 4, "{phase}: the rest is saved");
        run(&mut session, "UPDATE c SET name = NULL").await;
    }
    advance_to(&mut migration, Phase::Contracted).await;
}

async fn rows_with_another_new_id(engine: Engine) {
    let (database, mut session) = shop_of_all_kinds(engine).await;
    let mut migration = begun(&database).await;
    let mut fresh = 1_u64 << 62;
    let on = match engine {
        Engine::MariaDb => "ON DUPLICATE KEY UPDATE id_new = VALUES(id_new), name = VALUES(name)",
        _ => "ON CONFLICT (id) DO UPDATE SET id_new = excluded.id_new, name = excluded.name",
    };
    for phase in PHASES {
        advance_to(&mut migration, phase).await;
        let before = ids(&mut session).await;
        for again in again(&session) {
            calls_again(&mut session, *again).await;
            for id in [1, 2, 3] {
                fresh += 1;
                let name = format!("{phase} {again} {id}");
                let upsert = format!(
                    "INSERT INTO c (id, id_new, name) VALUES ({id}, {fresh}, '{name}') {on}"
                );
                run(&mut session, &upsert).await;
                let named = format!("SELECT count(*) FROM c WHERE id = {id} AND name = '{name}'");
                assert_eq!(session.number(&named, &[]).await.unwrap(), 1, "{phase}: {upsert}");
                assert_eq!(ids(&mut session).await, before, "{phase}: {upsert}");
                whole(&mut session, &format!("{phase}: {upsert}")).await;
            }
        }
    }
    advance_to(&mut migration, Phase::Contracted).await;
}

async fn who_clears_a_reference_names_both_or_the_old_one(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    for phase in PHASES {
        advance_to(&mut migration, phase).await;
        for cleared in ["c_id = NULL, c_id_new = NULL", "c_id = NULL"] {
            run(&mut session, &format!("UPDATE o SET {cleared} WHERE n = 1")).await;
            let none = "SELECT count(*) FROM o WHERE n = 1 AND c_id IS NULL AND c_id_new IS NULL";
            assert_eq!(session.number(none, &[]).await.unwrap(), 1, "{phase}: {cleared}");
            run(&mut session, "UPDATE o SET c_id = 1 WHERE n = 1").await;
            assert_eq!(torn(&mut session, "o", "c_id").await, 0, "{phase}");
        }
    }
}

every_engine!(
    rows_as_they_were_before_they_were_filled,
    rows_with_another_new_id,
    who_clears_a_reference_names_both_or_the_old_one
);
