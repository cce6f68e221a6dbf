//! What every generator is inside: a line, the dressing of its positions, and the bound on waits.

use core::time::Duration;

use super::patience::Patience;
use crate::clock::Ticks;
use crate::layout::Dressing;
use crate::observer::Observer;
use crate::{FillError, GenerateError, Line, Name, Stall, Word};

#[derive(Debug)]
pub(super) struct Engine<W, T, O> {
    pub(super) line: Line<T, O>,
    pub(super) dressing: Dressing<W>,
    pub(super) max_wait: Duration,
    pub(super) scheme: Name,
}

impl<W: Word, T: Ticks, O: Observer> Engine<W, T, O> {
    /// The next word. What comes of the line is looked at before it is made into anything else, here
    /// and in the generators: results that are kept in memory on the way, to be read back in pieces of
    /// other sizes than they were written in, cost several times what an id does.
    #[inline]
    pub(super) fn try_word(&self) -> Result<W, Stall> {
        match self.line.take() {
            Ok(position) => Ok(self.dressing.dress(position)),
            Err(stall) => Err(stall),
        }
    }

    #[inline]
    pub(super) fn word(&self) -> Result<W, GenerateError> {
        match self.line.take() {
            Ok(position) => Ok(self.dressing.dress(position)),
            Err(stall) => self.until(stall, || self.try_word()),
        }
    }

    /// Fills what one reservation holds.
    #[inline]
    pub(super) fn try_fill<I>(&self, out: &mut [I], wrap: impl Fn(W) -> I) -> Result<usize, Stall> {
        if out.is_empty() {
            return Ok(0);
        }
        let run = self.line.reserve(out.len() as u64)?;
        // A run is never longer than what was asked for, so its length is one of `out`.
        let len = usize::try_from(run.len()).map_or(out.len(), |len| len.min(out.len()));
        self.dressing.dress_run(run.start, &mut out[..len], wrap);
        Ok(len)
    }

    /// Fills `out` by attempts that each fill a part, and waits between them where it must.
    #[inline]
    pub(super) fn fill<I>(
        &self,
        out: &mut [I],
        attempt: impl Fn(&mut [I]) -> Result<usize, Stall>,
    ) -> Result<(), FillError> {
        self.patience().fill(out, attempt)
    }

    /// Waits and tries again, until it works or the bound on waits is reached.
    #[cold]
    #[inline(never)]
    pub(super) fn until<R>(
        &self,
        stall: Stall,
        attempt: impl FnMut() -> Result<R, Stall>,
    ) -> Result<R, GenerateError> {
        self.patience().until(stall, attempt)
    }

    fn patience(&self) -> Patience<'_, T> {
        Patience::new(self.line.ticks(), self.max_wait, self.scheme)
    }
}
