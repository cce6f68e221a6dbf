//! What the triggers of all engines have in common: which id is right, and ids of their lane in SQL, for
//! which the layout is asked what each number weighs, and nothing is shifted.

use idgen_core::text::Form;

use crate::Error;
use crate::engine::Dialect;
#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::plan::Column;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
use crate::plan::Reference;
use crate::plan::{Carrier, Plan};
use crate::target::Lanes;

/// What the triggers do where a row says two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The old id is right; parents may not have their new one yet.
    Filling,
    /// The old id is right; a parent without a new one is one that the transaction cannot see.
    Enforced,
    /// The new id is right, and a missing old one is made up.
    Swapped,
}

/// The condition that a column refers to anybody, as a column of its row is written by `cell`: a reference of
/// several columns of which one is NULL is none. No condition where a reference is of this column alone.
pub(crate) fn refers(
    plan: &Plan,
    carrier: &Carrier,
    cell: &dyn Fn(&str) -> String,
) -> Option<String> {
    let column = &carrier.column.name;
    let mut whole = Vec::new();
    for reference in &plan.references {
        if reference.table != carrier.table || !reference.columns.contains(column) {
            continue;
        }
        let others = reference.columns.iter().filter(|other| *other != column);
        let others: Vec<_> = others.map(|other| format!("{} IS NOT NULL", cell(other))).collect();
        if others.is_empty() || !carrier.column.nullable {
            return None;
        }
        whole.push(format!("({})", others.join(" AND ")));
    }
    (!whole.is_empty()).then(|| format!("({})", whole.join(" OR ")))
}

/// The same, to follow another condition.
pub(crate) fn and_refers(plan: &Plan, carrier: &Carrier, cell: &dyn Fn(&str) -> String) -> String {
    refers(plan, carrier, cell).map(|refers| format!(" AND {refers}")).unwrap_or_default()
}

/// The condition that the old id of a new row is one that somebody gave. Beside a new one, what is equal to the
/// column's default is none.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn old_is_given(sql: &dyn Dialect, carrier: &Carrier) -> String {
    let (old, new) = (sql.quote(&carrier.column.name), sql.quote(&carrier.new));
    let default = carrier.column.constant_default();
    let other = default.map(|default| format!(" AND NEW.{old} <> {default}")).unwrap_or_default();
    format!("(NEW.{new} IS NULL OR NEW.{old} IS NOT NULL{other})")
}

/// The condition that after an update the old id says to whom a row refers, as long as reads are by old ids: where
/// it changed, and where a row is saved as it was before it was filled, which loses nothing by that.
pub(crate) fn old_wins(
    sql: &dyn Dialect,
    carrier: &Carrier,
    changed: impl Fn(&str) -> String,
) -> String {
    let (old_changed, new) = (changed(&carrier.column.name), sql.quote(&carrier.new));
    format!("{old_changed} OR (NEW.{new} IS NULL AND OLD.{new} IS NOT NULL)")
}

/// The condition that an update of a new id is not the backfill's, which fills what has an old id alone.
pub(crate) fn is_no_backfill(sql: &dyn Dialect, carrier: &Carrier) -> String {
    let (old, new) = (sql.quote(&carrier.column.name), sql.quote(&carrier.new));
    format!("(OLD.{new} IS NOT NULL OR OLD.{old} IS NULL)")
}

/// The condition that an update changes a row's place in the order; `changed` is how the engine says that of a column.
pub(crate) fn moved(plan: &Plan, changed: impl Fn(&str) -> String) -> String {
    let columns = plan.order_columns().into_iter().map(|column| changed(&column.name));
    columns.collect::<Vec<_>>().join(" OR ")
}

/// Keeps by its new id that a row's place in the order was edited when it had one: the id is of the place from
/// before. `begin` is how the engine begins an insertion.
pub(crate) fn edited(sql: &dyn Dialect, plan: &Plan, begin: &str) -> String {
    let new = sql.new_column(&plan.target, &plan.key().new);
    let id = sql.read(&format!("OLD.{}", sql.quote(&new.name)), new.kind);
    let (table, name) = (sql.own("edited"), sql.literal(&plan.name));
    format!("{begin} {table} (name, id) SELECT {name}, {id}")
}

/// The condition that a row has its id from the backfill, before an update.
pub(crate) fn is_backfilled(
    sql: &dyn Dialect,
    plan: &Plan,
    lanes: &Lanes,
) -> Result<String, Error> {
    let new = sql.new_column(&plan.target, &plan.key().new);
    let fence = lanes.scheme().format(lanes.least_of(plan.fence.unwrap_or(0))?).to_string();
    Ok(format!("OLD.{} < {}", sql.quote(&new.name), sql.write(&sql.literal(&fence), &new)))
}

/// What a foreign key does where the key that it points to changes.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnUpdate {
    /// Its rows follow.
    Cascade,
    /// They refer to nobody.
    SetNull,
    /// They have their default.
    SetDefault,
    /// It refuses that.
    Refuse,
}

/// Of how many digits of chance an old key is made up, where it has no room for the text of a UUID.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn digits_made_up(column: &Column) -> Option<usize> {
    column.room().filter(|room| *room < 36).map(|room| room.min(32))
}

/// What a reference says of that.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn on_update(reference: &Reference) -> OnUpdate {
    let clauses = reference.clauses.to_ascii_uppercase();
    let words: Vec<_> = clauses.split_whitespace().collect();
    let place = words.windows(2).position(|pair| pair == ["ON", "UPDATE"]);
    match place.map_or(&[][..], |place| &words[place + 2..]) {
        ["CASCADE", ..] => OnUpdate::Cascade,
        ["SET", "NULL", ..] => OnUpdate::SetNull,
        ["SET", "DEFAULT", ..] => OnUpdate::SetDefault,
        _ => OnUpdate::Refuse,
    }
}

/// The condition, to follow another one, that a reference's other columns are there: otherwise it is none.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) fn others_are_there(
    reference: &Reference,
    column: &str,
    cell: &dyn Fn(&str) -> String,
) -> String {
    let others = reference.columns.iter().filter(|other| *other != column);
    others.map(|other| format!(" AND {} IS NOT NULL", cell(other))).collect()
}

/// How an engine writes the pieces of a UUID.
pub(crate) trait Pieces {
    /// A number in this many hexadecimal digits.
    fn hex(&self, number: &str, digits: usize) -> String;
    /// So many random hexadecimal digits, 12 at most.
    fn random(&self, digits: usize) -> String;
    /// The UUID of 32 hexadecimal digits.
    fn uuid(&self, pieces: &[String]) -> String;
    /// The whole part of a position divided by the positions in a tick.
    fn quotient(&self, position: &str, per_tick: i64) -> String;
}

/// The expression that makes an id of the position `p`.
pub(crate) fn dressed(lanes: &Lanes, pieces: &dyn Pieces) -> Result<String, Error> {
    let per_tick = lanes.per_tick();
    let tick = pieces.quotient("p", per_tick);
    let sequence = format!("(p % {per_tick})");
    let first = lanes.triggered(0)?;
    if lanes.scheme().layout.width() == 64 {
        let tick_weight = lanes.triggered(per_tick)? - first;
        let sequence_weight = lanes.triggered(1)? - first;
        return Ok(format!("{first} + {tick} * {tick_weight} + {sequence} * {sequence_weight}"));
    }
    // 12 digits of tick, version, 3 of sequence, 3 of variant and node, 13 of chance.
    let digits = Form::Hex.encode(first);
    Ok(pieces.uuid(&[
        pieces.hex(&tick, 12),
        format!("'{}'", &digits[12..13]),
        pieces.hex(&sequence, 3),
        format!("'{}'", &digits[16..19]),
        format!("'{}'", &digits[19..20]),
        pieces.random(12),
    ]))
}
