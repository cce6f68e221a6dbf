//! Where the old key stays: what is there afterwards, and what it was.

use idgen_core::clock::SystemClock;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::{Engine, Session};
use idgen_migrate::{Migration, Phase};

use crate::course::{advance_to, back_to_planned};
use crate::dump::rows;
use crate::every_engine;
use crate::references::patient;
use crate::server::{Database, run};
use crate::shop::flakes;

/// Each index of the tables, by its columns.
async fn indexes(session: &mut Session) -> Vec<String> {
    let query = match session.engine() {
        Engine::Postgres => {
            "SELECT c.relname || ' ' || i.indisunique || (SELECT json_agg(a.attname ORDER BY k.n) \
             FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n) \
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)::text \
             FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid IN ('c'::regclass, 'o'::regclass)"
        }
        Engine::MariaDb => {
            "SELECT concat(table_name, '.', index_name, ' ', max(non_unique), ' ', \
             group_concat(column_name ORDER BY seq_in_index)) FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND table_name IN ('c', 'o') GROUP BY table_name, index_name"
        }
        Engine::Sqlite => {
            "SELECT l.name || ' ' || l.\"unique\" || (SELECT group_concat(i.name) FROM pragma_index_info(l.name) i) \
             FROM (SELECT 'c' AS of UNION ALL SELECT 'o') t, pragma_index_list(t.of) l"
        }
    };
    rows(session, query).await
}

/// Every id that was there before.
async fn ids(session: &mut Session) -> Vec<String> {
    let query = "SELECT 'c', id, parent FROM c WHERE id < 10 UNION ALL SELECT 'o', n, c_id FROM o WHERE n < 10";
    rows(session, query).await
}

async fn nothing_but_the_new_ids_and_their_indexes_came(engine: Engine) {
    let database = Database::new(engine).await;
    let mut session = database.session().await;
    for sql in [
        "CREATE TABLE c (id BIGINT NOT NULL, parent BIGINT, created_at TIMESTAMP DEFAULT '2024-01-01 00:00:00' NOT NULL, \
         CONSTRAINT c_pkey PRIMARY KEY (id), CONSTRAINT c_parent FOREIGN KEY (parent) REFERENCES c (id))",
        "CREATE TABLE o (n INTEGER NOT NULL, c_id BIGINT, CONSTRAINT o_pkey PRIMARY KEY (n), \
         CONSTRAINT o_c FOREIGN KEY (c_id) REFERENCES c (id))",
        "CREATE INDEX o_by_c ON o (c_id)",
        "INSERT INTO c (id, parent) VALUES (1, NULL), (2, 1), (5, 2)",
        "INSERT INTO o (n, c_id) VALUES (1, 1), (2, 5), (3, NULL)",
    ] {
        run(&mut session, sql).await;
    }
    let (before, kept) = (indexes(&mut session).await, ids(&mut session).await);
    let wish = Wish { keep_key: true, ..Wish::new("c", flakes()) };
    let plan = survey(&mut session, &wish, &SystemClock).await.unwrap();
    let order = plan.order_index().expect("rows are ordered by their time").0;
    let mut migration = Migration::begin(&database.address, &plan, patient()).await.unwrap();
    for n in [10, 20] {
        advance_to(&mut migration, Phase::ReadingNew).await;
        let mut came = indexes(&mut session).await;
        came.retain(|index| !before.contains(index));
        assert!(came.iter().all(|index| index.contains("_new")), "{came:?}");
        assert!(!came.is_empty());
        let mut both = before.clone();
        both.extend(came);
        both.sort_unstable();
        assert_eq!(indexes(&mut session).await, both, "what was there is there");
        assert_eq!(ids(&mut session).await, kept);
        // Both ids are kept up for good.
        run(&mut session, &format!("INSERT INTO c (id, parent) VALUES ({n}, 1)")).await;
        run(&mut session, &format!("INSERT INTO o (n, c_id) VALUES ({n}, {n})")).await;
        assert_eq!(migration.verify().await.unwrap().faults(), []);
        // The backfill needs it again.
        migration.roll_back().await.unwrap();
        assert!(indexes(&mut session).await.iter().any(|index| index.contains(&order)), "{order}");
        back_to_planned(&mut migration).await;
        assert_eq!(indexes(&mut session).await, before);
        assert_eq!(ids(&mut session).await, kept);
    }
}

every_engine!(nothing_but_the_new_ids_and_their_indexes_came);
