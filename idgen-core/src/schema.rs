//! The JSON schema of an id, as serde writes and reads it in JSON.

use std::any::type_name;
use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::layout::Parts;
use crate::typed::{Entity, TypedId};
use crate::{Id, IdScheme, Word};

/// A string in the scheme's own form, with its length and pattern.
///
/// A field that is written by [`serde::number`](crate::serde::number) says
/// `#[schemars(with = "u64")]`.
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
/// let schema = schemars::SchemaGenerator::default().into_root_schema_for::<Id<Snowflake>>();
/// assert_eq!(schema.get("title").unwrap(), "snowflake id");
/// assert_eq!(schema.get("pattern").unwrap(), "^(0|[1-9][0-9]{0,19})$");
/// ```
impl<S: IdScheme> JsonSchema for Id<S> {
    fn schema_name() -> Cow<'static, str> {
        format!("Id_for_{}", S::NAME).into()
    }

    fn schema_id() -> Cow<'static, str> {
        // Two schemes can have one name; two types cannot.
        format!("{}::Id<{}>", module_path!(), type_name::<S>()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let form = S::TEXT;
        let mut schema = json_schema!({
            "type": "string",
            "title": format!("{} id", S::NAME),
            "description": format!(
                "A {} id of {} bits in {form} form. A string, because a JSON number may be \
                 rounded to 53 bits.", S::NAME, S::LAYOUT.width(),
            ),
            "pattern": form.pattern::<S::Word>(),
            "minLength": form.width::<S::Word>().unwrap_or(1),
            "maxLength": form.max_width::<S::Word>(),
        });
        if let Some(example) = example::<S>() {
            schema.insert("examples".into(), vec![example.to_string()].into());
        }
        schema
    }
}

/// A string with the entity's prefix, as [`TypedId`] writes it and no other.
impl<E: Entity, S: IdScheme> JsonSchema for TypedId<E, S> {
    fn schema_name() -> Cow<'static, str> {
        format!("TypedId_for_{}_and_{}", E::PREFIX, S::NAME).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("{}::TypedId<{}, {}>", module_path!(), type_name::<E>(), type_name::<S>()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let before = if E::PREFIX.is_empty() { String::new() } else { format!("{}_", E::PREFIX) };
        // Digits have five bits each: the first holds what the others leave.
        let (first, digits) = if S::Word::BITS == u64::BITS { ("0-9a-f", 13) } else { ("0-7", 26) };
        let mut schema = json_schema!({
            "type": "string",
            "title": format!("{} id", if before.is_empty() { S::NAME } else { E::PREFIX }),
            "description": format!(
                "A {} id of {} bits under the prefix '{}', in the text of the TypeID specification.",
                S::NAME, S::LAYOUT.width(), E::PREFIX,
            ),
            "pattern": format!("^{before}[{first}][0-9a-hjkmnp-tv-z]{{{}}}$", digits - 1),
            "minLength": before.len() + digits,
            "maxLength": before.len() + digits,
        });
        if let Some(example) = example::<S>() {
            schema.insert("examples".into(), vec![Self::new(example).to_string()].into());
        }
        schema
    }
}

/// An id from the middle of the scheme's life.
fn example<S: IdScheme>() -> Option<Id<S>> {
    let Parts { tick, node, sequence, payload } = S::LAYOUT.unpack(u128::MAX);
    let [tick, node, sequence] = [tick, node, sequence].map(|greatest| greatest / 2);
    Id::from_parts(Parts { tick, node, sequence, payload: payload / 3 }).ok()
}
