//! The discipline of a clock: every transition of its state machine.

#![cfg(all(not(loom), feature = "std"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::time::Duration;

use idgen_core::UnixTime;
use idgen_core::clock::{
    ClockEvent, ClockState, Discipline, DisciplineError, DisciplineSettings, Gap, NtpState,
    OnAlert, Reading,
};
use proptest::prelude::*;

use ClockState::{Alert, Following, LargeRegression, Skew, SmallRegression};

const SECOND: i128 = 1_000_000_000;
const START: i128 = 1_700_000_000 * SECOND;

/// The machine, and the script's two clocks, in nanoseconds.
struct World {
    clock: Discipline,
    monotonic: u64,
    wall: i128,
    /// The last time shown.
    shown: i128,
    events: Vec<ClockEvent>,
}

fn reading(monotonic: u64, wall: i128) -> Reading {
    Reading {
        monotonic: Duration::from_nanos(monotonic),
        wall: UnixTime::from_nanos(wall),
        ..Reading::default()
    }
}

impl World {
    fn new() -> Self {
        Self::with(DisciplineSettings::default())
    }

    fn with(settings: DisciplineSettings) -> Self {
        Self::begin(settings, reading(500 * 1_000_000_000, START))
    }

    fn begin(settings: DisciplineSettings, reading: Reading) -> Self {
        let (clock, events) = Discipline::start(settings, &reading);
        let shown = clock.time(reading.monotonic).as_nanos();
        let monotonic = u64::try_from(reading.monotonic.as_nanos()).unwrap();
        let wall = reading.wall.as_nanos();
        Self { clock, monotonic, wall, shown, events: events.into_iter().collect() }
    }

    /// Looks at both clocks; the time shown may fall in a small regression alone.
    fn step(&mut self) -> ClockState {
        self.events.extend(self.clock.step(&reading(self.monotonic, self.wall)));
        let shown = self.clock.time(Duration::from_nanos(self.monotonic)).as_nanos();
        let fell = shown < self.shown - 1_000_000;
        assert!(!fell || self.clock.state() == SmallRegression, "fell {}", self.shown - shown);
        self.shown = shown;
        self.clock.state()
    }

    /// Wall time is stepped by so many nanoseconds.
    fn jump(&mut self, nanos: i128) -> ClockState {
        self.wall += nanos;
        self.step()
    }

    /// So many milliseconds pass, and the machine looks every ten.
    fn pass(&mut self, millis: u64) -> ClockState {
        for _ in 0..millis / 10 {
            self.monotonic += 10_000_000;
            self.wall += 10_000_000;
            self.step();
        }
        self.clock.state()
    }

    fn gap(&self) -> i128 {
        self.wall - self.shown
    }

    fn told(&mut self) -> Vec<ClockEvent> {
        std::mem::take(&mut self.events)
    }
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn wall_time_is_followed_and_a_step_forward_up_to_five_seconds_at_once() {
    let mut world = World::new();
    assert_eq!(world.pass(1_000), Following);
    assert_eq!((world.gap(), world.jump(5 * SECOND)), (0, Following));
    assert_eq!((world.gap(), world.pass(1_000)), (0, Following));
    assert_eq!(world.told(), []);
}

#[test]
fn a_small_regression_is_shown_until_wall_time_is_back() {
    let mut world = World::new();
    assert_eq!(world.jump(-SECOND), SmallRegression);
    assert_eq!(world.gap(), 0, "lines see it, and keep to the drift");
    assert_eq!(world.told(), [ClockEvent::Regressed { by: seconds(1), large: false }]);
    assert_eq!(world.pass(990), SmallRegression);
    assert_eq!(world.pass(10), Following);
    let after = Duration::from_secs(1);
    assert_eq!(world.told(), [ClockEvent::Recovered { from: SmallRegression, after }]);
}

#[test]
fn a_fall_within_what_two_readings_may_differ_by_is_none() {
    let mut world = World::new();
    assert_eq!(world.jump(-1_000_000), Following);
    assert_eq!(world.told(), []);
    assert_eq!(world.jump(-1_000_001), SmallRegression);
}

#[test]
fn a_large_regression_goes_on_from_the_last_tick_and_is_slewed_away_at_a_tenth() {
    let mut world = World::new();
    let before = world.shown;
    assert_eq!(world.jump(-SECOND - 1), LargeRegression);
    assert_eq!(world.shown, before);
    let by = Duration::from_nanos(1_000_000_001);
    assert_eq!(world.told(), [ClockEvent::Regressed { by, large: true }]);
    world.pass(5_000);
    assert!((world.gap() + SECOND / 2).abs() < 10, "a tenth of five seconds: {}", world.gap());
    assert_eq!(world.shown - before, 9 * SECOND / 2);
    assert_eq!(world.pass(4_990), LargeRegression);
    assert_eq!(world.pass(20), Following);
    let events = world.told();
    assert!(
        matches!(events[..], [ClockEvent::Recovered { from: LargeRegression, .. }]),
        "{events:?}"
    );
    assert_eq!((world.pass(1_000), world.gap()), (Following, 0));
}

#[test]
fn a_second_fall_in_a_small_regression_counts_from_what_was_shown() {
    let mut world = World::new();
    let high = world.shown;
    assert_eq!(world.jump(-SECOND * 7 / 10), SmallRegression);
    assert_eq!(world.jump(-SECOND * 7 / 10), LargeRegression);
    assert_eq!(world.shown, high, "ids up to there may have been issued");
    let by = Duration::from_millis(1_400);
    assert_eq!(world.told().pop(), Some(ClockEvent::Regressed { by, large: true }));
}

#[test]
fn skew_is_slewed_away_at_a_tenth_on_either_side() {
    for side in [1, -1] {
        let mut world = World::new();
        let before = world.shown;
        assert_eq!(world.jump(side * (5 * SECOND + 1)), Skew);
        assert_eq!(world.shown, before);
        let size = Duration::from_nanos(5_000_000_001);
        let gap = if side > 0 { Gap::Ahead(size) } else { Gap::Behind(size) };
        let events = world.told();
        assert_eq!(events.last(), Some(&ClockEvent::Skewed { gap }));
        let fell = ClockEvent::Regressed { by: size, large: true };
        assert_eq!(events.contains(&fell), side < 0, "a fall is told as one, too");
        world.pass(10_000);
        assert!((world.gap() - side * 4 * SECOND).abs() < 10, "{}", world.gap());
        assert_eq!(world.pass(39_900), Skew, "it is slewed to the end, not followed at once");
        assert_eq!(world.pass(200), Following);
        let events = world.told();
        assert!(matches!(events[..], [ClockEvent::Recovered { from: Skew, .. }]), "{events:?}");
    }
}

#[test]
fn past_thirty_seconds_monotonic_time_is_held_and_somebody_is_called() {
    for side in [1, -1] {
        let mut world = World::new();
        assert_eq!(world.jump(side * 30 * SECOND), Skew);
        let before = world.shown;
        assert_eq!(world.jump(side), Alert);
        let size = Duration::from_nanos(30_000_000_001);
        let gap = if side > 0 { Gap::Ahead(size) } else { Gap::Behind(size) };
        let alerted = ClockEvent::Alerted { gap, policy: OnAlert::Hold };
        assert_eq!(world.told().last(), Some(&alerted));
        assert_eq!(world.pass(3_600_000), Alert);
        assert_eq!(world.shown - before, 3_600 * SECOND, "no slewing unasked");
        assert_eq!(world.told(), []);

        // It comes back by itself: slewed to from thirty seconds on, as after a skew.
        assert_eq!(world.jump(-side), Skew);
        assert_eq!(world.told(), [ClockEvent::Skewed { gap: Gap::of(side * 30 * SECOND) }]);
        assert_eq!(world.jump(-side * 30 * SECOND), Following);
        assert!(matches!(world.told()[..], [ClockEvent::Recovered { from: Skew, .. }]));
    }
}

/// What a test says of a gap.
trait OfNanos {
    fn of(nanos: i128) -> Self;
}

impl OfNanos for Gap {
    fn of(nanos: i128) -> Self {
        let size = Duration::from_nanos(u64::try_from(nanos.unsigned_abs()).unwrap());
        if nanos > 0 { Self::Ahead(size) } else { Self::Behind(size) }
    }
}

#[test]
fn the_operator_may_have_it_follow() {
    let mut world = World::new();
    assert_eq!(world.jump(3_600 * SECOND), Alert);
    world.clock.on_alert(OnAlert::Follow);
    world.step();
    assert_eq!((world.pass(10), world.gap()), (Following, 0), "ahead: at once");

    assert_eq!(world.jump(-3_600 * SECOND), Alert);
    let before = world.shown;
    assert_eq!(world.pass(10_000), Alert);
    assert_eq!(world.shown - before, 9 * SECOND, "behind: slewing, for time does not fall");
    assert_eq!(world.pass(35_680_000), Alert);
    assert_eq!(world.pass(30_000), Skew);
    assert_eq!(world.pass(300_000), Following);
}

#[test]
fn a_regression_grows_into_skew_and_alert() {
    let mut world = World::new();
    assert_eq!(world.jump(-3 * SECOND), LargeRegression);
    assert_eq!(world.jump(-3 * SECOND), Skew);
    assert_eq!(world.jump(-30 * SECOND), Alert);
    let told: Vec<_> = world.told().iter().map(std::mem::discriminant).collect();
    let gap = Gap::Behind(Duration::ZERO);
    let expected = [
        ClockEvent::Regressed { by: Duration::ZERO, large: true },
        ClockEvent::Skewed { gap },
        ClockEvent::Alerted { gap, policy: OnAlert::Hold },
    ];
    assert_eq!(told, expected.iter().map(std::mem::discriminant).collect::<Vec<_>>());
    assert_eq!(world.jump(40 * SECOND), Following, "four seconds ahead: at once");
}

#[test]
fn what_another_process_issued_counts_as_shown() {
    let begin = |ahead: i128| {
        let issued = Some(UnixTime::from_nanos(START + ahead));
        World::begin(DisciplineSettings::default(), Reading { issued, ..reading(1, START) })
    };
    let mut small = begin(SECOND / 2);
    assert_eq!((small.step(), small.gap()), (SmallRegression, 0));
    let mut large = begin(2 * SECOND);
    assert_eq!((large.step(), large.gap()), (LargeRegression, -2 * SECOND));
    let mut hour = begin(3_600 * SECOND);
    assert_eq!((hour.step(), hour.gap()), (Alert, -3_600 * SECOND));
    assert_eq!((hour.pass(60_000), hour.gap()), (Alert, -3_600 * SECOND));
}

/// Between two looks nobody is shown anything, so what the two clocks drift apart is no event.
#[test]
fn an_idle_hour_of_clocks_that_drift_apart_is_no_regression() {
    for drift in [-1, 1] {
        let mut world = World::new();
        world.monotonic += 3_600_000_000_000;
        world.wall += 3_600 * SECOND + drift * 180_000_000; // 50 in a million
        assert_eq!(world.step(), Following);
        assert_eq!((world.told(), world.gap()), (vec![], 0));
    }
}

#[test]
fn what_the_time_service_says_is_told_once_for_each_change() {
    let mut world = World::new();
    let mut hear = |ntp| {
        let reading = Reading { ntp: Some(ntp), ..reading(world.monotonic, world.wall) };
        world.clock.step(&reading).into_iter().collect::<Vec<_>>()
    };
    let off = |offset_nanos| NtpState::Synchronised { offset_nanos };
    assert_eq!(hear(NtpState::Unknown), []);
    assert_eq!(hear(off(100_000_000)), []);
    assert_eq!(hear(off(-100_000_001)), [ClockEvent::Drifting { state: off(-100_000_001) }]);
    assert_eq!(hear(NtpState::Unsynchronised), []);
    assert_eq!(hear(off(0)), [ClockEvent::Settled { state: off(0) }]);
    let state = NtpState::Unsynchronised;
    assert_eq!(hear(state), [ClockEvent::Drifting { state }]);
}

#[test]
fn every_threshold_is_a_setting() {
    let mut settings = DisciplineSettings::default();
    settings.regression = seconds(2);
    settings.skew = seconds(8);
    settings.alert = seconds(100);
    settings.slew_percent = 50;
    settings.ntp_offset = Duration::from_millis(1);
    settings.on_alert = OnAlert::Follow;
    let after = |jump| World::with(settings).jump(jump);
    assert_eq!(after(-2 * SECOND), SmallRegression);
    assert_eq!(after(-2 * SECOND - 1), LargeRegression);
    assert_eq!((after(-8 * SECOND), after(-8 * SECOND - 1)), (LargeRegression, Skew));
    assert_eq!((after(8 * SECOND), after(8 * SECOND + 1)), (Following, Skew));
    assert_eq!((after(100 * SECOND), after(100 * SECOND + 1)), (Skew, Alert));
    let mut world = World::with(settings);
    world.jump(-4 * SECOND);
    assert_eq!((world.pass(7_990), world.pass(20)), (LargeRegression, Following));

    settings.skew = seconds(1);
    assert!(matches!(settings.check(), Err(DisciplineError::Order { .. })));
}

proptest! {
    /// Whatever wall time does, the clock's falls in small regressions alone and runs at 90 to
    /// 110 % otherwise, but for steps forward that it follows; and once wall time is quiet and not too
    /// far away, it is followed again.
    #[test]
    fn prop_time_is_continuous_and_comes_to_wall_time(
        steps in prop::collection::vec((0..3_000_u64, -40_000..40_000_i64, any::<bool>()), 1..60),
        calm in -29_000..29_000_i64,
    ) {
        let mut world = World::new();
        for (millis, jump, quiet) in steps {
            let jump = if quiet { 0 } else { i128::from(jump) * 1_000_000 };
            let (before, wall, state) = (world.shown, world.wall, world.clock.state());
            let high = before.max(wall);
            world.monotonic += millis * 1_000_000;
            world.wall += i128::from(millis) * 1_000_000 + jump;
            let now = world.step();
            let (gone, rose) = (i128::from(millis) * 1_000_000, world.shown - before);
            let adopted = now == Following && world.shown == world.wall;
            // It goes on from what was shown, which is not what could have been.
            let from_high = state == SmallRegression
                || (state == Following && now != Following && rose >= gone.min(10_000_000));
            prop_assert!(
                now == SmallRegression || adopted || from_high
                    || (gone * 9 / 10 - 10..=gone * 11 / 10 + 10).contains(&rose),
                "{state} to {now}: rose {rose} in {gone}"
            );
            prop_assert!(!adopted || world.shown - high <= gone * 11 / 10 + 5 * SECOND);
        }
        // The last step: not so far that somebody has to decide.
        world.wall = world.shown + i128::from(calm) * 1_000_000;
        world.step();
        world.pass(310_000);
        prop_assert_eq!((world.clock.state(), world.gap()), (Following, 0));
    }
}
