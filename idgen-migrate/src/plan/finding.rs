//! What the person should know before they begin.

use serde::{Deserialize, Serialize};

use crate::check::{CASCADES, FIRM, LATE, LOCKED, LOST, ON_UPDATE, OUTLYING, OUTSIDE};

/// Something that the person should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How grave it is.
    pub risk: Risk,
    /// What was found, and what it means.
    pub what: String,
    /// Where it stops the migration: the name by which it can be accepted.
    #[serde(default)]
    pub name: String,
}

impl Finding {
    /// The names of all findings that stop a plan until they are accepted.
    pub const NAMES: [&str; 7] = [LOST, OUTSIDE, LOCKED, ON_UPDATE, CASCADES, LATE, OUTLYING];

    /// Whether it stops a plan whoever accepts it.
    #[must_use]
    pub fn is_firm(&self) -> bool {
        FIRM.contains(&self.name.as_str())
    }

    /// Something to do by hand.
    pub(crate) fn care(what: impl Into<String>) -> Self {
        Self { risk: Risk::Care, what: what.into(), name: String::new() }
    }

    /// Something that stops the migration until it is mended, or accepted by this name.
    pub(crate) fn stop(name: &str, what: impl Into<String>) -> Self {
        let is_known = FIRM.contains(&name) || Self::NAMES.contains(&name);
        debug_assert!(is_known, "{name} is missing in the names of findings");
        Self { risk: Risk::Stop, what: what.into(), name: name.into() }
    }
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Good to know.
    Note,
    /// Something to do by hand.
    Care,
    /// Something that would be lost: mend it first, or accept it by name.
    Stop,
}
