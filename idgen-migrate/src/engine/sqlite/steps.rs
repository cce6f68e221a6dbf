//! The steps of each phase, and of each way back. SQLite's DDL is part of transactions, of which one
//! at a time writes; what holds a key or a reference is made anew, all tables in one transaction.
//!
//! # Source
//! "Making Other Kinds Of Table Schema Changes", the twelve steps of SQLite's page on ALTER TABLE.

use std::collections::BTreeSet;

use super::table::{self, Form};
use super::{Dialect, Sqlite, index, triggers};
use crate::engine::twins::{Stage, and_refers};
use crate::engine::{Lock, Step, Work};
use crate::plan::{Index, Made, Plan};
use crate::target::Lanes;
use crate::{Error, Phase};

pub(super) fn enter(plan: &Plan, lanes: &Lanes, to: Phase) -> Result<Vec<Step>, Error> {
    Ok(match to {
        Phase::Expanded => expand(plan, lanes)?,
        Phase::Constrained => constrain(plan, lanes)?,
        Phase::ReadingNew if plan.keep_key => order_away(plan),
        Phase::Swapped => vec![swap(plan, lanes)?],
        Phase::Contracted => vec![contract(plan)?],
        _ => Vec::new(),
    })
}

pub(super) fn leave(plan: &Plan, lanes: &Lanes, from: Phase) -> Result<Vec<Step>, Error> {
    Ok(match from {
        Phase::Expanded => narrow(plan),
        Phase::Constrained => relax(plan, lanes)?,
        Phase::ReadingNew if plan.keep_key => order(plan),
        Phase::Swapped => vec![swap_back(plan, lanes)?],
        _ => Vec::new(),
    })
}

fn writers(title: impl Into<String>, sql: Vec<String>) -> Step {
    Step { lock: Lock::Writers, ..Step::moment(title, sql) }
}

fn indexing(table: usize, name: &str, sql: String) -> Step {
    writers(format!("index {name}"), vec![sql]).on([table]).doing(Work::Index)
}

fn all_tables(plan: &Plan) -> std::ops::Range<usize> {
    0..plan.tables.len()
}

/// Yields 1 where something is in the schema, or is not.
fn is_there(kind: &str, name: &str, there: bool) -> String {
    let not = if there { "" } else { "NOT " };
    format!(
        "SELECT 1 WHERE {not}EXISTS (SELECT 1 FROM sqlite_schema WHERE type = '{kind}' AND name = {})",
        Sqlite.literal(name)
    )
}

/// Yields 1 where an index of this name is there that is of the new columns. What has the name otherwise is
/// the app's own.
fn is_twin(plan: &Plan, index: &Index, name: &str) -> String {
    let mut carriers = plan.carriers_of(index.table);
    let carrier = carriers.find(|carrier| index.columns.contains(&carrier.column.name));
    format!(
        "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = {name} AND tbl_name = {} \
         AND instr(replace(sql, {name}, ''), {}) > 0",
        Sqlite.literal(&plan.tables[index.table].name),
        Sqlite.literal(carrier.map_or("", |carrier| &carrier.new)),
        name = Sqlite.literal(name)
    )
}

/// Yields 1 where a condition holds for a column of a table.
fn column_is(plan: &Plan, table: usize, column: &str, condition: &str) -> String {
    let table = Sqlite.literal(&plan.tables[table].name);
    format!(
        "SELECT 1 FROM pragma_table_info({table}) WHERE name = {} {condition}",
        Sqlite.literal(column)
    )
}

// ---- expanded ----------------------------------------------------------------------

fn expand(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = vec![Step::moment("counter of the trigger", triggers::counter(plan))];
    for table in all_tables(plan) {
        let mut sql = table::add_columns(plan, table, &Sqlite.table(plan, table));
        sql.extend(triggers::triggers(plan, lanes, table, Stage::Filling)?);
        let title = format!("columns and triggers of {}", plan.tables[table].name);
        let made = is_there("trigger", &triggers::trigger(plan, table, "update"), true);
        steps.push(Step::moment(title, sql).on([table]).unless(made));
    }
    steps.extend(order(plan));
    Ok(steps)
}

fn order(plan: &Plan) -> Vec<Step> {
    let made = |(name, sql): (String, String)| {
        indexing(0, &name, sql).unless(is_there("index", &name, true))
    };
    order_index(plan).into_iter().map(made).collect()
}

fn order_away(plan: &Plan) -> Vec<Step> {
    let away = |(name, _): (String, String)| {
        writers(format!("index {name}, away"), vec![drop_index(&name)]).on([0])
    };
    order_index(plan).into_iter().map(away).collect()
}

/// What makes the index that the backfill reads in the rows' order: its name, and SQL.
pub(super) fn order_index(plan: &Plan) -> Option<(String, String)> {
    let (name, columns) = plan.order_index()?;
    let (quoted, table) = (Sqlite.quote(&name), Sqlite.table(plan, 0));
    let sql = format!("CREATE INDEX {quoted} ON {table} ({})", Sqlite.list(&columns));
    Some((name, sql))
}

fn drop_index(name: &str) -> String {
    format!("DROP INDEX IF EXISTS {}", Sqlite.quote(name))
}

fn narrow(plan: &Plan) -> Vec<Step> {
    // A column can go when no trigger of any table names it.
    let off = all_tables(plan).flat_map(|table| triggers::drop_triggers(plan, table)).collect();
    let mut steps = vec![Step::moment("triggers, away", off).on(all_tables(plan))];
    for table in all_tables(plan).rev() {
        let name = Sqlite.table(plan, table);
        let drop = |new: &str| format!("ALTER TABLE {name} DROP COLUMN {}", Sqlite.quote(new));
        let columns: Vec<_> = plan.carriers_of(table).map(|carrier| carrier.new.as_str()).collect();
        let gone = format!(
            "SELECT 1 WHERE NOT EXISTS ({})",
            column_is(plan, table, columns.first().copied().unwrap_or_default(), "")
        );
        let title = format!("columns of {}, away", plan.tables[table].name);
        let sql = columns.into_iter().map(drop).collect();
        steps.push(writers(title, sql).on([table]).doing(Work::Rewrite).unless(gone));
    }
    let mut sql: Vec<_> = order_index(plan).iter().map(|(name, _)| drop_index(name)).collect();
    sql.extend(triggers::drop_counters(plan));
    steps.push(Step::moment("counters and the index of the order, away", sql).on([0]));
    steps
}

// ---- constrained -------------------------------------------------------------------

fn constrain(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for of in &plan.indexes {
        let (name, sql) = index::twin(plan, of);
        let is = is_twin(plan, of, &name);
        steps.push(indexing(of.table, &name, sql).unless(is));
    }
    steps.push(restage(plan, lanes, Stage::Enforced)?);
    Ok(steps)
}

fn restage(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<Step, Error> {
    let sql = all_triggers(plan, lanes, stage)?;
    Ok(Step::moment("triggers of all tables", sql).on(all_tables(plan)))
}

fn all_triggers(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<Vec<String>, Error> {
    let each = all_tables(plan).map(|table| triggers::triggers(plan, lanes, table, stage));
    Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
}

fn relax(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = vec![restage(plan, lanes, Stage::Filling)?];
    let twins = plan.indexes.iter().map(|index| drop_index(&plan.twin_name(&index.name)));
    let away = Step::moment("twins of indexes, away", twins.collect());
    steps.push(away.on(all_tables(plan)));
    Ok(steps)
}

// ---- swapped, contracted -----------------------------------------------------------

fn swap(plan: &Plan, lanes: &Lanes) -> Result<Step, Error> {
    let mut sql = triggers::old_ids(plan, table::definition(plan, 0)?.autoincrements());
    sql.extend(rebuilt(plan, Form::Both)?);
    sql.extend(all_triggers(plan, lanes, Stage::Swapped)?);
    sql.extend(compiled(plan, true));
    let title = "tables are made anew: the new id is the primary key, and references point to it";
    Ok(in_the_frame(plan, title, sql)?.unless(has_key(plan, true)))
}

fn swap_back(plan: &Plan, lanes: &Lanes) -> Result<Step, Error> {
    let mut sql = rebuilt(plan, Form::Original)?;
    sql.extend(all_triggers(plan, lanes, Stage::Enforced)?);
    sql.extend(compiled(plan, true));
    let title = "tables are made anew: the old id is the primary key again";
    Ok(in_the_frame(plan, title, sql)?.unless(has_key(plan, false)))
}

fn contract(plan: &Plan) -> Result<Step, Error> {
    let mut sql = rebuilt(plan, Form::New)?;
    sql.extend(triggers::drop_counters(plan));
    sql.extend(compiled(plan, false));
    let title = "tables are made anew without the old ids, which are away for good";
    let old = column_is(plan, 0, &plan.key().column.name, "");
    Ok(in_the_frame(plan, title, sql)?.unless(format!("SELECT 1 WHERE NOT EXISTS ({old})")))
}

/// Yields 1 where the migrated table's key is the new column, or the old one.
fn has_key(plan: &Plan, new: bool) -> String {
    let unique = plan.indexes.iter().any(|index| index.primary && index.table == 0);
    let key = plan.key();
    let (column, condition) = match (unique, new) {
        (true, true) => (&key.new, "AND pk > 0"),
        (true, false) => (&key.column.name, "AND pk > 0"),
        // It was never the primary key: see whether the old one is still asked for.
        (false, _) => return trigger_says(plan, new),
    };
    column_is(plan, 0, column, condition)
}

fn trigger_says(plan: &Plan, swapped: bool) -> String {
    let not = if swapped { "" } else { "NOT " };
    format!(
        "SELECT 1 FROM sqlite_schema WHERE type = 'trigger' AND name = {} AND {not}instr(sql, {}) > 0",
        Sqlite.literal(&triggers::trigger(plan, 0, "insert")),
        Sqlite.literal(&format!("SET {} =", Sqlite.quote(&plan.key().column.name)))
    )
}

/// A step that makes tables anew: references are looked at once, at its end, and names stand for what
/// they stood for.
fn in_the_frame(plan: &Plan, title: &str, sql: Vec<String>) -> Result<Step, Error> {
    let dangling: Vec<_> = plan
        .tables
        .iter()
        .map(|table| {
            format!(
                "(SELECT count(*) FROM pragma_foreign_key_check({}))",
                Sqlite.literal(&table.name)
            )
        })
        .collect();
    let mut step = writers(title, sql).on(all_tables(plan)).doing(Work::Rewrite);
    step.frame = Some((
        "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON".into(),
        "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON".into(),
    ));
    step.guard = Some(lost(plan)?);
    step.none = Some(format!("SELECT {}", dangling.join(" + ")));
    Ok(step)
}

/// Makes every table anew in a form, with its indexes and the app's triggers.
fn rebuilt(plan: &Plan, form: Form) -> Result<Vec<String>, Error> {
    let mut sql = Vec::new();
    for table in all_tables(plan) {
        let name = &plan.tables[table].name;
        let (old, made) = (Sqlite.table(plan, table), format!("idgen_migrate_new_{name}"));
        let columns = table::copied(plan, table, form)?.join(", ");
        let quoted = Sqlite.quote(&made);
        sql.extend(table::create(plan, table, form, &made)?);
        sql.push(format!(
            "INSERT INTO {quoted} ({columns}) SELECT {columns} FROM {old} ORDER BY rowid"
        ));
        let keeps_counting = form == Form::Original
            || !plan
                .carriers_of(table)
                .any(|carrier| carrier.column.default.as_deref() == Some("identity"));
        if keeps_counting && table::definition(plan, table)?.autoincrements() {
            sql.extend(counts_on(plan, table, &made));
        }
        sql.push(format!("DROP TABLE {old}"));
        sql.push(format!("ALTER TABLE {quoted} RENAME TO {old}"));
    }
    for table in all_tables(plan) {
        sql.extend(index::indexes(plan, table, form).into_iter().map(|(_, sql)| sql));
    }
    if form != Form::New {
        sql.extend(order_index(plan).map(|(_, sql)| sql));
    }
    let triggers = plan.definitions.iter().filter(|of| of.what == Made::Trigger);
    sql.extend(triggers.map(|of| of.sql.clone()));
    Ok(sql)
}

/// A key that counts up for good goes on after the last id that there ever was.
fn counts_on(plan: &Plan, table: usize, made: &str) -> Vec<String> {
    let (name, made) = (Sqlite.literal(&plan.tables[table].name), Sqlite.literal(made));
    let mut ever = vec![format!("SELECT seq FROM sqlite_sequence WHERE name IN ({name}, {made})")];
    if table == 0 {
        ever.push(triggers::counted(plan));
    }
    vec![
        format!(
            "INSERT INTO sqlite_sequence (name, seq) SELECT {made}, max(seq) FROM ({}) HAVING max(seq) IS NOT NULL",
            ever.join(" UNION ALL ")
        ),
        format!(
            "DELETE FROM sqlite_sequence WHERE name = {made} AND rowid < (SELECT max(rowid) FROM sqlite_sequence WHERE name = {made})"
        ),
    ]
}

/// Has every view and trigger read once, that depends on what was made anew.
fn compiled(plan: &Plan, both: bool) -> Vec<String> {
    let views = plan.definitions.iter().filter(|of| of.what == Made::View);
    let views: BTreeSet<_> = views.map(|of| of.name.as_str()).collect();
    let read = |view: &str| format!("SELECT * FROM {} LIMIT 0", Sqlite.quote(view));
    let mut sql: Vec<_> = views.into_iter().map(read).collect();
    for table in all_tables(plan) {
        let (name, carrier) = (Sqlite.table(plan, table), plan.carriers_of(table).next());
        let Some(carrier) = carrier else { continue };
        let column = Sqlite.quote(if both { &carrier.column.name } else { &carrier.new });
        sql.push(format!("EXPLAIN INSERT INTO {name} ({column}) VALUES (NULL)"));
        sql.push(format!("EXPLAIN UPDATE {name} SET {column} = {column}"));
        sql.push(format!("EXPLAIN DELETE FROM {name}"));
    }
    sql
}

/// Names what would be lost: what came into the schema since the plan was made, and references without
/// their new one.
fn lost(plan: &Plan) -> Result<String, Error> {
    let each = all_tables(plan).map(|table| {
        let name = Sqlite.literal(&plan.tables[table].name);
        let new = plan.carriers_of(table).map(|carrier| carrier.new.clone());
        let columns = table::column_names(plan, table)?.into_iter().chain(new);
        let made = plan.definitions.iter().filter(|of| of.table == table);
        let made = made.filter(|of| matches!(of.what, Made::Index | Made::Trigger));
        let made = made.map(|of| format!("({}, {})", Sqlite.literal(&of.name), Sqlite.literal(&of.sql)));
        let twins = plan.indexes.iter().filter(|index| index.table == table);
        let twins = twins.flat_map(|i| [plan.twin_name(&i.name), plan.kept_name(&i.name)]);
        let ours = ["insert", "update"].map(|event| triggers::trigger(plan, table, event));
        let ours = ours.into_iter().chain(twins).chain(order_index(plan).map(|(name, _)| name));
        let list = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(", ");
        Ok(format!(
            "SELECT 'column ' || name || ' of ' || {name} || ', which came after the plan,' \
             FROM pragma_table_xinfo({name}) WHERE name NOT IN ({}) \
             UNION ALL SELECT type || ' ' || name || ', which came after the plan,' FROM sqlite_schema \
             WHERE tbl_name = {name} COLLATE NOCASE AND sql IS NOT NULL AND type IN ('index', 'trigger') AND name NOT IN ({}) \
             AND (name, sql) NOT IN (VALUES {})",
            list(&mut columns.map(|name| Sqlite.literal(&name))),
            list(&mut ours.map(|name| Sqlite.literal(&name))),
            list(&mut made.chain(["('', '')".into()]))
        ))
    });
    let mut each = each.collect::<Result<Vec<_>, Error>>()?;
    each.extend(plan.carriers.iter().map(|carrier| {
        let (old, new) = (Sqlite.quote(&carrier.column.name), Sqlite.quote(&carrier.new));
        let (name, table) = (&plan.tables[carrier.table].name, Sqlite.table(plan, carrier.table));
        let what = Sqlite.literal(&format!(" rows of {name} that have no {}", carrier.new));
        let refers = and_refers(plan, carrier, &|column| Sqlite.quote(column));
        format!(
            "SELECT count(*) || {what} FROM {table} WHERE {old} IS NOT NULL AND {new} IS NULL{refers} \
             HAVING count(*) > 0"
        )
    }));
    Ok(each.join(" UNION ALL "))
}
