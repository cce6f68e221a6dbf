//! The app's own triggers that updates fire, as far as their texts say so.

use super::tokens::{Token, tokens};
use crate::Error;
use crate::engine::acting::{self, Acting};
use crate::plan::Plan;
use crate::session::Session;

const TRIGGERS: &str = "
SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger'
    AND name NOT LIKE 'idgen\\_migrate\\_%' ESCAPE '\\' ORDER BY name";

/// The columns that a trigger is for, where updates fire it: none for all of them.
fn updated(sql: &str) -> Option<Vec<String>> {
    let words = tokens(sql);
    // As it is kept: CREATE TRIGGER, and the name.
    let timing = |word: &&Token<'_>| {
        ["BEFORE", "AFTER", "INSTEAD", "OF"].iter().any(|timing| word.is(timing))
    };
    let mut event = words.iter().skip(3).skip_while(timing);
    if !event.next()?.is("UPDATE") {
        return None;
    }
    let columns = event.take_while(|word| !word.is("ON")).skip_while(|word| word.is("OF"));
    Some(columns.filter_map(Token::name).collect())
}

/// Triggers of ours complete a row when it is there, which is an update too.
const ALSO: &str = ", and for every new row that a trigger of the migration completes";

pub(in crate::engine) async fn told(
    session: &mut Session,
    plan: &Plan,
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for row in session.rows(TRIGGERS, &[]).await? {
        let (on, name, sql) = (row.text(0)?, row.text(1)?, row.text(2)?);
        let table = plan.tables.iter().position(|table| table.name.eq_ignore_ascii_case(&on));
        if let (Some(table), Some(columns)) = (table, updated(&sql)) {
            found.push(Acting { table, what: format!("trigger {name}"), columns, each_row: true });
        }
    }
    Ok(acting::told(plan, &found, "UPDATE OF, or WHEN", ALSO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fires_a_trigger_is_read_from_its_text() {
        let columns = |sql| updated(sql).map(|columns| columns.join(", "));
        let is = |columns: &str| Some(columns.to_owned());
        assert_eq!(columns("CREATE TRIGGER a UPDATE ON t BEGIN SELECT 1; END"), is(""));
        assert_eq!(columns("CREATE TRIGGER \"of\" before update ON t BEGIN SELECT 1; END"), is(""));
        let some = "CREATE TRIGGER a AFTER UPDATE OF name, \"the boss\" ON t BEGIN SELECT 1; END";
        assert_eq!(columns(some), is("name, the boss"));
        let insert = "CREATE TRIGGER \"update\" AFTER INSERT ON t BEGIN UPDATE t SET a = 1; END";
        assert_eq!(columns(insert), None);
        assert_eq!(columns("CREATE TRIGGER a DELETE ON t BEGIN SELECT 1; END"), None);
    }
}
