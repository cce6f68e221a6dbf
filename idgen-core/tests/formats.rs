//! Ids in serde's formats: strings for people, numbers in binary ones.

#![cfg(all(not(loom), feature = "serde", feature = "std"))]
#![allow(clippy::unwrap_used, reason = "a format that fails should panic")]

use std::collections::BTreeMap;
use std::fmt::Display;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::typed::{Entity, TypedId};
use idgen_core::{Id, IdScheme, Timebase};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

#[derive(Debug)]
enum Narrow {}

impl IdScheme for Narrow {
    type Word = u64;
    const NAME: &'static str = "narrow";
    const LAYOUT: Layout = Layout::new(
        64,
        &[Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 51), Field::new(Kind::Sequence, 12)],
    );
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Decimal;
}

#[derive(Debug)]
enum Broad {}

impl IdScheme for Broad {
    type Word = u128;
    const NAME: &'static str = "broad";
    const LAYOUT: Layout =
        Layout::new(128, &[Field::new(Kind::Tick, 64), Field::new(Kind::Node, 64)]);
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Base32;
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Held {
    narrow: Id<Narrow>,
    broad: Option<Id<Broad>>,
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Numbered {
    #[serde(with = "idgen_core::serde::number")]
    id: Id<Narrow>,
}

enum Order {}

impl Entity for Order {
    const PREFIX: &'static str = "order";
}

/// Whether an id is a key in a format for people and in a binary one.
fn is_key<K: Copy + Display + Ord + Serialize + DeserializeOwned>(id: K) -> bool {
    let map = BTreeMap::from([(id, 7)]);
    let json = serde_json::to_string(&map).unwrap();
    assert_eq!(json, format!("{{\"{id}\":7}}"));
    let bytes = postcard::to_allocvec(&map).unwrap();
    let toml = toml::to_string(&map).unwrap();
    serde_json::from_str::<BTreeMap<K, i32>>(&json).unwrap() == map
        && postcard::from_bytes::<BTreeMap<K, i32>>(&bytes).unwrap() == map
        && toml::from_str::<BTreeMap<K, i32>>(&toml).unwrap() == map
}

proptest! {
    #[test]
    fn prop_json_keeps_every_digit(word in 0..=u64::MAX >> 1, wide in any::<u128>()) {
        let id = Id::<Narrow>::from_word(word).unwrap();
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &format!("\"{word}\""));
        prop_assert_eq!(serde_json::from_str::<Id<Narrow>>(&json).unwrap(), id);
        let id = Id::<Broad>::from_word(wide).unwrap();
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(serde_json::from_str::<Id<Broad>>(&json).unwrap(), id);
    }

    #[test]
    fn prop_ids_are_keys_of_maps(word in 0..=u64::MAX >> 1, wide in any::<u128>()) {
        prop_assert!(is_key(Id::<Narrow>::from_word(word).unwrap()));
        prop_assert!(is_key(Id::<Broad>::from_word(wide).unwrap()));
        prop_assert!(is_key(TypedId::<Order, _>::new(Id::<Narrow>::from_word(word).unwrap())));
        prop_assert!(is_key(TypedId::<Order, _>::new(Id::<Broad>::from_word(wide).unwrap())));
    }

    /// TOML's integers end at 2^63, and a string has no such end.
    #[test]
    fn prop_toml_holds_a_string(word in 0..=u64::MAX >> 1, wide in any::<u128>()) {
        let held = Held {
            narrow: Id::from_word(word).unwrap(),
            broad: Some(Id::from_word(wide).unwrap()),
        };
        let text = toml::to_string(&held).unwrap();
        let narrow = format!("narrow = \"{word}\"");
        prop_assert!(text.contains(&narrow), "{}", text);
        prop_assert_eq!(&toml::from_str::<Held>(&text).unwrap(), &held);
        prop_assert_eq!(toml::from_str::<Held>(&narrow).unwrap().broad, None);
    }

    #[test]
    fn prop_binary_formats_hold_a_number(word in 0..=u64::MAX >> 1, wide in any::<u128>()) {
        let id = Id::<Narrow>::from_word(word).unwrap();
        let bytes = postcard::to_allocvec(&id).unwrap();
        prop_assert_eq!(&bytes, &postcard::to_allocvec(&word).unwrap());
        prop_assert_eq!(postcard::from_bytes::<Id<Narrow>>(&bytes).unwrap(), id);
        let id = Id::<Broad>::from_word(wide).unwrap();
        let bytes = postcard::to_allocvec(&id).unwrap();
        prop_assert_eq!(&bytes, &postcard::to_allocvec(&wide).unwrap());
        prop_assert_eq!(postcard::from_bytes::<Id<Broad>>(&bytes).unwrap(), id);
        let typed = TypedId::<Order, _>::new(id);
        prop_assert_eq!(&bytes, &postcard::to_allocvec(&typed).unwrap());
        let read = postcard::from_bytes::<TypedId<Order, Broad>>(&bytes).unwrap();
        prop_assert_eq!(read, typed);
    }

    /// TOML's integers are signed.
    #[test]
    fn prop_numbers_are_read_back_in_every_format(word in 0..=u64::MAX >> 1) {
        let held = Numbered { id: Id::from_word(word).unwrap() };
        let text = toml::to_string(&held).unwrap();
        prop_assert_eq!(&text, &format!("id = {word}\n"));
        prop_assert_eq!(&toml::from_str::<Numbered>(&text).unwrap(), &held);
        let json = serde_json::to_string(&held).unwrap();
        prop_assert_eq!(&json, &format!("{{\"id\":{word}}}"));
        prop_assert_eq!(&serde_json::from_str::<Numbered>(&json).unwrap(), &held);
    }
}

#[test]
fn what_is_no_id_is_refused() {
    let refused = |json: &str| serde_json::from_str::<Id<Narrow>>(json).unwrap_err().to_string();
    assert!(refused("7").contains("a narrow id as a decimal string"), "{}", refused("7"));
    assert!(refused("\"x\"").contains("character 'x' at 0"), "{}", refused("\"x\""));
    let negative = format!("\"{}\"", u64::MAX);
    assert!(refused(&negative).contains("field 'unused' holds 1"), "{}", refused(&negative));
    let bytes = postcard::to_allocvec(&u64::MAX).unwrap();
    assert!(postcard::from_bytes::<Id<Narrow>>(&bytes).is_err());
    let error = toml::from_str::<Numbered>("id = -7").unwrap_err().to_string();
    assert!(error.contains("-7 is negative; an id is at least 0"), "{error}");
}
