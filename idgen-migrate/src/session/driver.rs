//! What the drivers share: sqlx has it once for each database, with types of its own.

/// Makes `run`, `execute` and `stream` for one driver, whose file has `statement`, which writes a
/// statement in its own way, and `value`, which reads a field that is not NULL.
macro_rules! driver {
    ($database:ty, $connection:ty) => {
        pub(super) async fn run(connection: &mut $connection, sql: &str) -> sqlx::Result<()> {
            // Without parameters the text goes as it is, several statements at once.
            sqlx::Executor::execute(connection, sql).await.map(drop)
        }

        pub(super) async fn execute(
            connection: &mut $connection,
            sql: &str,
            parameters: &[Value],
        ) -> sqlx::Result<u64> {
            let sql = statement(sql);
            Ok(bound(&sql, parameters).execute(connection).await?.rows_affected())
        }

        pub(super) async fn stream(
            connection: &mut $connection,
            sql: &str,
            parameters: &[Value],
            each: &mut (dyn FnMut(Row) -> Result<(), Error> + Send),
        ) -> Result<(), Error> {
            let text = statement(sql);
            drain(sql, bound(&text, parameters).fetch(connection), each).await
        }

        pub(super) async fn batch(
            connection: &mut $connection,
            sql: &str,
            each: &mut (dyn FnMut(Row) -> Result<(), Error> + Send),
        ) -> Result<(), Error> {
            drain(sql, sqlx::raw_sql(sql).fetch(connection), each).await
        }

        async fn drain(
            sql: &str,
            mut rows: futures_util::stream::BoxStream<
                '_,
                sqlx::Result<<$database as sqlx::Database>::Row>,
            >,
            each: &mut (dyn FnMut(Row) -> Result<(), Error> + Send),
        ) -> Result<(), Error> {
            use futures_util::TryStreamExt as _;
            use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};

            let doing = super::shortened(sql);
            let failed = |error| Error::database(doing.clone())(error);
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                let fields = row.columns().iter().map(|column| {
                    let raw = row.try_get_raw(column.ordinal())?;
                    if raw.is_null() {
                        return Ok(Value::Null);
                    }
                    value(&row, column.ordinal(), raw.type_info().name())
                });
                each(Row(fields.collect::<sqlx::Result<_>>().map_err(failed)?))?;
            }
            Ok(())
        }

        fn bound<'q>(
            sql: &'q str,
            parameters: &[Value],
        ) -> sqlx::query::Query<'q, $database, <$database as sqlx::Database>::Arguments<'q>> {
            // Schemas change under the session, so that a kept statement could be of yesterday.
            let query = sqlx::query(sql).persistent(false);
            parameters.iter().fold(query, |query, value| match value {
                Value::Null => query.bind(None::<String>),
                Value::Integer(number) => query.bind(*number),
                Value::Text(text) => query.bind(text.clone()),
            })
        }
    };
}

pub(super) use driver;
