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
//! Everything of `idgen-core` is here under the same names. `catalog` lists the schemes whose
//! features are on; `config` reads schemes and settings from TOML; `sql`
//! writes functions that make ids inside a database.

#[cfg(feature = "config")]
pub mod config;
mod schemes;
#[cfg(feature = "sql")]
pub mod sql;

pub use idgen_core::*;
pub use schemes::{catalog, find};

#[cfg(feature = "wide")]
pub use idgen_128 as wide;
#[cfg(feature = "instagram")]
pub use idgen_instagram as instagram;
#[cfg(feature = "lamport")]
pub use idgen_lamport as lamport;
#[cfg(feature = "snowflake")]
pub use idgen_snowflake as snowflake;
#[cfg(feature = "sonyflake")]
pub use idgen_sonyflake as sonyflake;
#[cfg(feature = "uuid")]
pub use idgen_uuid as uuid;

/// The examples of the README, as tests.
#[cfg(all(doctest, feature = "snowflake"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;
