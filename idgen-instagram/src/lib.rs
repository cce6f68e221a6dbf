//! Instagram's ids: a tick, a logical shard and a sequence in all 64 bits.
//!
//! | to | see |
//! |---|---|
//! | make and read ids | [`Instagram`] |
//! | find the server of a key, a shard or an id; grow; move shards | `Router`, `Plan` |
//! | run a generator for each shard of a server, and hand shards over | `Host` |
//! | plain numbers that interleave: odd and even, or every N-th | [`Stride`] |
//!
//! ```
//! use idgen_core::generator::{Generator, Shared};
//! use idgen_instagram::Instagram;
//!
//! let ids = Shared::<Instagram>::builder().node(1_341).shared()?;
//! assert_eq!(ids.generate()?.field("shard"), Some(1_341));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # What uniqueness rests on
//!
//! Two ids are equal only if shard and position (tick and sequence) are. A shard has one generator
//! at a time, wherever it lives: it is released at its old place before it is accepted at the
//! new one, which goes on from the first tick that the old one did not touch. Outside of it
//! lie a shard that is started on two servers by hand, and a clock that is set back across a restart,
//! unless the shard is started in a window of a store (`Host::start_in`).
//!
//! # Signed integers
//!
//! All 64 bits are used. From 2046-06-27T17:00:49.497Z on the highest is 1, and a signed BIGINT
//! holds a negative number: the first is -9223372036854775808 and sorts before every id so far.
//! Distinctness and equality survive, order and range scans do not. Until then move to an unsigned
//! column, or to a layout that spares the bit; the ids that exist stay as they are.
//!
//! # Features
//!
//! `std` (default): generators on the operating system's clock, and the catalog entries. `router`
//! (default): `Router` and `Host`. `serde`: both sides of a move, and the mapping, to store them.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

#[cfg(feature = "router")]
mod host;
mod instagram;
#[cfg(feature = "router")]
mod plan;
#[cfg(feature = "router")]
mod ring;
#[cfg(feature = "router")]
mod router;
mod shard;
#[cfg(feature = "std")]
mod stride;

#[cfg(feature = "router")]
pub use host::{AcceptError, Handover, Host, HostError};
pub use instagram::Instagram;
#[cfg(feature = "router")]
pub use plan::{Change, Move, Plan};
#[cfg(feature = "router")]
pub use router::{Router, RouterError};
pub use shard::{Shard, ShardError};
#[cfg(feature = "std")]
pub use stride::{Retired, Stride, StrideError};

#[cfg(feature = "std")]
use idgen_core::catalog::Entry;

/// The schemes of this crate, for the catalog.
#[cfg(feature = "std")]
pub const CATALOG: &[Entry] = &[Entry::positional::<Instagram>(
    "8,192 logical shards, 1,024 ids a millisecond each; negative as BIGINT from 2046-06-27 on",
    "Instagram Engineering, Sharding & IDs at Instagram, 2012",
    "one generator for each logical shard, and windows of ticks after each other",
)];
