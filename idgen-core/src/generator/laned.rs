//! The shared generator with lanes behind it: order within each thread.

use core::cell::Cell;
use core::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::engine::{Engine, OfLine};
use super::lane::run_length;
use super::{DefaultTicks, Generator, Shared};
use crate::clock::Ticks;
use crate::lane_run::LaneRun;
use crate::line::Seen;
use crate::observer::{Observer, Silent};
use crate::{FillError, GenerateError, Id, IdScheme, Line, Stall, Word};

/// Generators that a thread keeps lanes of at the same time. With more, they push each other's
/// runs out, which costs a reservation and skips the rest of the run.
const SLOTS: usize = 8;

thread_local! {
    /// This thread's lanes. A slot holds the number of the generator it belongs to.
    static LANES: [Slot; SLOTS] = const { [const { Slot::new() }; SLOTS] };
}

/// A thread's lane of one generator: cells rather than one that is borrowed, whose flag would have to
/// be read back, just written, for each id.
struct Slot {
    /// The generator's number; 0 for none.
    number: Cell<u64>,
    /// The next position of the run.
    next: Cell<u64>,
    /// It stops where the words of neighbouring positions are farther apart than by a step.
    run: Cell<LaneRun>,
    /// What is to be added to a position's count (`Dressing::count`) for its word, in halves.
    offset: Cell<[u64; 2]>,
}

impl Slot {
    const fn new() -> Self {
        Self {
            number: Cell::new(0),
            next: Cell::new(0),
            run: Cell::new(LaneRun::EMPTY),
            offset: Cell::new([0; 2]),
        }
    }

    /// The next position of this generator's run, if it has one, and what its word is beyond it.
    #[inline(always)]
    fn take(&self, number: u64, seen: Seen) -> Option<(u64, [u64; 2])> {
        let position = self.next.get();
        if self.number.get() == number && self.run.get().permits(position, seen) {
            self.next.set(position + 1);
            return Some((position, self.offset.get()));
        }
        None
    }

    /// Takes this generator's run out, or an empty one: as long as it is in use, whoever else on this
    /// thread asks finds none.
    fn take_out(&self, number: u64) -> LaneRun {
        let run = self.run.replace(LaneRun::EMPTY).from(self.next.get());
        if self.number.replace(number) == number { run } else { LaneRun::EMPTY }
    }

    fn put_back(&self, run: LaneRun, offset: [u64; 2]) {
        self.next.set(run.start());
        self.run.set(run);
        self.offset.set(offset);
    }
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

    /// The next id of this thread's run, if it has one.
    #[inline(always)]
    fn take(&self) -> Option<Id<S>> {
        let seen = self.shared.engine.line.seen();
        let taken = LANES.try_with(|lanes| lanes[self.slot % SLOTS].take(self.number, seen));
        let (position, offset) = taken.ok().flatten()?;
        let count = self.shared.engine.count::<OfLine<S>>(position);
        Some(Id::dressed(count.plus(S::Word::of_halves(offset))))
    }

    /// The first id of another run, or of what is left of this one.
    #[cold]
    #[inline(never)]
    fn refill(&self) -> Result<Id<S>, Stall> {
        let taken = LANES.try_with(|lanes| lanes[self.slot % SLOTS].take_out(self.number));
        // While the thread ends there are no slots.
        let mut run = taken.unwrap_or(LaneRun::EMPTY);
        let Engine { line, dressing, .. } = &self.shared.engine;
        let refilled = run.refill(line, self.length);
        let (mut word, mut offset) = (S::Word::default(), [0; 2]);
        match refilled {
            Ok(position) => {
                run.stop_at(dressing.stretch_end(position));
                word = dressing.dress(position);
                offset = word.minus(dressing.cut().count(position)).halves();
            }
            Err(_) => run.stop_at(0),
        }
        let _ = LANES.try_with(|lanes| lanes[self.slot % SLOTS].put_back(run, offset));
        refilled.map(|_| Id::dressed(word))
    }

    #[cold]
    #[inline(never)]
    fn refill_or<E>(&self, otherwise: impl FnOnce(Stall) -> Result<Id<S>, E>) -> Result<Id<S>, E> {
        self.refill().or_else(otherwise)
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> Generator for Laned<S, T, O> {
    type Scheme = S;

    #[inline(always)]
    fn try_generate(&self) -> Result<Id<S>, Stall> {
        self.generate_or(Err)
    }

    #[inline(always)]
    fn generate(&self) -> Result<Id<S>, GenerateError> {
        self.generate_or(|stall| self.shared.engine.until(stall, || self.try_generate()))
    }

    #[inline(always)]
    fn generate_or<E>(
        &self,
        otherwise: impl FnOnce(Stall) -> Result<Id<S>, E>,
    ) -> Result<Id<S>, E> {
        match self.take() {
            Some(id) => Ok(id),
            None => self.refill_or(otherwise),
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
        let _ = LANES.try_with(|lanes| lanes[self.slot % SLOTS].take_out(self.number));
    }
}

impl<S: IdScheme, T, O> fmt::Debug for Laned<S, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Laned").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
