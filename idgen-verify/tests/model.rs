//! The checker against a naive model that keeps every id in memory, with so little memory of its
//! own that nearly everything goes through the disk.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]
#![expect(clippy::cast_possible_truncation, reason = "a word that is no id may be any")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use idgen_core::layout::Parts;
use idgen_core::{IdScheme, Scheme};
use idgen_snowflake::Snowflake;
use idgen_uuid::{UuidV1, UuidV4};
use idgen_verify::{Checker, Format, Options, Report};
use proptest::prelude::*;

/// What is in a file: ids, and here and there something else.
type File = (Format, Vec<Option<u128>>);

/// What there is to know, found the simple way.
#[derive(Debug, Default, PartialEq)]
struct Model {
    ids: u64,
    distinct: u64,
    /// How often each id came that came more than once, and its places.
    duplicates: BTreeMap<(u64, u128), Vec<(usize, u64)>>,
    bad: u64,
    inversions: u64,
    inversions_of_nodes: u64,
    /// Of each node: ids, ticks with ids, ticks without, the widest gap, numbers left out.
    nodes: BTreeMap<u64, (u64, u64, u64, u64, u64)>,
}

fn model(scheme: &Scheme, files: &[File]) -> Model {
    let mut model = Model::default();
    let key = |word| (scheme.layout.unpack(word).tick, word);
    let mut places: BTreeMap<(u64, u128), Vec<(usize, u64)>> = BTreeMap::new();
    for (file, (_, records)) in files.iter().enumerate() {
        let mut last = None;
        let mut last_of_node = BTreeMap::new();
        for (record, number) in records.iter().zip(1..) {
            let Some(word) = *record else {
                model.bad += 1;
                continue;
            };
            let node = scheme.layout.unpack(word).node;
            model.ids += 1;
            model.nodes.entry(node).or_default().0 += 1;
            model.inversions += u64::from(last > Some(key(word)));
            last = Some(key(word));
            let before = last_of_node.insert(node, key(word));
            model.inversions_of_nodes += u64::from(before > Some(key(word)));
            places.entry(key(word)).or_default().push((file, number));
        }
    }
    model.distinct = places.len() as u64;
    let mut parts_of: BTreeMap<u64, Vec<Parts>> = BTreeMap::new();
    for &(_, word) in places.keys() {
        let parts = scheme.layout.unpack(word);
        parts_of.entry(parts.node).or_default().push(parts);
    }
    for (&node, found) in &mut model.nodes {
        let parts = &parts_of[&node];
        let ticks: BTreeSet<u64> = parts.iter().map(|parts| parts.tick).collect();
        let ticks: Vec<u64> = ticks.into_iter().collect();
        let gaps = ticks.windows(2).map(|pair| pair[1] - pair[0] - 1);
        found.1 = ticks.len() as u64;
        found.2 = gaps.clone().sum();
        found.3 = gaps.max().unwrap_or(0);
        for pair in parts.windows(2).filter(|pair| pair[0].tick == pair[1].tick) {
            found.4 += pair[1].sequence - pair[0].sequence - 1;
        }
    }
    places.retain(|_, places| places.len() > 1);
    model.duplicates = places;
    model
}

fn reported(scheme: &Scheme, report: &Report) -> Model {
    let place = |place: &idgen_verify::Place| {
        let file = place.file.rsplit('-').next().unwrap().parse().unwrap();
        (file, place.record)
    };
    let duplicates = report.duplicates.first.iter().map(|duplicate| {
        let places: Vec<_> = duplicate.places.iter().map(place).collect();
        assert_eq!(duplicate.times, places.len() as u64);
        let word = scheme.parse(&duplicate.id).unwrap();
        ((scheme.layout.unpack(word).tick, word), places)
    });
    let nodes = report.nodes.iter().map(|node| {
        let span = node.span.as_ref().unwrap();
        let widest = span.widest.as_ref().map_or(0, |gap| gap.ticks);
        (node.node, (node.ids, span.ticks, span.empty, widest, node.left_out.unwrap_or(0)))
    });
    Model {
        ids: report.ids,
        distinct: report.distinct,
        duplicates: duplicates.collect(),
        bad: report.bad.records,
        inversions: report.order.of_files,
        inversions_of_nodes: report.order.of_nodes,
        nodes: nodes.collect(),
    }
}

/// The bytes of a file. What is no id is an odd line, or a word with its highest bit set.
fn write(scheme: &Scheme, (format, records): &File) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        let word = record.unwrap_or(u128::MAX);
        let narrow = word as u64;
        match *format {
            Format::Text(form) => {
                let text = record.map(|word| scheme.format_as(word, form).to_string());
                bytes.extend(text.unwrap_or_else(|| "no id".into()).bytes());
                bytes.push(b'\n');
            }
            Format::U64_LE => bytes.extend(narrow.to_le_bytes()),
            Format::U64_BE => bytes.extend(narrow.to_be_bytes()),
            Format::U128_LE => bytes.extend(word.to_le_bytes()),
            Format::U128_BE => bytes.extend(word.to_be_bytes()),
        }
    }
    bytes
}

fn options(memory_bytes: usize) -> Options {
    let mut options = Options::default();
    options.memory_bytes = memory_bytes;
    options.folder = env!("CARGO_TARGET_TMPDIR").into();
    options.listed = usize::MAX;
    options
}

fn check(scheme: &Scheme, files: &[File], memory_bytes: usize) -> Report {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut checker = Checker::new(*scheme, options(memory_bytes));
    for (i, file) in files.iter().enumerate() {
        let name = format!("file-{i}");
        let bytes = write(scheme, file);
        // One after the other as a file and as what comes through a pipe.
        if i % 2 == 0 {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            checker.check_file(path, file.0).unwrap();
        } else {
            checker.check_reader(&name, &*bytes, file.0).unwrap();
        }
    }
    checker.finish().unwrap()
}

fn formats(width: u8) -> impl Strategy<Value = Format> {
    let mut names = vec!["decimal", "hex", "base58", "uuid", "u128le", "u128be"];
    if width == 64 {
        names.extend(["u64le", "u64be"]);
    }
    prop::sample::select(names).prop_map(|name| name.parse().unwrap())
}

/// Files of ids of few ticks, nodes and numbers, so that many come twice; mostly in order.
fn files<S: IdScheme>() -> impl Strategy<Value = Vec<File>> {
    let scheme = Scheme::of::<S>();
    let parts = (0..40_u64, 0..4_u64, 0..40_u64);
    let record = prop::option::weighted(0.99, parts);
    let file =
        (formats(scheme.layout.width()), prop::collection::vec(record, 0..1_500), any::<bool>());
    let file = file.prop_map(move |(format, mut records, sorted)| {
        if sorted {
            records.sort_unstable();
        }
        let word = |(tick, node, sequence)| {
            // A tick over 2^32 goes around in the words of version 1, but not in its time.
            let tick = tick * 0x3FFF_FFFF;
            scheme.pack(Parts { tick, node, sequence, payload: 0 }).unwrap()
        };
        (format, records.into_iter().map(|parts| parts.map(word)).collect())
    });
    prop::collection::vec(file, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn prop_a_naive_model_says_the_same(files in files::<Snowflake>(), memory in 0..40_000_usize) {
        let scheme = Scheme::of::<Snowflake>();
        let report = check(&scheme, &files, memory);
        prop_assert_eq!(reported(&scheme, &report), model(&scheme, &files));
    }

    #[test]
    fn prop_words_that_are_not_in_the_order_of_time(files in files::<UuidV1>(), memory in 0..40_000_usize) {
        let scheme = Scheme::of::<UuidV1>();
        let report = check(&scheme, &files, memory);
        prop_assert_eq!(reported(&scheme, &report), model(&scheme, &files));
    }
}

/// More pieces on the disk than are merged at once, of words that are in no order at all.
#[test]
fn a_hundred_pieces_on_the_disk() {
    let scheme = Scheme::of::<Snowflake>();
    let mut word = 1_u64;
    let records = (0..60_000).map(|_| {
        word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Some(u128::from(word >> 44))
    });
    let files = [(Format::U64_LE, records.collect())];
    let report = check(&scheme, &files, 0);
    assert!(report.spilled > 50_000, "{}", report.spilled);
    assert_eq!(reported(&scheme, &report), model(&scheme, &files));
}

#[test]
fn random_ids_have_no_order_and_no_gaps() {
    let scheme = Scheme::of::<UuidV4>();
    let id = |payload| scheme.pack(Parts { payload, ..Parts::default() }).unwrap();
    let files = [(Format::U128_LE, [9, 7, 8, 7].map(id).map(Some).to_vec())];
    let report = check(&scheme, &files, 0);
    assert_eq!((report.ids, report.distinct, report.duplicates.ids), (4, 3, 1));
    assert!(report.is_ordered() && report.span.is_none() && report.nodes.is_empty());
}

#[test]
fn half_a_word_is_no_id() {
    let mut checker = Checker::new(Scheme::of::<Snowflake>(), options(0));
    let bytes = [5_u64, 9].map(u64::to_le_bytes).concat();
    checker.check_reader("torn", &bytes[..11], Format::U64_LE).unwrap();
    checker.check_reader("wide", &*(1_u128 << 64).to_le_bytes().to_vec(), Format::U128_LE).unwrap();
    let report = checker.finish().unwrap();
    assert_eq!((report.ids, report.bad.records), (1, 2));
    let [torn, wide] = &*report.bad.first else { panic!("{:?}", report.bad) };
    assert_eq!((torn.place.record, &*torn.found), (2, "090000"));
    assert_eq!(torn.fault, "a word of 64 bits has 8 bytes");
    assert!(wide.fault.contains("64 bits"), "{}", wide.fault);
}

#[test]
fn lines_longer_than_the_buffer_and_a_last_one_without_an_end() {
    let mut text = b"1\n".to_vec();
    text.extend(std::iter::repeat_n(b'9', 3 << 20));
    text.extend(b"\n\n2\r\n1");
    let mut checker = Checker::new(Scheme::of::<Snowflake>(), options(0));
    checker.check_reader("text", &*text, "decimal".parse().unwrap()).unwrap();
    let report = checker.finish().unwrap();
    assert_eq!((report.ids, report.distinct, report.bad.records), (3, 2, 1));
    assert_eq!(report.bad.first[0].place.record, 2);
    assert!(report.bad.first[0].fault.contains("more than 64 bits"));
    let places: Vec<_> = report.duplicates.first[0].places.iter().map(|at| at.record).collect();
    assert_eq!(places, [1, 5]);
}

#[test]
fn a_temporary_folder_that_is_not_there_is_named() {
    let mut options = options(0);
    options.folder = "/nowhere/at/all".into();
    let mut checker = Checker::new(Scheme::of::<Snowflake>(), options);
    let error = checker.check_reader("pipe", &b"1"[..], Format::U64_LE).unwrap_err();
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    let error = checker.check_file("/nowhere/ids", Format::U64_LE).unwrap_err();
    assert!(error.to_string().starts_with("cannot read /nowhere/ids: "), "{error}");
}
