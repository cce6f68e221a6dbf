//! A point in time as people's clocks count it, without a calendar library.
//!
//! Source of the calendar arithmetic: Howard Hinnant, *chrono-compatible low-level date
//! algorithms*, `civil_from_days`.

use core::fmt;

const NANOS_PER_MILLI: i128 = 1_000_000;
const NANOS_PER_SECOND: i128 = 1_000_000_000;
const SECONDS_PER_DAY: i128 = 86_400;

/// Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted, as a signed 128-bit number.
///
/// Wide enough for the last tick of every layout: 2^64 ticks of a day lie within its range.
///
/// # Example
/// ```
/// use idgen_core::UnixTime;
///
/// let time = UnixTime::from_millis(1_656_432_460_105);
/// assert_eq!(time.to_string(), "2022-06-28T16:07:40.105Z");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i128);

impl UnixTime {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The time this many nanoseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// The time this many milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis as i128 * NANOS_PER_MILLI)
    }

    /// The time this many seconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds as i128 * NANOS_PER_SECOND)
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn as_nanos(self) -> i128 {
        self.0
    }

    /// Whole milliseconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i128 {
        self.0.div_euclid(NANOS_PER_MILLI)
    }
}

/// RFC 3339 in UTC with 0, 3, 6 or 9 decimals, as few as tell the time exactly. Years outside
/// 0 to 9999 are written with a sign (ISO 8601's expanded form).
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(NANOS_PER_SECOND);
        let nanos = self.0.rem_euclid(NANOS_PER_SECOND);
        let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
        let of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        if (0..=9999).contains(&year) {
            write!(f, "{year:04}")?;
        } else {
            write!(f, "{year:+07}")?;
        }
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if nanos == 0 {
            f.write_str("Z")
        } else if nanos % 1_000_000 == 0 {
            write!(f, ".{:03}Z", nanos / 1_000_000)
        } else if nanos % 1_000 == 0 {
            write!(f, ".{:06}Z", nanos / 1_000)
        } else {
            write!(f, ".{nanos:09}Z")
        }
    }
}

/// Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01.
fn civil_from_days(days: i128) -> (i128, i128, i128) {
    let shifted = days + 719_468; // from 0000-03-01, so that leap days end a year
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i128::from(month <= 2), month, day)
}

/// A time outside what the target type can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{time} is outside the range of {target}")]
pub struct TimeConversionError {
    time: UnixTime,
    target: &'static str,
}

#[cfg(feature = "std")]
mod system {
    use super::{TimeConversionError, UnixTime};
    use std::time::{Duration, SystemTime};

    impl From<SystemTime> for UnixTime {
        fn from(time: SystemTime) -> Self {
            // A duration holds at most 2^64 seconds: far below 2^127 nanoseconds.
            let signed =
                |duration: Duration| i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX);
            match time.duration_since(SystemTime::UNIX_EPOCH) {
                Ok(after) => Self(signed(after)),
                Err(before) => Self(-signed(before.duration())),
            }
        }
    }

    impl TryFrom<UnixTime> for SystemTime {
        type Error = TimeConversionError;

        fn try_from(time: UnixTime) -> Result<Self, TimeConversionError> {
            let error = TimeConversionError { time, target: "std::time::SystemTime" };
            let nanos = time.0.unsigned_abs();
            let seconds = u64::try_from(nanos / 1_000_000_000).map_err(|_| error)?;
            let rest = u32::try_from(nanos % 1_000_000_000).map_err(|_| error)?;
            let distance = Duration::new(seconds, rest);
            let converted = if time.0 < 0 {
                SystemTime::UNIX_EPOCH.checked_sub(distance)
            } else {
                SystemTime::UNIX_EPOCH.checked_add(distance)
            };
            converted.ok_or(error)
        }
    }
}

#[cfg(feature = "jiff")]
mod calendar {
    use super::{TimeConversionError, UnixTime};

    impl From<jiff::Timestamp> for UnixTime {
        fn from(time: jiff::Timestamp) -> Self {
            Self(time.as_nanosecond())
        }
    }

    impl TryFrom<UnixTime> for jiff::Timestamp {
        type Error = TimeConversionError;

        fn try_from(time: UnixTime) -> Result<Self, TimeConversionError> {
            jiff::Timestamp::from_nanosecond(time.0)
                .map_err(|_| TimeConversionError { time, target: "jiff::Timestamp" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reference_instants() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (1_288_834_974_657, "2010-11-04T01:42:54.657Z"),
            (1_314_220_021_721, "2011-08-24T21:07:01.721Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00Z"),
        ] {
            assert_eq!(UnixTime::from_millis(millis).to_string(), text);
        }
        assert_eq!(UnixTime::from_nanos(1_000).to_string(), "1970-01-01T00:00:00.000001Z");
        assert_eq!(UnixTime::from_nanos(-1).to_string(), "1969-12-31T23:59:59.999999999Z");
    }

    proptest! {
        #[cfg(feature = "jiff")]
        #[test]
        fn prop_text_is_what_a_calendar_library_says(seconds in -62_167_219_200_i64..253_402_207_200) {
            let theirs = jiff::Timestamp::from_second(seconds).unwrap();
            let ours = UnixTime::from_seconds(seconds);
            prop_assert_eq!(ours.to_string(), theirs.to_string());
            prop_assert_eq!(UnixTime::from(theirs), ours);
            prop_assert_eq!(jiff::Timestamp::try_from(ours).unwrap(), theirs);
        }

        #[cfg(feature = "std")]
        #[test]
        fn prop_system_time_there_and_back(nanos in i128::from(i64::MIN)..i128::from(i64::MAX)) {
            let time = UnixTime::from_nanos(nanos);
            let system = std::time::SystemTime::try_from(time).unwrap();
            prop_assert_eq!(UnixTime::from(system), time);
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_time_out_of_range_is_refused_not_wrapped() {
        let far = UnixTime::from_nanos(i128::MAX);
        assert!(std::time::SystemTime::try_from(far).is_err());
    }
}
