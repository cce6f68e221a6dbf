//! How old the tick of an id is, when it is made: with as many busy threads as there are cores, and
//! with more.
//!
//!     cargo run --release --manifest-path benches/Cargo.toml --bin freshness -- [--quick]
//!
//! Every thread makes ids as fast as it can. Of every few microseconds' ids one is held against the
//! wall clock, read just after the id is made; of a batch the first one, after the batch. So what is measured is
//! never too small, and holds what a thread had to wait between the two.
//!
//! It fails if of a thousand ids more than one is older than a tick, or a millisecond where ticks are shorter. A
//! quick run says nothing of that, and does not.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use idgen::clock::{Clock, SystemClock};
use idgen::generator::{Builder, Generator, Lane};
use idgen::uuid::{UuidV1, UuidV7};
use idgen::wide::{Nano128, Ulid};
use idgen::{Id, IdScheme};
use idgen_bench::Machine;
use idgen_benches::snowflake::{Roomy, Wide, room, shared};

/// From one look at the clock to the next, in calls that make an id.
const BETWEEN: usize = 1_000;

/// Ids of a batch.
const BATCH: usize = 1_024;

/// A kind of generator, and the ages of what it makes on so many threads for so long.
type Row = (&'static str, Duration, Box<dyn Fn(u32, Duration) -> Histogram<u64>>);

fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let run = if quick { Duration::from_millis(50) } else { Duration::from_secs(2) };
    println!("{}.\n", Machine::here());
    println!("| generator | busy threads | ids looked at | p50 | p99 | p99.9 | p99.99 | max |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    let mut stale = 0;
    for (name, bound, ages) in rows() {
        for threads in [1, 2, 4, 8] {
            let ages = ages(threads, run);
            let cell = |quantile| {
                let age = Duration::from_nanos(ages.value_at_quantile(quantile));
                let text = format!("{:.3} ms", age.as_secs_f64() * 1e3);
                if quantile == 0.999 && age > bound {
                    (format!("**{text}**"), 1)
                } else {
                    (text, 0)
                }
            };
            let cells = [0.5, 0.99, 0.999, 0.9999, 1.0].map(cell);
            stale += cells.iter().map(|(_, stale)| stale).sum::<usize>();
            let cells = cells.map(|(text, _)| text).join(" | ");
            println!("| {name} | {threads} | {} | {cells} |", ages.len());
        }
    }
    println!(
        "\nAge: wall time after an id was made, less the end of its tick; 0 where that is not over."
    );
    if stale == 0 || quick {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {stale} rows have a p99.9 of more than a tick or a millisecond");
    ExitCode::FAILURE
}

fn rows() -> Vec<Row> {
    let (ids, lanes, batches) = (shared::<Wide>(), shared::<Wide>(), shared::<Roomy>());
    let laned = Arc::new(Builder::<Wide>::new().node(0).laned().expect("a generator"));
    let nano = Nano128::builder().node(7).ticked().expect("a generator");
    vec![
        calling("shared", ids),
        row("a lane for each thread", move || {
            let mut lane = Lane::over(Arc::clone(&lanes));
            move || lane.generate().expect("an id")
        }),
        calling("laned", laned),
        row("batches of 1,024", move || {
            let (ids, mut out) = (Arc::clone(&batches), room::<Roomy>(BATCH));
            move || {
                ids.fill(&mut out).expect("ids");
                out[0]
            }
        }),
        calling("nano128, cached", Arc::new(nano)),
        calling("uuid-v1", Arc::new(UuidV1::generator().expect("a generator"))),
        calling("uuid-v7", Arc::new(UuidV7::generator().expect("a generator"))),
        calling("ulid", Arc::new(Ulid::generator().expect("a generator"))),
        row("ulid, one for each thread", || {
            let mut ids = Ulid::monotonic().expect("a generator");
            move || ids.try_next().expect("an id")
        }),
    ]
}

/// Of a generator that all threads share.
fn calling<G: Generator + 'static>(name: &'static str, ids: Arc<G>) -> Row {
    row(name, move || {
        let ids = Arc::clone(&ids);
        move || ids.generate().expect("an id")
    })
}

/// Of whatever each thread calls, and how old it may be.
fn row<S: IdScheme, N: FnMut() -> Id<S> + 'static>(
    name: &'static str,
    of_thread: impl Fn() -> N + Sync + 'static,
) -> Row {
    let tick = S::TIMEBASE.expect("a scheme with time").tick();
    let ages = move |threads, run| ages(threads, run, &of_thread);
    (name, tick.max(Duration::from_millis(1)), Box::new(ages))
}

/// How long the ticks of ids had been over, in nanoseconds.
fn ages<S: IdScheme, N: FnMut() -> Id<S>>(
    threads: u32,
    run: Duration,
    of_thread: &(impl Fn() -> N + Sync),
) -> Histogram<u64> {
    let base = S::TIMEBASE.expect("a scheme with time");
    let end = SystemClock.monotonic() + run;
    let histogram = || Histogram::<u64>::new(3).expect("a histogram");
    let work = || {
        let (mut next, mut ages) = (of_thread(), histogram());
        while SystemClock.monotonic() < end {
            for _ in 0..BETWEEN {
                std::hint::black_box(next());
            }
            let id = next();
            let now = SystemClock.wall().as_nanos();
            let over = base.time_of(id.tick() + 1).as_nanos();
            ages += u64::try_from((now - over).max(0)).expect("an age");
        }
        ages
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = histogram();
        workers.into_iter().for_each(|worker| all += worker.join().expect("a thread that ends"));
        all
    })
}
