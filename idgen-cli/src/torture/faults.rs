//! What is done to the generators, and how often.

use std::fmt;
use std::fs::{self, File};
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
}

impl Worker {
    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // It may have ended by itself meanwhile, and is waited for then.
        let _ = pid.map(|pid| kill_process(pid, signal));
    }

    fn kill(&mut self) {
        // SIGKILL ends a stopped process too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Herd {
    /// Makes the folder, by a process whose clock is behind all others, and starts the processes.
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
        if let Some(skew) = &herd.skew {
            skew.oldest(&mut first);
        }
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
                self.counts.gave_up += u64::from(status.code().is_some_and(|code| code != 0));
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
        Ok(Worker { child: command.stderr(Stdio::null()).spawn()?, paused_until: None })
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
        for file in super::check::files(&self.folder)? {
            // Each process has the files that it writes locked.
            File::open(&file)?.lock_shared()?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.counts.forked += u64::from(name.ends_with(&format!("-{}.words", u32::MAX)));
        }
        Ok(self.counts.clone())
    }
}

impl Drop for Herd {
    /// Nothing goes on when it fails, or is interrupted by an error.
    fn drop(&mut self) {
        self.workers.iter_mut().for_each(Worker::kill);
    }
}
