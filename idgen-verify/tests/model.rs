//! The checker against a naive model that keeps every id in memory, with so little memory of its
//! own that nearly everything goes through the disk.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]
#![expect(clippy::cast_possible_truncation, reason = "a word that is no id may be any")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use idgen_core::layout::Parts;
use idgen_core::{IdScheme, Scheme, UnixTime};
use idgen_snowflake::Snowflake;
use idgen_uuid::{UuidV1, UuidV4};
use idgen_verify::{Checker, Format, Options, Place, Report, Span};
use proptest::prelude::*;

/// What is in a file: ids, and here and there something else.
type File = (Format, Vec<Option<u128>>);

/// Where a record is: the file, and its number from 1 on.
type At = (usize, u64);

/// What there is to know, found the simple way.
#[derive(Debug, Default, PartialEq)]
struct Model {
    files: Vec<Counts>,
    distinct: u64,
    /// The places of each id that came more than once.
    duplicates: BTreeMap<(u64, u128), Vec<At>>,
    bad: Vec<At>,
    /// Ids that come after a greater one of their node, and that one.
    inversions: Vec<(At, u128, u128)>,
    nodes: BTreeMap<u64, NodeModel>,
    ticks: Option<Stretch>,
}

#[derive(Debug, Default, PartialEq)]
struct Counts {
    ids: u64,
    bad: u64,
    inversions: u64,
    inversions_of_nodes: u64,
}

#[derive(Debug, Default, PartialEq)]
struct NodeModel {
    ids: u64,
    inversions: u64,
    left_out: u64,
    ticks: Option<Stretch>,
}

/// Ticks with ids, those between them without, and the first of the widest gaps with the tick before it.
#[derive(Debug, PartialEq)]
struct Stretch {
    first: u64,
    last: u64,
    ticks: u64,
    empty: u64,
    widest: Option<(u64, u64)>,
}

impl Stretch {
    fn of(ticks: &BTreeSet<u64>) -> Option<Self> {
        let (first, last, all) = (*ticks.first()?, *ticks.last()?, Vec::from_iter(ticks));
        let gaps = all.windows(2).map(|pair| (pair[1] - pair[0] - 1, *pair[0]));
        let gaps = gaps.filter(|&(wide, _)| wide > 0);
        let empty = gaps.clone().map(|(wide, _)| wide).sum();
        // Of equal ones `max_by_key` takes the last.
        let widest = gaps.rev().max_by_key(|&(wide, _)| wide);
        Some(Self { first, last, ticks: all.len() as u64, empty, widest })
    }

    fn reported(scheme: &Scheme, span: &Span) -> Self {
        let tick = |time: Option<UnixTime>| scheme.timebase.unwrap().nearest_tick(time.unwrap());
        Self {
            first: tick(span.from),
            last: tick(span.to),
            ticks: span.ticks,
            empty: span.empty,
            widest: span.widest.as_ref().map(|gap| (gap.ticks, tick(gap.after))),
        }
    }
}

fn model(scheme: &Scheme, files: &[File]) -> Model {
    let mut model = Model::default();
    let key = |word| (scheme.layout.unpack(word).tick, word);
    let mut places: BTreeMap<(u64, u128), Vec<At>> = BTreeMap::new();
    for (file, (_, records)) in files.iter().enumerate() {
        let (mut counts, mut last, mut last_of) = (Counts::default(), None, BTreeMap::new());
        for (record, number) in records.iter().zip(1..) {
            let Some(word) = *record else {
                counts.bad += 1;
                model.bad.push((file, number));
                continue;
            };
            let id = scheme.layout.unpack(word).node;
            let node = model.nodes.entry(id).or_default();
            counts.ids += 1;
            node.ids += 1;
            counts.inversions += u64::from(last > Some(key(word)));
            last = Some(key(word));
            if let Some(before) = last_of.insert(id, word).filter(|&before| key(before) > key(word))
            {
                counts.inversions_of_nodes += 1;
                node.inversions += 1;
                model.inversions.push(((file, number), word, before));
            }
            places.entry(key(word)).or_default().push((file, number));
        }
        model.files.push(counts);
    }
    let parts = |&(_, word): &(u64, u128)| scheme.layout.unpack(word);
    for (&id, node) in &mut model.nodes {
        let parts: Vec<_> = places.keys().map(parts).filter(|parts| parts.node == id).collect();
        node.ticks = Stretch::of(&parts.iter().map(|parts| parts.tick).collect());
        for pair in parts.windows(2).filter(|pair| pair[0].tick == pair[1].tick) {
            node.left_out += pair[1].sequence - pair[0].sequence - 1;
        }
    }
    model.ticks = Stretch::of(&places.keys().map(|&(tick, _)| tick).collect());
    model.distinct = places.len() as u64;
    places.retain(|_, places| places.len() > 1);
    model.duplicates = places;
    model
}

/// What the report says, after a look at its sums.
fn reported(scheme: &Scheme, report: &Report) -> Model {
    let at =
        |place: &Place| (place.file.rsplit('-').next().unwrap().parse().unwrap(), place.record);
    let word = |id: &str| scheme.parse(id).unwrap();
    let duplicates = report.duplicates.first.iter().map(|duplicate| {
        let places: Vec<_> = duplicate.places.iter().map(at).collect();
        assert_eq!(duplicate.times, places.len() as u64);
        assert_eq!(word(&duplicate.id), duplicate.word);
        ((scheme.layout.unpack(duplicate.word).tick, duplicate.word), places)
    });
    let nodes = report.nodes.iter().map(|node| {
        let ticks = node.span.as_ref().map(|span| Stretch::reported(scheme, span));
        let (ids, inversions, left_out) = (node.ids, node.inversions, node.left_out.unwrap_or(0));
        (node.node, NodeModel { ids, inversions, left_out, ticks })
    });
    let files = report.files.iter().map(|file| Counts {
        ids: file.ids,
        bad: file.bad,
        inversions: file.inversions,
        inversions_of_nodes: file.inversions_of_nodes,
    });
    let inversions = report.order.first.iter();
    let model = Model {
        files: files.collect(),
        distinct: report.distinct,
        duplicates: duplicates.collect(),
        bad: report.bad.first.iter().map(|bad| at(&bad.place)).collect(),
        inversions: inversions.map(|it| (at(&it.place), word(&it.id), word(&it.before))).collect(),
        nodes: nodes.collect(),
        ticks: report.span.as_ref().map(|span| Stretch::reported(scheme, span)),
    };
    let sum = |count: fn(&Counts) -> u64| model.files.iter().map(count).sum::<u64>();
    assert_eq!(report.ids, sum(|file| file.ids));
    assert_eq!(report.bad.records, sum(|file| file.bad));
    assert_eq!(report.order.of_files, sum(|file| file.inversions));
    assert_eq!(report.order.of_nodes, sum(|file| file.inversions_of_nodes));
    assert_eq!(report.duplicates.ids, model.duplicates.len() as u64);
    assert_eq!(report.duplicates.further, report.ids - report.distinct);
    model
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
fn a_line_that_is_no_text_is_no_id_and_those_around_it_are() {
    let mut checker = Checker::new(Scheme::of::<Snowflake>(), options(0));
    let text = b"1\n2\n\xff42\n3\n\xc3";
    checker.check_reader("text", &text[..], "decimal".parse().unwrap()).unwrap();
    let report = checker.finish().unwrap();
    assert_eq!((report.ids, report.bad.records), (3, 2));
    let records: Vec<_> = report.bad.first.iter().map(|bad| bad.place.record).collect();
    assert_eq!(records, [3, 5]);
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
