//! Ranges of ids by time: what lies in them, and what does not.

#![cfg(not(loom))]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout, Parts};
use idgen_core::text::Form;
use idgen_core::{Id, IdScheme, Name, Scheme, TimeRangeError, Timebase, UnixTime};
use proptest::prelude::*;

/// Layouts of every shape that keeps the order of time: constants above, between and below the
/// tick's fields, a tick in three pieces, random bits, no field below the tick at all.
fn layouts() -> Vec<Layout> {
    let field = |kind, bits| Field::new(kind, bits);
    let version = |name, value, bits| Field::new(Kind::Version(value), bits).named(name);
    let node = |bits| field(Kind::Node, bits);
    let tick = |name, bits| field(Kind::Tick, bits).named(name);
    let shapes: [(u8, Vec<Field>); 7] = [
        (64, vec![field(Kind::Unused, 1), tick("t", 41), node(10), field(Kind::Sequence, 12)]),
        (64, vec![tick("t", 42), node(5), node(5).named("process"), field(Kind::Sequence, 12)]),
        (64, vec![tick("t", 64)]),
        (64, vec![field(Kind::Unused, 11), tick("t", 41), field(Kind::Sequence, 6), node(6)]),
        (
            128,
            vec![
                tick("t", 48),
                version("version", 7, 4),
                field(Kind::Sequence, 12),
                version("variant", 2, 2),
                field(Kind::Random, 62),
            ],
        ),
        (
            128,
            vec![
                version("mark", 5, 3),
                tick("high", 29),
                tick("mid", 16),
                version("version", 6, 4),
                tick("low", 12),
                version("variant", 2, 2),
                field(Kind::Sequence, 14),
                node(48),
            ],
        ),
        (128, vec![tick("t", 64), node(48), field(Kind::Sequence, 16)]),
    ];
    shapes.map(|(width, fields)| Layout::try_new(width, &fields).unwrap()).into()
}

fn scheme(layout: Layout, epoch: UnixTime, tick_nanos: u64) -> Scheme {
    let timebase = Some(Timebase::new(epoch, Duration::from_nanos(tick_nanos)));
    Scheme { name: Name::new("shape"), layout, timebase, text: Form::Hex }
}

/// Numbers from `numbers`, cut down to what the layout holds; every third time all ones.
fn parts(layout: &Layout, tick: u64, numbers: (u64, u64, u128), pick: u8) -> Parts {
    let greatest = layout.unpack(u128::MAX);
    let (node, sequence, payload) = match pick % 3 {
        0 => (0, 0, 0),
        1 => (u64::MAX, u64::MAX, u128::MAX),
        _ => numbers,
    };
    Parts {
        tick: tick & greatest.tick,
        node: node & greatest.node,
        sequence: sequence & greatest.sequence,
        payload: payload & greatest.payload,
    }
}

proptest! {
    #[test]
    fn prop_an_id_lies_in_the_range_exactly_if_its_time_does(
        epoch in -4_000_000_000_i64..4_000_000_000,
        tick_nanos in prop_oneof![
            Just(1_u64), Just(100), Just(1_000_000), Just(10_000_000), Just(1_000_000_000),
            1..=86_400_000_000_000_u64,
        ],
        // Where the range begins, in ticks after the epoch, how long it is, and where the id is.
        start in prop_oneof![Just(0_u64), 0..10_u64, any::<u64>()],
        length in 0..5_u64,
        offset in -3_i64..8,
        skew in (0..3_u8, 0..3_u8, any::<(u32, u32)>()),
        numbers in any::<(u64, u64, u128)>(),
        pick in any::<u8>(),
    ) {
        for layout in layouts() {
            let scheme = scheme(layout, UnixTime::from_seconds(epoch), tick_nanos);
            let base = scheme.timebase.unwrap();
            let last = layout.unpack(u128::MAX).tick;
            let start = start & last;
            // Instants at the start of a tick, one nanosecond after, or anywhere in it.
            let instant = |tick: u64, within: u8, anywhere: u32| {
                let begin = base.time_of(tick.min(last)).as_nanos();
                let within = match within {
                    0 => 0,
                    1 => i128::from(tick_nanos > 1),
                    _ => i128::from(u64::from(anywhere) % tick_nanos),
                };
                UnixTime::from_nanos(begin + within)
            };
            let from = instant(start, skew.0, skew.2.0);
            let to = instant(start.saturating_add(length), skew.1, skew.2.1).max(from);
            let range = scheme.words_between(from, to).unwrap();
            if let Some(range) = &range {
                prop_assert!(layout.check(*range.start()).is_ok(), "{layout} {range:?}");
                prop_assert!(layout.check(*range.end()).is_ok(), "{layout} {range:?}");
            }
            let tick = start.saturating_add_signed(offset);
            let word = scheme.pack(parts(&layout, tick, numbers, pick)).unwrap();
            let time = scheme.time(word).unwrap();
            let inside = from <= time && time < to;
            let found = range.as_ref().is_some_and(|range| range.contains(&word));
            prop_assert_eq!(found, inside, "{} {} in {}..{}", layout, time, from, to);
            // And the two ends are the tightest there are.
            if let Some(range) = range {
                for end in [*range.start(), *range.end()] {
                    let time = scheme.time(end).unwrap();
                    prop_assert!(from <= time && time < to, "{layout} {time} in {from}..{to}");
                }
            }
        }
    }

    #[test]
    fn prop_an_instant_is_bounded_by_the_ids_of_its_tick(
        nanos in 0..1_i128 << 60, numbers in any::<(u64, u64, u128)>(), pick in any::<u8>(),
    ) {
        for layout in layouts() {
            let scheme = scheme(layout, UnixTime::EPOCH, 10_000_000);
            let time = UnixTime::from_nanos(nanos);
            let tick = scheme.timebase.unwrap().tick_at(time).unwrap();
            let words = scheme.words_at(time).unwrap();
            let of_tick = |tick| scheme.pack(parts(&layout, tick, numbers, pick)).unwrap();
            prop_assert!(words.contains(&of_tick(tick)));
            prop_assert!(!words.contains(&of_tick(tick + 1)));
            prop_assert!(tick == 0 || !words.contains(&of_tick(tick - 1)));
        }
    }
}

#[derive(Debug)]
enum Tens {}

impl IdScheme for Tens {
    type Word = u64;
    const NAME: &'static str = "tens";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 40),
            Field::new(Kind::Tick, 8),
            Field::new(Kind::Node, 8),
            Field::new(Kind::Sequence, 8),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_seconds(100), Duration::from_secs(10)));
    const TEXT: Form = Form::Decimal;
}

fn between(from: i64, to: i64) -> Option<(u64, u64)> {
    let range = Id::<Tens>::between(UnixTime::from_seconds(from), UnixTime::from_seconds(to));
    range.unwrap().map(|range| (range.start().word(), range.end().word()))
}

#[test]
fn a_range_holds_the_ticks_that_begin_in_it() {
    assert_eq!(between(110, 130), Some((0x01_0000, 0x02_FFFF)));
    assert_eq!(between(101, 111), Some((0x01_0000, 0x01_FFFF))); // the tick of 100 began before
    assert_eq!(between(101, 110), None); // between two ticks
    assert_eq!(between(110, 110), None); // empty
    // Ranges that meet share no id and leave none out.
    assert_eq!(between(110, 117).unwrap().1 + 1, between(117, 125).unwrap().0);
}

#[test]
fn a_range_beyond_the_layout_ends_where_the_layout_does() {
    assert_eq!(between(0, 110), Some((0, 0xFFFF)));
    assert_eq!(between(0, 100), None); // all before the epoch
    assert_eq!(between(2_650, 9_999), Some((0xFF_0000, 0xFF_FFFF)));
    assert_eq!(between(2_651, 9_999), None); // all after the last tick
    assert_eq!(between(i64::MIN, i64::MAX), Some((0, 0xFF_FFFF)));
}

#[test]
fn an_instant_outside_of_the_layout_is_an_error_that_says_so() {
    let at = |seconds| Id::<Tens>::first_at(UnixTime::from_seconds(seconds));
    assert_eq!(at(119).unwrap().word(), 0x01_0000);
    assert_eq!(Id::<Tens>::last_at(UnixTime::from_seconds(119)).unwrap().word(), 0x01_FFFF);
    assert_eq!(at(2_659).unwrap().word(), 0xFF_0000);
    for seconds in [99, 2_660, i64::MAX] {
        assert!(matches!(at(seconds), Err(TimeRangeError::Outside { .. })), "{seconds}");
    }
    assert_eq!(
        at(99).unwrap_err().to_string(),
        "1970-01-01T00:01:39Z has no tens id: their ticks begin from 1970-01-01T00:01:40Z to \
         1970-01-01T00:44:10Z",
    );
}

#[test]
fn schemes_without_an_order_of_time_are_refused() {
    let timeless = Scheme { timebase: None, ..Scheme::of::<Tens>() };
    let (from, to) = (UnixTime::from_seconds(200), UnixTime::from_seconds(300));
    let error = timeless.words_between(from, to).unwrap_err();
    assert_eq!(error, TimeRangeError::Timeless { scheme: Name::new("tens") });
    assert!(timeless.words_at(from).is_err());

    let layout = "node=22:tick=42".parse().unwrap();
    let unordered = scheme(layout, UnixTime::EPOCH, 1);
    let error = unordered.words_between(from, to).unwrap_err();
    assert_eq!(error, TimeRangeError::Unordered { scheme: Name::new("shape") });
    assert!(unordered.words_at(from).is_err());

    let error = Id::<Tens>::between(to, from).unwrap_err();
    assert_eq!(error, TimeRangeError::Reversed { from: to, to: from });
}
