//! Node ids and windows of ticks, leased from a store that remembers them.
//!
//! A *window* is a stretch of ticks that one holder of a node id may issue. It is durable before the
//! first id of it is issued, and the next window of that node id starts at or after its end, whoever
//! holds it. So two ids of a scheme differ whatever clocks, pauses, crashes and restarts do.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! use idgen_core::generator::{Builder, Generator, Shared};
//! use idgen_lease::{FileStore, Lease};
//! use idgen_snowflake::Snowflake;
//!
//! let ids = Lease::of::<Snowflake>(FileStore::new(folder))
//! #   .interval(idgen_lease::Interval::Time(std::time::Duration::from_millis(20)))
//!     .start(|settings| Builder::<Snowflake>::new().settings(settings).shared())?;
//! assert!(ids.generate()? < ids.generate()?); // as fast as without a lease: the same comparison
//! # Ok(())
//! # }
//! ```
//!
//! | noun | is |
//! |---|---|
//! | [`Realm`] | what all holders agree on: a namespace, and the scheme whose ids are unique in it |
//! | [`Store`] | keeps a high-water mark for each node id: [`FileStore`] in a folder, without a server |
//! | [`Hold`] | the right to a node id, or a block of them, with its *term*, a growing number |
//! | [`Lease`] | settings; [`Lease::start`] takes a node id and builds the generator |
//! | [`Leased`] | the generator; a keeper thread renews its window well before it ends |
//! | [`Health`] | whether renewing works, and until when ids go on if it does not |
//!
//! # Recording ahead
//!
//! The mark is recorded *before* ids below it are issued. Recording afterwards what was issued, each
//! 10,000 ids say, is not enough: a crash between the last record and the last id leaves ids that no
//! record knows of, and a successor whose clock is behind them repeats them.
//! `tests/checkpoints.rs` shows both.
//!
//! # What lies outside
//!
//! A virtual machine cloned inside a window: the rest of that window ([`Interval`], 2 s) can be issued twice, and
//! everything after it where the store is cloned as well. A store restored from an old backup while its holders run, or with a clock that was
//! set back. A store that lost everything is safe: see [`FileStore`].
//!
//! Architecture invariant: [`grant::next`] alone decides where a window begins, for every store.

mod error;
mod file;
pub mod grant;
mod health;
mod interval;
mod keeper;
mod lease;
mod leased;
mod link;
mod process;
mod realm;
mod shell;
mod store;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use error::{LeaseError, StoreError};
pub use file::{Disk, FileStore, Folder, Lock, SystemDisk};
pub use health::{Event, Health, Watch};
pub use interval::Interval;
pub use lease::Lease;
pub use leased::Leased;
pub use realm::{Block, DatedTick, Realm};
pub use store::{Ask, Hold, NodeState, Store, Wanted};
