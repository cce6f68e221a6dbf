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
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, as the engine writes it.
    pub sql_type: String,
    /// What is in it.
    pub kind: Kind,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its default, as the engine writes it; `identity` for a column that counts by itself.
    pub default: Option<String>,
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
    /// A view.
    View,
}
