//! Old ids that change while rows refer to them, from when the foreign keys are of the new ones: what refers follows
//! as the old foreign keys had it, or it is refused.

use super::triggers::{changed, is_late};
use super::{Dialect, Sqlite};
use crate::engine::twins::{self, OnUpdate};
use crate::plan::{Carrier, Plan, Reference};

/// What becomes of the rows that refer to an old id that changes, as the old foreign keys had it. What follows comes
/// before what refuses, of which it may be what that asks for.
pub(super) fn rekeyed(plan: &Plan) -> Vec<String> {
    let mut parts = Vec::new();
    for reference in &plan.references {
        let carriers = plan.carriers_in(reference);
        parts.extend(carriers.map(|carrier| rekeyed_by(plan, reference, carrier)));
    }
    parts.sort_by_key(|(refuses, _)| *refuses);
    parts.into_iter().map(|(_, sql)| sql).collect()
}

/// Whether that refuses, and what does it.
fn rekeyed_by(plan: &Plan, reference: &Reference, carrier: &Carrier) -> (bool, String) {
    let key = plan.key();
    let (id, id_new) = (Sqlite.quote(&key.column.name), Sqlite.quote(&key.new));
    let (old, new) = (Sqlite.quote(&carrier.column.name), Sqlite.quote(&carrier.new));
    let table = Sqlite.table(plan, reference.table);
    let there =
        twins::others_are_there(reference, &carrier.column.name, &|name| Sqlite.quote(name));
    let referring = format!(
        "{new} = NEW.{id_new} AND {old} = OLD.{id}{there} AND {}",
        changed(&key.column.name)
    );
    let set = match twins::on_update(reference) {
        OnUpdate::Cascade => format!("{old} = NEW.{id}"),
        // All at once: a table's own trigger is not called for what it does to the table.
        OnUpdate::SetNull => {
            let both = reference.columns.iter().map(String::as_str);
            let both = both.chain(plan.twins(reference.table, &reference.columns));
            let mut names: Vec<_> = both.map(|name| Sqlite.quote(name)).collect();
            names.sort();
            names.dedup();
            names.iter().map(|name| format!("{name} = NULL")).collect::<Vec<_>>().join(", ")
        }
        // Whoever checks late would find that all have followed, and no trigger is called as late.
        OnUpdate::Refuse if is_late(reference) => format!("{old} = NEW.{id}"),
        OnUpdate::Refuse | OnUpdate::SetDefault => {
            let message = format!(
                "idgen: changing {} breaks the FOREIGN KEY {} of {}: rows refer to it",
                key.column.name, reference.name, plan.tables[reference.table].name
            );
            let message = Sqlite.literal(&message);
            let found = format!("EXISTS (SELECT 1 FROM {table} WHERE {referring})");
            return (true, format!("SELECT RAISE(ABORT, {message}) WHERE {found}"));
        }
    };
    (false, format!("UPDATE {table} SET {set} WHERE {referring}"))
}
