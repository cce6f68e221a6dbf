//! A deterministic simulator: what becomes of ids when all else goes wrong.
//!
//! A *world* is made from a seed: hosts with clocks of their own, a disk that they share, and processes
//! on them that lease node ids and make ids. All of that is virtual; what runs on it is the real thing:
//! the lines and generators of `idgen-core`, the leases and the folder's store of `idgen-lease`. Then
//! faults happen, one after the other, of the kinds in [`Fault`]. An oracle sees every id: none may come
//! twice, and each generator's must grow. In the end the faults cease, and everybody must make ids again.
//!
//! ```
//! use idgen_sim::World;
//!
//! let report = World::run(7, None).unwrap_or_else(|failure| panic!("{failure}"));
//! assert!(report.ids > 100 && report.node_hours > 0.0);
//! assert_eq!(World::run(7, None).unwrap(), report); // the same seed, the same world
//! ```
//!
//! A [`Mutation`] is a mistake on purpose, which the simulator must find; `tests/finds.rs` says that it
//! does.

mod disk;
mod errand;
mod fault;
mod mutation;
mod process;
mod report;
mod time;
mod world;

pub use fault::Fault;
pub use mutation::Mutation;
pub use report::{Failure, Report};
pub use world::World;
