//! Rights on single columns, which a role has of the new ids as of the old ones, and rows that a policy hides.

use idgen_core::clock::SystemClock;
use idgen_migrate::Phase;
use idgen_migrate::plan::{Wish, survey};
use idgen_migrate::session::{Engine, Session};

use crate::course::advance_to;
use crate::references::{begun, shop};
use crate::server::run;
use crate::shop::flakes;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_rights_on_old_ids_are_carried_over() {
    let database = shop(Engine::Postgres).await;
    let mut session = database.session().await;
    // Roles are of all databases.
    let role = format!("\"Anne of {}\"", std::process::id());
    for sql in [
        format!("CREATE ROLE {role}"),
        format!("GRANT SELECT (n, c_id), INSERT (n, c_id) ON o TO {role}"),
        format!("GRANT UPDATE (c_id) ON o TO {role} WITH GRANT OPTION"),
        "GRANT REFERENCES (id) ON c TO PUBLIC".into(),
    ] {
        run(&mut session, &sql).await;
    }
    let mut migration = begun(&database).await;
    advance_to(&mut migration, Phase::Backfilled).await;
    let rights = "SELECT string_agg(x.privilege_type || x.is_grantable, ' ' ORDER BY x.privilege_type) \
        FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) x WHERE a.attrelid = '$t'::regclass AND a.attname = '$c'";
    for (table, column) in [("o", "c_id"), ("o", "other"), ("c", "id"), ("c", "parent")] {
        let mut found = Vec::new();
        for column in [column, &format!("{column}_new")] {
            let query = rights.replace("$t", table).replace("$c", column);
            found.push(session.row(&query, &[]).await.unwrap().unwrap().optional(0));
        }
        assert_eq!(found[0], found[1], "{table}.{column}");
    }
    for sql in [
        format!("SET ROLE {role}"),
        "INSERT INTO o (n, c_id_new) SELECT 70, c_id_new FROM o WHERE n = 2".into(),
        "UPDATE o SET c_id = NULL, c_id_new = NULL WHERE n = 70".into(),
        "RESET ROLE".into(),
        format!("DROP OWNED BY {role}"),
        format!("DROP ROLE {role}"),
    ] {
        run(&mut session, &sql).await;
    }
}

/// Whoever cannot see a row would leave it behind.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: scripts/test migrate"]
async fn postgres_rows_that_a_policy_hides_from_the_operator_are_an_error() {
    let database = shop(Engine::Postgres).await;
    let mut session = database.session().await;
    let role = format!("keeper_{}", std::process::id());
    for sql in [
        format!("CREATE ROLE {role} LOGIN"),
        format!("ALTER TABLE c OWNER TO {role}"),
        format!("ALTER TABLE o OWNER TO {role}"),
        "ALTER TABLE c ENABLE ROW LEVEL SECURITY".into(),
        "CREATE POLICY few ON c USING (id > 1)".into(),
    ] {
        run(&mut session, &sql).await;
    }
    let address = database.address.replace("idgen@", &format!("{role}@"));
    let mut keeper = Session::connect(&address).await.unwrap();
    let wish = Wish::new("c", flakes());
    survey(&mut keeper, &wish, &SystemClock).await.unwrap(); // an owner sees all rows
    run(&mut session, "ALTER TABLE c FORCE ROW LEVEL SECURITY").await;
    let error = survey(&mut keeper, &wish, &SystemClock).await.unwrap_err().to_string();
    assert!(error.contains("row-level security") && error.contains("\"c\""), "{error}");
    drop(keeper);
    run(&mut session, &format!("REASSIGN OWNED BY {role} TO idgen; DROP ROLE {role}")).await;
}
