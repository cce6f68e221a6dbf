//! Distributed unique ids: one feature for each family of schemes, and the one catalog of them.
//!
//! ```
//! # #[cfg(feature = "snowflake")] {
//! use idgen::generator::{Generator, Shared};
//! use idgen::snowflake::Snowflake;
//!
//! let ids = Shared::<Snowflake>::builder().node(7).shared()?;
//! assert!(ids.generate()? < ids.generate()?);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! `snowflake`: the scheme above, and its presets.
//!
//! `sonyflake`: more machines, with fewer ids each.
//! ```
//! # #[cfg(feature = "sonyflake")] {
//! use idgen::generator::{Generator, Shared};
//! use idgen::sonyflake::Sonyflake;
//!
//! let ids = Shared::<Sonyflake>::builder().node(65_535).shared()?;
//! assert_eq!(ids.generate()?.node(), 65_535);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `instagram`: ids that tell the shard of their row.
//! ```
//! # #[cfg(feature = "instagram")] {
//! use idgen::generator::{Generator, Shared};
//! use idgen::instagram::Instagram;
//!
//! let ids = Shared::<Instagram>::builder().node(1_341).shared()?;
//! assert_eq!(ids.generate()?.field("shard"), Some(1_341));
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `uuid`: versions 1 to 8, to and from the `uuid` crate.
//! ```
//! # #[cfg(feature = "uuid")] {
//! use idgen::generator::Generator;
//! use idgen::uuid::UuidV7;
//!
//! let ids = UuidV7::generator()?;
//! assert!(ids.generate()?.to_string() < ids.generate()?.to_string());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `wide`: 128 bits that are no UUIDs: ULIDs, to and from the `ulid` crate, and nanoseconds.
//! ```
//! # #[cfg(feature = "wide")] {
//! use idgen::generator::Generator;
//! use idgen::wide::Ulid;
//!
//! let ids = Ulid::generator()?;
//! assert!(ids.generate()?.to_string() < ids.generate()?.to_string());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `lamport`: logical clocks, whose ids are in the order of causes.
//! ```
//! # #[cfg(feature = "lamport")] {
//! use idgen::lamport::{Hlc, LogicalClock};
//!
//! let (here, there) = (Hlc::clock()?, Hlc::clock()?);
//! let sent = here.tick()?;
//! there.observe(sent)?;
//! assert!(there.tick()? > sent);
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! All of them are on by default, with `config` and `sql`; the others are for those who need them, and
//! stand with their purpose in the manifest.
//!
//! Everything of `idgen-core` is here under the same names. `catalog` lists the schemes whose
//! features are on; `lease` has node ids and windows that outlive processes, and `leased_in` a generator
//! of them; `config` reads schemes and settings from TOML; `sql` writes functions that make ids inside
//! a database.

#[cfg(feature = "config")]
pub mod config;
mod schemes;
#[cfg(feature = "sql")]
pub mod sql;
#[cfg(feature = "lease")]
mod state;

pub use idgen_core::*;
pub use schemes::{catalog, find};

#[cfg(feature = "lease")]
pub use state::{STATE_VARIABLE, leased_in, state_folder};

#[cfg(feature = "wide")]
pub use idgen_128 as wide;
#[cfg(feature = "instagram")]
pub use idgen_instagram as instagram;
#[cfg(feature = "lamport")]
pub use idgen_lamport as lamport;
#[cfg(feature = "lease")]
pub use idgen_lease as lease;
#[cfg(feature = "snowflake")]
pub use idgen_snowflake as snowflake;
#[cfg(feature = "sonyflake")]
pub use idgen_sonyflake as sonyflake;
#[cfg(feature = "uuid")]
pub use idgen_uuid as uuid;

/// The example of the page on Lamport's clocks, as a test.
#[cfg(all(doctest, feature = "lamport"))]
#[doc = include_str!("../../docs/schemes/lamport.md")]
pub struct LamportPage;

/// The examples of the README, as tests.
#[cfg(all(doctest, feature = "snowflake"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;
