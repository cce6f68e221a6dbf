//! What the generators promise beyond the suite: random bits that are random, order over threads,
//! and nodes that are nobody's address.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::collections::HashSet;

use idgen_core::clock::ScriptedClock;
use idgen_core::generator::{Builder, Generator};
use idgen_core::random::collision_probability;
use idgen_core::{Id, IdScheme, UnixTime};
use idgen_snowflake::Snowflake;
use idgen_uuid::{Carrier, UuidV1, UuidV4, UuidV6, UuidV7, UuidV8};
use proptest::prelude::*;

const NOON: UnixTime = UnixTime::from_millis(1_645_557_742_000);

/// How often two generators that do not know of each other meet, at a frozen clock: never, but for
/// the chance that is printed.
fn strangers_never_meet<S, G>(
    generators: usize,
    ids_of_each: usize,
    random_bits: u32,
    make: impl Fn() -> G,
) where
    S: IdScheme,
    G: Generator<Scheme = S>,
{
    let count = generators * ids_of_each;
    #[expect(clippy::cast_precision_loss, reason = "a million is exact")]
    let chance = collision_probability(count as f64, random_bits);
    println!(
        "{}: {count} ids of one tick, {random_bits} random bits: chance {chance:.1e}",
        S::NAME
    );
    assert!(chance < 1e-6, "the test itself may fail with a chance of {chance}");
    let mut seen = HashSet::with_capacity(count);
    for _ in 0..generators {
        for id in make().generate_batch(ids_of_each).unwrap() {
            assert!(seen.insert(id), "{id} came twice");
        }
    }
}

#[test]
fn random_bits_keep_strangers_apart() {
    let clock = ScriptedClock::at(NOON);
    strangers_never_meet::<UuidV4, _>(4, 100_000, 122, UuidV4::generator);
    let v7 = || UuidV7::builder().clock(&clock).tailed().unwrap();
    // 54 bits, and those where a tick begins: the positions of 200 ids meet in part.
    strangers_never_meet::<UuidV7, _>(500, 200, 54, v7);
    let v6 = || UuidV6::builder().clock(&clock).tailed().unwrap();
    strangers_never_meet::<UuidV6, _>(500, 200, 57, v6);
    let v1 = || UuidV1::builder().clock(&clock).tailed().unwrap();
    strangers_never_meet::<UuidV1, _>(500, 200, 57, v1);
}

/// Each random bit is set in about half of the ids: 6 standard deviations of it.
fn every_bit_varies<S: IdScheme<Word = u128>>(ids: &[Id<S>], random: u128) {
    let (count, half) = (ids.len(), ids.len() / 2);
    for bit in (0..128).filter(|bit| random >> bit & 1 == 1) {
        let set = ids.iter().filter(|id| id.word() >> bit & 1 == 1).count();
        let far = set.abs_diff(half);
        assert!(far * far < 9 * count, "{}: bit {bit} is set in {set} of {count}", S::NAME);
    }
}

#[test]
fn random_bits_are_random() {
    let ids = UuidV4::generator().generate_batch(10_000).unwrap();
    every_bit_varies(&ids, UuidV4::LAYOUT.payload_mask());
    let ids = UuidV7::generator().unwrap().generate_batch(10_000).unwrap();
    every_bit_varies(&ids, UuidV7::COUNTED.payload_mask());
    let ids = UuidV6::generator().unwrap().generate_batch(10_000).unwrap();
    every_bit_varies(&ids, UuidV6::COUNTED.payload_mask());
}

#[test]
fn a_node_is_nobodys_address_unless_given() {
    let (v1, v6) = (UuidV1::generator().unwrap(), UuidV6::generator().unwrap());
    for _ in 0..100 {
        for node in [v1.generate().unwrap().node(), v6.generate().unwrap().node()] {
            assert_eq!(node >> 40 & 1, 1, "{node:012x} has no multicast bit");
        }
    }
    let given = UuidV6::with_node([2, 0, 0, 0, 0, 7]).shared().unwrap();
    let ids = given.generate_batch(1_000).unwrap();
    assert!(ids.iter().all(|id| id.node() == 0x0200_0000_0007));
    assert!(ids.is_sorted() && ids.iter().collect::<HashSet<_>>().len() == 1_000);
}

/// Texts sort as the ids were made, one generator over threads, in singles and batches.
#[test]
fn version_7_increases_over_threads() {
    let ids = UuidV7::generator().unwrap();
    let last = std::sync::Mutex::new(ids.generate().unwrap());
    std::thread::scope(|scope| {
        for batch in [1, 1, 7, 100] {
            let (ids, last) = (&ids, &last);
            scope.spawn(move || {
                for _ in 0..2_000 {
                    let mut last = last.lock().unwrap();
                    let made = ids.generate_batch(batch).unwrap();
                    assert!(*last < made[0] && last.to_string() < made[0].to_string());
                    assert!(made.is_sorted());
                    *last = made[batch - 1];
                }
            });
        }
    });
}

proptest! {
    /// A clock that jumps about makes ids late or early, and neither equal nor less.
    #[test]
    fn prop_any_clock_keeps_them_increasing(
        jumps in prop::collection::vec((-100_000_i64..100_000, 0..10), 1..40),
    ) {
        let clock = ScriptedClock::at(NOON);
        let v7 = UuidV7::builder().clock(&clock).tailed().unwrap();
        let v6 = UuidV6::builder().clock(&clock).tailed().unwrap();
        let (mut last7, mut last6) = (v7.generate().unwrap(), v6.generate().unwrap());
        let mut now = NOON.as_nanos();
        for (jump, ids) in jumps {
            now += i128::from(jump) * 1_000_000;
            clock.set(UnixTime::from_nanos(now));
            for _ in 0..ids {
                let (next7, next6) = (v7.generate().unwrap(), v6.generate().unwrap());
                prop_assert!(last7 < next7 && last6 < next6);
                (last7, last6) = (next7, next6);
            }
        }
    }

    #[test]
    fn prop_versions_1_and_6_convert_both_ways(tick in 0..1_u64 << 60, sequence in 0..1_u64 << 14, node in 0..1_u64 << 48) {
        let parts = idgen_core::layout::Parts { tick, node, sequence, payload: 0 };
        let v1 = Id::<UuidV1>::from_parts(parts).unwrap();
        let v6 = UuidV6::from_v1(v1);
        prop_assert_eq!(UuidV1::from_v6(v6), v1);
        prop_assert_eq!((v1.time(), v1.parts()), (v6.time(), v6.parts()));
    }

    /// What is carried comes back, in its order, and from no other namespace.
    #[test]
    fn prop_a_carrier_is_reversible_and_keeps_the_order(a in any::<u64>(), b in any::<u64>()) {
        let orders = Carrier::of("orders");
        let [first, second] = [a, b].map(|word| orders.wrap(word));
        prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        prop_assert_eq!(first.to_string().cmp(&second.to_string()), a.cmp(&b));
        prop_assert_eq!(orders.unwrap(first), Ok(a));
        prop_assert!(Carrier::of("order").unwrap(first).is_err());
        prop_assert_eq!(first.to_string().parse::<Id<UuidV8>>(), Ok(first));
        if let Ok(id) = Id::<Snowflake>::from_word(a) {
            prop_assert_eq!(orders.wrap(id), first);
        }
    }
}

#[test]
fn the_carriers_bits_are_where_the_table_says() {
    let uuid = Carrier::of("orders").wrap(0xFEDC_BA98_7654_3210_u64);
    let word = uuid.word();
    assert_eq!(word >> 80, 0xFEDC_BA98_7654);
    assert_eq!((word >> 76 & 0xF, word >> 64 & 0xFFF), (8, 0x321));
    assert_eq!((word >> 62 & 3, word >> 58 & 0xF), (2, 0));
    // `printf orders | sha256sum` begins with 1c168adb00d208e4: its first 58 bits.
    assert_eq!(word & ((1 << 58) - 1), 0x0070_5a2b_6c03_4823);
}

/// Of another scheme, of another layout: neither is built.
#[test]
fn only_the_finer_layouts_of_a_version_are_counted_in() {
    assert!(Builder::<UuidV7>::new().refined(UuidV6::COUNTED).tailed().is_err());
    assert!(Builder::<UuidV7>::new().refined(UuidV7::COUNTED).shared().is_err());
}
