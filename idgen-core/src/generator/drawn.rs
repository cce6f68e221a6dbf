//! The generator of schemes that are nothing but random bits.

use core::fmt;
use core::marker::PhantomData;

use super::{ErasedGenerator, Generator};
use crate::random::{RandomSource, SystemRandom};
use crate::{FillError, GenerateError, Id, IdScheme, Scheme, Stall};

/// Ids drawn at random, constants aside: in no order, from any number of threads, and never late.
///
/// Uniqueness is a matter of probability:
/// [`collision_probability`](crate::random::collision_probability) computes it. With
/// [`SystemRandom`] a child of fork draws others than its parent.
///
/// # Example
/// ```
/// use idgen_core::generator::{Drawn, Generator};
/// # use idgen_core::{IdScheme, Timebase, layout::{Field, Kind, Layout}, text::Form};
/// # struct Token;
/// # impl IdScheme for Token {
/// #     type Word = u128;
/// #     const NAME: &'static str = "token";
/// #     const LAYOUT: Layout = Layout::new(128, &[
/// #         Field::new(Kind::Version(1), 4), Field::new(Kind::Random, 60),
/// #         Field::new(Kind::Random, 64).named("more")]);
/// #     const TIMEBASE: Option<Timebase> = None;
/// #     const TEXT: Form = Form::Hex;
/// # }
/// let ids = Drawn::<Token>::new();
/// assert_ne!(ids.generate()?, ids.generate()?);
/// assert!(ids.generate()?.to_string().starts_with('1'));
/// # Ok::<(), idgen_core::GenerateError>(())
/// ```
pub struct Drawn<S, R = SystemRandom> {
    random: R,
    of: PhantomData<fn() -> S>,
}

impl<S: IdScheme> Drawn<S> {
    /// A generator that draws from the cryptographically secure source.
    #[must_use]
    pub const fn new() -> Self {
        Self::from(SystemRandom)
    }
}

impl<S: IdScheme> Default for Drawn<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: IdScheme, R> Drawn<S, R> {
    /// Whether constants and random bits are all there is.
    const IS_RANDOM: () = {
        let layout = S::LAYOUT;
        let other = layout.tick_bits() + layout.node_bits() + layout.sequence_bits();
        assert!(other == 0, "a scheme with tick, node or sequence bits needs a line");
    };

    /// A generator that draws from this source. Of a scheme that has more than random bits there
    /// is none: that is a compile error.
    #[must_use]
    pub const fn from(random: R) -> Self {
        let () = Self::IS_RANDOM;
        Self { random, of: PhantomData }
    }
}

impl<S: IdScheme, R: RandomSource> Drawn<S, R> {
    #[inline]
    fn draw<I>(&self, out: &mut [I], wrap: impl Fn(Id<S>) -> I) {
        let mut rest = &mut *out;
        self.random.pieces(rest.len(), &mut |words| {
            let (now, later) = core::mem::take(&mut rest).split_at_mut(words.len());
            for (slot, word) in now.iter_mut().zip(words) {
                *slot = wrap(Id::of_random(*word));
            }
            rest = later;
        });
    }
}

impl<S: IdScheme, R: RandomSource> Generator for Drawn<S, R> {
    type Scheme = S;

    #[inline]
    fn try_generate(&self) -> Result<Id<S>, Stall> {
        Ok(Id::of_random(self.random.word()))
    }

    #[inline]
    fn generate(&self) -> Result<Id<S>, GenerateError> {
        Ok(Id::of_random(self.random.word()))
    }

    #[inline]
    fn try_fill(&self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        self.draw(out, |id| id);
        Ok(out.len())
    }

    #[inline]
    fn fill(&self, out: &mut [Id<S>]) -> Result<(), FillError> {
        self.draw(out, |id| id);
        Ok(())
    }
}

impl<S: IdScheme, R: RandomSource> ErasedGenerator for Drawn<S, R> {
    fn scheme(&self) -> &Scheme {
        const { &Scheme::of::<S>() }
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        self.draw(out, Into::into);
        Ok(out.len())
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        self.draw(out, Into::into);
        Ok(())
    }

    fn generate_word(&self) -> Result<u128, GenerateError> {
        self.generate().map(Into::into)
    }
}

impl<S: IdScheme, R> fmt::Debug for Drawn<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drawn").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
