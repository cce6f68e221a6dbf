//! The disciplined clock: the state machine over a clock, for any number of threads.

use core::fmt;
use core::time::Duration;

use super::discipline::{
    ClockCounts, ClockEvent, ClockHealth, ClockObserver, ClockState, Discipline, DisciplineError,
    DisciplineSettings, FRESH, Gap, OnAlert, Pace, Reading, Track, nanos,
};
use super::{Clock, NtpState};
use crate::UnixTime;
use crate::observer::Silent;
use crate::sync::{AtomicU64, ForkCell, Ordering};

/// Two readings of one instant are at most this far apart, or another try is made.
const SANDWICH: u64 = 100_000;

/// How often who is overtaken looks again whether somebody's step is done: some microseconds.
const LOOKS: u32 = if cfg!(loom) { 1 } else { 100 };

/// Monotonic time of what has not been done yet.
const NEVER: u64 = u64::MAX;

/// The guard's words. 0 is what a child of fork reads, and what a new clock begins with: what is
/// remembered cannot be trusted, and the machine starts anew.
const FREE: u64 = 1;
const TAKEN: u64 = 2;

/// A clock that follows another's wall time with [discipline](Discipline): it does not fall back
/// for more than a second, nor jump ahead for more than five.
///
/// A reading costs one of monotonic time and three loads. Every ten milliseconds one of the readers
/// looks at wall time as well, and until it has looked the others are shown what monotonic time
/// makes of the last look, up to ten milliseconds after it. That is where the next line begins or
/// later, so that times do not fall between threads either; and nobody waits for a thread that was
/// paused while it looked.
///
/// In a child of fork it starts anew, from wall time.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::UnixTime;
/// use idgen_core::clock::{Clock, ClockState, Disciplined, ScriptedClock};
///
/// let system = ScriptedClock::at(UnixTime::from_seconds(1_000_000));
/// let clock = Disciplined::new(&system);
/// system.advance(Duration::from_secs(1));
/// assert_eq!(clock.wall(), UnixTime::from_seconds(1_000_001));
///
/// system.set(UnixTime::from_seconds(2_000_000)); // a step of eleven days
/// system.advance(Duration::from_secs(1));
/// assert_eq!(clock.wall(), UnixTime::from_seconds(1_000_002));
/// let health = clock.health();
/// assert!(health.is_degraded());
/// assert_eq!(health.state, ClockState::Alert);
/// ```
pub struct Disciplined<C, O = Silent> {
    clock: C,
    observer: O,
    settings: DisciplineSettings,
    /// What the words count from: Unix time at monotonic time 0, when the clock was made.
    base: i128,
    /// Who holds it steps the machine, and alone writes the words of `track`. Taken with acquire
    /// and given back with release, so that each holder sees the words of the one before. Nobody
    /// waits for it. 0 in a child of fork, whatever it was in the parent.
    guard: ForkCell,
    track: Words,
    /// What the system said last of its clock, and monotonic time of asking. Written by the holder
    /// of the guard; relaxed, for each is only a number.
    ntp: AtomicU64,
    asked: AtomicU64,
    /// The latest Unix time known to have been issued, as nanoseconds from `base`, or 0. Raised by
    /// anybody, read by the holder of the guard; it stands for nothing else, so relaxed.
    issued: AtomicU64,
    /// Whether the operator says to follow past the alert threshold. As above.
    follow: AtomicU64,
    counts: Counts,
}

/// A [`Track`] that threads share. Without the guard, the line of the turn is read, and the turn
/// once more: its words are written again only in the turn after next, with release, so that who
/// acquires one of those sees that the turn has gone on.
#[derive(Debug, Default)]
struct Words {
    turn: AtomicU64,
    lines: [Line; 2],
    high: AtomicU64,
    state: AtomicU64,
    since: AtomicU64,
    gap: AtomicU64,
    drifting: AtomicU64,
}

/// The word of a [`Pace`], and monotonic time from which on it holds.
#[derive(Debug, Default)]
struct Line {
    pace: AtomicU64,
    at: AtomicU64,
}

/// Counters, written by the holder of the guard and read by anybody: relaxed.
#[derive(Debug, Default)]
struct Counts {
    small_regressions: AtomicU64,
    large_regressions: AtomicU64,
    skews: AtomicU64,
    alerts: AtomicU64,
    recoveries: AtomicU64,
    drifts: AtomicU64,
}

impl<C: Clock> Disciplined<C> {
    /// Follows this clock, with the default thresholds.
    pub fn new(clock: C) -> Self {
        Self::made(clock, DisciplineSettings::default(), Silent)
    }

    /// Follows this clock, with these thresholds.
    ///
    /// # Errors
    /// If they make no clock: see [`DisciplineSettings::check`].
    pub fn with(clock: C, settings: DisciplineSettings) -> Result<Self, DisciplineError> {
        Self::observed(clock, settings, Silent)
    }
}

impl<C: Clock, O: ClockObserver> Disciplined<C, O> {
    /// Follows this clock with these thresholds, and tells an observer what happens.
    ///
    /// # Errors
    /// If the thresholds make no clock: see [`DisciplineSettings::check`].
    pub fn observed(
        clock: C,
        settings: DisciplineSettings,
        observer: O,
    ) -> Result<Self, DisciplineError> {
        settings.check()?;
        Ok(Self::made(clock, settings, observer))
    }

    pub(super) fn made(clock: C, settings: DisciplineSettings, observer: O) -> Self {
        let base = clock.wall().as_nanos() - i128::from(nanos(clock.monotonic()));
        let made = Self {
            clock,
            observer,
            settings,
            base,
            guard: ForkCell::new(0),
            track: Words::default(),
            ntp: AtomicU64::new(NtpState::Unknown.word()),
            asked: AtomicU64::new(NEVER),
            issued: AtomicU64::new(0),
            follow: AtomicU64::new(u64::from(settings.on_alert == OnAlert::Follow)),
            counts: Counts::default(),
        };
        made.step();
        made
    }

    /// Says that ids of this time have been issued, by another process before this one: if wall
    /// time is far behind it, the clock goes on from there as after a regression.
    ///
    /// For whoever starts a generator from a record of what was issued. To go by the end of a
    /// window would be wrong: most of it may never have been. To go by when it was granted is right: the
    /// clock of its holder had come so far.
    pub fn go_on_from(&self, issued: UnixTime) {
        let nanos = (issued.as_nanos() - self.base).clamp(0, i64::MAX.into());
        self.issued.fetch_max(u64::try_from(nanos).unwrap_or(0), Ordering::Relaxed);
        self.step();
    }

    /// Decides what happens past the alert threshold, from now on: the operator's answer to a
    /// degraded clock.
    pub fn on_alert(&self, policy: OnAlert) {
        self.follow.store(u64::from(policy == OnAlert::Follow), Ordering::Relaxed);
        self.step();
    }

    /// How the clock is, as of a look at wall time at most ten milliseconds ago.
    pub fn health(&self) -> ClockHealth {
        self.line(nanos(self.clock.monotonic()));
        let relaxed = Ordering::Relaxed;
        ClockHealth {
            state: ClockState::of_word(self.track.state.load(relaxed)),
            gap: Gap::of_nanos(self.track.gap.load(relaxed).cast_signed().into()),
            ntp: NtpState::of_word(self.ntp.load(relaxed)),
            drifting: self.track.drifting.load(relaxed) != 0,
        }
    }

    /// How often each thing has happened.
    pub fn counts(&self) -> ClockCounts {
        let (counts, relaxed) = (&self.counts, Ordering::Relaxed);
        ClockCounts {
            small_regressions: counts.small_regressions.load(relaxed),
            large_regressions: counts.large_regressions.load(relaxed),
            skews: counts.skews.load(relaxed),
            alerts: counts.alerts.load(relaxed),
            recoveries: counts.recoveries.load(relaxed),
            drifts: counts.drifts.load(relaxed),
        }
    }

    /// Who is told what happens.
    pub const fn observer(&self) -> &O {
        &self.observer
    }

    /// The line at this monotonic time, and from when on it holds: if that is long ago, after a step.
    #[inline]
    fn line(&self, now: u64) -> (Pace, u64) {
        let (mut pace, mut at) = self.track.line();
        if now.saturating_sub(at) >= FRESH {
            (pace, at) = self.stepped(now);
        }
        (Pace::of_word(pace, self.base), at)
    }

    #[cold]
    fn stepped(&self, now: u64) -> (u64, u64) {
        self.step();
        let mut line = self.track.line();
        for _ in 0..LOOKS {
            if now.saturating_sub(line.1) < FRESH {
                break;
            }
            core::hint::spin_loop();
            line = self.track.line();
        }
        line
    }

    /// Steps the machine, unless another thread does.
    #[cold]
    fn step(&self) {
        let Some(held) = Held::of(&self.guard) else { return };
        let reading = self.read();
        let mut settings = self.settings;
        let follow = self.follow.load(Ordering::Relaxed) != 0;
        settings.on_alert = if follow { OnAlert::Follow } else { OnAlert::Hold };
        let (clock, events) = if held.anew {
            Discipline::start(settings, &reading)
        } else {
            let mut clock = Discipline::of(settings, self.track.load(self.base));
            let events = clock.step(&reading);
            (clock, events)
        };
        self.track.store(self.base, &clock.track());
        for event in events {
            self.count(&event);
        }
        drop(held);
        for event in events {
            self.observer.happened(event);
        }
    }

    /// Reads wall and monotonic time as of one instant, and now and then what the time service says.
    fn read(&self) -> Reading {
        let mut best = (u64::MAX, Duration::ZERO, UnixTime::EPOCH);
        for _ in 0..3 {
            let before = self.clock.monotonic();
            let wall = self.clock.wall();
            let apart = nanos(self.clock.monotonic().saturating_sub(before));
            if apart <= best.0 {
                best = (apart, before + Duration::from_nanos(apart / 2), wall);
            }
            if apart <= SANDWICH {
                break;
            }
        }
        let (_, monotonic, wall) = best;
        let issued = self.issued.load(Ordering::Relaxed);
        let issued = (issued > 0).then(|| UnixTime::from_nanos(self.base + i128::from(issued)));
        Reading { monotonic, wall, issued, ntp: self.ask(nanos(monotonic)) }
    }

    fn ask(&self, at: u64) -> Option<NtpState> {
        let asked = self.asked.load(Ordering::Relaxed);
        if asked != NEVER && at.saturating_sub(asked) < nanos(self.settings.ntp_interval) {
            return None;
        }
        let state = self.clock.ntp();
        self.asked.store(at.min(NEVER - 1), Ordering::Relaxed);
        self.ntp.store(state.word(), Ordering::Relaxed);
        Some(state)
    }

    fn count(&self, event: &ClockEvent) {
        let counts = &self.counts;
        let counter = match event {
            ClockEvent::Regressed { large: false, .. } => &counts.small_regressions,
            ClockEvent::Regressed { .. } => &counts.large_regressions,
            ClockEvent::Skewed { .. } => &counts.skews,
            ClockEvent::Alerted { .. } => &counts.alerts,
            ClockEvent::Recovered { .. } => &counts.recoveries,
            ClockEvent::Drifting { .. } => &counts.drifts,
            ClockEvent::Settled { .. } => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The guard, until it is dropped: also where a clock panics.
struct Held<'a> {
    guard: &'a ForkCell,
    /// Whether what is remembered cannot be trusted.
    anew: bool,
}

impl<'a> Held<'a> {
    /// Takes the guard, unless somebody has it.
    fn of(guard: &'a ForkCell) -> Option<Self> {
        let take = |from| guard.compare_exchange(from, TAKEN, Ordering::Acquire, Ordering::Relaxed);
        match take(FREE) {
            Ok(_) => Some(Self { guard, anew: false }),
            // New, or a child of fork: of two that see it one takes it.
            Err(0) => take(0).is_ok().then_some(Self { guard, anew: true }),
            Err(_) => None,
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.guard.store(FREE, Ordering::Release);
    }
}

impl Words {
    /// The word of the line, and from when on it holds.
    #[inline]
    fn line(&self) -> (u64, u64) {
        loop {
            let turn = self.turn.load(Ordering::Acquire);
            let line = self.of_turn(turn);
            let words = (line.pace.load(Ordering::Acquire), line.at.load(Ordering::Acquire));
            if self.turn.load(Ordering::Relaxed) == turn {
                return words;
            }
        }
    }

    const fn of_turn(&self, turn: u64) -> &Line {
        let [even, odd] = &self.lines;
        if turn & 1 == 0 { even } else { odd }
    }

    fn load(&self, base: i128) -> Track {
        let relaxed = Ordering::Relaxed;
        let line = self.of_turn(self.turn.load(relaxed));
        Track {
            pace: Pace::of_word(line.pace.load(relaxed), base),
            at: line.at.load(relaxed),
            high: base + i128::from(self.high.load(relaxed).cast_signed()),
            state: ClockState::of_word(self.state.load(relaxed)),
            since: self.since.load(relaxed),
            gap: self.gap.load(relaxed).cast_signed().into(),
            drifting: self.drifting.load(relaxed) != 0,
        }
    }

    fn store(&self, base: i128, track: &Track) {
        let relaxed = Ordering::Relaxed;
        self.high.store(signed_word(track.high - base), relaxed);
        self.state.store(track.state.word(), relaxed);
        self.since.store(track.since, relaxed);
        self.gap.store(signed_word(track.gap), relaxed);
        self.drifting.store(track.drifting.into(), relaxed);
        let next = self.turn.load(relaxed).wrapping_add(1);
        let line = self.of_turn(next);
        line.at.store(track.at, Ordering::Release);
        line.pace.store(track.pace.word(base), Ordering::Release);
        self.turn.store(next, Ordering::Release);
    }
}

/// The nearest that 64 bits can say.
fn signed_word(nanos: i128) -> u64 {
    let end = if nanos < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(nanos).unwrap_or(end).cast_unsigned()
}

impl<C: Clock, O: ClockObserver> Clock for Disciplined<C, O> {
    /// The disciplined time.
    #[inline]
    fn wall(&self) -> UnixTime {
        let now = nanos(self.clock.monotonic());
        let (pace, at) = self.line(now);
        let shown = now.clamp(at, at.saturating_add(FRESH));
        UnixTime::from_nanos(pace.at(shown, self.settings.slew_percent))
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn wait(&self, duration: Duration) {
        self.clock.wait(duration);
    }

    fn go_on_from(&self, issued: UnixTime) {
        self.go_on_from(issued);
    }

    fn ntp(&self) -> NtpState {
        self.clock.ntp()
    }
}

impl<C, O> fmt::Debug for Disciplined<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disciplined")
            .field("settings", &self.settings)
            .field("track", &self.track)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::clock::ScriptedClock;

    /// What a fork does while another thread of the parent steps the clock: the guard reads 0, and
    /// the words are anything.
    #[test]
    fn a_child_of_fork_starts_anew() {
        let system = ScriptedClock::at(UnixTime::from_seconds(1_000_000));
        let clock = Disciplined::new(&system);
        clock.guard.store(TAKEN, Ordering::Relaxed);
        clock.track.lines[1].pace.store(u64::MAX / 3, Ordering::Relaxed);
        clock.track.high.store(u64::MAX / 2, Ordering::Relaxed);
        clock.guard.store(0, Ordering::Relaxed);
        system.advance(Duration::from_secs(1));
        assert_eq!(clock.wall(), system.wall());
        assert_eq!(clock.health().state, ClockState::Following);
    }

    /// A clock that panics leaves the guard to the next reader.
    #[cfg(feature = "std")]
    #[test]
    fn a_panic_in_the_clock_takes_nothing_along() {
        struct Fragile(ScriptedClock, AtomicU64);

        impl Clock for Fragile {
            fn wall(&self) -> UnixTime {
                assert!(self.1.fetch_add(1, Ordering::Relaxed) != 3, "once");
                self.0.wall()
            }

            fn monotonic(&self) -> Duration {
                self.0.monotonic()
            }

            fn wait(&self, _: Duration) {}
        }

        let system = ScriptedClock::at(UnixTime::from_seconds(1_000_000));
        let clock = Disciplined::new(Fragile(system, AtomicU64::new(0)));
        let look = || {
            clock.clock.0.advance(Duration::from_secs(1));
            let look = std::panic::AssertUnwindSafe(|| clock.wall());
            std::panic::catch_unwind(look).is_ok_and(|time| time == clock.clock.0.wall())
        };
        assert_eq!([look(), look(), look()], [true, false, true]);
    }
}
