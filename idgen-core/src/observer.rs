//! What a generator tells whoever wants to know.

use crate::Stall;

/// Sees what a generator does. Every method does nothing unless it is written.
///
/// Methods are called on the thread that generates, so they must be quick and must not generate.
/// An observer that is never asked for costs nothing: [`Silent`] is known to the compiler.
pub trait Observer: Send + Sync {
    /// Whether the generator should look for anything to tell.
    const ACTIVE: bool = true;

    /// This many positions were reserved: 1 for a single id, more for a batch or a lane's run.
    fn issued(&self, count: u64) {
        let _ = count;
    }

    /// An attempt to generate failed, and why.
    fn stalled(&self, stall: &Stall) {
        let _ = stall;
    }

    /// The clock read `now`, which is before `last`, a tick it had read earlier. Told once for
    /// each drop.
    fn regressed(&self, now: u64, last: u64) {
        let _ = (now, last);
    }

    /// An id was issued that carries a tick this many ticks after the clock's: the sequence was
    /// exhausted, or the clock regressed.
    fn borrowed(&self, ticks: u64) {
        let _ = ticks;
    }
}

/// Observes nothing, at no cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    const ACTIVE: bool = false;
}

impl<O: Observer + ?Sized> Observer for &O {
    const ACTIVE: bool = O::ACTIVE;

    fn issued(&self, count: u64) {
        (**self).issued(count);
    }

    fn stalled(&self, stall: &Stall) {
        (**self).stalled(stall);
    }

    fn regressed(&self, now: u64, last: u64) {
        (**self).regressed(now, last);
    }

    fn borrowed(&self, ticks: u64) {
        (**self).borrowed(ticks);
    }
}

#[cfg(feature = "alloc")]
impl<O: Observer> Observer for alloc::sync::Arc<O> {
    const ACTIVE: bool = O::ACTIVE;

    fn issued(&self, count: u64) {
        (**self).issued(count);
    }

    fn stalled(&self, stall: &Stall) {
        (**self).stalled(stall);
    }

    fn regressed(&self, now: u64, last: u64) {
        (**self).regressed(now, last);
    }

    fn borrowed(&self, ticks: u64) {
        (**self).borrowed(ticks);
    }
}
