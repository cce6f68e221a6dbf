//! Rows that come before the one they refer to, in their statement or under a constraint that is checked late: they
//! are completed when it has come, and refused if it never does.
//!
//! Where a reference may not be NULL such a row holds a *stand-in* meanwhile: a value that follows from its other id,
//! and is nobody's.
//!
//! **Invariant:** no transaction commits a stand-in. Whoever changes functions and triggers has the trigger there
//! before the first stand-in is written, and the function until the last one is gone.

use super::triggers::function_of;
use super::{Dialect, Postgres};
use crate::engine::twins::{self, Stage};
use crate::plan::{Carrier, Column, Kind, Plan, late, suffixed};

/// What the names of these triggers begin with: they are called before those of the references, which find a row
/// that was completed, and never one with a stand-in.
pub(super) const PREFIX: &str = "00_idgen_";

/// The name of a carrier's trigger, which no other migration has.
pub(super) fn name(plan: &Plan, carrier: usize) -> String {
    Postgres.quote(&suffixed(&format!("{PREFIX}{}", plan.name), &format!("_{carrier:02}")))
}

/// The name of a carrier's function.
pub(super) fn function(plan: &Plan, carrier: usize) -> String {
    Postgres.own(&suffixed(&plan.name, &format!("_{carrier:02}_settle")))
}

/// Whether a carrier has its trigger in a stage: before new ids are enforced, only where such rows come by design.
fn is_there(plan: &Plan, i: usize, stage: Stage) -> bool {
    i > 0 && (stage != Stage::Filling || late(plan)[i])
}

/// What makes the functions, in a stage.
pub(super) fn functions(plan: &Plan, stage: Stage) -> Vec<String> {
    let carriers = plan.carriers.iter().enumerate();
    let there = carriers.filter(|(i, _)| is_there(plan, *i, stage));
    there.map(|(i, carrier)| completing(plan, i, carrier, stage)).collect()
}

/// What puts a carrier's trigger on, if it has one in this stage: it fires where a row lacks an id.
pub(super) fn trigger(plan: &Plan, i: usize, stage: Stage) -> Option<String> {
    if !is_there(plan, i, stage) {
        return None;
    }
    let carrier = &plan.carriers[i];
    let (old, new) = (Postgres.quote(&carrier.column.name), Postgres.quote(&carrier.new));
    let mut lacks = match stage {
        Stage::Filling => format!("NEW.{old} IS NOT NULL AND NEW.{new} IS NULL"),
        _ => format!("(NEW.{old} IS NULL) <> (NEW.{new} IS NULL)"),
    };
    if !carrier.column.nullable {
        let forth = stand_in_new(plan, &format!("NEW.{old}"));
        let back = stand_in(&carrier.column, &format!("NEW.{new}"));
        lacks += &format!(" OR NEW.{new} = {forth} OR NEW.{old} = {back}");
    }
    // As late as the latest of its references may be checked.
    let when = if late(plan)[i] { " DEFERRABLE INITIALLY DEFERRED" } else { "" };
    Some(format!(
        "CREATE CONSTRAINT TRIGGER {} AFTER INSERT OR UPDATE ON {}{when} FOR EACH ROW WHEN ({lacks}) \
         EXECUTE FUNCTION {}()",
        name(plan, i),
        Postgres.table(plan, carrier.table),
        function(plan, i)
    ))
}

/// What stands for a new id that is not known yet, by the old one: a negative number, of which no scheme makes any,
/// or a UUID of chance.
pub(super) fn stand_in_new(plan: &Plan, old: &str) -> String {
    stand_in(&Postgres.new_column(&plan.target, ""), old)
}

/// What stands for an id of a column that is not known yet, by the other one. Whether it is one is asked of the row
/// that has both ids, so that a real id may well be the same.
pub(super) fn stand_in(column: &Column, by: &str) -> String {
    let hash = |seed| format!("pg_catalog.hashtextextended({by}::text, {seed})");
    let hex = || {
        let part = |seed| format!("lpad(to_hex({}), 16, '0')", hash(seed));
        format!("{} || {}", part(0), part(1))
    };
    // Of a domain the type that it stands for: what is compared with it alone is no matter of the domain's checks.
    let sql_type = column.stored_type();
    let value = match column.kind {
        Kind::Integer => {
            let greatest = match sql_type {
                "smallint" => i64::from(i16::MAX),
                "integer" => i64::from(i32::MAX),
                _ => i64::MAX,
            };
            format!("-1 - ({} & {greatest})", hash(0))
        }
        Kind::Bytes => format!("decode({}, 'hex')", hex()),
        _ => format!("({})::uuid::text", hex()),
    };
    format!("({value})::{sql_type}")
}

/// The function that completes a row, or one whose reference was set by a trigger after ours; and refuses it
/// where ids are enforced and no row has both.
fn completing(plan: &Plan, i: usize, carrier: &Carrier, stage: Stage) -> String {
    let (old, new) = (Postgres.quote(&carrier.column.name), Postgres.quote(&carrier.new));
    let key = plan.key();
    let (id, id_new) = (Postgres.quote(&key.column.name), Postgres.quote(&key.new));
    let (table, root) = (Postgres.table(plan, carrier.table), Postgres.table(plan, 0));
    let of_key = plan.tables[carrier.table].key.iter().map(|column| {
        let column = Postgres.quote(&column.name);
        format!("t.{column} = NEW.{column}")
    });
    let mut this: Vec<_> = of_key.collect();
    if this.is_empty() {
        // Of what IS NOT DISTINCT FROM says no index would be used.
        let same = |column: &str| {
            format!("(t.{column} = NEW.{column} OR t.{column} IS NULL AND NEW.{column} IS NULL)")
        };
        this = vec![same(&old), same(&new)];
    }
    let this = this.join(" AND ");
    let lacks = |column: &str, stand_in: String| match carrier.column.nullable {
        true => format!("t.{column} IS NULL"),
        false => format!("(t.{column} IS NULL OR t.{column} = {stand_in})"),
    };
    let lacks_new = lacks(&new, stand_in_new(plan, &format!("t.{old}")));
    let lacks_old = lacks(&old, stand_in(&carrier.column, &format!("t.{new}")));
    let mut body = format!(
        "    UPDATE {table} AS t SET {new} = r.{id_new} FROM {root} AS r\n        \
         WHERE {this} AND {lacks_new} AND r.{id} = t.{old} AND r.{id_new} IS NOT NULL;\n    \
         UPDATE {table} AS t SET {old} = r.{id} FROM {root} AS r\n        \
         WHERE {this} AND {lacks_old} AND r.{id_new} = t.{new};\n"
    );
    if stage != Stage::Filling {
        let refers =
            twins::and_refers(plan, carrier, &|column| format!("t.{}", Postgres.quote(column)));
        body += &format!(
            "    IF EXISTS (SELECT FROM {table} AS t WHERE {this} AND (t.{old} IS NOT NULL OR t.{new} IS NOT NULL){refers}\n        \
             AND NOT EXISTS (SELECT FROM {root} AS r WHERE r.{id} = t.{old} AND r.{id_new} = t.{new})) THEN\n    \
             {}\n    END IF;\n",
            refusal(plan, carrier)
        );
    }
    function_of(&function(plan, i), "", &body)
}

/// What refuses a row that refers to nobody.
pub(super) fn refusal(plan: &Plan, carrier: &Carrier) -> String {
    let table = &plan.tables[carrier.table].name;
    let message = format!(
        "idgen: {table}.{} breaks its foreign key: no row has this id, or it has not both ids",
        carrier.column.name
    );
    format!(
        "IF current_setting('transaction_isolation') <> 'read committed' THEN \
         RAISE EXCEPTION 'idgen: the row that is referred to came after this transaction began' \
         USING ERRCODE = '40001', HINT = 'Retry the transaction.'; END IF;\n    \
         RAISE EXCEPTION USING ERRCODE = '23503', MESSAGE = {};",
        Postgres.literal(&message)
    )
}
