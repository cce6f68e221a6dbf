//! What a database says of its schema, before anything is concluded from it.

#[cfg(feature = "sqlite")]
use crate::plan::Made;
use crate::plan::{Column, Definition, Index, Reference, Table};

/// A schema as it was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) tables: Vec<Table>,
    pub(crate) columns: Vec<(usize, Column)>,
    pub(crate) indexes: Vec<FoundIndex>,
    pub(crate) references: Vec<Reference>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) odd: Vec<Odd>,
}

/// Something of columns that cannot be carried over to others.
#[cfg_attr(
    not(any(feature = "postgres", feature = "mysql")),
    allow(
        dead_code,
        reason = "SQLite makes tables anew from their texts, with all that is in them"
    )
)]
#[derive(Clone, Debug)]
pub(crate) struct Odd {
    pub(crate) table: usize,
    pub(crate) columns: Vec<String>,
    /// By which name it can be accepted.
    pub(crate) name: &'static str,
    pub(crate) what: String,
}

impl Catalog {
    /// Keeps the text of something, where the engine works on texts.
    #[cfg(feature = "sqlite")]
    pub(super) fn define(&mut self, table: usize, what: Made, name: &str, sql: String) {
        self.definitions.push(Definition { table, what, name: name.into(), sql });
    }
}

/// An index as it was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundIndex {
    pub(crate) index: Index,
    /// Why it cannot have a twin, if so.
    pub(crate) odd: Option<&'static str>,
    /// By how many of its columns, from the first, rows are told apart where none of them is NULL; 0 where not all
    /// rows are.
    pub(crate) unique_by: usize,
}
