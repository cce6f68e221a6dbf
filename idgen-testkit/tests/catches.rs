//! The suite catches what it is for: generators that are broken in one way each.

#![allow(clippy::unwrap_used, reason = "a test that finds no verdict should panic")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use idgen_core::generator::{BuildError, Drawn, Generator, Shared};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::random::RandomSource;
use idgen_core::text::Form;
use idgen_core::{FillError, GenerateError, Id, IdScheme, Stall, Timebase, UnixTime, Window};
use idgen_testkit::{Order, Promise, ScriptedTicks, Setup, SplitMix64, drawn, generator};

#[derive(Debug)]
enum Sample {}

impl IdScheme for Sample {
    type Word = u64;
    const NAME: &'static str = "sample";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, 41),
            Field::new(Kind::Node, 10),
            Field::new(Kind::Sequence, 12),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Now and then an id comes twice.
    Repeats,
    /// Neighbours come in the wrong order.
    LosesOrder,
    /// Ids go on after the window.
    IgnoresWindowEnd,
    /// A restart begins at the clock, not at the window.
    IgnoresWindowStart,
    /// Ids run ahead further than allowed.
    IgnoresDrift,
    /// A node id out of range is cut off.
    MasksNode,
    /// A failed attempt skips a position.
    PushesTheLine,
    /// After the last tick comes the first.
    WrapsAtTheEnd,
    /// A batch that failed says it is full.
    LiesAboutBatches,
}

/// A good generator behind a fault.
struct Broken {
    inner: Shared<Sample, std::sync::Arc<ScriptedTicks>>,
    fault: Fault,
    calls: AtomicU64,
    kept: Mutex<Option<Id<Sample>>>,
}

fn broken(fault: Fault) -> impl Fn(Setup) -> Result<Broken, BuildError> {
    move |mut setup| {
        match fault {
            Fault::IgnoresWindowEnd => setup.window = Window::from_start(setup.window.start()),
            Fault::IgnoresWindowStart => {
                if let Ok(window) = Window::new(0, setup.window.end()) {
                    setup.window = window;
                }
            }
            Fault::IgnoresDrift => setup.max_drift_ticks += 50,
            Fault::MasksNode => setup.node &= 1023,
            _ => {}
        }
        let inner = setup.builder::<Sample>().shared()?;
        Ok(Broken { inner, fault, calls: AtomicU64::new(0), kept: Mutex::new(None) })
    }
}

impl Generator for Broken {
    type Scheme = Sample;

    fn try_generate(&self) -> Result<Id<Sample>, Stall> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let mut kept = self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        match (self.fault, *kept) {
            (Fault::Repeats, Some(last)) if call % 50 == 49 => return Ok(last),
            (Fault::LosesOrder, Some(held)) => {
                *kept = None;
                return Ok(held);
            }
            _ => {}
        }
        match (self.inner.try_generate(), self.fault) {
            (Ok(id), Fault::Repeats) => {
                *kept = Some(id);
                Ok(id)
            }
            (Ok(id), Fault::LosesOrder) => match self.inner.try_generate() {
                Ok(next) => {
                    *kept = Some(id);
                    Ok(next)
                }
                Err(_) => Ok(id),
            },
            (Err(_), Fault::PushesTheLine) => {
                *kept = Id::from_word(0).ok();
                self.inner.try_generate()
            }
            (Ok(id), Fault::PushesTheLine) if kept.take().is_some() => {
                Ok(self.inner.try_generate().unwrap_or(id))
            }
            (Err(Stall::LayoutEnded { .. }), Fault::WrapsAtTheEnd) => {
                Id::from_word(call & 4095).map_err(|_| Stall::LayoutEnded { now: 0, last: 0 })
            }
            (result, _) => result,
        }
    }

    fn generate(&self) -> Result<Id<Sample>, GenerateError> {
        self.inner.generate()
    }

    fn try_fill(&self, out: &mut [Id<Sample>]) -> Result<usize, Stall> {
        self.inner.try_fill(out)
    }

    fn fill(&self, out: &mut [Id<Sample>]) -> Result<(), FillError> {
        self.inner.fill(out).map_err(|failed| match self.fault {
            Fault::LiesAboutBatches => FillError::new(failed.asked, failed.asked, failed.error),
            _ => failed,
        })
    }
}

/// What the suite says of a fault.
fn verdict(fault: Fault) -> Option<String> {
    let run = std::panic::catch_unwind(|| generator(Promise::STRICT, broken(fault)));
    run.err().map(|panic| match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(_) => String::from("no message"),
    })
}

#[test]
fn a_good_generator_passes() {
    assert_eq!(verdict(Fault::None), None);
}

#[test]
fn each_fault_is_caught() {
    let silent: Vec<_> = [
        Fault::Repeats,
        Fault::LosesOrder,
        Fault::IgnoresWindowEnd,
        Fault::IgnoresWindowStart,
        Fault::IgnoresDrift,
        Fault::MasksNode,
        Fault::PushesTheLine,
        Fault::WrapsAtTheEnd,
        Fault::LiesAboutBatches,
    ]
    .into_iter()
    .filter(|&fault| match verdict(fault) {
        Some(message) => {
            println!("{fault:?}: {}", message.lines().next().unwrap_or_default());
            false
        }
        None => true,
    })
    .collect();
    assert!(silent.is_empty(), "not caught: {silent:?}");
}

enum Token {}

impl IdScheme for Token {
    type Word = u64;
    const NAME: &'static str = "token";
    const LAYOUT: Layout = Layout::new(64, &[Field::new(Kind::Random, 64)]);
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Hex;
}

/// Random bits that whoever knows the seed knows.
struct Seeded(Mutex<SplitMix64>);

impl Seeded {
    fn new(seed: u64) -> Self {
        Self(Mutex::new(SplitMix64::new(seed)))
    }
}

impl RandomSource for Seeded {
    fn fill(&self, words: &mut [u128]) {
        let mut random = self.0.lock().unwrap();
        words.fill_with(|| random.next_u64().into());
    }
}

fn verdict_of_strangers(order: Option<Order>, seed: impl Fn() -> u64) -> Option<String> {
    let run = std::panic::AssertUnwindSafe(|| {
        drawn(order, |_| Ok::<_, BuildError>(Drawn::<Token, _>::from(Seeded::new(seed()))));
    });
    std::panic::catch_unwind(run).err()?.downcast::<String>().ok().map(|message| *message)
}

#[test]
fn strangers_that_share_a_seed_are_caught() {
    let seeds = AtomicU64::new(0);
    let distinct = || SplitMix64::new(seeds.fetch_add(1, Ordering::Relaxed)).next_u64();
    assert_eq!(verdict_of_strangers(None, distinct), None);
    let same = verdict_of_strangers(None, || 7).unwrap();
    assert!(same.contains("was issued twice"), "{same}");
    let order = verdict_of_strangers(Some(Order::Strict), distinct).unwrap();
    assert!(order.contains("out of order"), "{order}");
}
