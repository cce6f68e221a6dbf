//! From one number a row, which the database counts, to segments that an app hands out itself.
//!
//! The values stay what they are; only who hands them out changes. An app takes a *segment*, a reserved
//! range of numbers, from where the numbers have always come from: a sequence, an AUTO_INCREMENT, a key of
//! SQLite that counts up for good. So whoever still asks there for one number, an old version of the app, is
//! told one that is in nobody's segment, and a rollback finds the counter above everything that was
//! issued. What an app loses when it ends is the rest of its segment: a gap, and never a duplicate.
//!
//! ```text
//! planned → granted → guarded
//! ```
//!
//! **Invariant:** a number reaches an app by the database's own counting alone, which never gives one
//! twice, and is handed out by a [`Sequencer`](idgen_core::sequencer::Sequencer), which never does either.

mod app;
mod change;
mod source;

pub use app::{Number, Segments};
pub use change::{Change, Found};
pub use source::{Counter, Source, find};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::UnknownPhase;

/// Where the change stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It is known where numbers come from; the database hands out each.
    Planned,
    /// Apps take segments, beside others who take single numbers.
    Granted,
    /// Nobody takes single numbers: a row without one is refused where that can be had, and otherwise
    /// the counter stays behind as a guard.
    Guarded,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Planned, Self::Granted, Self::Guarded];

    /// Its name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Granted => "granted",
            Self::Guarded => "guarded",
        }
    }

    /// The stage after this one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| *stage > self)
    }

    /// The stage that this one can be rolled back to.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|stage| *stage < self)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Stage {
    type Err = UnknownPhase;

    fn from_str(name: &str) -> Result<Self, UnknownPhase> {
        let found = Self::ALL.into_iter().find(|stage| stage.name() == name);
        found.ok_or_else(|| UnknownPhase::of(name))
    }
}
