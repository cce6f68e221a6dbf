//! How long ago an instant was, as people say it.

use std::cmp::Ordering;
use std::fmt;

use idgen::UnixTime;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{Timestamp, Unit};

/// Days of a year on average, for times that no calendar reaches.
const DAYS_PER_YEAR: f64 = 365.2425;

/// The distance from a time to now in its two greatest units, in UTC's calendar:
/// `3 years 2 months ago`, `in 4 ms`, `now`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Age {
    pub(crate) time: UnixTime,
    pub(crate) now: UnixTime,
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, now } = *self;
        let distance = match (civil(time), civil(now)) {
            (Some(time), Some(now)) => in_units(time.min(now), time.max(now)),
            _ => in_years(time, now),
        };
        match time.cmp(&now) {
            Ordering::Less => write!(f, "{distance} ago"),
            Ordering::Equal => f.write_str("now"),
            Ordering::Greater => write!(f, "in {distance}"),
        }
    }
}

/// Date and time of day in UTC, for the years that the calendar library knows.
fn civil(time: UnixTime) -> Option<DateTime> {
    Timestamp::try_from(time).ok().map(|time| Offset::UTC.to_datetime(time))
}

fn in_units(early: DateTime, late: DateTime) -> String {
    // Two instants of the calendar always have a span in its own units.
    let span = early.until((Unit::Year, late)).unwrap_or_default();
    let units = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
        (span.get_minutes(), "minute"),
        (span.get_seconds(), "second"),
        (span.get_milliseconds(), "ms"),
        (span.get_microseconds(), "µs"),
        (span.get_nanoseconds(), "ns"),
    ];
    let first = units.iter().position(|&(count, _)| count != 0).unwrap_or(units.len());
    let said: Vec<_> = units.iter().skip(first).take(2).filter_map(|&unit| said(unit)).collect();
    said.join(" ")
}

/// A count with its unit, in the plural where it is a word and no symbol; nothing where the count is 0.
fn said((count, unit): (i64, &str)) -> Option<String> {
    let is_symbol = unit.ends_with('s'); // ms, µs, ns
    let plural = if is_symbol || count == 1 { "" } else { "s" };
    (count != 0).then(|| format!("{count} {unit}{plural}"))
}

#[expect(clippy::cast_precision_loss, reason = "a round number is all that is wanted")]
fn in_years(time: UnixTime, now: UnixTime) -> String {
    let days = time.as_nanos().abs_diff(now.as_nanos()) as f64 / 86_400e9;
    format!("{:.0} years", days / DAYS_PER_YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use idgen::config::parse_epoch;

    fn said(time: &str, now: &str) -> String {
        Age { time: parse_epoch(time).unwrap(), now: parse_epoch(now).unwrap() }.to_string()
    }

    #[test]
    fn the_two_greatest_units_are_said() {
        const NOW: &str = "2026-06-01T12:00:00Z";
        for (time, expected) in [
            ("2023-04-01T12:00:00Z", "3 years 2 months ago"),
            ("2020-06-01T12:00:00Z", "6 years ago"),
            ("2025-05-31T12:00:00Z", "1 year ago"), // and no month, but a day
            ("2026-05-02T11:59:59Z", "30 days ago"),
            ("2026-04-30T12:00:00Z", "1 month 2 days ago"),
            ("2026-05-31T11:00:00Z", "1 day 1 hour ago"),
            ("2026-06-01T11:58:30Z", "1 minute 30 seconds ago"),
            ("2026-06-01T11:59:58.995Z", "1 second 5 ms ago"),
            ("2026-06-01T12:00:00Z", "now"),
            ("2026-06-01T12:00:00.004Z", "in 4 ms"),
            ("2026-06-01T12:00:00.000001002Z", "in 1 µs 2 ns"),
            ("2028-08-01T12:00:00Z", "in 2 years 2 months"),
        ] {
            assert_eq!(said(time, NOW), expected, "{time}");
        }
    }

    #[test]
    fn a_leap_day_is_counted_as_the_calendar_does() {
        assert_eq!(said("2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z"), "11 months 30 days ago");
        assert_eq!(said("2024-02-29T00:00:00Z", "2025-02-28T23:59:59Z"), "11 months 30 days ago");
        assert_eq!(said("2024-02-29T00:00:00Z", "2025-03-01T00:00:00Z"), "1 year ago");
    }

    #[test]
    fn a_time_beyond_the_calendar_is_said_in_years() {
        let time = UnixTime::from_nanos(86_400_000_000_000 * 365_242_500);
        assert_eq!(Age { time, now: UnixTime::EPOCH }.to_string(), "in 1000000 years");
    }
}
