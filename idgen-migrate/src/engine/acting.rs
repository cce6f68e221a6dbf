//! What of the app's own acts on updates, and so on those that fill new columns.

use crate::plan::Plan;

/// A trigger of the app's own, or what does the same, that updates of a table may fire.
pub(super) struct Acting {
    /// Which table of the plan it is on.
    pub(super) table: usize,
    /// What it is, with its name.
    pub(super) what: String,
    /// The columns that it is for; none where every update fires it.
    pub(super) columns: Vec<String>,
    /// Whether it acts once a row; once a statement otherwise.
    pub(super) each_row: bool,
}

impl Acting {
    /// Whether an update of nothing but new columns fires it.
    fn is_fired(&self, plan: &Plan) -> bool {
        let is_new = |column: &String| {
            plan.carriers_of(self.table).any(|carrier| carrier.new.eq_ignore_ascii_case(column))
        };
        self.columns.is_empty() || self.columns.iter().any(is_new)
    }
}

/// What becomes of those that a backfill fires, and the way out: `how` they come to look at columns of their
/// own, and what else the engine has them do, if anything.
pub(super) fn told(plan: &Plan, found: &[Acting], how: &str, also: &str) -> Vec<String> {
    let fired = found.iter().filter(|acting| acting.is_fired(plan));
    let told = fired.map(|acting| {
        let Acting { table, what, each_row, .. } = acting;
        let table = &plan.tables[*table].name;
        let each = if *each_row { "every row" } else { "every chunk" };
        format!(
            "{what} of {table} fires for {each} that the backfill fills{also}: what it stamps, logs or refuses then \
             looks like an update of the app's. Have it act on columns of its own alone ({how}), or take it away \
             until backfilled"
        )
    });
    told.collect()
}
