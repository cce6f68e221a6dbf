//! The literal 41/10/12 from one process, with one worker id and with a block of 32: what it makes in
//! a second, and whether all of it is distinct.
//!
//!     cargo run --release --manifest-path benches/Cargo.toml --bin literal -- [--quick]
//!
//! Capacity is 4.096 million ids a second for each worker id. Ids may run ahead of the clock by the allowed
//! drift, which is spent before the time begins: what is measured then can be had for ever. Two threads fill
//! batches into memory, as a thread each or as a pool of two (rayon), and nothing of what they make is thrown
//! away: each id is found again in a map of one bit for each that there could be of that time.

use std::sync::Arc;
use std::time::Duration;

use idgen::Id;
use idgen::clock::Ticks;
use idgen::generator::{Builder, Generator, Shared};
use idgen::snowflake::Snowflake;
use idgen_bench::{Machine, timed};
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
    println!(
        "| worker ids | made by | ids | seconds | million a second | distinct | farthest ahead |"
    );
    println!("|---:|---|---:|---:|---:|---|---:|");
    let (threads, pool): (Way, Way) = (on_two_threads, on_a_pool);
    show(5, "two threads", 200_000_000 / scale, threads);
    show(5, "rayon, two threads", 200_000_000 / scale, pool);
    show(0, "two threads", 8_000_000 / scale, threads);
}

fn show(block_bits: u32, made_by: &str, count: usize, way: Way) {
    let builder = Builder::<Snowflake>::new().node(NODE).block(block_bits);
    let ids = Arc::new(builder.shared().expect("a generator"));
    let drift = ids.line().max_drift();
    // Room for more than the drift holds, as the clock goes on meanwhile, and farther where this thread is put aside.
    // Written to, so that the pages are there.
    let ahead = usize::try_from((drift + 200) << (12 + block_bits)).expect("a drift of some ticks");
    let mut all = room(ahead + count);
    let spent = spend_drift(&ids, &mut all[..ahead]);
    let took = way(&ids, &mut all[spent..spent + count]);
    // Read after the last id was made, when none may be farther ahead than the drift.
    let now = ids.line().ticks().read();
    let all = &all[..spent + count];
    check(all, block_bits);
    let last = all.iter().map(|id| id.tick()).max().expect("an id");
    assert!(last <= now + drift, "tick {last} is more than {drift} after {now}");
    let (workers, seconds) = (1 << block_bits, took.as_secs_f64());
    let (rate, ahead) = (count as f64 / seconds / 1e6, last.saturating_sub(now));
    println!(
        "| {workers} | {made_by} | {count} | {seconds:.3} | {rate:.1} | all | {ahead} of {drift} ms |"
    );
}

/// Fills as much as the line issues without waiting, and says how many that were.
fn spend_drift(ids: &Shared<Snowflake>, out: &mut [Id<Snowflake>]) -> usize {
    let mut filled = 0;
    while let Ok(more) = ids.try_fill(&mut out[filled..]) {
        assert!(filled + more < out.len(), "the drift has no end");
        filled += more;
    }
    filled
}

fn on_two_threads(ids: &Shared<Snowflake>, all: &mut [Id<Snowflake>]) -> Duration {
    let (one, other) = all.split_at_mut(all.len() / 2);
    let fill = |part: &mut [Id<Snowflake>]| {
        part.chunks_mut(BATCH).for_each(|batch| ids.fill(batch).expect("ids"));
    };
    timed(|| {
        std::thread::scope(|scope| {
            scope.spawn(|| fill(one));
            fill(other);
        });
    })
}

fn on_a_pool(ids: &Shared<Snowflake>, all: &mut [Id<Snowflake>]) -> Duration {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    let fill = |batch: &mut [Id<Snowflake>]| ids.fill(batch).expect("ids");
    timed(|| pool.install(|| all.par_chunks_mut(BATCH).for_each(fill)))
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
