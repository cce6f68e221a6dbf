//! Ids made inside a database: functions as text, in the layout of any 64-bit scheme.
//!
//! [`Postgres`] writes a script for PostgreSQL. Nothing here talks to a database.

mod postgres;

pub use postgres::{Postgres, SqlError};
