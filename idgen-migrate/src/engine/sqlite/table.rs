//! The forms of a table in the course: as it was, with both ids, and with the new ones alone.

use super::definition::{Clause, Column, Definition, Item, Rule, parse};
use super::tokens::{Token, replaced};
use super::{Dialect, Sqlite};
use crate::Error;
use crate::plan::{Carrier, Index, Made, Plan, Reference};

/// What a table is made anew as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it was found, with the new columns at its end, as they were added.
    Original,
    /// The new ids are the keys and what is referred to; the old ones may be missing for a moment,
    /// until the trigger has seen the row.
    Both,
    /// The new ids alone.
    New,
}

/// A table of a plan, as it was found.
pub(super) fn definition(plan: &Plan, table: usize) -> Result<Definition, Error> {
    let mut made = plan.definitions.iter().filter(|of| of.table == table);
    let made = made.find(|of| of.what == Made::Table).ok_or_else(|| {
        Error::Kept(format!("the plan has no definition of {}", plan.tables[table].name))
    })?;
    parse(&made.sql)
}

/// What makes a table of this form, under this name.
pub(super) fn create(
    plan: &Plan,
    table: usize,
    form: Form,
    name: &str,
) -> Result<Vec<String>, Error> {
    let found = definition(plan, table)?;
    let quoted = Sqlite.quote(name);
    if form == Form::Original {
        let mut sql = vec![format!("CREATE TABLE {quoted} {}", found.body)];
        sql.extend(add_columns(plan, table, &quoted));
        return Ok(sql);
    }
    let (mut columns, mut constraints) = (Vec::new(), Vec::new());
    for item in &found.items {
        match item {
            Item::Column(column) => match carrier(plan, table, &column.name) {
                None => columns.push(column.text.clone()),
                Some(carrier) => {
                    columns.push(remade(plan, carrier, column, form));
                    let of = Some(column);
                    constraints.extend(
                        column.clauses.iter().filter_map(|c| constraint(plan, table, form, of, c)),
                    );
                }
            },
            Item::Constraint(clause) => {
                constraints.extend(constraint(plan, table, form, None, clause));
            }
        }
    }
    if form == Form::Both {
        columns.extend(plan.carriers_of(table).map(|carrier| new_column(plan, carrier)));
    }
    columns.extend(constraints);
    let options = if found.options.is_empty() { "" } else { &format!(" {}", found.options) };
    Ok(vec![format!("CREATE TABLE {quoted} (\n    {}\n){options}", columns.join(",\n    "))])
}

/// The names of a table's own columns.
pub(super) fn column_names(plan: &Plan, table: usize) -> Result<Vec<String>, Error> {
    let of = |item| match item {
        Item::Column(column) => Some(column.name),
        Item::Constraint(_) => None,
    };
    Ok(definition(plan, table)?.items.into_iter().filter_map(of).collect())
}

/// What adds the new columns to a table.
pub(super) fn add_columns(plan: &Plan, table: usize, quoted: &str) -> Vec<String> {
    let add = |carrier| format!("ALTER TABLE {quoted} ADD COLUMN {}", new_column(plan, carrier));
    plan.carriers_of(table).map(add).collect()
}

fn new_column(plan: &Plan, carrier: &Carrier) -> String {
    format!("{} {}", Sqlite.quote(&carrier.new), Sqlite.new_column(&plan.target, "").sql_type)
}

fn carrier<'a>(plan: &'a Plan, table: usize, column: &str) -> Option<&'a Carrier> {
    plan.carriers_of(table).find(|carrier| carrier.column.name.eq_ignore_ascii_case(column))
}

/// A carrier's column. The old one is neither key nor reference nor asked for; the new one of a row that
/// has no old one may be missing too.
fn remade(plan: &Plan, carrier: &Carrier, column: &Column, form: Form) -> String {
    if form == Form::New {
        let null = if carrier.column.nullable { "" } else { " NOT NULL" };
        return new_column(plan, carrier) + null;
    }
    let stays =
        |clause: &&Clause| matches!(clause.rule, Rule::Check | Rule::Generated | Rule::Other);
    let clauses = column.clauses.iter().filter(stays).map(|clause| format!(" {}", clause.text));
    column.head.clone() + &clauses.collect::<String>()
}

/// The constraint of the table that one of it becomes, or what is said of a column; none where nothing
/// is left of it.
fn constraint(
    plan: &Plan,
    table: usize,
    form: Form,
    of: Option<&Column>,
    clause: &Clause,
) -> Option<String> {
    let inline = of.is_some();
    let columns = of.map_or(clause.columns.as_slice(), |column| std::slice::from_ref(&column.name));
    let carried = columns.iter().any(|column| carrier(plan, table, column).is_some());
    let name = match &clause.name {
        Some(name) => format!("CONSTRAINT {} ", Sqlite.quote(name)),
        None => String::new(),
    };
    let twins = || Sqlite.list(&plan.twins(table, columns));
    match &clause.rule {
        Rule::PrimaryKey { .. } if carried => Some(format!("{name}PRIMARY KEY ({})", twins())),
        Rule::Unique if carried && form == Form::New => Some(format!("{name}UNIQUE ({})", twins())),
        Rule::Unique if inline => Some(format!("{name}UNIQUE ({})", quoted(columns))),
        Rule::References { .. } if carried => {
            let same = |reference: &&Reference| {
                reference.table == table && same_names(&reference.columns, columns)
            };
            let Some(reference) = plan.references.iter().find(same) else {
                // Of a carrier to something else.
                let text = format!("{name}FOREIGN KEY ({}) {}", quoted(columns), clause.text);
                return Some(if inline { text } else { clause.text.clone() });
            };
            Some(format!(
                "{name}FOREIGN KEY ({}) REFERENCES {} ({}){}",
                twins(),
                Sqlite.table(plan, reference.to),
                Sqlite.list(&plan.twins(reference.to, &reference.to_columns)),
                reference.clauses
            ))
        }
        // What was checked of an old id says nothing of a new one.
        Rule::Check if !inline => {
            let mut carriers = plan.carriers_of(table);
            let of_old = carriers.any(|carrier| clause.mentions(&carrier.column.name));
            (form == Form::Both || !of_old).then(|| clause.text.clone())
        }
        _ if inline => None,
        _ => Some(clause.text.clone()),
    }
}

fn same_names(some: &[String], others: &[String]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(a, b)| a.eq_ignore_ascii_case(b))
}

fn quoted(columns: &[String]) -> String {
    Sqlite.list(&columns.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The columns that are copied when a table is made anew: those that both have, and the rowid, unless
/// it is one of them.
pub(super) fn copied(plan: &Plan, table: usize, form: Form) -> Result<Vec<String>, Error> {
    let found = definition(plan, table)?;
    let mut columns = Vec::new();
    for item in &found.items {
        let Item::Column(column) = item else { continue };
        let computed = column.clauses.iter().any(|clause| clause.rule == Rule::Generated);
        if !computed && (form != Form::New || carrier(plan, table, &column.name).is_none()) {
            columns.push(Sqlite.quote(&column.name));
        }
    }
    columns.extend(plan.carriers_of(table).map(|carrier| Sqlite.quote(&carrier.new)));
    let key = plan.tables[table].key.as_slice();
    let is_rowid = matches!(key, [key] if key.default.as_deref() == Some("identity")
        && (form == Form::Original || carrier(plan, table, &key.name).is_none()));
    if !is_rowid {
        columns.push("rowid".into());
    }
    Ok(columns)
}

/// The indexes of a table in a form, as they are to be made: name and SQL.
pub(super) fn indexes(plan: &Plan, table: usize, form: Form) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let of_table = plan.definitions.iter().filter(|of| of.table == table);
    for of in of_table.filter(|of| of.what == Made::Index) {
        let carried =
            plan.indexes.iter().any(|index| index.table == table && index.name == of.name);
        if form == Form::New && carried {
            all.push((of.name.clone(), twin_sql(plan, table, &of.sql, None)));
        } else {
            all.push((of.name.clone(), of.sql.clone()));
        }
    }
    if form == Form::New {
        return all;
    }
    for index in plan.indexes.iter().filter(|index| index.table == table) {
        if form == Form::Both && index.primary {
            all.push(kept(plan, index));
        } else {
            all.push(twin(plan, index));
        }
    }
    all
}

/// The twin of an index: name and SQL.
pub(super) fn twin(plan: &Plan, index: &Index) -> (String, String) {
    let name = plan.twin_name(&index.name);
    let mut made = plan.definitions.iter().filter(|of| of.what == Made::Index);
    let sql = match made.find(|of| of.table == index.table && of.name == index.name) {
        Some(of) => twin_sql(plan, index.table, &of.sql, Some(&name)),
        // Of a constraint.
        None => unique(plan, index.table, &name, &plan.twins(index.table, &index.columns)),
    };
    (name, sql)
}

/// The unique index of an old key that is one no more.
fn kept(plan: &Plan, index: &Index) -> (String, String) {
    let name = plan.kept_name(&index.name);
    let columns: Vec<_> = index.columns.iter().map(String::as_str).collect();
    let sql = unique(plan, index.table, &name, &columns);
    (name, sql)
}

fn unique(plan: &Plan, table: usize, name: &str, columns: &[&str]) -> String {
    let (name, table) = (Sqlite.quote(name), Sqlite.table(plan, table));
    format!("CREATE UNIQUE INDEX {name} ON {table} ({})", Sqlite.list(columns))
}

/// An index's SQL with the new columns for the old ones, and another name where there is one.
fn twin_sql(plan: &Plan, table: usize, sql: &str, name: Option<&str>) -> String {
    let all = super::tokens::tokens(sql);
    let place = all.iter().position(|token| token.is("INDEX")).map_or(0, |i| i + 1);
    replaced(sql, |i, token: &Token<'_>| match i {
        _ if i == place => name.map(|name| Sqlite.quote(name)),
        _ if i > place + 2 => carrier(plan, table, &token.name()?).map(|of| Sqlite.quote(&of.new)),
        _ => None,
    })
}
