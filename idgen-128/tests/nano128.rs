//! What nanoseconds and a sequence of 16 bits come to.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use idgen_128::Nano128;
use idgen_core::clock::{ScriptedClock, SystemClock};
use idgen_core::generator::{Builder, Generator};
use idgen_core::{Scheme, UnixTime, Window};

/// 2^64 nanoseconds are 584.5 years of 365.2425 days.
#[test]
fn it_lasts_584_years() {
    let capacity = Scheme::of::<Nano128>().capacity();
    let last = capacity.last.unwrap();
    assert_eq!(last.to_string(), "2554-07-21T23:34:33.709551615Z");
    let years = last.as_nanos() / 31_556_952_000_000_000;
    assert_eq!((years, capacity.ids_per_tick, capacity.nodes), (584, 65_536, 1 << 48));
}

/// A batch takes whole nanoseconds: no more of them than it needs, and an id of its own each.
#[test]
fn a_batch_uses_the_sequence() {
    let now = 1_600_000_000_000_000_000;
    let clock = ScriptedClock::at(UnixTime::from_nanos(now.into()));
    let ids =
        Builder::<Nano128>::on(&clock).node(7).window(Window::from_start(now)).ticked().unwrap();
    assert_eq!(ids.generate().unwrap().parts().tick, now);
    let batch = ids.generate_batch(3 * 65_536 + 5).unwrap();
    for (i, id) in (0_u64..).zip(&batch) {
        let parts = id.parts();
        assert_eq!((parts.tick, parts.sequence), (now + 1 + i / 65_536, i % 65_536));
        assert_eq!(parts.node, 7);
    }
    assert!(batch.windows(2).all(|pair| pair[0] < pair[1]));
    let next = ids.generate().unwrap();
    assert_eq!((next.tick(), next.sequence()), (now + 5, 0));
}

/// The drift bounds how far ids run ahead: 10 ms are 10 million single ids.
#[test]
fn the_drift_is_the_bound() {
    let clock = ScriptedClock::at(UnixTime::from_seconds(1_600_000_000));
    let builder = Builder::<Nano128>::on(&clock).node(1).window(Window::from_start(0));
    let ids = builder.max_drift(core::time::Duration::from_nanos(99)).ticked().unwrap();
    for _ in 0..100 {
        ids.try_generate().unwrap();
    }
    assert!(ids.try_generate().is_err());
    // Waiting moves a scripted clock.
    let next = ids.generate().unwrap();
    assert_eq!(ids.fill(&mut [next; 4]), Ok(()));
}

#[test]
fn time_of_the_systems_clock_is_within_its_reading() {
    let ids = Builder::<Nano128>::on(SystemClock).node(9).ticked().unwrap();
    let ids = ids.generate_batch(10).unwrap();
    assert!(ids.is_sorted() && ids[0].node() == 9);
    let error = Builder::<Nano128>::on(SystemClock).node(1 << 48).ticked().unwrap_err();
    assert_eq!(
        error.to_string(),
        "node id 281474976710656 is not in 0..=281474976710655 for the nano128 layout",
    );
}
