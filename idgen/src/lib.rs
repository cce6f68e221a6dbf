//! The facade: one feature per family of schemes, and the one catalog of them.

#[cfg(feature = "config")]
pub mod config;
mod schemes;

pub use idgen_core::*;
pub use schemes::{catalog, find};

#[cfg(feature = "snowflake")]
pub use idgen_snowflake as snowflake;
