//! ULIDs against the specification, the `ulid` crate, scripted clocks and threads.

#![allow(clippy::unwrap_used, reason = "a vector that cannot be read should panic")]

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use idgen_128::Ulid;
use idgen_core::clock::{ScriptedClock, Ticks};
use idgen_core::generator::{Generator, Monotonic};
use idgen_core::random::{RandomSource, SystemRandom, collision_probability};
use idgen_core::{Id, Stall, UnixTime};
use idgen_testkit::VECTORS;
use proptest::prelude::*;
use serde_json::Value;

const NOON: i64 = 1_469_922_850_259;

fn millis(time: i64) -> UnixTime {
    UnixTime::from_millis(time)
}

/// Random bits that were told beforehand.
struct Told(Mutex<Vec<u128>>);

impl Told {
    fn new(words: impl Into<Vec<u128>>) -> Self {
        let mut words = words.into();
        words.reverse();
        Self(Mutex::new(words))
    }
}

impl RandomSource for Told {
    fn fill(&self, words: &mut [u128]) {
        words.fill_with(|| self.0.lock().unwrap().pop().unwrap());
    }
}

fn vectors() -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all["ulid"].as_array().unwrap().clone()
}

#[test]
fn reference_ulids() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 5);
    let (mut times, mut nexts, mut invalid) = (0, 0, 0);
    for vector in vectors {
        if let Some(text) = vector.get("invalid") {
            let error = text.as_str().unwrap().parse::<Id<Ulid>>().unwrap_err();
            assert!(error.to_string().contains("128 bits"), "{error}");
            invalid += 1;
            continue;
        }
        let text = vector["id"].as_str().unwrap();
        let id: Id<Ulid> = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        if let Some(time) = vector.get("unix_ms") {
            assert_eq!(id.tick(), time.as_u64().unwrap());
            times += 1;
        }
        if let Some(next) = vector.get("next") {
            let clock = ScriptedClock::at(id.time().unwrap());
            let mut ids = Monotonic::on(&clock, SystemRandom).unwrap().after(id);
            let made = ids.try_next().map(|id| id.to_string());
            match next.as_str().unwrap() {
                "error: overflow" => {
                    assert!(matches!(made, Err(Stall::SequenceExhausted { .. })), "{made:?}");
                }
                next => assert_eq!(made.as_deref(), Ok(next)),
            }
            nexts += 1;
        }
    }
    assert_eq!((times, nexts, invalid), (2, 2, 1));
}

/// All ones: nothing follows in the millisecond, and nothing is carried into the time. The next
/// millisecond begins anew.
#[test]
fn an_overflow_lasts_until_the_next_millisecond() {
    let clock = ScriptedClock::at(millis(NOON));
    let random = Told::new([u128::MAX, 7]);
    let mut ids = Monotonic::<Ulid, _, _>::on(&clock, &random).unwrap();
    let last = ids.try_next().unwrap();
    assert_eq!(last.word() & ((1 << 80) - 1), (1 << 80) - 1);
    let tick = last.tick();
    for _ in 0..3 {
        let stall = ids.try_next().unwrap_err();
        assert_eq!(stall, Stall::SequenceExhausted { now: tick, last: tick, retry: tick + 1 });
    }
    clock.set(millis(NOON + 1));
    let next = ids.try_next().unwrap();
    assert_eq!((next.tick(), next.word() & ((1 << 80) - 1)), (tick + 1, 7));
    // A batch takes what is left, and says so.
    let random = Told::new([u128::MAX - 2]);
    let mut ids = Monotonic::<Ulid, _, _>::on(&clock, &random).unwrap();
    let mut batch = [next; 8];
    assert_eq!(ids.try_fill(&mut batch), Ok(3));
    assert!(batch[..3].is_sorted() && ids.try_fill(&mut batch).is_err());
    assert_eq!(ids.try_fill(&mut []), Ok(0));
}

/// Waiting gets over it, and a scripted clock's wait is its own.
#[test]
fn a_shared_generator_waits_for_the_next_millisecond() {
    let clock = ScriptedClock::at(millis(NOON));
    let random = Told::new([u128::MAX, 7]);
    let ids = Monotonic::<Ulid, _, _>::on(&clock, &random).unwrap().shared();
    let first = ids.generate().unwrap();
    assert!(ids.try_generate().is_err());
    let second = ids.generate().unwrap();
    assert_eq!(second.tick(), first.tick() + 1);
    let random = Told::new([u128::MAX - 2]);
    let ids = Monotonic::<Ulid, _, _>::on(&clock, &random).unwrap().shared();
    let ids = ids.max_wait(Duration::ZERO);
    let mut batch = [first; 4];
    let error = ids.fill(&mut batch).unwrap_err();
    assert_eq!((error.filled, error.asked), (3, 4));
}

#[test]
fn the_last_millisecond_is_the_end() {
    let last: Id<Ulid> = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse().unwrap();
    let clock = ScriptedClock::at(last.time().unwrap());
    let mut ids = Monotonic::on(&clock, SystemRandom).unwrap().after(last);
    assert!(ids.try_next().is_err());
    assert!(Monotonic::<Ulid, _, _>::on(ScriptedClock::at(millis(-1)), SystemRandom).is_err());
}

#[test]
fn the_ulid_crate_agrees() {
    let ids = Ulid::generator().unwrap();
    for id in ids.generate_batch(1_000).unwrap() {
        let theirs = ulid::Ulid::from(id);
        assert_eq!(theirs.to_string(), id.to_string());
        assert_eq!(theirs.timestamp_ms(), id.tick());
        assert_eq!(ulid::Ulid::from_string(&id.to_string()), Ok(theirs));
        assert_eq!(Id::try_from(theirs), Ok(id));
    }
    let theirs = ulid::Ulid::generate();
    assert_eq!(theirs.to_string().parse(), Id::<Ulid>::try_from(theirs).map_err(Into::into));
}

#[test]
fn threads_get_distinct_ids_in_strict_order() {
    let ids = Ulid::generator().unwrap();
    let (seen, last) = (Mutex::new(HashSet::new()), Mutex::new(ids.generate().unwrap()));
    std::thread::scope(|scope| {
        for batch in [1, 1, 50] {
            let (ids, seen, last) = (&ids, &seen, &last);
            scope.spawn(move || {
                for _ in 0..3_000 {
                    let mut last = last.lock().unwrap();
                    let made = ids.generate_batch(batch).unwrap();
                    assert!(*last < made[0] && made.is_sorted());
                    *last = made[batch - 1];
                    drop(last);
                    seen.lock().unwrap().extend(made);
                }
            });
        }
    });
    assert_eq!(seen.into_inner().unwrap().len(), 3_000 * 52);
}

/// Generators that do not know of each other, at a frozen clock: their runs would have to overlap.
#[test]
fn random_bits_keep_strangers_apart() {
    let clock = ScriptedClock::at(millis(NOON));
    let (generators, ids_of_each) = (1_000_u32, 100_u32);
    // Two runs overlap where their beginnings are nearer than a run is long.
    let chance = collision_probability(f64::from(generators), 80) * 2.0 * f64::from(ids_of_each);
    println!(
        "ulid: {generators} generators with {ids_of_each} ids of one millisecond: {chance:.1e}"
    );
    assert!(chance < 1e-12);
    let mut seen = HashSet::new();
    for _ in 0..generators {
        let mut ids = Monotonic::<Ulid, _, _>::on(&clock, SystemRandom).unwrap();
        for _ in 0..ids_of_each {
            assert!(seen.insert(ids.try_next().unwrap()));
        }
    }
}

proptest! {
    /// Any clock: within a millisecond plus 1, and never less or equal.
    #[test]
    fn prop_any_clock_keeps_them_increasing(jumps in prop::collection::vec((-5_i64..5, 1..6), 1..60)) {
        let clock = ScriptedClock::at(millis(NOON));
        let mut ids = Monotonic::<Ulid, _, _>::on(&clock, SystemRandom).unwrap();
        let (mut now, mut last) = (NOON, ids.try_next().unwrap());
        for (jump, count) in jumps {
            now += jump;
            clock.set(millis(now));
            for _ in 0..count {
                let next = ids.try_next().unwrap();
                prop_assert!(last < next);
                let tick = i64::try_from(next.tick()).unwrap();
                prop_assert_eq!(tick, now.max(i64::try_from(last.tick()).unwrap()));
                if next.tick() == last.tick() {
                    prop_assert_eq!(next.word(), last.word() + 1);
                }
                last = next;
            }
        }
    }
}

/// A tick of a ticker that is kept from running, and the clock that it would read.
struct Starved {
    cached: AtomicU64,
    clock: AtomicU64,
}

impl Starved {
    fn at(tick: u64) -> Self {
        Self { cached: tick.into(), clock: tick.into() }
    }
}

impl Ticks for &Starved {
    fn now(&self) -> u64 {
        self.cached.load(Ordering::Relaxed)
    }

    fn read(&self) -> u64 {
        let now = self.clock.load(Ordering::Relaxed);
        self.cached.store(now, Ordering::Relaxed);
        now
    }

    fn wait_for(&self, _: u64, at_most: Duration) -> Duration {
        at_most
    }
}

/// Whoever makes ids so fast that nothing else runs makes few of them before he looks at the clock himself.
#[test]
fn times_are_fresh_where_no_ticker_runs() {
    let ticks = Starved::at(7);
    let mut ids = Monotonic::<Ulid, _, _>::from(&ticks, SystemRandom);
    assert_eq!(ids.try_next().unwrap().tick(), 7);
    ticks.clock.store(8, Ordering::Relaxed);
    let late = (0..1_024).position(|_| ids.try_next().unwrap().tick() == 8);
    assert!(late.is_some(), "a thousand ids, and all of the old tick");

    let shared = ids.shared();
    ticks.clock.store(9, Ordering::Relaxed);
    let mut batch = vec![shared.generate().unwrap(); 1_024];
    while shared.try_fill(&mut batch).unwrap() < batch.len() {}
    assert_eq!(shared.generate().unwrap().tick(), 9);
}
