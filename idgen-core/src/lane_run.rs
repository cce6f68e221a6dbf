//! A private run of positions: what a lane has reserved and not issued yet.

use crate::Stall;
use crate::clock::Ticks;
use crate::line::{Line, Seen};
use crate::observer::Observer;

/// One owner's private run of positions, to be issued without an atomic operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneRun {
    /// The next position.
    start: u64,
    /// Where it ends as long as the line is seen as below: at the run's end or at the horizon, and
    /// at the beginning where the run is stale.
    until: u64,
    /// What the line was when `until` was found out. Its window is the one that the run belongs to:
    /// a later window has a later end, so a run never outlives its window, not when it is taken away,
    /// not in the child of a fork.
    seen: Seen,
    /// Position after the run's last.
    end: u64,
}

impl LaneRun {
    /// Nothing reserved.
    pub(crate) const EMPTY: Self =
        Self { start: 0, until: 0, seen: Seen { now: 0, end: 0 }, end: 0 };

    /// The next position of the run, if it is fresh, inside the horizon and in the window: by one
    /// look at what these are made of.
    #[inline]
    pub(crate) fn take(&mut self, seen: Seen) -> Option<u64> {
        let position = self.start;
        self.permits(position, seen).then(|| {
            self.start += 1;
            position
        })
    }

    /// The same of a position that its owner counts.
    #[inline(always)]
    pub(crate) fn permits(&self, position: u64, seen: Seen) -> bool {
        seen == self.seen && position < self.until
    }

    /// The run from this position on.
    #[cfg(feature = "std")]
    #[must_use]
    pub(crate) fn from(self, start: u64) -> Self {
        Self { start, ..self }
    }

    /// The next position of the run.
    #[cfg(feature = "std")]
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Makes the run end here, if it goes beyond, until the line is next looked at.
    pub(crate) fn stop_at(&mut self, position: u64) {
        self.until = self.until.min(position);
    }

    /// The next position of the run if it still stands, and otherwise the first of another one of up
    /// to `want` positions from the line.
    #[cold]
    pub(crate) fn refill<T: Ticks, O: Observer>(
        &mut self,
        line: &Line<T, O>,
        want: u64,
    ) -> Result<u64, Stall> {
        line.look_in(want);
        // Read before the claim: if a window is granted in between, the run is thrown away.
        let seen = line.seen();
        let window = self.seen.end;
        self.see(line, seen, window);
        if let Some(position) = self.take(seen) {
            return Ok(position);
        }
        let run = line.reserve_slowly(seen.now, want)?;
        (self.start, self.end) = (run.start + 1, run.end);
        self.see(line, line.seen(), seen.end);
        Ok(run.start)
    }

    /// Finds out how far the run of this window goes.
    fn see<T: Ticks, O: Observer>(&mut self, line: &Line<T, O>, seen: Seen, window: u64) {
        let bounds = line.bounds_of(seen);
        let stands = seen.end == window && bounds.floor <= self.start;
        self.until = if stands { self.end.min(bounds.horizon) } else { 0 };
        self.seen = Seen { now: seen.now, end: window };
    }
}
