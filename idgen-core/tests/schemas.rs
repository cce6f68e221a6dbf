//! JSON schemas: they accept what serde writes, by another crate's reading of the standard.

#![cfg(all(not(loom), feature = "schemars"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::collections::BTreeMap;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::typed::{Entity, TypedId};
use idgen_core::{Id, IdScheme, Timebase, Word};
use proptest::prelude::*;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// A 64-bit and a 128-bit scheme in a form, as a module.
macro_rules! schemes {
    ($($module:ident: $form:ident),*) => {$(
        mod $module {
            use super::{Field, Form, IdScheme, Kind, Layout, Timebase};

            #[derive(Debug)]
            pub(crate) enum Narrow {}

            impl IdScheme for Narrow {
                type Word = u64;
                const NAME: &'static str = concat!("narrow-", stringify!($module));
                const LAYOUT: Layout = Layout::new(64, &[Field::new(Kind::Tick, 64)]);
                const TIMEBASE: Option<Timebase> = None;
                const TEXT: Form = Form::$form;
            }

            #[derive(Debug)]
            pub(crate) enum Broad {}

            impl IdScheme for Broad {
                type Word = u128;
                const NAME: &'static str = concat!("broad-", stringify!($module));
                const LAYOUT: Layout = Layout::new(
                    128,
                    &[
                        Field::new(Kind::Tick, 48),
                        Field::new(Kind::Node, 16),
                        Field::new(Kind::Random, 64),
                    ],
                );
                const TIMEBASE: Option<Timebase> = None;
                const TEXT: Form = Form::$form;
            }
        }
    )*};
}

schemes!(
    decimal: Decimal, hex: Hex, base32: Base32, base58: Base58, base62: Base62, uuid: Uuid
);

fn schema<T: JsonSchema>() -> Value {
    SchemaGenerator::default().into_root_schema_for::<T>().into()
}

/// What must hold of the schema of every scheme, for one word of it.
fn check<S: IdScheme>(word: u128) {
    let schema = schema::<Id<S>>();
    let judge = jsonschema::validator_for(&schema).unwrap();
    let id = Id::<S>::from_word(S::Word::from_u128(word).unwrap()).unwrap();
    let written = serde_json::to_value(id).unwrap();
    assert!(judge.is_valid(&written), "{schema} refuses {written}");
    for other in Form::ALL.into_iter().filter(|&other| !overlap(other, S::TEXT)) {
        let wrong = json!(id.text(other).as_str());
        assert!(!judge.is_valid(&wrong), "{schema} accepts {wrong}");
    }
    let longer = json!(format!("{id}0000000000000000000000000000000000000000"));
    for wrong in [json!(7), json!(null), json!(""), json!("!"), json!([written]), longer] {
        assert!(!judge.is_valid(&wrong), "{schema} accepts {wrong}");
    }
}

enum Order {}

impl Entity for Order {
    const PREFIX: &'static str = "order";
}

enum Nameless {}

impl Entity for Nameless {
    const PREFIX: &'static str = "";
}

/// The same of the schema of a typed id.
fn check_typed<E: Entity, S: IdScheme>(word: u128) {
    let schema = schema::<TypedId<E, S>>();
    let judge = jsonschema::validator_for(&schema).unwrap();
    let id = Id::<S>::from_word(S::Word::from_u128(word).unwrap()).unwrap();
    let written = serde_json::to_value(TypedId::<E, S>::new(id)).unwrap();
    assert!(judge.is_valid(&written), "{schema} refuses {written}");
    let text = written.as_str().unwrap();
    let digits = text.strip_prefix("order_").unwrap_or(text);
    let greater = if S::Word::BITS == 64 { "g" } else { "8" };
    for wrong in [
        format!("user_{digits}"),
        format!("_{digits}"),
        format!("order_{digits}0"),
        text.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
        text.replace(digits, &format!("{greater}{}", &digits[1..])),
        text.replace(digits, &format!("{}u", &digits[1..])),
    ] {
        let read = serde_json::from_value::<TypedId<E, S>>(json!(wrong)).is_ok();
        assert!(!read && !judge.is_valid(&json!(wrong)), "{schema} accepts {wrong}");
    }
}

/// Forms of which a text can have the other's width: base 58 and 62, and digits in any.
fn overlap(one: Form, other: Form) -> bool {
    let wordy = |form| matches!(form, Form::Base58 | Form::Base62);
    one == other || one == Form::Decimal || other == Form::Decimal || wordy(one) && wordy(other)
}

fn check_all(word: u64, wide: u128) {
    check::<decimal::Narrow>(word.into());
    check::<hex::Narrow>(word.into());
    check::<base32::Narrow>(word.into());
    check::<base58::Narrow>(word.into());
    check::<base62::Narrow>(word.into());
    check::<uuid::Narrow>(word.into());
    check::<decimal::Broad>(wide);
    check::<hex::Broad>(wide);
    check::<base32::Broad>(wide);
    check::<base58::Broad>(wide);
    check::<base62::Broad>(wide);
    check::<uuid::Broad>(wide);
    check_typed::<Order, decimal::Narrow>(word.into());
    check_typed::<Order, uuid::Broad>(wide);
    check_typed::<Nameless, hex::Narrow>(word.into());
    check_typed::<Nameless, base32::Broad>(wide);
}

#[test]
fn the_schema_accepts_the_edges() {
    for (word, wide) in [(0, 0), (1, 1), (u64::MAX, u128::MAX)] {
        check_all(word, wide);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn prop_the_schema_accepts_what_serde_writes(word in any::<u64>(), wide in any::<u128>()) {
        check_all(word, wide);
    }
}

#[test]
fn the_schema_explains_itself() {
    let schema = schema::<Id<hex::Narrow>>();
    assert_eq!(schema["type"], "string");
    assert_eq!(schema["title"], "narrow-hex id");
    assert_eq!((&schema["minLength"], &schema["maxLength"]), (&json!(16), &json!(16)));
    assert!(schema["description"].as_str().unwrap().contains("64 bits in hex form"));
    assert_eq!(schema["examples"], json!(["7fffffffffffffff"]));
}

#[test]
fn examples_are_ids() {
    fn check<S: IdScheme>() {
        let schema = schema::<Id<S>>();
        let example = schema["examples"][0].as_str().unwrap();
        assert!(example.parse::<Id<S>>().is_ok(), "{schema}");
    }
    check::<decimal::Narrow>();
    check::<base32::Broad>();
    check::<base58::Broad>();
    let schema = schema::<TypedId<Order, decimal::Narrow>>();
    assert_eq!(schema["title"], "order id");
    assert_eq!(schema["pattern"], "^order_[0-9a-f][0-9a-hjkmnp-tv-z]{12}$");
    let example = schema["examples"][0].as_str().unwrap();
    assert!(example.parse::<TypedId<Order, decimal::Narrow>>().is_ok(), "{schema}");
}

/// Two schemes in one document keep two schemas, and maps have the pattern of their keys.
#[test]
fn schemas_stand_side_by_side() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Document {
        id: Id<hex::Narrow>,
        parts: Vec<Id<base32::Broad>>,
        paid: Option<Id<hex::Narrow>>,
        by_key: BTreeMap<Id<hex::Broad>, u32>,
        next: Option<TypedId<Order, hex::Narrow>>,
    }
    let schema = schema::<Document>();
    let names: Vec<_> = schema["$defs"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["Id_for_broad-base32", "Id_for_narrow-hex", "TypedId_for_order_and_narrow-hex"]
    );
    let judge = jsonschema::validator_for(&schema).unwrap();
    let document = |key: &str| {
        json!({
            "id": "00000000000000ff",
            "parts": ["7ZZZZZZZZZZZZZZZZZZZZZZZZZ"],
            "paid": null,
            "by_key": { key: 1 },
            "next": "order_000000000007z",
        })
    };
    assert!(judge.is_valid(&document(&"0".repeat(32))));
    assert!(!judge.is_valid(&document("not an id")));
}
