//! The consistent-hash ring: where each shard belongs, as a pure function of the servers' names.
//!
//! **Invariant:** the answer depends on names and numbers alone, on every platform and in every
//! version: SipHash-2-4 with a key of zeros, fed with bytes of our own choice. A test pins it.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use hashring::{DefaultHashBuilder, HashRing};

use crate::Shard;

/// Points of each server on the ring. More of them even the load out: with 256 a server's share
/// is within about a fifth of the mean.
const POINTS: u16 = 256;

/// The server of each shard, by the shard's number.
pub(crate) fn places(servers: &BTreeSet<Arc<str>>) -> Vec<Arc<str>> {
    let mut ring = HashRing::with_hasher(DefaultHashBuilder);
    ring.batch_add(servers.iter().flat_map(points).collect());
    // The ring is empty only if there is no server.
    Shard::all()
        .filter_map(|shard| ring.get(&Key(shard)))
        .map(|point| point.server.clone())
        .collect()
}

/// The shard of a key.
pub(crate) fn shard_of(key: &[u8]) -> Shard {
    let mut hasher = DefaultHashBuilder.build_hasher();
    hasher.write(key);
    Shard::of_hash(hasher.finish())
}

fn points(server: &Arc<str>) -> impl Iterator<Item = Point> {
    let server = server.clone();
    (0..POINTS).map(move |replica| Point { server: server.clone(), replica })
}

/// One of a server's points.
#[derive(Debug)]
struct Point {
    server: Arc<str>,
    replica: u16,
}

/// In bytes whose order and width no platform changes.
impl Hash for Point {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.server.as_bytes());
        state.write(&[0xFF]); // in no name, as it is in no UTF-8
        state.write(&self.replica.to_be_bytes());
    }
}

struct Key(Shard);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(b"shard");
        state.write(&self.0.number().to_be_bytes());
    }
}
