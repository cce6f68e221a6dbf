//! The definition of a table, taken apart: SQLite keeps its text, and changes what holds a key or a
//! reference by having the table made anew.
//!
//! # Source
//! The diagrams of CREATE TABLE in SQLite's documentation: column-def, column-constraint,
//! table-constraint, foreign-key-clause.

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
    /// The columns in it, as the table spells them; of a column's own clauses none.
    pub(super) columns: Vec<String>,
    /// What follows ON CONFLICT.
    pub(super) conflict: Option<String>,
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

impl Rule {
    /// How it is written.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::PrimaryKey { .. } => "PRIMARY KEY",
            Self::Unique => "UNIQUE",
            Self::NotNull => "NOT NULL",
            Self::Check => "CHECK",
            Self::References { .. } => "REFERENCES",
            Self::Generated => "AS",
            Self::Other => "",
        }
    }
}
