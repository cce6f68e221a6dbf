//! 128-bit ids of nanoseconds, from one generator for all threads.

use std::sync::Arc;

use idgen::clock::CounterClock;
use idgen::generator::{Builder, Generator};
use idgen::wide::Nano128;
use idgen_bench::{Contender, look, on_threads};

use crate::case::{Case, Made, TOGETHER, millis, sample_on};

pub fn cases() -> Vec<Case> {
    [1, 2].into_iter().flat_map(on).collect()
}

fn on(threads: u32) -> Vec<Case> {
    fn case(
        threads: u32,
        who: &str,
        carries: &'static str,
        millis: fn(u128) -> u64,
        make: impl Fn() -> u128 + Clone + Send + Sync + 'static,
    ) -> Case {
        let of = if threads == 1 { "1-thread".into() } else { format!("{threads}-threads") };
        let name = format!("nano128/one/{of}/{who}");
        let sample = make.clone();
        let contender = if threads == 1 {
            Contender::calling(name, make)
        } else {
            let run = move |calls| on_threads(threads, calls, &|| look(&make()));
            Contender::timing(name, 1, run).at_least(TOGETHER)
        };
        let made = if threads == 1 { Made::Ordered(millis) } else { Made::Timed(millis) };
        Case::of_ids(contender, carries, made, move || sample_on(threads, &sample))
    }
    let build = || Builder::<Nano128>::new().node(7);
    let clock = Arc::new(build().clock(CounterClock::new()).ticked().expect("a generator"));
    let cached = Arc::new(build().ticked().expect("a generator"));
    let nulid = Arc::new(nulid::Generator::new());
    let ours = |time| match time {
        "clock" => {
            "the time-stamp counter, read for each id, and the wall clock every millisecond; strict order over all threads; horizon and \
             window; a forked child issues nothing before it has a window"
        }
        _ => "the same on the ticker's time, at most 1 ms old",
    };
    vec![
        case(threads, "idgen-clock", ours("clock"), millis::<Nano128>, move || {
            clock.generate().expect("an id").into()
        }),
        case(threads, "idgen-cached", ours("cached"), millis::<Nano128>, move || {
            cached.generate().expect("an id").into()
        }),
        case(
            threads,
            "nulid",
            "the time-stamp counter, read for each id, from a wall clock that was read once; strict \
             order over all threads; 60 random bits once a nanosecond",
            |word| u64::try_from((word >> 60) / 1_000_000).expect("a time of this age"),
            move || nulid.generate().expect("an id").as_u128(),
        ),
    ]
}
