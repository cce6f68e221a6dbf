//! Rights on single columns: what a role may do with an old id, it may do with the new one.

use super::{Dialect, Postgres};
use crate::plan::{Carrier, Plan};

/// What gives the new column of a carrier the rights of the old one.
pub(super) fn carried(plan: &Plan, carrier: &Carrier) -> String {
    let table = Postgres.table(plan, carrier.table);
    let (on, new) = (Postgres.literal(&table), Postgres.literal(&carrier.new));
    let old = Postgres.literal(&carrier.column.name);
    format!(
        "DO $idgen$
DECLARE
    given record;
BEGIN
    FOR given IN SELECT x.* FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) x
        WHERE a.attrelid = {on}::regclass AND a.attname = {old} LOOP
        EXECUTE format('GRANT %s (%I) ON %s TO %s%s', given.privilege_type, {new}, {on},
            CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END,
            CASE WHEN given.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END);
    END LOOP;
END
$idgen$"
    )
}
