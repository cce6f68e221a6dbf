//! `idgen-sim`: lives through worlds, and says which promise was broken.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use clap::Parser;
use idgen_sim::{Failure, Mutation, Report, World};
use indicatif::{ProgressBar, ProgressStyle};

/// Simulates many worlds of clocks, disks and processes with faults, and checks every id.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Live through the world of this seed alone.
    #[arg(long)]
    seed: Option<u64>,

    /// The first of the seeds.
    #[arg(long, default_value_t = 0)]
    from: u64,

    /// Hours that processes live, together, before it is enough.
    #[arg(long, default_value_t = 20_000.0, env = "IDGEN_SIM_NODE_HOURS")]
    node_hours: f64,

    /// Make this mistake on purpose.
    #[arg(long)]
    mutation: Option<Mutation>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = match arguments.seed {
        Some(seed) => World::run(seed, arguments.mutation),
        None => many(&arguments),
    };
    match ended {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Worlds of neighbouring seeds, on all processors, until it is enough or one fails.
fn many(arguments: &Arguments) -> Result<Report, Box<Failure>> {
    let next = AtomicU64::new(arguments.from);
    let ended = AtomicBool::new(false);
    let sum = Mutex::new((Report::default(), None::<Box<Failure>>));
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let progress = progress(arguments.node_hours);
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let lived = World::run(seed, arguments.mutation);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    match lived {
                        Ok(report) => {
                            sum.0.add(&report);
                            show(&progress, &sum.0);
                        }
                        Err(failure) => _ = sum.1.get_or_insert(failure),
                    }
                    if sum.1.is_some() || sum.0.node_hours >= arguments.node_hours {
                        ended.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    progress.finish_and_clear();
    let (report, failure) = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    failure.map_or(Ok(report), Err)
}

/// On the terminal of the errors, if it is one.
fn progress(node_hours: f64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %, {eta} left, {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(whole(node_hours)).with_style(style)
}

fn show(progress: &ProgressBar, report: &Report) {
    progress.set_position(whole(report.node_hours));
    let Report { worlds, node_hours, ids, .. } = report;
    progress.set_message(format!("{worlds} worlds, {node_hours:.0} node-hours, {ids} ids"));
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates"
)]
const fn whole(hours: f64) -> u64 {
    hours as u64
}
