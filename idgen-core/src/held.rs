//! The window that a line holds: what was granted to it, and not taken away or lost by a fork.
//!
//! Architecture invariant: who finds an end here finds the start of the same window, or of a later
//! one; so a position at or past that start and before that end was granted to this line, whenever it
//! was claimed.

use crate::sequencer::Sequencer;
use crate::sync::{AtomicU64, ForkCell, Ordering};

/// The window in use, in positions.
#[derive(Debug)]
pub(crate) struct Held {
    /// First position after the window, 0 where there is none. Written by `grant` and `revoke`, read
    /// by every attempt. `grant` raises the sequencer first and stores this with release; who
    /// acquires it claims at or after the window's start. A fork sets it to 0 in the child, which so
    /// has no window, and whose copies of reserved runs belong to none.
    end: ForkCell,
    /// First position of the window that `end` is the end of, or of an earlier one that it prolongs.
    /// Raised by `grant` before it stores the end with release, so who acquires an end finds its
    /// start, or a later one: a position claimed before the line was moved over a gap is below it.
    start: AtomicU64,
    /// The highest end ever granted, so that no later window can overlap. Never lowered, not
    /// even by `revoke`. Claims of it are decided by a compare-exchange.
    granted: AtomicU64,
}

impl Held {
    /// No window.
    pub(crate) fn none() -> Self {
        Self { end: ForkCell::new(0), start: AtomicU64::new(0), granted: AtomicU64::new(0) }
    }

    /// The end of the window, 0 where there is none.
    #[inline(always)]
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// The start of the window whose end was read before this, or of a later one.
    #[inline(always)]
    pub(crate) fn start(&self) -> u64 {
        self.start.load(Ordering::Relaxed)
    }

    /// Takes the window of these positions, and moves the sequencer to its start unless it prolongs
    /// the one in use.
    ///
    /// # Errors
    /// If it starts before the end of one granted before, which is this.
    pub(crate) fn grant(&self, first: u64, past: u64, sequencer: &Sequencer) -> Result<(), u64> {
        self.granted.fetch_update(Ordering::AcqRel, Ordering::Acquire, |granted| {
            (granted <= first).then_some(past)
        })?;
        let prolonged =
            self.end.compare_exchange(first, past, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        if !prolonged {
            sequencer.raise(first);
            self.start.fetch_max(first, Ordering::Relaxed);
            // Of two grants at once the later window stays, whichever gets here first.
            self.end.fetch_max(past, Ordering::Release);
        }
        Ok(())
    }

    /// Takes the window away.
    pub(crate) fn revoke(&self) {
        self.end.store(0, Ordering::Release);
    }

    /// Gives back the window that a fork has taken.
    #[cfg(feature = "random")]
    pub(crate) fn restore(&self) {
        self.end.store(self.granted.load(Ordering::Acquire), Ordering::Release);
    }
}
