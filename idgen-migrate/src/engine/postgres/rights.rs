//! What a new column has from the old one: what a role may do with it, what is said of it, and how closely it is looked at.

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

/// What gives the new column of a carrier the old one's comment, and its statistics target.
pub(super) fn described(plan: &Plan, carrier: &Carrier) -> String {
    let table = Postgres.table(plan, carrier.table);
    let (on, new) = (Postgres.literal(&table), Postgres.literal(&carrier.new));
    let old = Postgres.literal(&carrier.column.name);
    format!(
        "DO $idgen$
DECLARE
    found record;
BEGIN
    SELECT col_description(attrelid, attnum) AS said, attstattarget AS target INTO found
        FROM pg_attribute WHERE attrelid = {on}::regclass AND attname = {old};
    IF found.said IS NOT NULL THEN
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', {on}, {new}, found.said);
    END IF;
    IF found.target >= 0 THEN
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS %s', {on}, {new}, found.target);
    END IF;
END
$idgen$"
    )
}
