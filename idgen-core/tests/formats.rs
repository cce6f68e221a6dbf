//! Ids in serde's formats: strings for people, numbers in binary ones.

#![cfg(all(not(loom), feature = "serde", feature = "std"))]

use std::collections::BTreeMap;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{Id, IdScheme, Timebase};
use proptest::prelude::*;

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

proptest! {
    #[test]
    fn prop_json_keeps_every_digit(word in 0..=u64::MAX >> 1, wide in any::<u128>()) {
        let id = Id::<Narrow>::from_word(word).unwrap();
        let json = serde_json::to_string(&id).unwrap();
        prop_assert_eq!(&json, &format!("\"{word}\""));
        prop_assert_eq!(serde_json::from_str::<Id<Narrow>>(&json).unwrap(), id);
        let id = Id::<Broad>::from_word(wide).unwrap();
        let json = serde_json::to_string(&BTreeMap::from([(id, 1)])).unwrap();
        prop_assert_eq!(serde_json::from_str::<BTreeMap<Id<Broad>, i32>>(&json).unwrap()[&id], 1);
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
}
