//! Defaults of references: what a trigger finds in a column that an insertion leaves out.

use crate::check::DEFAULTS;
use crate::plan::{Column, Finding, Kind, Plan};

/// What stands in the column then, as SQL, where a trigger can tell; none where it is NULL.
pub(super) fn omitted(column: &Column) -> Option<&str> {
    match column.default.as_deref()? {
        // The engine counts after the trigger.
        "identity" => Some("0"),
        _ if column.kind == Kind::Bytes => None,
        _ => column.constant_default(),
    }
}

/// Names those that no trigger can tell: the catalog spells no bytes that are not text.
pub(in crate::engine) fn look(plan: &mut Plan) {
    let references = plan.carriers.iter().skip(1).map(|carrier| (carrier.table, &carrier.column));
    let untold = references
        .filter(|(_, column)| column.constant_default().is_some() && omitted(column).is_none());
    let findings = untold.map(|(table, column)| {
        let (table, column) = (&plan.tables[table].name, &column.name);
        Finding::stop(
            DEFAULTS,
            format!("{column} of {table} has a default of bytes, which no trigger can tell from an id that an app gave: drop the default first"),
        )
    });
    let findings: Vec<_> = findings.collect();
    plan.findings.extend(findings);
}
