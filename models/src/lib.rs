//! Small models of leases and windows, whose every run is tried.
//!
//! Each has one node id that two generators use, one after the other or at once, and few ticks; a
//! tick has one position, so that a tick issued twice is an id issued twice. What is found in
//! models this small is found fast, and what holds in them has been tried in every order of events.
//!
//! | model | says |
//! |---|---|
//! | [`Lease`] | a right that ends by the clock does not keep two holders apart, though all clocks are perfect, if ids may run ahead of them |
//! | [`Windows`] | windows do, whatever the clocks show and whoever crashes; what a store must do that lost its data; what a clone of a machine costs |
//!
//! `cargo test` says which hold, and prints a shortest counterexample of each that does not.

mod lease;
mod verdict;
mod windows;

pub use lease::Lease;
pub use verdict::{Verdict, check};
pub use windows::{Clocks, Clones, StoreRule, Windows};
