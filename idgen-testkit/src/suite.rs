//! The suite: a generator, what it promises, and everything it has to go through.

use core::fmt;
use std::sync::Arc;

use idgen_core::generator::{ErasedGenerator, Generator};
use idgen_core::{Id, IdScheme, Scheme, Stall, Window};

use crate::play::{Play, start};
use crate::scenarios::scenarios;
use crate::violation::ensure;
use crate::worker::{Erased, Owned, Typed, Worker, Workers};
use crate::{Promise, Schedule, ScriptedTicks, Setup, Violation, threads};

/// Schedules made from seeds that a run plays.
const SEEDS: u64 = 32;

/// What makes the generators under test.
type Make<'a> = Box<dyn Fn(Setup, usize) -> Result<Workers<'a>, String> + 'a>;

/// A generator under test: how it is made, and what it promises.
///
/// [`generator`](crate::generator), [`lane`](crate::lane) and [`erased`](crate::erased) run one
/// whole; this is for playing a single schedule, such as one that failed.
pub struct Suite<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) promise: Promise,
    pub(crate) make: Make<'a>,
}

impl<'a> Suite<'a> {
    /// The suite of a generator of ids.
    pub fn of_generator<G, E, F>(promise: Promise, make: F) -> Self
    where
        G: Generator + 'a,
        E: fmt::Debug,
        F: Fn(Setup) -> Result<G, E> + 'a,
    {
        let make = move |setup, workers| {
            let ids = Arc::new(make(setup).map_err(|error| format!("{error:?}"))?);
            Ok((0..workers).map(|_| boxed(Typed::over(Arc::clone(&ids)))).collect())
        };
        Self { scheme: Scheme::of::<G::Scheme>(), promise, make: Box::new(make) }
    }

    /// The suite of lanes: one or several, all of one generator.
    pub fn of_lanes<S, L, E, F>(promise: Promise, make: F) -> Self
    where
        S: IdScheme,
        L: FnMut() -> Result<Id<S>, Stall> + Send + 'a,
        E: fmt::Debug,
        F: Fn(Setup) -> Result<Vec<L>, E> + 'a,
    {
        let make = move |setup, _| {
            let lanes = make(setup).map_err(|error| format!("{error:?}"))?;
            Ok(lanes.into_iter().map(|lane| boxed(Owned(lane))).collect())
        };
        Self { scheme: Scheme::of::<S>(), promise, make: Box::new(make) }
    }

    /// The suite of a generator of words, of this scheme, or of a finer one of the same bits: that
    /// of the layout which the generator counts in.
    pub fn of_erased<E, F>(scheme: Scheme, promise: Promise, make: F) -> Self
    where
        E: fmt::Debug,
        F: Fn(Setup) -> Result<Box<dyn ErasedGenerator>, E> + 'a,
    {
        let make = move |setup, workers| {
            let ids: Arc<dyn ErasedGenerator> =
                make(setup).map_err(|error| format!("{error:?}"))?.into();
            let made = ids.scheme();
            // The suite may look at finer fields than the scheme has: those that are counted in.
            let seen = Scheme { layout: made.layout, ..scheme };
            if made != &seen || !scheme.layout.refines(&made.layout) {
                return Err(format!("it is of another scheme: {:?}", ids.scheme()));
            }
            Ok((0..workers).map(|_| boxed(Erased(Arc::clone(&ids)))).collect())
        };
        Self { scheme, promise, make: Box::new(make) }
    }

    /// Everything: the named schedules, those of the first seeds, node ids out of range, and many
    /// threads.
    ///
    /// # Panics
    /// If a promise is not kept, with the violation, and how to see it again.
    pub fn run(&self) {
        self.must("node ids out of range", self.refuses_foreign_nodes());
        for schedule in scenarios(&self.scheme, self.promise.block_bits) {
            self.play(&schedule);
        }
        for seed in 0..SEEDS {
            self.replay(seed);
        }
        for seed in 0..4 {
            self.must(&format!("many threads, seed {seed}"), threads::check(self, seed));
        }
    }

    /// Plays the schedule of a seed.
    ///
    /// # Panics
    /// If a promise is not kept.
    pub fn replay(&self, seed: u64) {
        self.play(&self.schedule(seed));
    }

    /// The schedule of a seed.
    #[must_use]
    pub fn schedule(&self, seed: u64) -> Schedule {
        Schedule::of_seed(seed, &self.scheme, self.promise.block_bits)
    }

    /// Plays a schedule.
    ///
    /// # Panics
    /// If a promise is not kept: with the violation, and the schedule up to there.
    pub fn play(&self, schedule: &Schedule) {
        if let Err((violation, played)) = self.try_play(schedule) {
            let events = schedule.events[..played].to_vec();
            let prefix = Schedule { events, ..schedule.clone() };
            panic!(
                "{}: {violation}\n  in '{}', event {played}; to see it again, play\n{prefix}",
                self.scheme.name, schedule.name,
            );
        }
    }

    /// Plays a schedule, or says what went wrong, and after how many events.
    fn try_play(&self, schedule: &Schedule) -> Result<(), (Violation, usize)> {
        let mut play = Play::begin(self, schedule).map_err(|violation| (violation, 0))?;
        for (played, event) in (1..).zip(&schedule.events) {
            match play.happen(*event) {
                Ok(true) => {}
                Ok(false) => break,
                Err(violation) => return Err((violation, played)),
            }
        }
        Ok(())
    }

    /// A node id out of range, or a block that is none, must make no generator.
    fn refuses_foreign_nodes(&self) -> Result<(), Violation> {
        let (node_bits, block_bits) = (self.scheme.layout.node_bits(), self.promise.block_bits);
        let mut foreign = Vec::new();
        if (1..64).contains(&node_bits) {
            foreign.extend([1_u64 << node_bits, (1 << node_bits) + 1, u64::MAX]);
        }
        if block_bits > 0 {
            foreign.push(1);
        }
        for node in foreign {
            let schedule = Schedule { node, ..self.schedule(0) };
            let ticks = Arc::new(ScriptedTicks::new(
                schedule.start_tick,
                core::time::Duration::from_millis(1),
            ));
            let window = Window::from_start(schedule.start_tick);
            let made = start(self, &schedule, &ticks, window, 1);
            ensure!(
                made.is_err(),
                "a generator was made for node id {node}, which is out of range (the layout has {node_bits} node bits, the block {block_bits})",
            );
        }
        Ok(())
    }

    fn must(&self, what: &str, kept: Result<(), Violation>) {
        if let Err(violation) = kept {
            panic!("{}: {violation}\n  in '{what}'", self.scheme.name);
        }
    }
}

fn boxed<'a>(worker: impl Worker + Send + 'a) -> Box<dyn Worker + Send + 'a> {
    Box::new(worker)
}

impl fmt::Debug for Suite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suite")
            .field("scheme", &self.scheme)
            .field("promise", &self.promise)
            .finish_non_exhaustive()
    }
}
