//! Ways to give ids to many threads, side by side: throughput and latency.
//!
//!     cargo run --release --manifest-path benches/Cargo.toml --bin strategies -- [--quick]
//!
//! All of them draw ids with real time and a horizon from one line of a layout that is wide enough:
//! behind one lock; lock-free; by lanes of the threads; in batches over a pool (rayon); by lanes of
//! threads that are pinned to cores. Ids of each are checked to be distinct.
//!
//! Latency is that of single calls, and holds two readings of the clock: its own cost stands in the
//! first line of that table. A call cannot be timed without, nor can the cost be taken off a
//! percentile; so subtract with care.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use idgen::generator::{Builder, Generator, Lane, Laned, Shared};
use idgen::{Id, IdScheme};
use idgen_bench::{Machine, median, on_threads_with, verify};
use idgen_benches::snowflake::{Roomy, room, shared};
use rayon::prelude::*;

const THREADS: [u32; 4] = [1, 2, 4, 8];

/// Ids that a pool's task makes at once.
const BATCH: usize = 1_024;

/// A thread's way to its next id.
type Next = Box<dyn FnMut() -> Id<Roomy>>;

/// A way to give ids to many threads: what each of them calls, made on the thread itself.
struct Strategy {
    name: &'static str,
    of_thread: Box<dyn Fn(usize) -> Next + Sync>,
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let calls = if quick { 200_000 } else { 8_000_000 };
    println!("{}.\n", Machine::here());
    let strategies = strategies();
    for strategy in &strategies {
        check(strategy);
    }
    println!("Million ids a second, all threads together; median of three.\n");
    println!("| strategy | 1 thread | 2 | 4 | 8 |\n|---|---:|---:|---:|---:|");
    for strategy in &strategies {
        let rates = THREADS.map(|threads| throughput(strategy, threads, calls));
        println!("| {} | {} |", strategy.name, rates.map(|rate| format!("{rate:.0}")).join(" | "));
    }
    let rates = THREADS.map(|threads| pool(threads, calls));
    println!(
        "| thread pool (rayon), batches of {BATCH} | {} |",
        rates.map(|rate| format!("{rate:.0}")).join(" | ")
    );
    println!("\nNanoseconds of one call, two readings of the clock included.\n");
    println!(
        "| strategy | threads | p50 | p90 | p99 | p99.9 | p99.99 |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    let clock = Strategy { name: "the clock alone", of_thread: Box::new(|_| Box::new(zero)) };
    for strategy in std::iter::once(&clock).chain(&strategies) {
        for threads in [1, 2, 8] {
            let of = latencies(strategy, threads, calls / 20);
            let at = |quantile| of.value_at_quantile(quantile).to_string();
            let row = [0.5, 0.9, 0.99, 0.999, 0.9999].map(at).join(" | ");
            println!("| {} | {threads} | {row} |", strategy.name);
        }
    }
}

fn zero() -> Id<Roomy> {
    Id::from_word(0).expect("0 is an id")
}

fn strategies() -> Vec<Strategy> {
    let ids: Arc<Shared<Roomy>> = shared();
    let locked = Arc::new(Mutex::new(Lane::over(shared::<Roomy>())));
    let laned: Arc<Laned<Roomy>> = Arc::new(Builder::new().node(0).laned().expect("a generator"));
    let (lanes, pinned) = (shared::<Roomy>(), shared::<Roomy>());
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    fn lane<S: IdScheme>(of: &Arc<Shared<S>>) -> Box<dyn FnMut() -> Id<S>> {
        let mut lane = Lane::over(Arc::clone(of));
        Box::new(move || lane.generate().expect("an id"))
    }
    vec![
        Strategy {
            name: "one lock",
            of_thread: Box::new(move |_| {
                let locked = Arc::clone(&locked);
                Box::new(move || locked.lock().expect("a lock").generate().expect("an id"))
            }),
        },
        Strategy {
            name: "lock-free, strict order",
            of_thread: Box::new(move |_| {
                let ids = Arc::clone(&ids);
                Box::new(move || ids.generate().expect("an id"))
            }),
        },
        Strategy {
            name: "lanes behind one generator",
            of_thread: Box::new(move |_| {
                let laned = Arc::clone(&laned);
                Box::new(move || laned.generate().expect("an id"))
            }),
        },
        Strategy { name: "a lane for each thread", of_thread: Box::new(move |_| lane(&lanes)) },
        Strategy {
            name: "the same, pinned to cores",
            of_thread: Box::new(move |thread| {
                if !cores.is_empty() {
                    core_affinity::set_for_current(cores[thread % cores.len()]);
                }
                lane(&pinned)
            }),
        },
    ]
}

/// Panics if two of many ids on four threads are equal.
fn check(strategy: &Strategy) {
    let mut words: Vec<u64> = std::thread::scope(|scope| {
        let make = |thread| {
            let mut next = (strategy.of_thread)(thread);
            (0..250_000).map(|_| next().word()).collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..4).map(|thread| scope.spawn(move || make(thread))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a thread")).collect()
    });
    verify::distinct(&mut words).expect("distinct ids");
}

/// Millions a second.
fn throughput(strategy: &Strategy, threads: u32, calls: u64) -> f64 {
    let thread = std::sync::atomic::AtomicUsize::new(0);
    let own = || (strategy.of_thread)(thread.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    median_rate(calls, || {
        on_threads_with(threads, calls, own, &|next: &mut Next| {
            black_box(next());
        })
    })
}

/// Millions a second of a pool whose tasks fill batches.
fn pool(threads: u32, calls: u64) -> f64 {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build();
    let pool = pool.expect("a pool");
    let ids: Arc<Shared<Roomy>> = shared();
    let mut out = room::<Roomy>(usize::try_from(calls).expect("a number of ids"));
    let rate = median_rate(calls, || {
        let start = Instant::now();
        pool.install(|| out.par_chunks_mut(BATCH).for_each(|batch| ids.fill(batch).expect("ids")));
        start.elapsed()
    });
    let mut words: Vec<u64> = out.into_iter().map(u64::from).collect();
    verify::distinct(&mut words).expect("distinct ids");
    rate
}

fn median_rate(calls: u64, mut run: impl FnMut() -> Duration) -> f64 {
    median((0..3).map(|_| calls as f64 / run().as_secs_f64() / 1e6).collect())
}

fn latencies(strategy: &Strategy, threads: usize, calls: u64) -> Histogram<u64> {
    let mut all = Histogram::new(3).expect("a histogram");
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut next = (strategy.of_thread)(thread);
                    let mut of_thread = Histogram::<u64>::new(3).expect("a histogram");
                    for _ in 0..calls {
                        let start = Instant::now();
                        black_box(next());
                        of_thread += u64::try_from(start.elapsed().as_nanos()).expect("a time");
                    }
                    of_thread
                })
            })
            .collect();
        for worker in workers {
            all += worker.join().expect("a thread that ends");
        }
    });
    all
}
