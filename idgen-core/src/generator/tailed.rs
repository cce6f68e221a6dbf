//! The generator of schemes that end in random bits: a position, and a tail drawn for each id.

use core::fmt;

use super::engine::{Engine, OfLine};
use super::{DefaultTicks, ErasedGenerator, Generator};
use crate::clock::Ticks;
use crate::observer::{Observer, Silent};
use crate::random::{RandomSource, Seeded, SystemRandom};
use crate::{FillError, GenerateError, Id, IdScheme, Scheme, Stall, Word};

/// Ids of a position, in strict order as [`Shared`](super::Shared) has it, and of random bits drawn
/// anew for each: from any number of threads, lock-free.
///
/// Generators that do not know of each other are kept apart by the random bits, and by where they
/// begin each tick: at a random position of its first half. Two ids of them are equal with the
/// probability that [`collision_probability`](crate::random::collision_probability) computes for as
/// many random bits as the tail and the sequence have together, less one, among the ids of one
/// tick. So it needs no window and no node id; where nothing else is said it
/// starts at once, runs ahead of the clock as far as it must, and goes on in a child of fork.
///
/// It is made by [`Builder::tailed`](super::Builder::tailed).
///
/// # Example
/// ```
/// use idgen_core::generator::{Builder, Generator};
/// # use idgen_core::{IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # use core::time::Duration;
/// # struct Event;
/// # impl IdScheme for Event {
/// #     type Word = u128;
/// #     const NAME: &'static str = "event";
/// #     const LAYOUT: Layout = Layout::new(128, &[
/// #         Field::new(Kind::Tick, 48), Field::new(Kind::Random, 16),
/// #         Field::new(Kind::Random, 64).named("more")]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
/// #     const TEXT: Form = Form::Hex;
/// # }
/// // The line counts in the first 16 of the random bits.
/// let finer = "tick=48:sequence=16:random=64".parse()?;
/// let ids = Builder::<Event>::new().refined(finer).tailed()?;
/// assert!(ids.generate()? < ids.generate()?);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Tailed<S: IdScheme, T = DefaultTicks, O = Silent, R = SystemRandom> {
    pub(super) engine: Engine<S::Word, Seeded<T>, O>,
    pub(super) random: R,
    /// The bits that are drawn.
    pub(super) mask: u128,
    /// Whether the line has no window of its own to lose: then a fork takes none away.
    pub(super) unbounded: bool,
}

impl<S: IdScheme, T: Ticks, O: Observer, R: RandomSource> Tailed<S, T, O, R> {
    #[inline(always)]
    fn tail(&self, word: S::Word, bits: u128) -> Id<S> {
        // The mask keeps to the word's width, so there is always a word.
        Id::dressed(word | S::Word::from_u128(bits & self.mask).unwrap_or_default())
    }

    /// The id of a position.
    #[inline(always)]
    fn drawn(&self, position: u64) -> Id<S> {
        self.tail(self.engine.dress::<OfLine<S>>(position), self.random.word())
    }

    /// Tries once again where the stall is that of a child of fork, whose window the line was told
    /// to drop.
    #[cold]
    fn after_fork<X>(
        &self,
        stall: Stall,
        attempt: impl FnOnce() -> Result<X, Stall>,
    ) -> Result<X, Stall> {
        match stall {
            Stall::WindowEnded { end: 0, .. } if self.unbounded => {
                self.engine.line.ticks().reseed(&self.random);
                self.engine.line.restore();
                attempt()
            }
            stall => Err(stall),
        }
    }

    #[cold]
    #[inline(never)]
    fn try_again(&self, stall: Stall) -> Result<Id<S>, Stall> {
        let word = self.after_fork(stall, || self.engine.try_word())?;
        Ok(self.tail(word, self.random.word()))
    }

    #[cold]
    #[inline(never)]
    fn generate_again(&self, stall: Stall) -> Result<Id<S>, GenerateError> {
        match self.try_again(stall) {
            Ok(id) => Ok(id),
            Err(stall) => self.engine.until(stall, || self.try_generate()),
        }
    }

    #[inline]
    fn try_some<I>(&self, out: &mut [I], wrap: impl Fn(Id<S>) -> I) -> Result<usize, Stall> {
        let (mut words, mut bits) = ([S::Word::default(); 64], [0; 64]);
        let most = out.len().min(words.len());
        let words = &mut words[..most];
        let len = match self.engine.try_fill(words, |word| word) {
            Ok(len) => len,
            Err(stall) => self.after_fork(stall, || self.engine.try_fill(words, |word| word))?,
        };
        self.random.fill(&mut bits[..len]);
        for ((slot, word), bits) in out.iter_mut().zip(&words[..len]).zip(bits) {
            *slot = wrap(self.tail(*word, bits));
        }
        Ok(len)
    }
}

impl<S: IdScheme, T: Ticks, O: Observer, R: RandomSource> Generator for Tailed<S, T, O, R> {
    type Scheme = S;

    #[inline(always)]
    fn try_generate(&self) -> Result<Id<S>, Stall> {
        match self.engine.line.take() {
            Ok(position) => Ok(self.drawn(position)),
            Err(stall) => self.try_again(stall),
        }
    }

    #[inline(always)]
    fn generate(&self) -> Result<Id<S>, GenerateError> {
        match self.engine.line.take() {
            Ok(position) => Ok(self.drawn(position)),
            Err(stall) => self.generate_again(stall),
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

impl<S: IdScheme, T: Ticks, O: Observer, R: RandomSource> ErasedGenerator for Tailed<S, T, O, R> {
    fn scheme(&self) -> &Scheme {
        const { &Scheme::of::<S>() }
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        self.try_some(out, Into::into)
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        self.engine.fill(out, |rest| self.try_some(rest, Into::into))
    }

    fn generate_word(&self) -> Result<u128, GenerateError> {
        self.generate().map(Into::into)
    }
}

impl<S: IdScheme, T, O, R> fmt::Debug for Tailed<S, T, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tailed").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
