//! How old the tick of an id is, when it is made: with as many busy threads as there are cores, and
//! with more.
//!
//!     cargo run --release --manifest-path benches/Cargo.toml --bin freshness -- [SECONDS]
//!
//! Every thread makes ids as fast as it can. Of every few microseconds' ids one is held against the
//! wall clock, read just before the id is made, so that what is measured is never too small.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;
use idgen::generator::{Generator, Lane, Shared};
use idgen_bench::Machine;
use idgen_benches::snowflake::{Wide, shared};

fn main() {
    let seconds = std::env::args().nth(1).map_or(3, |text| text.parse().expect("seconds"));
    let run = Duration::from_secs(seconds);
    println!("{}.\n", Machine::here());
    println!("| busy threads | generator | ids looked at | p50 | p99 | p99.9 | p99.99 | max |");
    println!("|---:|---|---:|---:|---:|---:|---:|---:|");
    for threads in [1, 2, 4, 8] {
        for lanes in [false, true] {
            let ages = ages(&shared(), threads, lanes, run);
            let of = |quantile| format!("{:.2} ms", ages.value_at_quantile(quantile) as f64 / 1e6);
            println!(
                "| {threads} | {} | {} | {} | {} | {} | {} | {:.2} ms |",
                if lanes { "lane" } else { "shared" },
                ages.len(),
                of(0.5),
                of(0.99),
                of(0.999),
                of(0.9999),
                ages.max() as f64 / 1e6,
            );
        }
    }
    println!("\nAge: wall time in ns, less the end of the id's tick; 0 where that is not over.");
}

/// How long the tick of an id had been over, in nanoseconds.
fn ages(ids: &Arc<Shared<Wide>>, threads: u32, lanes: bool, run: Duration) -> Histogram<u64> {
    let end = Instant::now() + run;
    let mut all = Histogram::new(3).expect("a histogram");
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(move || {
                    let mut lane = Lane::over(Arc::clone(ids));
                    let mut ages = Histogram::<u64>::new(3).expect("a histogram");
                    while Instant::now() < end {
                        let mut next = || {
                            let made = if lanes { lane.generate() } else { ids.generate() };
                            made.expect("an id")
                        };
                        for _ in 0..1_000 {
                            std::hint::black_box(next());
                        }
                        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
                        let over = Duration::from_millis(next().tick() + 1);
                        ages += u64::try_from(now.saturating_sub(over).as_nanos()).expect("an age");
                    }
                    ages
                })
            })
            .collect();
        for worker in workers {
            all += worker.join().expect("a thread that ends");
        }
    });
    all
}
