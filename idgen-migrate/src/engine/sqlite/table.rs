//! The forms of a table in the course: as it was, with both ids, and with the new ones alone.

use super::definition::{Clause, Column, Definition, Item, Rule};
use super::reader::parse;
use super::tokens::{Token, tokens};
use super::{Dialect, Sqlite, same_names};
use crate::Error;
use crate::plan::{Carrier, Made, Plan, Reference};

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
                None => columns.push(beside(plan, table, column, form)),
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

pub(super) fn carrier<'a>(plan: &'a Plan, table: usize, column: &str) -> Option<&'a Carrier> {
    plan.carriers_of(table).find(|carrier| carrier.column.name.eq_ignore_ascii_case(column))
}

/// Whether a text has the name of one of a table's old ids in it.
pub(super) fn mentions_old(plan: &Plan, table: usize, text: &str) -> bool {
    let words = tokens(text);
    words.iter().filter_map(Token::name).any(|name| carrier(plan, table, &name).is_some())
}

/// The same of a constraint, whose own name is none of a column.
pub(super) fn constrains_old(plan: &Plan, table: usize, clause: &Clause) -> bool {
    mentions_old(plan, table, unnamed(clause))
}

/// A column that holds no ids. What was checked of an old id beside it goes with that.
fn beside(plan: &Plan, table: usize, column: &Column, form: Form) -> String {
    let goes = |clause: &Clause| clause.rule == Rule::Check && constrains_old(plan, table, clause);
    if form == Form::Both || !column.clauses.iter().any(goes) {
        return column.text.clone();
    }
    let stay = column.clauses.iter().filter(|clause| !goes(clause));
    column.head.clone() + &stay.map(|clause| format!(" {}", clause.text)).collect::<String>()
}

/// A carrier's column. The old one is neither key nor reference nor asked for; the new one of a row that
/// has no old one may be missing too.
fn remade(plan: &Plan, carrier: &Carrier, column: &Column, form: Form) -> String {
    if form == Form::New {
        let mut asked = column.clauses.iter().filter(|clause| clause.rule == Rule::NotNull);
        let null = if carrier.column.nullable { "" } else { " NOT NULL" };
        return new_column(plan, carrier) + null + &asked.next().map(tail).unwrap_or_default();
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
    let (twins, tail) = (Sqlite.list(&plan.twins(table, columns)), tail(clause));
    match &clause.rule {
        Rule::PrimaryKey { .. } if carried => Some(format!("{name}PRIMARY KEY ({twins}){tail}")),
        Rule::Unique if carried && form == Form::New => {
            Some(format!("{name}UNIQUE ({twins}){tail}"))
        }
        Rule::Unique if inline => Some(format!("{name}UNIQUE ({}){tail}", quoted(columns))),
        Rule::References { .. } if carried => {
            let Some(reference) = planned(plan, table, columns, &clause.rule) else {
                // Of a carrier to something else, which it refers to no more without its old ids.
                let text = format!("{name}FOREIGN KEY ({}) {}", quoted(columns), unnamed(clause));
                let text = if inline { text } else { clause.text.clone() };
                return (form == Form::Both).then_some(text);
            };
            Some(format!(
                "{name}FOREIGN KEY ({twins}) REFERENCES {} ({}){}",
                Sqlite.table(plan, reference.to),
                Sqlite.list(&plan.twins(reference.to, &reference.to_columns)),
                reference.clauses
            ))
        }
        // What was checked of an old id says nothing of a new one.
        Rule::Check if !inline => {
            let of_old = constrains_old(plan, table, clause);
            (form == Form::Both || !of_old).then(|| clause.text.clone())
        }
        _ if inline => None,
        _ => Some(clause.text.clone()),
    }
}

/// What is done on a conflict, where that is said.
fn tail(clause: &Clause) -> String {
    clause.conflict.as_ref().map(|what| format!(" ON CONFLICT {what}")).unwrap_or_default()
}

/// A clause without its name.
fn unnamed(clause: &Clause) -> &str {
    let named = usize::from(clause.name.is_some()) * 2;
    tokens(&clause.text).get(named).map_or("", |first| &clause.text[first.start..])
}

/// The plan's reference that a table's is.
fn planned<'a>(
    plan: &'a Plan,
    table: usize,
    columns: &[String],
    rule: &Rule,
) -> Option<&'a Reference> {
    let Rule::References { table: to, columns: to_columns, .. } = rule else { return None };
    plan.references.iter().find(|of| {
        of.table == table
            && same_names(&of.columns, columns)
            && plan.tables[of.to].name.eq_ignore_ascii_case(to)
            && (to_columns.is_empty() || same_names(&of.to_columns, to_columns))
    })
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
