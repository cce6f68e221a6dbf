//! The router: which server each logical shard lives on.
//!
//! **Invariant:** a shard lives where it is pinned, or else where the ring of the servers puts it;
//! and every shard lives on one of the servers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use idgen_core::Id;

use crate::plan::{Change, Move, Plan};
use crate::{Instagram, Shard, ring};

/// Maps the 8,192 logical shards to physical servers.
///
/// A server that joins takes about 1/n of the shards, from all others evenly, and no shard moves
/// between two servers that were there before. Keys map to shards for good: growing never moves a
/// key to another shard, so ids stay where their shard says.
///
/// # Example
/// ```
/// use idgen_core::Id;
/// use idgen_instagram::{Instagram, Router, Shard};
///
/// let mut router = Router::new(["db1", "db2"])?;
/// let id: Id<Instagram> = "11637205501278089".parse()?; // of shard 1341
/// let home = router.physical_of(id).to_owned();
///
/// let plan = router.move_shard(Shard::of_id(id), if home == "db1" { "db2" } else { "db1" })?;
/// assert_eq!(plan.moves().len(), 1);
/// assert_ne!(router.physical_of(id), home);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "stored::Mapping", into = "stored::Mapping"))]
pub struct Router {
    /// How many changes have been applied.
    version: u64,
    servers: BTreeSet<Arc<str>>,
    pins: BTreeMap<Shard, Arc<str>>,
    /// The server of each shard, by the shard's number.
    places: Vec<Arc<str>>,
}

impl Router {
    /// A router over these servers, at least one, with no shard pinned.
    ///
    /// # Errors
    /// If there is no server, or a name is empty or comes twice.
    pub fn new<N: Into<String>>(servers: impl IntoIterator<Item = N>) -> Result<Self, RouterError> {
        let mut set = BTreeSet::new();
        for name in servers {
            insert(&mut set, &name.into())?;
        }
        if set.is_empty() {
            return Err(RouterError::NoServer);
        }
        let places = ring::places(&set);
        Ok(Self { version: 0, servers: set, pins: BTreeMap::new(), places })
    }

    /// The shard of a key: of a user's id, say, whose rows are to live together. The same for
    /// ever, whatever the servers are.
    #[must_use]
    pub fn shard_of(key: impl AsRef<[u8]>) -> Shard {
        ring::shard_of(key.as_ref())
    }

    /// The server that an id's rows live on.
    #[must_use]
    pub fn physical_of(&self, id: Id<Instagram>) -> &str {
        self.physical_of_shard(Shard::of_id(id))
    }

    /// The server that a shard lives on.
    #[must_use]
    pub fn physical_of_shard(&self, shard: Shard) -> &str {
        &self.places[usize::from(shard.number())]
    }

    /// The shards that live on a server, in ascending order.
    pub fn shards_on(&self, server: &str) -> impl Iterator<Item = Shard> {
        Shard::all().filter(move |&shard| self.physical_of_shard(shard) == server)
    }

    /// The servers, in the order of their names.
    pub fn servers(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(AsRef::as_ref)
    }

    /// The shards that are pinned, and where.
    pub fn pins(&self) -> impl Iterator<Item = (Shard, &str)> {
        self.pins.iter().map(|(shard, server)| (*shard, server.as_ref()))
    }

    /// How many changes have been applied: a mapping of a higher version is a later one.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What a change would move.
    ///
    /// # Errors
    /// If the change names a server that is not there, or is there already, leaves none, removes
    /// one that shards are pinned to, or unpins a shard that is not pinned.
    pub fn plan(&self, change: &Change) -> Result<Plan, RouterError> {
        let (mut servers, mut pins) = (self.servers.clone(), self.pins.clone());
        match change {
            Change::Add(name) => insert(&mut servers, name)?,
            Change::Remove(name) => {
                let server = self.server(name)?;
                let pinned = pins.values().filter(|at| **at == server).count();
                if pinned > 0 {
                    return Err(RouterError::Pinned { server: name.clone(), pinned });
                }
                servers.remove(&server);
                if servers.is_empty() {
                    return Err(RouterError::LastServer { server: name.clone() });
                }
            }
            Change::Pin(shard, name) => {
                pins.insert(*shard, self.server(name)?);
            }
            Change::Unpin(shard) => {
                pins.remove(shard).ok_or(RouterError::NotPinned { shard: *shard })?;
            }
        }
        let places = placed(&servers, &pins);
        let moves = self.moves_to(&places);
        Ok(Plan { base: self.version, servers, pins, places, moves })
    }

    /// Makes a planned change.
    ///
    /// # Errors
    /// If the router is not the one that was planned for: another change came between.
    pub fn apply(&mut self, plan: &Plan) -> Result<(), RouterError> {
        if plan.base != self.version || plan.moves != self.moves_to(&plan.places) {
            return Err(RouterError::Outdated { planned: plan.base, version: self.version });
        }
        self.servers.clone_from(&plan.servers);
        self.pins.clone_from(&plan.pins);
        self.places.clone_from(&plan.places);
        self.version += 1;
        Ok(())
    }

    /// Adds a server at once, and says what has moved. To copy rows first, use
    /// [`plan`](Self::plan).
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn add(&mut self, server: impl Into<String>) -> Result<Plan, RouterError> {
        self.change(&Change::Add(server.into()))
    }

    /// Removes a server at once, and says what has moved.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn remove(&mut self, server: impl Into<String>) -> Result<Plan, RouterError> {
        self.change(&Change::Remove(server.into()))
    }

    /// Moves a shard to a server at once, where it stays, whatever the ring says, until it is
    /// moved again or unpinned.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn move_shard(
        &mut self,
        shard: Shard,
        server: impl Into<String>,
    ) -> Result<Plan, RouterError> {
        self.change(&Change::Pin(shard, server.into()))
    }

    /// Lets a shard live where the ring says, at once.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub fn unpin(&mut self, shard: Shard) -> Result<Plan, RouterError> {
        self.change(&Change::Unpin(shard))
    }

    fn change(&mut self, change: &Change) -> Result<Plan, RouterError> {
        let plan = self.plan(change)?;
        self.apply(&plan)?;
        Ok(plan)
    }

    fn server(&self, name: &str) -> Result<Arc<str>, RouterError> {
        let unknown = || RouterError::Unknown { server: name.to_owned() };
        self.servers.get(name).cloned().ok_or_else(unknown)
    }

    fn moves_to(&self, places: &[Arc<str>]) -> Vec<Move> {
        let both = self.places.iter().zip(places);
        Shard::all()
            .zip(both)
            .filter(|(_, (from, to))| from != to)
            .map(|(shard, (from, to))| Move { shard, from: from.clone(), to: to.clone() })
            .collect()
    }
}

/// Where each shard lives, by ring and pins.
fn placed(servers: &BTreeSet<Arc<str>>, pins: &BTreeMap<Shard, Arc<str>>) -> Vec<Arc<str>> {
    let mut places = ring::places(servers);
    for (shard, server) in pins {
        places[usize::from(shard.number())] = server.clone();
    }
    places
}

fn insert(servers: &mut BTreeSet<Arc<str>>, name: &str) -> Result<(), RouterError> {
    if name.is_empty() {
        return Err(RouterError::Nameless);
    }
    if servers.insert(name.into()) {
        Ok(())
    } else {
        Err(RouterError::Known { server: name.to_owned() })
    }
}

/// A change that a router cannot make, or a mapping that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RouterError {
    /// There is no server.
    #[error("a router needs at least one server")]
    NoServer,
    /// A server has an empty name.
    #[error("a server's name must not be empty")]
    Nameless,
    /// The server is there already.
    #[error("server '{server}' is there already; choose another name")]
    Known {
        /// Its name.
        server: String,
    },
    /// There is no such server.
    #[error("there is no server '{server}'; add it first")]
    Unknown {
        /// The name given.
        server: String,
    },
    /// The server is the last one.
    #[error("server '{server}' is the last one; add another first")]
    LastServer {
        /// Its name.
        server: String,
    },
    /// Shards are pinned to the server.
    #[error("{pinned} shards are pinned to server '{server}'; move or unpin them first")]
    Pinned {
        /// Its name.
        server: String,
        /// How many shards.
        pinned: usize,
    },
    /// The shard is not pinned.
    #[error("shard {shard} is not pinned; move it to pin it")]
    NotPinned {
        /// The shard.
        shard: Shard,
    },
    /// The router has changed since the plan was made.
    #[error("the plan is for version {planned} of the router, which is at {version}; plan again")]
    Outdated {
        /// The version planned for.
        planned: u64,
        /// The version there is.
        version: u64,
    },
    /// A stored mapping contradicts itself.
    #[error(
        "a stored mapping has {found} places and {servers} servers; it needs 8192 places, each the number of a server"
    )]
    Stored {
        /// Places found.
        found: usize,
        /// Servers found.
        servers: usize,
    },
    /// A stored mapping has a shard where neither a pin nor the ring puts it.
    #[error(
        "shard {shard} is stored on '{stored}', but its pin or the ring says '{expected}'; pin it where its rows are"
    )]
    Misplaced {
        /// The shard.
        shard: Shard,
        /// Where the mapping has it.
        stored: String,
        /// Where it should be.
        expected: String,
    },
}

/// The mapping as it is stored: in full, so that whoever reads it needs no ring.
#[cfg(feature = "serde")]
mod stored {
    use super::{Arc, BTreeMap, BTreeSet, Router, RouterError, Shard, insert, placed};

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Mapping {
        version: u64,
        servers: Vec<String>,
        pins: BTreeMap<u16, String>,
        /// For each shard the number of its server in the list above.
        places: Vec<usize>,
    }

    impl From<Router> for Mapping {
        fn from(router: Router) -> Self {
            let number: BTreeMap<_, _> = router.servers.iter().zip(0..).collect();
            Self {
                version: router.version,
                places: router.places.iter().map(|place| number[place]).collect(),
                pins: router.pins().map(|(shard, at)| (shard.number(), at.to_owned())).collect(),
                servers: router.servers().map(str::to_owned).collect(),
            }
        }
    }

    /// Checked against pins and ring: a ring that answers differently would move shards unseen.
    impl TryFrom<Mapping> for Router {
        type Error = RouterError;

        fn try_from(mapping: Mapping) -> Result<Self, RouterError> {
            let Mapping { version, servers: names, pins: stored, places } = mapping;
            let unreadable = RouterError::Stored { found: places.len(), servers: names.len() };
            let at = |place: &usize| names.get(*place).map(|name| Arc::from(name.as_str()));
            let found: Option<Vec<Arc<str>>> = places.iter().map(at).collect();
            let found = found
                .filter(|found| found.len() == usize::from(Shard::COUNT))
                .ok_or(unreadable.clone())?;
            let (mut servers, mut pins) = (BTreeSet::new(), BTreeMap::new());
            for name in &names {
                insert(&mut servers, name)?;
            }
            for (number, name) in stored {
                let server = servers.get(name.as_str()).cloned();
                let server = server.ok_or(RouterError::Unknown { server: name })?;
                pins.insert(Shard::new(number).map_err(|_| unreadable.clone())?, server);
            }
            let expected = placed(&servers, &pins);
            for ((shard, stored), expected) in Shard::all().zip(&found).zip(&expected) {
                if stored != expected {
                    let (stored, expected) = (stored.to_string(), expected.to_string());
                    return Err(RouterError::Misplaced { shard, stored, expected });
                }
            }
            Ok(Self { version, servers, pins, places: found })
        }
    }
}
