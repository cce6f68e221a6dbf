//! `idgen migrate segments`: from single numbers of the database to segments that apps hand out.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use idgen_migrate::segment::{Change, Counter, Found, Source, Stage, find};
use idgen_migrate::session::Session;
use idgen_migrate::{Check, Options, Step};

use super::{failure, named, show};
use crate::exit::Failure;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Show where the numbers of a table come from
    Find(Table),
    /// Keep that in the database; nothing else is changed
    Start {
        #[command(flatten)]
        table: Table,
        /// Numbers in a segment: what a crash may cost, and how often the database is asked
        #[arg(long, value_name = "N", default_value = "1000", allow_negative_numbers = true,
              value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        size: i64,
        /// Name of the change; the table's where it is not given
        #[arg(long)]
        name: Option<String>,
    },
    /// Go on: to granted, where apps take segments, and to guarded, where nobody takes single numbers
    Advance {
        #[command(flatten)]
        of: Move,
        /// How long nobody may have taken single numbers before they are refused
        #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = idgen::config::parse_duration)]
        quiet: Duration,
    },
    /// Go back to the stage before
    Rollback(Move),
    /// Show the stage, and how many segments were taken
    Status {
        /// Name of the change
        name: String,
        /// Print an object
        #[arg(long)]
        json: bool,
    },
    /// Forget segments that are planned, and no more
    Forget {
        /// Name of the change
        name: String,
    },
}

#[derive(Args, Debug)]
pub(super) struct Table {
    /// The table, as customers or app.customers
    table: String,
    /// The key; the primary key where it is not given
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct Move {
    /// Name of the change
    name: String,
    /// Print the SQL and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print an object
    #[arg(long)]
    json: bool,
    /// Accept that this check fails; may be given several times
    #[arg(long, value_name = "CHECK", value_parser = PossibleValuesParser::new(Check::OF_SEGMENTS))]
    accept: Vec<String>,
}

fn print(text: &str) -> Result<(), Failure> {
    Ok(anstream::stdout().write_all(text.as_bytes())?)
}

async fn source(address: &str, table: &Table) -> Result<Source, Failure> {
    let mut session = Session::connect(address).await.map_err(failure)?;
    find(&mut session, &table.table, table.key.as_deref()).await.map_err(failure)
}

async fn open(address: &str, of: &Move, options: Options) -> Result<Change, Failure> {
    let options = named(Options { accepted: of.accept.clone(), ..options });
    Change::open(address, &of.name, options).await.map_err(failure)
}

pub(super) async fn act(address: &str, action: &Action) -> Result<(), Failure> {
    match action {
        Action::Find(table) => print(&described(&source(address, table).await?)),
        Action::Start { table, size, name } => {
            let source = source(address, table).await?;
            let name = name.as_ref().unwrap_or(&source.name);
            let options = named(Options::default());
            Change::begin(address, name, &source, *size, options).await.map_err(failure)?;
            print(&described(&source))
        }
        Action::Advance { of, quiet } => {
            let options = Options { quiet: *quiet, ..Options::default() };
            let mut change = open(address, of, options).await?;
            if of.dry_run {
                return dry(&change, change.steps_on().map_err(failure)?);
            }
            shown(&change.advance().await.map_err(failure)?, of.json)
        }
        Action::Rollback(of) => {
            let mut change = open(address, of, Options::default()).await?;
            if of.dry_run {
                return dry(&change, change.steps_back().map_err(failure)?);
            }
            shown(&change.roll_back().await.map_err(failure)?, of.json)
        }
        Action::Status { name, json } => {
            let options = named(Options::default());
            let mut change = Change::open(address, name, options).await.map_err(failure)?;
            shown(&change.status().await.map_err(failure)?, *json)
        }
        Action::Forget { name } => {
            let options = named(Options::default());
            let change = Change::open(address, name, options).await.map_err(failure)?;
            change.forget().await.map_err(failure)
        }
    }
}

fn described(source: &Source) -> String {
    let counter = match &source.counter {
        Counter::Sequence { name, .. } => format!("the sequence {name}, by default"),
        Counter::Identity { name, .. } => format!("the sequence {name} of an identity column"),
        Counter::AutoIncrement => "AUTO_INCREMENT; a segment locks the table for a moment".into(),
        Counter::Rowid => "AUTOINCREMENT, in sqlite_sequence".into(),
    };
    format!("{}.{} is counted by {counter}\n", source.table, source.key)
}

fn dry(change: &Change, (to, steps): (Stage, Vec<Step>)) -> Result<(), Failure> {
    show::steps(&change.stage().to_string(), &to.to_string(), &steps)
}

fn shown(found: &Found, json: bool) -> Result<(), Failure> {
    if json {
        return show::object(found);
    }
    let bold = anstyle::Style::new().bold();
    let mut text = format!(
        "{bold}{}{bold:#}: {} segments of {} numbers were taken\n",
        found.stage, found.claims, found.size
    );
    show::checks(&mut text, &found.checks);
    for step in &found.steps {
        let _ = writeln!(text, "  {} ({} ms)", step.title, step.millis);
    }
    print(&text)
}
