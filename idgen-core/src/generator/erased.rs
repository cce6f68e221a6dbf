//! Generators without their types: for programs that choose a scheme at run time.

use super::{Generator, Shared};
use crate::clock::Ticks;
use crate::observer::Observer;
use crate::{FillError, GenerateError, IdScheme, Scheme, Stall, Windowed};

#[cfg(feature = "std")]
use super::Laned;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;

/// A generator of any scheme behind one object, with its ids as `u128` words.
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
/// use idgen_core::generator::{ErasedGenerator, Shared};
///
/// let ids: Box<dyn ErasedGenerator> = Box::new(Shared::<Snowflake>::builder().node(7).shared()?);
/// let mut words = [0; 100];
/// ids.fill_words(&mut words)?;
/// assert_eq!(ids.scheme().layout.unpack(words[99]).node, 7);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub trait ErasedGenerator: Send + Sync {
    /// The scheme of the ids.
    fn scheme(&self) -> &Scheme;

    /// Fills the front of `out` from one reservation without waiting, and says how many words
    /// there are: at least one, unless `out` is empty.
    ///
    /// # Errors
    /// Why there is not one right now.
    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall>;

    /// Fills `out`, waiting up to the generator's limit.
    ///
    /// # Errors
    /// Why the rest could not be had in that time, and how many words were.
    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError>;

    /// The line that the ids are positions of, where windows can be granted to it; `None` where
    /// random bits keep the ids apart.
    fn windowed(&self) -> Option<&dyn Windowed> {
        None
    }

    /// The next word; waits for it up to the generator's limit.
    ///
    /// # Errors
    /// Why there was none in that time.
    fn generate_word(&self) -> Result<u128, GenerateError> {
        let mut word = [0];
        self.fill_words(&mut word).map_err(|failed| failed.error)?;
        Ok(word[0])
    }
}

impl<S: IdScheme, T: Ticks, O: Observer> ErasedGenerator for Shared<S, T, O> {
    fn scheme(&self) -> &Scheme {
        const { &Scheme::of::<S>() }
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        self.engine.try_fill(out, Into::into)
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        self.engine.fill(out, |rest| self.engine.try_fill(rest, Into::into))
    }

    fn windowed(&self) -> Option<&dyn Windowed> {
        Some(self.line())
    }

    fn generate_word(&self) -> Result<u128, GenerateError> {
        self.generate().map(Into::into)
    }
}

#[cfg(feature = "std")]
impl<S: IdScheme, T: Ticks, O: Observer> ErasedGenerator for Laned<S, T, O> {
    fn scheme(&self) -> &Scheme {
        const { &Scheme::of::<S>() }
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        self.forget_lane();
        self.shared.try_fill_words(out)
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        self.forget_lane();
        self.shared.fill_words(out)
    }

    fn windowed(&self) -> Option<&dyn Windowed> {
        Some(self.line())
    }

    fn generate_word(&self) -> Result<u128, GenerateError> {
        self.generate().map(Into::into)
    }
}

#[cfg(feature = "alloc")]
impl<G: ErasedGenerator + ?Sized> ErasedGenerator for Box<G> {
    fn scheme(&self) -> &Scheme {
        (**self).scheme()
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        (**self).try_fill_words(out)
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        (**self).fill_words(out)
    }

    fn windowed(&self) -> Option<&dyn Windowed> {
        (**self).windowed()
    }

    fn generate_word(&self) -> Result<u128, GenerateError> {
        (**self).generate_word()
    }
}
