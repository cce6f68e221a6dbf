//! Epoch and tick length: how instants become ticks, and ticks instants.

use core::time::Duration;

use crate::UnixTime;

/// Longest tick, in nanoseconds: one day.
const MAX_TICK_NANOS: u128 = 86_400 * 1_000_000_000;

/// Farthest epoch from 1970, in nanoseconds: what 64-bit seconds can say.
const MAX_EPOCH_NANOS: i128 = (1 << 63) * 1_000_000_000;

/// The epoch, which is the Unix time of tick 0, and the length of a tick, from 1 ns to 1 day.
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::{Timebase, UnixTime};
///
/// // Twitter's snowflakes count milliseconds from 2010-11-04T01:42:54.657Z.
/// const TWITTER: Timebase =
///     Timebase::new(UnixTime::from_millis(1_288_834_974_657), Duration::from_millis(1));
///
/// assert_eq!(TWITTER.time_of(367_597_485_448).to_string(), "2022-06-28T16:07:40.105Z");
/// assert_eq!(TWITTER.tick_at(UnixTime::from_millis(1_656_432_460_105)), Ok(367_597_485_448));
/// assert!(TWITTER.tick_at(UnixTime::EPOCH).is_err()); // before tick 0
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timebase {
    epoch: UnixTime,
    tick_nanos: u64,
}

impl Timebase {
    /// Microseconds since 1970. Where a counter of no clock has to begin past an earlier one of which
    /// no record is left, it begins there: the earlier one is passed if it counted no faster.
    pub const UNIX_MICROS: Self = Self::new(UnixTime::EPOCH, Duration::from_micros(1));

    /// The timebase of an epoch and a tick length, for constants.
    ///
    /// # Panics
    /// Where [`try_new`](Self::try_new) errs; in a constant that is a compile error.
    #[must_use]
    pub const fn new(epoch: UnixTime, tick: Duration) -> Self {
        match Self::try_new(epoch, tick) {
            Ok(timebase) => timebase,
            Err(TimebaseError::Tick { .. }) => panic!("a tick is 1 ns to 1 day long"),
            Err(TimebaseError::Epoch { .. }) => {
                panic!("an epoch lies within 2^63 seconds of 1970")
            }
        }
    }

    /// The timebase of an epoch and a tick length, for values read at run time.
    ///
    /// # Errors
    /// If the tick is shorter than 1 ns or longer than 1 day, or the epoch is more than
    /// 2^63 seconds away from 1970.
    #[expect(clippy::cast_possible_truncation, reason = "a day's nanoseconds fit 64 bits")]
    pub const fn try_new(epoch: UnixTime, tick: Duration) -> Result<Self, TimebaseError> {
        let tick_nanos = tick.as_nanos();
        if tick_nanos == 0 || tick_nanos > MAX_TICK_NANOS {
            return Err(TimebaseError::Tick { tick });
        }
        if epoch.as_nanos() < -MAX_EPOCH_NANOS || epoch.as_nanos() > MAX_EPOCH_NANOS {
            return Err(TimebaseError::Epoch { epoch });
        }
        Ok(Self { epoch, tick_nanos: tick_nanos as u64 })
    }

    /// Unix time of tick 0.
    #[must_use]
    pub const fn epoch(&self) -> UnixTime {
        self.epoch
    }

    /// Length of one tick, 1 ns to 1 day.
    #[must_use]
    pub const fn tick(&self) -> Duration {
        Duration::from_nanos(self.tick_nanos)
    }

    /// Length of one tick in nanoseconds, 1 to 86,400,000,000,000.
    #[must_use]
    pub const fn tick_nanos(&self) -> u64 {
        self.tick_nanos
    }

    /// The tick that an instant lies in.
    ///
    /// # Errors
    /// If the instant is before the epoch, or so late that its tick needs more than 64 bits.
    #[inline]
    pub fn tick_at(&self, time: UnixTime) -> Result<u64, TickError> {
        let error = TickError { time, epoch: self.epoch };
        let since = time.as_nanos().checked_sub(self.epoch.as_nanos()).ok_or(error)?;
        if let Ok(nanos) = u64::try_from(since) {
            // One machine division, for 584 years of nanoseconds; and none where they are the ticks.
            return Ok(if self.tick_nanos == 1 { nanos } else { nanos / self.tick_nanos });
        }
        // Rounded down: the last instants before the epoch are not of tick 0.
        u64::try_from(since.div_euclid(self.tick_nanos.into())).map_err(|_| error)
    }

    /// The tick that an instant lies in, or the nearest there is: 0 before the epoch, and
    /// `u64::MAX` after the last.
    ///
    /// This is the floor that a clock gives to a line. A floor never makes an id unique, so
    /// the nearest tick is safe where [`tick_at`](Self::tick_at) has none.
    #[must_use]
    #[inline]
    pub fn nearest_tick(&self, time: UnixTime) -> u64 {
        match self.tick_at(time) {
            Ok(tick) => tick,
            Err(_) if time < self.epoch => 0,
            Err(_) => u64::MAX,
        }
    }

    /// The first instant of a tick. Every tick has one.
    #[must_use]
    pub const fn time_of(&self, tick: u64) -> UnixTime {
        // At most 2^64 * 2^47 + 2^93 nanoseconds: within 127 bits.
        UnixTime::from_nanos(self.epoch.as_nanos() + tick as i128 * self.tick_nanos as i128)
    }

    /// How many whole ticks a duration holds, or `u64::MAX` where more than 64 bits can say.
    #[must_use]
    pub fn ticks_in(&self, duration: Duration) -> u64 {
        u64::try_from(duration.as_nanos() / u128::from(self.tick_nanos)).unwrap_or(u64::MAX)
    }
}

/// An epoch or a tick length that no timebase can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimebaseError {
    /// The tick is empty or longer than a day.
    #[error("tick length {tick:?} is not in 1ns..=1day")]
    Tick {
        /// The length asked for.
        tick: Duration,
    },
    /// The epoch is out of reach.
    #[error("epoch {epoch} is more than 2^63 seconds away from 1970")]
    Epoch {
        /// The epoch asked for.
        epoch: UnixTime,
    },
}

/// An instant that has no tick in a timebase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{time} has no tick: the epoch is {epoch} and a tick has 64 bits; check the clock or choose another epoch"
)]
pub struct TickError {
    time: UnixTime,
    epoch: UnixTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MILLIS: Timebase = Timebase::new(UnixTime::from_millis(1_000), Duration::from_millis(1));

    #[test]
    fn an_instant_out_of_reach_is_refused() {
        assert!(MILLIS.tick_at(UnixTime::from_millis(999)).is_err());
        assert!(MILLIS.tick_at(UnixTime::from_nanos(999_999_999)).is_err());
        assert_eq!(MILLIS.nearest_tick(UnixTime::from_millis(999)), 0);
        let nanos = Timebase::new(UnixTime::EPOCH, Duration::from_nanos(1));
        let late = UnixTime::from_nanos(1 << 64);
        assert!(nanos.tick_at(late).is_err());
        assert_eq!(nanos.nearest_tick(late), u64::MAX);
        assert_eq!(nanos.tick_at(UnixTime::from_nanos((1 << 64) - 1)), Ok(u64::MAX));
        assert!(nanos.tick_at(UnixTime::from_nanos(i128::MIN)).is_err());
    }

    #[test]
    fn the_errors_name_the_value() {
        let error = Timebase::try_new(UnixTime::EPOCH, Duration::ZERO).unwrap_err();
        assert_eq!(format!("{error}"), "tick length 0ns is not in 1ns..=1day");
        let error = MILLIS.tick_at(UnixTime::EPOCH).unwrap_err();
        assert!(format!("{error}").starts_with("1970-01-01T00:00:00Z has no tick"));
        let far = UnixTime::from_nanos(i128::MAX);
        assert!(Timebase::try_new(far, Duration::from_secs(1)).is_err());
    }

    proptest! {
        #[test]
        fn prop_a_tick_begins_at_its_time_and_ends_before_the_next(
            tick in 0..u64::MAX,
            tick_nanos in 1..=86_400_000_000_000_u64,
            epoch in any::<i64>(),
        ) {
            let base = Timebase::new(UnixTime::from_seconds(epoch), Duration::from_nanos(tick_nanos));
            prop_assert_eq!(base.tick_at(base.time_of(tick)), Ok(tick));
            let last = UnixTime::from_nanos(base.time_of(tick + 1).as_nanos() - 1);
            prop_assert_eq!(base.tick_at(last), Ok(tick));
        }
    }
}
