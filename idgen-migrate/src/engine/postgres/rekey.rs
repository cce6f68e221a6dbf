//! Old ids that change while rows refer to them, from when the foreign keys are of the new ones: what refers follows
//! as the old foreign keys had it, or it is refused.

use super::triggers::{self, function_of};
use super::{Dialect, Postgres};
use crate::engine::twins::{OnUpdate, on_update, others_are_there};
use crate::plan::{Plan, Reference, suffixed};

/// The triggers' events: at once, and at the end of the transaction where that is when a foreign key may be checked.
const EVENTS: [&str; 2] = ["rekey", "rekey_late"];

fn function(plan: &Plan, event: &str) -> String {
    Postgres.own(&suffixed(&plan.name, &format!("_{event}")))
}

/// The names of the migrated table's triggers.
pub(super) fn names(plan: &Plan) -> impl Iterator<Item = String> {
    EVENTS.into_iter().map(|event| Postgres.quote(&triggers::trigger(plan, 0, event)))
}

/// What makes the functions.
pub(super) fn functions(plan: &Plan) -> Vec<String> {
    // What follows does so at once, however late its foreign key is checked.
    let now = plan.references.iter().filter(|reference| !is_late(reference));
    let late = plan.references.iter().filter(|reference| is_late(reference));
    let made = |event, mut parts: Vec<(OnUpdate, String)>| {
        // Checks come last: what follows elsewhere may be what they ask for.
        parts.sort_by_key(|(action, _)| *action == OnUpdate::Refuse);
        let body: String = parts.into_iter().map(|(_, sql)| sql).collect();
        function_of(&function(plan, event), "", &body)
    };
    vec![made(EVENTS[0], parts(plan, now)), made(EVENTS[1], parts(plan, late))]
}

/// What removes them.
pub(super) fn drop_functions(plan: &Plan) -> impl Iterator<Item = String> {
    EVENTS.into_iter().map(|event| format!("DROP FUNCTION IF EXISTS {}()", function(plan, event)))
}

/// What puts the triggers on the migrated table.
pub(super) fn triggers(plan: &Plan) -> Vec<String> {
    let root = Postgres.table(plan, 0);
    let changed = triggers::changed(&plan.key().column.name);
    let kinds = [("", ""), ("CONSTRAINT ", " DEFERRABLE INITIALLY DEFERRED")];
    let count = if plan.references.iter().any(is_late) { 2 } else { 1 };
    let each = names(plan).zip(kinds).zip(EVENTS).take(count).map(|((name, (kind, when)), event)| {
        format!(
            "CREATE {kind}TRIGGER {name} AFTER UPDATE ON {root}{when} FOR EACH ROW WHEN ({changed}) \
             EXECUTE FUNCTION {}()",
            function(plan, event)
        )
    });
    each.collect()
}

/// Whether a foreign key may wait for the end of the transaction before it refuses.
fn is_late(reference: &Reference) -> bool {
    let waits = reference.clauses.contains("DEFERRABLE");
    waits && on_update(reference) == OnUpdate::Refuse && !reference.clauses.contains("RESTRICT")
}

/// What is done for each column of some references.
fn parts<'a>(
    plan: &Plan,
    references: impl Iterator<Item = &'a Reference>,
) -> Vec<(OnUpdate, String)> {
    let each = references.flat_map(|reference| {
        let carriers = plan.carriers_in(reference);
        carriers.map(|carrier| part(plan, reference, &carrier.column.name, &carrier.new))
    });
    each.collect()
}

fn part(plan: &Plan, reference: &Reference, old: &str, new: &str) -> (OnUpdate, String) {
    let action = on_update(reference);
    let key = plan.key();
    let (id, id_new) = (Postgres.quote(&key.column.name), Postgres.quote(&key.new));
    let (table, root) = (Postgres.table(plan, reference.table), Postgres.table(plan, 0));
    let there = others_are_there(reference, old, &|column| format!("t.{}", Postgres.quote(column)));
    let (old, new) = (Postgres.quote(old), Postgres.quote(new));
    let all = |value: &str| {
        let columns = reference.columns.iter();
        let set = columns.map(|column| format!("{} = {value}", Postgres.quote(column)));
        set.collect::<Vec<_>>().join(", ")
    };
    let set = match action {
        OnUpdate::Cascade => format!("{old} = NEW.{id}"),
        OnUpdate::SetNull => all("NULL"),
        OnUpdate::SetDefault => all("DEFAULT"),
        OnUpdate::Refuse => {
            let message = format!(
                "idgen: changing {} breaks the foreign key {} of {}: rows refer to it",
                key.column.name, reference.name, plan.tables[reference.table].name
            );
            let refused = format!(
                "    IF EXISTS (SELECT FROM {table} AS t JOIN {root} AS r ON r.{id_new} = t.{new}\n        \
                 WHERE t.{new} = NEW.{id_new} AND t.{old} IS DISTINCT FROM r.{id}{there}) THEN\n        \
                 RAISE EXCEPTION USING ERRCODE = '23503', MESSAGE = {};\n    END IF;\n",
                Postgres.literal(&message)
            );
            return (action, refused);
        }
    };
    let follows = format!(
        "    UPDATE {table} AS t SET {set}\n        \
         WHERE t.{new} = NEW.{id_new} AND t.{old} IS DISTINCT FROM NEW.{id}{there};\n"
    );
    (action, follows)
}
