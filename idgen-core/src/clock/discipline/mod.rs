//! How a clock follows wall time: a state machine without a clock in it.
//!
//! Time is monotonic time plus an offset, which follows wall time as far as that can be believed.
//! Whatever it says, no promise of uniqueness rests on it: it only raises the floor of lines.

mod event;
mod pace;
mod settings;

use core::time::Duration;

pub use event::{
    ClockCounts, ClockEvent, ClockEvents, ClockHealth, ClockObserver, ClockState, Gap,
};
pub(super) use pace::{Pace, Slew};
pub use settings::{DisciplineError, DisciplineSettings, OnAlert};

use super::NtpState;
use crate::UnixTime;

/// How far wall time may fall unnoticed, in nanoseconds: two readings are never of one instant.
const TOLERANCE: i128 = 1_000_000;

/// How long a line is shown without looking at wall time again, in nanoseconds.
pub(super) const FRESH: u64 = 10_000_000;

/// What the machine is told of one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Monotonic time.
    pub monotonic: Duration,
    /// Wall time.
    pub wall: UnixTime,
    /// The time of the last tick that ids are known to have been issued in, where it may be later
    /// than what the clock has shown: by another process before this one.
    pub issued: Option<UnixTime>,
    /// What the system says of its clock, where it was asked.
    pub ntp: Option<NtpState>,
}

/// The discipline of a clock: from monotonic and wall time, and the last tick issued, to the time
/// to show, a state, and events.
///
/// | wall time is | state | answer |
/// |---|---|---|
/// | behind the last tick by up to 1 s | [`SmallRegression`](ClockState::SmallRegression) | shows it: lines go on inside the drift, else wait |
/// | by more | [`LargeRegression`](ClockState::LargeRegression) | goes on from the last tick, and slews back at 10 % |
/// | more than 5 s from the clock's, on either side | [`Skew`](ClockState::Skew) | slews there at 10 % |
/// | more than 30 s from it | [`Alert`](ClockState::Alert) | goes by monotonic time, or follows: [`OnAlert`] |
/// | elsewhere | [`Following`](ClockState::Following) | shows it |
///
/// The thresholds are [settings](DisciplineSettings). Of the states that slew, each lasts until wall
/// time is reached. The time shown falls in a small regression alone.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::UnixTime;
/// use idgen_core::clock::{ClockState, Discipline, DisciplineSettings, Reading};
///
/// let at = |monotonic, wall| Reading {
///     monotonic: Duration::from_secs(monotonic),
///     wall: UnixTime::from_seconds(wall),
///     ..Reading::default()
/// };
/// let (mut clock, _) = Discipline::start(DisciplineSettings::default(), &at(50, 1_000));
/// clock.step(&at(50, 997)); // three seconds back
/// assert_eq!(clock.state(), ClockState::LargeRegression);
/// clock.step(&at(60, 1_007)); // ten seconds later, of which it slewed one
/// assert_eq!(clock.time(Duration::from_secs(60)), UnixTime::from_seconds(1_009));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discipline {
    settings: DisciplineSettings,
    track: Track,
}

/// All that the machine remembers. Times are nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) pace: Pace,
    /// Monotonic time of the last step.
    pub(super) at: u64,
    /// The latest Unix time that was shown or issued.
    pub(super) high: i128,
    pub(super) state: ClockState,
    /// Monotonic time at which the clock ceased to follow.
    pub(super) since: u64,
    /// Wall time minus the clock's, at the last step.
    pub(super) gap: i128,
    pub(super) drifting: bool,
}

impl Discipline {
    /// A clock that begins at wall time or, where ids were issued of a later one, as it goes on
    /// from there.
    #[must_use]
    pub fn start(settings: DisciplineSettings, reading: &Reading) -> (Self, ClockEvents) {
        let (at, wall) = (nanos(reading.monotonic), reading.wall.as_nanos());
        let track = Track {
            pace: Pace::through(at, wall, Slew::None, settings.slew_percent),
            at,
            high: wall,
            state: ClockState::Following,
            since: at,
            gap: 0,
            drifting: false,
        };
        let mut clock = Self { settings, track };
        let events = clock.step(reading);
        (clock, events)
    }

    pub(super) const fn of(settings: DisciplineSettings, track: Track) -> Self {
        Self { settings, track }
    }

    pub(super) const fn track(&self) -> Track {
        self.track
    }

    /// What the clock does at the moment.
    #[must_use]
    pub const fn state(&self) -> ClockState {
        self.track.state
    }

    /// How far wall time was from the clock's at the last step.
    #[must_use]
    pub fn gap(&self) -> Gap {
        Gap::of_nanos(self.track.gap)
    }

    /// The time to show at this monotonic time.
    #[must_use]
    pub fn time(&self, monotonic: Duration) -> UnixTime {
        UnixTime::from_nanos(self.running(nanos(monotonic)))
    }

    /// Changes what happens past the alert threshold.
    pub fn on_alert(&mut self, policy: OnAlert) {
        self.settings.on_alert = policy;
    }

    /// Looks at an instant, and says what happened.
    pub fn step(&mut self, reading: &Reading) -> ClockEvents {
        let before = self.track;
        let at = nanos(reading.monotonic).max(before.at);
        let wall = reading.wall.as_nanos();
        let issued = reading.issued.map_or(i128::MIN, UnixTime::as_nanos);
        // Nobody is shown more of a line than this: in an hour in which nobody asked nobody was
        // shown anything.
        let shown = self.running(at.min(before.at.saturating_add(FRESH)));
        let high = before.high.max(shown).max(issued);

        let (state, pace) = self.answer(at, wall, high);
        let mut events = ClockEvents::default();
        let fell = (high - wall).max(0);
        let apart = if fell > 0 { -fell } else { wall - self.running(at) };
        self.tell(&mut events, state, fell, Gap::of_nanos(apart), at);
        let gap = wall - pace.at(at, self.settings.slew_percent);
        let following = before.state == ClockState::Following;
        let since = if following { at } else { before.since };
        self.track = Track { pace, at, high, state, since, gap, ..before };
        self.hear(&mut events, reading.ntp);
        events
    }

    fn running(&self, at: u64) -> i128 {
        self.track.pace.at(at, self.settings.slew_percent)
    }

    /// What to do at this instant: the table of [`Discipline`].
    fn answer(&self, at: u64, wall: i128, high: i128) -> (ClockState, Pace) {
        use ClockState::{Alert, Following, LargeRegression, Skew, SmallRegression};
        let s = &self.settings;
        let [regression, skew, alert] = [s.regression, s.skew, s.alert].map(|limit| {
            i128::try_from(limit.as_nanos()).unwrap_or(i128::MAX) // fits: 2^64 seconds at most
        });
        let running = self.running(at);
        let state = self.track.state;
        let apart = matches!(state, LargeRegression | Skew | Alert);
        let follow = self.pace(at, wall, Slew::None);

        // Where the clock is if it does not follow: it goes on from what was shown or issued.
        let own = if apart { running.max(high) } else { high };
        let behind = own - wall;
        if behind > if apart { 0 } else { TOLERANCE } {
            let back = self.pace(at, own, Slew::Back);
            return match behind {
                _ if behind > alert && s.on_alert == OnAlert::Hold => {
                    (Alert, self.pace(at, own, Slew::None))
                }
                _ if behind > alert => (Alert, back),
                _ if behind > skew || matches!(state, Skew | Alert) => (Skew, back),
                _ if behind > regression || apart => (LargeRegression, back),
                _ => (SmallRegression, follow),
            };
        }
        let ahead = wall - running;
        let slewing = self.track.pace.slew() == Slew::Forward && ahead > TOLERANCE;
        match ahead {
            _ if ahead > alert && s.on_alert == OnAlert::Hold => {
                (Alert, self.pace(at, running, Slew::None))
            }
            _ if ahead > alert => (Alert, follow),
            _ if ahead > skew || slewing => (Skew, self.pace(at, running, Slew::Forward)),
            _ => (Following, follow),
        }
    }

    /// The line from here on. The one that the clock is on stays as it is, so that nothing of it
    /// is rounded away.
    fn pace(&self, at: u64, time: i128, slew: Slew) -> Pace {
        let pace = self.track.pace;
        if pace.slew() == slew && self.running(at) == time {
            return pace;
        }
        Pace::through(at, time, slew, self.settings.slew_percent)
    }

    /// What there is to tell of going over to this state.
    fn tell(&self, events: &mut ClockEvents, to: ClockState, fell: i128, gap: Gap, at: u64) {
        use ClockState::{Alert, Following, LargeRegression, Skew, SmallRegression};
        let from = self.track.state;
        if from == to {
            return;
        }
        if matches!(from, Following | SmallRegression) && fell > TOLERANCE {
            let large = to != SmallRegression;
            events.push(ClockEvent::Regressed { by: Gap::of_nanos(fell).size(), large });
        }
        match to {
            Skew => events.push(ClockEvent::Skewed { gap }),
            Alert => events.push(ClockEvent::Alerted { gap, policy: self.settings.on_alert }),
            Following => {
                let after = Duration::from_nanos(at.saturating_sub(self.track.since));
                events.push(ClockEvent::Recovered { from, after });
            }
            SmallRegression | LargeRegression => {}
        }
    }

    /// Takes in what the system says of its clock.
    fn hear(&mut self, events: &mut ClockEvents, ntp: Option<NtpState>) {
        let Some(state) = ntp else { return };
        let drifting = state.is_drifting(self.settings.ntp_offset);
        if drifting != self.track.drifting {
            self.track.drifting = drifting;
            events.push(if drifting {
                ClockEvent::Drifting { state }
            } else {
                ClockEvent::Settled { state }
            });
        }
    }
}

/// Nanoseconds of monotonic time, which has 584 years of them.
pub(super) fn nanos(monotonic: Duration) -> u64 {
    u64::try_from(monotonic.as_nanos()).unwrap_or(u64::MAX)
}
