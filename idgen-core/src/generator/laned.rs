//! The shared generator with lanes behind it: order within each thread.

use core::cell::Cell;
use core::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lane::run_length;
use super::{DefaultTicks, Generator, Shared};
use crate::clock::Ticks;
use crate::line::LaneRun;
use crate::observer::{Observer, Silent};
use crate::{FillError, GenerateError, Id, IdScheme, Line, Stall};

/// Generators that a thread keeps lanes of at the same time. With more, they push each other's
/// runs out, which costs a reservation and skips the rest of the run.
const SLOTS: usize = 8;

thread_local! {
    /// This thread's lanes. A slot holds the number of the generator it belongs to.
    static LANES: [Cell<(u64, LaneRun)>; SLOTS] =
        const { [const { Cell::new((0, LaneRun::EMPTY)) }; SLOTS] };
}

/// A generator for all threads that keeps a lane for each of them: order within each thread, and
/// hardly any contention between them.
///
/// An id is greater than every id that the same thread got before it from this generator. Ids of
/// different threads within a tick are in no particular order. In everything else it behaves
/// as [`Shared`] does.
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
/// use idgen_core::generator::{Builder, Generator};
///
/// let ids = Builder::<Snowflake>::new().node(7).laned()?;
/// let (first, second) = (ids.generate()?, ids.generate()?);
/// assert!(first < second);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Laned<S: IdScheme, T = DefaultTicks, O = Silent> {
    pub(super) shared: Shared<S, T, O>,
    /// Tells this generator from every other of the process. Never 0.
    number: u64,
    length: u64,
}

impl<S: IdScheme, T: Ticks, O: Observer> Laned<S, T, O> {
    pub(super) fn over(shared: Shared<S, T, O>) -> Self {
        /// The last number given out. Only its distinctness matters: relaxed.
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        let length = run_length(shared.engine.dressing.axis());
        Self { shared, number, length }
    }

    /// The line that the ids are positions of: to grant windows to, or to revoke them.
    #[must_use]
    pub fn line(&self) -> &Line<T, O> {
        self.shared.line()
    }

    /// Does something with this thread's lane, or with an empty one while the thread ends.
    #[inline]
    fn with_lane<R>(&self, with: impl Fn(&mut LaneRun) -> R) -> R {
        let slot = usize::try_from(self.number % SLOTS as u64).unwrap_or(0);
        LANES
            .try_with(|lanes| {
                let cell = &lanes[slot];
                let (number, mut run) = cell.get();
                if number != self.number {
                    run = LaneRun::EMPTY;
                }
                let result = with(&mut run);
                cell.set((self.number, run));
                result
            })
            .unwrap_or_else(|_| with(&mut LaneRun::default()))
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> Generator for Laned<S, T, O> {
    type Scheme = S;

    #[inline]
    fn try_generate(&self) -> Result<Id<S>, Stall> {
        let engine = &self.shared.engine;
        let bounds = engine.line.bounds_now();
        let position = self.with_lane(|run| match run.take(&bounds) {
            Some(position) => Ok(position),
            None => run.refill(&engine.line, self.length),
        })?;
        Ok(Id::dressed(engine.dressing.dress(position)))
    }

    #[inline]
    fn generate(&self) -> Result<Id<S>, GenerateError> {
        match self.try_generate() {
            Ok(id) => Ok(id),
            Err(stall) => self.shared.engine.until(stall, || self.try_generate()),
        }
    }

    #[inline]
    fn try_fill(&self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        self.forget_lane();
        self.shared.try_fill(out)
    }

    #[inline]
    fn fill(&self, out: &mut [Id<S>]) -> Result<(), FillError> {
        self.forget_lane();
        self.shared.fill(out)
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> Laned<S, T, O> {
    /// Throws this thread's run away: a batch takes later positions, and what the thread gets
    /// after it must be greater still.
    pub(super) fn forget_lane(&self) {
        self.with_lane(|run| *run = LaneRun::EMPTY);
    }
}

impl<S: IdScheme, T, O> fmt::Debug for Laned<S, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Laned").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
