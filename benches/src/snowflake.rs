//! Ids of tick, node and sequence.
//!
//! - `wide`: 42 bits of Unix milliseconds, 1 of node, 21 of sequence, for ours and for ferroid's: two
//!   million ids a millisecond, so that the engine is measured and not a layout's capacity.
//! - `roomy`: 38 bits of milliseconds since 2026, 1 of node (none for snowflake_me), 25 of sequence:
//!   34 million ids a millisecond, for batches.
//! - `snowflake`: the literal 41/10/12, with a block of 32 workers.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ferroid::generator::{AtomicSnowflakeGenerator, BasicSnowflakeGenerator};
use ferroid::time::{MonotonicClock, UNIX_EPOCH};
use idgen::generator::{Builder, Generator, Lane, Shared};
use idgen::layout::{Field, Kind, Layout};
use idgen::snowflake::Snowflake;
use idgen::text::Form;
use idgen::{Id, IdScheme, Timebase, UnixTime};
use idgen_bench::{Contender, look, on_threads, on_threads_with, timed, verify};

use crate::case::{Case, Made, SAMPLE, TOGETHER, millis, sample_on};

/// 42 bits of milliseconds, 1 of node, 21 of sequence.
#[derive(Debug)]
pub enum Wide {}

impl IdScheme for Wide {
    type Word = u64;
    const NAME: &'static str = "wide";
    const LAYOUT: Layout = Layout::new(
        64,
        &[Field::new(Kind::Tick, 42), Field::new(Kind::Node, 1), Field::new(Kind::Sequence, 21)],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

ferroid::define_snowflake_id!(
    /// The same, as ferroid declares it.
    FerroidWide, u64,
    reserved: 0, timestamp: 42, machine_id: 1, sequence: 21
);

/// 2026-01-01 in Unix milliseconds.
const EPOCH_2026: i64 = 1_767_225_600_000;

/// 38 bits of milliseconds since 2026, 1 of node, 25 of sequence.
#[derive(Debug)]
pub enum Roomy {}

impl IdScheme for Roomy {
    type Word = u64;
    const NAME: &'static str = "roomy";
    const LAYOUT: Layout = Layout::new(
        64,
        &[Field::new(Kind::Tick, 38), Field::new(Kind::Node, 1), Field::new(Kind::Sequence, 25)],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_millis(EPOCH_2026), Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

const OURS: &str = "time of the ticker, at most a tick old; strict order over all threads; horizon \
    and window checked for each id; a forked child issues nothing before it has a window";
const OURS_LANED: &str = "as shared, with order within each thread";
const FERROID: &str = "time of a ticker that read the wall clock once; strict order; no horizon, and \
    a forked child goes on from the same state";
const LIMIT: &str = "a bare counter: no time, no horizon, no node";

pub fn cases() -> Vec<Case> {
    let mut cases = one();
    for threads in [2, 4, 8] {
        cases.extend(many(threads));
    }
    cases.extend(fill("8-KiB", 1 << 10));
    cases.extend(fill("256-MiB", 1 << 25));
    cases.extend([block_of_32(), one_worker()]);
    cases
}

/// A generator of a layout that is wide enough.
pub fn shared<S: IdScheme>() -> Arc<Shared<S>> {
    Arc::new(Builder::<S>::new().node(0).shared().expect("a generator"))
}

fn clock() -> MonotonicClock<1> {
    MonotonicClock::with_epoch(UNIX_EPOCH)
}

fn yielding(_: u64) {
    std::thread::yield_now();
}

fn spinning(_: u64) {
    std::hint::spin_loop();
}

/// One id, one thread.
fn one() -> Vec<Case> {
    let ordered = Made::Ordered(millis::<Wide>);
    let ids = shared::<Wide>();
    let laned = Arc::new(Builder::<Wide>::new().node(0).laned().expect("a generator"));
    let name = |who| format!("wide/one/1-thread/{who}");
    let mut cases = vec![
        Case::one(
            &name("idgen-shared"),
            OURS,
            ordered,
            move || ids.generate().expect("an id"),
            |id| id.into(),
        ),
        Case::one(
            &name("idgen-laned"),
            OURS_LANED,
            ordered,
            move || laned.generate().expect("an id"),
            |id| id.into(),
        ),
    ];
    let lanes = shared::<Wide>();
    cases.push(Case::owned(
        &name("idgen-lane"),
        OURS_LANED,
        ordered,
        || {
            let mut lane = Lane::over(Arc::clone(&lanes));
            move || lane.generate().expect("an id")
        },
        |id| id.into(),
    ));
    let atomic: Arc<AtomicSnowflakeGenerator<FerroidWide, _>> =
        Arc::new(AtomicSnowflakeGenerator::new(0, clock()));
    cases.push(Case::one(
        &name("ferroid-atomic"),
        FERROID,
        ordered,
        move || atomic.next_id(yielding),
        |id| id.to_raw().into(),
    ));
    cases.push(Case::owned(
        &name("ferroid-basic"),
        FERROID,
        ordered,
        || {
            let basic = BasicSnowflakeGenerator::<FerroidWide, _>::new(0, clock());
            move || basic.next_id(yielding)
        },
        |id| id.to_raw().into(),
    ));
    let counter = Arc::new(AtomicU64::new(0));
    cases.push(Case::one(
        &name("fetch_add"),
        LIMIT,
        Made::Random,
        move || counter.fetch_add(1, Ordering::Relaxed),
        u128::from,
    ));
    cases.push(Case::owned(
        &name("increment"),
        LIMIT,
        Made::Random,
        || {
            let mut local = 0_u64;
            move || {
                *black_box(&mut local) += 1;
                local
            }
        },
        u128::from,
    ));
    cases
}

/// One id a call, on threads at once.
fn many(threads: u32) -> Vec<Case> {
    fn case<R>(
        threads: u32,
        who: &str,
        carries: &'static str,
        made: Made,
        make: impl Fn() -> R + Clone + Send + Sync + 'static,
        word: impl Fn(R) -> u128 + Sync + 'static,
    ) -> Case {
        let name = format!("wide/one/{threads}-threads/{who}");
        let sample = make.clone();
        let run = move |calls| on_threads(threads, calls, &|| look(&make()));
        Case::of_ids(Contender::timing(name, 1, run).at_least(TOGETHER), carries, made, move || {
            sample_on(threads, &|| word(sample()))
        })
    }
    let timed = Made::Timed(millis::<Wide>);
    let ids = shared::<Wide>();
    let laned = Arc::new(Builder::<Wide>::new().node(0).laned().expect("a generator"));
    let ferroid = || Arc::new(AtomicSnowflakeGenerator::<FerroidWide, _>::new(0, clock()));
    let (atomic, spun) = (ferroid(), ferroid());
    let counter = Arc::new(AtomicU64::new(0));
    vec![
        case(
            threads,
            "idgen-shared",
            OURS,
            timed,
            move || ids.generate().expect("an id"),
            |id| id.into(),
        ),
        case(
            threads,
            "idgen-laned",
            OURS_LANED,
            timed,
            move || laned.generate().expect("an id"),
            |id| id.into(),
        ),
        case(
            threads,
            "ferroid-yielding",
            FERROID,
            timed,
            move || atomic.next_id(yielding),
            |id| id.to_raw().into(),
        ),
        case(
            threads,
            "ferroid-spinning",
            FERROID,
            timed,
            move || spun.next_id(spinning),
            |id| id.to_raw().into(),
        ),
        case(
            threads,
            "fetch_add",
            LIMIT,
            Made::Random,
            move || counter.fetch_add(1, Ordering::Relaxed),
            u128::from,
        ),
    ]
}

/// A batch, filled from one reservation.
fn fill(variant: &str, len: usize) -> Vec<Case> {
    let name = |who| format!("roomy/fill/{variant}/{who}");
    let per_call = len as u64;
    let ids = shared::<Roomy>();
    let checked = Arc::clone(&ids);
    // Buffers are made when they are first written to: there may be a filter.
    let mut out = Vec::new();
    let ours = Contender::timing(name("idgen"), per_call, move |calls| {
        if out.is_empty() {
            out = room(len);
        }
        timed(|| (0..calls).for_each(|_| ids.fill(black_box(&mut out)).expect("ids")))
    });
    let peer = snowflake_me::Snowflake::builder()
        .start_time(EPOCH_2026)
        .bit_len_time(38)
        .bit_len_sequence(25)
        .bit_len_data_center_id(0)
        .bit_len_machine_id(0)
        .machine_id(&|| Ok(0))
        .data_center_id(&|| Ok(0))
        .finalize()
        .expect("a generator of snowflake_me");
    let checked_peer = peer.clone();
    let mut batch = Vec::new();
    let theirs = Contender::timing(name("snowflake_me"), per_call, move |calls| {
        timed(|| {
            for _ in 0..calls {
                batch.clear();
                peer.next_ids_into(len, black_box(&mut batch)).expect("ids");
            }
        })
    });
    let (mut bytes, mut value) = (Vec::new(), 0);
    let memset = Contender::timing(name("memset"), per_call, move |calls| {
        bytes.resize(len * 8, 1_u8);
        timed(|| {
            for _ in 0..calls {
                value ^= 1;
                black_box(&mut bytes).fill(value);
            }
        })
    });
    vec![
        Case::of_ids(ours, OURS, Made::Ordered(millis::<Roomy>), move || {
            let mut out = room(len.max(SAMPLE));
            out.chunks_mut(len).for_each(|batch| checked.fill(batch).expect("ids"));
            out.into_iter().map(u128::from).collect()
        }),
        Case::of_ids(
            theirs,
            "time read from the wall clock for each batch; increasing; no horizon, and a forked \
             child goes on from the same state",
            // Its time lies above 25 bits of sequence.
            Made::Ordered(|word| {
                u64::try_from(word >> 25).expect("64 bits") + EPOCH_2026.cast_unsigned()
            }),
            move || {
                let batches = (0..SAMPLE.div_ceil(len)).map(|_| checked_peer.next_ids(len));
                let ids = batches.flat_map(|batch| batch.expect("ids"));
                ids.map(|id| id.as_u64().into()).collect()
            },
        ),
        Case::new(memset, "no ids: as many bytes, all the same", || Ok(())),
    ]
}

/// A slice of ids to fill.
pub fn room<S: IdScheme<Word = u64>>(len: usize) -> Vec<Id<S>> {
    let zero = Id::from_word(0).expect("0 is an id");
    vec![zero; len]
}

/// The literal 41/10/12 with node ids 32 to 63 together: 131 million ids a second at most.
fn block_of_32() -> Case {
    literal("snowflake/fill/block-of-32-on-2-threads/idgen", 5)
}

/// The literal 41/10/12 with one worker id: 4.096 million ids a second at most.
fn one_worker() -> Case {
    literal("snowflake/fill/one-worker-on-2-threads/idgen", 0)
}

fn literal(name: &str, block_bits: u32) -> Case {
    const BATCH: usize = 4_096;
    let build = move || {
        let builder = Builder::<Snowflake>::new().node(32).block(block_bits);
        Arc::new(builder.shared().expect("a generator"))
    };
    let (ids, checked) = (build(), build());
    let mut spent = room(BATCH);
    let run = move |calls| {
        // What the allowed drift holds is no rate that can be had for long.
        while ids.try_fill(&mut spent).is_ok() {}
        on_threads_with(2, calls, || room(BATCH), &|out: &mut Vec<Id<Snowflake>>| {
            ids.fill(black_box(out)).expect("ids");
        })
    };
    let carries = "time up to the allowed drift of 10 ms ahead, as the layout is used up; strict order over all threads; horizon and \
        window checked for each batch; a forked child issues nothing before it has a window";
    Case::new(Contender::timing(name, BATCH as u64, run).at_least(200), carries, move || {
        // All ids of two threads, for about a tenth of a second.
        let batches = if block_bits == 0 { 50 } else { 1_600 };
        let mut words: Vec<u64> = std::thread::scope(|scope| {
            let fill = || {
                let mut all = room(BATCH * batches);
                all.chunks_mut(BATCH).for_each(|batch| checked.fill(batch).expect("ids"));
                all
            };
            let workers = [scope.spawn(fill), scope.spawn(fill)];
            let ids = workers.into_iter().flat_map(|worker| worker.join().expect("a thread"));
            ids.map(u64::from).collect()
        });
        let last = words.last().copied().ok_or("nothing was made")?;
        verify::present(millis::<Snowflake>(last.into())).map_err(|fault| fault.to_string())?;
        verify::distinct(&mut words).map_err(|fault| fault.to_string())
    })
}
