//! Upserts, by the ids that they name: old ones to the last phase, and new ones from when those are unique.

use idgen_migrate::Phase;
use idgen_migrate::session::Engine;

use crate::course::advance_to;
use crate::references::{begun, shop, torn};
use crate::server::run;

async fn a_row_is_found_by_the_id_that_is_named(engine: Engine) {
    let database = shop(engine).await;
    let mut session = database.session().await;
    let mut migration = begun(&database).await;
    for phase in &Phase::ALL[..10] {
        advance_to(&mut migration, *phase).await;
        let mut upserts = vec![("id, parent", "2, 1", "(id)")];
        if engine == Engine::Postgres && *phase < Phase::Swapped {
            upserts.push(("id, parent", "2, 1", "ON CONSTRAINT c_pkey"));
        }
        if *phase >= Phase::Constrained {
            upserts.push((
                "id, id_new, parent",
                "id, id_new, parent FROM c WHERE id = 2",
                "(id_new)",
            ));
        }
        if engine == Engine::Postgres && *phase >= Phase::Swapped {
            upserts.push((
                "id_new, parent",
                "id_new, 1 FROM c WHERE id = 2",
                "ON CONSTRAINT c_pkey",
            ));
        }
        for (columns, values, on) in upserts {
            let name = format!("{phase} {on}");
            // Without a condition SQLite takes ON for that of a join.
            let condition = if values.contains("WHERE") { "" } else { " WHERE 1 = 1" };
            let sql = format!(
                "INSERT INTO c ({columns}, name) SELECT {}, '{name}'{}{condition} ON CONFLICT {on} \
                 DO UPDATE SET name = excluded.name",
                values.split(" FROM").next().unwrap(),
                values.find(" FROM").map_or("", |at| &values[at..]),
            );
            run(&mut session, &sql).await;
            let found = session.row("SELECT name FROM c WHERE id = 2", &[]).await.unwrap().unwrap();
            assert_eq!(found.text(0).unwrap(), name);
            assert_eq!(session.number("SELECT count(*) FROM c", &[]).await.unwrap(), 2, "{name}");
        }
        if *phase >= Phase::Backfilled {
            assert_eq!(torn(&mut session, "c", "parent").await, 0, "{phase}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_upserts() {
    a_row_is_found_by_the_id_that_is_named(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_upserts() {
    a_row_is_found_by_the_id_that_is_named(Engine::Sqlite).await;
}
