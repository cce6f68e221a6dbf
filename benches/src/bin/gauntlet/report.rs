//! The table: who met what, and what was seen.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::time::Duration;

use idgen::clock::{Clock, SystemClock};
use idgen_benches::version;
use serde_json::json;

use crate::clock;
use crate::faults::{FAULTS, Seen};
use crate::subject::{Subject, subjects};

/// Longest that a process may take before it is ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is said of a process that does not end.
const HANGS: &str = "hangs";

/// How many processes meet their faults at once on each processor: they wait more than they work.
const AT_ONCE: usize = 2;

/// A subject, and what was seen of it under each fault.
type Row<'s> = (&'s Subject, Vec<Seen>);

/// Runs everybody, or whoever's name this is a part of. Fails if one of ours does badly.
pub fn run(only: Option<&str>, json: bool) -> ExitCode {
    let subjects: Vec<_> = subjects()
        .into_iter()
        .filter(|subject| only.is_none_or(|name| subject.name.contains(name)))
        .collect();
    let names: Vec<_> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    let seen = meet_all(&names);
    let rows: Vec<_> = subjects.iter().zip(seen).collect();
    if json {
        print_json(&rows)
    } else {
        print_table(&rows)
    }
    let ours = rows.iter().filter(|(subject, _)| subject.promised);
    let bad = ours.flat_map(|(subject, seen)| {
        let bad = seen.iter().zip(FAULTS).filter(|(seen, _)| matches!(seen, Seen::Badly(_)));
        bad.map(move |(_, (fault, _))| format!("{} under {fault}", subject.name))
    });
    let bad: Vec<_> = bad.collect();
    if bad.is_empty() && !rows.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: these do badly: {}", bad.join(", "));
    ExitCode::FAILURE
}

/// Lets each of them meet every fault, a few at once.
fn meet_all(names: &[&str]) -> Vec<Vec<Seen>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = names.iter().flat_map(|&name| FAULTS.map(|(fault, _)| (name, fault)));
    let jobs = Mutex::new(jobs.enumerate());
    let seen = Mutex::new(Vec::new());
    let work = || {
        loop {
            let job = jobs.lock().expect("no worker panics").next();
            let Some((place, (name, fault))) = job else { return };
            eprintln!("{name}: {fault}");
            let met = meet(name, fault);
            seen.lock().expect("no worker panics").push((place, met));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..cores * AT_ONCE {
            scope.spawn(work);
        }
    });
    let mut seen = seen.into_inner().expect("no worker panics");
    seen.sort_by_key(|(place, _)| *place);
    let mut seen = seen.into_iter().map(|(_, seen)| seen);
    names.iter().map(|_| seen.by_ref().take(FAULTS.len()).collect()).collect()
}

/// One fault in a process of its own, with a folder of its own.
fn meet(name: &str, fault: &str) -> Seen {
    let once = || met(name, fault).unwrap_or_else(|error| Seen::Badly(error.to_string()));
    match once() {
        // A child that is forked while another thread holds a lock of the system's libraries waits for it: that is
        // no generator's doing, and seldom happens twice.
        Seen::Badly(how) if how == HANGS => once(),
        seen => seen,
    }
}

fn met(name: &str, fault: &str) -> std::io::Result<Seen> {
    let folder = tempfile::tempdir()?;
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--meet", name, fault])
        .arg(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .process_group(0)
        .spawn()?;
    let start = clock::monotonic();
    while child.try_wait()?.is_none() {
        if clock::since(start) > PATIENCE {
            // With what it has forked: a child of its own may be what hangs.
            if let Ok(group) = i32::try_from(child.id()) {
                // SAFETY: no memory is involved; the group is that of a process started here.
                unsafe { libc::kill(-group, libc::SIGKILL) };
            }
            child.wait()?;
            return Ok(Seen::Badly(HANGS.into()));
        }
        SystemClock.wait(Duration::from_millis(5));
    }
    let output = child.wait_with_output()?;
    let seen = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(match seen.split_once(' ').unwrap_or((&seen, "")) {
        ("well", how) => Seen::Well(how.into()),
        ("badly", how) => Seen::Badly(how.into()),
        ("nothing", why) => Seen::Nothing(why.into()),
        _ => Seen::Badly("the process dies".into()),
    })
}

fn print_table(rows: &[Row<'_>]) {
    println!("| generator | version | {} |", FAULTS.map(|(fault, _)| fault).join(" | "));
    println!("|---|---|{}", "---|".repeat(FAULTS.len()));
    for (subject, seen) in rows {
        let cells = seen.iter().map(|seen| match seen {
            Seen::Well(how) if how.is_empty() => "✓".to_owned(),
            Seen::Well(how) => format!("✓ {how}"),
            Seen::Badly(how) => format!("**{how}**"),
            Seen::Nothing(why) => format!("- {why}"),
        });
        let cells: Vec<_> = cells.collect();
        println!("| {} | {} | {} |", subject.name, version(subject.package), cells.join(" | "));
    }
    println!();
    for (fault, about) in FAULTS {
        println!("- *{fault}*: {about}");
    }
}

fn print_json(rows: &[Row<'_>]) {
    let rows = rows.iter().map(|(subject, seen)| {
        let cells = FAULTS.iter().zip(seen).map(|((fault, _), seen)| {
            let (seen, words) = match seen {
                Seen::Well(how) => ("well", how),
                Seen::Badly(how) => ("badly", how),
                Seen::Nothing(why) => ("nothing", why),
            };
            ((*fault).to_owned(), json!({ "seen": seen, "words": words }))
        });
        json!({
            "name": subject.name,
            "version": version(subject.package),
            "faults": cells.collect::<serde_json::Map<_, _>>(),
        })
    });
    println!("{:#}", serde_json::Value::Array(rows.collect()));
}
