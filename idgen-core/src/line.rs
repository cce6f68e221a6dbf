//! A line of positions: a sequencer with its floor and its horizon.
//!
//! The floor is the tick that the clock shows. The horizon is the smallest of the floor plus the
//! allowed drift, the end of the granted window, and the end of the layout. One comparison with
//! it decides everything: an exhausted sequence, a clock that stepped back, a window that ended
//! while the process was paused, a fork, the layout's last tick.

use crate::clock::Ticks;
use crate::held::Held;
use crate::layout::Axis;
use crate::observer::{Observer, Silent};
use crate::sequencer::{Run, Sequencer};
use crate::sync::{AtomicU64, Ordering};
use crate::{Stall, Window, WindowError};

/// After so many positions somebody looks at the clock itself, whatever a cached tick says: it
/// costs some 100 ns, and whoever needs it, because he keeps the ticker from running, makes as many
/// in a few microseconds.
pub(crate) const IDS_A_LOOK: u64 = 1_024;

/// So many at once are a batch.
const BATCH: u64 = 64;

/// A line of positions that any number of threads draw from.
///
/// | what happens | what the line does |
/// |---|---|
/// | the sequence of a tick is exhausted | goes on in the next tick, up to the allowed drift; then [`Stall::SequenceExhausted`] |
/// | the clock regresses | goes on from its last position, up to the drift; then [`Stall::ClockRegressed`] |
/// | the window ends, or is taken away | [`Stall::WindowEnded`] |
/// | the process forks | the child has no window: [`Stall::WindowEnded`], until it is granted one of its own |
/// | the layout's last tick is used up | [`Stall::LayoutEnded`], for good |
/// | polled while stalled | stays where it is |
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::clock::{ClockTicks, ScriptedClock};
/// use idgen_core::layout::{Dressing, Layout};
/// use idgen_core::{Line, Stall, Timebase, UnixTime, Window};
///
/// let layout: Layout = "41:10:12".parse()?;
/// let base = Timebase::new(UnixTime::EPOCH, Duration::from_millis(1));
/// let clock = ScriptedClock::at(UnixTime::from_millis(1_000));
/// let axis = Dressing::<u64>::new(&layout, 7, 0)?.axis();
///
/// let line = Line::new(axis, ClockTicks::new(&clock, base), 10);
/// assert_eq!(line.take(), Err(Stall::WindowEnded { now: 1_000, end: 0 }));
/// line.grant(Window::new(1_000, 2_000)?)?;
/// assert_eq!(line.take(), Ok(1_000 * 4_096));
/// assert_eq!(line.take(), Ok(1_000 * 4_096 + 1));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Line<T, O = Silent> {
    sequencer: Sequencer,
    held: Held,
    /// The latest tick that the clock has shown to an attempt off the usual path, at each look at it
    /// and at each stall. Tells a regression from an exhausted sequence; nothing else rests on it,
    /// so relaxed ordering is enough.
    latest: AtomicU64,
    /// The tick for which `near` was worked out. Written by attempts off the usual path, after they
    /// have raised the line to its floor; who finds the present tick here knows that a position
    /// claimed meanwhile is not older. Freshness alone rests on it, so relaxed ordering is enough.
    seen: AtomicU64,
    /// The first position that the usual path may not issue: past the drift from `seen`, or one at
    /// which somebody looks at the clock. Written just before `seen`, by the same. Of two threads at
    /// once each may leave one of the two: then the drift counts from a tick that the clock has shown
    /// all the same. Whether a position is this line's at all is the window's matter; so relaxed
    /// ordering is enough.
    near: AtomicU64,
    /// The tick that the clock showed last. Only kept where somebody observes.
    shown: AtomicU64,
    axis: Axis,
    /// How many ticks may be issued in, the clock's own among them: one more than the drift.
    reach: u64,
    ticks: T,
    observer: O,
}

/// What one attempt has to keep to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    now: u64,
    /// First position worth issuing, and in the window.
    pub(crate) floor: u64,
    pub(crate) horizon: u64,
    /// The window's end that went into the horizon: it tells one window from another.
    end: u64,
}

/// What bounds are made of: as long as it stays the same, so do they.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) now: u64,
    /// End of the window.
    pub(crate) end: u64,
}

impl<T: Ticks> Line<T> {
    /// A line without a window: nothing is issued before [`grant`](Self::grant).
    ///
    /// `max_drift` is how many ticks after the clock's may be issued, 0 for none.
    pub fn new(axis: Axis, ticks: T, max_drift: u64) -> Self {
        Self::observed(axis, ticks, max_drift, Silent)
    }
}

impl<T: Ticks, O: Observer> Line<T, O> {
    /// A line without a window that tells an observer what it does.
    pub fn observed(axis: Axis, ticks: T, max_drift: u64, observer: O) -> Self {
        Self {
            sequencer: Sequencer::new(),
            held: Held::none(),
            latest: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            near: AtomicU64::new(0),
            shown: AtomicU64::new(0),
            axis,
            reach: max_drift.saturating_add(1),
            ticks,
            observer,
        }
    }

    /// Grants a window, which must start at or after the end of the one before.
    ///
    /// A window that starts where the one in use ends prolongs it. Any other makes the line go on
    /// from its start, and what is left of the one before is skipped.
    ///
    /// # Errors
    /// If the window overlaps one granted before, or lies past the layout's end.
    pub fn grant(&self, window: Window) -> Result<(), WindowError> {
        let (start, end) = (window.start(), window.end());
        let first = self.axis.first_of(start);
        let past = self.axis.first_of(end);
        if first >= past {
            return Err(WindowError::PastEnd { start, end, last: self.axis.end_tick() - 1 });
        }
        self.held.grant(first, past, &self.sequencer).map_err(|granted| {
            let granted = self.axis.tick_of(granted);
            WindowError::Overlap { start, end, granted }
        })
    }

    /// Takes the window away: nothing more of it is issued, and the next one granted must start
    /// after it.
    pub fn revoke(&self) {
        self.held.revoke();
    }

    /// Gives back the window that a fork has taken. Only for lines whose ids carry random bits
    /// besides: the parent goes on with the same window.
    #[cfg(feature = "random")]
    pub(crate) fn restore(&self) {
        self.held.restore();
    }

    /// Claims the next position.
    ///
    /// # Errors
    /// Why there is none right now.
    #[inline(always)]
    pub fn take(&self) -> Result<u64, Stall> {
        // The claim goes first. What decides whether it is issued is read meanwhile: an atomic
        // addition waits for all that comes before it.
        match self.sequencer.claim() {
            Some(position) if self.permits(position) => {
                if O::ACTIVE {
                    let run = Run { start: position, end: position + 1 };
                    self.tell(self.seen.load(Ordering::Relaxed), run);
                }
                Ok(position)
            }
            missed => self.take_slowly(missed),
        }
    }

    /// Claims the next position of a line that the clock mostly runs ahead of, because its ticks
    /// are shorter than what an id takes: raising it is the usual path there.
    ///
    /// # Errors
    /// Why there is none right now.
    #[inline(always)]
    pub(crate) fn take_of_new_tick(&self) -> Result<u64, Stall> {
        let now = self.ticks.now();
        let Bounds { floor, horizon, .. } = self.bounds(now);
        match self.sequencer.reserve(floor, horizon, 1) {
            Some(run) => {
                self.note(now);
                self.tell(now, run);
                Ok(run.start)
            }
            None => self.reserve_slowly(now, 1).map(|run| run.start),
        }
    }

    /// Whether a position that was claimed may be issued: it is in the window, and between floor and
    /// horizon of the present tick.
    ///
    /// One look after the other, each at a number ready for use: the processor guesses that all of
    /// them go well, and waits for none. Put together into one, they wait for each other.
    #[inline(always)]
    fn permits(&self, position: u64) -> bool {
        position < self.held.end()
            && position >= self.held.start()
            && position < self.near.load(Ordering::Relaxed)
            && self.ticks.now() == self.seen.load(Ordering::Relaxed)
    }

    /// Deals with an attempt that came to nothing, at the beginning of a tick for one. It is handed
    /// no bounds but makes them again: where the usual path had to keep them in memory, its atomic
    /// addition would wait for the stores.
    #[cold]
    #[inline(never)]
    fn take_slowly(&self, claimed: Option<u64>) -> Result<u64, Stall> {
        if claimed.is_some_and(|position| position.is_multiple_of(IDS_A_LOOK)) {
            self.look();
        }
        let now = self.ticks.now();
        let bounds = self.bounds(now);
        match self.sequencer.settle(claimed, bounds.floor, bounds.horizon) {
            Some(position) => {
                self.note(now);
                self.see(now, position);
                self.tell(now, Run { start: position, end: position + 1 });
                Ok(position)
            }
            None => self.reserve_slowly(now, 1).map(|run| run.start),
        }
    }

    /// Lets the usual path go on from this position, issued at this tick: as far as the drift allows,
    /// and at most to where somebody is to look at the clock.
    fn see(&self, now: u64, position: u64) {
        let drift_end = self.axis.first_of(now.saturating_add(self.reach));
        let look = position - position % IDS_A_LOOK + IDS_A_LOOK;
        self.near.store(drift_end.min(look), Ordering::Relaxed);
        self.seen.store(now, Ordering::Relaxed);
    }

    /// Claims up to `want` neighbouring positions, at least one.
    ///
    /// # Errors
    /// Why there is not one right now.
    #[inline]
    pub fn reserve(&self, want: u64) -> Result<Run, Stall> {
        // Batches are made some sixteen times as fast as ids one by one.
        let every = if want < BATCH { IDS_A_LOOK } else { 16 * IDS_A_LOOK };
        if self.is_look_due(want, every) {
            self.look();
        }
        self.reserve_slowly(self.ticks.now(), want)
    }

    /// Whether one of the next `want` positions is one at which somebody looks at the clock, which is
    /// one in `every`.
    fn is_look_due(&self, want: u64, every: u64) -> bool {
        self.sequencer.next().wrapping_neg() % every < want
    }

    /// Looks at the clock if one of the next `want` positions says so.
    pub(crate) fn look_in(&self, want: u64) {
        if self.is_look_due(want, IDS_A_LOOK) {
            self.look();
        }
    }

    /// Claims positions within the bounds or, where there are none, by the clock itself: a
    /// cached tick may be old.
    pub(crate) fn reserve_slowly(&self, now: u64, want: u64) -> Result<Run, Stall> {
        self.note(now);
        let bounds = self.bounds(now);
        if let Some(run) = self.sequencer.reserve(bounds.floor, bounds.horizon, want) {
            self.tell(now, run);
            return Ok(run);
        }
        // Without a window no clock helps: a child of fork should not pay for reading it.
        if bounds.end == 0 {
            return Err(self.stalled(&bounds));
        }
        let now = self.ticks.read();
        self.note(now);
        let bounds = self.bounds(now);
        if let Some(run) = self.sequencer.reserve(bounds.floor, bounds.horizon, want) {
            self.tell(now, run);
            return Ok(run);
        }
        Err(self.stalled(&bounds))
    }

    fn stalled(&self, bounds: &Bounds) -> Stall {
        let stall = self.why_stalled(bounds);
        if O::ACTIVE {
            self.observer.stalled(&stall);
        }
        stall
    }

    /// Makes the line go on after this position, which another line has reached: a logical clock
    /// that hears of a later time.
    ///
    /// It permits nothing: if the position is at or past the horizon, the line stalls there until
    /// the horizon has moved. Raising the line over positions leaves them unissued.
    ///
    /// # Errors
    /// If the position is past the layout's end.
    pub fn observe(&self, position: u64) -> Result<(), WindowError> {
        if position >= self.axis.end() {
            let (start, last) = (self.axis.tick_of(position), self.axis.end_tick() - 1);
            return Err(WindowError::PastEnd { start, end: start.saturating_add(1), last });
        }
        self.sequencer.raise(position + 1);
        Ok(())
    }

    /// The position after the last one claimed or skipped: none at or past it has been issued.
    /// Exact where nobody else is drawing from the line; elsewhere it may be old by then.
    pub fn next(&self) -> u64 {
        self.sequencer.next()
    }

    /// How many ticks after the clock's may be issued.
    pub const fn max_drift(&self) -> u64 {
        self.reach - 1
    }

    /// How positions are made of ticks and sequence numbers.
    pub const fn axis(&self) -> Axis {
        self.axis
    }

    /// Where the line reads its ticks.
    pub const fn ticks(&self) -> &T {
        &self.ticks
    }

    /// Who is told what the line does.
    pub const fn observer(&self) -> &O {
        &self.observer
    }

    /// What the bounds of this moment are made of.
    #[inline(always)]
    pub(crate) fn seen(&self) -> Seen {
        Seen { now: self.ticks.now(), end: self.held.end() }
    }

    #[inline]
    fn bounds(&self, now: u64) -> Bounds {
        let end = self.held.end();
        self.bounds_of(Seen { now, end })
    }

    #[inline]
    pub(crate) fn bounds_of(&self, Seen { now, end }: Seen) -> Bounds {
        // Loaded after the end that the caller has acquired: it is that window's, or a later one's.
        let start = self.held.start();
        let floor = self.axis.first_of(now).saturating_add(self.ticks.skip(now));
        let horizon = end.min(self.axis.first_of(now.saturating_add(self.reach)));
        Bounds { now, floor: floor.max(start), horizon, end }
    }

    fn why_stalled(&self, bounds: &Bounds) -> Stall {
        let now = bounds.now;
        let latest = self.latest.load(Ordering::Relaxed);
        let next = self.sequencer.next().max(bounds.floor);
        if next >= self.axis.end() {
            return Stall::LayoutEnded { now, last: self.axis.end_tick() - 1 };
        }
        if next >= bounds.end {
            return Stall::WindowEnded { now, end: self.axis.tick_of(bounds.end) };
        }
        // The first tick whose reach goes past `next`.
        let retry = self.axis.tick_of(next).saturating_sub(self.max_drift());
        if now < latest {
            Stall::ClockRegressed { now, last: latest, retry }
        } else {
            let last = self.axis.tick_of(next.saturating_sub(1));
            Stall::SequenceExhausted { now, last, retry }
        }
    }

    /// Looks at the clock itself, so that ids stay fresh where the ticker does not get to run: on a
    /// machine with more to do than it has processors.
    #[cold]
    #[inline(never)]
    fn look(&self) {
        self.note(self.ticks.read());
    }

    /// Remembers the latest tick that the clock has shown. Of two threads at once either may be
    /// the last to say: they have seen nearly the same.
    #[inline]
    fn note(&self, now: u64) {
        if self.latest.load(Ordering::Relaxed) < now {
            self.latest.store(now, Ordering::Relaxed);
        }
    }

    /// Tells the observer what was issued. Compiled away where nobody observes.
    #[inline]
    fn tell(&self, now: u64, run: Run) {
        if O::ACTIVE {
            let last = self.shown.swap(now, Ordering::Relaxed);
            if now < last {
                self.observer.regressed(now, last);
            }
            let ahead = self.axis.tick_of(run.end - 1).saturating_sub(now);
            if ahead > 0 {
                self.observer.borrowed(ahead);
            }
            self.observer.issued(run.len());
        }
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests;
