//! Typed ids against the TypeID specification's own sets, and what they promise of every scheme.

#![allow(clippy::unwrap_used, reason = "a case that cannot be read should panic")]

use idgen_core::generator::Generator;
use idgen_core::text::Form;
use idgen_core::typed::{self, Entity, Prefix, TypedId};
use idgen_core::{Id, IdScheme};
use idgen_snowflake::Snowflake;
use idgen_testkit::VECTORS;
use idgen_uuid::{AnyUuid, UuidV7};
use proptest::prelude::*;
use serde_json::Value;

/// Text, prefix and UUID: `spec/valid.json`, whole.
const VALID: [(&str, &str, &str); 9] = [
    ("00000000000000000000000000", "", "00000000-0000-0000-0000-000000000000"),
    ("00000000000000000000000001", "", "00000000-0000-0000-0000-000000000001"),
    ("0000000000000000000000000a", "", "00000000-0000-0000-0000-00000000000a"),
    ("0000000000000000000000000g", "", "00000000-0000-0000-0000-000000000010"),
    ("00000000000000000000000010", "", "00000000-0000-0000-0000-000000000020"),
    ("7zzzzzzzzzzzzzzzzzzzzzzzzz", "", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    ("prefix_0123456789abcdefghjkmnpqrs", "prefix", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
    ("prefix_01h455vb4pex5vsknk084sn02q", "prefix", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ("pre_fix_00000000000000000000000000", "pre_fix", "00000000-0000-0000-0000-000000000000"),
];

/// `spec/invalid.json`, whole.
const INVALID: [&str; 19] = [
    "PREFIX_00000000000000000000000000",
    "12345_00000000000000000000000000",
    "pre.fix_00000000000000000000000000",
    "préfix_00000000000000000000000000",
    "  prefix_00000000000000000000000000",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl_00000000000000000000000000",
    "_00000000000000000000000000",
    "_",
    "prefix_1234567890123456789012345",
    "prefix_123456789012345678901234567",
    "prefix_1234567890123456789012345 ",
    "prefix_0123456789ABCDEFGHJKMNPQRS",
    "prefix_123456789-123456789-123456",
    "prefix_ooooooiiiiiiuuuuuuulllllll",
    "prefix_i23456789ol23456789oi23456",
    "prefix_123456789-0123456789-0123456",
    "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
    "_prefix_00000000000000000000000000",
    "prefix__00000000000000000000000000",
];

enum PrefixEntity {}

impl Entity for PrefixEntity {
    const PREFIX: &'static str = "prefix";
}

enum Nameless {}

impl Entity for Nameless {
    const PREFIX: &'static str = "";
}

#[test]
fn reference_valid_typeids_are_read_and_written() {
    for (text, prefix, uuid) in VALID {
        let word: Id<AnyUuid> = uuid.parse().unwrap();
        let (found, decoded) = typed::decode::<u128>(text).unwrap();
        assert_eq!((found.as_str(), decoded), (prefix, word.word()), "{text}");
        assert_eq!(&*typed::encode(found, decoded), text);
        match prefix {
            "" => assert_eq!(text.parse(), Ok(TypedId::<Nameless, AnyUuid>::new(word))),
            "prefix" => assert_eq!(text.parse(), Ok(TypedId::<PrefixEntity, AnyUuid>::new(word))),
            _ => assert!(text.parse::<TypedId<PrefixEntity, AnyUuid>>().is_err()),
        }
    }
}

#[test]
fn reference_invalid_typeids_are_refused() {
    for text in INVALID {
        assert!(typed::decode::<u128>(text).is_err(), "{text}");
        assert!(text.parse::<TypedId<PrefixEntity, AnyUuid>>().is_err(), "{text}");
        assert!(text.parse::<TypedId<Nameless, AnyUuid>>().is_err(), "{text}");
    }
}

#[test]
fn reference_typeid_vectors() {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = all["typeid"].as_array().unwrap();
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        if let Some(invalid) = vector.get("invalid") {
            let error = typed::decode::<u128>(invalid.as_str().unwrap()).unwrap_err();
            assert!(error.to_string().contains("128 bits"), "{error}");
        } else {
            let id: TypedId<PrefixEntity, UuidV7> = vector["id"].as_str().unwrap().parse().unwrap();
            assert_eq!(id.id().to_string(), vector["uuid"]);
            assert_eq!(id.to_string(), vector["id"]);
        }
    }
}

/// A new TypeID is a UUID of version 7, and nothing else is read as one.
#[test]
fn of_version_7_nothing_else_is_read() {
    let id = TypedId::<PrefixEntity, UuidV7>::new(UuidV7::generator().unwrap().generate().unwrap());
    assert_eq!(id.to_string().parse(), Ok(id));
    let nil = "prefix_00000000000000000000000000";
    let error = nil.parse::<TypedId<PrefixEntity, UuidV7>>().unwrap_err();
    assert!(error.to_string().contains("ver"), "{error}");
}

#[test]
fn errors_say_where_and_why() {
    let message =
        |text: &str| text.parse::<TypedId<PrefixEntity, UuidV7>>().unwrap_err().to_string();
    assert_eq!(
        message("prefix_0123456789ABCDEFGHJKMNPQRS"),
        "character 'A' at 17 is not one of 0-9 and a-z without i, l, o, u",
    );
    assert_eq!(
        message("user_01h455vb4pex5vsknk084sn02q"),
        "the text is of another entity: its prefix is not 'prefix'",
    );
    assert_eq!(
        message("_01h455vb4pex5vsknk084sn02q"),
        "the text begins with '_'; without a prefix there is no underscore",
    );
    assert_eq!(
        message("prefix_01h455vb4pex"),
        "after the prefix: base32 of 128 bits has 26 characters, found 12",
    );
    assert_eq!(
        message("prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz"),
        "after the prefix: character '8' at 7 makes it more than 128 bits; \
         the greatest base32 is 7zzzzzzzzzzzzzzzzzzzzzzzzz",
    );
    assert!(message("prefix_0123456789-bcdefghjkmnpqrs").contains("character '-' at 17 is not in"));
}

fn round_trip<S: IdScheme>(word: S::Word) {
    let Ok(id) = Id::<S>::from_word(word) else { return };
    let typed = TypedId::<PrefixEntity, S>::new(id);
    assert_eq!(typed.to_string().parse(), Ok(typed));
    let json = serde_json::to_string(&typed).unwrap();
    assert_eq!(json, format!("\"{typed}\""));
    assert_eq!(serde_json::from_str::<TypedId<PrefixEntity, S>>(&json).unwrap(), typed);
    assert!(serde_json::from_str::<TypedId<Nameless, S>>(&json).is_err());
}

proptest! {
    #[test]
    fn prop_texts_are_read_back_and_sort_as_ids(a in any::<u128>(), b in any::<u128>(), c in any::<u64>()) {
        round_trip::<AnyUuid>(a);
        round_trip::<UuidV7>(Id::<UuidV7>::stamped(a).word());
        round_trip::<Snowflake>(c >> 1);
        let prefix = Prefix::new("some_thing");
        let [first, second] = [a, b].map(|word| typed::encode(prefix, word));
        prop_assert_eq!(first.as_bytes().cmp(second.as_bytes()), a.cmp(&b));
    }

    /// What is read is what would be written: there is one text for an id, and no other.
    #[test]
    fn prop_a_text_that_is_read_is_the_one_that_is_written(text in "[a-z_]{0,5}_?[0-9a-zA-Z]{26}") {
        if let Ok((prefix, word)) = typed::decode::<u128>(&text) {
            prop_assert_eq!(&*typed::encode(prefix, word), &*text);
            prop_assert_eq!(Form::Base32.decode(&text[text.len() - 26..]), Ok(word));
        }
    }
}
