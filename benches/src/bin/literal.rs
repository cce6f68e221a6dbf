//! The literal 41/10/12 from one process, with one worker id and with a block of 32: what it makes in
//! a second, and whether all of it is distinct.
//!
//!     cargo run --release --manifest-path benches/Cargo.toml --bin literal -- [--quick]
//!
//! Two threads fill batches into memory, as a thread each or as a pool of two (rayon), and nothing of
//! what they make is thrown away: each id is found again in a map of one bit for each that there could
//! be of that time. Capacity is 4.096 million ids a second for each worker id.

use std::sync::Arc;
use std::time::{Duration, Instant};

use idgen::Id;
use idgen::generator::{Builder, Generator, Shared};
use idgen::snowflake::Snowflake;
use idgen_bench::Machine;
use idgen_benches::snowflake::room;
use rayon::prelude::*;

/// Ids that a call makes.
const BATCH: usize = 4_096;

/// The first node id of the block.
const NODE: u64 = 32;

/// A way for two threads to fill all of it.
type Way = fn(&Shared<Snowflake>, &mut [Id<Snowflake>]) -> Duration;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let scale = if quick { 100 } else { 1 };
    println!("{}.\n", Machine::here());
    println!("| worker ids | made by | ids | seconds | million a second | distinct |");
    println!("|---:|---|---:|---:|---:|---|");
    let (threads, pool): (Way, Way) = (on_two_threads, on_a_pool);
    show(5, "two threads", 100_000_000 / scale, threads);
    show(5, "rayon, two threads", 100_000_000 / scale, pool);
    show(0, "two threads", 4_000_000 / scale, threads);
}

fn show(block_bits: u32, made_by: &str, count: usize, way: Way) {
    let builder = Builder::<Snowflake>::new().node(NODE).block(block_bits);
    let ids = Arc::new(builder.shared().expect("a generator"));
    // Written to, so that the pages are there.
    let mut all = room(count);
    let took = way(&ids, &mut all);
    check(&all, block_bits);
    let (workers, seconds) = (1 << block_bits, took.as_secs_f64());
    let rate = count as f64 / seconds / 1e6;
    println!("| {workers} | {made_by} | {count} | {seconds:.3} | {rate:.1} | all |");
}

fn on_two_threads(ids: &Shared<Snowflake>, all: &mut [Id<Snowflake>]) -> Duration {
    let start = Instant::now();
    let (one, other) = all.split_at_mut(all.len() / 2);
    let fill = |part: &mut [Id<Snowflake>]| {
        part.chunks_mut(BATCH).for_each(|batch| ids.fill(batch).expect("ids"));
    };
    std::thread::scope(|scope| {
        scope.spawn(|| fill(one));
        fill(other);
    });
    start.elapsed()
}

fn on_a_pool(ids: &Shared<Snowflake>, all: &mut [Id<Snowflake>]) -> Duration {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    let start = Instant::now();
    pool.install(|| all.par_chunks_mut(BATCH).for_each(|batch| ids.fill(batch).expect("ids")));
    start.elapsed()
}

/// Panics unless each id is there once, is of the block, and is of the time in which it was made.
fn check(all: &[Id<Snowflake>], block_bits: u32) {
    let first = all.iter().map(|id| id.tick()).min().expect("an id");
    let last = all.iter().map(|id| id.tick()).max().expect("an id");
    assert!(last - first < 60_000, "ids of more than a minute");
    let millis = all[0].time().expect("a time").as_millis();
    idgen_bench::verify::present(u64::try_from(millis).expect("after 1970")).expect("the present");
    let bits = (last - first + 1) << (block_bits + 12);
    let mut seen = vec![0_u64; usize::try_from(bits.div_ceil(64)).expect("a map")];
    for id in all {
        let worker = id.node().checked_sub(NODE).filter(|&worker| worker < 1 << block_bits);
        let worker = worker.expect("a worker id of the block");
        let place = ((id.tick() - first) << block_bits | worker) << 12 | id.sequence();
        let (word, bit) = (usize::try_from(place / 64).expect("a place"), 1 << (place % 64));
        assert_eq!(seen[word] & bit, 0, "{id} was made twice");
        seen[word] |= bit;
    }
}
