//! Values that several commands take: schemes, forms, layouts, columns.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use idgen::catalog::Entry;
use idgen::clock::{Clock, SystemClock};
use idgen::layout::Layout;
use idgen::text::Form;
use idgen::{Scheme, UnixTime};

/// A scheme that is none of the catalog's, or one of them with times of its own.
#[derive(Args, Clone, Debug)]
pub(crate) struct Custom {
    /// Take scheme and settings from a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A layout of your own: bits as 41:5:5:12, or fields as tick=41:worker=10:sequence=12
    #[arg(long, requires = "epoch", conflicts_with = "config", value_parser = layout)]
    pub(crate) layout: Option<Layout>,
    /// Unix time of tick 0, as 2020-01-01T00:00:00Z or a date
    #[arg(long, value_parser = idgen::config::parse_epoch)]
    pub(crate) epoch: Option<UnixTime>,
    /// Length of a tick, as 1ms or 10ms
    #[arg(long, value_parser = idgen::config::parse_duration)]
    pub(crate) tick: Option<Duration>,
}

/// The schemes of the catalog.
pub(crate) fn scheme_names() -> PossibleValuesParser {
    names_that(|_| true)
}

/// The same, of which help and completions name only those that make ids today.
pub(crate) fn names_that_generate() -> PossibleValuesParser {
    names_that(generates)
}

/// The schemes of the catalog, of which help and completions name those that fit a command. It is
/// asked for the others too, so that it can say why they do not.
pub(crate) fn names_that(fit: impl Fn(&Entry) -> bool) -> PossibleValuesParser {
    let names = idgen::catalog().iter().map(|entry| {
        let name: &'static str = entry.scheme.name.as_str();
        PossibleValue::new(name).help(entry.about).hide(!fit(entry))
    });
    PossibleValuesParser::new(names)
}

/// Whether ids of the scheme can be made today.
pub(crate) fn generates(entry: &Entry) -> bool {
    entry.generates() && !has_ended(&entry.scheme)
}

/// Whether the scheme's last tick is over by the clock of this machine.
pub(crate) fn has_ended(scheme: &Scheme) -> bool {
    scheme.has_ended(SystemClock.wall())
}

pub(crate) fn form_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Form::ALL.iter().map(|form| form.name()).chain(["native"]))
}

/// A column's name, perhaps with its table's: nothing that would end the clause.
pub(crate) fn column(name: &str) -> Result<String, String> {
    let plain = |part: &str| {
        part.starts_with(|first: char| first.is_alphabetic() || first == '_')
            && part.chars().all(|other| other.is_alphanumeric() || other == '_')
    };
    if name.split('.').all(plain) {
        Ok(name.to_owned())
    } else {
        Err("write a column as id or orders.id, of letters, digits and _".to_owned())
    }
}

/// The form of this name; `None` for the scheme's own.
pub(crate) fn form(name: &str) -> Option<Form> {
    name.parse().ok()
}

fn layout(text: &str) -> Result<Layout, String> {
    text.parse().map_err(|error: idgen::layout::LayoutError| error.to_string())
}
