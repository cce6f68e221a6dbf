//! Layouts from text: `41:5:5:12`, or fields by name.
//!
//! ```text
//! layout = bits ":" bits ":" bits               tick, node, sequence
//!        | bits ":" bits ":" bits ":" bits      tick, datacenter, worker, sequence
//!        | field *( ":" field )
//! field  = name [ "(" kind / "=" value ")" ] "=" bits
//! ```
//!
//! Bits that are missing to 64 (or, past that, to 128) are unused ones at the top.

use core::str::FromStr;

use super::{Field, Kind, Layout, LayoutError, MAX_FIELDS};
use crate::Name;

impl FromStr for Layout {
    type Err = LayoutError;

    fn from_str(text: &str) -> Result<Self, LayoutError> {
        let mut fields = [Field::new(Kind::Unused, 1); MAX_FIELDS];
        let items = text.split(':').count();
        // One place is kept for the unused bits that may go without saying.
        if items >= MAX_FIELDS && !text.starts_with("unused") {
            return Err(LayoutError::FieldCount { count: items });
        }
        if items > MAX_FIELDS {
            return Err(LayoutError::FieldCount { count: items });
        }
        let bare = bare_fields(items);
        let mut at = 0;
        for (i, item) in text.split(':').enumerate() {
            let is_number = !item.is_empty() && number(item).is_some();
            fields[i] = match bare {
                Some(bare) if is_number => Field { bits: bits(item, at)?, ..bare[i] },
                None if is_number => {
                    let expected = "expected 3 or 4 numbers, or named fields";
                    return Err(LayoutError::Text { at, expected });
                }
                _ => named_field(item, at)?,
            };
            at += item.len() + 1;
        }
        complete(&mut fields, items)
    }
}

/// Adds the unused bits at the top that the text left out, and checks the whole.
fn complete(fields: &mut [Field; MAX_FIELDS], len: usize) -> Result<Layout, LayoutError> {
    let sum: u32 = fields[..len].iter().map(|field| u32::from(field.bits)).sum();
    let width: u8 = if sum <= 64 { 64 } else { 128 };
    match u8::try_from(u32::from(width).saturating_sub(sum)) {
        Ok(missing @ 1..=64) if len < MAX_FIELDS => {
            fields.rotate_right(1);
            fields[0] = Field::new(Kind::Unused, missing);
            Layout::try_new(width, &fields[..=len])
        }
        _ => Layout::try_new(width, &fields[..len]),
    }
}

/// What the numbers mean where nothing but numbers is given.
fn bare_fields(items: usize) -> Option<&'static [Field]> {
    const TICK: Field = Field::new(Kind::Tick, 1);
    const SEQUENCE: Field = Field::new(Kind::Sequence, 1);
    const THREE: [Field; 3] = [TICK, Field::new(Kind::Node, 1), SEQUENCE];
    const FOUR: [Field; 4] = [
        TICK,
        Field::new(Kind::Node, 1).named("datacenter"),
        Field::new(Kind::Node, 1).named("worker"),
        SEQUENCE,
    ];
    match items {
        3 => Some(&THREE),
        4 => Some(&FOUR),
        _ => None,
    }
}

/// `name=bits`, `name(kind)=bits` or `name(=value)=bits`.
fn named_field(item: &str, at: usize) -> Result<Field, LayoutError> {
    let error = |expected| LayoutError::Text { at, expected };
    let (head, count) = item.rsplit_once('=').ok_or(error("expected name=bits"))?;
    let (name, kind) = match head.split_once('(') {
        None => (head, None),
        Some((name, rest)) => {
            (name, Some(rest.strip_suffix(')').ok_or(error("expected a closing bracket"))?))
        }
    };
    let name =
        Name::try_new(name).map_err(|_| error("expected a field name of a-z, 0-9, - and _"))?;
    let kind = match kind {
        None => name.as_str().parse().map_err(|_| error(
            "expected a kind in brackets, as in 'region(node)=3': unused, tick, node, shard, sequence, random, data, or =value",
        ))?,
        Some(kind) => match kind.strip_prefix('=') {
            Some(value) => Kind::Version(number(value).ok_or(error("expected a constant of digits"))?),
            None => kind.parse().map_err(|_| {
                error("expected a kind: unused, tick, node, shard, sequence, random, data, or =value")
            })?,
        },
    };
    Ok(Field::new(kind, bits(count, at)?).with_name(name))
}

fn bits(text: &str, at: usize) -> Result<u8, LayoutError> {
    number(text)
        .and_then(|bits| u8::try_from(bits).ok())
        .filter(|bits| (1..=64).contains(bits))
        .ok_or(LayoutError::Text { at, expected: "expected a number of bits, 1 to 64" })
}

/// Digits only: `u64::from_str` would take a plus sign too.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_alone_mean_what_they_mean_everywhere() {
        let four: Layout = "41:5:5:12".parse().unwrap();
        assert_eq!(
            four.to_string(),
            "unused=1:tick=41:datacenter(node)=5:worker(node)=5:sequence=12"
        );
        let three: Layout = "41:10:12".parse().unwrap();
        assert_eq!(three.to_string(), "unused=1:tick=41:node=10:sequence=12");
        let small: Layout = "32:8:13".parse().unwrap();
        assert_eq!((small.width(), small.significant_bits()), (64, 53));
        let wide: Layout = "64:48:16".parse().unwrap();
        assert_eq!((wide.width(), wide.fields().len()), (128, 3));
    }

    #[test]
    fn a_fault_is_named_with_its_place() {
        let message = |text: &str| text.parse::<Layout>().unwrap_err().to_string();
        for (text, start) in [
            ("", "layout text at 0: expected name=bits"),
            ("41", "layout text at 0: expected 3 or 4 numbers"),
            ("41:0:12", "layout text at 3: expected a number of bits"),
            ("41:+5:12", "layout text at 3: expected name=bits"),
            ("41:256:12", "layout text at 3: expected a number of bits"),
            ("tick=41:region=5:sequence=12", "layout text at 8: expected a kind in brackets"),
            ("tick=41:region(place)=5", "layout text at 8: expected a kind:"),
            ("tick=41:region(node=5", "layout text at 8: expected a closing bracket"),
            ("tick=41:v(=x)=5", "layout text at 8: expected a constant"),
            ("tick=41:v(=32)=5", "version 32 does not fit the 5 bits of field 'v'"),
            ("tick=41:tick=5", "two fields are named 'tick'"),
            ("64:64:64", "the fields have 192 bits, but the word has 128"),
            ("a(tick)=40:b(tick)=40", "the tick has 80 bits in all its fields"),
        ] {
            assert!(message(text).starts_with(start), "{text}: {}", message(text));
        }
    }

    proptest! {
        #[test]
        fn prop_any_text_is_a_layout_or_an_error(text in "[a-z0-9=:()]{0,60}|\\PC{0,40}") {
            let _ = text.parse::<Layout>();
        }

        #[test]
        fn prop_text_there_and_back(
            tick in 1..=48_u8, node in 1..=16_u8, sequence in 1..=20_u8, version in 0..16_u64,
        ) {
            let text = format!(
                "tick={tick}:version(=={version})=4:place(node)={node}:sequence={sequence}"
            ).replace("==", "=");
            let layout: Layout = text.parse().unwrap();
            prop_assert_eq!(layout.to_string().parse::<Layout>().unwrap(), layout);
        }
    }
}
