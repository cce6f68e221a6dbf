//! `idgen inspect`: what an id is made of, and who may have made it.

use std::io::{self, BufRead, Write};

use idgen::clock::{Clock, SystemClock};
use idgen::text::Form;
use idgen::{Scheme, UnixTime};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::age::Age;
use crate::choice::{configuration, entry};
use crate::cli::{Inspect, form};
use crate::exit::{Failure, complain};
use crate::paint;
use crate::plausible::{Candidate, candidates, reading};

pub(crate) fn run(arguments: &Inspect) -> Result<(), Failure> {
    let inspector = Inspector::of(arguments)?;
    let mut out = anstream::stdout().lock();
    let mut bad = false;
    let mut show = |place: &str, text: &str| -> Result<(), Failure> {
        match inspector.inspect(text) {
            Ok(shown) => Ok(out.write_all(shown.as_bytes())?),
            Err(message) => {
                complain(&format!("{place}{message}"));
                bad = true;
                Ok(())
            }
        }
    };
    for text in &arguments.ids {
        show("", text)?;
    }
    if arguments.ids.is_empty() {
        for (number, line) in io::stdin().lock().split(b'\n').enumerate() {
            let line = line.map_err(|error| Failure::Data(format!("cannot read: {error}")))?;
            let line = String::from_utf8_lossy(&line);
            if !line.trim().is_empty() {
                show(&format!("line {}: ", number + 1), line.trim())?;
            }
        }
    }
    if bad { Err(Failure::Said) } else { Ok(()) }
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
    fn of(arguments: &Inspect) -> Result<Self, Failure> {
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
        let found = match &self.scheme {
            Some(scheme) => vec![self.read(scheme, text)?],
            None => candidates(text, self.form, self.now),
        };
        let Some(best) = found.first() else {
            return Err(format!(
                "'{text}' fits no scheme; name the form with --form, or see idgen schemes"
            ));
        };
        if self.json {
            return Ok(self.record(best, &found));
        }
        let in_full = if self.all { found.len() } else { 1 };
        let shown: Vec<_> = found[..in_full].iter().map(|found| self.full(found)).collect();
        Ok(shown.join("\n") + &self.others(&found[in_full..]))
    }

    /// An id by the scheme that was named, or what keeps it from being one.
    fn read(&self, scheme: &Scheme, text: &str) -> Result<Candidate, String> {
        reading(scheme, text, self.form, self.now).ok_or_else(|| {
            let fault = scheme.parse_as(text, self.form.unwrap_or(scheme.text)).err();
            let fault = fault.map(|error| format!(": {error}")).unwrap_or_default();
            format!("'{text}' is no {} id{fault}", scheme.name)
        })
    }

    /// Everything about an id by one scheme.
    fn full(&self, found: &Candidate) -> String {
        let Candidate { scheme, word, form, why, .. } = found;
        let bold = anstyle::Style::new().bold();
        let mut rows = Vec::new();
        if scheme.layout.node_bits() > 0 {
            let nodes = scheme.capacity().nodes;
            let node = scheme.layout.unpack(*word).node;
            rows.push(("node id", format!("{node} of 0..={}", nodes - 1)));
        }
        if let Some(time) = scheme.time(*word) {
            rows.push(("time", format!("{time}, {}", Age { time, now: self.now })));
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
    fn record(&self, best: &Candidate, found: &[Candidate]) -> String {
        let others = if self.scheme.is_none() { found } else { &[] };
        let Candidate { scheme, word, form, .. } = best;
        let record = Record {
            scheme: scheme.name.to_string(),
            id: scheme.format(*word).to_string(),
            form: form.name(),
            time: scheme.time(*word).map(|time| time.to_string()),
            fields: Fields { scheme, word: *word },
            candidates: others.iter().map(Other::of).collect(),
        };
        // Strings, numbers and lists of them are always JSON.
        let mut line = serde_json::to_string(&record).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// An id as a JSON object.
#[derive(Serialize)]
struct Record<'a> {
    scheme: String,
    /// In the scheme's own form.
    id: String,
    /// The form that it was read in.
    form: &'static str,
    time: Option<String>,
    fields: Fields<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Other>,
}

/// Every field by its name, from the highest bit down; then `tick`, `node` and `sequence`, where
/// the layout has such bits under other names, so that these can be asked for in every scheme.
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
            map.serialize_entry(field.name().as_str(), &value)?;
        }
        for (name, _, value) in missing {
            map.serialize_entry(name, value)?;
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
