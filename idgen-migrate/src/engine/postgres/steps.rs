//! The steps of each phase, and of each way back.

use super::triggers::{self, Stage};
use super::{Dialect, Postgres, literal};
use crate::engine::{Lock, Step};
use crate::plan::{Carrier, Index, Order, Plan, Reference};
use crate::target::Lanes;
use crate::{Error, Phase};

pub(super) fn enter(plan: &Plan, lanes: &Lanes, to: Phase) -> Result<Vec<Step>, Error> {
    Ok(match to {
        Phase::Expanded => expand(plan, lanes)?,
        Phase::Constrained => constrain(plan, lanes)?,
        Phase::Swapped => vec![swap(plan, lanes)?],
        Phase::Contracted => contract(plan),
        _ => Vec::new(),
    })
}

pub(super) fn leave(plan: &Plan, lanes: &Lanes, from: Phase) -> Result<Vec<Step>, Error> {
    Ok(match from {
        Phase::Expanded => narrow(plan),
        Phase::Constrained => relax(plan, lanes)?,
        Phase::Swapped => swap_back(plan, lanes)?,
        _ => Vec::new(),
    })
}

// ---- expanded ----------------------------------------------------------------------

fn expand(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let functions = triggers::functions(plan, lanes, Stage::Filling)?;
    let mut steps =
        vec![Step { lock: Lock::None, ..Step::moment("functions of the triggers", functions) }];
    for table in 0..plan.tables.len() {
        let columns: Vec<_> = plan
            .carriers_of(table)
            .map(|carrier| {
                let kind = Postgres.new_column(&plan.target, "").sql_type;
                format!("ADD COLUMN IF NOT EXISTS {} {kind}", Postgres.quote(&carrier.new))
            })
            .collect();
        let mut sql =
            vec![format!("ALTER TABLE {} {}", Postgres.table(plan, table), columns.join(", "))];
        sql.extend(triggers::triggers(plan, table, Stage::Filling));
        steps.push(Step::moment(
            format!("columns and triggers of {}", plan.tables[table].name),
            sql,
        ));
    }
    steps.extend(order_index(plan).map(|(name, columns)| index(plan, 0, &name, &columns, false)));
    Ok(steps)
}

/// The index that the backfill reads in the rows' order, if none serves already.
fn order_index(plan: &Plan) -> Option<(String, Vec<&str>)> {
    let Order::Time { column, .. } = &plan.order else { return None };
    let columns = vec![column.name.as_str(), &plan.key().column.name];
    let serves =
        |index: &Index| index.table == 0 && index.columns.iter().eq(columns.iter().copied());
    (!plan.indexes.iter().any(serves)).then(|| (order_name(plan), columns))
}

fn order_name(plan: &Plan) -> String {
    crate::plan::suffixed(&plan.root().name, "_idgen_order")
}

fn narrow(plan: &Plan) -> Vec<Step> {
    let mut steps = Vec::new();
    for table in (0..plan.tables.len()).rev() {
        let mut sql = triggers::drop_triggers(plan, table);
        let columns: Vec<_> = plan
            .carriers_of(table)
            .map(|carrier| format!("DROP COLUMN IF EXISTS {}", Postgres.quote(&carrier.new)))
            .collect();
        sql.push(format!("ALTER TABLE {} {}", Postgres.table(plan, table), columns.join(", ")));
        steps.push(Step::moment(
            format!("columns and triggers of {}, away", plan.tables[table].name),
            sql,
        ));
    }
    if let Some((name, _)) = order_index(plan) {
        steps.push(drop_index(plan, 0, &name));
    }
    let functions = triggers::drop_functions(plan);
    steps.push(Step {
        lock: Lock::None,
        ..Step::moment("functions of the triggers, away", functions)
    });
    steps
}

// ---- constrained -------------------------------------------------------------------

fn constrain(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for twin in &plan.indexes {
        let columns = plan.twins(twin.table, &twin.columns);
        steps.push(index(plan, twin.table, &plan.twin_name(&twin.name), &columns, twin.unique));
    }
    steps.extend(plan.primaries().map(|primary| keep_index(plan, primary)));
    for carrier in plan.carriers.iter().filter(|carrier| !carrier.column.nullable) {
        steps.extend(not_null(plan, carrier));
    }
    for reference in &plan.references {
        let mut sql = lock_both(plan, reference);
        sql.push(add_reference(plan, reference, true));
        steps.push(
            Step::moment(format!("{}, not yet validated", plan.twin_name(&reference.name)), sql)
                .unless(constraint_exists(
                    plan,
                    reference.table,
                    &plan.twin_name(&reference.name),
                    "",
                )),
        );
        steps.push(validate(plan, reference.table, &plan.twin_name(&reference.name)));
    }
    steps.extend(restage(plan, lanes, Stage::Enforced)?);
    Ok(steps)
}

/// Functions and triggers of a stage, table by table: one lock at a time stands in no circle.
fn restage(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<Vec<Step>, Error> {
    let functions = triggers::functions(plan, lanes, stage)?;
    let mut steps =
        vec![Step { lock: Lock::None, ..Step::moment("functions of the triggers", functions) }];
    steps.extend((0..plan.tables.len()).map(|table| {
        let title = format!("triggers of {}", plan.tables[table].name);
        Step::moment(title, triggers::triggers(plan, table, stage))
    }));
    Ok(steps)
}

/// The same within a step that has all locks.
fn restage_now(plan: &Plan, lanes: &Lanes, stage: Stage) -> Result<Vec<String>, Error> {
    let mut sql = triggers::functions(plan, lanes, stage)?;
    sql.extend((0..plan.tables.len()).flat_map(|table| triggers::triggers(plan, table, stage)));
    Ok(sql)
}

/// Takes the locks of several tables, one after the other. The first may be waited for, holding nothing;
/// the others are given up at once, long before the database looks for deadlocks and ends somebody
/// else's transaction.
fn lock(plan: &Plan, tables: &[usize]) -> Vec<String> {
    let mut sql = Vec::new();
    for table in tables {
        let name = Postgres.table(plan, *table);
        sql.push(format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"));
        sql.push("SET LOCAL lock_timeout = 30".into());
    }
    sql
}

fn lock_all(plan: &Plan) -> Vec<String> {
    lock(plan, &(0..plan.tables.len()).collect::<Vec<_>>())
}

/// The locks of a reference's two tables.
fn lock_both(plan: &Plan, reference: &Reference) -> Vec<String> {
    match (reference.to, reference.table) {
        (to, table) if to == table => Vec::new(),
        (to, table) => lock(plan, &[to, table]),
    }
}

fn not_null(plan: &Plan, carrier: &Carrier) -> Vec<Step> {
    let table = Postgres.table(plan, carrier.table);
    let new = Postgres.quote(&carrier.new);
    let name = format!("idgen_migrate_{}", carrier.new);
    let quoted = Postgres.quote(&name);
    let title = |what: &str| format!("{}.{} {what}", plan.tables[carrier.table].name, carrier.new);
    let is_set = format!(
        "EXISTS (SELECT FROM pg_attribute WHERE attrelid = {}::regclass AND attname = {} AND attnotnull)",
        literal(&table),
        literal(&carrier.new)
    );
    let or_set = |query: String| format!("SELECT 1 WHERE {is_set} OR EXISTS ({query})");
    vec![
        Step::moment(
            title("has to be there, from now on"),
            vec![format!(
                "ALTER TABLE {table} ADD CONSTRAINT {quoted} CHECK ({new} IS NOT NULL) NOT VALID"
            )],
        )
        .unless(or_set(constraint_exists(plan, carrier.table, &name, ""))),
        Step::beside(
            title("is there in every row"),
            vec![format!("ALTER TABLE {table} VALIDATE CONSTRAINT {quoted}")],
        )
        .unless(or_set(constraint_exists(plan, carrier.table, &name, "AND convalidated"))),
        Step::moment(
            title("NOT NULL"),
            vec![
                format!("ALTER TABLE {table} ALTER COLUMN {new} SET NOT NULL"),
                format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {quoted}"),
            ],
        )
        .unless(format!(
            "SELECT 1 WHERE {is_set} AND NOT EXISTS ({})",
            constraint_exists(plan, carrier.table, &name, "")
        )),
    ]
}

fn relax(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = restage(plan, lanes, Stage::Filling)?;
    for reference in &plan.references {
        let mut sql = lock_both(plan, reference);
        sql.push(drop_reference(plan, reference, true));
        steps.push(Step::moment(format!("{}, away", plan.twin_name(&reference.name)), sql));
    }
    for carrier in &plan.carriers {
        let table = Postgres.table(plan, carrier.table);
        let check = Postgres.quote(&format!("idgen_migrate_{}", carrier.new));
        steps.push(Step::moment(
            format!("{}.{} may be NULL again", plan.tables[carrier.table].name, carrier.new),
            vec![format!(
                "ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL, DROP CONSTRAINT IF EXISTS {check}",
                Postgres.quote(&carrier.new)
            )],
        ));
    }
    for twin in &plan.indexes {
        steps.push(drop_index(plan, twin.table, &plan.twin_name(&twin.name)));
        if twin.primary {
            steps.push(drop_index(plan, twin.table, &plan.kept_name(&twin.name)));
        }
    }
    Ok(steps)
}

// ---- swapped -----------------------------------------------------------------------

fn swap(plan: &Plan, lanes: &Lanes) -> Result<Step, Error> {
    let mut sql = lock_all(plan);
    sql.extend(plan.references.iter().map(|reference| drop_reference(plan, reference, false)));
    sql.extend(
        plan.primaries().map(|primary| primary_from(plan, primary, &plan.twin_name(&primary.name))),
    );
    sql.extend(restage_now(plan, lanes, Stage::Swapped)?);
    let step = Step::moment("the new id is the primary key, and references point to it", sql);
    Ok(match plan.primaries().next() {
        Some(primary) => step.unless(primary_has(plan, primary, true)),
        None => step,
    })
}

fn swap_back(plan: &Plan, lanes: &Lanes) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    for primary in plan.primaries() {
        let columns = plan.twins(primary.table, &primary.columns);
        steps.push(index(plan, primary.table, &plan.twin_name(&primary.name), &columns, true));
    }
    let mut sql = lock_all(plan);
    sql.extend(plan.references.iter().map(|reference| drop_reference(plan, reference, true)));
    sql.extend(
        plan.primaries().map(|primary| primary_from(plan, primary, &plan.kept_name(&primary.name))),
    );
    for twin in [false, true] {
        sql.extend(plan.references.iter().map(|reference| add_reference(plan, reference, twin)));
    }
    sql.extend(restage_now(plan, lanes, Stage::Enforced)?);
    let step = Step::moment("the old id is the primary key again", sql);
    steps.push(match plan.primaries().next() {
        Some(primary) => step.unless(primary_has(plan, primary, false)),
        None => step,
    });
    for reference in &plan.references {
        steps.push(validate(plan, reference.table, &reference.name));
        steps.push(validate(plan, reference.table, &plan.twin_name(&reference.name)));
    }
    steps.extend(plan.primaries().map(|primary| keep_index(plan, primary)));
    Ok(steps)
}

fn primary_from(plan: &Plan, primary: &Index, index: &str) -> String {
    let name = Postgres.quote(&primary.name);
    format!(
        "ALTER TABLE {} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {}",
        Postgres.table(plan, primary.table),
        Postgres.quote(index)
    )
}

/// Yields 1 where the primary key is of the new columns, or of the old ones.
fn primary_has(plan: &Plan, primary: &Index, new: bool) -> String {
    let mut carriers = plan.carriers_of(primary.table);
    let carrier = carriers.find(|c| primary.columns.contains(&c.column.name));
    let column = carrier.map_or("", |c| if new { &c.new } else { &c.column.name });
    format!(
        "SELECT 1 FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey) \
         WHERE k.contype = 'p' AND k.conrelid = {}::regclass AND a.attname = {}",
        literal(&Postgres.table(plan, primary.table)),
        literal(column)
    )
}

// ---- contracted --------------------------------------------------------------------

fn contract(plan: &Plan) -> Vec<Step> {
    // Nobody fills in old ids from here on, so that nothing may ask for them either.
    let free = |carrier: &Carrier| {
        let free =
            !carrier.column.nullable && carrier.column.default.as_deref() != Some("identity");
        let (table, old) =
            (Postgres.table(plan, carrier.table), Postgres.quote(&carrier.column.name));
        free.then(|| format!("ALTER TABLE {table} ALTER COLUMN {old} DROP NOT NULL"))
    };
    let mut off = lock_all(plan);
    off.extend(plan.carriers.iter().filter_map(free));
    off.extend((0..plan.tables.len()).flat_map(|table| triggers::drop_triggers(plan, table)));
    let title = "triggers, away; old ids may be missing";
    let trigger = format!(
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = {}::regclass AND tgname = 'idgen_migrate_00_insert')",
        literal(&Postgres.table(plan, 0))
    );
    let mut steps = vec![Step::moment(title, off).unless(trigger)];
    for table in (0..plan.tables.len()).rev() {
        let name = Postgres.table(plan, table);
        let columns: Vec<_> = plan
            .carriers_of(table)
            .map(|carrier| {
                format!("DROP COLUMN IF EXISTS {}", Postgres.quote(&carrier.column.name))
            })
            .collect();
        let mut sql = vec![format!("ALTER TABLE {name} {}", columns.join(", "))];
        for twin in plan.indexes.iter().filter(|index| index.table == table && !index.primary) {
            let (old, new) =
                (Postgres.quote(&twin.name), Postgres.quote(&plan.twin_name(&twin.name)));
            sql.push(if twin.constraint {
                format!("ALTER TABLE {name} ADD CONSTRAINT {old} UNIQUE USING INDEX {new}")
            } else {
                let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
                format!("ALTER INDEX {}.{new} RENAME TO {old}", Postgres.quote(schema))
            });
        }
        for reference in plan.references.iter().filter(|reference| reference.table == table) {
            let (old, new) =
                (Postgres.quote(&reference.name), Postgres.quote(&plan.twin_name(&reference.name)));
            sql.push(format!("ALTER TABLE {name} RENAME CONSTRAINT {new} TO {old}"));
        }
        let gone = old_is_gone(plan, table);
        steps.push(
            Step::moment(format!("old ids of {}, away for good", plan.tables[table].name), sql)
                .unless(gone),
        );
    }
    if let Some((name, _)) = order_index(plan) {
        steps.push(drop_index(plan, 0, &name));
    }
    let functions = triggers::drop_functions(plan);
    steps.push(Step {
        lock: Lock::None,
        ..Step::moment("functions of the triggers, away", functions)
    });
    steps
}

/// Yields 1 where a table has its old ids no more.
fn old_is_gone(plan: &Plan, table: usize) -> String {
    let column = plan.carriers_of(table).next().map_or("", |carrier| &carrier.column.name);
    format!(
        "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = {}::regclass \
         AND attname = {} AND NOT attisdropped)",
        literal(&Postgres.table(plan, table)),
        literal(column)
    )
}

// ---- what steps are made of --------------------------------------------------------

/// An index made beside other work. What a cut-short attempt left is invalid, and goes first.
fn index(plan: &Plan, table: usize, name: &str, columns: &[&str], unique: bool) -> Step {
    let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
    let state = |valid: &str| {
        format!(
            "SELECT 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relname = {} AND {valid} i.indisvalid",
            literal(schema),
            literal(name)
        )
    };
    let quoted = Postgres.quote(name);
    let unique = if unique { "UNIQUE " } else { "" };
    let make = format!(
        "CREATE {unique}INDEX CONCURRENTLY {quoted} ON {} ({})",
        Postgres.table(plan, table),
        Postgres.list(columns)
    );
    let remove = format!("DROP INDEX CONCURRENTLY IF EXISTS {}.{quoted}", Postgres.quote(schema));
    let mut step = Step::beside(format!("index {name}"), vec![make]).unless(state(""));
    step.ruin = Some((state("NOT"), remove));
    step
}

/// The unique index that keeps an old primary key.
fn keep_index(plan: &Plan, primary: &Index) -> Step {
    let columns: Vec<_> = primary.columns.iter().map(String::as_str).collect();
    index(plan, primary.table, &plan.kept_name(&primary.name), &columns, true)
}

fn drop_index(plan: &Plan, table: usize, name: &str) -> Step {
    let schema = plan.tables[table].schema.as_deref().unwrap_or("public");
    let sql = format!(
        "DROP INDEX CONCURRENTLY IF EXISTS {}.{}",
        Postgres.quote(schema),
        Postgres.quote(name)
    );
    Step::beside(format!("index {name}, away"), vec![sql])
}

fn constraint_exists(plan: &Plan, table: usize, name: &str, and: &str) -> String {
    format!(
        "SELECT 1 FROM pg_constraint WHERE conrelid = {}::regclass AND conname = {} {and}",
        literal(&Postgres.table(plan, table)),
        literal(name)
    )
}

fn add_reference(plan: &Plan, reference: &Reference, twin: bool) -> String {
    let Reference { table, name, columns, to, to_columns, clauses } = reference;
    let name = if twin { plan.twin_name(name) } else { name.clone() };
    let list = |table: usize, columns: &[String]| match twin {
        true => Postgres.list(&plan.twins(table, columns)),
        false => Postgres.list(&columns.iter().map(String::as_str).collect::<Vec<_>>()),
    };
    format!(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){clauses} NOT VALID",
        Postgres.table(plan, *table),
        Postgres.quote(&name),
        list(*table, columns),
        Postgres.table(plan, *to),
        list(*to, to_columns)
    )
}

fn drop_reference(plan: &Plan, reference: &Reference, twin: bool) -> String {
    let name = if twin { plan.twin_name(&reference.name) } else { reference.name.clone() };
    format!(
        "ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}",
        Postgres.table(plan, reference.table),
        Postgres.quote(&name)
    )
}

fn validate(plan: &Plan, table: usize, name: &str) -> Step {
    let sql = format!(
        "ALTER TABLE {} VALIDATE CONSTRAINT {}",
        Postgres.table(plan, table),
        Postgres.quote(name)
    );
    Step::beside(format!("{name}, validated"), vec![sql]).unless(constraint_exists(
        plan,
        table,
        name,
        "AND convalidated",
    ))
}
