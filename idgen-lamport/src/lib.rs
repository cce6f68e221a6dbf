//! Ids that are the time of logical clocks: what happened before something else has the lesser id.
//!
//! | scheme | made of | needs |
//! |---|---|---|
//! | [`Lamport`] | a sign bit, 53 bits of counter, 10 of node | a node id, and windows |
//! | [`Hlc`] | 48 bits of milliseconds, 16 of logical count, 64 of node | nothing, or a node id |
//!
//! Both are lines of positions like any other: a [`LogicalClock`] raises its line over each id that
//! a message brings, and goes on from there. Lamport's line has no clock that raises it besides; a
//! hybrid one has, and refuses what is too far ahead of it.
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use idgen_core::Window;
//! use idgen_lamport::{Lamport, LogicalClock};
//!
//! let here = Lamport::builder().node(1).window(Window::from_start(0)).shared()?;
//! let there = Lamport::builder().node(2).window(Window::from_start(0)).shared()?;
//!
//! let (_, sent) = (here.tick()?, here.tick()?);
//! there.observe(sent)?; // the message arrives
//! let heard = there.tick()?;
//! assert!(sent < heard && heard.tick() == sent.tick() + 1);
//! # }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # What uniqueness rests on
//!
//! [`Lamport`]: on the node id, and on windows of counters after each other. No clock helps to find
//! where a node's line went on, so a clock without a window is not built. [`Hlc`]: on 64 random bits
//! of node, drawn for each clock, or on a given node id, as a snowflake does. In a child of fork
//! neither issues an id: it has to be granted a window of its own, or to make another clock.
//!
//! # Features
//!
//! `std` (default): clocks that wait on the operating system's, random nodes, the catalog entries.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

mod clock;
mod hlc;
mod lamport;

pub use clock::{LogicalClock, ObserveError};
pub use hlc::Hlc;
pub use lamport::Lamport;

#[cfg(feature = "std")]
use idgen_core::catalog::Entry;

/// The schemes of this crate, for the catalog.
///
/// A generator of [`Lamport`] ids that is given no window keeps to the clock: its counters start at
/// the microseconds since 1970 and do not run ahead of them, so that the next generator of the node
/// starts past it, as one of a snowflake's static node id does. Such generators observe nothing.
#[cfg(feature = "std")]
pub const CATALOG: &[Entry] = &[
    Entry::new::<Lamport>(
        "a count of events, greater than every count heard of",
        "L. Lamport, Time, Clocks, and the Ordering of Events, 1978",
        "the node id, and windows of counters after each other for each node",
    )
    .made_by(lamport::generator),
    Entry::new::<Hlc>(
        "milliseconds where clocks agree, a count of events where they do not",
        "Kulkarni et al., Logical Physical Clocks, 2014",
        "64 random bits of node for each clock; or a node id, and windows after each other",
    )
    .made_by(hlc::generator)
    .without_node(),
];
