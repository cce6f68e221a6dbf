//! Deliberate faults of the program, by which the simulator is proven.

use std::fmt;
use std::str::FromStr;

/// A deliberate fault: what a program would see of its disk that made this mistake. The simulator must
/// find each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The mark is recorded after ids of its window were issued: each record reaches the disk when
    /// the next one is written.
    ReserveAfterIssuing,
    /// The folder is not synced, so that a renamed record is not durable.
    ForgetFolderSync,
    /// A process does not look at what the one before it recorded: it starts where its clock is.
    TrustClockOnRestart,
    /// A node id is given to its next holder with the mark before its last.
    RecycleBelowMark,
    /// A record is written wherever the folder's name leads by then, instead of into the folder that was opened.
    WriteByPath,
    /// A child of fork issues what is left of its parent's window.
    ChildKeepsHorizon,
    /// Whoever gives a node id up does not look at its record.
    ReleaseBelowMark,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ReserveAfterIssuing,
        Self::ForgetFolderSync,
        Self::TrustClockOnRestart,
        Self::RecycleBelowMark,
        Self::WriteByPath,
        Self::ChildKeepsHorizon,
        Self::ReleaseBelowMark,
    ];
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ReserveAfterIssuing => "reserve-after-issuing",
            Self::ForgetFolderSync => "forget-folder-sync",
            Self::TrustClockOnRestart => "trust-clock-on-restart",
            Self::RecycleBelowMark => "recycle-below-mark",
            Self::WriteByPath => "write-by-path",
            Self::ChildKeepsHorizon => "child-keeps-horizon",
            Self::ReleaseBelowMark => "release-below-mark",
        })
    }
}

impl FromStr for Mutation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mutation| mutation.to_string() == text);
        found.ok_or_else(|| {
            let all = Self::ALL.map(|mutation| mutation.to_string()).join(", ");
            format!("{text:?} is none of {all}")
        })
    }
}
