//! Generators that rest on random bits: strangers to each other, which nothing but chance keeps apart.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;
use std::thread;

use idgen_core::generator::Generator;
use idgen_core::{Id, IdScheme, UnixTime};

use crate::violation::ensure;
use crate::{Oracle, Order, ScriptedTicks, SplitMix64, Violation};

/// Generators that live at the same time, as processes that do not know of each other.
const STRANGERS: u64 = 6;

/// What happens to them: ids, ends, and steps of the clock.
const EVENTS: usize = 20_000;

/// Threads on one generator, and how often they meet.
const THREADS: u64 = 4;
const ROUNDS: u64 = 6;
const CALLS: usize = 2_000;

/// Checks a generator whose ids rest on random bits instead of a node id and windows: strangers on one
/// clock that jumps, steps back and stands still, restarts among them, and many threads.
///
/// `order` is that of the ids of one generator, where it promises one. How likely strangers meet by
/// chance is a matter of arithmetic, not of a test:
/// [`collision_probability`](idgen_core::random::collision_probability).
///
/// # Panics
/// If an id comes twice, out of order, is none of the scheme's, or does not come at all.
///
/// # Example
/// ```
/// use idgen_core::generator::Drawn;
/// # use idgen_core::{IdScheme, Timebase, layout::{Field, Kind, Layout}, text::Form};
/// # struct Token;
/// # impl IdScheme for Token {
/// #     type Word = u128;
/// #     const NAME: &'static str = "token";
/// #     const LAYOUT: Layout = Layout::new(128, &[
/// #         Field::new(Kind::Version(1), 4), Field::new(Kind::Random, 60),
/// #         Field::new(Kind::Random, 64).named("more")]);
/// #     const TIMEBASE: Option<Timebase> = None;
/// #     const TEXT: Form = Form::Hex;
/// # }
/// idgen_testkit::drawn(None, |_ticks| Ok::<_, core::convert::Infallible>(Drawn::<Token>::new()));
/// ```
pub fn drawn<G, E>(order: Option<Order>, make: impl Fn(Arc<ScriptedTicks>) -> Result<G, E>)
where
    G: Generator,
    E: fmt::Debug,
{
    let (ticks, mut oracle) = (ticks::<G::Scheme>(), oracle(order));
    let make = || match make(Arc::clone(&ticks)) {
        Ok(ids) => ids,
        Err(error) => panic!("no generator was made: {error:?}"),
    };
    let checked = strangers(&make, &ticks, &mut oracle)
        .and_then(|()| threads(&make(), &ticks, order, &mut oracle));
    if let Err(violation) = checked {
        panic!("{violation}");
    }
}

/// In the middle of the scheme's time, so that there is room on both sides.
fn ticks<S: IdScheme>() -> Arc<ScriptedTicks> {
    let length = S::TIMEBASE.map_or(Duration::from_millis(1), |base| base.tick());
    let noon = UnixTime::from_seconds(1_700_000_000);
    Arc::new(ScriptedTicks::new(S::TIMEBASE.map_or(0, |base| base.nearest_tick(noon)), length))
}

fn oracle(order: Option<Order>) -> Oracle {
    order.map_or_else(Oracle::unordered, |_| Oracle::new())
}

fn strangers<G: Generator>(
    make: &impl Fn() -> G,
    ticks: &ScriptedTicks,
    oracle: &mut Oracle,
) -> Result<(), Violation> {
    let mut random = SplitMix64::new(1);
    let mut alive: Vec<(u64, G)> = (0..STRANGERS).map(|name| (name, make())).collect();
    for life in STRANGERS.. {
        for _ in 0..EVENTS / 20 {
            let which = random.below(STRANGERS);
            let (name, ids) = &alive[usize::try_from(which).unwrap_or(0)];
            for word in some(ids, &mut random)? {
                oracle.try_see(*name, word)?;
            }
            match random.below(30) {
                0 => ticks.advance(1 + random.below(3)),
                1 => ticks.back(random.below(3)),
                _ => {}
            }
        }
        if life == STRANGERS + 20 {
            break;
        }
        // One ends, and another begins; sometimes the clock is set back by an hour in between.
        let hour = 3_600_000_000_000 / ticks.tick_length().as_nanos().max(1);
        if random.below(4) == 0 {
            ticks.back(u64::try_from(hour).unwrap_or(0));
        }
        let which = usize::try_from(random.below(STRANGERS)).unwrap_or(0);
        alive[which] = (life, make());
    }
    Ok(())
}

/// One id, or a batch.
fn some<G: Generator>(ids: &G, random: &mut SplitMix64) -> Result<Vec<u128>, Violation> {
    let none = |error: &dyn fmt::Display| Violation::new(format!("there was no id: {error}"));
    let made = match random.below(4) {
        0 => ids
            .generate_batch(1 + usize::try_from(random.below(100)).unwrap_or(0))
            .map_err(|error| none(&error))?,
        _ => vec![ids.generate().map_err(|error| none(&error))?],
    };
    made.into_iter().map(word_of).collect()
}

fn word_of<S: IdScheme>(id: Id<S>) -> Result<u128, Violation> {
    let word = id.word().into();
    let checked = S::LAYOUT.check(word);
    ensure!(checked.is_ok(), "{word} is no {} id: {checked:?}", S::NAME);
    Ok(word)
}

fn threads<G: Generator>(
    ids: &G,
    ticks: &ScriptedTicks,
    order: Option<Order>,
    oracle: &mut Oracle,
) -> Result<(), Violation> {
    let mut highest = 0;
    for round in 0..ROUNDS {
        let harvests: Vec<Result<Vec<u128>, Violation>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn(move || {
                        let mut random = SplitMix64::new(round << 32 | thread);
                        let mut words = Vec::new();
                        while words.len() < CALLS {
                            words.extend(some(ids, &mut random)?);
                            if random.below(100) == 0 {
                                ticks.advance(1);
                            }
                        }
                        Ok(words)
                    })
                })
                .collect();
            let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
            joined
                .map(|made| made.unwrap_or_else(|_| Err(Violation::new("a thread died"))))
                .collect()
        });
        let before = highest;
        for (thread, harvest) in (1_u64 << 32..).zip(harvests) {
            for word in harvest? {
                oracle.try_see(thread, word)?;
                ensure!(
                    order != Some(Order::Strict) || word > before,
                    "id {word} is out of order: when its thread began, there was {before}"
                );
                highest = highest.max(word);
            }
        }
    }
    Ok(())
}
