//! The plan of a migration: what was found in the schema, and what the new ids are.
//!
//! A *carrier* is a column that holds ids of the migrated table: its own key, a reference to it, or
//! a reference to such a reference through a composite key. Every carrier gets a neighbour for the
//! new id; every index, constraint and reference that has a carrier in it gets a twin.
//!
//! **Invariant:** the plan is made once and kept in the target database; the steps of all phases
//! follow from it alone, so they are the same before and after a crash.

mod cascades;
mod course;
mod estimate;
mod finding;
mod fingerprint;
mod graph;
mod late;
mod losses;
mod risk;
mod rows;
mod schema;
mod shared;
mod survey;
mod timeline;

pub use course::{Leg, Planned, room};
pub use estimate::{Estimate, Settings, span};
pub use finding::{Finding, Risk};
pub use fingerprint::Fingerprint;
pub(crate) use fingerprint::{changes, gone, left_behind};
#[cfg(feature = "postgres")]
pub(crate) use late::late;
pub use risk::{Grade, Hazard};
pub(crate) use rows::have_keys;
pub use schema::{Carrier, Column, Definition, Index, Kind, Made, Reference, Table};
pub(crate) use shared::shared;
pub use survey::{Wish, survey};
pub(crate) use survey::{locate, millis};
pub use timeline::Timeline;

use serde::{Deserialize, Serialize};

use crate::Phase;
use crate::session::Engine;
use crate::target::Target;

/// Everything that the steps of a migration follow from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the migration.
    pub name: String,
    /// The database's kind.
    pub engine: Engine,
    /// What the new ids are.
    pub target: Target,
    /// What a new column's name ends with.
    pub suffix: String,
    /// What old rows are ordered by.
    pub order: Order,
    /// The migrated table first, then those that refer to it.
    pub tables: Vec<Table>,
    /// The migrated key first.
    pub carriers: Vec<Carrier>,
    /// Primary keys, unique constraints and indexes that hold a carrier.
    pub indexes: Vec<Index>,
    /// Foreign keys that hold a carrier.
    pub references: Vec<Reference>,
    /// What the person should know before they begin.
    pub findings: Vec<Finding>,
    /// First tick of live ids; none before the columns are there.
    pub fence: Option<u64>,
    /// Whether the old id stays the primary key, and the new one a unique column beside it.
    pub keep_key: bool,
    /// The texts of what is made anew on the way, on SQLite.
    pub definitions: Vec<Definition>,
    /// The schema that it was made for.
    pub fingerprint: Fingerprint,
}

/// What old rows are ordered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A column with the time of creation, and the key where it is the same.
    Time {
        /// The column.
        column: Column,
        /// Milliseconds of Unix time that are believed: what lies outside is clamped.
        believed: (i64, i64),
    },
    /// The key alone, all rows being of one time.
    Key {
        /// Milliseconds of Unix time.
        millis: i64,
    },
    /// The key, which is an id that holds its time.
    Id {
        /// The scheme of it, whose lanes are not used.
        source: Target,
        /// Milliseconds of Unix time that are believed: what lies outside is clamped.
        believed: (i64, i64),
    },
}

impl Plan {
    /// Whether tables are made anew on the way.
    #[must_use]
    pub fn is_rebuilt(&self) -> bool {
        self.engine == Engine::Sqlite && !self.keep_key
    }

    /// The phases of its course, in order: where the old key stays, apps go on to write both ids.
    pub fn phases(&self) -> impl Iterator<Item = Phase> {
        let last = if self.keep_key { Phase::ReadingNew } else { Phase::Contracted };
        Phase::ALL.into_iter().filter(move |phase| *phase <= last)
    }

    /// The migrated table.
    ///
    /// # Panics
    /// If a plan was made by hand, without one.
    #[must_use]
    pub fn root(&self) -> &Table {
        &self.tables[0]
    }

    /// The migrated key.
    ///
    /// # Panics
    /// If a plan was made by hand, without one.
    #[must_use]
    pub fn key(&self) -> &Carrier {
        &self.carriers[0]
    }

    /// The carriers of a table.
    pub fn carriers_of(&self, table: usize) -> impl Iterator<Item = &Carrier> {
        self.carriers.iter().filter(move |carrier| carrier.table == table)
    }

    /// The carriers among the columns of a reference.
    pub fn carriers_in<'a>(
        &'a self,
        reference: &'a Reference,
    ) -> impl Iterator<Item = &'a Carrier> {
        let all = self.carriers_of(reference.table);
        all.filter(|carrier| reference.columns.contains(&carrier.column.name))
    }

    /// The column that takes a column's place: a carrier's neighbour, or itself.
    #[must_use]
    pub fn twin<'a>(&'a self, table: usize, column: &'a str) -> &'a str {
        let carrier = self.carriers_of(table).find(|carrier| carrier.column.name == column);
        carrier.map_or(column, |carrier| &carrier.new)
    }

    /// The same for several.
    #[must_use]
    pub fn twins<'a>(&'a self, table: usize, columns: &'a [String]) -> Vec<&'a str> {
        columns.iter().map(|column| self.twin(table, column)).collect()
    }

    /// The name of the twin of an index or a constraint.
    #[must_use]
    pub fn twin_name(&self, name: &str) -> String {
        suffixed(name, &self.suffix)
    }

    /// The name of the unique index that keeps the old key when another takes its place.
    #[must_use]
    pub fn kept_name(&self, name: &str) -> String {
        suffixed(name, "_old")
    }

    /// The columns that old rows are ordered by.
    #[must_use]
    pub fn order_columns(&self) -> Vec<&Column> {
        let key = &self.key().column;
        match &self.order {
            Order::Time { column, .. } => vec![column, key],
            Order::Key { .. } | Order::Id { .. } => vec![key],
        }
    }

    /// The index that the backfill reads in the rows' order, by name and columns, if none serves already.
    #[must_use]
    pub fn order_index(&self) -> Option<(String, Vec<&str>)> {
        let Order::Time { column, .. } = &self.order else { return None };
        let columns = vec![column.name.as_str(), &self.key().column.name];
        let serves =
            |index: &Index| index.table == 0 && index.columns.iter().eq(columns.iter().copied());
        let name = || suffixed(&self.root().name, "_idgen_order");
        (!self.indexes.iter().any(serves)).then(|| (name(), columns))
    }

    /// The primary keys that hold a carrier.
    pub fn primaries(&self) -> impl Iterator<Item = &Index> {
        self.indexes.iter().filter(|index| index.primary)
    }

    /// Those that another takes the place of.
    pub fn replaced(&self) -> impl Iterator<Item = &Index> {
        self.primaries().filter(|_| !self.keep_key)
    }
}

/// A name with a suffix, in the 63 bytes that every engine allows. What is cut off of a long one leaves
/// its hash, so that no two become one.
pub(crate) fn suffixed(name: &str, suffix: &str) -> String {
    let room = 63 - suffix.len().min(54);
    if name.len() <= room {
        return format!("{name}{suffix}");
    }
    let fold = |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = name.bytes().fold(0x811c_9dc5, fold);
    let end = (0..=room - 9).rev().find(|end| name.is_char_boundary(*end));
    format!("{}_{hash:08x}{suffix}", &name[..end.unwrap_or(0)])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Customers, and their orders.
    pub(crate) fn example() -> Plan {
        let column = |name: &str| Column {
            name: name.into(),
            sql_type: "uuid".into(),
            base: None,
            kind: Kind::Uuid,
            nullable: false,
            default: None,
        };
        let table = |name: &str| Table {
            schema: Some("public".into()),
            name: name.into(),
            rows: 1_000_000,
            bytes: 100_000_000,
            key: vec![column("id")],
            rewritten: false,
            touched: Vec::new(),
        };
        let carrier =
            |table, name: &str| Carrier { table, column: column(name), new: format!("{name}_new") };
        Plan {
            name: "customers".into(),
            engine: Engine::Postgres,
            target: Target::uuid(),
            suffix: "_new".into(),
            order: Order::Key { millis: 0 },
            tables: vec![table("customers"), table("orders")],
            carriers: vec![carrier(0, "id"), carrier(1, "customer_id")],
            indexes: vec![Index {
                table: 0,
                name: "customers_pkey".into(),
                columns: vec!["id".into()],
                primary: true,
                unique: true,
                constraint: true,
            }],
            references: vec![Reference {
                table: 1,
                name: "orders_customer_id_fkey".into(),
                columns: vec!["customer_id".into()],
                to: 0,
                to_columns: vec!["id".into()],
                clauses: String::new(),
                cleared: Vec::new(),
            }],
            findings: Vec::new(),
            fence: Some(7),
            keep_key: false,
            definitions: Vec::new(),
            fingerprint: Fingerprint::default(),
        }
    }

    #[test]
    fn names_are_cut_to_what_engines_allow() {
        assert_eq!(suffixed("orders_pkey", "_new"), "orders_pkey_new");
        let long = |end: &str| suffixed(&format!("{}{end}", "ü".repeat(40)), "_new");
        assert!(
            long("a").len() <= 63 && long("a").ends_with("_new") && long("a").starts_with("üü")
        );
        assert_ne!(long("a"), long("b"), "two names stay two");
    }
}
