//! Which schemes could have made an id, the most plausible first.

use idgen::UnixTime;
use idgen::catalog::Entry;
use idgen::text::Form;

use crate::age::Age;

/// A scheme that could have made an id.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) entry: &'static Entry,
    pub(crate) word: u128,
    pub(crate) why: String,
    likelihood: Likelihood,
}

/// The more plausible, the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Likelihood {
    /// Its time lies between the scheme's first day of use and now.
    InUse,
    /// It tells no time.
    Timeless,
    /// Its time lies before the scheme was in use.
    TooEarly,
    /// Its time is yet to come, by more than clocks disagree.
    Future,
}

/// How far ahead of this machine's clock another's may be, in milliseconds.
const CLOCKS_DISAGREE: i64 = 60_000;

/// The schemes whose form and layout a text fits, the most plausible first, and within that in
/// the order of the catalog.
pub(crate) fn candidates(text: &str, form: Option<Form>, now: UnixTime) -> Vec<Candidate> {
    let mut found: Vec<_> = idgen::catalog()
        .iter()
        .filter_map(|entry| {
            let word = entry.scheme.parse_as(text, form.unwrap_or(entry.scheme.text)).ok()?;
            let (likelihood, why) = judge(entry, word, now);
            Some(Candidate { entry, word, why, likelihood })
        })
        .collect();
    found.sort_by_key(|candidate| candidate.likelihood);
    found
}

fn judge(entry: &Entry, word: u128, now: UnixTime) -> (Likelihood, String) {
    let Some(time) = entry.scheme.time(word) else {
        return (Likelihood::Timeless, "it fits the layout, which keeps no time".into());
    };
    let age = Age { time, now };
    let soon = UnixTime::from_nanos(now.as_nanos() + i128::from(CLOCKS_DISAGREE) * 1_000_000);
    if time > soon {
        (Likelihood::Future, format!("its time is yet to come: {age}"))
    } else if time < in_use_since(entry) {
        (Likelihood::TooEarly, format!("its time is before anybody made such ids: {age}"))
    } else {
        (Likelihood::InUse, format!("its time is in the scheme's past: {age}"))
    }
}

/// When the first id of a scheme can have been made: its epoch, or later where that is 1970.
fn in_use_since(entry: &Entry) -> UnixTime {
    let epoch = entry.scheme.timebase.map_or(UnixTime::EPOCH, |base| base.epoch());
    match entry.scheme.name.as_str() {
        "mastodon" => UnixTime::from_millis(1_458_086_400_000), // first release, 2016-03-16
        _ => epoch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z.
    const NOW: UnixTime = UnixTime::from_millis(1_767_225_600_000);

    fn names(text: &str) -> Vec<&'static str> {
        let found = candidates(text, None, NOW);
        found.iter().map(|candidate| candidate.entry.scheme.name.as_str()).collect()
    }

    #[test]
    fn past_times_come_first_and_future_ones_last() {
        // As Discord's it would be of August 2026, as a snowflake of 2031.
        let found = candidates("1541815603606036480", None, NOW);
        assert_eq!(found[0].entry.scheme.name.as_str(), "twitter");
        assert!(found[0].why.contains("3 years 6 months ago"), "{}", found[0].why);
        let last: Vec<_> = found.iter().filter(|c| c.likelihood == Likelihood::Future).collect();
        assert!(last.iter().any(|c| c.entry.scheme.name.as_str() == "discord"));
        assert!(names("175928847299117063").contains(&"discord"));
    }

    #[test]
    fn what_no_layout_fits_is_nobodys() {
        assert!(names("18446744073709551616").is_empty());
        assert!(names("x").is_empty());
        // More than 53 bits are no JavaScript number.
        assert!(!names("1541815603606036480").contains(&"js53"));
    }

    #[test]
    fn mastodons_before_mastodon_are_implausible() {
        let found = candidates("65536", None, NOW);
        let mastodon = found.iter().find(|c| c.entry.scheme.name.as_str() == "mastodon").unwrap();
        assert_eq!(mastodon.likelihood, Likelihood::TooEarly);
    }
}
