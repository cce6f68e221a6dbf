//! Constraints of rows: added without a look at them, and validated beside other work.

use super::{Dialect, Postgres};
use crate::engine::{Step, Work};
use crate::plan::{Carrier, Plan, Reference, suffixed};

pub(super) fn constraint_exists(plan: &Plan, table: usize, name: &str, and: &str) -> String {
    format!(
        "SELECT 1 FROM pg_constraint WHERE conrelid = {}::regclass AND conname = {} {and}",
        Postgres.literal(&Postgres.table(plan, table)),
        Postgres.literal(name)
    )
}

pub(super) fn add_reference(plan: &Plan, reference: &Reference, twin: bool) -> String {
    let Reference { table, name, columns, to, to_columns, clauses, cleared } = reference;
    let name = if twin { plan.twin_name(name) } else { name.clone() };
    let list = |table: usize, columns: &[String]| match twin {
        true => Postgres.list(&plan.twins(table, columns)),
        false => Postgres.list(&columns.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    let mut clauses = clauses.clone();
    if !cleared.is_empty() {
        for action in ["ON DELETE SET NULL", "ON DELETE SET DEFAULT"] {
            clauses = clauses.replace(action, &format!("{action} ({})", list(*table, cleared)));
        }
    }
    format!(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){clauses} NOT VALID",
        Postgres.table(plan, *table),
        Postgres.quote(&name),
        list(*table, columns),
        Postgres.table(plan, *to),
        list(*to, to_columns)
    )
}

/// Has a twin act after the foreign key that it is beside, or as any other again. What they do when a row goes or
/// changes is done by triggers, which the server calls in the order of their names: `RI_ConstraintTrigger_a_`, and a
/// number as text, by which the twin may well come first. Where it does and clears another column of a composite
/// reference too, the old one finds no row any more, and the old id stays.
pub(super) fn act_after(plan: &Plan, reference: &Reference, after: bool) -> String {
    let names = ["RI_ConstraintTrigger_a_", "RI_ConstraintTrigger_b_"];
    let [from, to] = if after { names } else { [names[1], names[0]] };
    format!(
        "DO $idgen$
DECLARE
    of record;
BEGIN
    FOR of IN SELECT t.tgname, t.tgrelid::regclass AS on_table FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint
        WHERE k.conrelid = {}::regclass AND k.conname = {} AND t.tgisinternal AND starts_with(t.tgname, '{from}') LOOP
        EXECUTE format('ALTER TRIGGER %I ON %s RENAME TO %I', of.tgname, of.on_table, replace(of.tgname, '{from}', '{to}'));
    END LOOP;
END
$idgen$",
        Postgres.literal(&Postgres.table(plan, reference.table)),
        Postgres.literal(&plan.twin_name(&reference.name))
    )
}

/// The constraints that are made anew in the swap, on or back: table, name on either side of it, and a number each.
fn remade(plan: &Plan) -> impl Iterator<Item = (usize, usize, [String; 2])> {
    let references = plan.references.iter().map(|reference| {
        (reference.table, [reference.name.clone(), plan.twin_name(&reference.name)])
    });
    let primaries = plan.primaries().map(|of| (of.table, [of.name.clone(), of.name.clone()]));
    let all = references.chain(primaries);
    all.enumerate().map(|(number, (table, names))| (number, table, names))
}

/// What keeps the comments of constraints until they are made anew, for a transaction.
pub(super) fn keep_comments(plan: &Plan) -> Vec<String> {
    let kept = remade(plan).map(|(number, table, [old, twin])| {
        format!(
            "SELECT set_config('idgen_migrate.comment_{number}', coalesce((SELECT obj_description(oid, 'pg_constraint') \
             FROM pg_constraint WHERE conrelid = {}::regclass AND conname IN ({}, {}) \
             ORDER BY obj_description(oid, 'pg_constraint') LIMIT 1), ''), true)",
            Postgres.literal(&Postgres.table(plan, table)),
            Postgres.literal(&old),
            Postgres.literal(&twin)
        )
    });
    kept.collect()
}

/// What gives them to those that are there from then on: to the twins, or to the old ones.
pub(super) fn comments(plan: &Plan, twins: bool) -> Vec<String> {
    let given = remade(plan).map(|(number, table, [old, twin])| {
        let name = if twins { twin } else { old };
        format!(
            "DO $idgen$ BEGIN IF current_setting('idgen_migrate.comment_{number}') <> '' THEN \
             EXECUTE format('COMMENT ON CONSTRAINT %I ON %s IS %L', {}, {}, current_setting('idgen_migrate.comment_{number}')); \
             END IF; END $idgen$",
            Postgres.literal(&name),
            Postgres.literal(&Postgres.table(plan, table))
        )
    });
    given.collect()
}

pub(super) fn drop_reference(plan: &Plan, reference: &Reference, twin: bool) -> String {
    let name = if twin { plan.twin_name(&reference.name) } else { reference.name.clone() };
    format!(
        "ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}",
        Postgres.table(plan, reference.table),
        Postgres.quote(&name)
    )
}

pub(super) fn validate(plan: &Plan, table: usize, name: &str) -> Step {
    let sql = format!(
        "ALTER TABLE {} VALIDATE CONSTRAINT {}",
        Postgres.table(plan, table),
        Postgres.quote(name)
    );
    Step::beside(format!("{name}, validated"), vec![sql])
        .on([table])
        .doing(Work::Read)
        .unless(constraint_exists(plan, table, name, "AND convalidated"))
}

/// The name of the check that a new id is there, until NOT NULL takes its place.
pub(super) fn check_name(carrier: &Carrier) -> String {
    suffixed(&format!("idgen_migrate_{}", carrier.new), "")
}

pub(super) fn not_null(plan: &Plan, carrier: &Carrier) -> Vec<Step> {
    let table = Postgres.table(plan, carrier.table);
    let new = Postgres.quote(&carrier.new);
    let name = check_name(carrier);
    let quoted = Postgres.quote(&name);
    let title = |what: &str| format!("{}.{} {what}", plan.tables[carrier.table].name, carrier.new);
    let is_set = format!(
        "EXISTS (SELECT FROM pg_attribute WHERE attrelid = {}::regclass AND attname = {} AND attnotnull)",
        Postgres.literal(&table),
        Postgres.literal(&carrier.new)
    );
    let or_set = |query: String| format!("SELECT 1 WHERE {is_set} OR EXISTS ({query})");
    vec![
        Step::moment(
            title("has to be there, from now on"),
            vec![format!(
                "ALTER TABLE {table} ADD CONSTRAINT {quoted} CHECK ({new} IS NOT NULL) NOT VALID"
            )],
        )
        .on([carrier.table])
        .unless(or_set(constraint_exists(plan, carrier.table, &name, ""))),
        Step::beside(
            title("is there in every row"),
            vec![format!("ALTER TABLE {table} VALIDATE CONSTRAINT {quoted}")],
        )
        .on([carrier.table])
        .doing(Work::Read)
        .unless(or_set(constraint_exists(plan, carrier.table, &name, "AND convalidated"))),
        Step::moment(
            title("NOT NULL"),
            vec![
                format!("ALTER TABLE {table} ALTER COLUMN {new} SET NOT NULL"),
                format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quoted}"),
            ],
        )
        .on([carrier.table])
        .unless(format!(
            "SELECT 1 WHERE {is_set} AND NOT EXISTS ({})",
            constraint_exists(plan, carrier.table, &name, "")
        )),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::example;

    #[test]
    fn two_columns_with_long_names_have_two_checks() {
        let mut carrier = example().carriers[0].clone();
        let mut names = Vec::new();
        for end in ["one", "two"] {
            carrier.new = suffixed(&format!("{}{end}", "a".repeat(60)), "_new");
            names.push(check_name(&carrier));
        }
        // What is longer the server would cut off, and take one for the other.
        assert!(names.iter().all(|name| name.len() <= 63), "{names:?}");
        assert_ne!(names[0], names[1]);
    }
}
