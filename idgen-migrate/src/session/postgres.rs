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
    // Nothing of ours waits for a lock without limit, or is cut short while it reads a whole table; times are told in
    // one zone and one style; and rows that a policy hides are an error, where they would be passed over.
    let settings = "SET lock_timeout = 5000; SET statement_timeout = 0; SET timezone = 'UTC'; \
        SET datestyle = 'ISO, MDY'; SET row_security = off";
    run(&mut connection, settings).await?;
    // Nor ended for being idle, and the operator's lock with it; and what is idle is asked for now and then, so
    // that nothing on the way takes it for gone. Which of these settings there are depends on the version.
    let awake = "SELECT set_config(name, CASE WHEN name LIKE 'tcp%' THEN '60' ELSE '0' END, false) \
        FROM pg_settings WHERE name IN ('idle_session_timeout', 'idle_in_transaction_session_timeout', \
        'transaction_timeout', 'tcp_keepalives_idle', 'tcp_keepalives_interval')";
    run(&mut connection, awake).await?;
    Ok(connection)
}

/// `$1`, `$2` for each `?` that is not part of a name or of a text.
fn statement(sql: &str) -> Cow<'_, str> {
    let (mut text, mut quote, mut number) = (String::with_capacity(sql.len()), None, 0);
    for c in sql.chars() {
        match quote {
            None if c == '?' => {
                number += 1;
                text += &format!("${number}");
                continue;
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            // One that is doubled ends it and begins it again.
            Some(open) if c == open => quote = None,
            _ => {}
        }
        text.push(c);
    }
    Cow::Owned(text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_told_from_names_and_texts() {
        let sql = r#"SELECT "is it?", 'so?''?', "a""?" FROM t WHERE a = ? AND b = ?"#;
        let told = r#"SELECT "is it?", 'so?''?', "a""?" FROM t WHERE a = $1 AND b = $2"#;
        assert_eq!(statement(sql), told);
    }
}
