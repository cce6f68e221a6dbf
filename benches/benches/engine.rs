//! What one id costs: our generators beside ferroid's and a bare atomic increment, in one run.
//!
//! All of them make ids of one layout, 42 bits of milliseconds, 1 of node, 21 of sequence, with
//! real time in each. Ours check the horizon and their window besides.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ferroid::generator::{AtomicSnowflakeGenerator, BasicSnowflakeGenerator};
use ferroid::time::{MonotonicClock, UNIX_EPOCH};
use idgen_benches::{Wide, check, room};
use idgen_core::generator::{Builder, Generator, Shared};

ferroid::define_snowflake_id!(
    FerroidWide, u64,
    reserved: 0, timestamp: 42, machine_id: 1, sequence: 21
);

fn shared() -> Shared<Wide> {
    Builder::new().node(0).shared().unwrap()
}

fn clock() -> MonotonicClock<1> {
    MonotonicClock::with_epoch(UNIX_EPOCH)
}

fn one(c: &mut Criterion) {
    let mut group = c.benchmark_group("wide/one");
    group.throughput(Throughput::Elements(1));

    let ids = shared();
    check(|| ids.generate().unwrap().word());
    group.bench_function("shared/idgen", |b| b.iter(|| ids.generate().unwrap()));

    let laned = Builder::<Wide>::new().node(0).laned().unwrap();
    check(|| laned.generate().unwrap().word());
    group.bench_function("laned/idgen", |b| b.iter(|| laned.generate().unwrap()));

    let mut lane = ids.lane();
    check(|| lane.generate().unwrap().word());
    group.bench_function("lane/idgen", |b| b.iter(|| lane.generate().unwrap()));

    let atomic: AtomicSnowflakeGenerator<FerroidWide, _> =
        AtomicSnowflakeGenerator::new(0, clock());
    check(|| atomic.next_id(|_| std::thread::yield_now()).to_raw());
    group.bench_function("shared/ferroid", |b| {
        b.iter(|| atomic.next_id(|_| std::thread::yield_now()))
    });

    let basic: BasicSnowflakeGenerator<FerroidWide, _> = BasicSnowflakeGenerator::new(0, clock());
    check(|| basic.next_id(|_| std::thread::yield_now()).to_raw());
    group
        .bench_function("lane/ferroid", |b| b.iter(|| basic.next_id(|_| std::thread::yield_now())));

    let counter = AtomicU64::new(0);
    group
        .bench_function("shared/fetch_add", |b| b.iter(|| counter.fetch_add(1, Ordering::Relaxed)));

    let local = Cell::new(0_u64);
    group.bench_function("lane/increment", |b| {
        b.iter(|| {
            local.set(black_box(local.get()) + 1);
            local.get()
        })
    });
    group.finish();
}

fn fill(c: &mut Criterion) {
    let mut group = c.benchmark_group("wide/fill");
    let ids = shared();
    for len in [1_024, 1 << 20] {
        group.throughput(Throughput::Elements(len as u64));
        let mut out = room(len);
        ids.fill(&mut out).unwrap();
        assert!(out.windows(2).all(|pair| pair[0] < pair[1]), "a batch is out of order");
        // The layout makes 2 million ids a millisecond: 0.48 ns an id is its own limit.
        group.bench_function(format!("{len}/idgen"), |b| b.iter(|| ids.fill(&mut out).unwrap()));
        let mut bytes = vec![0_u8; len * 8];
        let mut value = 0;
        group.bench_function(format!("{len}/memset"), |b| {
            b.iter(|| {
                value ^= 1;
                bytes.fill(value);
                black_box(&mut bytes);
            })
        });
    }
    group.finish();
}

/// Time for `count` calls of `make` on each of `threads` threads at once.
fn on_threads(threads: u32, count: u64, make: &(impl Fn() + Sync)) -> std::time::Duration {
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..count).for_each(|_| make()));
        }
    });
    start.elapsed()
}

fn threads(c: &mut Criterion) {
    let mut group = c.benchmark_group("wide/threads");
    let ids = shared();
    let laned = Builder::<Wide>::new().node(0).laned().unwrap();
    let atomic: AtomicSnowflakeGenerator<FerroidWide, _> =
        AtomicSnowflakeGenerator::new(0, clock());
    let counter = AtomicU64::new(0);
    for threads in [2, 4] {
        group.throughput(Throughput::Elements(threads.into()));
        let mut bench = |name: &str, make: &(dyn Fn() + Sync)| {
            group.bench_function(format!("{threads}/{name}"), |b| {
                b.iter_custom(|count| on_threads(threads, count, &|| make()))
            });
        };
        bench("shared/idgen", &|| _ = black_box(ids.generate().unwrap()));
        bench("laned/idgen", &|| _ = black_box(laned.generate().unwrap()));
        bench("shared/ferroid", &|| {
            black_box(atomic.next_id(|_| std::thread::yield_now()));
        });
        bench("shared/fetch_add", &|| {
            black_box(counter.fetch_add(1, Ordering::Relaxed));
        });
    }
    group.finish();
}

criterion_group!(benches, one, fill, threads);
criterion_main!(benches);
