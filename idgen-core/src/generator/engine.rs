//! What every generator is inside: a line, the dressing of its positions, and the bound on waits.

use core::marker::PhantomData;
use core::time::Duration;

use super::patience::Patience;
use crate::clock::Ticks;
use crate::layout::{Cut, Dressing};
use crate::observer::Observer;
use crate::word::Plain;
use crate::{FillError, GenerateError, IdScheme, Line, Name, Stall, Word};

/// More bytes than this at once are written past the caches: whoever reads them finds them in memory
/// either way.
#[cfg(feature = "std")]
const CACHES: usize = 32 << 20;

#[derive(Debug)]
pub(super) struct Engine<W, T, O> {
    pub(super) line: Line<T, O>,
    pub(super) dressing: Dressing<W>,
    pub(super) max_wait: Duration,
    pub(super) scheme: Name,
    /// Whether positions are cut as the compiler was told.
    pub(super) foreseen: bool,
}

/// How positions are cut, for the compiler.
pub(super) trait Foresight {
    const CUT: Option<Cut>;
}

/// As in the scheme's line.
pub(super) struct OfLine<S>(PhantomData<S>);

impl<S: IdScheme> Foresight for OfLine<S> {
    const CUT: Option<Cut> = match Cut::of(&S::LINE, 0) {
        Ok(cut) => Some(cut),
        Err(_) => None,
    };
}

/// As the ticks alone are in the scheme's layout.
pub(super) struct OfTicks<S>(PhantomData<S>);

impl<S: IdScheme> Foresight for OfTicks<S> {
    const CUT: Option<Cut> = match Cut::of(&S::LAYOUT.without_sequence(), 0) {
        Ok(cut) => Some(cut),
        Err(_) => None,
    };
}

impl<W: Word, T: Ticks, O: Observer> Engine<W, T, O> {
    /// The same, having looked whether the compiler knows how positions are cut. A block of node ids
    /// or a finer layout is cut otherwise.
    pub(super) fn foreseen<F: Foresight>(self) -> Self {
        Self { foreseen: F::CUT.as_ref() == Some(self.dressing.cut()), ..self }
    }

    /// The word of a position: by numbers that the compiler knows, if they are these.
    #[inline(always)]
    pub(super) fn dress<F: Foresight>(&self, position: u64) -> W {
        match const { F::CUT } {
            Some(cut) if self.foreseen => self.dressing.dress_by(cut, position),
            _ => self.dressing.dress(position),
        }
    }

    /// A position as its word counts it: the word is this, and what its stretch has in common.
    #[cfg(feature = "std")]
    #[inline(always)]
    pub(super) fn count<F: Foresight>(&self, position: u64) -> W {
        match const { F::CUT } {
            Some(cut) if self.foreseen => cut.count(position),
            _ => self.dressing.cut().count(position),
        }
    }

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
    pub(super) fn try_fill<I>(&self, out: &mut [I], wrap: impl Fn(W) -> I) -> Result<usize, Stall>
    where
        I: Plain,
    {
        if out.is_empty() {
            return Ok(0);
        }
        let run = self.line.reserve(out.len() as u64)?;
        // A run is never longer than what was asked for, so its length is one of `out`.
        let len = usize::try_from(run.len()).map_or(out.len(), |len| len.min(out.len()));
        #[cfg(feature = "std")]
        if size_of_val(out) > CACHES {
            self.dressing.dress_run_past_caches(run.start, &mut out[..len], wrap);
            return Ok(len);
        }
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
