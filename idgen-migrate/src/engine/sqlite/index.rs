//! The indexes of a table in the course: as they were, and their twins, which are their texts with other names in them.

use super::table::{Form, carrier, mentions_old};
use super::tokens::{Token, replaced, tokens};
use super::{Dialect, Sqlite};
use crate::plan::{Index, Made, Plan};

/// The indexes of a table in a form, as they are to be made: name and SQL.
pub(super) fn indexes(plan: &Plan, table: usize, form: Form) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let of_table = plan.definitions.iter().filter(|of| of.table == table);
    for of in of_table.filter(|of| of.what == Made::Index) {
        let carried =
            plan.indexes.iter().any(|index| index.table == table && index.name == of.name);
        match form {
            Form::New if carried => {
                all.push((of.name.clone(), twin_sql(plan, table, &of.sql, None)));
            }
            // One that has no twin goes with what it asks of.
            Form::New if mentions_old(plan, table, asked(&of.sql)) => {}
            _ => all.push((of.name.clone(), of.sql.clone())),
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

/// What an index is of, and of which rows: what follows its own name and the table's.
fn asked(sql: &str) -> &str {
    let words = tokens(sql);
    let open = words.iter().find(|word| word.is("("));
    open.map_or("", |open| &sql[open.start..])
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
    let all = tokens(sql);
    let place = all.iter().position(|token| token.is("INDEX")).map_or(0, |i| i + 1);
    replaced(sql, |i, token: &Token<'_>| match i {
        _ if i == place => name.map(|name| Sqlite.quote(name)),
        _ if i > place + 2 => {
            let old = if is_column(&all, i) { token.label() } else { token.name() };
            carrier(plan, table, &old?).map(|of| Sqlite.quote(&of.new))
        }
        _ => None,
    })
}

/// Whether a token of an index's text is a column that it is of, as that is.
pub(super) fn is_column(all: &[Token<'_>], i: usize) -> bool {
    let before = &all[..i];
    let count = |sign: &str| before.iter().filter(|token| token.is(sign)).count();
    let begins = before.last().is_some_and(|last| last.is("(") || last.is(","));
    let inside = count("(") == count(")") + 1 && count("WHERE") == 0;
    let ends = |at: usize| {
        all.get(at).is_none_or(|next| [",", ")", "ASC", "DESC"].iter().any(|end| next.is(end)))
    };
    let collated = all.get(i + 1).is_some_and(|next| next.is("COLLATE")) && ends(i + 3);
    begins && inside && (ends(i + 1) || collated)
}

/// Whether an index asks anything of a column but whether it is there: in an expression, or which rows it is of.
pub(super) fn asks_of(sql: &str, column: &str) -> bool {
    let all = tokens(sql);
    let open = all.iter().position(|token| token.is("(")).unwrap_or(all.len());
    let asks_whether_there = |i: usize| {
        let words: Vec<_> = all[i + 1..].iter().take(3).map(|word| word.text).collect();
        let words = words.join(" ").to_ascii_uppercase();
        ["IS NULL", "IS NOT NULL", "NOTNULL", "ISNULL", "NOT NULL"]
            .iter()
            .any(|asked| words.starts_with(asked))
    };
    (open..all.len()).any(|i| {
        let is_it = all[i].name().is_some_and(|name| name.eq_ignore_ascii_case(column));
        is_it && !is_column(&all, i) && !asks_whether_there(i)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_index_asks_of_a_column_is_told_from_being_of_it() {
        for (of, asks) in [
            ("(a)", false),
            ("(b, A DESC)", false),
            ("(\"a\" COLLATE NOCASE ASC, b) WHERE b > 1", false),
            ("(a, b) WHERE a IS NOT NULL AND b = 'a'", false),
            ("('a') WHERE (a) IS NULL", true),
            ("('a') WHERE a NOTNULL", false),
            ("(lower(a))", true),
            ("(a COLLATE NOCASE || b)", true),
            ("(b, (a))", true),
            ("(b) WHERE a > 1", true),
            ("(b) WHERE b = 1 AND (a)", true),
            ("(b) WHERE b = 'a'", false),
        ] {
            assert_eq!(asks_of(&format!("CREATE UNIQUE INDEX a ON a {of}"), "a"), asks, "{of}");
        }
    }
}
