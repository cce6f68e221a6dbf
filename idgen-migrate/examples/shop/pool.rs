//! The shop's database: a server of PostgreSQL, or a file of SQLite. What both understand is written once.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{PgPool, Row as _, SqlitePool};

/// Connections to one or the other.
pub(crate) enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Pool {
    pub(crate) async fn connect(address: &str) -> sqlx::Result<Self> {
        if !address.starts_with("sqlite:") {
            return Ok(Self::Postgres(PgPool::connect(address).await?));
        }
        // Nobody else writes while tables are made anew. Who waits longer than this asks for the phase again.
        let options = SqliteConnectOptions::from_str(address)?
            .foreign_keys(true)
            .busy_timeout(Duration::from_millis(250));
        Ok(Self::Sqlite(SqlitePool::connect_with(options).await?))
    }

    /// The type of old ids.
    pub(crate) fn old_type(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "uuid",
            Self::Sqlite(_) => "TEXT",
        }
    }

    /// Whether a statement waited in vain for others to write.
    pub(crate) fn is_busy(&self, error: &sqlx::Error) -> bool {
        let code = || error.as_database_error()?.code()?.parse::<i32>().ok();
        // SQLITE_BUSY, of which there are several kinds.
        matches!(self, Self::Sqlite(_)) && code().is_some_and(|code| code & 0xff == 5)
    }

    /// Runs a statement, and says how many rows it changed. Parameters are texts, which it casts.
    pub(crate) async fn execute(&self, sql: &str, parameters: &[String]) -> sqlx::Result<u64> {
        Ok(match self {
            Self::Postgres(pool) => {
                let query =
                    parameters.iter().fold(sqlx::query(sql), |query, text| query.bind(text));
                query.execute(pool).await?.rows_affected()
            }
            Self::Sqlite(pool) => {
                let query =
                    parameters.iter().fold(sqlx::query(sql), |query, text| query.bind(text));
                query.execute(pool).await?.rows_affected()
            }
        })
    }

    /// The texts of the first row of a query, if there is one.
    pub(crate) async fn find<const N: usize>(
        &self,
        sql: &str,
        parameter: &str,
    ) -> sqlx::Result<Option<[Option<String>; N]>> {
        Ok(match self {
            Self::Postgres(pool) => {
                let row = sqlx::query(sql).bind(parameter).fetch_optional(pool).await?;
                row.map(|row| std::array::from_fn(|column| row.get(column)))
            }
            Self::Sqlite(pool) => {
                let row = sqlx::query(sql).bind(parameter).fetch_optional(pool).await?;
                row.map(|row| std::array::from_fn(|column| row.get(column)))
            }
        })
    }
}
