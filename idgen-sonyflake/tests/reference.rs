//! The figures that the original documents, and ids as its code composes them.

#![allow(clippy::unwrap_used, reason = "a figure that cannot be computed should panic")]

use idgen_core::generator::{BuildError, Builder};
use idgen_core::layout::Parts;
use idgen_core::{Id, Scheme, UnixTime};
use idgen_sonyflake::{Settings, Sonyflake, SonyflakeV2};

/// README: 39 bits of 10 ms, 2^8 ids per 10 ms, 2^16 machines.
#[test]
fn reference_capacity() {
    let capacity = Scheme::of::<Sonyflake>().capacity();
    assert_eq!(capacity.ids_per_tick, 256);
    assert_eq!(capacity.ids_per_second, Some(25_600));
    assert_eq!(capacity.nodes, 65_536);
    assert!(capacity.fits_i64);
}

/// README: "The lifetime (174 years)". 2^39 ticks of 10 ms are 63,628 days and a bit.
#[test]
fn reference_lifetime_of_174_years() {
    for (scheme, first, last) in [
        (Scheme::of::<Sonyflake>(), "2014-09-01T00:00:00Z", "2188-11-16T03:28:58.870Z"),
        (Scheme::of::<SonyflakeV2>(), "2025-01-01T00:00:00Z", "2199-03-19T03:28:58.870Z"),
    ] {
        let capacity = scheme.capacity();
        let (from, to) = (capacity.first.unwrap(), capacity.last.unwrap());
        assert_eq!((from.to_string(), to.to_string()), (first.into(), last.into()));
        let seconds = (to.as_nanos() - from.as_nanos()) / 1_000_000_000;
        assert_eq!(seconds / 31_556_952, 174, "Gregorian years");
    }
}

/// `Compose`: elapsed time << 24 | sequence << 16 | machine id.
#[test]
fn reference_composition() {
    let parts = Parts { tick: 12_345, node: 0xABCD, sequence: 0x7F, ..Parts::default() };
    let id = Id::<Sonyflake>::from_parts(parts).unwrap();
    assert_eq!(id.word(), 12_345 * 16_777_216 + 0x7F * 65_536 + 0xABCD);
    assert_eq!(id.time().unwrap(), UnixTime::from_millis(1_409_529_600_000 + 123_450));
}

/// Version 2's defaults, whether asked for as a type or as settings.
#[test]
fn reference_defaults_of_version_2() {
    let settings = Settings::new().scheme().unwrap();
    let scheme = Scheme::of::<SonyflakeV2>();
    assert_eq!((settings.layout, settings.timebase), (scheme.layout, scheme.timebase));
    assert_eq!(scheme.timebase.unwrap().epoch().to_string(), "2025-01-01T00:00:00Z");
}

/// `New` refuses a start time that is ahead of now, and a machine id that does not fit.
#[test]
fn reference_refusals_that_need_a_clock_or_a_machine_id() {
    let ahead = UnixTime::from_seconds(253_402_300_799); // 9999-12-31
    let scheme = Settings::new().start(ahead).scheme().unwrap();
    assert!(matches!(Builder::of(scheme).node(1).erased().map(drop), Err(BuildError::Time(_))));
    let scheme = Settings::new().machine_bits(10).scheme().unwrap();
    let error = Builder::of(scheme).node(1_024).erased().map(drop).unwrap_err();
    assert!(error.to_string().starts_with("node id 1024 is not in 0..=1023"), "{error}");
}
