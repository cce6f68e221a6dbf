//! The generator whose windows are leased.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use idgen_core::clock::Ticks;
use idgen_core::generator::{ErasedGenerator, Generator, Patience};
use idgen_core::{FillError, GenerateError, Id, Scheme, Stall};
use idgen_fork::generation;

use crate::keeper::Tenancy;
use crate::{Block, Health};

/// How often a stalled generator looks whether another link has taken over, as in a child of fork.
const POLL: Duration = Duration::from_millis(1);

/// A generator with a leased node id, whose windows are renewed ahead of use.
///
/// It makes ids as the generator inside does, at the same cost: the window's end is part of the one
/// comparison that every line makes. While renewing fails, ids go on to the window's end; then it stalls,
/// and goes on when renewing works again. [`health`](Self::health) tells, and so does the error.
///
/// A child of fork issues nothing of its parent's window: it takes a node id of its own, or errs if it was
/// told to have a certain one.
///
/// Clones are the same generator, for threads to have at hand: one behind an `Arc` costs each id a pointer more to follow. The
/// lease ends when the last of them is dropped, or any is [abandoned](Self::abandon).
///
/// Dropping the last one gives back what was not issued. That is written to the disk by a thread of its own, which is waited
/// for one second at most: of a disk that hangs the thread stays, holds the node id until the disk is done or the process ends,
/// and the generator's owner goes on. A lease [without a keeper](crate::Lease::without_keeper) starts no thread, and
/// waits for the disk as long as that takes.
pub struct Leased<G: ErasedGenerator + 'static> {
    tenancy: Arc<Tenancy<G>>,
    /// What all clones have in common, and drop once.
    end: Arc<End<G>>,
}

/// Ends the lease when it is dropped.
struct End<G: ErasedGenerator + 'static>(Arc<Tenancy<G>>);

impl<G: ErasedGenerator + 'static> Leased<G> {
    pub(crate) fn new(tenancy: Arc<Tenancy<G>>) -> Self {
        let end = Arc::new(End(Arc::clone(&tenancy)));
        Self { tenancy, end }
    }

    /// The block of node ids that is held, and its term; `None` where there is none right now. It waits for nothing.
    #[must_use]
    pub fn held(&self) -> Option<(Block, u64)> {
        let link = self.tenancy.last();
        // A child's copy of the hold is its parent's.
        if link.born == generation() { link.held() } else { None }
    }

    /// Whether renewing works.
    #[must_use]
    pub fn health(&self) -> Health {
        self.tenancy.health()
    }

    /// Tick after the last that may be issued as things are.
    #[must_use]
    pub fn window_end(&self) -> u64 {
        self.tenancy.last().end()
    }

    /// Does what the keeper thread does each time it wakes: renews the window if half of it is used up.
    /// For leases that were started without a keeper.
    pub fn keep(&self) {
        self.tenancy.keep();
    }

    /// What a child of fork finds in its memory, for simulations, which cannot fork: the generator as far as it is,
    /// without a window, and the lease, in a process that looks at its store like this. `None` where no node
    /// id is held.
    ///
    /// # Errors
    /// If the generator cannot be built a second time.
    #[cfg(feature = "simulation")]
    pub fn forked(
        &self,
        store: impl crate::Store + 'static,
    ) -> Option<Result<Self, crate::LeaseError>> {
        Some(self.tenancy.forked(Arc::new(store))?.map(Self::new))
    }

    /// Ends the lease without giving anything back, as a crash does: the node id is free at once, and the
    /// rest of its window is wasted. For those who are not sure that nobody else is still generating: clones get no
    /// more ids. If the disk is in the middle of a renewal it is waited for, as when the generator is dropped.
    pub fn abandon(self) {
        self.tenancy.abandon();
    }

    /// Tries the links in turn: the first, which is all there is in a process that was not forked and
    /// lost nothing, or those after it.
    #[cold]
    fn further<R>(
        &self,
        stall: Stall,
        attempt: impl Fn(&G) -> Result<R, Stall>,
    ) -> Result<R, Stall> {
        if !matches!(stall, Stall::WindowEnded { .. }) {
            return Err(stall);
        }
        let (mut link, mut stall) = (&self.tenancy.first, stall);
        while let Some(next) = link.next.get() {
            match attempt(&next.generator) {
                // The last one's is what is waited for.
                Err(ended @ Stall::WindowEnded { .. }) => (link, stall) = (next, ended),
                tried => return tried,
            }
        }
        if self.tenancy.lease.kept {
            // If the operating system starts no thread, the next attempt asks again.
            let _ = self.tenancy.start_keeper();
            // A store in trouble is not asked more often for being waited for.
            if self.health().is_good() {
                self.tenancy.wake();
            }
        }
        Err(stall)
    }

    #[cold]
    #[inline(never)]
    fn generate_further(&self, stall: Stall) -> Result<Id<G::Scheme>, GenerateError>
    where
        G: Generator,
    {
        match self.further(stall, G::try_generate) {
            Ok(id) => Ok(id),
            Err(stall) => self.wait(stall, || self.try_generate()),
        }
    }

    /// Waits until an attempt works, or the bound on waits is reached.
    #[cold]
    fn wait<R>(
        &self,
        stall: Stall,
        attempt: impl Fn() -> Result<R, Stall>,
    ) -> Result<R, GenerateError> {
        let ticks = LastLine(&self.tenancy);
        self.patience(&ticks).until(stall, attempt).map_err(|error| self.explained(error))
    }

    /// Fills the rest of `out`, of which so many are there.
    #[cold]
    #[inline(never)]
    fn fill_from(&self, filled: usize, out: &mut [Id<G::Scheme>]) -> Result<(), FillError>
    where
        G: Generator,
    {
        let (_, rest) = out.split_at_mut(filled);
        self.fill_all(rest, |rest| self.try_fill(rest))
            .map_err(|failed| FillError::new(filled + failed.filled, out.len(), failed.error))
    }

    /// Fills `out` by attempts that each fill a part, and waits between them where it must.
    fn fill_all<I>(
        &self,
        out: &mut [I],
        attempt: impl Fn(&mut [I]) -> Result<usize, Stall>,
    ) -> Result<(), FillError> {
        let ticks = LastLine(&self.tenancy);
        self.patience(&ticks).fill(out, attempt).map_err(
            |FillError { filled, asked, error, .. }| {
                FillError::new(filled, asked, self.explained(error))
            },
        )
    }

    fn patience<'a>(&self, ticks: &'a LastLine<'a, G>) -> Patience<'a, LastLine<'a, G>> {
        Patience::new(ticks, self.tenancy.lease.max_wait(), self.scheme().name)
    }

    /// The error, with what the store says.
    fn explained(&self, error: GenerateError) -> GenerateError {
        match (error, self.health().error()) {
            (GenerateError::WindowEnded(error), Some(why)) => error.because(why.in_short()).into(),
            (error, _) => error,
        }
    }

    fn try_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        match self.tenancy.first.generator.try_fill_words(out) {
            Ok(len) => Ok(len),
            Err(stall) => {
                let cell = std::cell::RefCell::new(out);
                self.further(stall, |ids| ids.try_fill_words(&mut cell.borrow_mut()))
            }
        }
    }
}

/// The ticks of the link that issues ids in this process, or did last. Whatever is waited for, another may take
/// over meanwhile: each wait is short.
struct LastLine<'a, G>(&'a Tenancy<G>);

impl<G: ErasedGenerator + 'static> Ticks for LastLine<'_, G> {
    fn now(&self) -> u64 {
        self.0.last().line().now()
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        self.0.last().line().wait_for(tick, at_most.min(POLL))
    }
}

impl<G: Generator + ErasedGenerator + 'static> Generator for Leased<G> {
    type Scheme = G::Scheme;

    #[inline]
    fn try_generate(&self) -> Result<Id<G::Scheme>, Stall> {
        self.tenancy.first.generator.generate_or(|stall| self.further(stall, G::try_generate))
    }

    #[inline]
    fn generate(&self) -> Result<Id<G::Scheme>, GenerateError> {
        self.tenancy.first.generator.generate_or(|stall| self.generate_further(stall))
    }

    #[inline]
    fn try_fill(&self, out: &mut [Id<G::Scheme>]) -> Result<usize, Stall> {
        match self.tenancy.first.generator.try_fill(out) {
            Ok(len) => Ok(len),
            Err(stall) => {
                let cell = std::cell::RefCell::new(out);
                self.further(stall, |ids| ids.try_fill(&mut cell.borrow_mut()))
            }
        }
    }

    #[inline]
    fn fill(&self, out: &mut [Id<G::Scheme>]) -> Result<(), FillError> {
        match self.tenancy.first.generator.try_fill(out) {
            Ok(len) if len == out.len() => Ok(()),
            Ok(len) => self.fill_from(len, out),
            Err(_) => self.fill_from(0, out),
        }
    }
}

impl<G: ErasedGenerator + 'static> ErasedGenerator for Leased<G> {
    fn scheme(&self) -> &Scheme {
        self.tenancy.first.generator.scheme()
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        self.try_words(out)
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        self.fill_all(out, |rest| self.try_words(rest))
    }

    fn generate_word(&self) -> Result<u128, GenerateError> {
        let attempt = || {
            let mut word = [0];
            self.try_words(&mut word).map(|_| word[0])
        };
        match attempt() {
            Ok(word) => Ok(word),
            Err(stall) => self.wait(stall, attempt),
        }
    }
}

impl<G: ErasedGenerator + 'static> Clone for Leased<G> {
    fn clone(&self) -> Self {
        Self { tenancy: Arc::clone(&self.tenancy), end: Arc::clone(&self.end) }
    }
}

impl<G: ErasedGenerator + 'static> Drop for End<G> {
    fn drop(&mut self) {
        self.0.end();
        self.0.give_back();
    }
}

impl<G: ErasedGenerator + 'static> fmt::Debug for Leased<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased").field("lease", &self.tenancy.lease).finish_non_exhaustive()
    }
}
