//! Ids of 128 bits besides UUIDs.
//!
//! | scheme | made of | needs |
//! |---|---|---|
//! | [`Nano128`] | 64 bits of nanoseconds, 48 of node, 16 of sequence | a node id, and windows |
//! | [`Ulid`] | 48 bits of milliseconds, 80 random ones | nothing |
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use idgen_128::{Nano128, Ulid};
//! use idgen_core::generator::Generator;
//!
//! let ids = Nano128::builder().node(7).ticked()?;
//! assert!(ids.generate()? < ids.generate()?);
//!
//! let ids = Ulid::generator()?;
//! assert!(ids.generate()?.to_string() < ids.generate()?.to_string());
//! # }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! The `ulid` feature of `idgen-core` turns ids of 128 bits into `ulid::Ulid` and, checked, back.
//!
//! # What uniqueness rests on
//!
//! [`Nano128`]: on the node id, and on windows of ticks after each other, as a snowflake does.
//! [`Ulid`]: on 80 random bits of a cryptographically secure source in each millisecond, which
//! differ in a child of fork; one generator never issues an id twice.
//!
//! # Features
//!
//! `std` (default): generators, and the catalog entries.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

mod nano128;
mod ulid;

pub use nano128::Nano128;
pub use ulid::Ulid;

#[cfg(feature = "std")]
use idgen_core::catalog::{Entry, Setting};
#[cfg(feature = "std")]
use idgen_core::generator::{Builder, Monotonic};
#[cfg(feature = "std")]
use idgen_core::{Id, IdScheme, Name};

/// The schemes of this crate, for the catalog.
#[cfg(feature = "std")]
pub const CATALOG: &[Entry] = &[
    Entry::new::<Nano128>(
        "nanoseconds from 1970 to 2554, 281 trillion nodes",
        "idgen; the 128-bit nanosecond scheme of its case study",
        "the node id, and windows of ticks after each other for each node",
    )
    .made_by(|settings| Ok(Box::new(Builder::<Nano128>::new().settings(settings).ticked()?))),
    Entry::new::<Ulid>(
        "milliseconds and 80 random bits in 26 characters that sort",
        "github.com/ulid/spec",
        "80 random bits in each millisecond",
    )
    .made_by(|settings| {
        let absent = [Setting::Node, Setting::Block, Setting::MaxDrift];
        settings.refuse(Name::new(Ulid::NAME), &absent)?;
        let ids = Ulid::generator()?;
        Ok(Box::new(match settings.max_wait {
            Some(wait) => ids.max_wait(wait),
            None => ids,
        }))
    })
    .followed_by(|word| Some(Monotonic::<Ulid>::successor(Id::from_word(word).ok()?)?.word()))
    .without_node(),
];
