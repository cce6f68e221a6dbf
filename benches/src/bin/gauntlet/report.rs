//! The table: who met what, and what was seen.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::faults::FAULTS;
use crate::subject::{Subject, subjects};

/// Longest that a process may take before it is ended.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was seen: `Ok` with a word of how, or what went wrong.
type Seen = Result<String, String>;

/// Runs everybody, or whoever's name this is a part of. Fails if one of ours does badly.
pub fn run(only: Option<&str>, json: bool) -> ExitCode {
    let subjects: Vec<_> = subjects()
        .into_iter()
        .filter(|subject| only.is_none_or(|name| subject.name.contains(name)))
        .collect();
    let mut rows = Vec::new();
    for subject in &subjects {
        eprintln!("{}", subject.name);
        rows.push((subject, FAULTS.map(|(fault, _)| meet(subject, fault))));
    }
    if json {
        print_json(&rows)
    } else {
        print_table(&rows)
    }
    let ours = rows.iter().filter(|(subject, _)| subject.promised);
    let badly = ours.filter(|(_, seen)| seen.iter().any(Result::is_err)).count();
    if badly == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One fault in a process of its own, with a file of its own.
fn meet(subject: &Subject, fault: &str) -> Seen {
    let file = std::env::temp_dir().join(format!("gauntlet-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let child = Command::new(program)
        .args(["--meet", subject.name, fault])
        .arg(&file)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .process_group(0)
        .spawn();
    let mut child = child.map_err(|error| error.to_string())?;
    let start = Instant::now();
    let ended = loop {
        match child.try_wait() {
            Ok(Some(_)) => break true,
            _ if start.elapsed() > PATIENCE => break false,
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    if !ended {
        // With what it has forked: a child of its own may be what hangs.
        if let Ok(group) = i32::try_from(child.id()) {
            // SAFETY: no memory is involved; the group is that of a process started here.
            unsafe { libc::kill(-group, libc::SIGKILL) };
        }
        let _ = child.wait();
        return Err("hangs".into());
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let _ = std::fs::remove_file(&file);
    let seen = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    match seen.split_once(' ').unwrap_or((&seen, "")) {
        ("ok", well) => Ok(well.into()),
        ("bad", bad) => Err(bad.into()),
        _ => Err("the process dies".into()),
    }
}

/// A package's version in the lock file that this was built with; ours is the workspace's.
fn version(package: &str) -> String {
    let entry = format!("name = \"{package}\"\nversion = \"");
    let lock = include_str!("../../../Cargo.lock");
    let version = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
    version.map_or("?".into(), |(version, _)| version.into())
}

fn print_table(rows: &[(&Subject, [Seen; 9])]) {
    println!("| generator | version | {} |", FAULTS.map(|(fault, _)| fault).join(" | "));
    println!("|---|---|{}", "---|".repeat(FAULTS.len()));
    for (subject, seen) in rows {
        let cells = seen.each_ref().map(|seen| match seen {
            Ok(well) if well.is_empty() => "✓".to_owned(),
            Ok(well) => format!("✓ {well}"),
            Err(bad) => format!("**{bad}**"),
        });
        println!("| {} | {} | {} |", subject.name, version(subject.package), cells.join(" | "));
    }
    println!();
    for (fault, about) in FAULTS {
        println!("- *{fault}*: {about}");
    }
}

fn print_json(rows: &[(&Subject, [Seen; 9])]) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(subject, seen)| {
            let cells = FAULTS.iter().zip(seen).map(|((fault, _), seen)| {
                let (passes, words) = match seen {
                    Ok(well) => (true, well),
                    Err(bad) => (false, bad),
                };
                format!("\"{fault}\":{{\"passes\":{passes},\"seen\":{words:?}}}")
            });
            let cells: Vec<_> = cells.collect();
            let (name, version) = (subject.name, version(subject.package));
            format!("{{\"name\":{name:?},\"version\":{version:?},{}}}", cells.join(","))
        })
        .collect();
    println!("[{}]", rows.join(",\n"));
}
