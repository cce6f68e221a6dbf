//! Waiting for an id, up to a bound.

use core::time::Duration;

use crate::clock::Ticks;
use crate::{FillError, GenerateError, Name, Stall};

/// How often a generator looks for a new window while it waits for one.
const WINDOW_POLL: Duration = Duration::from_millis(1);

/// How a generator waits. No lock is held while it does.
#[derive(Debug)]
pub(super) struct Patience<'a, T> {
    pub(super) ticks: &'a T,
    /// How long, in all.
    pub(super) max_wait: Duration,
    pub(super) scheme: Name,
}

impl<T: Ticks> Patience<'_, T> {
    /// Fills `out` by attempts that each fill a part, and waits between them where it must.
    #[inline]
    pub(super) fn fill<I>(
        &self,
        out: &mut [I],
        attempt: impl Fn(&mut [I]) -> Result<usize, Stall>,
    ) -> Result<(), FillError> {
        let mut filled = 0;
        while filled < out.len() {
            filled += match attempt(&mut out[filled..]) {
                Ok(len) => len,
                Err(stall) => self
                    .until(stall, || attempt(&mut out[filled..]))
                    .map_err(|error| FillError::new(filled, out.len(), error))?,
            };
        }
        Ok(())
    }

    /// Waits and tries again, until it works or the bound on waits is reached.
    #[cold]
    pub(super) fn until<R>(
        &self,
        mut stall: Stall,
        mut attempt: impl FnMut() -> Result<R, Stall>,
    ) -> Result<R, GenerateError> {
        let mut waited = Duration::ZERO;
        loop {
            let left = self.max_wait.saturating_sub(waited);
            if left.is_zero() || matches!(stall, Stall::LayoutEnded { .. }) {
                return Err(GenerateError::from_stall(self.scheme, stall, waited));
            }
            waited += match stall.retry_tick() {
                Some(tick) => self.ticks.wait_for(tick, left),
                None => self.ticks.wait_for(u64::MAX, left.min(WINDOW_POLL)),
            };
            match attempt() {
                Ok(made) => return Ok(made),
                Err(again) => stall = again,
            }
        }
    }
}
