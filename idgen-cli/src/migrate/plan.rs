//! `idgen migrate plan` and `start`: what would be done, and its beginning.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use idgen::clock::SystemClock;
use idgen_migrate::plan::{
    Estimate, Finding, Leg, Plan, Risk, Settings, Timeline, Wish, room, span, survey,
};
use idgen_migrate::session::Session;
use idgen_migrate::target::Target;
use idgen_migrate::{Migration, Options, Phase};
use serde_json::json;

use super::{failure, named};
use crate::arguments::scheme_names;
use crate::choice;
use crate::exit::Failure;
use crate::file;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The table whose key is to change, as customers or app.customers
    table: String,
    /// Scheme of the new ids: one of 64 bits with node ids, or uuid-v7
    #[arg(long, value_name = "SCHEME", value_parser = scheme_names())]
    to: String,
    /// Scheme of the old ids, if their order and time are in them
    #[arg(long, value_name = "SCHEME", value_parser = scheme_names())]
    from: Option<String>,
    /// The key; the primary key where it is not given
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// The column with the time of creation; looked for by its name where it is not given
    #[arg(long, value_name = "COLUMN")]
    created: Option<String>,
    /// Name of the migration; the table's where it is not given
    #[arg(long)]
    name: Option<String>,
    /// What the new columns' names end with
    #[arg(long, default_value = "_new")]
    suffix: String,
    /// Keep the old id as primary key for good, and the new one as a unique column beside it: the course
    /// ends with reading-new, and on SQLite no table is made anew
    #[arg(long)]
    keep_key: bool,
    /// Rows that a worker fills in a second, for the estimate
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = rate)]
    rate: Option<f64>,
    /// Print an object: the plan, its estimate, its timeline, and the course, with the SQL of every step
    #[arg(long)]
    json: bool,
    /// Draw the timeline into this file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Start {
    #[command(flatten)]
    plan: Arguments,
    /// Accept what stops the plan, by the name that it gives; may be given several times
    #[arg(long, value_name = "CHECK", value_parser = PossibleValuesParser::new(Finding::NAMES))]
    accept: Vec<String>,
}

/// Rows in a second: some.
fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("'{text}' is no number"))?;
    match rate.is_finite() && rate > 0.0 {
        true => Ok(rate),
        false => Err(format!("{text} is no rate: that is a finite number above 0")),
    }
}

fn target(name: &str) -> Result<Target, Failure> {
    if name == "uuid-v7" {
        return Ok(Target::uuid());
    }
    Target::of(&choice::entry(name)?.scheme).map_err(|error| Failure::Usage(error.to_string()))
}

async fn plan(address: &str, arguments: &Arguments) -> Result<Plan, Failure> {
    let wish = Wish {
        name: arguments.name.clone(),
        table: arguments.table.clone(),
        key: arguments.key.clone(),
        created: arguments.created.clone(),
        source: arguments.from.as_deref().map(target).transpose()?,
        target: target(&arguments.to)?,
        suffix: arguments.suffix.clone(),
        keep_key: arguments.keep_key,
    };
    let mut session = Session::connect(address).await.map_err(failure)?;
    survey(&mut session, &wish, &SystemClock).await.map_err(failure)
}

pub(super) async fn show(address: &str, arguments: &Arguments) -> Result<(), Failure> {
    let plan = plan(address, arguments).await?;
    shown(&plan, arguments)
}

pub(super) async fn start(address: &str, arguments: &Start) -> Result<(), Failure> {
    let plan = plan(address, &arguments.plan).await?;
    let options = named(Options { accepted: arguments.accept.clone(), ..Options::default() });
    Migration::begin(address, &plan, options).await.map_err(failure)?;
    shown(&plan, &arguments.plan)
}

fn shown(plan: &Plan, arguments: &Arguments) -> Result<(), Failure> {
    let basis = Settings::default();
    let basis = Settings {
        rows_per_second: arguments.rate.unwrap_or(basis.rows_per_second),
        measured: arguments.rate.is_some(),
        ..basis
    };
    let estimate = Estimate::of(plan, basis);
    let course = plan.course(basis).map_err(failure)?;
    let timeline = Timeline::of(plan, &course);
    if let Some(file) = &arguments.svg {
        file::write(file, &timeline.svg())?;
    }
    let text = if arguments.json {
        let object =
            json!({ "plan": plan, "estimate": estimate, "timeline": timeline, "course": course });
        format!("{object:#}\n")
    } else {
        text(plan, &estimate, &timeline, &course)
    };
    Ok(anstream::stdout().write_all(text.as_bytes())?)
}

fn text(plan: &Plan, estimate: &Estimate, timeline: &Timeline, course: &[Leg]) -> String {
    let bold = anstyle::Style::new().bold();
    let mut text = format!(
        "{bold}{}{bold:#}: {} of {} rows become {} ids in {}\n\n",
        plan.name,
        plan.key().column.name,
        plan.root().rows,
        plan.target.scheme,
        plan.key().new
    );
    for (number, table) in plan.tables.iter().enumerate() {
        let columns: Vec<_> = plan.carriers_of(number).map(|c| c.column.name.as_str()).collect();
        let _ = writeln!(
            text,
            "  {:<24} {:>12} rows  {:>8} MB  {}",
            table.name,
            table.rows,
            table.bytes / 1_000_000,
            columns.join(", ")
        );
    }
    for finding in &plan.findings {
        let mark = match finding.risk {
            Risk::Note => "note".into(),
            Risk::Care => "take care".into(),
            Risk::Stop if finding.is_firm() => "mend it, for nobody can accept it".into(),
            Risk::Stop => format!("mend it, or start with --accept {}", finding.name),
        };
        let _ = writeln!(text, "\n  {mark}: {}", finding.what);
    }
    let _ = write!(text, "\n{timeline}");
    for leg in course {
        let _ = write!(text, "\n{leg}");
    }
    let megabytes = room(course) / 1_000_000;
    let _ =
        write!(text, "\nThe estimate:\n{estimate}{megabytes} MB more are needed while it runs\n");
    let anew = course.iter().find(|leg| leg.phase == Phase::Swapped && plan.is_rebuilt());
    if let Some(leg) = anew {
        let _ = writeln!(
            text,
            "at swapped and at contracted, tables are made anew: for about {} each time nobody else \
             writes; let apps wait longer than that (busy_timeout), or take --keep-key",
            span(leg.seconds)
        );
    }
    text
}
