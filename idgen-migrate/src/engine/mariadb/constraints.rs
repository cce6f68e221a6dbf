//! NOT NULL, and foreign keys: added without a look at the rows, which we take ourselves.

use super::steps::{ONLINE, alter, moment};
use super::{Dialect, MariaDb, untouched};
use crate::engine::{Step, Work, both};
use crate::plan::{Carrier, Plan, Reference};

pub(super) fn modify(plan: &Plan, carrier: &Carrier, null: &str) -> String {
    let kind = MariaDb.new_column(&plan.target, "").sql_type;
    format!("MODIFY {} {kind} {null}", MariaDb.quote(&carrier.new))
}

pub(super) fn nullable(plan: &Plan, table: usize, column: &str, is: &str) -> String {
    format!(
        "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = {} \
         AND column_name = {} AND is_nullable = '{is}'",
        MariaDb.literal(&plan.tables[table].name),
        MariaDb.literal(column)
    )
}

/// Adds a reference in place, which the engine does without looking at the rows.
pub(super) fn add_reference(plan: &Plan, reference: &Reference) -> Step {
    let name = plan.twin_name(&reference.name);
    let add = format!(
        "ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){}",
        MariaDb.quote(&name),
        MariaDb.list(&plan.twins(reference.table, &reference.columns)),
        MariaDb.table(plan, reference.to),
        MariaDb.list(&plan.twins(reference.to, &reference.to_columns)),
        reference.clauses
    );
    let add = alter(plan, reference.table, &[add, ONLINE.into()]);
    let mut step = Step::beside(name.clone(), vec![add])
        .on(both(reference))
        .unless(reference_exists(plan, reference.table, &name));
    step.frame = Some(("SET foreign_key_checks = 0".into(), "SET foreign_key_checks = 1".into()));
    step
}

/// Looks at the rows, now that no more can dangle. Until now a cascade that set the old reference to
/// NULL left the new one as it was, since it fires no trigger: those follow first.
pub(super) fn check_reference(plan: &Plan, reference: &Reference) -> Step {
    let (child, parent) = (MariaDb.table(plan, reference.table), MariaDb.table(plan, reference.to));
    let carriers = plan.carriers_in(reference).filter(|carrier| carrier.column.nullable);
    let follow = carriers.map(|carrier| {
        let (old, new) = (MariaDb.quote(&carrier.column.name), MariaDb.quote(&carrier.new));
        let untouched = untouched("c", &plan.tables[reference.table].touched);
        format!(
            "UPDATE {child} c SET c.{new} = NULL{untouched} WHERE c.{old} IS NULL AND c.{new} IS NOT NULL"
        )
    });
    let columns = plan.twins(reference.table, &reference.columns);
    let to_columns = plan.twins(reference.to, &reference.to_columns);
    let same: Vec<_> = columns
        .iter()
        .zip(&to_columns)
        .map(|(column, to)| format!("p.{} = c.{}", MariaDb.quote(to), MariaDb.quote(column)))
        .collect();
    let there: Vec<_> =
        columns.iter().map(|column| format!("c.{} IS NOT NULL", MariaDb.quote(column))).collect();
    let name = plan.twin_name(&reference.name);
    let mut step = Step::beside(format!("{name}, checked"), follow.collect())
        .on([reference.table])
        .doing(Work::Read);
    step.none = Some(format!(
        "SELECT count(*) FROM {child} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE {})",
        there.join(" AND "),
        same.join(" AND ")
    ));
    step
}

pub(super) fn drop_reference(plan: &Plan, reference: &Reference, name: &str) -> Step {
    let change = [format!("DROP FOREIGN KEY IF EXISTS {}", MariaDb.quote(name)), ONLINE.into()];
    moment(reference.table, format!("{name}, away"), vec![alter(plan, reference.table, &change)])
}

fn reference_exists(plan: &Plan, table: usize, name: &str) -> String {
    format!(
        "SELECT 1 FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE() \
         AND table_name = {} AND constraint_name = {}",
        MariaDb.literal(&plan.tables[table].name),
        MariaDb.literal(name)
    )
}
