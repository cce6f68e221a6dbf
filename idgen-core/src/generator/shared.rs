//! The shared generator: strict order over all threads.

use core::fmt;

#[cfg(feature = "std")]
use super::Builder;
use super::engine::{Engine, OfLine};
use super::{DefaultTicks, Generator, Lane};
use crate::clock::Ticks;
use crate::observer::{Observer, Silent};
use crate::{FillError, GenerateError, Id, IdScheme, Line, Stall};

/// A generator for all threads, lock-free, in strict order: an id is greater than every id whose
/// call had ended before its own began, whichever thread made it.
///
/// When the sequence of a tick is exhausted it goes on in the next tick, up to the allowed drift;
/// when the clock regresses it goes on from its last id, up to the drift. Beyond that
/// [`try_generate`](Generator::try_generate) stalls and [`generate`](Generator::generate) waits,
/// up to its bound. At the layout's last tick both err for good. Asking while stalled changes
/// nothing.
///
/// Two generators must not have one node id at the same time: uniqueness rests on the node id and
/// its window. It is deliberately neither `Clone` nor `Copy`; share it by reference or in an `Arc`.
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
/// use idgen_core::generator::{Generator, Shared};
///
/// let ids = Shared::<Snowflake>::builder().node(7).shared()?;
/// let (first, second) = (ids.generate()?, ids.generate()?);
/// assert!(first < second && first.node() == 7);
/// assert_eq!(ids.generate_batch(1_000)?.len(), 1_000);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Shared<S: IdScheme, T = DefaultTicks, O = Silent> {
    pub(super) engine: Engine<S::Word, T, O>,
}

#[cfg(feature = "std")]
impl<S: IdScheme> Shared<S> {
    /// Settings of a generator on the operating system's clock.
    pub fn builder() -> Builder<S> {
        Builder::new()
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> Shared<S, T, O> {
    /// A lane: a handle that issues ids without atomic operations, for one owner.
    #[must_use]
    pub fn lane(&self) -> Lane<&Self, S, T, O> {
        Lane::over(self)
    }

    /// The line that the ids are positions of: to grant windows to, or to revoke them.
    #[must_use]
    pub fn line(&self) -> &Line<T, O> {
        &self.engine.line
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> Generator for Shared<S, T, O> {
    type Scheme = S;

    #[inline(always)]
    fn try_generate(&self) -> Result<Id<S>, Stall> {
        self.generate_or(Err)
    }

    #[inline(always)]
    fn generate(&self) -> Result<Id<S>, GenerateError> {
        self.generate_or(|stall| self.engine.until(stall, || self.try_generate()))
    }

    #[inline(always)]
    fn generate_or<E>(
        &self,
        otherwise: impl FnOnce(Stall) -> Result<Id<S>, E>,
    ) -> Result<Id<S>, E> {
        match self.engine.line.take() {
            Ok(position) => Ok(Id::dressed(self.engine.dress::<OfLine<S>>(position))),
            Err(stall) => otherwise(stall),
        }
    }

    #[inline]
    fn try_fill(&self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        self.engine.try_fill(out, Id::dressed)
    }

    #[inline]
    fn fill(&self, out: &mut [Id<S>]) -> Result<(), FillError> {
        self.engine.fill(out, |rest| self.engine.try_fill(rest, Id::dressed))
    }
}

impl<S: IdScheme, T, O> fmt::Debug for Shared<S, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
