//! Real processes on one state folder, several at once, killed and started again: no id comes twice.
//!
//! How much of it is told by `IDGEN_TEST_LEASE_IDS` and `IDGEN_TEST_LEASE_KILLS`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use idgen::clock::{Clock, SystemClock};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use skew::Skew;
use tempfile::TempDir;

#[allow(dead_code, reason = "the torture misleads its workers otherwise")]
#[path = "../src/torture/skew.rs"]
mod skew;

/// Processes that are killed and started again at the same time.
const AT_ONCE: u64 = 8;

/// Most bytes that one prints before it is killed: some 100,000 ids.
const MOST_BYTES: u64 = 2_000_000;

/// Longest that one lives which is killed whatever it has printed: longer than a start waits for its first window.
const LONGEST_LIFE: Duration = Duration::from_millis(2_500);

/// The number that a variable of the environment tells.
fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}

/// A process that makes ids, and waits until somebody reads them.
struct Generator {
    child: Child,
    ids: ChildStdout,
    file: PathBuf,
}

impl Generator {
    fn start(folder: &Path, name: &str, count: u64, wrong: Option<(&Skew, &str)>) -> Self {
        let mut command = Command::new(cargo_bin!("idgen"));
        // However slow the disk is, it is waited for.
        command.args(["generate", "--max-wait", "5m", "-n", &count.to_string()]);
        command.env("IDGEN_STATE", folder.join("state"));
        if let Some((skew, offset)) = wrong {
            skew.set(&mut command, offset);
        }
        let complaints = File::create(folder.join(format!("{name}.stderr"))).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(complaints).spawn().unwrap();
        let (ids, file) = (child.stdout.take().unwrap(), folder.join(format!("{name}.ids")));
        Self { child, ids, file }
    }

    /// Writes what it prints to its file, up to so many bytes.
    fn read(&mut self, bytes: u64) {
        let mut file = File::options().create(true).append(true).open(&self.file).unwrap();
        std::io::copy(&mut self.ids.by_ref().take(bytes), &mut file).unwrap();
    }

    /// Reads it to the end, which must be one in order, or by us; and gives its file.
    fn end(mut self, by_us: bool) -> PathBuf {
        if by_us {
            self.child.kill().unwrap();
        }
        // What it has printed it has issued, read or not.
        self.read(u64::MAX);
        let status = self.child.wait().unwrap();
        let said = std::fs::read_to_string(self.file.with_extension("stderr")).unwrap();
        let is_good = if by_us { status.signal() == Some(9) } else { status.success() };
        assert!(is_good, "{}, {status}: {said}", self.file.display());
        self.file
    }
}

/// What `idgen verify` finds in the ids of all files.
fn verified(files: &[PathBuf], folder: &Path) -> Value {
    let mut command = Command::new(cargo_bin!("idgen"));
    command.args(["verify", "--scheme", "snowflake", "--ordered", "--list", "100", "--json"]);
    let output = command.arg("--temp").arg(folder).args(files).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert_eq!(report["duplicates"]["ids"], 0, "{report:#}");
    report
}

/// So many print as many ids at the same time. None is at its end before all have begun, for nobody reads the rest
/// before that.
fn at_once(processes: u64) {
    let (folder, count) = (TempDir::new().unwrap(), number("IDGEN_TEST_LEASE_IDS", 100_000));
    let start = |number| Generator::start(folder.path(), &format!("{number}"), count, None);
    let mut all: Vec<_> = (0..processes).map(start).collect();
    all.iter_mut().for_each(|one| one.read(1));
    let files: Vec<_> = thread::scope(|scope| {
        let ends: Vec<_> = all.into_iter().map(|one| scope.spawn(move || one.end(false))).collect();
        ends.into_iter().map(|end| end.join().unwrap()).collect()
    });
    let report = verified(&files, folder.path());
    let nodes: Vec<_> =
        report["nodes"].as_array().unwrap().iter().map(|node| &node["ids"]).collect();
    assert_eq!(nodes, vec![count; usize::try_from(processes).unwrap()], "one node id for each");
    println!("{processes} at once: {} ids of {} node ids, none twice", report["ids"], nodes.len());
}

#[test]
fn two_at_once_have_two_node_ids_and_no_id_in_common() {
    at_once(2);
}

#[test]
fn eight_at_once_have_eight_node_ids_and_no_id_in_common() {
    at_once(8);
}

/// Lives and dies so often with a clock that was set back by an hour, to before the folder was made, and now and then with
/// the right one; and gives the files of all lives.
fn lives(folder: &Path, slot: u64, kills: u64, skew: &Skew) -> Vec<PathBuf> {
    let mut random = SmallRng::seed_from_u64(slot);
    let (mut files, mut killed) = (Vec::new(), 0);
    while killed < kills {
        let wrong = (!random.random_ratio(1, 4)).then_some((skew, "-3600"));
        let name = format!("{slot}-{}", files.len());
        let mut life = Generator::start(folder, &name, u64::MAX, wrong);
        if random.random() {
            life.read(random.random_range(0..MOST_BYTES));
        } else {
            SystemClock.wait(LONGEST_LIFE.mul_f64(random.random()));
        }
        let file = life.end(true);
        // The last line may be cut off.
        let text = std::fs::read(&file).unwrap();
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        File::create(&file).unwrap().write_all(&text[..whole]).unwrap();
        files.push(file);
        killed += u64::from(wrong.is_some());
    }
    files
}

#[test]
#[ignore = "needs libfaketime: scripts/test lease"]
fn killed_and_started_again_an_hour_back_they_repeat_nothing() {
    let (folder, kills) = (TempDir::new().unwrap(), number("IDGEN_TEST_LEASE_KILLS", 16));
    let skew =
        Skew::installed().unwrap_or_else(|| panic!("Debian's package libfaketime is missing"));
    // By a clock that is right, so that the folder is younger than the step.
    let mut files = vec![Generator::start(folder.path(), "first", 1_000, None).end(false)];
    thread::scope(|scope| {
        let (folder, skew) = (folder.path(), &skew);
        let slot = |slot| scope.spawn(move || lives(folder, slot, kills.div_ceil(AT_ONCE), skew));
        let slots: Vec<_> = (0..AT_ONCE).map(slot).collect();
        files.extend(slots.into_iter().flat_map(|slot| slot.join().unwrap()));
    });
    let report = verified(&files, folder.path());
    let (ids, nodes) = (&report["ids"], report["nodes"].as_array().unwrap().len());
    println!("{} lives: {ids} ids of {nodes} node ids, none twice", files.len());
    assert!(ids.as_u64().unwrap() > 1_000);
}
