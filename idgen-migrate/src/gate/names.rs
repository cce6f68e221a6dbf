//! The names of what gates check and of what stops a plan: by these it can be accepted.

use super::Check;
use crate::Error;
use crate::options::Options;
use crate::plan::Finding;

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
/// Rows that come early, and are refused.
pub(crate) const LATE: &str = "late";
/// Whether a counter is above all numbers.
pub(crate) const ABOVE: &str = "above";

/// What nobody can accept.
pub(crate) const FIRM: [&str; 3] = [DEPENDENTS, DEFAULTS, OPERATORS];

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

impl Finding {
    /// The names of all findings that stop a plan until they are accepted.
    pub const NAMES: [&str; 5] = [LOST, OUTSIDE, LOCKED, ON_UPDATE, LATE];

    /// Whether it stops a plan whoever accepts it.
    #[must_use]
    pub fn is_firm(&self) -> bool {
        FIRM.contains(&self.name.as_str())
    }
}

/// Errs where a name is accepted that nothing has: whoever wrote it meant another.
pub(crate) fn are_known(options: &Options) -> Result<(), Error> {
    let mut known = [Finding::NAMES.as_slice(), &Check::NAMES, &Check::OF_SEGMENTS].concat();
    let is_known = |name: &&String| {
        let name = name.as_str();
        // Of those that nobody can accept the gate says so.
        known.contains(&name) || FIRM.contains(&name)
    };
    let Some(name) = options.accepted.iter().find(|name| !is_known(name)) else { return Ok(()) };
    known.sort_unstable();
    known.dedup();
    Err(Error::NoCheck { name: name.clone(), known: known.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_check_is_not_accepted() {
        let accepting = |name: &str| Options { accepted: vec![name.into()], ..Options::default() };
        for name in [SHADOW, LATE, ABOVE, DEPENDENTS] {
            assert!(are_known(&accepting(name)).is_ok(), "{name}");
        }
        for name in ["shadows", ""] {
            let error = are_known(&accepting(name)).unwrap_err().to_string();
            assert!(
                error.contains(&format!("'{name}'")) && error.contains("late, locked, lost"),
                "{error}"
            );
        }
    }
}
