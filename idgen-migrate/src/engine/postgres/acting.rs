//! The app's own triggers and rules that updates fire.

use super::{Dialect, Postgres, standing};
use crate::Error;
use crate::engine::acting::{self, Acting};
use crate::engine::names;
use crate::plan::Plan;
use crate::session::Session;

/// Our own triggers search no schema but the server's: whoever may set the path could have them use operators of theirs.
/// What their updates fire goes by the same, unless its function says otherwise.
const WHERE: &str = "what an update of our own triggers fires, where they complete a row or have it follow a changed key, runs as the role that \
    migrates, and finds no table that it names without a schema: ALTER FUNCTION ... SET search_path FROM CURRENT";

/// Those that are enabled: a trigger's type has 1 for each row, and 16 for updates.
fn query(plan: &Plan) -> String {
    let ours = standing::is_ours();
    let each = (0..plan.tables.len()).map(|table| {
        let name = Postgres.literal(&Postgres.table(plan, table));
        format!(
            "SELECT {table}::bigint, 'trigger ' || g.tgname, \
             (SELECT json_agg(a.attname) FROM unnest(g.tgattr::smallint[]) AS k (attnum) \
             JOIN pg_attribute a ON a.attrelid = g.tgrelid AND a.attnum = k.attnum)::text, (g.tgtype & 1)::bigint \
             FROM pg_trigger g WHERE g.tgrelid = {name}::regclass AND g.tgtype & 16 <> 0 AND NOT g.tgisinternal \
             AND g.tgenabled IN ('O', 'A') AND NOT {ours} \
             UNION ALL SELECT {table}::bigint, 'rule ' || r.rulename, NULL, 0 FROM pg_rewrite r \
             WHERE r.ev_class = {name}::regclass AND r.ev_type = '2' AND r.ev_enabled IN ('O', 'A')"
        )
    });
    format!("{} ORDER BY 1, 2", each.collect::<Vec<_>>().join(" UNION ALL "))
}

pub(in crate::engine) async fn told(
    session: &mut Session,
    plan: &Plan,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for row in session.rows(&query(plan), &[]).await? {
        found.push(Acting {
            table: usize::try_from(row.integer(0)?).unwrap_or_default(),
            what: row.text(1)?,
            columns: names(row.optional(2))?,
            each_row: row.integer(3)? == 1,
        });
    }
    let told = acting::told(plan, &found, "UPDATE OF, or WHEN", "").into_iter();
    Ok(told.map(|what| format!("{what}; {WHERE}")).collect())
}
