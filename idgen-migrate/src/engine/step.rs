//! Steps: what is done, what it holds meanwhile, and what has to be true before and after.

use serde::Serialize;

#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::plan::Reference;

/// One thing that is done to the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it does, for people.
    pub title: String,
    /// Tables of the plan that it locks, reads or writes, by their number.
    #[serde(skip)]
    pub tables: Vec<usize>,
    /// What it does with their rows.
    pub work: Work,
    /// What it holds while it runs.
    pub lock: Lock,
    /// The statements, in order.
    pub sql: Vec<String>,
    /// Whether they run in one transaction, where the engine's DDL can.
    pub transaction: bool,
    /// What is said before the transaction, and after it however it ends.
    pub frame: Option<(String, String)>,
    /// A query that names what would be lost by what is done: there must be nothing. It is asked in the
    /// transaction.
    #[serde(skip)]
    pub guard: Option<String>,
    /// A query that yields 1 where the step is done already.
    #[serde(skip)]
    pub done: Option<String>,
    /// A query that yields 1 where an earlier attempt left a ruin, and what removes it.
    #[serde(skip)]
    pub ruin: Option<(String, String)>,
    /// A query that counts the rows that do not allow what was done: there must be none. It is asked in
    /// the transaction, if there is one.
    #[serde(skip)]
    pub none: Option<String>,
}

/// How a step gets in the way of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lock {
    /// Not at all.
    None,
    /// It reads or writes whole tables, beside all other work.
    Beside,
    /// It keeps everybody out of its tables, for a moment.
    Moment,
    /// It keeps writers out while it reads or writes whole tables.
    Writers,
    /// It keeps writers out of the rows of a chunk, until that is written; and of all, where one writes at a
    /// time.
    Chunk,
}

/// What a step does with the rows of its tables: how long it takes, and what space, follows from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// Nothing: it changes the schema alone.
    Schema,
    /// It reads them.
    Read,
    /// It makes an index of them.
    Index,
    /// It writes them anew, with their indexes.
    Rewrite,
    /// It fills a column of them.
    Fill,
}

impl Step {
    /// Statements that keep everybody out for a moment, in one transaction.
    pub(crate) fn moment(title: impl Into<String>, sql: Vec<String>) -> Self {
        Self {
            title: title.into(),
            tables: Vec::new(),
            work: Work::Schema,
            lock: Lock::Moment,
            sql,
            transaction: true,
            frame: None,
            guard: None,
            done: None,
            ruin: None,
            none: None,
        }
    }

    /// Statements that run beside other work, each by itself.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn beside(title: impl Into<String>, sql: Vec<String>) -> Self {
        Self { lock: Lock::Beside, transaction: false, ..Self::moment(title, sql) }
    }

    /// The same, of these tables.
    pub(crate) fn on(self, tables: impl IntoIterator<Item = usize>) -> Self {
        Self { tables: tables.into_iter().collect(), ..self }
    }

    /// The same, doing this with their rows.
    pub(crate) fn doing(self, work: Work) -> Self {
        Self { work, ..self }
    }

    /// Statements that are to be read, of work that is done in parts.
    pub(crate) fn shown(title: impl Into<String>, lock: Lock, sql: Vec<String>) -> Self {
        let transaction = lock == Lock::Chunk;
        Self { lock, transaction, ..Self::moment(title, sql) }
    }

    /// Whether it is done as a whole or not at all: where it errs, nothing was done.
    pub(crate) fn is_whole(&self) -> bool {
        self.transaction || self.sql.len() <= 1 && self.none.is_none()
    }

    pub(crate) fn unless(self, done: impl Into<String>) -> Self {
        Self { done: Some(done.into()), ..self }
    }
}

/// The tables of a reference, the one that it points to first.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn both(reference: &Reference) -> Vec<usize> {
    let mut both = vec![reference.to, reference.table];
    both.dedup();
    both
}
