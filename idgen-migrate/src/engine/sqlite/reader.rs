//! Reads what a table's text says, as SQLite does.
//!
//! # Source
//! The diagrams of CREATE TABLE in SQLite's documentation: column-def, column-constraint,
//! table-constraint, foreign-key-clause; and, of what they leave out, its grammar, `parse.y`.

use super::definition::{Clause, Column, Definition, Item, Rule};
use super::tokens::{Token, tokens};
use crate::Error;

/// Reads the text that `sqlite_schema` has of a table.
pub(super) fn parse(sql: &str) -> Result<Definition, Error> {
    let tokens = tokens(sql);
    let mut reader = Reader { sql, tokens: &tokens, at: 0 };
    let wrong = |at: usize| {
        let near: String = sql[at.min(sql.len())..].chars().take(40).collect();
        Error::Schema(format!("the definition of a table cannot be read at '{near}': {sql}"))
    };
    let open = tokens.iter().position(|token| token.is("("));
    let open = open.ok_or_else(|| wrong(0))?;
    reader.at = open + 1;
    let mut items = Vec::new();
    loop {
        let begin = reader.at;
        reader.item(&mut items).ok_or_else(|| wrong(reader.place()))?;
        if reader.take(")") {
            break;
        }
        // Between constraints the comma may be missing.
        let constraint = matches!(items.last(), Some(Item::Constraint(_)));
        if !(reader.take(",") || constraint) || reader.at == begin {
            return Err(wrong(reader.place()));
        }
    }
    spell(&mut items);
    let end = tokens[reader.at - 1].end();
    Ok(Definition {
        items,
        body: sql[tokens[open].start..].into(),
        options: sql[end..].trim().into(),
    })
}

/// Spells the columns of constraints as the table does.
fn spell(items: &mut [Item]) {
    let name = |item: &Item| match item {
        Item::Column(column) => Some(column.name.clone()),
        Item::Constraint(_) => None,
    };
    let names: Vec<_> = items.iter().filter_map(name).collect();
    for item in items {
        let Item::Constraint(clause) = item else { continue };
        for column in &mut clause.columns {
            if let Some(name) = names.iter().find(|name| name.eq_ignore_ascii_case(column)) {
                column.clone_from(name);
            }
        }
    }
}

struct Reader<'a> {
    sql: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self, word: &str) -> bool {
        self.tokens.get(self.at).is_some_and(|token| token.is(word))
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.peek(word);
        self.at += usize::from(there);
        there
    }

    fn next(&mut self) -> Option<&'a Token<'a>> {
        self.at += 1;
        self.tokens.get(self.at - 1)
    }

    fn place(&self) -> usize {
        self.tokens.get(self.at).map_or(self.sql.len(), |token| token.start)
    }

    /// The text from a token to the last one that was read.
    fn since(&self, begin: usize) -> &'a str {
        let end = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        match (self.tokens.get(begin), end) {
            (Some(first), Some(last)) if begin < self.at => &self.sql[first.start..last.end()],
            _ => "",
        }
    }

    /// What stands in brackets, by the commas in it.
    fn brackets(&mut self) -> Option<Vec<&'a [Token<'a>]>> {
        if !self.take("(") {
            return None;
        }
        let (mut depth, mut begin, mut parts) = (0_usize, self.at, Vec::new());
        loop {
            let token = self.next()?;
            match token.text {
                "(" => depth += 1,
                ")" if depth > 0 => depth -= 1,
                "," | ")" if depth == 0 => {
                    parts.push(&self.tokens[begin..self.at - 1]);
                    begin = self.at;
                    if token.is(")") {
                        return Some(parts);
                    }
                }
                _ => {}
            }
        }
    }

    /// The columns that stand in brackets.
    fn columns(&mut self) -> Option<Vec<String>> {
        let parts = self.brackets()?;
        // Each may stand in brackets of its own.
        let name = |part: &&[Token<'_>]| part.iter().find(|token| !token.is("("))?.label();
        parts.iter().map(name).collect()
    }

    fn ends(&self) -> bool {
        self.peek(",") || self.peek(")")
    }

    fn item(&mut self, items: &mut Vec<Item>) -> Option<()> {
        let constrains = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
        if constrains.iter().any(|word| self.peek(word)) {
            items.push(Item::Constraint(self.clause(true)?));
            return Some(());
        }
        let begin = self.at;
        let name = self.next()?.label()?;
        while !self.ends() && !self.at_clause() {
            // The numbers of a type stand in brackets.
            if self.brackets().is_none() {
                self.next()?;
            }
        }
        let head = self.since(begin).to_owned();
        let mut clauses = Vec::new();
        while !self.ends() {
            match self.deferral() {
                Some(words) => deferred(&mut clauses, &words)?,
                None => clauses.push(self.clause(false)?),
            }
        }
        let text = self.since(begin).to_owned();
        items.push(Item::Column(Column { name, text, head, clauses }));
        Some(())
    }

    fn at_clause(&self) -> bool {
        let words = [
            "CONSTRAINT",
            "PRIMARY",
            "NOT",
            "NULL",
            "UNIQUE",
            "CHECK",
            "DEFAULT",
            "COLLATE",
            "REFERENCES",
            "GENERATED",
            "AS",
            "DEFERRABLE",
        ];
        words.iter().any(|word| self.peek(word))
    }

    fn clause(&mut self, of_table: bool) -> Option<Clause> {
        let begin = self.at;
        let name = if self.take("CONSTRAINT") { Some(self.next()?.label()?) } else { None };
        let mut clause = Clause {
            rule: Rule::Other,
            name,
            columns: Vec::new(),
            conflict: None,
            text: "".into(),
        };
        // A name may also stand for nothing.
        if clause.name.is_none() || !(self.ends() || self.peek("CONSTRAINT")) {
            self.rule(&mut clause, of_table)?;
        }
        clause.text = self.since(begin).into();
        Some(clause)
    }

    fn rule(&mut self, clause: &mut Clause, of_table: bool) -> Option<()> {
        let word = self.next()?.text.to_ascii_uppercase();
        clause.rule = match word.as_str() {
            "PRIMARY" => {
                self.take("KEY");
                let begin = self.at;
                if of_table {
                    clause.columns = self.columns()?;
                }
                let inside = &self.tokens[begin..self.at];
                let mut autoincrement = inside.iter().any(|token| token.is("AUTOINCREMENT"));
                let _ = self.take("ASC") || self.take("DESC");
                clause.conflict = self.conflict();
                autoincrement |= self.take("AUTOINCREMENT");
                Rule::PrimaryKey { autoincrement }
            }
            "UNIQUE" => {
                if of_table {
                    clause.columns = self.columns()?;
                }
                clause.conflict = self.conflict();
                Rule::Unique
            }
            "NOT" => {
                self.take("NULL");
                clause.conflict = self.conflict();
                Rule::NotNull
            }
            "CHECK" => {
                self.brackets()?;
                self.conflict();
                Rule::Check
            }
            "FOREIGN" if of_table => {
                self.take("KEY");
                clause.columns = self.columns()?;
                if !self.take("REFERENCES") {
                    return None;
                }
                self.references()?
            }
            "REFERENCES" => self.references()?,
            "GENERATED" | "AS" => {
                let _ = word == "AS" || (self.take("ALWAYS") && self.take("AS"));
                self.brackets()?;
                let _ = self.take("STORED") || self.take("VIRTUAL");
                Rule::Generated
            }
            "NULL" => {
                self.conflict();
                Rule::Other
            }
            "COLLATE" => {
                self.next()?;
                Rule::Other
            }
            "DEFAULT" => {
                if self.brackets().is_none() {
                    let _ = self.take("-") || self.take("+");
                    self.next()?;
                }
                Rule::Other
            }
            _ => return None,
        };
        Some(())
    }

    /// What is done on a conflict, where that is said.
    fn conflict(&mut self) -> Option<String> {
        let is_next = self.tokens.get(self.at + 1).is_some_and(|token| token.is("CONFLICT"));
        if !(self.peek("ON") && is_next) {
            return None;
        }
        self.at += 2;
        self.next().map(|token| token.text.to_ascii_uppercase())
    }

    /// After REFERENCES: the table, its columns, and what follows.
    fn references(&mut self) -> Option<Rule> {
        let table = self.next()?.label()?;
        let columns = if self.peek("(") { self.columns()? } else { Vec::new() };
        let begin = self.at;
        loop {
            if self.take("ON") {
                self.next()?;
                // SET NULL, SET DEFAULT, NO ACTION, or one word.
                let _ = self.take("SET") || self.take("NO");
                self.next()?;
            } else if self.take("MATCH") {
                self.next()?;
            } else if self.deferral().is_none() {
                break;
            }
        }
        Some(Rule::References { table, columns, clauses: self.words(begin) })
    }

    /// The words from a token to the last one that was read, each after a blank, without what stands between them.
    fn words(&self, begin: usize) -> String {
        let words = self.tokens.get(begin..self.at).unwrap_or_default().iter();
        words.map(|word| format!(" {}", word.text.to_ascii_uppercase())).collect()
    }

    /// When a reference is checked, which may be said right after it or later.
    fn deferral(&mut self) -> Option<String> {
        let begin = self.at;
        let not = self.peek("NOT") && self.tokens.get(self.at + 1)?.is("DEFERRABLE");
        self.at += usize::from(not);
        if !self.take("DEFERRABLE") {
            return None;
        }
        if self.take("INITIALLY") {
            self.next()?;
        }
        Some(self.words(begin))
    }
}

/// Says of a column's last reference when it is checked.
fn deferred(clauses: &mut [Clause], words: &str) -> Option<()> {
    let of = |clause: &&mut Clause| matches!(clause.rule, Rule::References { .. });
    let clause = clauses.iter_mut().rev().find(of)?;
    clause.text += words;
    let Rule::References { clauses, .. } = &mut clause.rule else { return None };
    *clauses += words;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_reference_is_known_in_any_case_and_with_comments_in_it() {
        let table = parse(
            "CREATE TABLE t (a INT references p on /* DELETE */ update\n cascade not null deferrable initially deferred)",
        );
        let clause = table.unwrap().clauses().next().unwrap().1.clone();
        let Rule::References { clauses, .. } = &clause.rule else { panic!("{clause:?}") };
        assert_eq!(clauses, " ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED");
    }

    #[test]
    fn a_table_is_taken_apart() {
        let sql = "CREATE TABLE orders (id INTEGER PRIMARY KEY ON CONFLICT ABORT AUTOINCREMENT, -- the key, of old\n \
            customer VARCHAR(36, 2) CONSTRAINT known NOT NULL DEFAULT (lower('a,b')) REFERENCES customers ON DELETE SET NULL \
            DEFERRABLE INITIALLY DEFERRED NOT NULL, \
            \"odd, name\" DEFAULT -1 CHECK (\"odd, name\" < 5) COLLATE NOCASE, twice INT AS (id * 2) STORED, \
            UNIQUE (customer, id DESC) CONSTRAINT far FOREIGN KEY (customer, id) REFERENCES \
            others (a, b) ON UPDATE CASCADE ON DELETE NO ACTION NOT DEFERRABLE) STRICT";
        let table = parse(sql).unwrap();
        assert!(table.autoincrements() && table.options == "STRICT");
        let names: Vec<_> = table
            .items
            .iter()
            .map(|item| match item {
                Item::Column(column) => (column.head.as_str(), column.clauses.len()),
                Item::Constraint(clause) => (clause.name.as_deref().unwrap_or("-"), 0),
            })
            .collect();
        let expected = [
            ("id INTEGER", 1),
            ("customer VARCHAR(36, 2)", 4),
            ("\"odd, name\"", 3),
            ("twice INT", 1),
            ("-", 0),
            ("far", 0),
        ];
        assert_eq!(names, expected);
        let references: Vec<_> = table
            .clauses()
            .filter_map(|(columns, clause)| match &clause.rule {
                Rule::References { table, columns: to, clauses } => {
                    Some(format!("{columns:?} {table} {to:?}{clauses}"))
                }
                _ => None,
            })
            .collect();
        assert_eq!(
            references,
            [
                "[\"customer\"] customers [] ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
                "[\"customer\", \"id\"] others [\"a\", \"b\"] ON UPDATE CASCADE ON DELETE NO ACTION NOT DEFERRABLE",
            ]
        );
        assert!(parse("CREATE TABLE x (a INT WHAT IS 'this'").is_err());
        assert!(parse("CREATE TABLE x AS SELECT 1").is_err());
    }
}
