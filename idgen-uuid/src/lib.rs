//! UUIDs of RFC 9562, one version a file.
//!
//! | version | made of | order |
//! |---|---|---|
//! | [`UuidV1`] | 100 ns since 1582, clock sequence, node | by time, not as text |
//! | [`UuidV3`], [`UuidV5`] | a hash of a name: MD5, SHA-1 | none |
//! | [`UuidV4`] | 122 random bits | none |
//! | [`UuidV6`] | version 1's, time first | strictly increasing per generator |
//! | [`UuidV7`] | Unix milliseconds, a counter, random bits | strictly increasing per generator |
//! | [`UuidV8`] | whatever one likes: here a SHA-256 of a name, or a 64-bit id | the id's |
//!
//! [`AnyUuid`] reads them all. Where nothing speaks for another, take version 7.
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use idgen_core::generator::Generator;
//! use idgen_uuid::UuidV7;
//!
//! let ids = UuidV7::generator()?;
//! let (first, second) = (ids.generate()?, ids.generate()?);
//! assert!(first < second && first.to_string() < second.to_string());
//! # }
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! The `uuid` feature of `idgen-core` turns ids of every version into `uuid::Uuid` and, checked,
//! back.
//!
//! # What uniqueness rests on
//!
//! Versions 4 and 7, and versions 1 and 6 without a node id: on random bits of a cryptographically
//! secure source, which differ in a child of fork. The generators of one process besides never
//! issue a position of the line twice. Versions 1 and 6 of a given node: on the node id, and on
//! windows of ticks after each other, as a snowflake does. Versions 3, 5 and 8 of names: on the
//! names, and on the hash.
//!
//! # Features
//!
//! `std` (default): generators, and the catalog entries. `names` (default): UUIDs of names, and
//! the [`Carrier`].
//!
//! # Source
//! RFC 9562, *Universally Unique IDentifiers (UUIDs)*, May 2024.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

mod any;
#[cfg(feature = "names")]
mod carrier;
#[cfg(feature = "std")]
mod catalog;
mod gregorian;
#[cfg(feature = "names")]
mod namespace;
mod v1;
mod v3;
mod v4;
mod v5;
mod v6;
mod v7;
mod v8;

pub use any::AnyUuid;
#[cfg(feature = "names")]
pub use carrier::{Carrier, CarrierError};
#[cfg(feature = "std")]
pub use catalog::CATALOG;
#[cfg(feature = "names")]
pub use namespace::{Namespace, UnknownNamespace};
pub use v1::UuidV1;
pub use v3::UuidV3;
pub use v4::UuidV4;
pub use v5::UuidV5;
pub use v6::UuidV6;
pub use v7::UuidV7;
pub use v8::UuidV8;
