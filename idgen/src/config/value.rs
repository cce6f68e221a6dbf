//! Instants and durations as people write them.

use std::time::Duration;

use idgen_core::UnixTime;
use jiff::civil::{Time, date};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

/// An epoch: RFC 3339, such as `2020-01-01T00:00:00Z`, or a date, which means its midnight in UTC. The
/// years are those of the calendar: to 9999, and its last day is one of them.
///
/// # Errors
/// If the text is neither, naming it.
///
/// # Example
/// ```
/// use idgen::config::parse_epoch;
///
/// assert_eq!(parse_epoch("2020-01-01"), parse_epoch("2020-01-01T01:00:00+01:00"));
/// assert!(parse_epoch("9999-12-31")? < parse_epoch("9999-12-31T23:59:59.9Z")?);
/// assert!(parse_epoch("yesterday").is_err());
/// # Ok::<(), String>(())
/// ```
pub fn parse_epoch(text: &str) -> Result<UnixTime, String> {
    let pieces = Pieces::parse(text).ok();
    pieces.as_ref().and_then(instant).ok_or_else(|| {
        format!(
            "'{text}' is no instant; write RFC 3339 as 2020-01-01T00:00:00Z, or a date as 2020-01-01"
        )
    })
}

/// The instant of a date with a time and an offset, or of a date alone. The calendar library's own
/// instants end a day before its dates, so that every offset has them.
fn instant(pieces: &Pieces<'_>) -> Option<UnixTime> {
    let (time, offset) = match (pieces.time(), pieces.to_numeric_offset()) {
        (Some(time), Some(offset)) => (time, offset),
        (None, None) => (Time::midnight(), Offset::UTC),
        _ => return None,
    };
    let since_1970 =
        pieces.date().to_datetime(time).duration_since(date(1970, 1, 1).at(0, 0, 0, 0));
    let ahead = i128::from(offset.seconds()) * 1_000_000_000;
    Some(UnixTime::from_nanos(since_1970.as_nanos() - ahead))
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
