//! From a TOML document to a scheme and settings, noting each fault on the way.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use idgen_core::catalog::Settings;
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{Name, Scheme, Timebase, UnixTime};
use toml::{Table, Value};

use super::{EPOCH_EXAMPLE, Fault, parse_duration, parse_epoch};

type Faults = Vec<Fault>;

const SCHEME_KEYS: &[&str] = &["name", "like", "layout", "fields", "epoch", "tick", "text"];
const GENERATOR_KEYS: &[&str] = &["node", "block-bits", "max-drift", "max-wait"];
const LAYOUT_EXAMPLE: &str = "layout = \"41:5:5:12\"";
const FIELDS_EXAMPLE: &str = "fields = [{ name = \"tick\", bits = 41 }, { name = \"worker\", kind = \"node\", bits = 10 }, { name = \"sequence\", bits = 12 }]";

pub(super) fn document(text: &str, faults: &mut Faults) -> Option<Table> {
    match text.parse::<Table>() {
        Ok(document) => Some(document),
        Err(error) => {
            let message = format!("this is no TOML: {}", error.to_string().trim_end());
            faults.push(Fault::new("", message, "[scheme]\nlike = \"snowflake\""));
            None
        }
    }
}

/// A scheme as far as it could be read: what a fault left open is `None`.
pub(super) struct Draft {
    pub(super) name: Name,
    pub(super) layout: Option<Layout>,
    pub(super) timebase: Option<Timebase>,
    pub(super) text: Form,
}

impl Draft {
    pub(super) fn finished(&self) -> Option<Scheme> {
        let Self { name, layout, timebase, text } = *self;
        Some(Scheme { name, layout: layout?, timebase: Some(timebase?), text })
    }
}

pub(super) fn scheme(document: &Table, faults: &mut Faults) -> Option<Draft> {
    let section = Section::of(document, "scheme", faults);
    if section.table.is_none() {
        section.require(document.contains_key("scheme"), "", "like = \"snowflake\"", faults);
        return None;
    }
    let like = section.text("like", "like = \"snowflake\"", faults, known_scheme);
    let name = section.text("name", "name = \"orders\"", faults, Name::from_str);
    let layout = layout(&section, faults);
    let epoch = section.text("epoch", EPOCH_EXAMPLE, faults, parse_epoch);
    let tick = section.text("tick", "tick = \"1ms\"", faults, parse_duration);
    let text = section.text("text", "text = \"decimal\"", faults, Form::from_str);

    let base = like.and_then(|scheme| scheme.timebase);
    // What is given and wrong is a fault already; only what is not given is taken from `like`.
    let silent = |keys: &[&str]| keys.iter().all(|key| section.get(key).is_none());
    let layout = layout.or(like.filter(|_| silent(&["layout", "fields"])).map(|like| like.layout));
    let epoch = epoch.or(base.filter(|_| silent(&["epoch"])).map(|base| base.epoch()));
    let tick = tick.or(base.filter(|_| silent(&["tick"])).map(|base| base.tick()));
    section.require(layout.is_some(), "layout", LAYOUT_EXAMPLE, faults);
    section.require(epoch.is_some(), "epoch", EPOCH_EXAMPLE, faults);
    section.require(tick.is_some(), "tick", "tick = \"1ms\"", faults);
    Some(Draft {
        name: name.or_else(|| like.map(|scheme| scheme.name)).unwrap_or(Name::new("custom")),
        layout,
        timebase: epoch.zip(tick).and_then(|(epoch, tick)| timebase(epoch, tick, faults)),
        text: text.or_else(|| like.map(|scheme| scheme.text)).unwrap_or(Form::Decimal),
    })
}

fn timebase(epoch: UnixTime, tick: Duration, faults: &mut Faults) -> Option<Timebase> {
    let timebase = Timebase::try_new(epoch, tick);
    timebase.map_err(|e| faults.push(Fault::new("scheme.tick", e, "tick = \"1ms\""))).ok()
}

fn known_scheme(name: &str) -> Result<Scheme, String> {
    crate::find(name).map(|entry| entry.scheme).ok_or_else(|| {
        let known: Vec<_> = crate::catalog().iter().map(|e| e.scheme.name.to_string()).collect();
        format!("'{name}' is no known scheme; there are {}", known.join(", "))
    })
}

/// The layout from its text or its fields; `None` where neither is given, or a fault was noted.
fn layout(section: &Section<'_>, faults: &mut Faults) -> Option<Layout> {
    let text = section.text("layout", LAYOUT_EXAMPLE, faults, Layout::from_str);
    let Some(value) = section.get("fields") else { return text };
    if section.get("layout").is_some() {
        let message = "both layout and fields are given; one of them says it all";
        faults.push(Fault::new("scheme.fields", message, LAYOUT_EXAMPLE));
        return None;
    }
    let Some(items) = value.as_array() else {
        let message = format!("a list of fields is needed, not {}", value.type_str());
        faults.push(Fault::new("scheme.fields", message, FIELDS_EXAMPLE));
        return None;
    };
    let before = faults.len();
    let fields: Vec<Field> = items
        .iter()
        .enumerate()
        .filter_map(|(i, item)| field(item, &format!("scheme.fields[{i}]"), faults))
        .collect();
    if faults.len() > before {
        return None;
    }
    let text: Vec<String> = fields.iter().map(ToString::to_string).collect();
    let layout = text.join(":").parse::<Layout>();
    layout.map_err(|e| faults.push(Fault::new("scheme.fields", e, FIELDS_EXAMPLE))).ok()
}

/// One field: `{ name = "worker", kind = "node", bits = 5 }`, or with `value = 7` for a constant.
fn field(item: &Value, path: &str, faults: &mut Faults) -> Option<Field> {
    const EXAMPLE: &str = "{ name = \"worker\", kind = \"node\", bits = 5 }";
    let Some(table) = item.as_table() else {
        let message = format!("a field is a table, not {}", item.type_str());
        faults.push(Fault::new(path, message, EXAMPLE));
        return None;
    };
    let before = faults.len();
    let section = Section { table: Some(table), path };
    section.unknown(&["name", "kind", "bits", "value"], faults);
    let name = section.text("name", EXAMPLE, faults, Name::from_str);
    let bits = section.integer("bits", EXAMPLE, 1..=64, faults);
    let value = section.integer("value", EXAMPLE, 0..=u64::MAX, faults);
    let kind = section.text("kind", EXAMPLE, faults, Kind::from_str);
    section.require(name.is_some(), "name", EXAMPLE, faults);
    section.require(bits.is_some(), "bits", EXAMPLE, faults);
    let (name, bits) = (name?, u8::try_from(bits?).ok()?);
    let kind = match value {
        Some(value) => Some(Kind::Version(value)),
        None => kind.or_else(|| name.as_str().parse().ok()),
    };
    section.require(kind.is_some(), "kind", EXAMPLE, faults);
    (faults.len() == before).then_some(())?;
    Some(Field::new(kind?, bits).with_name(name))
}

pub(super) fn settings(document: &Table, faults: &mut Faults) -> Settings {
    let section = Section::of(document, "generator", faults);
    let mut settings = Settings::default();
    settings.node = section.integer("node", "node = 7", 0..=u64::MAX, faults);
    let block = section.integer("block-bits", "block-bits = 5", 0..=63, faults);
    settings.block_bits = block.and_then(|bits| u32::try_from(bits).ok()).unwrap_or(0);
    settings.max_drift = section.text("max-drift", "max-drift = \"10ms\"", faults, parse_duration);
    settings.max_wait = section.text("max-wait", "max-wait = \"1s\"", faults, parse_duration);
    settings
}

/// Keys that nobody reads: most often misspelt.
pub(super) fn unknown_keys(document: &Table, faults: &mut Faults) {
    let root = Section { table: Some(document), path: "" };
    root.unknown(&["scheme", "generator"], faults);
    Section::of(document, "scheme", &mut Vec::new()).unknown(SCHEME_KEYS, faults);
    Section::of(document, "generator", &mut Vec::new()).unknown(GENERATOR_KEYS, faults);
}

/// A table of the document, and its name.
struct Section<'a> {
    table: Option<&'a Table>,
    path: &'a str,
}

impl<'a> Section<'a> {
    fn of(document: &'a Table, path: &'a str, faults: &mut Faults) -> Self {
        let value = document.get(path);
        let table = value.and_then(Value::as_table);
        if let (Some(value), None) = (value, table) {
            let message = format!("a table is needed, not {}", value.type_str());
            faults.push(Fault::new(path, message, "[scheme]\nlike = \"snowflake\""));
        }
        Self { table, path }
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.table?.get(key)
    }

    /// The key with its table in front.
    fn key(&self, key: &str) -> String {
        let dot = if self.path.is_empty() || key.is_empty() { "" } else { "." };
        format!("{}{dot}{key}", self.path)
    }

    /// A text and what it means, or a TOML date-time, which reads like one.
    fn text<T, E: Display>(
        &self,
        key: &str,
        example: &'static str,
        faults: &mut Faults,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let parsed = match self.get(key)? {
            Value::String(text) => parse(text).map_err(|error| error.to_string()),
            Value::Datetime(time) => parse(&time.to_string()).map_err(|error| error.to_string()),
            other => Err(format!("a text is needed, not {}", other.type_str())),
        };
        parsed.map_err(|message| faults.push(Fault::new(&self.key(key), message, example))).ok()
    }

    fn integer(
        &self,
        key: &str,
        example: &'static str,
        range: std::ops::RangeInclusive<u64>,
        faults: &mut Faults,
    ) -> Option<u64> {
        let parsed = match self.get(key)? {
            Value::Integer(number) => u64::try_from(*number)
                .ok()
                .filter(|number| range.contains(number))
                .ok_or_else(|| format!("{number} is not in {}..={}", range.start(), range.end())),
            other => Err(format!("a whole number is needed, not {}", other.type_str())),
        };
        parsed.map_err(|message| faults.push(Fault::new(&self.key(key), message, example))).ok()
    }

    /// Notes a key that is missing, unless a fault was noted for it already.
    fn require(&self, present: bool, key: &str, example: &'static str, faults: &mut Faults) {
        let path = self.key(key);
        let noted = |fault: &Fault| fault.path.starts_with(&path) || fault.path == self.key("like");
        let by_fields = key == "layout" && self.get("fields").is_some();
        if !present && !by_fields && !faults.iter().any(noted) {
            faults.push(Fault::new(&path, "this is missing", example));
        }
    }

    fn unknown(&self, known: &[&str], faults: &mut Faults) {
        for key in self.table.into_iter().flat_map(Table::keys) {
            if !known.contains(&key.as_str()) {
                let message = format!("this key is unknown; there are {}", known.join(", "));
                faults.push(Fault::new(&self.key(key), message, "like = \"snowflake\""));
            }
        }
    }
}
