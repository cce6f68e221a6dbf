//! How long ago something was, as people say it.

use std::fmt;

use idgen::UnixTime;

/// The distance from a time to now, in its two greatest units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Age {
    pub(crate) time: UnixTime,
    pub(crate) now: UnixTime,
}

/// Units with their nanoseconds. A month is a twelfth of a year of 365.2425 days.
const UNITS: [(&str, u128); 7] = [
    ("year", 31_556_952_000_000_000),
    ("month", 2_629_746_000_000_000),
    ("day", 86_400_000_000_000),
    ("hour", 3_600_000_000_000),
    ("minute", 60_000_000_000),
    ("second", 1_000_000_000),
    ("millisecond", 1_000_000),
];

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distance = self.now.as_nanos() - self.time.as_nanos();
        let nanos = distance.unsigned_abs();
        let Some(first) = UNITS.iter().position(|(_, length)| nanos >= *length) else {
            return f.write_str("now");
        };
        if distance < 0 {
            f.write_str("in ")?;
        }
        write_count(f, nanos / UNITS[first].1, UNITS[first].0)?;
        if let Some((unit, length)) = UNITS.get(first + 1) {
            let rest = nanos % UNITS[first].1 / length;
            if rest > 0 {
                f.write_str(" ")?;
                write_count(f, rest, unit)?;
            }
        }
        f.write_str(if distance < 0 { "" } else { " ago" })
    }
}

fn write_count(f: &mut fmt::Formatter<'_>, count: u128, unit: &str) -> fmt::Result {
    write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_units_at_most_in_either_direction() {
        let now = UnixTime::from_seconds(1_700_000_000);
        for (millis, text) in [
            (0, "now"),
            (4, "4 milliseconds ago"),
            (1_000, "1 second ago"),
            (61_500, "1 minute 1 second ago"),
            (7_200_000, "2 hours ago"),
            (40 * 86_400_000, "1 month 9 days ago"),
            (-4, "in 4 milliseconds"),
            (-366 * 86_400_000, "in 1 year"),
        ] {
            let time = UnixTime::from_millis(1_700_000_000_000 - millis);
            assert_eq!(Age { time, now }.to_string(), text);
        }
    }
}
