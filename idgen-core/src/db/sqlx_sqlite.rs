//! Ids as values of sqlx on SQLite: INTEGER, or a BLOB of 16 bytes.
//!
//! **Invariant:** what is read has the storage class that an id is written with. SQLite makes a
//! 0 of most texts that are read as integers, and bytes of any text.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{Sqlite, SqliteArgumentValue, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, Type, TypeInfo, ValueRef};

use super::{ColumnError, column};
use crate::typed::{Entity, TypedId};
use crate::{Id, IdScheme, Name};

/// INTEGER for a 64-bit word, BLOB for a 128-bit one.
impl<S: IdScheme> Type<Sqlite> for Id<S> {
    fn type_info() -> SqliteTypeInfo {
        if column::is_integer::<S>() {
            <i64 as Type<Sqlite>>::type_info()
        } else {
            <[u8] as Type<Sqlite>>::type_info()
        }
    }

    /// Any column's type: what a value is, it alone knows, and decoding asks it.
    fn compatible(_: &SqliteTypeInfo) -> bool {
        true
    }
}

/// Errs where a 64-bit id is 2^63 or more.
impl<'q, S: IdScheme> Encode<'q, Sqlite> for Id<S> {
    fn encode_by_ref(
        &self,
        arguments: &mut Vec<SqliteArgumentValue<'q>>,
    ) -> Result<IsNull, BoxDynError> {
        if column::is_integer::<S>() {
            Encode::<Sqlite>::encode(column::signed(*self)?, arguments)
        } else {
            Encode::<Sqlite>::encode(column::bytes(*self).to_vec(), arguments)
        }
    }
}

/// Errs where the column holds no id of the scheme.
impl<'r, S: IdScheme> Decode<'r, Sqlite> for Id<S> {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let found = class(value.type_info().name());
        let expected = if column::is_integer::<S>() { "an integer" } else { "a blob" };
        if found != expected {
            return Err(ColumnError::Kind { found, expected, scheme: Name::new(S::NAME) }.into());
        }
        if column::is_integer::<S>() {
            Ok(column::from_signed(<i64 as Decode<Sqlite>>::decode(value)?)?)
        } else {
            Ok(column::from_bytes(<&[u8] as Decode<Sqlite>>::decode(value)?)?)
        }
    }
}

/// The column of the id.
impl<E: Entity, S: IdScheme> Type<Sqlite> for TypedId<E, S> {
    fn type_info() -> SqliteTypeInfo {
        <Id<S> as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <Id<S> as Type<Sqlite>>::compatible(ty)
    }
}

/// Errs where the id does.
impl<'q, E: Entity, S: IdScheme> Encode<'q, Sqlite> for TypedId<E, S> {
    fn encode_by_ref(
        &self,
        arguments: &mut Vec<SqliteArgumentValue<'q>>,
    ) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode_by_ref(&self.id, arguments)
    }
}

/// Errs where the column holds no id of the scheme.
impl<'r, E: Entity, S: IdScheme> Decode<'r, Sqlite> for TypedId<E, S> {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        <Id<S> as Decode<Sqlite>>::decode(value).map(Self::new)
    }
}

/// A storage class in words.
fn class(name: &str) -> &'static str {
    match name {
        "INTEGER" => "an integer",
        "BLOB" => "a blob",
        "TEXT" => "a text",
        "REAL" => "a real number",
        _ => "something else",
    }
}
