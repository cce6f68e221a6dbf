//! `idgen schemes`: what there is to choose from.

use std::io::Write;

use clap::Args;
use idgen::Scheme;
use idgen::catalog::Entry;
use idgen::layout::Capacity;
use serde_json::{Value, json};

use crate::arguments::{generates, has_ended, scheme_names};
use crate::choice::entry;
use crate::exit::Failure;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen schemes
  idgen schemes discord
  idgen schemes --json";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Show this scheme in full
    #[arg(value_parser = scheme_names())]
    pub(crate) name: Option<String>,
    /// Print a list of objects
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let named = arguments.name.as_deref().map(entry).transpose()?;
    let shown = match (named, arguments.json) {
        (Some(entry), true) => format!("{:#}\n", object(entry)),
        (Some(entry), false) => full(entry),
        (None, true) => {
            format!("{:#}\n", Value::from_iter(idgen::catalog().iter().map(object)))
        }
        (None, false) => table(),
    };
    Ok(out.write_all(shown.as_bytes())?)
}

const COLUMNS: [&str; 9] =
    ["scheme", "bits", "layout", "nodes", "ids/s/node", "random", "until", "fits", "about"];

/// The columns of numbers, which stand at the right.
const NUMBERS: [usize; 4] = [1, 3, 4, 5];

fn table() -> String {
    let mut rows = vec![COLUMNS.map(String::from)];
    rows.extend(idgen::catalog().iter().map(row));
    let widths: [usize; COLUMNS.len()] =
        std::array::from_fn(|i| rows.iter().map(|row| row[i].len()).max().unwrap_or(0));
    let mut table = String::new();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (i, (cell, width)) in row.iter().zip(widths).enumerate() {
            line += &if NUMBERS.contains(&i) {
                format!("{cell:>width$}  ")
            } else {
                format!("{cell:<width$}  ")
            };
        }
        let bold = if number == 0 { anstyle::Style::new().bold() } else { anstyle::Style::new() };
        table += &format!("{bold}{}{bold:#}\n", line.trim_end());
    }
    table
        + "\nfits: J a JavaScript number, B a signed 64-bit integer (BIGINT). More of one: idgen schemes NAME\n"
}

/// How many there can be; of what is random or a hash, nobody counts that.
struct Counts {
    nodes: u128,
    per_tick: u128,
    per_second: Option<u128>,
}

impl Counts {
    fn of(scheme: &Scheme) -> Option<Self> {
        let Capacity { nodes, ids_per_tick: per_tick, ids_per_second: per_second, .. } =
            scheme.capacity();
        (scheme.layout.payload_bits() == 0).then_some(Self { nodes, per_tick, per_second })
    }
}

fn row(entry: &Entry) -> [String; COLUMNS.len()] {
    let Scheme { name, layout, .. } = &entry.scheme;
    let (capacity, counts) = (entry.scheme.capacity(), Counts::of(&entry.scheme));
    let counted = |count: Option<u128>| count.map_or("-".into(), |count| count.to_string());
    [
        name.to_string(),
        layout.width().to_string(),
        widths(&entry.scheme),
        counted(counts.as_ref().map(|counts| counts.nodes)),
        counted(counts.and_then(|counts| counts.per_second)),
        if capacity.random_bits > 0 { capacity.random_bits.to_string() } else { "-".into() },
        capacity.last.map_or("-".into(), |last| day(&last.to_string())),
        fits(entry).into(),
        entry.about.into(),
    ]
}

/// The day of an instant in text.
fn day(instant: &str) -> String {
    instant.split('T').next().unwrap_or(instant).to_owned()
}

/// Bits of each field, from the highest.
fn widths(scheme: &Scheme) -> String {
    let widths: Vec<_> =
        scheme.layout.fields().iter().map(|field| field.bits().to_string()).collect();
    widths.join(":")
}

fn fits(entry: &Entry) -> &'static str {
    let capacity = entry.scheme.capacity();
    match (capacity.fits_javascript, capacity.fits_i64) {
        (true, _) => "J B",
        (false, true) => "B",
        (false, false) => "-",
    }
}

fn full(entry: &Entry) -> String {
    let bold = anstyle::Style::new().bold();
    format!(
        "{bold}{}{bold:#}: {}\n\n{}\n  source      {}\n  rests on    {}\n",
        entry.scheme.name,
        entry.about,
        describe(&entry.scheme),
        entry.source,
        entry.rests_on
    )
}

/// The layout of a scheme, drawn, and what it can hold.
pub(crate) fn describe(scheme: &Scheme) -> String {
    let capacity = scheme.capacity();
    let mut shown = String::new();
    for line in scheme.layout.picture(None).to_string().lines() {
        shown += &format!("  {}\n", line.trim_end());
    }
    shown += &format!("\n  layout      {}\n", scheme.layout);
    if let (Some(base), Some(last)) = (scheme.timebase, capacity.last) {
        shown += &format!("  epoch       {}\n  tick        {:?}\n", base.epoch(), base.tick());
        let over = if has_ended(scheme) { ", so that no more ids can be made" } else { "" };
        shown += &format!("  last tick   {last}{over}\n");
        let signed = capacity.last_signed.filter(|signed| *signed != last);
        if let Some(signed) = signed.filter(|_| scheme.layout.width() == 64) {
            shown += &format!("  signed      not negative as a signed integer until {signed}\n");
        }
    }
    if capacity.random_bits > 0 {
        shown += &format!("  random      {} bits\n", capacity.random_bits);
    }
    if let Some(counts) = Counts::of(scheme) {
        shown += &format!("  nodes       {}\n", counts.nodes);
        shown += &format!("  ids a tick  {} a node\n", counts.per_tick);
        if let Some(rate) = counts.per_second {
            shown += &format!("  ids/s       {rate} a node\n");
        }
    }
    let yes_no = |fits| if fits { "yes" } else { "no" };
    shown += &format!("  BIGINT      {}\n", yes_no(capacity.fits_i64));
    shown += &format!("  JavaScript  {}\n", yes_no(capacity.fits_javascript));
    shown
}

/// A scheme as a JSON object. Numbers that JavaScript would round are strings; what does not apply is
/// null.
fn object(entry: &Entry) -> Value {
    let Scheme { name, layout, timebase, text } = &entry.scheme;
    let (capacity, counts) = (entry.scheme.capacity(), Counts::of(&entry.scheme));
    let per_second = counts.as_ref().and_then(|counts| counts.per_second);
    json!({
        "name": name.to_string(),
        "about": entry.about,
        "source": entry.source,
        "rests_on": entry.rests_on,
        "generates": generates(entry),
        "needs_node": entry.needs_node(),
        "bits": layout.width(),
        "layout": layout.to_string(),
        "text": text.name(),
        "epoch": timebase.map(|base| base.epoch().to_string()),
        "tick_nanos": timebase.map(|base| base.tick_nanos()),
        "last": capacity.last.map(|last| last.to_string()),
        "last_signed": capacity.last_signed.map(|last| last.to_string()),
        "nodes": counts.as_ref().map(|counts| counts.nodes.to_string()),
        "ids_per_tick": counts.as_ref().map(|counts| counts.per_tick.to_string()),
        "ids_per_second": per_second.map(|rate| rate.to_string()),
        "random_bits": capacity.random_bits,
        "time_ordered": layout.is_time_ordered(),
        "fits_bigint": capacity.fits_i64,
        "fits_javascript": capacity.fits_javascript,
    })
}
