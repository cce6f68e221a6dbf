//! Generators of schemes that are only known at run time.

use super::ErasedGenerator;
use super::engine::Engine;
use crate::clock::Ticks;
use crate::observer::{Observer, Silent};
use crate::{FillError, GenerateError, Line, Scheme, Stall, Windowed, Word};

/// A shared generator of a scheme that was read from a configuration: the same engine as
/// [`Shared`](super::Shared), with the same promises.
///
/// `W` is `u64` or `u128`, as wide as the scheme's layout.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::generator::{Builder, ErasedGenerator};
/// use idgen_core::{Name, Scheme, Timebase, UnixTime, text::Form};
///
/// let scheme = Scheme {
///     name: Name::new("mine"),
///     layout: "tick=41:region(node)=3:worker=7:sequence=12".parse()?,
///     timebase: Some(Timebase::new(UnixTime::from_seconds(1_700_000_000), Duration::from_millis(1))),
///     text: Form::Base62,
/// };
/// let ids = Builder::of(scheme).node(1_023).erased()?;
/// let word = ids.generate_word()?;
/// assert_eq!(scheme.layout.field("region").unwrap().of(word), 7);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Custom<W, T, O = Silent> {
    pub(super) engine: Engine<W, T, O>,
    pub(super) scheme: Scheme,
}

impl<W: Word, T: Ticks, O: Observer> Custom<W, T, O> {
    /// The line that the ids are positions of: to grant windows to, or to revoke them.
    #[must_use]
    pub fn line(&self) -> &Line<T, O> {
        &self.engine.line
    }
}

impl<W: Word, T: Ticks, O: Observer> ErasedGenerator for Custom<W, T, O> {
    fn scheme(&self) -> &Scheme {
        &self.scheme
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
        self.engine.word().map(Into::into)
    }
}
