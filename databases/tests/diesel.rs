//! Ids through diesel, on SQLite, and with the feature `client-libraries` on PostgreSQL and MariaDB.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test")]

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use idgen::snowflake::Snowflake;
use idgen::typed::TypedId;
use idgen::uuid::UuidV7;
use idgen::{Id, IdScheme, UnixTime};
use idgen_databases::{
    Order, begin, each_full, each_narrow, each_wide, edges, fits_signed, generated, has_ranges,
    shuffled,
};

/// The checks of one database, in a table whose columns have one of diesel's types: a module for
/// schemes whose word is this wide.
macro_rules! checks {
    ($module:ident: $Connection:ty, $Word:ty, $Sql:ty) => {
        mod $module {
            use super::*;

            /// An id in a row.
            #[derive(Insertable, Queryable, QueryableByName, Selectable)]
            #[diesel(table_name = item)]
            struct Item<S: IdScheme<Word = $Word>> {
                id: Id<S>,
                parent: Option<Id<S>>,
            }

            /// The same with ids of orders.
            #[derive(Insertable, Queryable)]
            #[diesel(table_name = item)]
            struct Typed<S: IdScheme<Word = $Word>> {
                id: TypedId<Order, S>,
                parent: Option<TypedId<Order, S>>,
            }

            table! {
                item (id) {
                    id -> $Sql,
                    parent -> Nullable<$Sql>,
                }
            }

            pub fn create(db: &mut $Connection, column: &str) {
                db.batch_execute("DROP TABLE IF EXISTS item").unwrap();
                db.batch_execute(&format!(
                    "CREATE TEMPORARY TABLE item (id {column} NOT NULL PRIMARY KEY, parent {column})"
                ))
                .unwrap();
            }

            pub fn insert<S: IdScheme<Word = $Word>>(
                db: &mut $Connection,
                id: Id<S>,
                parent: Option<Id<S>>,
            ) -> QueryResult<usize> {
                Item { id, parent }.insert_into(item::table).execute(db)
            }

            pub fn round_trip<S: IdScheme<Word = $Word>>(
                db: &mut $Connection,
                column: &str,
                ids: Vec<Id<S>>,
            ) {
                create(db, column);
                assert!(ids.len() > 20);
                for (i, id) in ids.into_iter().enumerate() {
                    let parent = (i % 2 == 0).then_some(id);
                    insert(db, id, parent).unwrap();
                    let found: Item<S> = item::table.find(id).first(db).unwrap();
                    assert_eq!((found.id, found.parent), (id, parent));
                    let child = item::table.filter(item::parent.eq(parent)).select(item::id);
                    assert_eq!(child.first::<Id<S>>(db).optional().unwrap(), parent);
                }
                let sql = "SELECT id, parent FROM item WHERE parent IS NULL";
                let orphans: Vec<Item<S>> = diesel::sql_query(sql).load(db).unwrap();
                assert!(orphans.len() > 10 && orphans.iter().all(|item| item.parent.is_none()));
            }

            /// A typed id stands in the column as its id does, and comes back with its type.
            pub fn typed<S: IdScheme<Word = $Word>>(
                db: &mut $Connection,
                column: &str,
                id: Id<S>,
            ) {
                create(db, column);
                let order = TypedId::new(id);
                let parent = Some(order);
                Typed { id: order, parent }.insert_into(item::table).execute(db).unwrap();
                let found: Typed<S> = item::table.find(order).first(db).unwrap();
                assert_eq!((found.id, found.parent), (order, parent));
                assert_eq!(item::table.select(item::id).first::<Id<S>>(db).unwrap(), id);
            }

            pub fn order<S: IdScheme<Word = $Word>>(
                db: &mut $Connection,
                column: &str,
                ids: Vec<Id<S>>,
            ) {
                create(db, column);
                for id in shuffled(ids.clone()) {
                    insert(db, id, None).unwrap();
                }
                assert!(ids.is_sorted() && ids.len() > 20);
                let sorted = item::table.select(item::id).order(item::id);
                assert_eq!(sorted.load::<Id<S>>(db).unwrap(), ids);
                let some = item::id.eq_any(&ids[3..9]);
                assert_eq!(sorted.filter(some).load::<Id<S>>(db).unwrap(), ids[3..9]);
            }

            /// Needs the table that `order` leaves behind, with the ids that were generated.
            pub fn ranges<S: IdScheme<Word = $Word>>(db: &mut $Connection) {
                for (from, to, count) in [(0, 61_000, 600), (5_000, 15_000, 100), (7_001, 8_001, 10)] {
                    let [from, to] = [from, to].map(after_begin::<S>);
                    let range = Id::<S>::between(from, to).unwrap().unwrap();
                    let scan = item::table
                        .select(item::id)
                        .filter(item::id.ge(range.start()))
                        .filter(item::id.le(range.end()))
                        .order(item::id);
                    let found = scan.load::<Id<S>>(db).unwrap();
                    assert_eq!(found.len(), count, "{from} to {to}");
                    let mut expected = generated::<S>();
                    expected.retain(|id| id.time().is_some_and(|time| from <= time && time < to));
                    assert_eq!(found, expected);
                }
            }

            /// Everything for a scheme. Ids that do not fit are refused before they reach the
            /// database; there are none where the column holds each.
            pub fn all<S: IdScheme<Word = $Word>>(
                db: &mut $Connection,
                column: &str,
                fits: fn(&Id<S>) -> bool,
            ) {
                let (fitting, too_large): (Vec<_>, Vec<_>) = edges::<S>().iter().partition(|id| fits(id));
                round_trip::<S>(db, column, fitting.clone());
                typed::<S>(db, column, fitting[1]);
                order::<S>(db, column, fitting.clone());
                for &id in &too_large {
                    let error = insert(db, id, None).unwrap_err().to_string();
                    let expected = format!("id {id} does not fit a signed 64-bit integer; store it");
                    assert!(error.contains(&expected), "{error}");
                }
                let count: i64 = item::table.count().get_result(db).unwrap();
                assert_eq!(count, i64::try_from(fitting.len()).unwrap());
                if has_ranges::<S>() {
                    order::<S>(db, column, generated());
                    ranges::<S>(db);
                }
            }

            /// A value that another program has written is refused with the value and a reason.
            pub fn refuses<S: IdScheme<Word = $Word>>(
                db: &mut $Connection,
                value: &str,
                expected: &str,
            ) {
                let sql = format!("SELECT {value} AS id, NULL AS parent");
                let error = match diesel::sql_query(sql).load::<Item<S>>(db) {
                    Ok(found) => panic!("{value} is read as {:?}", found[0].id),
                    Err(error) => error.to_string(),
                };
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

checks!(sqlite_integers: SqliteConnection, u64, BigInt);
checks!(sqlite_blobs: SqliteConnection, u128, Binary);

mod sqlite {
    use super::*;

    fn connect() -> SqliteConnection {
        SqliteConnection::establish(":memory:").unwrap()
    }

    #[test]
    fn each_scheme_in_its_column() {
        let db = &mut connect();
        each_narrow!(S => sqlite_integers::all::<S>(db, "INTEGER", any));
        each_full!(S => sqlite_integers::all::<S>(db, "INTEGER", fits_signed));
        each_wide!(S => sqlite_blobs::all::<S>(db, "BLOB", any));
    }

    #[test]
    fn foreign_values_are_refused() {
        let db = &mut connect();
        let negative = "the column holds -1, which is negative";
        sqlite_integers::refuses::<Snowflake>(db, "-1", negative);
        sqlite_integers::refuses::<Snowflake>(db, "'7'", "the column holds a text");
        sqlite_integers::refuses::<Snowflake>(db, "7.0", "the column holds a real number");
        sqlite_integers::refuses::<Snowflake>(db, "x'07'", "the column holds a blob");
        sqlite_blobs::refuses::<UuidV7>(db, "x'0102'", "the column holds 2 bytes");
        sqlite_blobs::refuses::<UuidV7>(db, "'0123456789abcdef'", "the column holds a text");
        sqlite_blobs::refuses::<UuidV7>(db, "7", "the column holds an integer");
        let version = "x'00000000000040008000000000000000'";
        sqlite_blobs::refuses::<UuidV7>(db, version, "field 'ver' holds 4, but must hold 7");
    }
}

#[cfg(feature = "client-libraries")]
mod servers {
    use idgen::snowflake::Discord;

    use super::*;

    checks!(postgres_integers: PgConnection, u64, BigInt);
    checks!(postgres_uuids: PgConnection, u128, Uuid);
    checks!(mysql_integers: MysqlConnection, u64, BigInt);
    checks!(mysql_unsigned: MysqlConnection, u64, Unsigned<BigInt>);
    checks!(mysql_binary: MysqlConnection, u128, Binary);

    /// Connects to a server that `scripts/test databases` has started.
    fn connect<C: Connection>(variable: &str) -> C {
        let address = std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: run scripts/test databases"));
        C::establish(&address).unwrap()
    }

    #[test]
    #[ignore = "needs servers: scripts/test databases"]
    fn postgres_each_scheme_in_its_column() {
        let db = &mut connect("IDGEN_TEST_POSTGRES");
        each_narrow!(S => postgres_integers::all::<S>(db, "BIGINT", any));
        each_full!(S => postgres_integers::all::<S>(db, "BIGINT", fits_signed));
        each_wide!(S => postgres_uuids::all::<S>(db, "UUID", any));
    }

    #[test]
    #[ignore = "needs servers: scripts/test databases"]
    fn postgres_foreign_values_are_refused() {
        let db = &mut connect("IDGEN_TEST_POSTGRES");
        let negative = "the column holds -1, which is negative";
        postgres_integers::refuses::<Snowflake>(db, "-1::bigint", negative);
        postgres_integers::refuses::<Discord>(db, "-1::bigint", negative);
        let uuid = "'00000000-0000-4000-8000-000000000000'::uuid";
        postgres_uuids::refuses::<UuidV7>(db, uuid, "field 'ver' holds 4, but must hold 7");
        postgres_uuids::refuses::<UuidV7>(db, "'\\x00'::bytea", "the column holds 1 bytes");
    }

    #[test]
    #[ignore = "needs servers: scripts/test databases"]
    fn mysql_each_scheme_in_its_column() {
        let db = &mut connect("IDGEN_TEST_MYSQL");
        each_narrow!(S => mysql_integers::all::<S>(db, "BIGINT", any));
        each_full!(S => mysql_integers::all::<S>(db, "BIGINT", fits_signed));
        each_narrow!(S => mysql_unsigned::all::<S>(db, "BIGINT UNSIGNED", any));
        each_full!(S => mysql_unsigned::all::<S>(db, "BIGINT UNSIGNED", any));
        each_wide!(S => mysql_binary::all::<S>(db, "BINARY(16)", any));
        each_wide!(S => mysql_binary::all::<S>(db, "VARBINARY(16)", any));
    }

    #[test]
    #[ignore = "needs servers: scripts/test databases"]
    fn mysql_foreign_values_are_refused() {
        let db = &mut connect("IDGEN_TEST_MYSQL");
        let signed = "CAST(-1 AS SIGNED)";
        mysql_integers::refuses::<Snowflake>(db, signed, "the column holds -1, which is negative");
        let unsigned = "CAST(18446744073709551615 AS UNSIGNED)";
        let sign = "the column holds 18446744073709551615";
        mysql_unsigned::refuses::<Snowflake>(db, unsigned, sign);
        mysql_binary::refuses::<UuidV7>(db, "x'0102'", "the column holds 2 bytes");
        mysql_binary::refuses::<UuidV7>(db, "UUID()", "the column holds 36 bytes");
        let version = "x'00000000000040008000000000000000'";
        mysql_binary::refuses::<UuidV7>(db, version, "field 'ver' holds 4, but must hold 7");
    }
}
