//! `idgen migrate`: changes the ids of a living database, phase by phase.

mod ask;
mod plan;
mod segments;
mod show;
mod watch;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, RangedU64ValueParser};
use clap::{Args, Subcommand};
use idgen_migrate::{Check, Error, Migration, Options, Phase};

use crate::exit::{self, Failure};
use crate::file::{Whole, cannot_write};

pub(crate) const EXAMPLES: &str = "\
Examples:
  export IDGEN_DATABASE=postgres://app@db.example.org/shop
  idgen migrate plan customers --to snowflake --svg plan.svg
  idgen migrate start customers --to snowflake
  idgen migrate advance customers --dry-run
  idgen migrate advance customers --to verified
  idgen migrate status customers
  idgen migrate rollback customers --to planned
  idgen migrate segments start orders --size 1000

The phases, in order: planned, expanded, dual-write, backfilling, backfilled, constrained, verified,
reading-new, swapped, old-writes-stopped, contracted. State, ledger and audit trail are kept in the
database itself, so that any step can be resumed, by anybody, after a crash. Up to the last phase there
is a way back. With --keep-key the course ends with reading-new. docs/migration.md explains each.

Exit codes: 0 success, 1 data (a gate is closed, the database refuses), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The database, as postgres://user@host/name, mysql://user@host/name or sqlite:PATH; $IDGEN_DATABASE
    /// where it is not given
    #[arg(long, global = true, value_name = "ADDRESS")]
    database: Option<String>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Read the schema and print what would be done, how long it takes, and what it needs
    Plan(plan::Arguments),
    /// Keep the plan in the database; nothing else is changed
    Start(plan::Start),
    /// Go on to the next phase, or to a later one
    Advance(Advance),
    /// Go back to the phase before, or to an earlier one
    Rollback(Move),
    /// Show phase, gate, progress and history, of one migration or all
    Status {
        /// Name of the migration; all where there is none
        name: Option<String>,
        /// Print an object; of all, a list of objects that hold name and phase
        #[arg(long)]
        json: bool,
    },
    /// Look at the gate of the next phase, and at the rows of every table where it asks for them
    Check {
        /// Name of the migration
        name: String,
        /// Print a list of objects: name, what was found, and whether it is open
        #[arg(long)]
        json: bool,
    },
    /// Compare counts, order and references, without moving on
    Verify {
        /// Name of the migration
        name: String,
        /// Print the whole report as an object
        #[arg(long)]
        json: bool,
    },
    /// Let the backfill wait, whoever carries it out
    Pause {
        /// Name of the migration
        name: String,
    },
    /// Let the backfill go on
    Resume {
        /// Name of the migration
        name: String,
    },
    /// Print old and new id of every row as CSV: to be kept before the old ones go
    Export {
        /// Name of the migration
        name: String,
        /// Write to this file, which is replaced once all pairs are there
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Keep the numbers, and have apps hand them out: in segments that they take from the database
    #[command(subcommand)]
    Segments(segments::Action),
    /// Forget a migration that is contracted, or planned and no more; the audit trail stays
    Forget {
        /// Name of the migration
        name: String,
    },
}

#[derive(Args, Debug)]
struct Move {
    /// Name of the migration
    name: String,
    /// Go as far as this phase
    #[arg(long, value_name = "PHASE", value_parser = phase)]
    to: Option<Phase>,
    /// Print the SQL of the next phase on this way, the statements of a chunk of the backfill too, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before what destroys ids
    #[arg(short, long)]
    yes: bool,
    /// Print what was checked and done as objects, one a line for each phase
    #[arg(long)]
    json: bool,
    /// How long to wait for older transactions to end, and at a gate for instances of the app and the fence
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = idgen::config::parse_duration)]
    patience: Duration,
    /// Accept that this check fails; may be given several times
    #[arg(long, value_name = "CHECK", value_parser = PossibleValuesParser::new(Check::NAMES))]
    accept: Vec<String>,
}

#[derive(Args, Debug)]
struct Advance {
    #[command(flatten)]
    of: Move,
    /// Workers of the backfill at once; on SQLite there is one
    #[arg(long, value_name = "N", default_value = "2", allow_negative_numbers = true,
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=1_000))]
    workers: usize,
    /// Rows of a chunk of the backfill
    #[arg(long, value_name = "N", default_value = "2000", allow_negative_numbers = true,
          value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    chunk_rows: i64,
    /// Part of its time that a worker works, from 0.01 to 1; all of it by default, and on SQLite half
    #[arg(long, value_name = "PART", allow_negative_numbers = true, value_parser = duty)]
    duty: Option<f64>,
    /// How far replicas may lag before the backfill waits
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = idgen::config::parse_duration)]
    max_lag: Duration,
    /// How long the backfill waits for a replica that lags farther, before it ends and names it
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = idgen::config::parse_duration)]
    lag_patience: Duration,
    /// How long nobody may have written without new ids before old ids stop
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = idgen::config::parse_duration)]
    quiet: Duration,
}

/// A part of a worker's time.
fn duty(text: &str) -> Result<f64, String> {
    let duty: f64 = text.parse().map_err(|_| format!("'{text}' is no number"))?;
    match (0.01..=1.0).contains(&duty) {
        true => Ok(duty),
        false => Err(format!("{text} is not in 0.01..=1")),
    }
}

fn phase(name: &str) -> Result<Phase, String> {
    name.parse().map_err(|error: idgen_migrate::UnknownPhase| error.to_string())
}

/// What becomes of new ids that somebody was told, where a way back drops them: the next attempt computes them anew, for the
/// rows that there are then.
const TOLD: &str =
    "the next attempt may give one to another row, so that whoever was told one has to forget it";

/// Data or usage: whose fault it is.
fn failure(error: Error) -> Failure {
    match error {
        Error::Address { .. }
        | Error::Unknown { .. }
        | Error::NoCheck { .. }
        | Error::NoWay { .. } => Failure::Usage(error.to_string()),
        error => Failure::Data(error.to_string()),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let address = match &arguments.database {
        Some(address) => address.clone(),
        None => std::env::var("IDGEN_DATABASE").map_err(|_| {
            Failure::Usage("name the database: --database ADDRESS, or IDGEN_DATABASE".into())
        })?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(act(&address, &arguments.action))
}

async fn act(address: &str, action: &Action) -> Result<(), Failure> {
    let open = |name: &str| {
        let name = name.to_owned();
        async move { Migration::open(address, &name, named(Options::default())).await.map_err(failure) }
    };
    match action {
        Action::Plan(arguments) => plan::show(address, arguments).await,
        Action::Start(arguments) => plan::start(address, arguments).await,
        Action::Advance(arguments) => advance(address, arguments).await,
        Action::Rollback(arguments) => roll_back(address, arguments).await,
        Action::Status { name: None, json } => {
            show::all(&Migration::all(address).await.map_err(failure)?, *json)
        }
        Action::Status { name: Some(name), json } => {
            let mut migration = open(name).await?;
            let status = migration.status().await.map_err(failure)?;
            show::status(name, &status, *json)
        }
        Action::Check { name, json } => {
            let checks = open(name).await?.check().await.map_err(failure)?;
            show::gate(&checks, *json)?;
            if checks.iter().all(|check| check.open) { Ok(()) } else { Err(Failure::Said) }
        }
        Action::Verify { name, json } => {
            let report = open(name).await?.verify().await.map_err(failure)?;
            show::report(&report, *json)?;
            if report.faults().is_empty() { Ok(()) } else { Err(Failure::Said) }
        }
        Action::Pause { name } => open(name).await?.pause(true).await.map_err(failure),
        Action::Resume { name } => open(name).await?.pause(false).await.map_err(failure),
        Action::Export { name, output } => export(&mut open(name).await?, output.as_ref()).await,
        Action::Segments(action) => segments::act(address, action).await,
        Action::Forget { name } => open(name).await?.forget().await.map_err(failure),
    }
}

/// The same options, with a name for the audit trail.
fn named(options: Options) -> Options {
    let user = std::env::var("USER").unwrap_or_else(|_| "somebody".into());
    Options { who: format!("{user}, process {}", std::process::id()), ..options }
}

fn options(arguments: &Move) -> Options {
    named(Options {
        patience: arguments.patience,
        gate_patience: arguments.patience,
        accepted: arguments.accept.clone(),
        watch: Arc::new(watch::Bar::new()),
        ..Options::default()
    })
}

async fn advance(address: &str, arguments: &Advance) -> Result<(), Failure> {
    let options = Options {
        workers: arguments.workers,
        chunk_rows: arguments.chunk_rows,
        duty: arguments.duty,
        max_lag: arguments.max_lag,
        lag_patience: arguments.lag_patience,
        quiet: arguments.quiet,
        ..options(&arguments.of)
    };
    let arguments = &arguments.of;
    let mut migration =
        Migration::open(address, &arguments.name, options).await.map_err(failure)?;
    if arguments.dry_run {
        let (to, mut steps) = migration.steps_on().map_err(failure)?;
        steps.extend(migration.work_on().map_err(failure)?);
        return show::steps(migration.phase().name(), to.name(), &steps);
    }
    let last = last_on(&migration, arguments)?;
    if last.is_destructive() {
        let what = format!("going on to {last} drops the old ids of {} for good", arguments.name);
        ask::may(&arguments.name, &what, arguments.yes)?;
    }
    while migration.phase() < last {
        let evidence = migration.advance().await.map_err(failure)?;
        show::evidence(&evidence, arguments.json)?;
    }
    Ok(())
}

/// How far on it is to go.
fn last_on(migration: &Migration, arguments: &Move) -> Result<Phase, Failure> {
    let (name, phase) = (&arguments.name, migration.phase());
    let end = migration.plan().phases().last().unwrap_or(phase);
    let last = arguments.to.or(phase.next()).unwrap_or(end);
    let told = match () {
        () if phase == end && end.is_destructive() => {
            format!(
                "{name} is at {phase}, the last phase: forget it when no app asks for it any more"
            )
        }
        () if last > end => {
            format!(
                "the course of {name} ends with {end}, since the old ids stay the key (--keep-key)"
            )
        }
        () if last <= phase => format!("{name} is at {phase}; to go back, roll it back"),
        () => return Ok(last),
    };
    Err(Failure::Usage(told))
}

async fn roll_back(address: &str, arguments: &Move) -> Result<(), Failure> {
    let name = &arguments.name;
    let mut migration =
        Migration::open(address, name, options(arguments)).await.map_err(failure)?;
    if arguments.dry_run {
        let (to, steps) = migration.steps_back().map_err(failure)?;
        return show::steps(migration.phase().name(), to.name(), &steps);
    }
    let last = match arguments.to {
        Some(to) => to,
        // Says so where there is none.
        None => migration.steps_back().map_err(failure)?.0,
    };
    if last > migration.phase() {
        let phase = migration.phase();
        return Err(Failure::Usage(format!("{name} is at {phase}; to go on, advance it")));
    }
    if migration.phase() == last && migration.under_way().is_none() {
        return Ok(());
    }
    // What was begun is taken back first, or ended.
    let (next, _) = migration.steps_back().map_err(failure)?;
    if next < last {
        let told = format!("{name} is under way to {next}, which is before {last}");
        return Err(Failure::Usage(told));
    }
    if last == Phase::Planned {
        let what = format!(
            "going back to {last} drops the new ids of {name}: {TOLD} (export keeps whose they were)"
        );
        ask::may(name, &what, arguments.yes)?;
    }
    while migration.phase() > last || migration.under_way().is_some() {
        let (to, _) = migration.steps_back().map_err(failure)?;
        let evidence = migration.roll_back().await.map_err(failure)?;
        show::evidence(&evidence, arguments.json)?;
        if to == Phase::Planned {
            writeln!(anstream::stderr(), "the new ids are gone: {TOLD}")?;
        }
    }
    Ok(())
}

async fn export(migration: &mut Migration, output: Option<&PathBuf>) -> Result<(), Failure> {
    let Some(path) = output else {
        let written = exported(migration, &mut BufWriter::new(io::stdout()), Failure::from).await?;
        exit::note(&written);
        return Ok(());
    };
    let mut file = Whole::create(path)?;
    let written = exported(migration, &mut file, cannot_write(path)).await?;
    file.keep()?;
    exit::note(&written);
    Ok(())
}

/// Writes the pairs of all rows; what there is to say of how many they are.
async fn exported(
    migration: &mut Migration,
    out: &mut (dyn Write + Send),
    cannot: impl Fn(io::Error) -> Failure,
) -> Result<String, Failure> {
    // Where there is nothing to export, nothing is written.
    let (mut title, mut pairs, mut lost) = ("old,new\n", 0_u64, None);
    let mut each = |old: String, new: String| {
        match writeln!(out, "{}{},{new}", std::mem::take(&mut title), show::csv(&old)) {
            Ok(()) => pairs += 1,
            Err(error) => {
                lost = Some(error);
                return Err(Error::Kept("a pair was not written".into()));
            }
        }
        Ok(())
    };
    let left_out = migration.export(&mut each).await;
    if let Some(error) = lost {
        return Err(cannot(error));
    }
    let left_out = left_out.map_err(failure)?;
    out.write_all(title.as_bytes()).and_then(|()| out.flush()).map_err(cannot)?;
    Ok(match left_out {
        0 => format!("{pairs} pairs were written"),
        _ => format!(
            "{pairs} pairs were written; {left_out} rows lack one of both ids, and are left out"
        ),
    })
}
