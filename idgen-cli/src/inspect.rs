//! `idgen inspect`: what an id is made of, and who may have made it.

use std::io::{self, BufRead, Write};

use idgen::clock::{Clock, SystemClock};
use idgen::text::Form;
use idgen::{Scheme, UnixTime};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::age::Age;
use crate::choice::{configuration, entry};
use crate::cli::{Inspect, form};
use crate::exit::{Failure, complain};
use crate::paint;
use crate::plausible::{Candidate, candidates};

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
        if let Some(scheme) = &self.scheme {
            let form = self.form.unwrap_or(scheme.text);
            let word = scheme
                .parse_as(text, form)
                .map_err(|error| format!("'{text}' is no {} id: {error}", scheme.name))?;
            return Ok(if self.json {
                self.json(Record::of(scheme, word))
            } else {
                self.full(scheme, word)
            });
        }
        let found = candidates(text, self.form, self.now);
        match found.first() {
            None => Err(format!(
                "'{text}' fits no scheme; name the form with --form, or see idgen schemes"
            )),
            Some(best) if self.json => {
                let mut record = Record::of(&best.entry.scheme, best.word);
                record.candidates = found.iter().map(Other::of).collect();
                Ok(self.json(record))
            }
            Some(_) => Ok(self.guess(&found)),
        }
    }

    /// The most plausible scheme in full, and a line for each other.
    fn guess(&self, found: &[Candidate]) -> String {
        let in_full = if self.all { found.len() } else { 1 };
        let mut shown = String::new();
        for candidate in &found[..in_full] {
            shown += &self.full(&candidate.entry.scheme, candidate.word);
            shown += &format!("  {}\n\n", candidate.why);
        }
        if in_full < found.len() {
            shown += "  it could also be\n";
        }
        for candidate in &found[in_full..] {
            let scheme = &candidate.entry.scheme;
            let time = scheme.time(candidate.word).map_or(String::new(), |time| time.to_string());
            shown += &format!("    {:<12} {time:<26} {}\n", scheme.name, candidate.why);
        }
        shown
    }

    fn full(&self, scheme: &Scheme, word: u128) -> String {
        let bold = anstyle::Style::new().bold();
        let mut shown = format!("{bold}{} {}{bold:#}\n\n", scheme.name, scheme.format(word));
        for line in paint::bits(&scheme.layout, word).lines() {
            shown += &format!("  {line}\n");
        }
        shown += &format!("\n{}", paint::legend(scheme, word));
        if let Some(time) = scheme.time(word) {
            shown += &format!("\n  time     {time}, {}\n", Age { time, now: self.now });
        }
        for form in Form::ALL {
            shown += &format!("  {:<8} {}\n", form.name(), scheme.format_as(word, form));
        }
        shown
    }

    #[expect(clippy::unused_self, reason = "beside the other way to show")]
    fn json(&self, record: Record) -> String {
        // Strings, numbers and lists of them are always JSON.
        let mut line = serde_json::to_string(&record).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// An id as a JSON object.
#[derive(Serialize)]
struct Record {
    scheme: String,
    id: String,
    time: Option<String>,
    /// Every field by its name, and `node` where several make up the node id.
    fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    candidates: Vec<Other>,
}

impl Record {
    fn of(scheme: &Scheme, word: u128) -> Self {
        let value = |(field, value): (&idgen::layout::Field, u64)| {
            (field.name().to_string(), Value::from(value))
        };
        let mut fields: Map<_, _> = scheme.fields(word).map(value).collect();
        if scheme.layout.node_bits() > 0 {
            fields.entry("node").or_insert(scheme.layout.unpack(word).node.into());
        }
        Self {
            scheme: scheme.name.to_string(),
            id: scheme.format(word).to_string(),
            time: scheme.time(word).map(|time| time.to_string()),
            fields,
            candidates: Vec::new(),
        }
    }
}

/// A scheme that could have made the id, as a JSON object.
#[derive(Serialize)]
struct Other {
    scheme: String,
    time: Option<String>,
    why: String,
}

impl Other {
    fn of(candidate: &Candidate) -> Self {
        let scheme = &candidate.entry.scheme;
        Self {
            scheme: scheme.name.to_string(),
            time: scheme.time(candidate.word).map(|time| time.to_string()),
            why: candidate.why.clone(),
        }
    }
}
