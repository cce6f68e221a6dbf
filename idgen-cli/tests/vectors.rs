//! Every published vector through the command line.

#![allow(clippy::unwrap_used, reason = "a vector that cannot be read should panic")]

use assert_cmd::Command;
use assert_cmd::cargo::cargo_bin;
use idgen_testkit::VECTORS;
use serde_json::Value;

fn vectors(section: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all[section].as_array().unwrap().clone()
}

#[track_caller]
fn stdout(arguments: &[&str]) -> String {
    let output = Command::new(cargo_bin!("idgen")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// What the command says of a text that is no id.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let arguments = [&["inspect"], arguments].concat();
    let output = Command::new(cargo_bin!("idgen")).args(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn inspect(arguments: &[&str]) -> Value {
    let arguments = [&["inspect", "--json"], arguments].concat();
    serde_json::from_str(&stdout(&arguments)).unwrap()
}

/// A number, however the vectors and the command write it.
fn number(value: &Value) -> u64 {
    match value {
        Value::String(text) if text.starts_with("0x") => {
            u64::from_str_radix(&text[2..], 16).unwrap()
        }
        Value::String(text) => text.parse().unwrap(),
        other => other.as_u64().unwrap(),
    }
}

#[test]
fn reference_uuids() {
    let vectors = vectors("uuid");
    assert_eq!(vectors.len(), 7);
    for vector in vectors {
        let (id, version) = (vector["id"].as_str().unwrap(), &vector["version"]);
        let scheme = format!("uuid-v{version}");
        let found = inspect(&[id]);
        assert_eq!((&found["scheme"], &found["id"]), (&Value::from(&*scheme), &vector["id"]));
        assert_eq!(found["fields"]["ver"], *version);
        if let Some(ticks) = vector.get("ticks_100ns") {
            let node = u64::from_str_radix(vector["node"].as_str().unwrap(), 16).unwrap();
            assert_eq!(number(&found["fields"]["tick"]), number(ticks));
            assert_eq!(number(&found["fields"]["clock_seq"]), number(&vector["clock_seq"]));
            assert_eq!(number(&found["fields"]["node"]), node);
            assert_eq!(found["time"], vector["time"]);
        }
        if let Some(millis) = vector.get("unix_ms") {
            assert_eq!(found["fields"]["unix_ts_ms"], *millis);
            assert_eq!(number(&found["fields"]["rand_a"]), number(&vector["rand_a"]));
            assert_eq!(number(&found["fields"]["rand_b"]), number(&vector["rand_b"]));
        }
        if let Some(name) = vector.get("name") {
            let namespace = vector["namespace"].as_str().unwrap();
            let name = name.as_str().unwrap();
            assert_eq!(stdout(&["name", &scheme, "--namespace", namespace, name]), id);
        }
    }
    let [one, six] = [1, 6].map(|version| {
        let of = |vector: &Value| vector["version"] == version;
        self::vectors("uuid").into_iter().find(of).unwrap()["id"].as_str().unwrap().to_owned()
    });
    assert_eq!(stdout(&["convert", "uuid-v1", "uuid-v6", &one]), six);
    assert_eq!(stdout(&["convert", "uuid-v6", "uuid-v1", &six]), one);
}

#[test]
fn reference_typeids() {
    let vectors = vectors("typeid");
    assert_eq!(vectors.len(), 2);
    for vector in vectors {
        match vector.get("invalid") {
            Some(text) => assert!(refused(&[text.as_str().unwrap()]).contains("128 bits")),
            None => {
                let found = inspect(&[vector["id"].as_str().unwrap()]);
                assert_eq!((&found["scheme"], &found["id"]), (&"uuid-v7".into(), &vector["uuid"]));
                assert_eq!(found["prefix"], "prefix");
            }
        }
    }
}

#[test]
fn reference_ulids() {
    let vectors = vectors("ulid");
    assert_eq!(vectors.len(), 5);
    let mut nexts = 0;
    for vector in vectors {
        let Some(id) = vector.get("id") else {
            // It has digits alone, so that as a decimal number it may be another scheme's.
            let text = vector["invalid"].as_str().unwrap();
            assert!(refused(&["--scheme", "ulid", "--form", "base32", text]).contains("128 bits"));
            continue;
        };
        let found = inspect(&[id.as_str().unwrap()]);
        assert_eq!((&found["scheme"], &found["id"]), (&"ulid".into(), id));
        if let Some(millis) = vector.get("unix_ms") {
            assert_eq!(found["fields"]["timestamp"], *millis);
        }
        if let Some(next) = vector.get("next") {
            let shown = stdout(&["inspect", id.as_str().unwrap()]);
            match next.as_str().unwrap() {
                "error: overflow" => {
                    assert_eq!(found.get("next"), Some(&Value::Null));
                    assert!(shown.contains("  next      none in this tick"), "{shown}");
                }
                next => {
                    assert_eq!(found["next"], next);
                    assert!(shown.contains(&format!("  next      {next}\n")), "{shown}");
                }
            }
            nexts += 1;
        }
    }
    assert_eq!(nexts, 2);
}

/// What the command makes follows as the vectors do: within a millisecond each is the last plus 1.
#[test]
fn each_ulid_is_the_next_of_the_last() {
    let shown = stdout(&["generate", "ulid", "-n", "20000"]);
    let ulid = &idgen::find("ulid").unwrap().scheme;
    let words: Vec<u128> = shown.lines().map(|id| ulid.parse(id).unwrap()).collect();
    let (mut counted, mut drawn) = (0, 0);
    for pair in words.windows(2) {
        if ulid.time(pair[0]) == ulid.time(pair[1]) {
            assert_eq!(pair[0] + 1, pair[1], "{}", ulid.format(pair[0]));
            counted += 1;
        } else {
            assert!(pair[0] < pair[1]);
            drawn += 1;
        }
    }
    assert!(counted > 10_000, "{counted} of a millisecond that was begun, {drawn} that began one");
}

#[test]
fn reference_snowflakes_and_instagrams() {
    let (snowflakes, instagrams) = (vectors("snowflake"), vectors("instagram"));
    assert_eq!((snowflakes.len(), instagrams.len()), (2, 1));
    for vector in snowflakes.into_iter().chain(instagrams) {
        let scheme = vector.get("preset").map_or("instagram", |name| name.as_str().unwrap());
        let found = inspect(&["--scheme", scheme, vector["id"].as_str().unwrap()]);
        let mut compared = 0;
        for (name, value) in found["fields"].as_object().unwrap() {
            if let Some(expected) = vector.get(name) {
                assert_eq!(value, expected, "{scheme}: {name}");
                compared += 1;
            }
        }
        assert!(compared >= 3, "{scheme}: only {compared} fields were compared");
        if let Some(time) = vector.get("time") {
            assert_eq!(found["time"], *time);
        }
        if let Some(epoch) = vector.get("epoch_unix_ms") {
            let shown: Value =
                serde_json::from_str(&stdout(&["schemes", scheme, "--json"])).unwrap();
            let epoch = jiff::Timestamp::from_millisecond(epoch.as_i64().unwrap()).unwrap();
            assert_eq!(shown["epoch"], epoch.to_string());
        }
    }
}

#[test]
fn reference_last_instants() {
    let vectors = vectors("last_instant");
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let name = vector["preset"].as_str().unwrap();
        let shown: Value = serde_json::from_str(&stdout(&["schemes", name, "--json"])).unwrap();
        let (key, expected) = match vector.get("signed_time") {
            Some(time) => ("last_signed", time),
            None => ("last", &vector["time"]),
        };
        assert_eq!(shown[key], *expected, "{name}");
    }
}
