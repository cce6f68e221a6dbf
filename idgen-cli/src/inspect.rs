//! `idgen inspect`: what an id is made of, and who may have made it.

use std::path::PathBuf;

use clap::Args;
use idgen::clock::{Clock, SystemClock};
use idgen::text::Form;
use idgen::typed;
use idgen::{Scheme, UnixTime};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::age::Age;
use crate::arguments::{form, form_names, scheme_names};
use crate::choice::{configuration, entry};
use crate::exit::Failure;
use crate::input;
use crate::paint;
use crate::plausible::{Candidate, candidates, reading};

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen inspect 1541815603606036480
  idgen inspect 175928847299117063 --scheme discord --json
  idgen inspect order_01h455vb4pex5vsknk084sn02q
  idgen generate -n 3 | idgen inspect --scheme snowflake

Without --scheme, every scheme that could have made the id is weighed: by its time, which should
lie between the scheme's first day of use and now, and best of all today; by its sequence, where
that starts at 0 in each tick; by its unused bits; and by the form that it is written in.

Of a scheme that says what follows an id within its tick, as ULID does, that is shown too.

Exit codes: 0 success, 1 data (a bad id or file, no id in time), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The ids; read from standard input, one a line, where there is none
    pub(crate) ids: Vec<String>,
    /// Scheme of the ids
    #[arg(long, value_name = "NAME", value_parser = scheme_names(), conflicts_with = "config")]
    pub(crate) scheme: Option<String>,
    /// Form of the ids; native is the scheme's own, or what fits where that does not
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Take the scheme from a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print an object a line: scheme, id, form, time, next, fields, and the candidates
    #[arg(long)]
    pub(crate) json: bool,
    /// Show every scheme that could have made the id in full
    #[arg(long)]
    pub(crate) all: bool,
    /// Take this for the time that is now
    #[arg(long, hide = true, value_parser = idgen::config::parse_epoch)]
    pub(crate) now: Option<UnixTime>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let inspector = Inspector::of(arguments)?;
    input::each_id(&arguments.ids, |text| inspector.inspect(text))
}

/// An id as it was written.
struct Text<'t> {
    /// The prefix of a typed id.
    prefix: Option<&'t str>,
    /// The text without it.
    digits: &'t str,
    /// The form that it has to be in.
    form: Option<Form>,
}

/// What to show of each id.
struct Inspector {
    /// The scheme that was named; without one, all that fit are shown.
    scheme: Option<Scheme>,
    form: Option<Form>,
    now: UnixTime,
    json: bool,
    all: bool,
}

impl Inspector {
    fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let scheme = match (&arguments.scheme, &arguments.config) {
            (Some(name), _) => Some(entry(name)?.scheme),
            (None, Some(file)) => Some(configuration(file)?.scheme),
            (None, None) => None,
        };
        let now = arguments.now.unwrap_or_else(|| SystemClock.wall());
        let (json, all) = (arguments.json, arguments.all);
        Ok(Self { scheme, form: form(&arguments.form), now, json, all })
    }

    /// What is to be shown of an id, or why it is none.
    fn inspect(&self, text: &str) -> Result<String, String> {
        let Text { prefix, digits, form } = self.text(text)?;
        let found = match &self.scheme {
            Some(scheme) => vec![self.read(scheme, digits, form)?],
            None => candidates(digits, form, self.now),
        };
        let Some(best) = found.first() else {
            return Err(format!(
                "'{text}' fits no scheme; name the form with --form, or see idgen schemes"
            ));
        };
        if self.json {
            return Ok(self.record(prefix, best, &found));
        }
        let in_full = if self.all { found.len() } else { 1 };
        let shown: Vec<_> = found[..in_full].iter().map(|found| self.full(prefix, found)).collect();
        Ok(shown.join("\n") + &self.others(&found[in_full..]))
    }

    /// A text with its prefix, if it has one, taken off. What is left is base 32 then.
    fn text<'t>(&self, text: &'t str) -> Result<Text<'t>, String> {
        let Some((_, digits)) = text.rsplit_once('_') else {
            return Ok(Text { prefix: None, digits: text, form: self.form });
        };
        let prefix = if Form::Base32.width::<u64>() == Some(digits.len()) {
            typed::decode::<u64>(text).map(|(prefix, _)| prefix)
        } else {
            typed::decode::<u128>(text).map(|(prefix, _)| prefix)
        };
        let prefix = prefix.map_err(|error| format!("'{text}' is no typed id: {error}"))?;
        Ok(Text { prefix: Some(prefix.as_str()), digits, form: Some(Form::Base32) })
    }

    /// An id by the scheme that was named, or what keeps it from being one.
    fn read(&self, scheme: &Scheme, text: &str, form: Option<Form>) -> Result<Candidate, String> {
        reading(scheme, text, form, self.now).ok_or_else(|| {
            let fault = scheme.parse_as(text, form.unwrap_or(scheme.text)).err();
            let fault = fault.map(|error| format!(": {error}")).unwrap_or_default();
            format!("'{text}' is no {} id{fault}", scheme.name)
        })
    }

    /// Everything about an id by one scheme.
    fn full(&self, prefix: Option<&str>, found: &Candidate) -> String {
        let Candidate { scheme, word, form, why, .. } = found;
        let bold = anstyle::Style::new().bold();
        let mut rows = Vec::new();
        if let Some(prefix) = prefix {
            rows.push(("prefix", prefix.to_owned()));
        }
        if scheme.layout.node_bits() > 0 {
            let nodes = scheme.capacity().nodes;
            let node = scheme.layout.unpack(*word).node;
            rows.push(("node id", format!("{node} of 0..={}", nodes - 1)));
        }
        if let Some(time) = scheme.time(*word) {
            rows.push(("time", format!("{time}, {}", Age { time, now: self.now })));
        }
        if let Some(next) = successor(scheme, *word) {
            let none = || "none in this tick: its random bits are all ones".to_owned();
            rows.push(("next", next.map_or_else(none, |next| scheme.format(next).to_string())));
        }
        for other in Form::ALL {
            let note = if other == *form && other != scheme.text { "  (as given)" } else { "" };
            rows.push((other.name(), format!("{}{note}", scheme.format_as(*word, other))));
        }
        if self.scheme.is_none() {
            rows.push(("why", why.clone()));
        }
        let rows: String =
            rows.iter().map(|(label, text)| format!("  {label:<8}  {text}\n")).collect();
        format!(
            "{bold}{} {}{bold:#}\n\n{}\n{}\n{rows}",
            scheme.name,
            scheme.format(*word),
            paint::bits(&scheme.layout, *word),
            paint::legend(scheme, *word),
        )
    }

    /// A line for each scheme that is less plausible.
    fn others(&self, found: &[Candidate]) -> String {
        if found.is_empty() {
            return String::new();
        }
        let bold = anstyle::Style::new().bold();
        let line = |other: &Candidate| {
            let Candidate { scheme, word, why, .. } = other;
            let time = scheme
                .time(*word)
                .map_or(String::new(), |time| format!("{time}, {}: ", Age { time, now: self.now }));
            format!("    {bold}{:<12}{bold:#} {time}{why}\n", scheme.name)
        };
        format!("\n  it could also be\n{}", found.iter().map(line).collect::<String>())
    }

    /// The same as one JSON object.
    fn record(&self, prefix: Option<&str>, best: &Candidate, found: &[Candidate]) -> String {
        let others = if self.scheme.is_none() { found } else { &[] };
        let Candidate { scheme, word, form, .. } = best;
        let record = Record {
            scheme: scheme.name.to_string(),
            id: scheme.format(*word).to_string(),
            prefix: prefix.map(str::to_owned),
            form: form.name(),
            time: scheme.time(*word).map(|time| time.to_string()),
            next: successor(scheme, *word)
                .map(|next| next.map(|next| scheme.format(next).to_string())),
            fields: Fields { scheme, word: *word },
            candidates: others.iter().map(Other::of).collect(),
        };
        input::json_line(&record)
    }
}

/// The id that follows this one in its tick, of a scheme of the catalog that specifies one.
fn successor(scheme: &Scheme, word: u128) -> Option<Option<u128>> {
    let known = idgen::find(scheme.name.as_str()).filter(|known| known.scheme == *scheme);
    known?.successor(word)
}

/// An id as a JSON object.
#[derive(Serialize)]
struct Record<'a> {
    scheme: String,
    /// In the scheme's own form.
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix: Option<String>,
    /// The form that it was read in.
    form: &'static str,
    time: Option<String>,
    /// The id that follows in the same tick, where the scheme specifies one; null where the tick is full.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Option<String>>,
    fields: Fields<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Other>,
}

/// Every field by its name, from the highest bit down; then `tick`, `node` and `sequence`, where
/// the layout has such bits under other names, so that these can be asked for in every scheme.
/// What has more bits than a JavaScript number keeps is a string.
struct Fields<'a> {
    scheme: &'a Scheme,
    word: u128,
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let layout = &self.scheme.layout;
        let parts = layout.unpack(self.word);
        let whole = [
            ("tick", layout.tick_bits(), parts.tick),
            ("node", layout.node_bits(), parts.node),
            ("sequence", layout.sequence_bits(), parts.sequence),
        ];
        let missing =
            whole.iter().filter(|(name, bits, _)| *bits > 0 && layout.field(name).is_none());
        let mut map = serializer.serialize_map(None)?;
        for (field, value) in self.scheme.fields(self.word) {
            if u32::from(field.bits()) <= f64::MANTISSA_DIGITS {
                map.serialize_entry(field.name().as_str(), &value)?;
            } else {
                map.serialize_entry(field.name().as_str(), &value.to_string())?;
            }
        }
        for (name, bits, value) in missing {
            if *bits <= f64::MANTISSA_DIGITS {
                map.serialize_entry(name, value)?;
            } else {
                map.serialize_entry(name, &value.to_string())?;
            }
        }
        map.end()
    }
}

/// A scheme that could have made the id, as a JSON object.
#[derive(Serialize)]
struct Other {
    scheme: String,
    form: &'static str,
    time: Option<String>,
    why: String,
}

impl Other {
    fn of(candidate: &Candidate) -> Self {
        let scheme = &candidate.scheme;
        Self {
            scheme: scheme.name.to_string(),
            form: candidate.form.name(),
            time: scheme.time(candidate.word).map(|time| time.to_string()),
            why: candidate.why.clone(),
        }
    }
}
