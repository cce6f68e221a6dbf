//! `idgen bench`: what the schemes cost on this machine, as a table, as JSON and as a page.

mod chart;
mod json;
mod measure;
mod page;
mod table;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use idgen_bench::{Machine, digits};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::scheme_names;
use crate::choice::entry;
use crate::exit::Failure;
use crate::file::{self, cannot_write};

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen bench
  idgen bench --quick
  idgen bench --scheme snowflake --scheme uuid-v7
  idgen bench --json figures.json --html figures.html

It takes less than two minutes, and about ten seconds with --quick. The ids are thrown away, so it takes no lock on
a node id. Other work on the machine makes figures worse, and comparisons less so: schemes have
their turns in every round, and a figure is the median of the rounds. Beside them have their turns what a processor can do
at all: an atomic addition, and memory filled with one value. Figures beside those of other libraries are in docs/benchmarks.md.

Exit codes: 0 success, 1 data (a bad id or file, no id in time), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Measure fewer rounds: for a first look
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure this scheme alone; may be given several times
    #[arg(long, value_name = "NAME", value_parser = scheme_names())]
    pub(crate) scheme: Vec<String>,
    /// Write the figures to a file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a page with charts to a file, which needs nothing else to be looked at
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

/// All that was measured, and where.
struct Report {
    machine: Machine,
    /// When it was measured.
    at: idgen::UnixTime,
    quick: bool,
    schemes: Vec<measure::OfScheme>,
    /// Why some schemes make no ids today.
    left_out: Vec<String>,
    limits: measure::Limits,
    forms: Vec<measure::OfForm>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    use idgen::clock::{Clock, SystemClock};

    let named: Vec<_> =
        arguments.scheme.iter().map(|name| entry(name)).collect::<Result<_, _>>()?;
    let entries: Vec<_> = if named.is_empty() {
        idgen::catalog().iter().filter(|entry| entry.generates()).collect()
    } else {
        named
    };
    // A file that cannot be written should be heard of before the work, not after it.
    for file in [&arguments.json, &arguments.html].into_iter().flatten() {
        // What is there stays until there is something better.
        OpenOptions::new().append(true).create(true).open(file).map_err(cannot_write(file))?;
    }
    let progress = ProgressBar::new(measure::turns(entries.len(), arguments.quick));
    let style = ProgressStyle::with_template("{bar:40} {msg}, {eta} left");
    progress.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let at = SystemClock.wall();
    let named = !arguments.scheme.is_empty();
    let measure::Schemes { schemes, left_out, limits } =
        measure::schemes(&entries, named, arguments.quick, &progress)?;
    let forms = measure::forms(arguments.quick, &progress);
    progress.finish_and_clear();
    let report = Report {
        machine: Machine::here(),
        at,
        quick: arguments.quick,
        schemes,
        left_out,
        limits,
        forms,
    };
    if let Some(file) = &arguments.json {
        file::write(file, &format!("{:#}\n", json::of(&report)))?;
    }
    if let Some(file) = &arguments.html {
        file::write(file, &page::of(&report))?;
    }
    Ok(anstream::stdout().lock().write_all(table::of(&report).as_bytes())?)
}

/// A number a second with its unit: `4.10 M`.
fn rate(a_second: f64) -> String {
    match a_second {
        ..1e3 => digits(a_second),
        ..1e6 => format!("{} k", digits(a_second / 1e3)),
        ..1e9 => format!("{} M", digits(a_second / 1e6)),
        ..1e12 => format!("{} G", digits(a_second / 1e9)),
        _ => format!("{} T", digits(a_second / 1e12)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([0.1234, 1.234, 12.34, 1234.4].map(digits), ["0.123", "1.23", "12.3", "1234"]);
        assert_eq!([512.0, 4_096_000.0, 2e9].map(rate), ["512", "4.10 M", "2.00 G"]);
    }
}
