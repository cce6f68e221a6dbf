//! Ids as values of sqlx on PostgreSQL: BIGINT or UUID, and arrays of them.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueRef, Postgres};
use sqlx::types::Uuid;
use sqlx::{Decode, Encode, Type};

use super::column;
use crate::typed::{Entity, TypedId};
use crate::{Id, IdScheme};

/// BIGINT for a 64-bit word, UUID for a 128-bit one.
impl<S: IdScheme> Type<Postgres> for Id<S> {
    fn type_info() -> PgTypeInfo {
        if column::is_integer::<S>() {
            <i64 as Type<Postgres>>::type_info()
        } else {
            <Uuid as Type<Postgres>>::type_info()
        }
    }
}

/// BIGINT[] or UUID[].
impl<S: IdScheme> PgHasArrayType for Id<S> {
    fn array_type_info() -> PgTypeInfo {
        if column::is_integer::<S>() { i64::array_type_info() } else { Uuid::array_type_info() }
    }
}

/// Errs where a 64-bit id is 2^63 or more.
impl<S: IdScheme> Encode<'_, Postgres> for Id<S> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        if column::is_integer::<S>() {
            Encode::<Postgres>::encode(column::signed(*self)?, buffer)
        } else {
            Encode::<Postgres>::encode(Uuid::from_u128(self.word().into()), buffer)
        }
    }
}

/// Errs where the column holds no id of the scheme.
impl<'r, S: IdScheme> Decode<'r, Postgres> for Id<S> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if column::is_integer::<S>() {
            Ok(column::from_signed(<i64 as Decode<Postgres>>::decode(value)?)?)
        } else {
            Ok(column::from_word(<Uuid as Decode<Postgres>>::decode(value)?.as_u128())?)
        }
    }
}

/// The column of the id.
impl<E: Entity, S: IdScheme> Type<Postgres> for TypedId<E, S> {
    fn type_info() -> PgTypeInfo {
        <Id<S> as Type<Postgres>>::type_info()
    }
}

/// Those of the id.
impl<E: Entity, S: IdScheme> PgHasArrayType for TypedId<E, S> {
    fn array_type_info() -> PgTypeInfo {
        Id::<S>::array_type_info()
    }
}

/// Errs where the id does.
impl<E: Entity, S: IdScheme> Encode<'_, Postgres> for TypedId<E, S> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Postgres>::encode_by_ref(&self.id, buffer)
    }
}

/// Errs where the column holds no id of the scheme.
impl<'r, E: Entity, S: IdScheme> Decode<'r, Postgres> for TypedId<E, S> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <Id<S> as Decode<Postgres>>::decode(value).map(Self::new)
    }
}
