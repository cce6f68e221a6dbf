//! What of the app's own stands on the old columns.

use super::{Dialect, Postgres, settle, steps, triggers};
use crate::check::{DEPENDENTS, LOST, READERS};
use crate::plan::Plan;

/// The condition that a trigger `g` is one of ours.
pub(super) fn is_ours() -> String {
    let ours = [triggers::PREFIX, settle::PREFIX].map(|prefix| {
        let length = prefix.len();
        format!("left(g.tgname, {length}) = '{prefix}'")
    });
    format!("({})", ours.join(" OR "))
}

/// Names it, and what becomes of it when they go. Indexes and foreign keys have twins, or are findings of
/// the plan's own. The sequence that counts a column goes with it, and so what else asks that stands there too.
pub(super) fn query(plan: &Plan) -> String {
    let ours = is_ours();
    let each = plan.carriers.iter().map(|carrier| {
        let table = Postgres.literal(&Postgres.table(plan, carrier.table));
        let column = Postgres.literal(&carrier.column.name);
        format!(
            "SELECT CASE WHEN k.contype = 'c' OR d.classid = 'pg_statistic_ext'::regclass THEN '{LOST}' \
             ELSE '{DEPENDENTS}' END AS kind, \
             CASE WHEN w.oid IS NOT NULL THEN 'view ' || w.ev_class::regclass::text \
             ELSE pg_describe_object(d.classid, d.objid, d.objsubid) END AS what \
             FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
             LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid \
             LEFT JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid \
             LEFT JOIN pg_trigger g ON d.classid = 'pg_trigger'::regclass AND g.oid = d.objid \
             LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid \
             WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = {table}::regclass AND a.attname = {column} \
             AND (d.classid <> 'pg_class'::regclass OR d.objsubid > 0) AND (k.oid IS NULL OR k.contype = 'c') \
             AND (g.oid IS NULL OR NOT {ours}) \
             AND (f.oid IS NULL OR f.adrelid <> d.refobjid OR f.adnum <> d.refobjsubid) \
             UNION ALL SELECT '{DEPENDENTS}', pg_describe_object(d.classid, d.objid, d.objsubid) || ' (' || CASE own.deptype \
             WHEN 'a' THEN 'ALTER SEQUENCE ' || s.oid::regclass::text || ' OWNED BY NONE, and it may stay' \
             ELSE 'which asks ' || s.oid::regclass::text END || ')' \
             FROM pg_depend own JOIN pg_attribute a ON a.attrelid = own.refobjid AND a.attnum = own.refobjsubid \
             JOIN pg_class s ON own.classid = 'pg_class'::regclass AND s.oid = own.objid AND s.relkind = 'S' \
             JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid AND d.deptype = 'n' \
             LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid \
             WHERE own.refclassid = 'pg_class'::regclass AND own.refobjid = {table}::regclass AND a.attname = {column} \
             AND own.deptype IN ('a', 'i') \
             AND (f.oid IS NULL OR f.adrelid <> own.refobjid OR f.adnum <> own.refobjsubid) \
             UNION ALL SELECT '{READERS}', 'trigger ' || g.tgname || ' on table ' || g.tgrelid::regclass::text \
             FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid \
             WHERE g.tgrelid = {table}::regclass AND NOT g.tgisinternal AND NOT {ours} \
             AND p.prosrc ~ ('\\m' || regexp_replace({column}, '(\\W)', '\\\\\\1', 'g') || '\\M')"
        )
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
}

/// Names what stands on the primary keys themselves, while they are of the old columns or of the new ones: what groups
/// by one alone, and takes the row's other columns from that.
pub(super) fn on_keys(plan: &Plan, new: bool) -> Option<String> {
    let each = plan.replaced().map(|primary| {
        format!(
            "SELECT coalesce((SELECT 'view ' || w.ev_class::regclass::text FROM pg_rewrite w \
             WHERE d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid), \
             pg_describe_object(d.classid, d.objid, d.objsubid)) || ' on ' || k.conname \
             FROM pg_constraint k JOIN pg_depend d ON d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.oid \
             WHERE k.contype = 'p' AND k.conrelid = {}::regclass AND d.deptype <> 'i' AND EXISTS ({})",
            Postgres.literal(&Postgres.table(plan, primary.table)),
            steps::primary_has(plan, primary, new)
        )
    });
    let each: Vec<_> = each.collect();
    (!each.is_empty()).then(|| format!("{} ORDER BY 1", each.join(" UNION ")))
}
