//! Ids as values of diesel: `BigInt` and `Unsigned<BigInt>`, `Uuid`, `Binary`.
//!
//! There is a feature for each database, and not one for all of them: `Uuid` and `Unsigned`
//! exist with one database each, SQLite's brings a C library along, and what an id is read from
//! differs in each.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{BigInt, Binary};

use super::column;
use crate::typed::{Entity, TypedId};
use crate::{Id, IdScheme};

/// Lends its derives to [`Id`], whose file knows nothing of databases.
#[derive(AsExpression, FromSqlRow)]
#[diesel(foreign_derive)]
#[diesel(sql_type = BigInt)]
#[diesel(sql_type = Binary)]
#[cfg_attr(feature = "diesel-mysql", diesel(sql_type = diesel::sql_types::Unsigned<BigInt>))]
#[cfg_attr(feature = "diesel-postgres", diesel(sql_type = diesel::sql_types::Uuid))]
#[expect(dead_code, reason = "the derives look at its field")]
struct Lent<S: IdScheme>(Id<S>);

/// The same for [`TypedId`].
#[derive(AsExpression, FromSqlRow)]
#[diesel(foreign_derive)]
#[diesel(sql_type = BigInt)]
#[diesel(sql_type = Binary)]
#[cfg_attr(feature = "diesel-mysql", diesel(sql_type = diesel::sql_types::Unsigned<BigInt>))]
#[cfg_attr(feature = "diesel-postgres", diesel(sql_type = diesel::sql_types::Uuid))]
#[expect(dead_code, reason = "the derives look at its field")]
struct LentTyped<E: Entity, S: IdScheme>(TypedId<E, S>);

/// A typed id is of each type, in each database, that its id is of there.
macro_rules! typed {
    ($Sql:ty) => {
        impl<E: Entity, S: IdScheme, DB: Backend> ToSql<$Sql, DB> for TypedId<E, S>
        where
            Id<S>: ToSql<$Sql, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                ToSql::<$Sql, DB>::to_sql(&self.id, out)
            }
        }

        impl<E: Entity, S: IdScheme, DB: Backend> FromSql<$Sql, DB> for TypedId<E, S>
        where
            Id<S>: FromSql<$Sql, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
                FromSql::<$Sql, DB>::from_sql(value).map(Self::new)
            }
        }
    };
}

typed!(BigInt);
typed!(Binary);
#[cfg(feature = "diesel-mysql")]
typed!(diesel::sql_types::Unsigned<BigInt>);
#[cfg(feature = "diesel-postgres")]
typed!(diesel::sql_types::Uuid);

#[cfg(feature = "diesel-postgres")]
mod postgres {
    use diesel::pg::{Pg, PgValue};
    use diesel::serialize::IsNull;
    use diesel::sql_types::Uuid;
    use std::io::Write;

    use super::{BigInt, FromSql, Id, IdScheme, Output, ToSql, column, deserialize, serialize};

    /// Errs where the id is 2^63 or more.
    impl<S: IdScheme<Word = u64>> ToSql<BigInt, Pg> for Id<S> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            ToSql::<BigInt, Pg>::to_sql(&column::signed(*self)?, &mut out.reborrow())
        }
    }

    /// Errs where the column holds no id of the scheme.
    impl<S: IdScheme<Word = u64>> FromSql<BigInt, Pg> for Id<S> {
        fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
            Ok(column::from_signed(FromSql::<BigInt, Pg>::from_sql(value)?)?)
        }
    }

    impl<S: IdScheme<Word = u128>> ToSql<Uuid, Pg> for Id<S> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            out.write_all(&column::bytes(*self))?;
            Ok(IsNull::No)
        }
    }

    /// Errs where the column holds no id of the scheme.
    impl<S: IdScheme<Word = u128>> FromSql<Uuid, Pg> for Id<S> {
        fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
            Ok(column::from_bytes(value.as_bytes())?)
        }
    }
}

#[cfg(feature = "diesel-mysql")]
mod mysql {
    use diesel::mysql::{Mysql, MysqlValue};
    use diesel::serialize::IsNull;
    use diesel::sql_types::Unsigned;
    use std::io::Write;

    use super::{
        BigInt, Binary, FromSql, Id, IdScheme, Output, ToSql, column, deserialize, serialize,
    };

    /// Errs where the id is 2^63 or more: an `Unsigned<BigInt>` takes it.
    impl<S: IdScheme<Word = u64>> ToSql<BigInt, Mysql> for Id<S> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
            ToSql::<BigInt, Mysql>::to_sql(&column::signed(*self)?, &mut out.reborrow())
        }
    }

    /// Errs where the column holds no id of the scheme.
    impl<S: IdScheme<Word = u64>> FromSql<BigInt, Mysql> for Id<S> {
        fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
            Ok(column::from_signed(FromSql::<BigInt, Mysql>::from_sql(value)?)?)
        }
    }

    impl<S: IdScheme<Word = u64>> ToSql<Unsigned<BigInt>, Mysql> for Id<S> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
            let number = column::unsigned(*self);
            ToSql::<Unsigned<BigInt>, Mysql>::to_sql(&number, &mut out.reborrow())
        }
    }

    /// Errs where the column holds no id of the scheme.
    impl<S: IdScheme<Word = u64>> FromSql<Unsigned<BigInt>, Mysql> for Id<S> {
        fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
            let number: u64 = FromSql::<Unsigned<BigInt>, Mysql>::from_sql(value)?;
            Ok(column::from_word(number.into())?)
        }
    }

    impl<S: IdScheme<Word = u128>> ToSql<Binary, Mysql> for Id<S> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
            out.write_all(&column::bytes(*self))?;
            Ok(IsNull::No)
        }
    }

    /// Errs where the column holds no id of the scheme.
    impl<S: IdScheme<Word = u128>> FromSql<Binary, Mysql> for Id<S> {
        fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
            Ok(column::from_bytes(value.as_bytes())?)
        }
    }
}

#[cfg(feature = "diesel-sqlite")]
mod sqlite {
    use diesel::backend::Backend;
    use diesel::serialize::IsNull;
    use diesel::sqlite::{Sqlite, SqliteType};

    use super::{
        BigInt, Binary, FromSql, Id, IdScheme, Output, ToSql, column, deserialize, serialize,
    };
    use crate::Name;
    use crate::db::ColumnError;

    type Value<'a> = <Sqlite as Backend>::RawValue<'a>;

    /// Errs where the id is 2^63 or more.
    impl<S: IdScheme<Word = u64>> ToSql<BigInt, Sqlite> for Id<S> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            out.set_value(column::signed(*self)?);
            Ok(IsNull::No)
        }
    }

    /// Errs where the value is no integer, or no id of the scheme.
    impl<S: IdScheme<Word = u64>> FromSql<BigInt, Sqlite> for Id<S> {
        fn from_sql(mut value: Value<'_>) -> deserialize::Result<Self> {
            check_class::<S>(&value, SqliteType::Long)?;
            Ok(column::from_signed(value.read_long())?)
        }
    }

    impl<S: IdScheme<Word = u128>> ToSql<Binary, Sqlite> for Id<S> {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
            out.set_value(column::bytes(*self).to_vec());
            Ok(IsNull::No)
        }
    }

    /// Errs where the value is no blob, or no id of the scheme.
    impl<S: IdScheme<Word = u128>> FromSql<Binary, Sqlite> for Id<S> {
        fn from_sql(mut value: Value<'_>) -> deserialize::Result<Self> {
            check_class::<S>(&value, SqliteType::Binary)?;
            Ok(column::from_bytes(value.read_blob())?)
        }
    }

    /// SQLite makes a 0 of most texts that are read as integers, and bytes of any text.
    fn check_class<S: IdScheme>(value: &Value<'_>, class: SqliteType) -> Result<(), ColumnError> {
        let (found, expected) = (value.value_type().map_or("NULL", in_words), in_words(class));
        if found == expected {
            return Ok(());
        }
        Err(ColumnError::Kind { found, expected, scheme: Name::new(S::NAME) })
    }

    /// A storage class in words.
    fn in_words(class: SqliteType) -> &'static str {
        match class {
            SqliteType::Binary => "a blob",
            SqliteType::Text => "a text",
            SqliteType::Float | SqliteType::Double => "a real number",
            _ => "an integer",
        }
    }
}
