//! The shared generator with lanes behind it: order within each thread.

use core::cell::RefCell;
use core::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lane::run_length;
use super::{DefaultTicks, Generator, Shared};
use crate::clock::Ticks;
use crate::lane_run::LaneRun;
use crate::observer::{Observer, Silent};
use crate::{FillError, GenerateError, Id, IdScheme, Line, Stall};

/// Generators that a thread keeps lanes of at the same time. With more, they push each other's
/// runs out, which costs a reservation and skips the rest of the run.
const SLOTS: usize = 8;

thread_local! {
    /// This thread's lanes. A slot holds the number of the generator it belongs to.
    static LANES: [RefCell<Slot>; SLOTS] =
        const { [const { RefCell::new(Slot { number: 0, run: LaneRun::EMPTY }) }; SLOTS] };
}

/// A thread's lane of one generator. It is changed where it lies: copied in and out, it would be read
/// back in pieces of other sizes than it was written in, for which processors have to wait.
struct Slot {
    /// The generator's number; 0 for none.
    number: u64,
    run: LaneRun,
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
    /// Which of a thread's slots its lane lies in.
    slot: usize,
    length: u64,
}

impl<S: IdScheme, T: Ticks, O: Observer> Laned<S, T, O> {
    pub(super) fn over(shared: Shared<S, T, O>) -> Self {
        /// The last number given out. Only its distinctness matters: relaxed.
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        let length = run_length(shared.engine.dressing.axis());
        let slot = usize::try_from(number % SLOTS as u64).unwrap_or(0);
        Self { shared, number, slot, length }
    }

    /// The line that the ids are positions of: to grant windows to, or to revoke them.
    #[must_use]
    pub fn line(&self) -> &Line<T, O> {
        self.shared.line()
    }

    /// The next position of this thread's run, if it has one.
    #[inline]
    fn take(&self) -> Option<u64> {
        let seen = self.shared.engine.line.seen();
        let done = LANES.try_with(|lanes| {
            let mut slot = lanes[self.slot].try_borrow_mut().ok()?;
            if slot.number == self.number { slot.run.take(seen) } else { None }
        });
        done.ok().flatten()
    }

    /// The first id of another run.
    #[cold]
    #[inline(never)]
    fn refill(&self) -> Result<Id<S>, Stall> {
        let engine = &self.shared.engine;
        let position = self.with_lane(|run| run.refill(&engine.line, self.length))?;
        Ok(Id::dressed(engine.dressing.dress(position)))
    }

    #[cold]
    #[inline(never)]
    fn refill_patiently(&self) -> Result<Id<S>, GenerateError> {
        match self.refill() {
            Ok(id) => Ok(id),
            Err(stall) => self.shared.engine.until(stall, || self.try_generate()),
        }
    }

    /// Does something with this thread's lane, or with an empty one: while the thread ends, and
    /// where a clock or an observer asks for an id while it is asked itself.
    #[inline]
    fn with_lane<R>(&self, with: impl Fn(&mut LaneRun) -> R) -> R {
        let done = LANES.try_with(|lanes| {
            let mut slot = lanes[self.slot].try_borrow_mut().ok()?;
            if slot.number != self.number {
                *slot = Slot { number: self.number, run: LaneRun::EMPTY };
            }
            Some(with(&mut slot.run))
        });
        done.ok().flatten().unwrap_or_else(|| with(&mut { LaneRun::EMPTY }))
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> Generator for Laned<S, T, O> {
    type Scheme = S;

    #[inline]
    fn try_generate(&self) -> Result<Id<S>, Stall> {
        match self.take() {
            Some(position) => Ok(Id::dressed(self.shared.engine.dressing.dress(position))),
            None => self.refill(),
        }
    }

    #[inline]
    fn generate(&self) -> Result<Id<S>, GenerateError> {
        match self.take() {
            Some(position) => Ok(Id::dressed(self.shared.engine.dressing.dress(position))),
            None => self.refill_patiently(),
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
