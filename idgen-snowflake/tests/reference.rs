//! The published vectors: each decodes to its fields, and encodes back.

#![allow(clippy::unwrap_used, reason = "a vector that cannot be read should panic")]

use idgen_core::layout::Parts;
use idgen_core::{Scheme, UnixTime};
use idgen_snowflake::{CATALOG, Snowflake};
use idgen_testkit::VECTORS;
use serde_json::Value;

fn vectors(section: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all[section].as_array().unwrap().clone()
}

fn preset(name: &Value) -> Option<Scheme> {
    let named = |scheme: &&Scheme| name == scheme.name.as_str();
    CATALOG.iter().map(|entry| &entry.scheme).find(named).copied()
}

#[test]
fn reference_snowflakes_decode_and_encode() {
    let vectors = vectors("snowflake");
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        let scheme = preset(&vector["preset"]).unwrap();
        let text = vector["id"].as_str().unwrap();
        let word = scheme.parse(text).unwrap();
        let parts = scheme.layout.unpack(word);
        assert_eq!(scheme.time(word).unwrap().to_string(), vector["time"]);
        let mut fields = 0;
        for (field, value) in scheme.fields(word) {
            if let Some(expected) = vector.get(field.name().as_str()) {
                assert_eq!(value, expected.as_u64().unwrap(), "{text}: {field}");
                fields += 1;
            }
        }
        assert!(fields >= 4, "{text}: only {fields} fields were compared");
        if let Some(node) = vector.get("node") {
            assert_eq!(parts.node, node.as_u64().unwrap());
        }
        assert_eq!(&*scheme.format(scheme.pack(parts).unwrap()), text);
        // From the fields alone, as somebody else would.
        let tick = vector["tick"].as_u64().unwrap();
        let packed = scheme.pack(Parts { tick, ..parts }).unwrap();
        assert_eq!(packed.to_string(), text);
    }
}

#[test]
fn reference_last_instants() {
    let mut compared = 0;
    for vector in vectors("last_instant") {
        let Some(scheme) = preset(&vector["preset"]) else { continue };
        let last = scheme.capacity().last.unwrap();
        assert_eq!(last.to_string(), vector["time"].as_str().unwrap());
        compared += 1;
    }
    assert_eq!(compared, 2, "twitter and snowflake");
}

#[test]
fn reference_epochs() {
    for (name, epoch) in [
        ("snowflake", "2020-01-01T00:00:00Z"),
        ("twitter", "2010-11-04T01:42:54.657Z"),
        ("discord", "2015-01-01T00:00:00Z"),
        ("mastodon", "1970-01-01T00:00:00Z"),
        ("leaf", "2010-11-04T01:42:54.657Z"),
        ("baidu", "2016-05-19T16:00:00Z"),
        ("js53", "2020-01-01T00:00:00Z"),
    ] {
        let scheme = preset(&name.into()).unwrap();
        assert_eq!(scheme.timebase.unwrap().epoch().to_string(), epoch, "{name}");
    }
}

/// The case study's example agrees with no epoch: it is datacenter 30, machine 11, sequence 0.
#[test]
fn reference_of_the_case_study_is_an_illustration() {
    let scheme = Scheme::of::<Snowflake>();
    let parts = scheme.layout.unpack(431_963_606_540_398_592);
    assert_eq!((parts.node >> 5, parts.node & 31, parts.sequence), (30, 11, 0));
    assert_ne!(scheme.time(431_963_606_540_398_592), Some(UnixTime::from_seconds(1_635_379_200)));
}
