//! What each fault does to a world.

use core::time::Duration;
use std::sync::Arc;

use idgen_core::clock::Clock;

use super::{Process, World};
use crate::Fault;
use crate::errand::at_once;
use crate::fault::pick;
use crate::process::{Host, Life, Wish};

/// Name of the namespace's own record.
const FOUNDING: &str = "namespace.json";

impl World {
    /// Nobody makes ids yet, and no host's clock is wrong.
    pub(super) fn found_ahead(&mut self) {
        if self.random.below(4) == 0 {
            self.ground.found(Duration::from_secs(365 * 24 * 3_600));
            self.ground.release(&self.hosts[0].time, 0, 0, true);
        } else {
            let most = (self.ground.longest * 8).min(Duration::from_secs(600));
            let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
            self.ground.found(Duration::from_millis(self.random.below(most)));
        }
    }

    pub(super) fn happen(&mut self, fault: Fault) {
        let number = pick(&mut self.random, self.processes.len());
        let host = pick(&mut self.random, self.hosts.len());
        match fault {
            Fault::ClockJump | Fault::ClockDrift | Fault::ClockFreeze | Fault::ClockSet => {
                self.clock_fault(fault, host);
            }
            Fault::Pause => {
                let pause = self.some_time();
                self.processes[number].idle_until = self.now() + pause;
                self.tell(format_args!("process {number} is paused for {pause:?}"));
            }
            Fault::Crash | Fault::Stop => {
                let process = &mut self.processes[number];
                let ends = process.life.take_if(|_| fault == Fault::Stop);
                let way = if ends.is_some() { "ends" } else { "dies" };
                if ends.is_some() || process.die() {
                    drop(ends);
                    self.tell(format_args!("process {number} {way}"));
                    self.rest(number);
                }
            }
            Fault::Fork => self.fork(number),
            Fault::PauseInCall
            | Fault::CrashInCall
            | Fault::LostReply
            | Fault::FailedCall
            | Fault::SlowDisk => self.call_fault(fault, number),
            Fault::FullDisk | Fault::RoomAgain => {
                self.ground.platter().full = fault == Fault::FullDisk;
                self.tell(fault);
            }
            Fault::PowerLoss => self.power_loss(),
            Fault::RestoredBackup => {
                // The last one is put back, and the next one taken.
                self.ground.platter().restore(&self.backup);
                self.backup = self.ground.platter().backup(self.bad);
                self.tell(format_args!("{fault}, of {}", self.bad.display()));
            }
            Fault::DamagedRecord => {
                let name = match self.random.below(9) {
                    8 => FOUNDING.to_owned(),
                    node => format!("node-{node}.json"),
                };
                let path = self.bad.join("sim").join(name);
                self.ground.platter().damage(&path, &mut self.random);
                self.tell(format_args!("{fault}: {}", path.display()));
            }
            Fault::RemovedFolder => {
                self.ground.platter().remove_folder(self.bad);
                self.tell(format_args!("{fault}: {}", self.bad.display()));
            }
            Fault::RemovedFile => self.removed_file(),
            Fault::DamagedNamespace => {
                let path = self.bad.join("sim").join(FOUNDING);
                self.ground.platter().damage(&path, &mut self.random);
                self.damaged = self.ground.platter().read(&path);
                self.tell(format_args!("{fault}: {}", path.display()));
            }
            Fault::Release => self.release(number, host),
            Fault::FoundedAhead => {}
        }
    }

    /// Somebody gives up a node id; in half of the cases that of a process which dies, and has it again then.
    fn release(&mut self, number: usize, host: usize) {
        let (node, bits) = (self.random.below(8), pick(&mut self.random, 3));
        let forget = !self.wild && self.random.below(2) == 0;
        let life = self.processes[number].life.as_ref().filter(|_| self.random.below(2) == 0);
        let held = life.and_then(|life| life.ids.held()).map(|(block, _)| block.first());
        if let Some(node) = held {
            let mut host = self.hosts[self.processes[number].host].clone();
            if self.wild && self.random.below(2) == 0 {
                // By another's clock, which is behind.
                host = Host::new(&self.ground.truth, false);
                let behind = self.ground.longest.min(Duration::from_secs(300)) * 2;
                host.clock.jump(-i128::try_from(behind.as_nanos()).unwrap_or(0));
            }
            self.processes[number].die();
            self.processes[number].wish.node = Some(node);
            self.ground.release(&host.time, node, 0, forget);
        } else {
            let bits = u32::try_from(bits).unwrap_or(0);
            self.ground.release(&self.hosts[host].time, node, bits, forget);
        }
    }

    fn removed_file(&mut self) {
        let folder = self.bad.join("sim");
        let mut names = self.ground.platter().list(&folder);
        if !self.ground.second {
            // What is no record is never missed; and the namespace's is missed by nobody whose clock is right.
            let right = !self.wild;
            names.retain(|name| right && name == FOUNDING || !name.ends_with(".json"));
        }
        if names.is_empty() {
            return;
        }
        let path = folder.join(&names[pick(&mut self.random, names.len())]);
        self.ground.platter().remove_file(&path);
        self.tell(format_args!("{}: {}", Fault::RemovedFile, path.display()));
    }

    /// Whether the namespace's record, which is in the only folder, is damaged.
    pub(super) fn is_unfounded(&self) -> bool {
        let path = self.bad.join("sim").join(FOUNDING);
        self.damaged.is_some() && self.ground.platter().read(&path) == self.damaged
    }

    /// Somebody does what the documentation says of that: ends all processes, sees to it that clocks are right, and removes
    /// it.
    pub(super) fn refound(&mut self) {
        for number in 0..self.processes.len() {
            let process = &mut self.processes[number];
            process.starting = None;
            process.life = None;
            self.rest(number);
        }
        self.hosts.iter().for_each(Host::heal);
        self.ground.platter().remove_file(&self.bad.join("sim").join(FOUNDING));
        self.tell("all processes are ended, clocks set right, and the damaged record of the namespace removed");
    }

    fn fork(&mut self, parent: usize) {
        let heir = pick(&mut self.random, self.processes.len());
        let Some(life) = self.processes[parent].life.as_ref().filter(|_| heir != parent) else {
            return;
        };
        let Some(child) = life.fork(&self.ground) else { return };
        let Process { host, wish, idle_until, .. } = self.processes[parent];
        self.processes[heir].die();
        self.processes[heir] =
            Process { host, wish, starting: None, life: Some(child), idle_until };
        self.tell(format_args!("process {parent} forks, and its child is process {heir}"));
    }

    fn clock_fault(&mut self, fault: Fault, host: usize) {
        let clock = Arc::clone(&self.hosts[host].clock);
        match fault {
            Fault::ClockJump => {
                let size = [20, 900, 4_000, 25_000, 600_000][pick(&mut self.random, 5)];
                let millis = i128::from(self.random.below(2 * size)) - i128::from(size);
                // Never so far that a mark would be refused for being a day ahead.
                if (clock.error() + millis * 1_000_000).abs() < 600_000_000_000 {
                    clock.jump(millis * 1_000_000);
                }
            }
            Fault::ClockDrift => clock.drift(i128::from(self.random.below(100_000)) - 50_000),
            Fault::ClockFreeze => clock.freeze(),
            _ => clock.heal(),
        }
        let off = clock.error() / 1_000_000;
        self.tell(format_args!("{fault} on host {host}, which is {off} ms off"));
    }

    fn call_fault(&mut self, fault: Fault, number: usize) {
        let calls = self.random.below(10);
        let interlude = (fault == Fault::PauseInCall).then(|| self.interlude(number));
        let latency = self.ground.longest / 16;
        let latency = Duration::from_millis(
            self.random.below(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX).max(1)),
        );
        let Some(disk) = self.processes[number].disk() else { return };
        let mut faults = disk.faults();
        match fault {
            Fault::CrashInCall => faults.crash_in = Some(calls),
            Fault::LostReply => faults.lose_in = Some(calls),
            Fault::FailedCall => faults.fail_in = Some(calls),
            Fault::PauseInCall => faults.interlude = interlude.map(|it| (calls, it)),
            _ => faults.latency = if faults.latency.is_zero() { latency } else { Duration::ZERO },
        }
        drop(faults);
        self.tell(format_args!("{fault} of process {number}, {calls} calls from now"));
    }

    /// What happens while a process is paused in a call: time passes, and a stranger comes by.
    pub(super) fn interlude(&mut self, number: usize) -> Box<dyn FnOnce() + Send> {
        let ground = self.ground.clone();
        // He who comes by may have no time to wait for his first window: then all that he does is make folders.
        let hasty = self.random.below(2) == 0;
        let pause = self.some_time() / if hasty { 16 } else { 1 };
        let time = Arc::clone(&self.hosts[self.processes[number].host].time);
        let life = self.processes[number].life.as_ref();
        let held = life.and_then(|life| life.ids.held()).map(|(block, _)| block.first());
        let removed = (!self.wild || ground.second) && self.random.below(2) == 0;
        let node = held.filter(|_| removed || self.random.below(2) == 0);
        let wish = Wish { node, bits: 0, drift: None, laned: false };
        let bad = self.bad;
        Box::new(move || {
            ground.truth.pass(pause);
            ground.tell(format_args!("process {number} is paused in a call for {pause:?}"));
            if removed {
                ground.tell(format_args!("meanwhile {} is removed", bad.display()));
                ground.platter().remove_folder(bad);
            }
            let start = || Life::start(&ground, &time, ground.disk(), wish);
            if let Ok(stranger) = if hasty { at_once(start) } else { start() } {
                for _ in 0..10 {
                    time.wait(Duration::from_millis(1));
                    stranger.make(&ground, 30);
                }
                stranger.die();
            }
        })
    }

    fn some_time(&mut self) -> Duration {
        self.ground.longest / 8 * u32::try_from(1 + self.random.below(24)).unwrap_or(1)
    }

    fn power_loss(&mut self) {
        for number in 0..self.processes.len() {
            self.processes[number].die();
            self.rest(number);
        }
        self.ground.platter().lose_power(&mut self.random);
        self.tell("power loss");
    }
}
