//! Which schemes could have made an id, the most plausible first.
//!
//! Nearly every number is an id of nearly every 64-bit layout, so each scheme gets a score: about
//! how many times likelier it makes the text than chance does, as a power of two. Bits that only
//! chance explains score 0; these are what else there is:
//!
//! | what is found | score |
//! |---|---|
//! | each unused or constant bit, all of them as they must be | +1 |
//! | time of the last day | what a day is of the layout's range: about +14 for 69 years |
//! | time between the scheme's first day of use and now | what that is of the range: 0 to +10 |
//! | time before the first day of use | -10 |
//! | time in the future, by more than clocks disagree | -12 |
//! | a sequence that starts at 0 in each tick | +11 for 0 of 12 bits, 2 less for each further, down to -2 |
//! | a sequence that starts at random below 100 | +5 below, -2 from there on |
//! | a sequence that starts anywhere | 0 |
//! | not in the form that the scheme is written in | -8; -16 in a UUID's, which is nobody else's |
//! | a scheme whose ids are seldom seen outside the firm that makes them | -4 |
//!
//! Of two equal scores, the one that is first in the catalog comes first.

use idgen::layout::Kind;
use idgen::text::Form;
use idgen::uuid::AnyUuid;
use idgen::{Scheme, UnixTime};

/// A scheme that could have made an id.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) scheme: Scheme,
    pub(crate) word: u128,
    /// The form that the text was read in.
    pub(crate) form: Form,
    /// What speaks for the scheme and against it.
    pub(crate) why: String,
    score: f64,
}

/// How far ahead of this machine's clock another's may be.
const CLOCKS_DISAGREE_NANOS: i128 = 60_000_000_000;

const DAY_NANOS: i128 = 86_400_000_000_000;

/// Scores that stand for how seldom something is.
const TOO_EARLY: f64 = -10.0;
const FUTURE: f64 = -12.0;
const FOREIGN_FORM: f64 = -8.0;
const SELDOM_SEEN: f64 = -4.0;
const NO_ID: f64 = -100.0;

/// Of four ids, about one is from a busy tick, where the sequence may have any value.
const BUSY: f64 = 0.25;

/// The schemes of the catalog whose form and layout a text fits, the most plausible first.
pub(crate) fn candidates(text: &str, form: Option<Form>, now: UnixTime) -> Vec<Candidate> {
    let mut found: Vec<_> = idgen::catalog()
        .iter()
        .filter_map(|entry| reading(&entry.scheme, text, form, now))
        .collect();
    // A UUID of no version that there is: the nil and the max one, and those of other variants.
    if form.is_none_or(|form| form == Form::Uuid) && !found.iter().any(is_uuid) {
        found.extend(reading(&Scheme::of::<AnyUuid>(), text, Some(Form::Uuid), now));
    }
    sort(&mut found);
    found
}

fn is_uuid(candidate: &Candidate) -> bool {
    candidate.scheme.text == Form::Uuid && candidate.form == Form::Uuid
}

/// The scheme that most likely made all these ids, each with the form that it has to be in: the
/// one with the best score, where an id that it cannot have made costs more than any evidence is
/// worth. `None` where no scheme fits any.
pub(crate) fn likeliest(
    ids: &[(String, Option<Form>)],
    form: Option<Form>,
    now: UnixTime,
) -> Option<Scheme> {
    let score = |scheme: &Scheme| {
        let read =
            |(text, told): &(String, Option<Form>)| reading(scheme, text, told.or(form), now);
        let found: Vec<_> = ids.iter().map(read).collect();
        let fits = found.iter().any(Option::is_some);
        fits.then(|| found.iter().map(|it| it.as_ref().map_or(NO_ID, |it| it.score)).sum::<f64>())
    };
    let mut best = None;
    for entry in idgen::catalog() {
        if let Some(score) = score(&entry.scheme)
            && best.is_none_or(|(_, other)| score > other)
        {
            best = Some((entry.scheme, score));
        }
    }
    best.map(|(scheme, _)| scheme)
}

/// What a text means in a scheme: in this form, or without one in the scheme's own, or where that
/// does not fit, in the likeliest of the others. `None` where it means nothing.
pub(crate) fn reading(
    scheme: &Scheme,
    text: &str,
    form: Option<Form>,
    now: UnixTime,
) -> Option<Candidate> {
    let read = |form_is_told: bool, form: Form| {
        let word = scheme.parse_as(text, form).ok()?;
        Some(judge(scheme, word, form, form_is_told, now))
    };
    if let Some(form) = form {
        return read(true, form);
    }
    read(false, scheme.text).or_else(|| {
        let mut found: Vec<_> =
            Form::ALL.into_iter().filter_map(|form| read(false, form)).collect();
        sort(&mut found);
        found.into_iter().next()
    })
}

fn sort(found: &mut [Candidate]) {
    found.sort_by(|one, other| other.score.total_cmp(&one.score));
}

fn judge(scheme: &Scheme, word: u128, form: Form, form_is_told: bool, now: UnixTime) -> Candidate {
    let habits = Habits::of(scheme);
    let (time_score, time) = judge_time(scheme, &habits, word, now);
    let (sequence_score, sequence) = judge_sequence(scheme, habits.counting, word);
    let constant = constant_bits(scheme);
    let mut score = time_score + sequence_score + f64::from(constant);
    let mut why = vec![time];
    why.extend(sequence);
    if constant >= 4 {
        why.push(format!("its {constant} constant bits are right"));
    }
    if habits.is_seldom_seen {
        score += SELDOM_SEEN;
        why.push("such ids are seldom seen in public".into());
    }
    if form != scheme.text && !form_is_told {
        score += if form == Form::Uuid { 2.0 * FOREIGN_FORM } else { FOREIGN_FORM };
        why.push(format!("it is read as {form}, but usually written in {}", scheme.text));
    }
    Candidate { scheme: *scheme, word, form, why: why.join("; "), score }
}

/// What is known of a scheme's ids beyond their layout.
struct Habits {
    /// First day of use. No id is older, whatever its layout could say.
    since: UnixTime,
    counting: Counting,
    is_seldom_seen: bool,
}

/// Where the sequence starts in a tick.
#[derive(Clone, Copy)]
enum Counting {
    /// At 0.
    FromZero,
    /// At random below this.
    Below(u64),
    /// Anywhere: it goes on from the tick before, or is a hash.
    Anywhere,
}

impl Habits {
    /// By the name of the scheme. Sources are those of the catalog, read for how they count.
    fn of(scheme: &Scheme) -> Self {
        let epoch = scheme.timebase.map_or(UnixTime::EPOCH, |base| base.epoch());
        let habits = |since: UnixTime, counting| Self { since, counting, is_seldom_seen: false };
        match scheme.name.as_str() {
            // This workspace is of 2026, although its epoch is 2020.
            "snowflake" | "js53" | "nano128" | "hlc" => {
                habits(UnixTime::from_millis(1_767_225_600_000), Counting::FromZero)
            }
            // The specification is of 2016.
            "ulid" => habits(UnixTime::from_millis(1_451_606_400_000), Counting::Anywhere),
            "twitter" => habits(epoch, Counting::FromZero),
            "baidu" => Self { is_seldom_seen: true, ..habits(epoch, Counting::FromZero) },
            // "For every ID that is generated on that process, this number is incremented."
            "discord" => habits(epoch, Counting::Anywhere),
            // It starts over in each tick, but stands above 16 bits of machine: what are 8 zeros
            // there are a small node id and a calm sequence in most other layouts.
            "sonyflake" | "sonyflake-v2" => {
                Self { is_seldom_seen: true, ..habits(epoch, Counting::Anywhere) }
            }
            // A sequence of the database, modulo 1,024.
            "instagram" => habits(epoch, Counting::Anywhere),
            // First release, 2016-03-16.
            "mastodon" => habits(UnixTime::from_millis(1_458_086_400_000), Counting::Anywhere),
            // Described by its makers in April 2017; the sequence starts at RANDOM.nextInt(100).
            "leaf" => {
                let since = UnixTime::from_millis(1_491_004_800_000);
                Self { is_seldom_seen: true, ..habits(since, Counting::Below(100)) }
            }
            _ => habits(epoch, Counting::Anywhere),
        }
    }
}

/// Half of all ids that people ask about are taken for ones of the last day, and half for ones
/// of any day since the first.
#[expect(clippy::cast_precision_loss, reason = "a likelihood is a rough number")]
fn judge_time(scheme: &Scheme, habits: &Habits, word: u128, now: UnixTime) -> (f64, String) {
    let (Some(base), Some(time)) = (scheme.timebase, scheme.time(word)) else {
        return (0.0, "it keeps no time".into());
    };
    if time.as_nanos() > now.as_nanos() + CLOCKS_DISAGREE_NANOS {
        return (FUTURE, "its time is yet to come".into());
    }
    if time < habits.since {
        let since = day(habits.since);
        return (TOO_EARLY, format!("its time is before {since}, its first day of use"));
    }
    let range = base.tick_nanos() as f64 * f64::from(scheme.layout.tick_bits()).exp2();
    let likelier = |nanos: i128| ((range / nanos.max(DAY_NANOS) as f64).log2() - 1.0).max(0.0);
    if now.as_nanos() - time.as_nanos() < DAY_NANOS {
        (likelier(DAY_NANOS), "its time is of the last 24 hours".into())
    } else {
        let in_use = now.as_nanos() - habits.since.as_nanos();
        (likelier(in_use), "its time lies in the scheme's past".into())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a likelihood is a rough number")]
fn judge_sequence(scheme: &Scheme, counting: Counting, word: u128) -> (f64, Option<String>) {
    let sequence = scheme.layout.unpack(word).sequence;
    let values = f64::from(scheme.layout.sequence_bits()).exp2();
    let calm = match counting {
        _ if scheme.layout.sequence_bits() == 0 => return (0.0, None),
        Counting::Anywhere => return (0.0, None),
        // Each further id of a tick is taken for four times as seldom.
        Counting::FromZero => 0.75 * (-2.0 * sequence as f64).exp2(),
        Counting::Below(limit) if sequence < limit => 1.0 / limit as f64,
        Counting::Below(_) => 0.0,
    };
    let score = (((1.0 - BUSY) * calm + BUSY / values) * values).log2();
    let why = if score > 0.0 {
        format!("sequence {sequence} is a usual one")
    } else {
        format!("sequence {sequence} is high for a count that starts over in each tick")
    };
    (score, Some(why))
}

/// Bits that every id of the scheme has alike, which the text had right, or it would not fit.
fn constant_bits(scheme: &Scheme) -> u32 {
    let is_constant = |kind| matches!(kind, Kind::Unused | Kind::Version(_));
    let fields = scheme.layout.fields().iter().filter(|field| is_constant(field.kind()));
    fields.map(|field| u32::from(field.bits())).sum()
}

/// The date of an instant.
fn day(time: UnixTime) -> String {
    time.to_string().split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23T12:00:00Z.
    const NOW: UnixTime = UnixTime::from_millis(1_795_435_200_000);

    fn names_at(text: &str, now: UnixTime) -> Vec<String> {
        candidates(text, None, now).iter().map(|found| found.scheme.name.to_string()).collect()
    }

    /// An id that the scheme made this many seconds ago.
    fn made(scheme: &str, seconds_ago: i64, node: u64, sequence: u64) -> String {
        let scheme = idgen::find(scheme).unwrap().scheme;
        let time = UnixTime::from_nanos(NOW.as_nanos() - i128::from(seconds_ago) * 1_000_000_000);
        let tick = scheme.timebase.unwrap().tick_at(time).unwrap();
        let parts = idgen::layout::Parts { tick, node, sequence, payload: 0 };
        scheme.format(scheme.pack(parts).unwrap()).to_string()
    }

    #[test]
    fn a_uuid_of_no_version_is_one_all_the_same() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "000003e8-cbb9-21ea-b201-00045a86c8a1",
        ] {
            let found = candidates(text, None, NOW);
            assert_eq!(found[0].scheme.name.as_str(), "uuid", "{text}: {found:?}");
        }
        let found = candidates("0191d43e-4f5a-7c8b-9f3d-2b6a1c0e4d5f", None, NOW);
        assert!(found.iter().all(|it| it.scheme.name.as_str() != "uuid"), "{found:?}");
    }

    #[test]
    fn reference_vectors_are_told_apart() {
        // As Discord's, the first is of 2026-08-25, and on that day alone it is taken for that. As
        // a snowflake of ours it is of 2031: from then on it may well be one. As Twitter's, the
        // second is of 2012.
        for now in ["2023-01-01", "2026-01-01", "2026-08-27", "2026-11-23", "2031-01-01"] {
            let now = idgen::config::parse_epoch(now).unwrap();
            for (text, scheme) in [
                ("1541815603606036480", "twitter"),
                ("175928847299117063", "discord"),
                ("109372843234780274", "mastodon"),
            ] {
                assert_eq!(names_at(text, now)[0], scheme, "{text} at {now}");
            }
        }
    }

    #[test]
    fn the_last_day_outweighs_a_usual_sequence() {
        let now = idgen::config::parse_epoch("2026-08-26").unwrap();
        assert_eq!(names_at("1541815603606036480", now)[..2], ["discord", "twitter"]);
    }

    #[test]
    fn an_id_just_made_is_known_whatever_its_sequence() {
        for (scheme, sequence) in [
            ("snowflake", 0),
            ("snowflake", 4_000),
            ("twitter", 0),
            ("discord", 1_234),
            ("mastodon", 40_000),
            ("js53", 3),
        ] {
            let text = made(scheme, 5, 0, sequence);
            assert_eq!(names_at(&text, NOW)[0], scheme, "{text}");
        }
    }

    #[test]
    fn a_public_scheme_comes_before_one_of_the_same_layout_that_is_not() {
        let names = names_at(&made("leaf", 400 * 86_400, 3, 0), NOW);
        let place = |scheme| names.iter().position(|name| name == scheme).unwrap();
        assert!(place("twitter") < place("leaf"));
    }

    #[test]
    fn times_to_come_and_times_too_early_come_last() {
        let found = candidates("1541815603606036480", None, NOW);
        let why = |name: &str| {
            let found = found.iter().find(|found| found.scheme.name.as_str() == name).unwrap();
            found.why.as_str()
        };
        assert!(why("twitter").contains("in the scheme's past; sequence 0 is a usual one"));
        assert!(why("snowflake").contains("yet to come"));
        // Those that it would take another form to read it in are less plausible still.
        let usual = found.iter().filter(|found| found.form == found.scheme.text);
        let to_come: Vec<_> = usual.map(|found| found.why.contains("yet to come")).collect();
        assert!(to_come.is_sorted() && to_come.ends_with(&[true, true]), "{to_come:?}");
        let early = candidates("65536", None, NOW);
        let mastodon = early.iter().find(|found| found.scheme.name.as_str() == "mastodon").unwrap();
        assert!(mastodon.why.contains("before 2016-03-16"), "{}", mastodon.why);
    }

    #[test]
    fn another_form_is_read_where_the_own_does_not_fit() {
        for text in ["1565a11f6217a000", "1ASD13XH1F800", "4aaW4SzAyQK", "1ptWyK4WgZU"] {
            let found = candidates(text, None, NOW);
            assert_eq!(found[0].word, 1_541_815_603_606_036_480, "{text}");
            assert_eq!(found[0].scheme.name.as_str(), "twitter", "{text}");
            assert!(found[0].why.contains("but usually written in decimal"), "{text}");
        }
        // 13 digits are decimal and not base 32, unless that is asked for.
        let own = candidates("1234567890123", None, NOW);
        assert!(own.iter().all(|found| found.form == Form::Decimal));
        let told = candidates("1234567890123", Some(Form::Base32), NOW);
        assert!(told.iter().all(|found| found.form == Form::Base32 && !found.why.contains("read")));
    }

    #[test]
    fn a_form_that_nobody_asked_for_costs_its_score() {
        let scheme = idgen::find("twitter").unwrap().scheme;
        let score = |form, is_told| judge(&scheme, 7, form, is_told, NOW).score;
        assert_eq!(score(Form::Decimal, false), score(Form::Base62, true));
        assert_eq!(score(Form::Base62, false), score(Form::Base62, true) + FOREIGN_FORM);
        const { assert!(FOREIGN_FORM < -1.0) };
    }

    #[test]
    fn many_ids_are_of_the_scheme_that_fits_them_all() {
        let ids = |texts: &[&str]| -> Vec<(String, Option<Form>)> {
            texts.iter().map(|text| ((*text).to_owned(), None)).collect()
        };
        let name = |texts: &[&str]| likeliest(&ids(texts), None, NOW).map(|s| s.name.to_string());
        let [one, other] = [made("discord", 5, 0, 1), made("discord", 500, 1, 3)];
        assert_eq!(name(&[&one, &other, "no id"]).unwrap(), "discord");
        // Any number of 53 bits is one of 64, but not the other way round.
        let small = made("js53", 5, 0, 0);
        assert_eq!(name(&[&small]).unwrap(), "js53");
        assert_ne!(name(&[&small, "1541815603606036480"]).unwrap(), "js53");
        assert_eq!(name(&["x"]), None);
    }

    #[test]
    fn what_no_layout_fits_is_nobodys() {
        assert!(names_at(&"9".repeat(40), NOW).is_empty());
        assert!(names_at("x", NOW).is_empty());
        // More than 64 bits are no id of 64.
        let wide = candidates("18446744073709551616", None, NOW);
        assert!(wide.iter().all(|found| found.scheme.layout.width() == 128));
        // More than 53 bits are no JavaScript number.
        assert!(!names_at("1541815603606036480", NOW).contains(&"js53".to_owned()));
    }
}
