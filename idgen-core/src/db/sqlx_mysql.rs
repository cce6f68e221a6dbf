//! Ids as values of sqlx on MySQL and MariaDB: BIGINT, BIGINT UNSIGNED or BINARY(16).
//!
//! **Invariant:** a number is read as the column declares it. sqlx reads the bits of a signed
//! column as unsigned ones without a word, which would make ids of negative numbers.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::mysql::{MySql, MySqlTypeInfo, MySqlValueRef};
use sqlx::{Decode, Encode, Type, ValueRef};

use super::column;
use crate::typed::{Entity, TypedId};
use crate::{Id, IdScheme};

/// Whether a layout needs the 64th bit, which a signed BIGINT has not.
const fn is_unsigned<S: IdScheme>() -> bool {
    S::LAYOUT.significant_bits() == u64::BITS
}

/// BIGINT for a 64-bit word, BIGINT UNSIGNED where its layout uses the highest bit, and
/// BINARY(16) for a 128-bit one. Either BIGINT is read.
impl<S: IdScheme> Type<MySql> for Id<S> {
    fn type_info() -> MySqlTypeInfo {
        if !column::is_integer::<S>() {
            <[u8] as Type<MySql>>::type_info()
        } else if is_unsigned::<S>() {
            <u64 as Type<MySql>>::type_info()
        } else {
            <i64 as Type<MySql>>::type_info()
        }
    }

    fn compatible(ty: &MySqlTypeInfo) -> bool {
        if column::is_integer::<S>() {
            <u64 as Type<MySql>>::compatible(ty) || <i64 as Type<MySql>>::compatible(ty)
        } else {
            // Servers do not agree on how they report BINARY(16); its length tells it apart.
            <[u8] as Type<MySql>>::compatible(ty)
        }
    }
}

/// Every id has its value; a column that is too narrow is refused by the server.
impl<S: IdScheme> Encode<'_, MySql> for Id<S> {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        if !column::is_integer::<S>() {
            Encode::<MySql>::encode(column::bytes(*self).as_slice(), buffer)
        } else if is_unsigned::<S>() {
            Encode::<MySql>::encode(column::unsigned(*self), buffer)
        } else {
            Encode::<MySql>::encode(column::signed(*self)?, buffer)
        }
    }
}

/// Errs where the column holds no id of the scheme.
impl<'r, S: IdScheme> Decode<'r, MySql> for Id<S> {
    fn decode(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
        if !column::is_integer::<S>() {
            Ok(column::from_bytes(<&[u8] as Decode<MySql>>::decode(value)?)?)
        } else if <u64 as Type<MySql>>::compatible(&value.type_info()) {
            Ok(column::from_word(<u64 as Decode<MySql>>::decode(value)?.into())?)
        } else {
            Ok(column::from_signed(<i64 as Decode<MySql>>::decode(value)?)?)
        }
    }
}

/// The column of the id.
impl<E: Entity, S: IdScheme> Type<MySql> for TypedId<E, S> {
    fn type_info() -> MySqlTypeInfo {
        <Id<S> as Type<MySql>>::type_info()
    }

    fn compatible(ty: &MySqlTypeInfo) -> bool {
        <Id<S> as Type<MySql>>::compatible(ty)
    }
}

/// Every id has its value; a column that is too narrow is refused by the server.
impl<E: Entity, S: IdScheme> Encode<'_, MySql> for TypedId<E, S> {
    fn encode_by_ref(&self, buffer: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        Encode::<MySql>::encode_by_ref(&self.id, buffer)
    }
}

/// Errs where the column holds no id of the scheme.
impl<'r, E: Entity, S: IdScheme> Decode<'r, MySql> for TypedId<E, S> {
    fn decode(value: MySqlValueRef<'r>) -> Result<Self, BoxDynError> {
        <Id<S> as Decode<MySql>>::decode(value).map(Self::new)
    }
}
