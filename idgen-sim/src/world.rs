//! A world, and what happens in it.

use core::time::Duration;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use idgen_lease::LeaseError;
use idgen_testkit::SplitMix64;

use crate::disk::SimDisk;
use crate::errand::Errand;
use crate::fault::pick;
use crate::process::{FOLDERS, Ground, Host, Life, Wish};
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
    /// What the namespace's record in the only folder was when it was damaged last.
    damaged: Option<Vec<u8>>,
    /// The folder to which things happen: of two, the other suffices.
    bad: &'static Path,
    faults: BTreeMap<Fault, u64>,
    /// How long processes lived, and how long of that they made ids, in nanoseconds.
    lived: u128,
    issued: u128,
}

/// A process, alive or dead.
struct Process {
    host: usize,
    wish: Wish,
    starting: Option<Starting>,
    life: Option<Life>,
    /// True time before which it is not run, or not started.
    idle_until: Duration,
}

/// A process that starts: what it has of the disk, and what comes of it.
struct Starting {
    disk: SimDisk,
    errand: Errand<Started>,
    /// Whether nobody could read the namespace's record when it began.
    unfounded: bool,
}

type Started = Result<Life, Box<LeaseError>>;

impl Process {
    /// The disk as it sees it, if there is such a process.
    fn disk(&self) -> Option<&SimDisk> {
        let starting = self.starting.as_ref().map(|starting| &starting.disk);
        self.life.as_ref().map(|life| &life.disk).or(starting)
    }

    /// Dies, and says whether it lived.
    fn die(&mut self) -> bool {
        let Some(disk) = self.disk() else { return false };
        disk.kill();
        self.starting = None;
        self.life = None;
        true
    }
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
        let size = pick(&mut random, 4);
        let longest = Duration::from_secs([2, 20, 300, 3_600][size]);
        let second = random.below(2) == 0;
        let tick = if random.below(3) == 0 { 1 } else { [10, 100, 1_000, 10_000][size] };
        let ground = Ground {
            truth: Arc::clone(&truth),
            platter: Arc::default(),
            seen: Arc::default(),
            mutation,
            longest,
            tick,
            second,
        };
        let hosts: Vec<_> =
            (0..=random.below(3)).map(|_| Host::new(&truth, random.below(2) == 0)).collect();
        let processes = (0..2 + random.below(5)).map(|number| Process {
            host: pick(&mut random, hosts.len()),
            wish: {
                let bits = u32::from(random.below(4) == 0);
                let node = (random.below(3) == 0).then_some(number >> bits << bits);
                let drift = (random.below(2) == 0).then_some(longest / 64);
                Wish { node, bits, drift, laned: random.below(3) == 0 }
            },
            starting: None,
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
            damaged: None,
            bad,
            faults: BTreeMap::new(),
            lived: 0,
            issued: 0,
        }
    }

    fn report(&self) -> Report {
        let seen = self.ground.seen();
        Report {
            worlds: 1,
            node_hours: self.lived as f64 / 3_600e9,
            issuing_hours: self.issued as f64 / 3_600e9,
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
        if self.is_unfounded() && self.random.below(8) == 0 {
            self.refound();
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
        self.live_for(time);
        self.ground.truth.pass(time);
    }

    /// Counts how long processes live.
    fn live_for(&mut self, time: Duration) {
        let lives = self.processes.iter().filter_map(|process| process.life.as_ref());
        let (alive, issuing) = lives
            .fold((0, 0), |(alive, issuing), life| (alive + 1, issuing + u128::from(life.issues)));
        self.lived += time.as_nanos() * alive;
        self.issued += time.as_nanos() * issuing;
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
            if self.processes[number].starting.is_none() {
                let disk = self.ground.disk();
                if self.random.below(8) == 0 {
                    disk.faults().crash_in = Some(self.random.below(30));
                }
                if self.random.below(8) == 0 {
                    let interlude = self.interlude(number);
                    disk.faults().interlude = Some((self.random.below(30), interlude));
                }
                self.begin(number, disk);
            }
            self.start(number);
        }
        let (keeps_first, keeps_last) = (self.random.below(2) == 0, self.random.below(4) != 0);
        let want = 1 + pick(&mut self.random, 20);
        let rounds = if self.random.below(6) == 0 { 12 } else { 1 };
        if let Some(life) = &mut self.processes[number].life {
            if keeps_first {
                life.keep(&self.ground);
            }
            life.issues = life.make_some(&self.ground, want, rounds);
            if keeps_last {
                life.keep(&self.ground);
                // Who stalls wakes the keeper, and looks again.
                life.issues = life.issues || life.make_some(&self.ground, want, rounds);
            }
        }
        let died = |life: &mut Life| life.disk.is_dead();
        if let Some(life) = self.processes[number].life.take_if(died) {
            drop(life);
            self.tell(format_args!("process {number} died in a call"));
            self.rest(number);
        }
        // Slow calls and waits are time that everybody lives through.
        self.live_for(self.now() - began);
    }

    /// A process begins to start.
    fn begin(&mut self, number: usize, disk: SimDisk) {
        let unfounded = self.is_unfounded();
        let Process { host, wish, .. } = self.processes[number];
        let (ground, time) = (self.ground.clone(), Arc::clone(&self.hosts[host].time));
        let its = disk.clone();
        let errand = Errand::new(move || Life::start(&ground, &time, its, wish));
        self.processes[number].starting = Some(Starting { disk, errand, unfounded });
    }

    /// A process that starts goes on with it, if it need not wait.
    fn start(&mut self, number: usize) {
        let now = self.now();
        let Some(mut starting) =
            self.processes[number].starting.take_if(|starting| starting.errand.is_due(now))
        else {
            return;
        };
        let Some(started) = starting.errand.go_on() else {
            self.processes[number].starting = Some(starting);
            return;
        };
        let unfounded = starting.unfounded && self.is_unfounded();
        let disk = starting.disk;
        match started {
            _ if disk.is_dead() => {
                self.tell(format_args!("process {number} died as it started"));
                self.rest(number);
            }
            Ok(_) if unfounded => {
                let violation = "a process started though nobody can read the namespace's record";
                self.ground.seen().violation.get_or_insert_with(|| violation.into());
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
        if self.is_unfounded() {
            self.refound();
        }
        self.hosts.iter().for_each(Host::heal);
        self.ground.platter().full = false;
        for process in &mut self.processes {
            process.idle_until = Duration::ZERO;
            if let Some(disk) = process.disk() {
                disk.faults().heal();
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
                    if process.starting.is_none() {
                        // What it had to have may be somebody else's by now.
                        process.wish.node = None;
                        self.begin(number, self.ground.disk());
                    }
                    self.start(number);
                }
            }
            let (processes, ground) = (&mut self.processes, &self.ground);
            waiting.retain(|&number| {
                let Some(life) = &mut processes[number].life else { return true };
                life.keep(ground);
                life.issues = life.make(ground, 5) > 0;
                !life.issues
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
