//! The definition of a table, taken apart: SQLite keeps its text, and changes what holds a key or a
//! reference by having the table made anew.
//!
//! # Source
//! The diagrams of CREATE TABLE in SQLite's documentation: column-def, column-constraint,
//! table-constraint, foreign-key-clause.

use super::tokens::{Token, tokens};
use crate::Error;

/// A table as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Definition {
    /// Columns, then constraints.
    pub(super) items: Vec<Item>,
    /// From the bracket that opens the columns on.
    pub(super) body: String,
    /// What follows them: `STRICT`, or nothing.
    pub(super) options: String,
}

/// A column, or a constraint of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Column(Column),
    Constraint(Clause),
}

/// A column as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// Everything.
    pub(super) text: String,
    /// Name and type.
    pub(super) head: String,
    pub(super) clauses: Vec<Clause>,
}

/// A constraint, or what else is said of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) rule: Rule,
    /// The name after CONSTRAINT.
    pub(super) name: Option<String>,
    /// The columns in it; of a column's own clauses none.
    pub(super) columns: Vec<String>,
    pub(super) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    PrimaryKey {
        autoincrement: bool,
    },
    Unique,
    NotNull,
    Check,
    References {
        table: String,
        columns: Vec<String>,
        clauses: String,
    },
    /// A column that is computed.
    Generated,
    /// A default, a collation, a NULL.
    Other,
}

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
    let end = tokens[reader.at - 1].end();
    Ok(Definition {
        items,
        body: sql[tokens[open].start..].into(),
        options: sql[end..].trim().into(),
    })
}

impl Definition {
    /// Every clause with the columns that it is of.
    pub(super) fn clauses(&self) -> impl Iterator<Item = (Vec<String>, &Clause)> {
        self.items.iter().flat_map(|item| match item {
            Item::Column(column) => {
                column.clauses.iter().map(|clause| (vec![column.name.clone()], clause)).collect()
            }
            Item::Constraint(clause) => vec![(clause.columns.clone(), clause)],
        })
    }

    /// Whether the key counts up for good.
    pub(super) fn autoincrements(&self) -> bool {
        let counts = |clause: &Clause| clause.rule == Rule::PrimaryKey { autoincrement: true };
        self.clauses().any(|(_, clause)| counts(clause))
    }
}

impl Clause {
    /// Whether a name is a word of it.
    pub(super) fn mentions(&self, name: &str) -> bool {
        tokens(&self.text).iter().filter_map(Token::name).any(|n| n.eq_ignore_ascii_case(name))
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
        self.brackets()?.iter().map(|part| part.first()?.name()).collect()
    }

    fn item(&mut self, items: &mut Vec<Item>) -> Option<()> {
        let constrains = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
        if constrains.iter().any(|word| self.peek(word)) {
            items.push(Item::Constraint(self.clause(true)?));
            return Some(());
        }
        let begin = self.at;
        let name = self.next()?.name()?;
        let ends = |reader: &Self| reader.peek(",") || reader.peek(")");
        while !ends(self) && !self.at_clause() {
            // The numbers of a type stand in brackets.
            if self.brackets().is_none() {
                self.next()?;
            }
        }
        let head = self.since(begin).to_owned();
        let mut clauses = Vec::new();
        while !ends(self) {
            clauses.push(self.clause(false)?);
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
        ];
        words.iter().any(|word| self.peek(word))
    }

    fn clause(&mut self, of_table: bool) -> Option<Clause> {
        let begin = self.at;
        let name = if self.take("CONSTRAINT") { Some(self.next()?.name()?) } else { None };
        let mut columns = Vec::new();
        let word = self.next()?.text.to_ascii_uppercase();
        let rule = match word.as_str() {
            "PRIMARY" => {
                self.take("KEY");
                let mut autoincrement = false;
                if of_table {
                    let parts = self.brackets()?;
                    autoincrement = parts.iter().any(|p| p.iter().any(|t| t.is("AUTOINCREMENT")));
                    columns = parts.iter().map(|p| p.first()?.name()).collect::<Option<_>>()?;
                }
                let _ = self.take("ASC") || self.take("DESC");
                self.conflict();
                autoincrement |= self.take("AUTOINCREMENT");
                Rule::PrimaryKey { autoincrement }
            }
            "UNIQUE" => {
                if of_table {
                    columns = self.columns()?;
                }
                self.conflict();
                Rule::Unique
            }
            "NOT" => {
                self.take("NULL");
                self.conflict();
                Rule::NotNull
            }
            "CHECK" => {
                self.brackets()?;
                self.conflict();
                Rule::Check
            }
            "FOREIGN" if of_table => {
                self.take("KEY");
                columns = self.columns()?;
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
        Some(Clause { rule, name, columns, text: self.since(begin).into() })
    }

    fn conflict(&mut self) {
        if self.peek("ON") && self.tokens.get(self.at + 1).is_some_and(|t| t.is("CONFLICT")) {
            self.at += 3;
        }
    }

    /// After REFERENCES: the table, its columns, and what follows.
    fn references(&mut self) -> Option<Rule> {
        let table = self.next()?.name()?;
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
            } else if self.peek("NOT") && self.tokens.get(self.at + 1)?.is("DEFERRABLE") {
                self.at += 2;
            } else if self.take("INITIALLY") {
                self.next()?;
            } else if !self.take("DEFERRABLE") {
                break;
            }
        }
        let clauses = self.since(begin);
        let clauses = if clauses.is_empty() { String::new() } else { format!(" {clauses}") };
        Some(Rule::References { table, columns, clauses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
