//! Generators: what turns a line of positions into ids.
//!
//! | generator | order | shared by | one id costs |
//! |---|---|---|---|
//! | [`Shared`] | strict: a later call has the greater id, whichever thread calls | `&self` | one atomic addition |
//! | [`Laned`] | within each thread | `&self` | a thread-local look-up |
//! | [`Lane`] | its own | `&mut self`, one owner | neither |
//! | [`Ticked`] | strict, for layouts whose positions are ticks | `&self` | one atomic addition |
//! | `Tailed` | strict | `&self` | an atomic addition, and random bits |
//! | `Monotonic` | its own | `&mut self`, one owner | an addition, and random bits once a tick |
//! | `SharedMonotonic` | strict | `&self` | the same, and holding the last id |
//! | `Drawn` | none | `&self` | random bits alone |
//!
//! `Tailed`, `Monotonic` and `Drawn` come with the feature `random`.
//!
//! All but the monotonic ones and `Drawn` draw from a [`Line`](crate::Line), so none repeats an id of
//! another on it. Batches take a whole run of positions at once and are filled at the speed of
//! memory.

mod build_error;
mod builder;
mod custom;
#[cfg(feature = "random")]
mod drawn;
mod engine;
mod erased;
mod lane;
#[cfg(feature = "std")]
mod laned;
#[cfg(feature = "random")]
mod monotonic;
mod patience;
mod shared;
#[cfg(feature = "random")]
mod shared_monotonic;
#[cfg(feature = "random")]
mod tailed;
mod ticked;

pub use build_error::BuildError;
pub use builder::{AtRunTime, Builder, Start};
pub use custom::Custom;
#[cfg(feature = "random")]
pub use drawn::Drawn;
pub use erased::ErasedGenerator;
pub use lane::Lane;
#[cfg(feature = "std")]
pub use laned::Laned;
#[cfg(feature = "random")]
pub use monotonic::Monotonic;
pub use patience::Patience;
pub use shared::Shared;
#[cfg(feature = "random")]
pub use shared_monotonic::SharedMonotonic;
#[cfg(feature = "random")]
pub use tailed::Tailed;
pub use ticked::Ticked;

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::{FillError, GenerateError, Id, IdScheme, Stall};

/// Ticks that a generator reads where nothing else is said.
#[cfg(feature = "std")]
pub type DefaultTicks = crate::clock::CachedTicks;

/// Ticks that a generator reads where nothing else is said: without std there are none, and a
/// clock must be given.
#[cfg(not(feature = "std"))]
#[derive(Clone, Copy, Debug)]
pub enum DefaultTicks {}

#[cfg(not(feature = "std"))]
impl crate::clock::Ticks for DefaultTicks {
    fn now(&self) -> u64 {
        match *self {}
    }

    fn wait_for(&self, _: u64, _: core::time::Duration) -> core::time::Duration {
        match *self {}
    }
}

/// Makes ids of one scheme, from any number of threads.
///
/// Every id that any method yields is distinct from every other of the same generator.
pub trait Generator: Send + Sync {
    /// The scheme of the ids.
    type Scheme: IdScheme;

    /// The next id, without waiting.
    ///
    /// # Errors
    /// Why there is none right now.
    fn try_generate(&self) -> Result<Id<Self::Scheme>, Stall>;

    /// The next id; waits for it up to the generator's limit.
    ///
    /// # Errors
    /// Why there was none in that time.
    fn generate(&self) -> Result<Id<Self::Scheme>, GenerateError>;

    /// The next id, or what `otherwise` makes of the reason that there is none right now: for generators
    /// around a generator. An id that goes by way of a result, next to all that may be wrong, is put into memory and read
    /// again, which costs them a quarter of what it took to make.
    ///
    /// # Errors
    /// Those of `otherwise`.
    #[inline(always)]
    fn generate_or<E>(
        &self,
        otherwise: impl FnOnce(Stall) -> Result<Id<Self::Scheme>, E>,
    ) -> Result<Id<Self::Scheme>, E>
    where
        Self: Sized,
    {
        match self.try_generate() {
            Ok(id) => Ok(id),
            Err(stall) => otherwise(stall),
        }
    }

    /// Fills the front of `out` from one reservation, in increasing order, without waiting, and
    /// says how many ids there are: at least one, unless `out` is empty.
    ///
    /// # Errors
    /// Why there is not one right now.
    fn try_fill(&self, out: &mut [Id<Self::Scheme>]) -> Result<usize, Stall>;

    /// Fills `out` in increasing order: from one reservation where the line has that many ids, and
    /// from several, waiting up to the generator's limit, where it has not.
    ///
    /// # Errors
    /// Why the rest could not be had in that time, and how many ids were.
    fn fill(&self, out: &mut [Id<Self::Scheme>]) -> Result<(), FillError>;

    /// A batch of `count` ids, as [`fill`](Self::fill) makes them.
    ///
    /// # Errors
    /// Why the batch could not be completed; its ids are lost. To keep them, use `fill`.
    #[cfg(feature = "alloc")]
    fn generate_batch(&self, count: usize) -> Result<Vec<Id<Self::Scheme>>, FillError> {
        let mut batch = alloc::vec![Id::dressed(Default::default()); count];
        self.fill(&mut batch).map(|()| batch)
    }
}
