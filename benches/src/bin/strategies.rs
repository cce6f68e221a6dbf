//! Ways to give ids to many threads, side by side: throughput and latency.
//!
//!     cargo run --release --manifest-path benches/Cargo.toml --bin strategies -- [--quick]
//!
//! All of them draw ids with real time and a horizon from one line of a layout that is wide enough:
//! behind one lock; lock-free; by lanes of the threads; by lanes of threads that are pinned to cores; in
//! batches over a pool (rayon). Ids of each are checked to be distinct. Throughput is measured in turns: each
//! strategy has one in every round, and the median of the rounds counts. A turn is long: the system spreads
//! new threads over the processors only after some milliseconds, and in a shorter one they run one after the other
//! on the same, where nobody contends with anybody.
//!
//! Latency is that of single calls. What two readings of the clock take in the median is taken off, and said; what
//! the clock takes beyond that stands in the first lines of the table.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hdrhistogram::Histogram;
use idgen::generator::{Builder, Generator, Lane, Laned, Shared};
use idgen::{Id, IdScheme};
use idgen_bench::{
    Contender, Machine, Plan, Start, clock_cost, compare, on_threads_with, timed, verify,
};
use idgen_benches::snowflake::{Roomy, room, shared};
use rayon::prelude::*;

/// Rounds and turns. Within a tenth of a second threads are on all processors.
const PLAN: Plan = Plan { rounds: 9, slice: Duration::from_millis(100) };

const THREADS: [u32; 4] = [1, 2, 4, 8];

/// Ids that a pool's task makes at once.
const BATCH: usize = 1_024;

/// Tasks that the pool is given at once.
const TASKS: usize = 1_024;

/// A strategy's calls on so many threads, so many in all.
type OnThreads<R> = Box<dyn Fn(u32, u64) -> R>;

/// A way to give ids to many threads.
struct Strategy {
    name: String,
    /// How many ids a call makes.
    a_call: u64,
    /// Fewer calls at once would measure how threads start.
    at_least: u64,
    takes: OnThreads<Duration>,
    latencies: OnThreads<Histogram<u64>>,
    /// What four threads make.
    sample: Box<dyn Fn() -> Vec<u64>>,
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (plan, calls) = if quick { (Plan::QUICK, 20_000) } else { (PLAN, 400_000) };
    println!("{}.\n", Machine::here());
    let strategies = strategies();
    for strategy in &strategies {
        verify::distinct(&mut (strategy.sample)()).expect("distinct ids");
    }
    print_throughput(&strategies, &plan);
    let clock = clock_cost().as_nanos();
    println!(
        "\nNanoseconds of one call, less {clock} ns, which two readings of the clock take in the median.\n"
    );
    println!(
        "| strategy | threads | p50 | p90 | p99 | p99.9 | p99.99 |\n|---|---:|---:|---:|---:|---:|---:|"
    );
    let zero = || Id::<Roomy>::from_word(0).expect("0 is an id");
    let clock = single("the clock alone", move |_| zero);
    for strategy in std::iter::once(&clock).chain(&strategies) {
        for threads in THREADS {
            let of = (strategy.latencies)(threads, calls / strategy.a_call.min(20));
            let at = |quantile| of.value_at_quantile(quantile).to_string();
            let row = [0.5, 0.9, 0.99, 0.999, 0.9999].map(at).join(" | ");
            println!("| {} | {threads} | {row} |", strategy.name);
        }
    }
}

fn print_throughput(strategies: &[Strategy], plan: &Plan) {
    let mut rates = vec![Vec::new(); strategies.len()];
    for threads in THREADS {
        let mut contenders: Vec<_> = strategies
            .iter()
            .map(|one| {
                let run = move |calls| (one.takes)(threads, calls);
                Contender::timing(&one.name, one.a_call, run).at_least(one.at_least)
            })
            .collect();
        let figures = compare(&mut contenders, plan, || ());
        for (rates, figures) in rates.iter_mut().zip(figures) {
            rates.push(format!("{:.0}", 1e3 / figures.nanos()));
        }
    }
    let rounds = plan.rounds;
    println!("Million ids a second, all threads together; median of {rounds} rounds.\n");
    println!("| strategy | 1 thread | 2 | 4 | 8 |\n|---|---:|---:|---:|---:|");
    for (strategy, rates) in strategies.iter().zip(rates) {
        println!("| {} | {} |", strategy.name, rates.join(" | "));
    }
}

fn strategies() -> Vec<Strategy> {
    let ids: Arc<Shared<Roomy>> = shared();
    let locked = Arc::new(Mutex::new(Lane::over(shared::<Roomy>())));
    let laned: Arc<Laned<Roomy>> = Arc::new(Builder::new().node(0).laned().expect("a generator"));
    let (lanes, pinned) = (shared::<Roomy>(), shared::<Roomy>());
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    vec![
        single("one lock", move |_| {
            let locked = Arc::clone(&locked);
            move || locked.lock().expect("a lock").generate().expect("an id")
        }),
        single("lock-free, strict order", move |_| {
            let ids = Arc::clone(&ids);
            move || ids.generate().expect("an id")
        }),
        single("lanes behind one generator", move |_| {
            let laned = Arc::clone(&laned);
            move || laned.generate().expect("an id")
        }),
        single("a lane for each thread", move |_| lane(&lanes)),
        single("the same, pinned to cores", move |thread| {
            if !cores.is_empty() {
                core_affinity::set_for_current(cores[thread % cores.len()]);
            }
            lane(&pinned)
        }),
        pool(),
    ]
}

fn lane<S: IdScheme>(of: &Arc<Shared<S>>) -> impl FnMut() -> Id<S> + use<S> {
    let mut lane = Lane::over(Arc::clone(of));
    move || lane.generate().expect("an id")
}

/// A strategy that makes one id at each call, by what a thread of this number calls.
fn single<N: FnMut() -> Id<Roomy> + 'static>(
    name: &str,
    of_thread: impl Fn(usize) -> N + Clone + Sync + 'static,
) -> Strategy {
    let (timed_one, sampled) = (of_thread.clone(), of_thread.clone());
    Strategy {
        name: name.into(),
        a_call: 1,
        at_least: 200_000,
        takes: Box::new(move |threads, calls| {
            let thread = AtomicUsize::new(0);
            let own = || of_thread(thread.fetch_add(1, Ordering::Relaxed));
            on_threads_with(threads, calls, own, &|next: &mut N| _ = black_box(next()))
        }),
        latencies: Box::new(move |threads, calls| {
            let start = Start::of(threads);
            on_each(threads, |thread| {
                let mut next = timed_one(thread);
                start.wait();
                let mut times = histogram();
                for _ in 0..calls {
                    times += nanos(timed(|| _ = black_box(next())));
                }
                times
            })
            .into_iter()
            .fold(histogram(), |mut all, of_thread| {
                all += of_thread;
                all
            })
        }),
        sample: Box::new(move || {
            let make = |thread| {
                let mut next = sampled(thread);
                (0..250_000).map(|_| next().word()).collect::<Vec<_>>()
            };
            on_each(4, make).concat()
        }),
    }
}

/// Pools whose tasks fill batches.
struct Pools {
    pools: [(u32, rayon::ThreadPool); 4],
    ids: Arc<Shared<Roomy>>,
    out: Mutex<Vec<Id<Roomy>>>,
}

impl Pools {
    /// Gives so many tasks a batch each, as many at once as there is room for, and what to do with it.
    fn run(&self, threads: u32, tasks: u64, task: impl Fn(&mut [Id<Roomy>]) + Sync) {
        let pool = self.pools.iter().find(|(of, _)| *of == threads);
        let (_, pool) = pool.expect("a pool of so many threads");
        let mut out = self.out.lock().expect("a lock");
        let out = &mut out[..];
        let mut left = usize::try_from(tasks).expect("a number of tasks");
        pool.install(|| {
            while left > 0 {
                let now = left.min(TASKS);
                out[..now * BATCH].par_chunks_mut(BATCH).for_each(&task);
                left -= now;
            }
        });
    }

    fn fill(&self, batch: &mut [Id<Roomy>]) {
        self.ids.fill(black_box(batch)).expect("ids");
    }
}

fn pool() -> Strategy {
    let pools = THREADS.map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads as usize).build();
        (threads, pool.expect("a pool"))
    });
    let pools = Arc::new(Pools { pools, ids: shared(), out: Mutex::new(room(BATCH * TASKS)) });
    let (timing, sampled) = (Arc::clone(&pools), Arc::clone(&pools));
    Strategy {
        name: format!("thread pool (rayon), batches of {BATCH}"),
        a_call: BATCH as u64,
        at_least: 200,
        takes: Box::new(move |threads, calls| {
            timed(|| pools.run(threads, calls, |batch| pools.fill(batch)))
        }),
        latencies: Box::new(move |threads, calls| {
            let times = Mutex::new(histogram());
            timing.run(threads, calls * u64::from(threads), |batch| {
                let took = timed(|| timing.fill(batch));
                *times.lock().expect("a lock") += nanos(took);
            });
            times.into_inner().expect("a lock")
        }),
        sample: Box::new(move || {
            sampled.run(4, TASKS as u64, |batch| sampled.fill(batch));
            sampled.out.lock().expect("a lock").iter().map(|id| id.word()).collect()
        }),
    }
}

fn histogram() -> Histogram<u64> {
    Histogram::new(3).expect("a histogram")
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("a time")
}

/// What each of so many threads makes.
fn on_each<R: Send>(threads: u32, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> =
            (0..threads as usize).map(|thread| scope.spawn(move || work(thread))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a thread")).collect()
    })
}
