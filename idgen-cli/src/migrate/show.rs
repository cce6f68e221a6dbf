//! What is printed of a migration.

use std::fmt::Write as _;
use std::io::Write as _;

use idgen_migrate::plan::span;
use idgen_migrate::{Check, Evidence, Filling, Lag, Lock, Phase, Report, Status, Step};
use serde::Serialize;
use serde_json::json;

use crate::exit::Failure;

fn print(text: &str) -> Result<(), Failure> {
    Ok(anstream::stdout().write_all(text.as_bytes())?)
}

pub(super) fn object<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::Data(error.to_string()))?;
    print(&format!("{text}\n"))
}

pub(super) fn all(migrations: &[(String, Phase)], json: bool) -> Result<(), Failure> {
    if json {
        let each = migrations.iter().map(|(name, phase)| json!({ "name": name, "phase": phase }));
        return object(&each.collect::<Vec<_>>());
    }
    let lines = migrations.iter().map(|(name, phase)| format!("{name:<24} {phase}\n"));
    print(&lines.collect::<String>())
}

/// The SQL of steps, as a script.
pub(super) fn steps(from: &str, to: &str, steps: &[Step]) -> Result<(), Failure> {
    let mut text = format!("-- {from} -> {to}\n");
    if steps.is_empty() {
        text += "\n-- nothing but the state, in tables of our own\n";
    }
    for step in steps {
        let _ = write!(text, "\n-- {}\n", step.title);
        if step.lock == Lock::Chunk {
            text += "-- for each chunk; ? are its bounds, the pairs of its rows and ids, and its entry in the ledger\n";
        }
        let (begin, end) = if step.transaction { ("BEGIN;\n", "COMMIT;\n") } else { ("", "") };
        let (before, after) = match &step.frame {
            Some((before, after)) => (format!("{before};\n"), format!("{after};\n")),
            None => Default::default(),
        };
        text += &before;
        text += begin;
        for statement in &step.sql {
            let _ = writeln!(text, "{statement};");
        }
        text += end;
        text += &after;
    }
    print(&text)
}

pub(super) fn evidence(evidence: &Evidence, json: bool) -> Result<(), Failure> {
    if json {
        return object(evidence);
    }
    let bold = anstyle::Style::new().bold();
    let mut text = format!("{bold}{} -> {}{bold:#}\n", evidence.from, evidence.to);
    checks(&mut text, &evidence.checks);
    if !evidence.steps.is_empty() {
        let _ = writeln!(
            text,
            "  {} steps; the longest under a lock, with the wait for it, took {} ms, and all of them {} ms",
            evidence.steps.len(),
            evidence.longest_lock_millis,
            evidence.held_up_in_all_millis
        );
    }
    if let Some(found) = &evidence.report {
        text += &summary(found);
    }
    print(&text)
}

pub(super) fn gate(found: &[Check], json: bool) -> Result<(), Failure> {
    if json {
        return object(&found);
    }
    let mut text = String::new();
    checks(&mut text, found);
    print(&text)
}

pub(super) fn checks(text: &mut String, checks: &[Check]) {
    for check in checks {
        let mark = if check.open { "ok    " } else { "closed" };
        let _ = writeln!(text, "  {mark} {}: {}", check.name, check.found);
    }
}

pub(super) fn report(report: &Report, json: bool) -> Result<(), Failure> {
    if json { object(report) } else { print(&summary(report)) }
}

fn summary(report: &Report) -> String {
    let makers = &report.makers;
    let mut text = format!(
        "  {} rows: {} ids of the backfill, {} of the app, {} of the trigger; digest {}\n",
        report.rows, makers.backfill, makers.app, makers.trigger, report.digest
    );
    for reference in &report.references {
        let _ = writeln!(
            text,
            "  {} references of {} hold in both directions",
            reference.new, reference.column
        );
    }
    let _ = writeln!(
        text,
        "  {} of {} chunks as the backfill wrote them",
        report.unchanged_chunks,
        report.chunks.len()
    );
    if report.edited > 0 {
        let _ = writeln!(
            text,
            "  {} rows were edited since, and keep the time of their id",
            report.edited
        );
    }
    for (name, found) in report.faults() {
        let _ = writeln!(text, "  fault {name}: {found}");
    }
    text
}

pub(super) fn status(name: &str, status: &Status, json: bool) -> Result<(), Failure> {
    if json {
        return object(status);
    }
    let bold = anstyle::Style::new().bold();
    let paused = if status.paused { ", paused" } else { "" };
    let middle = status.under_way.map(|to| format!(", in the middle of its steps to {to}"));
    let mut text =
        format!("{bold}{name}{bold:#}: {}{paused}{}\n", status.phase, middle.unwrap_or_default());
    let or_none = |phase: Option<Phase>| phase.map_or("none".into(), |phase| phase.to_string());
    let _ = writeln!(text, "  back to {}, on to {}", or_none(status.back), or_none(status.next));
    checks(&mut text, &status.gate);
    for check in &status.unasked {
        let _ = match &check.last {
            Some((found, at)) => {
                let at = idgen::UnixTime::from_millis(*at);
                writeln!(text, "  unasked {}: last seen at {at}: {found}", check.name)
            }
            None => writeln!(text, "  unasked {}: never looked at; see check", check.name),
        };
    }
    for pass in &status.passes {
        let rate = pass.rows_per_second.map(|rate| format!(", {rate:.0} rows/s and worker"));
        let _ = writeln!(
            text,
            "  {:<32} {} of {} chunks, {} of {} rows{}",
            pass.column,
            pass.chunks.0,
            pass.chunks.1,
            pass.rows.0,
            pass.rows.1,
            rate.unwrap_or_default()
        );
    }
    if let Some(filling) = &status.filling {
        text += &progress(filling);
    }
    for instance in &status.instances {
        let _ = writeln!(
            text,
            "  instance {:<23} {}, {} of {} shadow reads differ",
            instance.instance, instance.phase, instance.mismatches, instance.compared
        );
    }
    for entry in &status.trail {
        let at = idgen::UnixTime::from_millis(entry.at_millis);
        let _ = writeln!(text, "  {at}  {}  {}", entry.event, entry.who);
    }
    print(&text)
}

/// How a backfill goes, in a line.
fn progress(filling: &Filling) -> String {
    let rate = match filling.rows_per_second {
        Some(rate) => format!("{rate:.0} rows/s in the last minute"),
        None => "nothing was filled in the last minute".into(),
    };
    let left = filling.seconds_left.map(|seconds| format!(", about {}", span(seconds)));
    let lag = match &filling.lag {
        Some(Lag { replica, millis }) => {
            format!(
                "; replica {replica} lags {millis} ms behind, and past --max-lag chunks wait for it"
            )
        }
        None => String::new(),
    };
    format!("  {rate}; {} rows are left{}{lag}\n", filling.rows_left, left.unwrap_or_default())
}

/// A field of CSV.
pub(super) fn csv(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.into()
    }
}
