//! The facade: one feature per family of schemes, and the one catalog of them.

mod catalog;

pub use catalog::{catalog, find};
pub use idgen_core::*;

#[cfg(feature = "snowflake")]
pub use idgen_snowflake as snowflake;
