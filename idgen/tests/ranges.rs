//! Ranges of ids by time, of every scheme in the catalog.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use idgen::layout::Parts;
use idgen::{Scheme, TimeRangeError, UnixTime};
use proptest::prelude::*;

/// A word with these bits wherever the layout lets them vary, in a tick this far from the middle.
fn word(scheme: &Scheme, bits: u128, offset: i64) -> u128 {
    let tick = (scheme.layout.unpack(u128::MAX).tick / 2).saturating_add_signed(offset);
    scheme.pack(Parts { tick, ..scheme.layout.unpack(bits) }).unwrap()
}

proptest! {
    #[test]
    fn prop_the_range_of_a_time_holds_its_ids_and_no_other(
        bits in prop_oneof![Just(0), Just(u128::MAX), any::<u128>()],
        offset in -5_i64..10, length in 0_i64..5, nanos in (0..3_i128, 0..3_i128),
    ) {
        for scheme in idgen::catalog().iter().map(|entry| &entry.scheme) {
            let range = |from, to| scheme.words_between(from, to);
            if scheme.timebase.is_none() || !scheme.layout.is_time_ordered() {
                let error = range(UnixTime::EPOCH, UnixTime::EPOCH).unwrap_err();
                let timeless = TimeRangeError::Timeless { scheme: scheme.name };
                let unordered = TimeRangeError::Unordered { scheme: scheme.name };
                prop_assert!(error == timeless || error == unordered);
                continue;
            }
            let time = |word| scheme.time(word).unwrap();
            let after = |tick, nanos| {
                UnixTime::from_nanos(time(word(scheme, 0, tick)).as_nanos() + nanos)
            };
            let (from, to) = (after(0, nanos.0), after(length, nanos.1));
            prop_assume!(from <= to);
            let id = word(scheme, bits, offset);
            let found = range(from, to).unwrap().is_some_and(|words| words.contains(&id));
            let inside = from <= time(id) && time(id) < to;
            prop_assert_eq!(found, inside, "{} {} in {}..{}", scheme.name, time(id), from, to);
        }
    }
}

#[test]
fn each_preset_has_a_range_of_its_whole_life() {
    let mut ordered = 0;
    for scheme in idgen::catalog().iter().map(|entry| &entry.scheme) {
        let far = UnixTime::from_nanos(i128::MAX / 4);
        let Ok(range) = scheme.words_between(UnixTime::from_nanos(-far.as_nanos()), far) else {
            continue;
        };
        ordered += 1;
        let greatest = scheme.pack(scheme.layout.unpack(u128::MAX)).unwrap();
        let least = scheme.pack(Parts::default()).unwrap();
        assert_eq!(range, Some(least..=greatest), "{}", scheme.name);
    }
    assert!(!cfg!(feature = "snowflake") || ordered >= 7, "{ordered}");
}
