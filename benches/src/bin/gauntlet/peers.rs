//! The peers, each made as its documentation makes it.

use std::time::Duration;

use ferroid::generator::{AtomicSnowflakeGenerator, thread_local::Ulid as FerroidUlid};
use ferroid::id::SnowflakeTwitterId;
use ferroid::time::{MonotonicClock, TWITTER_EPOCH};
use idgenerator::{IdGeneratorOptions, IdInstance};

use crate::subject::{Copying, End, IsClone, Next, Nodes, Not, Subject};

// Whoever's row says that the generator cannot be copied.
const _: () = {
    type Ferroid = AtomicSnowflakeGenerator<SnowflakeTwitterId, MonotonicClock<1>>;
    assert!(!IsClone::<Ferroid>::YES && !IsClone::<nulid::Generator>::YES);
    assert!(!IsClone::<snowflaked::Generator>::YES && !IsClone::<snowflaked::sync::Generator>::YES);
    assert!(!IsClone::<twitter_snowflake::Snowflake>::YES && !IsClone::<tsid::TsidFactory>::YES);
    assert!(!IsClone::<id_forge::snowflake::Snowflake>::YES);
};

/// Milliseconds since 1970 of a UUID of version 7 or a ULID.
fn first_48(word: u128) -> i64 {
    i64::try_from(word >> 80).expect("48 bits")
}

/// Those of a 64-bit id with 22 bits below the milliseconds since an epoch.
fn above_22(word: u128, epoch: i64) -> i64 {
    i64::try_from(word >> 22).expect("42 bits") + epoch
}

fn ten_bits_at_12(word: u128) -> u64 {
    u64::try_from(word >> 12 & 1_023).expect("10 bits")
}

/// One that never refuses, of 128 bits, made by a function.
fn wide(
    name: &str,
    package: &'static str,
    build: fn() -> Result<Next, String>,
    millis: Option<fn(u128) -> i64>,
    ordered: bool,
) -> Subject {
    Subject {
        name: name.into(),
        package,
        build: Box::new(move |_, _| build()),
        millis: millis.map(|millis| -> Box<dyn Fn(u128) -> i64> { Box::new(millis) }),
        node: None,
        ordered,
        tick: Duration::from_millis(1),
        begins: None,
        ends: End::Before(11_000),
        promised: false,
        copying: Copying::NoGenerator,
    }
}

/// A snowflake of 41/10/12, whose generator cannot be copied.
fn narrow(
    name: &str,
    package: &'static str,
    build: fn(u64) -> Result<Next, String>,
    millis: fn(u128) -> i64,
) -> Subject {
    Subject {
        name: name.into(),
        package,
        build: Box::new(move |node, _| build(node.unwrap_or(1))),
        millis: Some(Box::new(millis)),
        node: Some(Nodes { of: Box::new(ten_bits_at_12), greatest: 1_023 }),
        ordered: true,
        tick: Duration::from_millis(10),
        begins: None,
        ends: End::Before(2_400),
        promised: false,
        copying: Copying::Refused,
    }
}

fn always(mut make: impl FnMut() -> u128 + 'static) -> Result<Next, String> {
    Ok(Box::new(move || Ok(make())))
}

/// The ids of rusty_ulid that follow this one.
fn after(mut last: rusty_ulid::Ulid) -> Next {
    Box::new(move || {
        last = rusty_ulid::Ulid::next_monotonic(last);
        Ok(last.into())
    })
}

fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// A number that is not negative; one that is, is no id.
fn word(number: i64) -> Result<u128, String> {
    u128::try_from(number).map_err(|_| format!("{number} is negative"))
}

pub fn subjects() -> Vec<Subject> {
    let mut all = snowflakes();
    all.extend(uuids());
    all
}

fn snowflakes() -> Vec<Subject> {
    vec![
        narrow(
            "ferroid snowflake",
            "ferroid",
            |node| {
                let clock = MonotonicClock::<1>::with_epoch(TWITTER_EPOCH);
                let ids: AtomicSnowflakeGenerator<SnowflakeTwitterId, _> =
                    AtomicSnowflakeGenerator::new(node, clock);
                always(move || ids.next_id(|_| std::thread::yield_now()).to_raw().into())
            },
            |word| above_22(word, 1_288_834_974_657),
        ),
        Subject {
            copying: Copying::made(|| {
                let ids = snowflake_me::Snowflake::builder()
                    .machine_id(&|| Ok(1))
                    .data_center_id(&|| Ok(1))
                    .finalize()
                    .expect("a generator");
                [ids.clone(), ids].map(|ids| -> Next {
                    Box::new(move || ids.next_id().map(|id| id.as_u64().into()).map_err(text))
                })
            }),
            ..narrow(
                "snowflake_me",
                "snowflake_me",
                |node| {
                    let (center, machine) = ((node >> 5) as u16, (node & 31) as u16);
                    let ids = snowflake_me::Snowflake::builder()
                        .machine_id(&|| Ok(machine))
                        .data_center_id(&|| Ok(center))
                        .finalize()
                        .map_err(text)?;
                    Ok(Box::new(move || ids.next_id().map(|id| id.as_u64().into()).map_err(text)))
                },
                |word| above_22(word, 1_640_995_200_000),
            )
        },
        narrow(
            "snowflaked",
            "snowflaked",
            |node| {
                let instance = u16::try_from(node).map_err(text)?;
                let mut ids = snowflaked::Generator::new(instance);
                always(move || ids.generate::<u64>().into())
            },
            |word| above_22(word, 0),
        ),
        narrow(
            "snowflaked sync",
            "snowflaked",
            |node| {
                let instance = u16::try_from(node).map_err(text)?;
                let ids = snowflaked::sync::Generator::new(instance);
                always(move || ids.generate::<u64>().into())
            },
            |word| above_22(word, 0),
        ),
        Subject {
            copying: Copying::made(|| {
                let ids = snowflake::SnowflakeIdGenerator::new(1, 1);
                [ids, ids]
                    .map(|mut ids| -> Next { Box::new(move || word(ids.real_time_generate())) })
            }),
            // Five bits each for machine and node: together ten, as everybody's.
            ..narrow(
                "rs-snowflake",
                "rs-snowflake",
                |node| {
                    let (machine, node) = ((node >> 5) as i32, (node & 31) as i32);
                    let mut ids = snowflake::SnowflakeIdGenerator::new(machine, node);
                    Ok(Box::new(move || word(ids.real_time_generate())))
                },
                |word| above_22(word, 0),
            )
        },
        narrow(
            "twitter_snowflake",
            "twitter_snowflake",
            |node| {
                let mut ids = twitter_snowflake::Snowflake::new(node).map_err(text)?;
                Ok(Box::new(move || ids.generate().map(u128::from).map_err(text)))
            },
            |word| above_22(word, 1_704_038_400_000),
        ),
        narrow(
            "id-forge snowflake",
            "id-forge",
            |node| {
                let worker = u16::try_from(node).map_err(text)?;
                let ids = id_forge::snowflake::Snowflake::new(worker);
                always(move || ids.next_id().into())
            },
            |word| above_22(word, 1_767_225_600_000),
        ),
        Subject {
            node: None, // every 16-bit machine id is one
            copying: Copying::made(|| {
                let ids = sonyflake::Sonyflake::builder().machine_id(&|| Ok(1)).finalize();
                let ids = ids.expect("a generator");
                [ids.clone(), ids].map(|ids| -> Next {
                    Box::new(move || ids.next_id().map(|id| id.to_u64().into()).map_err(text))
                })
            }),
            ..narrow(
                "sonyflake",
                "sonyflake",
                |node| {
                    let machine = u16::try_from(node).map_err(text)?;
                    let ids = sonyflake::Sonyflake::builder()
                        .machine_id(&|| Ok(machine))
                        .finalize()
                        .map_err(text)?;
                    Ok(Box::new(move || ids.next_id().map(|id| id.to_u64().into()).map_err(text)))
                },
                |word| i64::try_from(word >> 24).expect("39 bits") * 10 + 1_409_529_600_000,
            )
        },
        Subject {
            node: Some(Nodes {
                of: Box::new(|word| u64::try_from(word >> 6 & 63).expect("6 bits")),
                greatest: 63,
            }),
            copying: Copying::NoGenerator,
            ..narrow(
                "idgenerator",
                "idgenerator",
                |node| {
                    let worker = u32::try_from(node).map_err(text)?;
                    let options = IdGeneratorOptions::new().worker_id(worker);
                    let options = options.worker_id_bit_len(6).seq_bit_len(6);
                    IdInstance::init(options).map_err(text)?;
                    Ok(Box::new(|| word(IdInstance::next_id())))
                },
                |word| i64::try_from(word >> 12).expect("52 bits") + 1_582_136_402_000,
            )
        },
        narrow(
            "tsid",
            "tsid",
            |node| {
                let node = u32::try_from(node).map_err(text)?;
                let mut ids = tsid::TsidFactory::with_node_bits(10, node);
                always(move || ids.create().number().into())
            },
            |word| above_22(word, 1_577_836_800_000),
        ),
    ]
}

fn uuids() -> Vec<Subject> {
    vec![
        wide("uuid v4", "uuid", || always(|| uuid::Uuid::new_v4().as_u128()), None, false),
        wide("uuid v7", "uuid", || always(|| uuid::Uuid::now_v7().as_u128()), Some(first_48), true),
        wide(
            "uuid v6",
            "uuid",
            || always(|| uuid::Uuid::now_v6(&[1, 2, 3, 4, 5, 6]).as_u128()),
            Some(|word| {
                let ticks = (word >> 80 << 12) | (word >> 64 & 0xfff);
                i64::try_from(ticks / 10_000).expect("60 bits") - 12_219_292_800_000
            }),
            true,
        ),
        wide(
            "fast-uuid-v7",
            "fast-uuid-v7",
            || always(fast_uuid_v7::gen_id_with_count),
            Some(first_48),
            true,
        ),
        Subject {
            copying: Copying::made(|| {
                let ids = uuid7::V7Generator::with_rand010(rand::rng());
                [ids.clone(), ids]
                    .map(|mut ids| -> Next { Box::new(move || Ok(ids.generate().into())) })
            }),
            ..wide("uuid7", "uuid7", || always(|| uuid7::uuid7().into()), Some(first_48), true)
        },
        Subject {
            copying: Copying::made(|| {
                let ids = scru128::Generator::with_rand010(rand::rng());
                [ids.clone(), ids]
                    .map(|mut ids| -> Next { Box::new(move || Ok(ids.generate().to_u128())) })
            }),
            ..wide(
                "scru128",
                "scru128",
                || always(|| scru128::new().to_u128()),
                Some(first_48),
                true,
            )
        },
        Subject {
            copying: Copying::made(|| {
                let ids = ulid::Generator::new();
                [ids.clone(), ids].map(|mut ids| -> Next {
                    Box::new(move || ids.generate().map(|id| id.0).map_err(|_| "overflow".into()))
                })
            }),
            ..wide(
                "ulid",
                "ulid",
                || {
                    let mut ids = ulid::Generator::new();
                    Ok(Box::new(move || {
                        ids.generate().map(|id| id.0).map_err(|_| "overflow".into())
                    }))
                },
                Some(first_48),
                true,
            )
        },
        wide(
            "ferroid ulid",
            "ferroid",
            || always(|| FerroidUlid::new_ulid_mono(|_| std::thread::yield_now()).to_raw()),
            Some(first_48),
            true,
        ),
        Subject {
            // Its state is an id, which its callers keep.
            copying: Copying::made(|| {
                let last = rusty_ulid::Ulid::generate();
                [last, last].map(after)
            }),
            ..wide(
                "rusty_ulid",
                "rusty_ulid",
                || Ok(after(rusty_ulid::Ulid::generate())),
                Some(first_48),
                true,
            )
        },
        wide(
            "mr-ulid",
            "mr-ulid",
            || always(|| mr_ulid::Ulid::new().to_u128()),
            Some(first_48),
            true,
        ),
        wide(
            "id-forge ulid",
            "id-forge",
            || always(|| u128::from_be_bytes(*id_forge::ulid::Ulid::new().as_bytes())),
            Some(first_48),
            false,
        ),
        Subject {
            copying: Copying::Refused,
            ..wide(
                "nulid",
                "nulid",
                || {
                    let ids = nulid::Generator::new();
                    Ok(Box::new(move || ids.generate().map(|id| id.as_u128()).map_err(text)))
                },
                Some(|word| {
                    i64::try_from((word >> 60) / 1_000_000).expect("68 bits of nanoseconds")
                }),
                true,
            )
        },
    ]
}
