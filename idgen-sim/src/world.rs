//! A world, and what happens in it.

use core::time::Duration;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use idgen_testkit::SplitMix64;

use crate::disk::SimDisk;
use crate::fault::pick;
use crate::process::{FOLDERS, Ground, Host, Life};
use crate::time::Truth;
use crate::{Failure, Fault, Mutation, Report};

mod happen;

/// Steps of a world before it heals.
const STEPS: u64 = 200;

/// Lines of its trace that a failure shows.
const SHOWN: usize = 100;

/// How long ids may take to come again when all faults have ceased: clocks were ten minutes off, windows
/// are an hour at most, and a clock that stood still is hours behind.
const PATIENCE: Duration = Duration::from_secs(48 * 3_600);

/// A world, made from a seed.
pub struct World {
    random: SplitMix64,
    ground: Ground,
    hosts: Vec<Host>,
    processes: Vec<Process>,
    /// Whether clocks may be wrong.
    wild: bool,
    backup: BTreeMap<PathBuf, Vec<u8>>,
    /// The folder to which things happen: of two, the other suffices.
    bad: &'static Path,
    faults: BTreeMap<Fault, u64>,
    /// Hours that processes lived, in nanoseconds.
    lived: u128,
}

/// A process, alive or dead.
struct Process {
    host: usize,
    /// The node id that it must have, if it must have one.
    node: Option<u64>,
    laned: bool,
    life: Option<Life>,
    /// True time before which it is not run, or not started.
    idle_until: Duration,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World").field("ground", &self.ground).finish_non_exhaustive()
    }
}

impl World {
    /// Lives through the world of this seed, whose processes may be made to make a mistake.
    ///
    /// # Errors
    /// The first promise that is broken.
    pub fn run(seed: u64, mutation: Option<Mutation>) -> Result<Report, Box<Failure>> {
        let mut world = Self::new(seed, mutation);
        let lived = catch_unwind(AssertUnwindSafe(|| world.live()));
        let violation = match lived {
            Ok(Ok(())) => return Ok(world.report()),
            Ok(Err(violation)) => violation,
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                format!("it panicked: {}", text.unwrap_or_default())
            }
        };
        let mut trace = std::mem::take(&mut world.ground.seen().trace);
        let from = trace.len().saturating_sub(SHOWN);
        Err(Box::new(Failure { seed, mutation, violation, trace: trace.split_off(from) }))
    }

    fn new(seed: u64, mutation: Option<Mutation>) -> Self {
        let mut random = SplitMix64::new(seed);
        let truth = Arc::new(Truth::default());
        let longest = [2, 20, 300, 3_600][pick(&mut random, 4)];
        let second = random.below(2) == 0;
        let ground = Ground {
            truth: Arc::clone(&truth),
            platter: Arc::default(),
            seen: Arc::default(),
            mutation,
            longest: Duration::from_secs(longest),
            second,
        };
        let hosts: Vec<_> =
            (0..=random.below(3)).map(|_| Host::new(&truth, random.below(2) == 0)).collect();
        let processes = (0..2 + random.below(5)).map(|number| Process {
            host: pick(&mut random, hosts.len()),
            node: (random.below(3) == 0).then_some(number),
            laned: random.below(3) == 0,
            life: None,
            idle_until: Duration::ZERO,
        });
        let processes = processes.collect();
        let wild = random.below(4) != 0;
        let bad = Path::new(FOLDERS[if second { pick(&mut random, 2) } else { 0 }]);
        Self {
            random,
            ground,
            hosts,
            processes,
            wild,
            backup: BTreeMap::new(),
            bad,
            faults: BTreeMap::new(),
            lived: 0,
        }
    }

    fn report(&self) -> Report {
        let seen = self.ground.seen();
        Report {
            worlds: 1,
            node_hours: self.lived as f64 / 3_600e9,
            ids: seen.ids,
            starts: seen.starts,
            stalls: seen.stalls,
            faults: self.faults.clone(),
        }
    }

    fn live(&mut self) -> Result<(), String> {
        if self.random.below(4) == 0 {
            self.count(Fault::FoundedAhead);
            self.found_ahead();
        }
        for _ in 0..STEPS {
            self.step()?;
        }
        self.heal();
        self.recover()
    }

    fn step(&mut self) -> Result<(), String> {
        let longest = self.ground.longest;
        let pass = match self.random.below(20) {
            0 => longest * 2,
            1..4 => Duration::from_micros(self.random.below(3_000)),
            _ => longest / 32 * u32::try_from(1 + self.random.below(12)).unwrap_or(1),
        };
        self.pass(pass);
        if self.random.below(5) < 2 {
            let fault = Fault::any(&mut self.random, self.wild, self.ground.second);
            self.count(fault);
            self.happen(fault);
        }
        for number in 0..self.processes.len() {
            self.run_process(number);
            self.check()?;
        }
        Ok(())
    }

    fn count(&mut self, fault: Fault) {
        *self.faults.entry(fault).or_default() += 1;
    }

    fn check(&self) -> Result<(), String> {
        self.ground.seen().violation.clone().map_or(Ok(()), Err)
    }

    fn pass(&mut self, time: Duration) {
        let alive = self.processes.iter().filter(|process| process.life.is_some()).count();
        self.lived += time.as_nanos() * alive as u128;
        self.ground.truth.pass(time);
    }

    fn now(&self) -> Duration {
        self.ground.truth.now()
    }

    fn tell(&self, what: impl std::fmt::Display) {
        self.ground.tell(what);
    }

    /// A process gets to run: it starts if it is dead, keeps its lease, and makes ids.
    fn run_process(&mut self, number: usize) {
        let began = self.now();
        if began < self.processes[number].idle_until {
            return;
        }
        if self.processes[number].life.is_none() {
            let disk = self.ground.disk();
            if self.random.below(8) == 0 {
                disk.faults().crash_in = Some(self.random.below(30));
            }
            self.start(number, disk);
        }
        let (keeps_first, keeps_last) = (self.random.below(2) == 0, self.random.below(4) != 0);
        let want = pick(&mut self.random, 20);
        let rounds = if self.random.below(6) == 0 { 12 } else { 1 };
        if let Some(life) = &self.processes[number].life {
            if keeps_first {
                life.ids.keep();
            }
            for _ in 0..rounds {
                if life.make(&self.ground, want) < want {
                    break;
                }
            }
            if keeps_last {
                life.ids.keep();
            }
        }
        let died = |life: &mut Life| life.disk.is_dead();
        if let Some(life) = self.processes[number].life.take_if(died) {
            drop(life);
            self.tell(format_args!("process {number} died in a call"));
            self.rest(number);
        }
        // Slow calls and waits are time that everybody lives through.
        let gone = self.now() - began;
        let alive = self.processes.iter().filter(|process| process.life.is_some()).count();
        self.lived += gone.as_nanos() * alive as u128;
    }

    fn start(&mut self, number: usize, disk: SimDisk) {
        let Process { host, node, laned, .. } = self.processes[number];
        let time = &self.hosts[host].time;
        let started = Life::start(&self.ground, time, disk.clone(), node, laned);
        match started {
            _ if disk.is_dead() => {
                self.tell(format_args!("process {number} died as it started"));
                self.rest(number);
            }
            Ok(life) => {
                let held = life.ids.held().map(|(block, term)| (block.first(), term));
                let end = life.ids.window_end();
                self.tell(format_args!(
                    "process {number} starts with node id and term {held:?}, up to tick {end}"
                ));
                self.processes[number].life = Some(life);
            }
            Err(error) => {
                self.tell(format_args!("process {number} does not start: {error}"));
                self.rest(number);
            }
        }
    }

    /// A dead process is not started at once.
    fn rest(&mut self, number: usize) {
        let longest = self.ground.longest.as_millis().try_into().unwrap_or(u64::MAX);
        let rest = Duration::from_millis(self.random.below(longest));
        self.processes[number].idle_until = self.now() + rest;
    }

    /// The faults cease.
    fn heal(&mut self) {
        self.tell("all faults cease");
        self.hosts.iter().for_each(Host::heal);
        self.ground.platter().full = false;
        for process in &mut self.processes {
            process.idle_until = Duration::ZERO;
            if let Some(life) = &process.life {
                life.disk.faults().heal();
            }
        }
    }

    /// Everybody makes ids again.
    fn recover(&mut self) -> Result<(), String> {
        let end = self.now() + PATIENCE;
        let mut waiting: Vec<_> = (0..self.processes.len()).collect();
        let mut pass = self.ground.longest / 8;
        while self.now() < end {
            self.pass(pass);
            pass = (pass * 2).min(Duration::from_secs(600));
            for &number in &waiting {
                let process = &mut self.processes[number];
                if let Some(life) = process.life.take_if(|life| life.is_shut_out()) {
                    life.die();
                }
                if process.life.is_none() {
                    // What it had to have may be somebody else's by now.
                    process.node = None;
                    self.start(number, self.ground.disk());
                }
            }
            let (processes, ground) = (&self.processes, &self.ground);
            waiting.retain(|&number| {
                let Some(life) = &processes[number].life else { return true };
                life.ids.keep();
                life.make(ground, 5) == 0
            });
            self.check()?;
            if waiting.is_empty() {
                return Ok(());
            }
        }
        let states = waiting.iter().map(|&number| match &self.processes[number].life {
            Some(life) => format!("\n  process {number}: {}", life.state()),
            None => format!("\n  process {number} does not start"),
        });
        Err(format!("no ids though all faults have ceased:{}", states.collect::<String>()))
    }
}
