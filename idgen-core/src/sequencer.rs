//! The sequencer: hands out each position of a line at most once.
//!
//! **Invariant:** a position below `next` has been claimed by exactly one call, or was skipped; no
//! position at or above `next` has been claimed. `next` never goes back over an issued position.
//! Uniqueness rests on this one atomic word, and on nothing else.

use crate::sync::{AtomicU64, Ordering, Padded};

/// A stretch of positions, `start` to `end - 1`, that belongs to whoever holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Run {
    /// First position of the run.
    pub start: u64,
    /// Position after the last.
    pub end: u64,
}

impl Run {
    /// How many positions the run has.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether the run has no position.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end <= self.start
    }
}

/// What a line does next: up to `want` positions from the first that is not claimed and not below
/// the floor, none of them at or past the horizon. `None` is a stall.
///
/// `next` is the position after the last one claimed. The whole engine is this function; the
/// rest makes it atomic.
///
/// # Example
/// ```
/// use idgen_core::sequencer::{Run, step};
///
/// assert_eq!(step(10, 0, 20, 1), Some(Run { start: 10, end: 11 }));
/// assert_eq!(step(10, 16, 20, 9), Some(Run { start: 16, end: 20 })); // fresh, and cut at the horizon
/// assert_eq!(step(20, 16, 20, 1), None);
/// ```
#[must_use]
#[inline]
pub const fn step(next: u64, floor: u64, horizon: u64, want: u64) -> Option<Run> {
    let start = if next > floor { next } else { floor };
    if start >= horizon || want == 0 {
        return None;
    }
    let room = horizon - start;
    Some(Run { start, end: start + if want < room { want } else { room } })
}

/// Hands out positions to any number of threads, each at most once, in growing order.
///
/// A failed attempt leaves the line where it is. (Of several threads that run into the horizon
/// in the same instant, each may skip one position; repeated attempts skip nothing more.)
///
/// # Example
/// ```
/// use idgen_core::sequencer::Sequencer;
///
/// let line = Sequencer::new();
/// assert_eq!(line.take(100, 102), Some(100));
/// assert_eq!(line.take(100, 102), Some(101));
/// assert_eq!(line.take(100, 102), None); // the horizon
/// assert_eq!(line.take(100, 103), Some(102)); // nothing was lost by asking
/// ```
#[derive(Debug)]
pub struct Sequencer {
    /// The position after the last one claimed. Written by every claim with an atomic
    /// read-modify-write; relaxed ordering is enough, because claims are ordered by the
    /// modification order of this one word, and a claim that happens after another reads a
    /// later value of it.
    next: Padded<AtomicU64>,
    /// Not 0 once an attempt has failed, until one succeeds: attempts then look before they claim,
    /// so that however many threads poll a stalled line, they do not push it. A hint that nothing
    /// else rests on: relaxed ordering.
    stalled: AtomicU64,
}

impl Sequencer {
    /// A sequencer that has claimed nothing: its line starts at position 0.
    #[must_use]
    pub fn new() -> Self {
        Self { next: Padded(AtomicU64::new(0)), stalled: AtomicU64::new(0) }
    }

    /// Claims one position at or above the floor and below the horizon, if there is one.
    ///
    /// One atomic addition, whoever else is claiming; what it got is looked at afterwards, so that
    /// the addition waits for nothing. Where it finds the first claim of a new tick, that is skipped
    /// and [`reserve`](Self::reserve) raises the line to the floor.
    ///
    /// The horizon must leave the last 2^32 positions of 64 bits alone, as
    /// [`Axis::end`](crate::layout::Axis::end) does, so that `next` cannot wrap.
    #[inline]
    pub fn take(&self, floor: u64, horizon: u64) -> Option<u64> {
        match self.claim() {
            Some(claimed) if claimed >= floor && claimed < horizon => Some(claimed),
            missed => self.settle(missed, floor, horizon),
        }
    }

    /// The next position, whatever it is: it belongs to the caller, who finds out whether it may be
    /// issued, and otherwise has it [settled](Self::settle). `None` where the line is stalled.
    #[inline]
    pub(crate) fn claim(&self) -> Option<u64> {
        let stalled = self.stalled.load(Ordering::Relaxed) != 0;
        (!stalled).then(|| self.next.0.fetch_add(1, Ordering::Relaxed))
    }

    /// Deals with a claim that was found too old, or past the horizon, and with a line that is
    /// stalled.
    #[cold]
    pub(crate) fn settle(&self, claimed: Option<u64>, floor: u64, horizon: u64) -> Option<u64> {
        // The bounds may have moved since the claim was looked at.
        if let Some(claimed) = claimed
            && (floor..horizon).contains(&claimed)
        {
            return Some(claimed);
        }
        // A newer tick has begun, perhaps: then the claim is skipped, and the line goes on from the
        // floor.
        if claimed.is_none_or(|claimed| claimed < floor)
            && let Some(run) = self.reserve(floor, horizon, 1)
        {
            if claimed.is_none() {
                self.stalled.store(0, Ordering::Relaxed);
            }
            return Some(run.start);
        }
        if let Some(claimed) = claimed {
            self.stalled.store(1, Ordering::Relaxed);
            // Gives the claim back, if nobody has claimed a later one. It was not issued, and no
            // position above it was claimed, so the invariant holds.
            let (next, ordering) = (claimed + 1, Ordering::Relaxed);
            _ = self.next.0.compare_exchange(next, claimed, ordering, ordering);
        }
        None
    }

    /// Claims up to `want` neighbouring positions at or above the floor and below the horizon.
    /// `None` where there is not one.
    #[inline]
    pub fn reserve(&self, floor: u64, horizon: u64, want: u64) -> Option<Run> {
        let mut next = self.next.0.load(Ordering::Relaxed);
        loop {
            let run = step(next, floor, horizon, want)?;
            match self.next.0.compare_exchange_weak(
                next,
                run.end,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(run),
                Err(changed) => next = changed,
            }
        }
    }

    /// Skips every position below `floor`.
    pub fn raise(&self, floor: u64) {
        self.next.0.fetch_max(floor, Ordering::Relaxed);
    }

    /// The position after the last one claimed, as far as this thread can tell.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next.0.load(Ordering::Relaxed)
    }
}

impl Default for Sequencer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One call on a sequencer.
    #[derive(Clone, Copy, Debug)]
    enum Call {
        Take { floor: u64, horizon: u64 },
        Reserve { floor: u64, horizon: u64, want: u64 },
        Raise { floor: u64 },
    }

    fn calls() -> impl Strategy<Value = Vec<Call>> {
        let at = 0..200_u64;
        let call =
            prop_oneof![
                (at.clone(), at.clone()).prop_map(|(floor, horizon)| Call::Take { floor, horizon }),
                (at.clone(), at.clone(), 0..20_u64)
                    .prop_map(|(floor, horizon, want)| Call::Reserve { floor, horizon, want }),
                at.prop_map(|floor| Call::Raise { floor }),
            ];
        proptest::collection::vec(call, 1..100)
    }

    proptest! {
        #[test]
        fn prop_a_step_stays_between_floor_and_horizon(
            next in any::<u64>(), floor in any::<u64>(), horizon in any::<u64>(), want in any::<u64>(),
        ) {
            match step(next, floor, horizon, want) {
                Some(run) => {
                    prop_assert_eq!(run.start, next.max(floor));
                    prop_assert!(run.start < run.end && run.end <= horizon && run.len() <= want);
                }
                None => prop_assert!(next.max(floor) >= horizon || want == 0),
            }
        }

        /// One thread's sequencer does what the pure step says, to the position: a failed
        /// attempt does not move it, and only a claim below a new floor skips.
        #[test]
        fn prop_the_sequencer_is_the_step_made_atomic(calls in calls()) {
            let line = Sequencer::new();
            let mut next = 0;
            for call in calls {
                match call {
                    Call::Take { floor, horizon } => {
                        let expected = step(next, floor, horizon, 1);
                        prop_assert_eq!(line.take(floor, horizon), expected.map(|run| run.start));
                        next = expected.map_or(next, |run| run.end);
                    }
                    Call::Reserve { floor, horizon, want } => {
                        let expected = step(next, floor, horizon, want);
                        prop_assert_eq!(line.reserve(floor, horizon, want), expected);
                        next = expected.map_or(next, |run| run.end);
                    }
                    Call::Raise { floor } => {
                        line.raise(floor);
                        next = next.max(floor);
                    }
                }
                prop_assert_eq!(line.next(), next, "a stalled attempt pushed the line");
            }
        }
    }

    #[test]
    fn polling_while_stalled_leaves_the_line_where_it_is() {
        let line = Sequencer::new();
        for floor in (10..20).cycle().take(100_000) {
            assert_eq!(line.take(floor, 10), None, "the clock is past the window");
        }
        assert_eq!(line.next(), 0);
        while line.take(0, 10).is_some() {}
        for horizon in (0..=10).cycle().take(100_000) {
            assert_eq!(line.take(0, horizon), None);
        }
        assert_eq!(line.next(), 10);
        assert_eq!(line.take(0, 11), Some(10));
    }
}
