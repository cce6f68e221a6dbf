//! MariaDB's part of a session.

use std::borrow::Cow;

use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Connection as _, MySql, Row as _};

use super::driver::driver;
use super::{Row, Value};
use crate::Error;

driver!(MySql, MySqlConnection);

/// Connects; and refuses a server that is no MariaDB, before anything of it is touched.
pub(super) async fn connect(address: &str) -> Result<MySqlConnection, Error> {
    let failed = || Error::database(super::CONNECTING);
    let address = address.replacen("mariadb:", "mysql:", 1);
    let mut connection = MySqlConnection::connect(&address).await.map_err(failed())?;
    let version = sqlx::query_scalar("SELECT CAST(VERSION() AS CHAR)");
    let version: String = version.fetch_one(&mut connection).await.map_err(failed())?;
    if !is_mariadb(&version) {
        return Err(Error::Server { version });
    }
    // Nothing of ours waits for a lock without limit, or is ended for being idle or slow, and the operator's
    // lock with it; times are told in one zone, and each statement sees what others have committed.
    let settings = "SET lock_wait_timeout = 5, innodb_lock_wait_timeout = 5, time_zone = '+00:00', \
        wait_timeout = 31536000, net_read_timeout = 3600, net_write_timeout = 3600, \
        idle_transaction_timeout = 0, idle_readonly_transaction_timeout = 0, \
        idle_write_transaction_timeout = 0, max_statement_time = 0, \
        tx_isolation = 'READ-COMMITTED', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')";
    run(&mut connection, settings).await.map_err(failed())?;
    Ok(connection)
}

/// By the version that a server tells, as 10.11.19-MariaDB-0+deb12u1 is one of.
fn is_mariadb(version: &str) -> bool {
    version.to_ascii_lowercase().contains("mariadb")
}

fn statement(sql: &str) -> Cow<'_, str> {
    Cow::Borrowed(sql)
}

fn value(row: &MySqlRow, index: usize, kind: &str) -> sqlx::Result<Value> {
    Ok(match kind {
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED" => {
            let number: u64 = row.try_get_unchecked(index)?;
            i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Integer)
        }
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Value::Integer(row.try_get_unchecked(index)?)
        }
        _ => Value::Text(row.try_get_unchecked(index)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mariadb_is_told_from_mysql() {
        for version in ["10.11.19-MariaDB-0+deb12u1", "5.5.5-10.6.4-mariadb-log", "12.0.2-MariaDB"]
        {
            assert!(is_mariadb(version), "{version}");
        }
        assert!(!is_mariadb("8.4.3") && !is_mariadb("9.1.0-commercial"));
    }
}
