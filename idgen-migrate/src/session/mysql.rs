//! MariaDB's part of a session.

use std::borrow::Cow;

use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Connection as _, MySql, Row as _};

use super::driver::driver;
use super::{Row, Value};
use crate::Error;

driver!(MySql, MySqlConnection);

pub(super) async fn connect(address: &str) -> sqlx::Result<MySqlConnection> {
    let address = address.replacen("mariadb:", "mysql:", 1);
    let mut connection = MySqlConnection::connect(&address).await?;
    // Nothing of ours waits for a lock without limit, times are told in one zone, and each
    // statement sees what others have committed.
    let settings = "SET lock_wait_timeout = 5, innodb_lock_wait_timeout = 5, time_zone = '+00:00', \
        tx_isolation = 'READ-COMMITTED', sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')";
    run(&mut connection, settings).await?;
    Ok(connection)
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
