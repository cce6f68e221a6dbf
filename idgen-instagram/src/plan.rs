//! What a change of servers moves, before it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::Shard;

/// A change of where shards live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A server joins.
    Add(String),
    /// A server leaves. No shard may be pinned to it.
    Remove(String),
    /// A shard lives on this server, whatever the ring says.
    Pin(Shard, String),
    /// A shard lives where the ring says.
    Unpin(Shard),
}

/// The shards that a change moves: to copy their rows first, and then to apply it.
///
/// Made by `Router::plan` and applied by `Router::apply`, which refuses it if the router has
/// changed in between.
///
/// # Example
/// ```
/// use idgen_instagram::{Change, Router};
///
/// let mut router = Router::new(["db1", "db2", "db3"])?;
/// let plan = router.plan(&Change::Add("db4".into()))?;
/// for step in plan.moves() {
///     assert_eq!(step.to(), "db4"); // never between two old servers
///     // copy the rows of step.shard() from step.from()
/// }
/// router.apply(&plan)?;
/// # Ok::<(), idgen_instagram::RouterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The router's version that the plan starts from.
    pub(crate) base: u64,
    pub(crate) servers: BTreeSet<Arc<str>>,
    pub(crate) pins: BTreeMap<Shard, Arc<str>>,
    pub(crate) places: Vec<Arc<str>>,
    pub(crate) moves: Vec<Move>,
}

impl Plan {
    /// The shards that move, in ascending order.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }
}

/// A shard that moves from one server to another.
#[derive(Clone, PartialEq, Eq)]
pub struct Move {
    pub(crate) shard: Shard,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
}

impl Move {
    /// The shard.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// The server it leaves.
    #[must_use]
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The server it goes to.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}: {} -> {}", self.shard, self.from, self.to)
    }
}

impl fmt::Debug for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
