//! The generator of schemes whose tick and sequence have more than 64 bits together.

use core::fmt;

use super::engine::{Engine, OfTicks};
use super::{DefaultTicks, ErasedGenerator, Generator};
use crate::clock::Ticks;
use crate::layout::Dressing;
use crate::observer::{Observer, Silent};
use crate::{FillError, GenerateError, Id, IdScheme, Line, Scheme, Stall, Windowed};

/// Ids whose line counts ticks: one for an id by itself, whose sequence is 0, and one for each
/// stretch of a batch, which uses all of the tick's sequence.
///
/// Strict order over all threads, as [`Shared`](super::Shared) has it, and the same promises. For
/// schemes with ticks so short that nobody makes two ids in one: of a nanosecond, say.
///
/// It is made by [`Builder::ticked`](super::Builder::ticked).
///
/// # Example
/// ```
/// use idgen_core::generator::{Builder, Generator};
/// # use idgen_core::{IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # use core::time::Duration;
/// # struct Nano;
/// # impl IdScheme for Nano {
/// #     type Word = u128;
/// #     const NAME: &'static str = "nano";
/// #     const LAYOUT: Layout = Layout::new(128, &[
/// #         Field::new(Kind::Tick, 64), Field::new(Kind::Node, 48), Field::new(Kind::Sequence, 16)]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, Duration::from_nanos(1)));
/// #     const TEXT: Form = Form::Hex;
/// # }
/// let ids = Builder::<Nano>::new().node(7).ticked()?;
/// let (one, other) = (ids.generate()?, ids.generate()?);
/// assert!(one.tick() < other.tick() && one.sequence() == 0);
/// let batch = ids.generate_batch(1_000)?;
/// assert_eq!((batch[0].tick(), batch[999].sequence()), (batch[999].tick(), 999));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Ticked<S: IdScheme, T = DefaultTicks, O = Silent> {
    pub(super) engine: Engine<S::Word, T, O>,
    /// Dresses sequence numbers, to be added to the word of a tick.
    pub(super) sequence: Dressing<S::Word>,
}

impl<S: IdScheme, T: Ticks, O: Observer> Ticked<S, T, O> {
    /// Ids in a tick, as a number of positions of the dressing.
    const IN_A_TICK: usize = match 1_usize.checked_shl(S::LAYOUT.sequence_bits()) {
        Some(count) => count,
        None => usize::MAX,
    };

    /// The line that the ticks are positions of: to grant windows to, or to revoke them.
    #[must_use]
    pub fn line(&self) -> &Line<T, O> {
        &self.engine.line
    }

    /// The next tick. A clock that is read for each id has mostly moved on meanwhile.
    #[inline(always)]
    fn take(&self) -> Result<u64, Stall> {
        let line = &self.engine.line;
        if line.ticks().is_kept() { line.take() } else { line.take_of_new_tick() }
    }

    fn try_some<I>(&self, out: &mut [I], wrap: impl Fn(Id<S>) -> I) -> Result<usize, Stall> {
        if out.is_empty() {
            return Ok(0);
        }
        let run = self.engine.line.reserve(out.len().div_ceil(Self::IN_A_TICK) as u64)?;
        let mut filled = 0;
        for (tick, ids) in (run.start..run.end).zip(out.chunks_mut(Self::IN_A_TICK)) {
            let first = self.engine.dressing.dress(tick);
            self.sequence.dress_run(0, ids, |sequence| wrap(Id::dressed(first | sequence)));
            filled += ids.len();
        }
        Ok(filled)
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> Generator for Ticked<S, T, O> {
    type Scheme = S;

    #[inline(always)]
    fn try_generate(&self) -> Result<Id<S>, Stall> {
        match self.take() {
            Ok(position) => Ok(Id::dressed(self.engine.dress::<OfTicks<S>>(position))),
            Err(stall) => Err(stall),
        }
    }

    #[inline(always)]
    fn generate(&self) -> Result<Id<S>, GenerateError> {
        match self.take() {
            Ok(position) => Ok(Id::dressed(self.engine.dress::<OfTicks<S>>(position))),
            Err(stall) => self.engine.until(stall, || self.try_generate()),
        }
    }

    #[inline]
    fn try_fill(&self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        self.try_some(out, |id| id)
    }

    #[inline]
    fn fill(&self, out: &mut [Id<S>]) -> Result<(), FillError> {
        self.engine.fill(out, |rest| self.try_some(rest, |id| id))
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> ErasedGenerator for Ticked<S, T, O> {
    fn scheme(&self) -> &Scheme {
        const { &Scheme::of::<S>() }
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        self.try_some(out, Into::into)
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        self.engine.fill(out, |rest| self.try_some(rest, Into::into))
    }

    fn windowed(&self) -> Option<&dyn Windowed> {
        Some(self.line())
    }

    fn generate_word(&self) -> Result<u128, GenerateError> {
        self.generate().map(Into::into)
    }
}

impl<S: IdScheme, T, O> fmt::Debug for Ticked<S, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticked").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
