//! Changing the id scheme of a living system: dual writing, backfill, verification, cut-over.
//!
//! Keys change their values, and every foreign key that points at them follows, while apps read and
//! write. The course has eleven [phases](Phase), each with its gate, its evidence and its way back:
//!
//! ```text
//! planned → expanded → dual-write → backfilling → backfilled → constrained → verified
//!         → reading-new → swapped → old-writes-stopped → contracted
//! ```
//!
//! | to | see |
//! |---|---|
//! | see what would be done | [`plan`] |
//! | carry it out | [`Migration`], [`Options`] |
//! | write both ids in an app, and read by either | [`app`] |
//! | leave the ids, and hand them out in the app | [`segment`] |
//! | know which id an old row gets, and why none can clash | [`slot`], [`target`] |
//! | add an engine | `engine`: one folder each, behind one trait, over [`session`]s of text |
//!
//! The state, a ledger of chunks and the audit trail are kept in the target database. A transition is a
//! compare-and-set there, and every step is idempotent: what a crash cut short, the next call goes on with.

#[cfg(not(any(feature = "mysql", feature = "postgres", feature = "sqlite")))]
compile_error!("choose an engine or more: the features postgres, mysql and sqlite");

/// The crate's README, whose example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

pub mod app;
mod backfill;
mod check;
mod engine;
mod error;
mod evidence;
mod gate;
mod machine;
mod options;
mod pace;
mod phase;
pub mod plan;
mod runner;
pub mod segment;
pub mod session;
pub mod slot;
mod status;
mod store;
pub mod target;
mod verify;
mod work;

pub use backfill::Lag;
pub use check::Check;
pub use engine::{Lock, Step, Work};
pub use error::Error;
pub use evidence::{Done, Evidence};
pub use machine::Migration;
pub use options::{Failpoints, Ladder, Options, Unwatched, Watch};
pub use pace::Pace;
pub use phase::{Phase, Reads, UnknownPhase, Writes};
pub use status::{Filling, Progress, Status, Unasked};
pub use store::{Chunk, Entry, Instance, State};
pub use verify::{Digest, Makers, Referring, Report};
