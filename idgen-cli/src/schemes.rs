//! `idgen schemes`: what there is to choose from.

use std::io::Write;

use idgen::Scheme;
use idgen::catalog::Entry;
use serde_json::{Value, json};

use crate::choice::entry;
use crate::cli::Schemes;
use crate::exit::Failure;

pub(crate) fn run(arguments: &Schemes) -> Result<(), Failure> {
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

fn table() -> String {
    let bold = anstyle::Style::new().bold();
    let mut table = format!(
        "{bold}{:<12} {:>4} {:<20} {:>9} {:>12}  {:<10}  {:<6}  {}{bold:#}\n",
        "scheme", "bits", "layout", "nodes", "ids/s/node", "until", "fits", "about"
    );
    for entry in idgen::catalog() {
        let Scheme { name, layout, .. } = &entry.scheme;
        let capacity = entry.scheme.capacity();
        let rate = capacity.ids_per_second.map_or("-".into(), |rate| rate.to_string());
        let last = capacity.last.map_or("-".into(), |last| day(&last.to_string()));
        table += &format!(
            "{name:<12} {:>4} {:<20} {:>9} {rate:>12}  {last:<10}  {:<6}  {}\n",
            layout.width(),
            widths(&entry.scheme),
            capacity.nodes,
            fits(entry),
            entry.about
        );
    }
    table
        + "\nfits: J a JavaScript number, B a signed 64-bit integer (BIGINT). More of one: idgen schemes NAME\n"
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
        shown += &format!("  last tick   {last}\n");
        if let Some(signed) = capacity.last_signed.filter(|signed| *signed != last) {
            shown += &format!("  signed      not negative as a signed integer until {signed}\n");
        }
    }
    shown += &format!("  nodes       {}\n", capacity.nodes);
    shown += &format!("  ids a tick  {} a node\n", capacity.ids_per_tick);
    if let Some(rate) = capacity.ids_per_second {
        shown += &format!("  ids/s       {rate} a node\n");
    }
    let yes_no = |fits| if fits { "yes" } else { "no" };
    shown += &format!("  BIGINT      {}\n", yes_no(capacity.fits_i64));
    shown += &format!("  JavaScript  {}\n", yes_no(capacity.fits_javascript));
    shown
}

/// A scheme as a JSON object. Numbers that JavaScript would round are strings.
fn object(entry: &Entry) -> Value {
    let Scheme { name, layout, timebase, text } = &entry.scheme;
    let capacity = entry.scheme.capacity();
    json!({
        "name": name.to_string(),
        "about": entry.about,
        "source": entry.source,
        "rests_on": entry.rests_on,
        "generates": entry.generates(),
        "bits": layout.width(),
        "layout": layout.to_string(),
        "text": text.name(),
        "epoch": timebase.map(|base| base.epoch().to_string()),
        "tick_nanos": timebase.map(|base| base.tick_nanos()),
        "last": capacity.last.map(|last| last.to_string()),
        "last_signed": capacity.last_signed.map(|last| last.to_string()),
        "nodes": capacity.nodes.to_string(),
        "ids_per_tick": capacity.ids_per_tick.to_string(),
        "ids_per_second": capacity.ids_per_second.map(|rate| rate.to_string()),
        "time_ordered": layout.is_time_ordered(),
        "fits_bigint": capacity.fits_i64,
        "fits_javascript": capacity.fits_javascript,
    })
}
