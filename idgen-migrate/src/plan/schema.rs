//! What a plan keeps of the schema.

use serde::{Deserialize, Serialize};

/// A table that holds ids of the migrated one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its schema; none where the engine has one at a time.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// About how many rows it has.
    pub rows: i64,
    /// About how many bytes it takes, indexes included.
    pub bytes: i64,
    /// The columns of its primary key, in order.
    pub key: Vec<Column>,
    /// Whether it is written anew where columns come or go, beside others: elsewhere that is a matter of a moment.
    #[serde(default)]
    pub rewritten: bool,
    /// Columns that become the time of an update which does not name them.
    #[serde(default)]
    pub touched: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the engine writes it.
    pub sql_type: String,
    /// The type that its own stands for, where that is a domain.
    #[serde(default)]
    pub base: Option<String>,
    /// What is in it.
    pub kind: Kind,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its default, as the engine writes it; `identity` for a column that counts by itself.
    pub default: Option<String>,
}

impl Column {
    /// The type of what it holds: of a domain the one that it stands for.
    #[must_use]
    pub fn stored_type(&self) -> &str {
        self.base.as_ref().unwrap_or(&self.sql_type)
    }

    /// How many characters it has room for, where it holds texts of so many at most.
    #[must_use]
    pub fn room(&self) -> Option<usize> {
        let (_, room) = self.stored_type().split_once('(').filter(|_| self.kind == Kind::Text)?;
        room.split_once(')')?.0.trim().parse().ok()
    }

    /// The default as a literal, if it is a constant: a row that was given no value is told by it.
    #[must_use]
    pub fn constant_default(&self) -> Option<&str> {
        let default = self.default.as_deref()?.trim();
        let inner = default.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
        let default = inner.unwrap_or(default).trim();
        let quoted =
            default.starts_with('\'') || default.starts_with("x'") || default.starts_with("X'");
        let (value, cast) = match default.rfind('\'') {
            Some(end) if quoted => default.split_at(end + 1),
            _ => default.split_at(default.find("::").unwrap_or(default.len())),
        };
        let is_number = || value.parse::<i128>().is_ok();
        let is_text = || quoted && one_literal(value);
        let is_cast = cast.is_empty() || cast.starts_with("::");
        (is_cast && (is_number() || is_text())).then_some(value)
    }
}

/// Whether a text in quotes is one literal to its end: quotes in it are doubled.
fn one_literal(value: &str) -> bool {
    let inner = value.trim_start_matches(['x', 'X']).strip_prefix('\'');
    let inner = inner.and_then(|inner| inner.strip_suffix('\''));
    inner.is_some_and(|inner| !inner.replace("''", "").contains('\''))
}

/// What a column holds, as far as it matters for casts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Integers.
    Integer,
    /// UUIDs, in a type of the engine's own.
    Uuid,
    /// Bytes.
    Bytes,
    /// Texts.
    Text,
    /// Instants.
    Time,
    /// Anything else.
    Other,
}

/// A column that holds ids of the migrated table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carrier {
    /// Which table it is in.
    pub table: usize,
    /// The column of the old ids.
    pub column: Column,
    /// Name of the column of the new ones.
    pub new: String,
}

/// An index with a carrier in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Which table it is of.
    pub table: usize,
    /// Its name, which is its constraint's too where it has one.
    pub name: String,
    /// The columns, in order.
    pub columns: Vec<String>,
    /// Whether it is the primary key.
    pub primary: bool,
    /// Whether it is unique.
    pub unique: bool,
    /// Whether it belongs to a constraint.
    pub constraint: bool,
}

/// A foreign key with a carrier in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Which table it is of.
    pub table: usize,
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// The table that it points to.
    pub to: usize,
    /// The columns there, in the same order.
    pub to_columns: Vec<String>,
    /// What follows the columns: actions and when it is checked.
    pub clauses: String,
    /// Which of its columns ON DELETE SET NULL, or DEFAULT, clears; none where it clears all.
    #[serde(default)]
    pub cleared: Vec<String>,
}

/// Something of the schema, as its engine keeps the text of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Which table it is, or is of, or reads.
    pub table: usize,
    /// What it is.
    pub what: Made,
    /// Its name.
    pub name: String,
    /// What made it.
    pub sql: String,
}

/// What a text makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Made {
    /// A table.
    Table,
    /// An index that belongs to no constraint.
    Index,
    /// A trigger.
    Trigger,
    /// A trigger of another table or of a view, which writes or reads it.
    Caller,
    /// A view.
    View,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_a_constant_where_every_row_has_the_same() {
        let mut column = Column {
            name: "a".into(),
            sql_type: "bigint".into(),
            base: None,
            kind: Kind::Integer,
            nullable: true,
            default: None,
        };
        for (default, constant) in [
            ("1", Some("1")),
            ("(-1)", Some("-1")),
            ("'-1'::integer", Some("'-1'")),
            ("'it''s'::character varying", Some("'it''s'")),
            ("x'00ff'", Some("x'00ff'")),
            ("NULL::bigint", None),
            ("identity", None),
            ("nextval('s'::regclass)", None),
            ("('a'::text || 'b'::text)", None),
            ("'a' || 'b'", None),
            ("CURRENT_USER", None),
            ("1 + 1", None),
            ("'", None),
            ("", None),
        ] {
            column.default = Some(default.into());
            assert_eq!(column.constant_default(), constant, "{default}");
        }
    }
}
