//! What is done to the generators, and how often.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use idgen::clock::{Clock, SystemClock};
use rand::RngExt;
use rand::rngs::SmallRng;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

use super::Arguments;
use super::skew::Skew;
use crate::exit::Failure;

/// Node ids that some processes are told to have, so that they have them after each other.
const TOLD: u64 = 2;

/// How long a child of fork may take to its end when all is over: it makes a few bursts.
const CHILDS_END: Duration = Duration::from_secs(60);

/// The exit code of a Rust program that panicked.
const PANICKED: i32 = 101;

/// Where processes say what went wrong, in the folder.
const COMPLAINTS: &str = "stderr";

/// How often something is done to the next process, as one of so many times.
const KILL: u32 = 4;
const PAUSE: u32 = 6;

/// How often it was done.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Counts {
    pub(super) started: u64,
    pub(super) killed: u64,
    pub(super) paused: u64,
    pub(super) forked: u64,
    pub(super) skewed: u64,
    /// Whether a library for wrong clocks is installed.
    pub(super) can_skew: bool,
    /// Processes that ended by themselves, with an error: no node id in time, mostly.
    pub(super) gave_up: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { started, killed, paused, skewed, .. } = self;
        write!(
            f,
            "{started} started, {killed} killed, {paused} paused, {skewed} with a wrong clock"
        )
    }
}

/// The processes that are being tortured.
pub(super) struct Herd {
    scheme: String,
    folder: PathBuf,
    window: Duration,
    skew: Option<Skew>,
    workers: Vec<Worker>,
    pub(super) counts: Counts,
}

struct Worker {
    child: Child,
    /// When it goes on, in monotonic time, where it is stopped.
    paused_until: Option<Duration>,
    /// By the torture.
    killed: bool,
}

impl Worker {
    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // It may have ended by itself meanwhile, and is waited for then.
        let _ = pid.map(|pid| kill_process(pid, signal));
    }

    fn kill(&mut self) {
        self.killed = true;
        // SIGKILL ends a stopped process too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Herd {
    /// Makes the folder, by a process whose clock is right, so that it is younger than other clocks are behind; and starts
    /// the processes.
    pub(super) fn found(
        arguments: &Arguments,
        folder: &Path,
        random: &mut SmallRng,
    ) -> Result<Self, Failure> {
        fs::create_dir_all(folder.join("ids"))?;
        let skew = Skew::installed();
        let mut herd = Self {
            scheme: arguments.scheme.clone(),
            folder: folder.into(),
            window: arguments.window,
            counts: Counts { can_skew: skew.is_some(), ..Counts::default() },
            skew,
            workers: Vec::new(),
        };
        let mut first = herd.command(random)?;
        first.arg("--once");
        let founded = first.stderr(Stdio::piped()).output()?;
        if !founded.status.success() {
            let said = String::from_utf8_lossy(&founded.stderr).into_owned();
            return Err(Failure::Data(format!("the first generator failed: {said}")));
        }
        for _ in 0..arguments.processes {
            let worker = herd.start(random)?;
            herd.workers.push(worker);
        }
        Ok(herd)
    }

    /// Does something to one of them, or to none.
    pub(super) fn torment(&mut self, random: &mut SmallRng) -> Result<(), Failure> {
        let now = SystemClock.monotonic();
        let next = random.random_range(0..self.workers.len());
        for (index, worker) in self.workers.iter_mut().enumerate() {
            if worker.paused_until.is_some_and(|until| until <= now) {
                worker.paused_until = None;
                worker.signal(Signal::CONT);
                // Some are killed just when they go on, before anything is renewed.
                if random.random_ratio(1, 3) {
                    worker.kill();
                    self.counts.killed += 1;
                }
            }
            if index == next && worker.paused_until.is_none() {
                if random.random_ratio(1, KILL) {
                    worker.kill();
                    self.counts.killed += 1;
                } else if random.random_ratio(1, PAUSE) {
                    worker.signal(Signal::STOP);
                    let long = self.window.mul_f64(random.random_range(0.2..4.0));
                    worker.paused_until = Some(now + long);
                    self.counts.paused += 1;
                }
            }
        }
        self.replace_ended(random)
    }

    /// Starts another for each that has ended.
    fn replace_ended(&mut self, random: &mut SmallRng) -> Result<(), Failure> {
        for index in 0..self.workers.len() {
            if let Some(status) = self.workers[index].child.try_wait()? {
                // One without a code that we did not kill was ended by the system.
                let killed = self.workers[index].killed;
                if !killed && status.code().is_none_or(|code| code == PANICKED) {
                    let said = self.panic().unwrap_or_default();
                    return Err(Failure::Data(format!("a generator ended by {status}: {said}")));
                }
                self.counts.gave_up += u64::from(!killed && !status.success());
                self.workers[index] = self.start(random)?;
            }
        }
        Ok(())
    }

    fn start(&mut self, random: &mut SmallRng) -> Result<Worker, Failure> {
        let mut command = self.command(random)?;
        if random.random_ratio(1, 4) {
            command.args(["--node", &random.random_range(0..TOLD).to_string()]);
        }
        if let Some(skew) = &self.skew {
            self.counts.skewed += u64::from(skew.maybe(&mut command, random));
        }
        self.counts.started += 1;
        let complaints = self.folder.join(COMPLAINTS);
        let complaints = File::options().create(true).append(true).open(complaints)?;
        let child = command.stderr(complaints).spawn().map_err(|error| {
            let program = command.get_program().display();
            Failure::Data(format!(
                "cannot start {program} once more: {error}; leave the program as it is until the \
                 torture ends"
            ))
        })?;
        Ok(Worker { child, paused_until: None, killed: false })
    }

    /// What the first process said that panicked, children of forks among them.
    fn panic(&self) -> Option<String> {
        let said = fs::read(self.folder.join(COMPLAINTS)).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let lines = said.lines().skip_while(|line| !line.contains("panicked at"));
        Some(lines.take(8).collect::<Vec<_>>().join("\n")).filter(|said| !said.is_empty())
    }

    fn command(&self, random: &mut SmallRng) -> Result<Command, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["torture-worker", &self.scheme, "--folder"])
            .arg(&self.folder)
            .args(["--window", &format!("{}us", self.window.as_micros())])
            .args(["--seed", &random.random::<u64>().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(command)
    }

    /// Kills what is left, waits for the children of forks, and says how often what was done.
    pub(super) fn end(mut self) -> Result<Counts, Failure> {
        self.workers.iter_mut().for_each(Worker::kill);
        let until = SystemClock.monotonic() + CHILDS_END;
        for file in super::check::files(&self.folder)? {
            wait_for_writer(&file, until)?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.counts.forked += u64::from(name.ends_with(&format!("-{}.words", u32::MAX)));
        }
        match self.panic() {
            Some(said) => Err(Failure::Data(format!("a generator did what none should: {said}"))),
            None => Ok(self.counts.clone()),
        }
    }
}

/// Waits until nobody writes a file any more: each process has its files locked until it ends.
fn wait_for_writer(path: &Path, until: Duration) -> Result<(), Failure> {
    let file = File::open(path)?;
    while let Err(error) = file.try_lock_shared() {
        if let TryLockError::Error(error) = error {
            return Err(error.into());
        }
        if SystemClock.monotonic() >= until {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let process = name.split('-').next().unwrap_or_default();
            return Err(Failure::Data(format!(
                "a child of fork hangs, and wrote no more to {}: look at process {process}, and end it",
                path.display()
            )));
        }
        SystemClock.wait(Duration::from_millis(20));
    }
    Ok(())
}

impl Drop for Herd {
    /// Nothing goes on when it fails, or is interrupted by an error.
    fn drop(&mut self) {
        self.workers.iter_mut().for_each(Worker::kill);
    }
}
