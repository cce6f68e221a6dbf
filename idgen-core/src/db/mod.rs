//! Ids in databases: an [`Id`](crate::Id) is a value of sqlx and of diesel, one feature for each
//! library and database. A [`TypedId`](crate::typed::TypedId) is stored as its id; the prefix is not.
//!
//! | scheme | PostgreSQL | MySQL, MariaDB | SQLite |
//! |---|---|---|---|
//! | at most 63 bits of a 64-bit word | BIGINT | BIGINT | INTEGER |
//! | all 64 bits | BIGINT, below 2^63 | BIGINT UNSIGNED | INTEGER, below 2^63 |
//! | 128 bits | UUID | BINARY(16) | BLOB of 16 bytes |
//!
//! **Invariant:** database order is id order. Integers are never wrapped into the sign bit, and
//! bytes stand with the highest first.
//!
//! **Invariant:** what is read is an id of the scheme, or an error that names what the column
//! holds: a [`ColumnError`]. What cannot be written is an [`IntegerError`](crate::IntegerError).

mod column;
#[cfg(any(feature = "diesel-postgres", feature = "diesel-mysql", feature = "diesel-sqlite"))]
mod diesel;
#[cfg(feature = "sqlx-mysql")]
mod sqlx_mysql;
#[cfg(feature = "sqlx-postgres")]
mod sqlx_postgres;
#[cfg(feature = "sqlx-sqlite")]
mod sqlx_sqlite;

pub use column::ColumnError;
