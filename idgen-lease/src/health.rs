//! What a lease tells of itself.

use std::sync::Arc;

use idgen_core::UnixTime;

use crate::{Block, StoreError};

/// How a lease is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Health {
    /// Windows are renewed well before they end.
    #[default]
    Good,
    /// The last renewal failed. Ids go on to the end of the window, and are tried to be renewed until
    /// then and after.
    Degraded {
        /// Why.
        error: Arc<StoreError>,
        /// Tick after the window's last.
        end: u64,
    },
    /// This process has no node id: it is a child of fork that has none yet, or its own was lost and
    /// there is no other. Another one is tried for.
    Homeless {
        /// Why there is none.
        error: Arc<StoreError>,
    },
}

impl Health {
    /// Whether renewals work.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }

    /// What is wrong, where something is.
    #[must_use]
    pub fn error(&self) -> Option<&Arc<StoreError>> {
        match self {
            Self::Good => None,
            Self::Degraded { error, .. } | Self::Homeless { error } => Some(error),
        }
    }
}

/// What happens to a lease, as it happens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A node id, or a block, was taken.
    Acquired {
        /// Which.
        block: Block,
        /// How often it was taken, this time included.
        term: u64,
    },
    /// A window was granted.
    Granted {
        /// First tick.
        start: u64,
        /// Tick after the last.
        end: u64,
    },
    /// A renewal failed; the next ones are tried without further events until one works.
    Failed {
        /// Why.
        error: Arc<StoreError>,
    },
    /// Renewals work again.
    Recovered,
    /// The hold was lost, and another is looked for.
    Lost {
        /// How.
        error: Arc<StoreError>,
    },
    /// The process forked, and this child looks for a node id of its own.
    Forked,
    /// A record was accepted that is older than a day: its machine was off, or its clock is not right.
    OldRecord {
        /// Whose.
        block: Block,
        /// When it was written.
        written: UnixTime,
    },
    /// A record could not be read, so its node id is passed over, or its copy is used.
    Damaged {
        /// Why.
        error: Arc<StoreError>,
    },
    /// The store is new, or has lost everything: ids begin after whatever an earlier one can have granted.
    NewStore {
        /// When they begin; `None` where ids keep no time.
        begins: Option<UnixTime>,
    },
    /// The clock is so far behind the last window of the node id that it is asked to keep an offset, and to
    /// go on from there.
    ClockBehind {
        /// Seconds that it is behind what the clock of an earlier holder has shown.
        seconds: f64,
    },
    /// The first id has to wait for the clock.
    Waiting {
        /// Seconds of the clock; it takes longer where that is slewed.
        seconds: f64,
    },
    /// Unissued ticks were given back.
    Released {
        /// Whose.
        block: Block,
    },
}

/// Who is told of events. Called on the keeper's thread, on the one that starts the lease, and on the one that gives back
/// what was not issued.
pub trait Watch: Send + Sync {
    /// Something happened.
    fn event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Watch for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}
