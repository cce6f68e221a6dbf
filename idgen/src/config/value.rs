//! Instants and durations as people write them.

use std::time::Duration;

use idgen_core::UnixTime;

/// An epoch: RFC 3339, such as `2020-01-01T00:00:00Z`, or a date, which means its midnight in UTC.
///
/// # Errors
/// If the text is neither, naming it.
///
/// # Example
/// ```
/// use idgen::config::parse_epoch;
///
/// assert_eq!(parse_epoch("2020-01-01"), parse_epoch("2020-01-01T01:00:00+01:00"));
/// assert!(parse_epoch("yesterday").is_err());
/// ```
pub fn parse_epoch(text: &str) -> Result<UnixTime, String> {
    let instant = text.parse::<jiff::Timestamp>().or_else(|_| {
        let date: jiff::civil::Date = text.parse()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).map(|midnight| midnight.timestamp())
    });
    match instant {
        Ok(instant) => Ok(UnixTime::from_nanos(instant.as_nanosecond())),
        Err(_) => Err(format!(
            "'{text}' is no instant; write RFC 3339 as 2020-01-01T00:00:00Z, or a date as 2020-01-01"
        )),
    }
}

/// A duration with its unit: `1ms`, `10 ms`, `1s`, `100ns`, `2 minutes`, or ISO 8601's `PT1S`.
///
/// # Errors
/// If the text is no such duration, or a negative one, naming it.
///
/// # Example
/// ```
/// use idgen::config::parse_duration;
/// use std::time::Duration;
///
/// assert_eq!(parse_duration("10ms"), Ok(Duration::from_millis(10)));
/// assert!(parse_duration("-1s").is_err());
/// assert!(parse_duration("10").is_err());
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration: jiff::SignedDuration = text.parse().map_err(|_| {
        format!("'{text}' is no duration; write a number and a unit, as 10ms or 1s")
    })?;
    Duration::try_from(duration).map_err(|_| format!("'{text}' is negative; a duration is not"))
}
