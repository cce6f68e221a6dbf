//! The lane: one owner's private run of positions.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

use super::{DefaultTicks, Shared};
use crate::clock::Ticks;
use crate::lane_run::LaneRun;
use crate::layout::Axis;
use crate::observer::{Observer, Silent};
use crate::{GenerateError, Id, IdScheme, Stall, Word};

/// Longest run that a lane reserves, in positions: reserving costs some 100 ns when others do too.
const MAX_RUN: u64 = 1_024;

/// How many positions a lane reserves at once: few enough that a tick has runs for 64 lanes.
pub(super) fn run_length(axis: Axis) -> u64 {
    (axis.first_of(1) / 64).clamp(1, MAX_RUN)
}

/// A handle on a shared generator for one owner, which reserves short runs of positions and
/// issues them without atomic operations.
///
/// Its ids are increasing, and distinct from every other id of the generator. A run is thrown
/// away when the next tick begins, and when the window ends, so the ids are as fresh as the shared
/// generator's and obey the same horizon.
///
/// It holds the generator by whatever points to it: a reference, or an `Arc` for a thread of
/// its own ([`Lane::over`]).
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
/// use idgen_core::generator::{Lane, Shared};
/// use std::sync::Arc;
///
/// let ids = Arc::new(Shared::<Snowflake>::builder().node(7).shared()?);
/// let mut lane = Lane::over(Arc::clone(&ids));
/// let thread = std::thread::spawn(move || (lane.generate(), lane.generate()));
/// let (first, second) = thread.join().unwrap();
/// assert!(first? < second?);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Lane<P, S: IdScheme, T = DefaultTicks, O = Silent> {
    shared: P,
    /// It stops where the words of neighbouring positions are farther apart than by a step.
    run: LaneRun,
    /// The word of the run's next position.
    word: S::Word,
    /// From one word to the next.
    step: S::Word,
    length: u64,
    of: PhantomData<Parameters<S, T, O>>,
}

/// A lane holds its parameters only through `P`.
type Parameters<S, T, O> = fn() -> (S, T, O);

impl<P, S, T, O> Lane<P, S, T, O>
where
    P: Deref<Target = Shared<S, T, O>>,
    S: IdScheme,
    T: Ticks,
    O: Observer,
{
    /// A lane over a shared generator. It has reserved nothing yet.
    pub fn over(shared: P) -> Self {
        let dressing = &shared.engine.dressing;
        let (length, step) = (run_length(dressing.axis()), dressing.step());
        Self { shared, run: LaneRun::EMPTY, word: step, step, length, of: PhantomData }
    }

    /// The next id, without waiting.
    ///
    /// # Errors
    /// Why there is none right now.
    #[inline(always)]
    pub fn try_generate(&mut self) -> Result<Id<S>, Stall> {
        match self.take() {
            Some(id) => Ok(id),
            None => self.refill(),
        }
    }

    /// The next id of the run, if it has one.
    #[inline(always)]
    fn take(&mut self) -> Option<Id<S>> {
        self.run.take(self.shared.engine.line.seen())?;
        let word = self.word;
        self.word = word.plus(self.step);
        Some(Id::dressed(word))
    }

    /// The first id of another run, or of what is left of this one.
    #[cold]
    #[inline(never)]
    fn refill(&mut self) -> Result<Id<S>, Stall> {
        let position = self.run.refill(&self.shared.engine.line, self.length)?;
        Ok(self.begin(position))
    }

    /// The id of a position, from which the run's words are counted on.
    fn begin(&mut self, position: u64) -> Id<S> {
        let dressing = &self.shared.engine.dressing;
        let word = dressing.dress(position);
        self.run.stop_at(dressing.stretch_end(position));
        self.word = word.plus(self.step);
        Id::dressed(word)
    }

    /// The next id; waits for it up to the generator's limit.
    ///
    /// # Errors
    /// Why there was none in that time.
    #[inline(always)]
    pub fn generate(&mut self) -> Result<Id<S>, GenerateError> {
        match self.take() {
            Some(id) => Ok(id),
            None => self.refill_patiently(),
        }
    }

    #[cold]
    #[inline(never)]
    fn refill_patiently(&mut self) -> Result<Id<S>, GenerateError> {
        let Self { shared, run, length, .. } = self;
        let engine = &shared.engine;
        let position = match run.refill(&engine.line, *length) {
            Ok(position) => position,
            Err(stall) => engine.until(stall, || run.refill(&engine.line, *length))?,
        };
        Ok(self.begin(position))
    }

    /// The generator the lane draws from.
    pub fn shared(&self) -> &Shared<S, T, O> {
        &self.shared
    }
}

impl<P, S: IdScheme, T, O> fmt::Debug for Lane<P, S, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("scheme", &S::NAME)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
