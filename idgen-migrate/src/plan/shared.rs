//! What two migrations would both be at work on.

use super::{Carrier, Plan};
use crate::Phase;
use crate::session::Engine;
use crate::store::State;

/// What a plan has in common with a migration that has not ended, if they cannot be beside each other: a
/// column, an index or a reference that holds columns of both, or on SQLite a table that is made anew.
pub(crate) fn shared(plan: &Plan, other: &State) -> Option<String> {
    let live = &other.plan;
    if other.phase == Phase::Contracted || live.name == plan.name {
        return None;
    }
    let place = |table: usize| {
        let mine = &plan.tables[table];
        live.tables.iter().position(|t| t.schema == mine.schema && t.name == mine.name)
    };
    for (number, table) in plan.tables.iter().enumerate() {
        let Some(theirs) = place(number) else { continue };
        let made_anew = plan.is_rebuilt() || live.is_rebuilt();
        if plan.engine == Engine::Sqlite && made_anew {
            return Some(format!("the table {} is", table.name));
        }
        for mine in plan.carriers_of(number) {
            let same = |of: &Carrier| of.column.name == mine.column.name || of.new == mine.new;
            if live.carriers_of(theirs).any(same) {
                return Some(format!("{} of {} is", mine.column.name, table.name));
            }
        }
        let both = |columns: &[String]| {
            plan.carriers_of(number).any(|of| columns.contains(&of.column.name))
                && live.carriers_of(theirs).any(|of| columns.contains(&of.column.name))
        };
        let indexes = plan.indexes.iter().filter(|index| index.table == number);
        let references = plan.references.iter().filter(|reference| reference.table == number);
        let mut held = indexes
            .map(|index| (&index.name, &index.columns))
            .chain(references.map(|reference| (&reference.name, &reference.columns)));
        if let Some((name, _)) = held.find(|(_, columns)| both(columns)) {
            return Some(format!("a column of {name} of {} is", table.name));
        }
    }
    None
}
