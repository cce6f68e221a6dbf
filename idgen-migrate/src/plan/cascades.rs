//! References of several columns that follow a change of the others.

use super::{Finding, Plan, Reference};
use crate::check::CASCADES;
use crate::session::Engine;

/// InnoDB follows one foreign key at a time: the change of a column that the old one and its twin share is followed by
/// the first of them, and refused by the other, whose parent has not changed yet.
pub(super) fn findings(plan: &Plan) -> Vec<Finding> {
    let shares_a_column = |reference: &&Reference| {
        let mut carriers = plan.carriers.iter().filter(|of| of.table == reference.table);
        let is_one = |name: &String| carriers.any(|carrier| carrier.column.name == *name);
        !reference.columns.iter().all(is_one)
    };
    let cascades = plan.references.iter().filter(|of| of.clauses.contains("ON UPDATE CASCADE"));
    let finding = |reference: &Reference| {
        let (name, table) = (&reference.name, &plan.tables[reference.table].name);
        let what = format!(
            "{name} of {table} says ON UPDATE CASCADE of several columns, which MariaDB cannot follow beside its twin: from constrained on it refuses changes of those that hold no ids (error 1452); have nobody change them until the end"
        );
        Finding::stop(CASCADES, what)
    };
    match plan.engine {
        Engine::MariaDb => cascades.filter(shares_a_column).map(finding).collect(),
        Engine::Postgres | Engine::Sqlite => Vec::new(),
    }
}
