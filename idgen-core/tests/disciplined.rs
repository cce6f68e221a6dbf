//! The disciplined clock, which threads share: what it tells of each transition, and the times that it shows.

#![cfg(all(not(loom), feature = "std"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use idgen_core::UnixTime;
use idgen_core::clock::{
    Clock, ClockEvent, ClockObserver, ClockState, DisciplineSettings, Disciplined, Gap, NtpState,
    OnAlert, ScriptedClock,
};

use ClockState::{Following, LargeRegression, Skew, SmallRegression};

/// Within which wall time is looked at.
const LOOK: Duration = Duration::from_millis(10);

#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl ClockObserver for Diary {
    fn happened(&self, event: ClockEvent) {
        self.0.lock().unwrap().push(event.to_string());
    }
}

#[test]
fn each_transition_is_an_event_a_counter_and_health() {
    let system = ScriptedClock::at(UnixTime::from_seconds(1_000_000));
    let diary = Arc::new(Diary::default());
    let settings = DisciplineSettings::default();
    let clock = Disciplined::observed(&system, settings, Arc::clone(&diary)).unwrap();
    let told = || std::mem::take(&mut *diary.0.lock().unwrap());
    assert!(clock.health().is_good());
    assert_eq!(
        clock.health().to_string(),
        "good: clock following, wall time 0ns behind, time service unknown"
    );

    let set = |millis| {
        system.advance(LOOK);
        system.set(UnixTime::from_millis(millis));
    };
    set(999_997_010);
    assert_eq!(clock.health().state, LargeRegression);
    assert_eq!(
        told(),
        ["wall time fell 3s behind; going on from the last time and slewing back: let the time \
          service slew, not step"]
    );
    set(1_000_020_000);
    assert_eq!(clock.health().state, Skew);
    set(1_000_050_030);
    let health = clock.health();
    assert!(health.is_degraded() && !health.is_good());
    assert_eq!(health.gap, Gap::Ahead(Duration::from_secs(50)));
    assert!(told().pop().unwrap().starts_with("wall time is 50s ahead; going by monotonic time"));
    clock.on_alert(OnAlert::Follow);
    system.advance(LOOK);
    assert_eq!(clock.health().state, Following);
    assert_eq!(clock.wall(), system.wall());
    set(1_000_049_500);
    assert_eq!(clock.health().state, SmallRegression);
    system.set_ntp(NtpState::Unsynchronised);
    system.advance(settings.ntp_interval);
    let health = clock.health();
    assert!(health.drifting && !health.is_good() && !health.is_degraded());
    assert_eq!(health.ntp, NtpState::Unsynchronised);

    let counts = clock.counts();
    assert_eq!((counts.large_regressions, counts.small_regressions), (1, 1));
    assert_eq!((counts.skews, counts.alerts), (1, 1));
    assert_eq!((counts.recoveries, counts.drifts), (2, 1));
}

/// Between two looks at wall time, the clock goes by monotonic time alone.
#[test]
fn wall_time_is_looked_at_every_ten_milliseconds() {
    let system = ScriptedClock::at(UnixTime::from_seconds(1_000_000));
    let clock = Disciplined::new(&system);
    system.set(UnixTime::from_seconds(1_000_004));
    system.advance(Duration::from_millis(9));
    assert_eq!(clock.wall(), UnixTime::from_millis(1_000_000_009));
    system.advance(Duration::from_millis(1));
    assert_eq!(clock.wall(), UnixTime::from_millis(1_000_004_010));
}

#[test]
fn the_clock_goes_on_from_what_a_record_says() {
    let system = ScriptedClock::at(UnixTime::from_seconds(1_000_000));
    let clock = Disciplined::new(&system);
    clock.go_on_from(UnixTime::from_seconds(900_000));
    assert_eq!(clock.health().state, Following);
    clock.go_on_from(UnixTime::from_seconds(1_003_600));
    assert!(clock.health().is_degraded());
    assert_eq!(clock.wall(), UnixTime::from_seconds(1_003_600));
    clock.go_on_from(UnixTime::from_seconds(1_003_601));
    assert_eq!(clock.wall(), UnixTime::from_seconds(1_003_601));
}

/// A clock in whose readings others read the disciplined one, some time later.
struct Overtaken {
    system: ScriptedClock,
    others: Mutex<Weak<Disciplined<Arc<Self>>>>,
    shown: Mutex<Vec<UnixTime>>,
}

impl Clock for Overtaken {
    fn wall(&self) -> UnixTime {
        let wall = self.system.wall();
        let others = self.others.lock().unwrap().upgrade();
        if let Some(clock) = others {
            self.system.advance(Duration::from_micros(80));
            self.shown.lock().unwrap().push(clock.wall());
        }
        wall
    }

    fn monotonic(&self) -> Duration {
        self.system.monotonic()
    }

    fn wait(&self, _: Duration) {}
}

/// Who reads while somebody else looks at wall time is shown no later time than whoever comes
/// after the look, though the line that begins there is flatter.
#[test]
fn who_overtakes_a_look_is_shown_no_more_than_those_after_it() {
    let overtaken = Arc::new(Overtaken {
        system: ScriptedClock::at(UnixTime::from_seconds(1_000_000)),
        others: Mutex::default(),
        shown: Mutex::default(),
    });
    let clock = Arc::new(Disciplined::new(Arc::clone(&overtaken)));
    *overtaken.others.lock().unwrap() = Arc::downgrade(&clock);
    overtaken.system.set(UnixTime::from_seconds(999_990)); // slewing back
    for _ in 0..3 {
        overtaken.system.advance(LOOK);
        let after = clock.wall();
        let shown = std::mem::take(&mut *overtaken.shown.lock().unwrap());
        assert!(!shown.is_empty() && shown.iter().all(|&time| time <= after), "{shown:?}, {after}");
    }
}

#[test]
fn threads_at_once_see_times_that_never_fall() {
    let system = ScriptedClock::at(UnixTime::from_seconds(1_000_000));
    let clock = Disciplined::new(&system);
    system.set(UnixTime::from_seconds(999_990)); // slewing back
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut last = clock.wall();
                for _ in 0..20_000 {
                    system.advance(Duration::from_micros(50));
                    let now = clock.wall();
                    assert!(now >= last, "{now} after {last}");
                    last = now;
                }
            });
        }
    });
    let counts = clock.counts();
    assert_eq!((counts.large_regressions, counts.skews), (1, 1), "told once, whoever noticed");
}
