//! Ids through sqlx, on PostgreSQL, MariaDB and SQLite.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use std::fmt::Debug;

use idgen::snowflake::{Discord, Snowflake};
use idgen::typed::TypedId;
use idgen::uuid::UuidV7;
use idgen::{Id, IdScheme, UnixTime};
use idgen_databases::{
    Order, begin, each_full, each_narrow, each_wide, edges, fits_signed, generated, has_ranges,
    shuffled,
};
use sqlx::{Connection, Row};

/// The checks of one database; each makes a table of its own. A connection is for one scheme:
/// it keeps statements by their text, whatever the type of what was bound.
macro_rules! checks {
    ($Connection:ty, $Row:ty, $sql:path) => {
        use super::*;

        pub type Db = $Connection;

        /// A table for these ids in the column type.
        pub async fn create(db: &mut Db, column: &str) {
            let drop = "DROP TABLE IF EXISTS item";
            sqlx::query(drop).execute(&mut *db).await.unwrap();
            let create = format!(
                "CREATE TEMPORARY TABLE item (id {column} NOT NULL PRIMARY KEY, parent {column})"
            );
            sqlx::query(&create).execute(db).await.unwrap();
        }

        pub async fn insert<S: IdScheme>(
            db: &mut Db,
            id: Id<S>,
            parent: Option<Id<S>>,
        ) -> Result<(), sqlx::Error> {
            let sql = $sql("INSERT INTO item (id, parent) VALUES (?, ?)");
            sqlx::query(&sql).bind(id).bind(parent).execute(db).await.map(drop)
        }

        /// What a statement without arguments yields in its only column: prepared, and as text.
        pub async fn select<S: IdScheme>(
            db: &mut Db,
            sql: &str,
        ) -> [Result<Option<Id<S>>, sqlx::Error>; 2] {
            let read = |row: $Row| row.try_get::<Option<Id<S>>, _>(0);
            let prepared = sqlx::query(sql).fetch_one(&mut *db).await.and_then(read);
            [prepared, sqlx::raw_sql(sql).fetch_one(db).await.and_then(read)]
        }

        pub async fn round_trip<S: IdScheme>(db: &mut Db, column: &str, ids: Vec<Id<S>>) {
            create(db, column).await;
            assert!(ids.len() > 20);
            for (i, id) in ids.into_iter().enumerate() {
                let parent = (i % 2 == 0).then_some(id);
                insert(db, id, parent).await.unwrap();
                let sql = $sql("SELECT id, parent FROM item WHERE id = ?");
                let row = sqlx::query(&sql).bind(id).fetch_one(&mut *db).await.unwrap();
                assert_eq!((row.get::<Id<S>, _>("id"), row.get("parent")), (id, parent));
                let sql = $sql("SELECT id FROM item WHERE parent = ?");
                let found = sqlx::query_scalar::<_, Id<S>>(&sql).bind(parent);
                assert_eq!(found.fetch_optional(&mut *db).await.unwrap(), parent);
            }
            let last = "SELECT parent FROM item WHERE parent IS NOT NULL ORDER BY id DESC LIMIT 1";
            let [prepared, text] = select::<S>(db, last).await;
            assert_eq!(prepared.unwrap().unwrap(), text.unwrap().unwrap());
            let none = "SELECT parent FROM item WHERE parent IS NULL LIMIT 1";
            for read in select::<S>(db, none).await {
                assert_eq!(read.unwrap(), None);
            }
        }

        /// A typed id stands in the column as its id does, and comes back with its type.
        pub async fn typed<S: IdScheme>(db: &mut Db, column: &str, id: Id<S>) {
            create(db, column).await;
            let order = TypedId::<Order, S>::new(id);
            let sql = $sql("INSERT INTO item (id, parent) VALUES (?, ?)");
            let parent = Some(order);
            sqlx::query(&sql).bind(order).bind(parent).execute(&mut *db).await.unwrap();
            let sql = $sql("SELECT id, parent FROM item WHERE id = ?");
            let row = sqlx::query(&sql).bind(order).fetch_one(db).await.unwrap();
            assert_eq!((row.get("id"), row.get("parent")), (order, parent));
            assert_eq!(row.get::<Id<S>, _>("id"), id);
        }

        pub async fn order<S: IdScheme>(db: &mut Db, column: &str, ids: Vec<Id<S>>) {
            create(db, column).await;
            for id in shuffled(ids.clone()) {
                insert(db, id, None).await.unwrap();
            }
            let sql = "SELECT id FROM item ORDER BY id";
            let found: Vec<Id<S>> = sqlx::query_scalar(sql).fetch_all(&mut *db).await.unwrap();
            assert!(ids.is_sorted() && ids.len() > 20);
            assert_eq!(found, ids);
            let text: Vec<_> = sqlx::raw_sql(sql).fetch_all(db).await.unwrap();
            assert_eq!(text.iter().map(|row| row.get(0)).collect::<Vec<Id<S>>>(), ids);
        }

        /// Needs the table that `order` leaves behind, with the ids that were generated.
        pub async fn ranges<S: IdScheme>(db: &mut Db) {
            let sql = $sql("SELECT id FROM item WHERE id >= ? AND id <= ? ORDER BY id");
            for (from, to, count) in [(0, 61_000, 600), (5_000, 15_000, 100), (7_001, 8_001, 10)] {
                let [from, to] = [from, to].map(after_begin::<S>);
                let range = Id::<S>::between(from, to).unwrap().unwrap();
                let found = sqlx::query_scalar(&sql).bind(*range.start()).bind(*range.end());
                let found: Vec<Id<S>> = found.fetch_all(&mut *db).await.unwrap();
                assert_eq!(found.len(), count, "{from} to {to}");
                let mut expected = generated::<S>();
                expected.retain(|id| id.time().is_some_and(|time| from <= time && time < to));
                assert_eq!(found, expected);
            }
        }

        /// Everything for a scheme. Ids that do not fit are refused before they reach the
        /// database; there are none where the column holds each.
        pub async fn all<S: IdScheme>(db: &mut Db, column: &str, fits: fn(&Id<S>) -> bool) {
            let (fitting, too_large): (Vec<_>, Vec<_>) =
                edges::<S>().iter().partition(|id| fits(id));
            round_trip::<S>(db, column, fitting.clone()).await;
            typed::<S>(db, column, fitting[1]).await;
            order::<S>(db, column, fitting.clone()).await;
            for &id in &too_large {
                let error = insert(db, id, None).await.unwrap_err().to_string();
                let expected = format!("id {id} does not fit a signed 64-bit integer; store it");
                assert!(error.contains(&expected), "{error}");
            }
            let count = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM item");
            let count = count.fetch_one(&mut *db).await.unwrap();
            assert_eq!(count, i64::try_from(fitting.len()).unwrap());
            if has_ranges::<S>() {
                order::<S>(db, column, generated()).await;
                ranges::<S>(db).await;
            }
        }

        /// A value that another program has written is refused with the value and a reason.
        pub async fn refuses<S: IdScheme>(db: &mut Db, value: &str, expected: &str) {
            for read in select::<S>(db, &format!("SELECT {value}")).await {
                let error = read.unwrap_err().to_string();
                assert!(error.contains(expected), "{value}: {error}");
            }
        }
    };
}

fn after_begin<S: IdScheme>(millis: i128) -> UnixTime {
    UnixTime::from_nanos(begin::<S>().as_nanos() + millis * 1_000_000)
}

fn any<S: IdScheme>(_: &Id<S>) -> bool {
    true
}

fn with_question_marks(sql: &str) -> String {
    sql.to_owned()
}

/// The address of a server that `scripts/test databases` has started.
fn address(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test databases"))
}

mod postgres {
    checks!(sqlx::PgConnection, sqlx::postgres::PgRow, numbered);

    /// PostgreSQL numbers its arguments.
    fn numbered(sql: &str) -> String {
        let mut parts = sql.split('?');
        let first = parts.next().unwrap_or_default().to_owned();
        parts.zip(1..).fold(first, |sql, (part, number)| format!("{sql}${number}{part}"))
    }

    async fn connect() -> Db {
        Db::connect(&address("IDGEN_TEST_POSTGRES")).await.unwrap()
    }

    #[tokio::test]
    #[ignore = "needs servers: scripts/test databases"]
    async fn each_scheme_in_its_column() {
        each_narrow!(S => all::<S>(&mut connect().await, "BIGINT", any).await);
        each_full!(S => all::<S>(&mut connect().await, "BIGINT", fits_signed).await);
        each_wide!(S => all::<S>(&mut connect().await, "UUID", any).await);
    }

    #[tokio::test]
    #[ignore = "needs servers: scripts/test databases"]
    async fn foreign_values_are_refused() {
        let db = &mut connect().await;
        refuses::<Snowflake>(db, "-1::bigint", "the column holds -1, which is negative").await;
        refuses::<Discord>(db, "-1::bigint", "the column holds -1, which is negative").await;
        let uuid = "'00000000-0000-4000-8000-000000000000'::uuid";
        refuses::<UuidV7>(db, uuid, "no uuid-v7 id: field 'ver' holds 4, but must hold 7").await;
        refuses::<Snowflake>(db, "'7'::text", "mismatched types").await;
        refuses::<Snowflake>(db, "7::integer", "mismatched types").await;
        refuses::<UuidV7>(db, "'\\x00'::bytea", "mismatched types").await;
    }

    async fn arrays<S: IdScheme>(db: &mut Db, column: &str) {
        create(db, column).await;
        let mut ids: Vec<_> = edges::<S>();
        ids.retain(fits_signed);
        let sql = format!("INSERT INTO item (id) SELECT unnest($1::{column}[])");
        sqlx::query(&sql).bind(&ids).execute(&mut *db).await.unwrap();
        let sql = "SELECT array_agg(id ORDER BY id) FROM item WHERE id = ANY($1)";
        let some = &ids[1..7];
        let found: Vec<Id<S>> =
            sqlx::query_scalar(sql).bind(some).fetch_one(&mut *db).await.unwrap();
        assert_eq!(found, some);
        let holes = "SELECT array_agg(parent) FROM item";
        let found: Vec<Option<Id<S>>> =
            sqlx::query_scalar(holes).fetch_one(&mut *db).await.unwrap();
        assert_eq!(found, vec![None; ids.len()]);
        let orders: Vec<TypedId<Order, S>> = some.iter().copied().map(TypedId::new).collect();
        let sql = "SELECT array_agg(id ORDER BY id) FROM item WHERE id = ANY($1::{column}[])";
        let found: Vec<TypedId<Order, S>> = sqlx::query_scalar(&sql.replace("{column}", column))
            .bind(&orders)
            .fetch_one(db)
            .await
            .unwrap();
        assert_eq!(found, orders);
    }

    #[tokio::test]
    #[ignore = "needs servers: scripts/test databases"]
    async fn arrays_hold_ids() {
        arrays::<Snowflake>(&mut connect().await, "BIGINT").await;
        arrays::<Discord>(&mut connect().await, "BIGINT").await;
        arrays::<UuidV7>(&mut connect().await, "UUID").await;
    }
}

mod mysql {
    checks!(sqlx::MySqlConnection, sqlx::mysql::MySqlRow, with_question_marks);

    async fn connect() -> Db {
        Db::connect(&address("IDGEN_TEST_MYSQL")).await.unwrap()
    }

    #[tokio::test]
    #[ignore = "needs servers: scripts/test databases"]
    async fn each_scheme_in_its_column() {
        each_narrow!(S => all::<S>(&mut connect().await, "BIGINT", any).await);
        each_narrow!(S => all::<S>(&mut connect().await, "BIGINT UNSIGNED", any).await);
        each_full!(S => all::<S>(&mut connect().await, "BIGINT UNSIGNED", any).await);
        each_wide!(S => all::<S>(&mut connect().await, "BINARY(16)", any).await);
        each_wide!(S => all::<S>(&mut connect().await, "VARBINARY(16)", any).await);
    }

    #[tokio::test]
    #[ignore = "needs servers: scripts/test databases"]
    async fn a_signed_column_refuses_what_it_cannot_hold() {
        let db = &mut connect().await;
        create(db, "BIGINT").await;
        for id in edges::<Discord>() {
            let done = insert(db, id, None).await;
            assert_eq!(done.is_ok(), fits_signed(&id), "{id}");
            if let Err(error) = done {
                assert!(
                    error.to_string().contains("Out of range value for column 'id'"),
                    "{error}"
                );
            }
        }
    }

    #[tokio::test]
    #[ignore = "needs servers: scripts/test databases"]
    async fn foreign_values_are_refused() {
        let db = &mut connect().await;
        let signed = "CAST(-1 AS SIGNED)";
        refuses::<Snowflake>(db, signed, "the column holds -1, which is negative").await;
        refuses::<Discord>(db, signed, "the column holds -1, which is negative").await;
        let unsigned = "CAST(18446744073709551615 AS UNSIGNED)";
        let sign = "the column holds 18446744073709551615 (0xffffffffffffffff), which is no \
                    snowflake id: field 'unused' holds 1, but must hold 0";
        refuses::<Snowflake>(db, unsigned, sign).await;
        refuses::<Snowflake>(db, "'7'", "mismatched types").await;
        refuses::<UuidV7>(db, "x'0102'", "the column holds 2 bytes, but a uuid-v7 id has 16").await;
        refuses::<UuidV7>(db, "UUID()", "the column holds 36 bytes").await;
        let version = "x'00000000000040008000000000000000'";
        refuses::<UuidV7>(db, version, "field 'ver' holds 4, but must hold 7").await;
    }
}

mod sqlite {
    checks!(sqlx::SqliteConnection, sqlx::sqlite::SqliteRow, with_question_marks);

    async fn connect() -> Db {
        Db::connect("sqlite::memory:").await.unwrap()
    }

    #[tokio::test]
    async fn each_scheme_in_its_column() {
        each_narrow!(S => all::<S>(&mut connect().await, "INTEGER", any).await);
        each_narrow!(S => all::<S>(&mut connect().await, "BIGINT", any).await);
        each_full!(S => all::<S>(&mut connect().await, "INTEGER", fits_signed).await);
        each_wide!(S => all::<S>(&mut connect().await, "BLOB", any).await);
    }

    #[tokio::test]
    async fn foreign_values_are_refused() {
        let db = &mut connect().await;
        refuses::<Snowflake>(db, "-1", "the column holds -1, which is negative").await;
        refuses::<Snowflake>(
            db,
            "'7'",
            "the column holds a text, but a snowflake id is an integer",
        )
        .await;
        refuses::<Snowflake>(db, "7.0", "the column holds a real number").await;
        refuses::<Snowflake>(db, "x'07'", "the column holds a blob").await;
        refuses::<UuidV7>(db, "x'0102'", "the column holds 2 bytes, but a uuid-v7 id has 16").await;
        refuses::<UuidV7>(db, "'0123456789abcdef'", "the column holds a text").await;
        refuses::<UuidV7>(db, "7", "the column holds an integer").await;
        let version = "x'00000000000040008000000000000000'";
        refuses::<UuidV7>(db, version, "field 'ver' holds 4, but must hold 7").await;
    }

    /// A column without a type, or with another, holds what was put into it.
    #[tokio::test]
    async fn a_column_of_another_type_is_looked_into() {
        let db = &mut connect().await;
        for column in ["", "TEXT", "UUID", "DATETIME", "BOOLEAN", "BINARY(16)"] {
            create(db, column).await;
            for id in edges::<UuidV7>() {
                insert(db, id, None).await.unwrap();
            }
            let found = sqlx::query_scalar("SELECT id FROM item ORDER BY id");
            let found: Vec<Id<UuidV7>> = found.fetch_all(&mut *db).await.unwrap();
            assert_eq!(found, edges::<UuidV7>(), "{column}");
        }
    }
}

/// Ids cross threads and live in futures like any other value.
#[test]
fn ids_are_plain_values() {
    fn check<T: Send + Sync + Debug + Unpin + 'static>() {}
    check::<Id<Snowflake>>();
    check::<Id<UuidV7>>();
}
