//! A generator for the tests of an application: the same ids each time.

use std::sync::Arc;

use idgen_core::clock::{ClockTicks, ScriptedClock};
use idgen_core::generator::{Builder, Generator, Shared};
use idgen_core::{FillError, GenerateError, Id, IdScheme, Stall, UnixTime, Window};

use crate::SplitMix64;

/// A generator whose ids are determined by a seed and a time: same seed and time, same ids.
///
/// The seed chooses the node id. Time stands still until [`clock`](Self::clock) is moved, or until
/// the ids of a tick are used up and [`generate`](Generator::generate) waits.
#[derive(Debug)]
pub struct TestGenerator<S: IdScheme> {
    shared: Shared<S, ClockTicks<Arc<ScriptedClock>>>,
    clock: Arc<ScriptedClock>,
}

/// A deterministic generator of a scheme, from a seed and a time between 1677 and 2262.
///
/// # Panics
/// If the time is before the scheme's epoch or past its end, or the scheme has random bits.
///
/// # Example
/// ```
/// # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # struct Snowflake;
/// # impl IdScheme for Snowflake {
/// #     type Word = u64;
/// #     const NAME: &'static str = "snowflake";
/// #     const LAYOUT: Layout = Layout::new(64, &[
/// #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
/// #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1)));
/// #     const TEXT: Form = Form::Decimal;
/// # }
/// use core::time::Duration;
/// use idgen_core::generator::Generator;
/// use idgen_testkit::create_test_generator;
///
/// let ids = create_test_generator::<Snowflake>(42, UnixTime::from_millis(1_000));
/// let again = create_test_generator::<Snowflake>(42, UnixTime::from_millis(1_000));
/// assert_eq!(ids.generate()?, again.generate()?);
///
/// ids.clock().advance(Duration::from_millis(5));
/// assert_eq!(ids.generate()?.tick(), 1_005);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[must_use]
pub fn create_test_generator<S: IdScheme>(seed: u64, time: UnixTime) -> TestGenerator<S> {
    let clock = Arc::new(ScriptedClock::at(time));
    let nodes = S::LAYOUT.node_bits();
    let node = SplitMix64::new(seed).next_u64() & u64::MAX.checked_shr(64 - nodes).unwrap_or(0);
    let start = S::TIMEBASE.map_or(0, |base| base.nearest_tick(time));
    let built =
        Builder::<S>::on(Arc::clone(&clock)).node(node).window(Window::from_start(start)).shared();
    match built {
        Ok(shared) => TestGenerator { shared, clock },
        Err(error) => panic!("no test generator of {} at {time}: {error}", S::NAME),
    }
}

impl<S: IdScheme> TestGenerator<S> {
    /// The clock, to move it.
    #[must_use]
    pub fn clock(&self) -> &ScriptedClock {
        &self.clock
    }
}

impl<S: IdScheme> Generator for TestGenerator<S> {
    type Scheme = S;

    fn try_generate(&self) -> Result<Id<S>, Stall> {
        self.shared.try_generate()
    }

    fn generate(&self) -> Result<Id<S>, GenerateError> {
        self.shared.generate()
    }

    fn try_fill(&self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        self.shared.try_fill(out)
    }

    fn fill(&self, out: &mut [Id<S>]) -> Result<(), FillError> {
        self.shared.fill(out)
    }
}
