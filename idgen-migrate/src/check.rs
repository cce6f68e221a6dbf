//! What is checked: the names of what gates look at and of what stops a plan, by which it can be accepted.

use serde::Serialize;

/// Whether the schema is still what the plan was made for.
pub(crate) const SCHEMA: &str = "schema";
/// The instances of the app that do not act by the phase yet.
pub(crate) const INSTANCES: &str = "instances";
/// Whether an app still writes by old ids alone.
pub(crate) const OLD_WRITERS: &str = "old-writers";
/// What shadow reads found.
pub(crate) const SHADOW: &str = "shadow";
/// The order of new ids.
pub(crate) const ORDER: &str = "order";
/// The time from which live ids are made.
pub(crate) const FENCE: &str = "fence";
/// Rows without a new id.
pub(crate) const MISSING: &str = "missing";
/// References that are not by both ids of one row.
pub(crate) const REFERENCES: &str = "references";
/// Ids that several rows have.
pub(crate) const DUPLICATES: &str = "duplicates";
/// What the database would not let go of, or would be broken by: nobody can accept it, since the last phase
/// would end in its middle.
pub(crate) const DEPENDENTS: &str = "dependents";
/// Defaults of references that cannot be told from what an app wrote, and of a key that are the same for every row:
/// nobody can accept them, since rows would refer to somebody else, or have no old id.
pub(crate) const DEFAULTS: &str = "defaults";
/// Ids of types that compare by operators which are not the server's own: nobody can accept them, since triggers would
/// compare them by others, and refuse what is right.
pub(crate) const OPERATORS: &str = "operators";
/// Ids of domains that refuse NULL, or what is made up for an old id: nobody can accept them, since no row could be
/// written by its new ids alone.
pub(crate) const DOMAINS: &str = "domains";
/// What names old columns, as far as its text says so.
pub(crate) const READERS: &str = "readers";
/// What vanishes with the old columns.
pub(crate) const LOST: &str = "lost";
/// What refers to old ids from where no migration reaches.
pub(crate) const OUTSIDE: &str = "outside";
/// What lets a table be changed under a lock alone: who accepts it is refused by the server.
pub(crate) const LOCKED: &str = "locked";
/// What updates fire, and so the backfill for every row.
pub(crate) const ON_UPDATE: &str = "on-update";
/// Changes of what a reference has beside an id, which are refused.
pub(crate) const CASCADES: &str = "cascades";
/// Keys that have no room for an old id that is made up: nobody can accept it, since no row of new ids alone could be
/// written while both are there.
pub(crate) const ROOM: &str = "room";
/// Rows that come early, and are refused.
pub(crate) const LATE: &str = "late";
/// Times of creation that are not believed, of most rows.
pub(crate) const OUTLYING: &str = "outlying";
/// Whether a counter is above all numbers.
pub(crate) const ABOVE: &str = "above";

/// What nobody can accept.
pub(crate) const FIRM: [&str; 5] = [DEPENDENTS, DEFAULTS, OPERATORS, DOMAINS, ROOM];

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Name of the check, by which it can be accepted.
    pub name: &'static str,
    /// What was found.
    pub found: String,
    /// Whether it lets the migration on.
    pub open: bool,
}

impl Check {
    /// The names of all checks of a migration that can be accepted.
    pub const NAMES: [&str; 12] = [
        SCHEMA,
        ON_UPDATE,
        INSTANCES,
        FENCE,
        MISSING,
        REFERENCES,
        DUPLICATES,
        ORDER,
        SHADOW,
        OLD_WRITERS,
        READERS,
        LOST,
    ];

    /// The same of a change to segments.
    pub const OF_SEGMENTS: [&str; 2] = [ABOVE, OLD_WRITERS];

    pub(crate) fn new(name: &'static str, open: bool, found: impl Into<String>) -> Self {
        let names = [Self::NAMES.as_slice(), &Self::OF_SEGMENTS, &FIRM];
        debug_assert!(names.concat().contains(&name), "{name} is missing in the names of checks");
        Self { name, found: found.into(), open }
    }
}
