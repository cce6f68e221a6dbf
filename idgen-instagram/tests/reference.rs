//! The published example and epoch, and what a signed integer gets.

#![allow(clippy::unwrap_used, reason = "a vector that cannot be read should panic")]

use idgen_core::layout::Parts;
use idgen_core::{Id, Scheme};
use idgen_instagram::Instagram;
use idgen_testkit::VECTORS;
use serde_json::Value;

fn vectors(section: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all[section].as_array().unwrap().clone()
}

#[test]
fn reference_published_example() {
    let vectors = vectors("instagram");
    assert_eq!(vectors.len(), 1);
    for vector in vectors {
        let text = vector["id"].as_str().unwrap();
        let id: Id<Instagram> = text.parse().unwrap();
        let number = |name: &str| vector[name].as_u64().unwrap();
        assert_eq!(id.tick(), number("tick"));
        assert_eq!(id.field("shard"), Some(number("shard")));
        assert_eq!(id.sequence(), number("sequence"));
        let (tick, node, sequence) = (number("tick"), number("shard"), number("sequence"));
        let parts = Parts { tick, node, sequence, ..Parts::default() };
        assert_eq!(Id::<Instagram>::from_parts(parts).unwrap().to_string(), text);
        let epoch = Scheme::of::<Instagram>().timebase.unwrap().epoch();
        assert_eq!(epoch.as_millis(), i128::from(number("epoch_unix_ms")));
    }
}

#[test]
fn reference_last_instants() {
    let last: Vec<_> =
        vectors("last_instant").into_iter().filter(|v| v["preset"] == "instagram").collect();
    assert_eq!(last.len(), 1);
    let capacity = Scheme::of::<Instagram>().capacity();
    assert_eq!(capacity.last_signed.unwrap().to_string(), last[0]["signed_time"]);
    assert_eq!(capacity.last.unwrap().to_string(), "2081-04-30T12:54:37.272Z");
    assert!(!capacity.fits_i64);
}

/// As a BIGINT: the last id of 2046-06-27T17:00:49.496Z is the greatest number there is, and the
/// next millisecond's are the least.
#[test]
fn a_signed_integer_wraps_to_its_least_number() {
    let word = |tick, node, sequence| {
        let parts = Parts { tick, node, sequence, ..Parts::default() };
        Id::<Instagram>::from_parts(parts).unwrap().word()
    };
    let half = 1 << 40;
    assert_eq!(word(half - 1, 8_191, 1_023).cast_signed(), i64::MAX);
    assert_eq!(word(half, 0, 0).cast_signed(), i64::MIN);
    assert!(word(half, 0, 0) > word(half - 1, 8_191, 1_023), "unsigned order goes on");
}
