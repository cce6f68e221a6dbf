//! PostgreSQL's part of a session.

use std::borrow::Cow;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection as _, Postgres, Row as _};

use super::driver::driver;
use super::{Row, Value};
use crate::Error;

driver!(Postgres, PgConnection);

pub(super) async fn connect(address: &str) -> sqlx::Result<PgConnection> {
    let mut connection = PgConnection::connect(address).await?;
    // Nothing of ours waits for a lock without limit, and times are told in one zone.
    run(&mut connection, "SET lock_timeout = 5000; SET timezone = 'UTC'").await?;
    Ok(connection)
}

/// `$1`, `$2` for each `?`.
fn statement(sql: &str) -> Cow<'_, str> {
    let mut parts = sql.split('?');
    let first = parts.next().unwrap_or_default();
    Cow::Owned((1..).zip(parts).fold(first.into(), |sql, (i, part)| format!("{sql}${i}{part}")))
}

fn value(row: &PgRow, index: usize, kind: &str) -> sqlx::Result<Value> {
    Ok(match kind {
        "BOOL" => Value::Integer(row.try_get::<bool, _>(index)?.into()),
        "INT2" => Value::Integer(row.try_get::<i16, _>(index)?.into()),
        "INT4" => Value::Integer(row.try_get::<i32, _>(index)?.into()),
        "INT8" => Value::Integer(row.try_get(index)?),
        _ => Value::Text(row.try_get_unchecked(index)?),
    })
}
