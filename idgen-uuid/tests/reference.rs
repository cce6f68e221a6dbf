//! The published vectors of RFC 9562, and the `uuid` crate as a second reader of it.

#![allow(clippy::unwrap_used, reason = "a vector that cannot be read should panic")]

use idgen_core::layout::Parts;
use idgen_core::{Id, IdScheme, ParseIdError, Scheme};
use idgen_testkit::VECTORS;
use idgen_uuid::{
    AnyUuid, CATALOG, Namespace, UuidV1, UuidV3, UuidV4, UuidV5, UuidV6, UuidV7, UuidV8,
};
use serde_json::Value;
use uuid::Uuid;

fn vectors() -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all["uuid"].as_array().unwrap().clone()
}

fn vector(version: u64) -> Value {
    vectors().into_iter().find(|vector| vector["version"] == version).unwrap()
}

fn hex(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// Every vector is read by the scheme of its version and by no other, and written as it was.
#[test]
fn reference_each_version_reads_its_own() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 7);
    for vector in vectors {
        let text = vector["id"].as_str().unwrap();
        let name = format!("uuid-v{}", vector["version"]);
        let mut readers = 0;
        for Scheme { name: of, layout, .. } in CATALOG.iter().map(|entry| entry.scheme) {
            let scheme = CATALOG.iter().find(|entry| entry.scheme.name == of).unwrap().scheme;
            match scheme.parse(text) {
                Ok(word) => {
                    assert_eq!(of.as_str(), name);
                    assert_eq!(&*scheme.format(word), text);
                    assert_eq!(layout.pack(layout.unpack(word)), Ok(word));
                    readers += 1;
                }
                Err(error) => assert!(matches!(error, ParseIdError::Word(_)), "{of}: {error}"),
            }
        }
        assert_eq!(readers, 1, "{text}");
        assert_eq!(text.parse::<Id<AnyUuid>>().unwrap().to_string(), text);
    }
}

fn gregorian<S: IdScheme<Word = u128>>(vector: &Value) {
    let id: Id<S> = vector["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.tick(), vector["ticks_100ns"].as_u64().unwrap());
    assert_eq!(id.sequence(), hex(&vector["clock_seq"]));
    assert_eq!(id.node(), hex(&vector["node"]));
    assert_eq!(id.time().unwrap().to_string(), vector["time"]);
    let parts = Parts {
        tick: vector["ticks_100ns"].as_u64().unwrap(),
        node: hex(&vector["node"]),
        sequence: hex(&vector["clock_seq"]),
        payload: 0,
    };
    assert_eq!(Id::<S>::from_parts(parts).unwrap(), id);
}

#[test]
fn reference_versions_1_and_6_are_one_time_and_convert() {
    gregorian::<UuidV1>(&vector(1));
    gregorian::<UuidV6>(&vector(6));
    let v1: Id<UuidV1> = vector(1)["id"].as_str().unwrap().parse().unwrap();
    let v6: Id<UuidV6> = vector(6)["id"].as_str().unwrap().parse().unwrap();
    assert_eq!((UuidV6::from_v1(v1), UuidV1::from_v6(v6)), (v6, v1));
}

#[test]
fn reference_version_7_has_its_fields() {
    let vector = vector(7);
    let id: Id<UuidV7> = vector["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.tick(), vector["unix_ms"].as_u64().unwrap());
    assert_eq!(id.field("rand_a"), Some(hex(&vector["rand_a"])));
    assert_eq!(id.field("rand_b"), Some(hex(&vector["rand_b"])));
}

#[test]
fn reference_names_have_their_uuids() {
    for version in [3, 5, 8] {
        let vector = vector(version);
        let namespace: Namespace = vector["namespace"].as_str().unwrap().parse().unwrap();
        let name = vector["name"].as_str().unwrap().as_bytes();
        let made = match version {
            3 => UuidV3::of_name(namespace, name).to_string(),
            5 => UuidV5::of_name(namespace, name).to_string(),
            _ => UuidV8::of_name(namespace, name).to_string(),
        };
        assert_eq!(made, vector["id"]);
    }
}

/// What the `uuid` crate makes is read here with the same fields, and the other way round.
#[test]
fn the_uuid_crate_agrees() {
    let v7 = Uuid::now_v7();
    let ours = Id::<UuidV7>::try_from(v7).unwrap();
    let (seconds, nanos) = v7.get_timestamp().unwrap().to_unix();
    assert_eq!(ours.tick(), seconds * 1_000 + u64::from(nanos / 1_000_000));
    assert_eq!((Uuid::from(ours), ours.to_string()), (v7, v7.to_string()));

    let node = [0x9f, 0x6b, 0xde, 0xce, 0xd8, 0x46];
    let v1 = Uuid::now_v1(&node);
    let ours = Id::<UuidV1>::try_from(v1).unwrap();
    let (ticks, clock_seq) = v1.get_timestamp().unwrap().to_gregorian();
    assert_eq!((ours.tick(), ours.sequence()), (ticks, clock_seq.into()));
    assert_eq!(v1.get_node_id(), Some(node));
    assert_eq!(ours.node(), 0x9f6b_dece_d846);
    let v6 = Uuid::from(UuidV6::from_v1(ours));
    assert_eq!((v6.get_version_num(), v6.get_timestamp()), (6, v1.get_timestamp()));
    assert!(Id::<UuidV7>::try_from(v6).is_err());

    for (name, text) in [("", "empty"), ("www.example.com", "a name"), ("ü€𝄞", "not ASCII")] {
        let (bytes, dns) = (name.as_bytes(), Namespace::DNS);
        let v3 = Uuid::new_v3(&Uuid::NAMESPACE_DNS, bytes);
        let v5 = Uuid::new_v5(&Uuid::NAMESPACE_DNS, bytes);
        assert_eq!(Uuid::from(UuidV3::of_name(dns, bytes)), v3, "{text}");
        assert_eq!(Uuid::from(UuidV5::of_name(dns, bytes)), v5, "{text}");
    }
    assert!(Id::<UuidV4>::try_from(Uuid::nil()).is_err());
}
