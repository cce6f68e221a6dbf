//! Ids in serde's formats.
//!
//! An [`Id`] is a string in formats for people and a number in binary ones. A string, because a
//! JavaScript number keeps only 53 bits: `JSON.parse` would change most 64-bit ids in silence.

use core::fmt;
use core::marker::PhantomData;

use ::serde::de::{Error, Visitor};
use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::typed::{Entity, TypedId};
use crate::{Id, IdScheme, IntegerError, Word};

impl<S: IdScheme> Serialize for Id<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.text(S::TEXT))
        } else {
            number::serialize(self, serializer)
        }
    }
}

impl<'de, S: IdScheme> Deserialize<'de> for Id<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(TextVisitor(PhantomData))
        } else {
            number::deserialize(deserializer)
        }
    }
}

/// With its prefix in formats for people, and as a number in binary ones.
impl<E: Entity, S: IdScheme> Serialize for TypedId<E, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.text())
        } else {
            number::serialize(&self.id(), serializer)
        }
    }
}

impl<'de, E: Entity, S: IdScheme> Deserialize<'de> for TypedId<E, S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(TypedVisitor(PhantomData))
        } else {
            number::deserialize(deserializer).map(Self::new)
        }
    }
}

struct TypedVisitor<E, S>(PhantomData<fn() -> (E, S)>);

impl<E: Entity, S: IdScheme> Visitor<'_> for TypedVisitor<E, S> {
    type Value = TypedId<E, S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} id as a string that begins with '{}'", S::NAME, E::PREFIX)
    }

    fn visit_str<F: Error>(self, text: &str) -> Result<TypedId<E, S>, F> {
        text.parse().map_err(F::custom)
    }
}

struct TextVisitor<S>(PhantomData<fn() -> S>);

impl<S: IdScheme> Visitor<'_> for TextVisitor<S> {
    type Value = Id<S>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} id as a {} string", S::NAME, S::TEXT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Id<S>, E> {
        text.parse().map_err(E::custom)
    }
}

/// Ids as numbers in every format, for readers that keep all their digits:
/// `#[serde(with = "idgen_core::serde::number")]`. A format whose integers end at 2^63, as TOML's, holds
/// the ids below that.
///
/// # Example
/// ```
/// # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # struct Snowflake;
/// # impl IdScheme for Snowflake {
/// #     type Word = u64;
/// #     const NAME: &'static str = "snowflake";
/// #     const LAYOUT: Layout = Layout::new(64, &[
/// #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
/// #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
/// #     const TIMEBASE: Option<Timebase> = None;
/// #     const TEXT: Form = Form::Decimal;
/// # }
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Order {
///     id: Id<Snowflake>,
///     #[serde(with = "idgen_core::serde::number")]
///     customer: Id<Snowflake>,
/// }
///
/// let json = r#"{"id":"1541815603606036480","customer":1541815603606036481}"#;
/// let order: Order = serde_json::from_str(json)?;
/// assert_eq!(serde_json::to_string(&order)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub mod number {
    use super::{
        Deserializer, Error, Id, IdScheme, IntegerError, PhantomData, Serializer, Visitor, Word,
        fmt,
    };

    /// Writes the id as a number.
    ///
    /// # Errors
    /// If the format does.
    pub fn serialize<S: IdScheme, Z: Serializer>(
        id: &Id<S>,
        serializer: Z,
    ) -> Result<Z::Ok, Z::Error> {
        let word: u128 = id.word().into();
        match u64::try_from(word) {
            Ok(word) if S::Word::BITS == 64 => serializer.serialize_u64(word),
            _ => serializer.serialize_u128(word),
        }
    }

    /// Reads the id from a number.
    ///
    /// # Errors
    /// If there is no number, or it is no id of the scheme.
    pub fn deserialize<'de, S: IdScheme, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Id<S>, D::Error> {
        if S::Word::BITS == 64 {
            deserializer.deserialize_u64(NumberVisitor(PhantomData))
        } else {
            deserializer.deserialize_u128(NumberVisitor(PhantomData))
        }
    }

    struct NumberVisitor<S>(PhantomData<fn() -> S>);

    impl<S: IdScheme> Visitor<'_> for NumberVisitor<S> {
        type Value = Id<S>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a {} id as a number", S::NAME)
        }

        /// What formats hand over that have no integers but signed ones.
        fn visit_i64<E: Error>(self, number: i64) -> Result<Id<S>, E> {
            let word =
                u64::try_from(number).map_err(|_| E::custom(IntegerError::Negative { number }))?;
            self.visit_u64(word)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Id<S>, E> {
            self.visit_u128(number.into())
        }

        fn visit_u128<E: Error>(self, number: u128) -> Result<Id<S>, E> {
            let word = S::Word::from_u128(number)
                .ok_or_else(|| E::custom(format_args!("{number} has more than 64 bits")))?;
            Id::from_word(word).map_err(E::custom)
        }
    }
}
