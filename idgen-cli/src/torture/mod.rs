//! `idgen torture`: generators on one folder that are killed, paused, forked and given wrong clocks,
//! and every id they wrote compared with every other.

mod check;
mod faults;
mod report;
mod skew;
mod worker;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use idgen::catalog::Entry;
use idgen::clock::{Clock, SystemClock};
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::arguments::{generates, names_that};
use crate::exit::Failure;
use faults::Herd;
use report::Report;

pub(crate) use worker::Arguments as WorkerArguments;
pub(crate) use worker::run as run_worker;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen torture --minutes 1
  idgen torture twitter --minutes 10 --processes 8 --json
  idgen torture --seconds 20 --keep /tmp/tortured

What it does to its processes: SIGKILL at random moments, SIGSTOP past the end of their windows, forks whose
children go on generating, restarts with the same and with other node ids, and clocks that are wrong by hours
(where libfaketime is installed: Debian's package libfaketime). It uses a folder of its own, never yours.
Every id is kept until the end: some 30 MB a second of 64-bit ids, as fast as two cores make them.

Exit codes: 0 no id came twice, 1 one did, or nothing could be made, 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Scheme of the ids
    #[arg(value_parser = names_that(fits), default_value = "snowflake")]
    scheme: String,
    /// For how long
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    minutes: u64,
    /// For how long, instead of minutes
    #[arg(long, value_name = "N", conflicts_with = "minutes", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// Generators at a time
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=256))]
    processes: u16,
    /// Length of a window
    #[arg(long, value_name = "DURATION", default_value = "200ms",
          value_parser = idgen::config::parse_duration)]
    window: Duration,
    /// Seed of the faults [default: one of its own, which is printed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Keep folder and ids here
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let entry = crate::choice::entry(&arguments.scheme)?;
    if !fits(entry) {
        let name = entry.scheme.name;
        return Err(Failure::Usage(format!("{name} ids rest on no node ids; see idgen schemes")));
    }
    let kept;
    let folder = match &arguments.keep {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            folder.as_path()
        }
        None => {
            kept = tempfile::Builder::new().prefix("idgen-torture-").tempdir()?;
            kept.path()
        }
    };
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let time = Duration::from_secs(arguments.seconds.unwrap_or(arguments.minutes * 60));
    let report = torture(arguments, folder, time, seed)?;
    report.print(arguments.json)?;
    report.verdict()
}

/// Whether the scheme's ids rest on node ids.
fn fits(entry: &Entry) -> bool {
    generates(entry) && entry.needs_node()
}

fn torture(
    arguments: &Arguments,
    folder: &Path,
    time: Duration,
    seed: u64,
) -> Result<Report, Failure> {
    let clock = SystemClock;
    let mut random = SmallRng::seed_from_u64(seed);
    let mut herd = Herd::found(arguments, folder, &mut random)?;
    let (bar, began) = (progress(time), clock.monotonic());
    loop {
        let passed = clock.monotonic().saturating_sub(began);
        bar.set_position(
            u64::try_from(passed.as_millis().min(time.as_millis())).unwrap_or(u64::MAX),
        );
        bar.set_message(herd.counts.to_string());
        if passed >= time {
            break;
        }
        herd.torment(&mut random)?;
        clock.wait(Duration::from_millis(random.random_range(5..60)));
    }
    bar.set_message("waiting for the last forks");
    let counts = herd.end()?;
    bar.set_message("comparing every id with every other");
    let found = check::check(&crate::choice::entry(&arguments.scheme)?.scheme, folder)?;
    bar.finish_and_clear();
    Ok(Report { scheme: arguments.scheme.clone(), seed, seconds: time.as_secs(), counts, found })
}

fn progress(time: Duration) -> ProgressBar {
    use std::io::IsTerminal;
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {elapsed} {msg}");
    let length = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    ProgressBar::new(length).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
