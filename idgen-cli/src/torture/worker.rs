//! One generator of the torture: it writes what it makes to a file, until it is killed.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::exit;
use std::time::Duration;

use clap::Args;
use fork::{Fork, fork};
use idgen::clock::{Clock, SystemClock};
use idgen::generator::ErasedGenerator;
use idgen::lease::{FileStore, Lease, Leased, Realm};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::choice::entry;
use crate::exit::Failure;

/// Most ids that are made between two writes.
const MOST: usize = 4_096;

/// Bursts between two forks, and between two restarts of the generator, on average.
const FORK_EVERY: u32 = 40;
const RESTART_EVERY: u32 = 150;

/// Bursts of a forked child.
const CHILDS_BURSTS: u32 = 15;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    scheme: String,
    #[arg(long)]
    folder: PathBuf,
    #[arg(long, value_parser = idgen::config::parse_duration)]
    window: Duration,
    #[arg(long)]
    node: Option<u64>,
    #[arg(long)]
    seed: u64,
    /// Makes ids once and ends, so that the folder is there.
    #[arg(long)]
    once: bool,
    /// Has no children.
    #[arg(long)]
    no_forks: bool,
}

type Ids = Leased<Box<dyn ErasedGenerator>>;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut random = SmallRng::seed_from_u64(arguments.seed);
    let parent = rustix::process::getppid();
    for life in 0_u32.. {
        let ids = lease(arguments)?;
        let mut file = open(arguments, life)?;
        loop {
            burst(&ids, &mut file, &mut random)?;
            if arguments.once || rustix::process::getppid() != parent {
                return Ok(());
            }
            if !arguments.no_forks && random.random_ratio(1, FORK_EVERY) {
                let seed = random.random();
                if let Ok(Fork::Child) = fork() {
                    child(arguments, ids, seed);
                }
            }
            if random.random_ratio(1, RESTART_EVERY) {
                break;
            }
            SystemClock.wait(Duration::from_micros(random.random_range(0..4_000)));
        }
    }
    Ok(())
}

fn lease(arguments: &Arguments) -> Result<Box<Ids>, Failure> {
    let entry = entry(&arguments.scheme)?;
    let store = FileStore::new(arguments.folder.join("state")).longest_window(arguments.window);
    let mut lease = Lease::new(Realm::of(entry.scheme), store);
    if let Some(node) = arguments.node {
        lease = lease.node(node);
    }
    let made = lease.start(|settings| match entry.generator(settings) {
        Some(made) => made,
        None => unreachable!("the torturer asks for schemes that generate"),
    });
    made.map(Box::new).map_err(|error| Failure::Data(error.to_string()))
}

/// A file for one generator of one process: ids in it increase.
fn open(arguments: &Arguments, life: u32) -> Result<File, Failure> {
    let name = format!("{}-{:x}-{life}.words", std::process::id(), arguments.seed);
    let file = File::create_new(arguments.folder.join("ids").join(name))?;
    // Held until the process ends, so that the torturer knows when it has.
    file.try_lock().map_err(|error| Failure::Data(error.to_string()))?;
    Ok(file)
}

/// Makes some ids, one by one or in a batch, and writes them in the format that they are checked in.
fn burst(ids: &Ids, file: &mut File, random: &mut SmallRng) -> Result<(), Failure> {
    let mut words = vec![0; random.random_range(1..=MOST)];
    let mut made = 0;
    if random.random_ratio(1, 4) {
        words.truncate(100);
        for word in &mut words {
            let Ok(one) = ids.generate_word() else { break };
            *word = one;
            made += 1;
        }
    } else {
        made = match ids.fill_words(&mut words) {
            Ok(()) => words.len(),
            Err(error) => error.filled,
        };
    }
    let width = usize::from(ids.scheme().layout.width()) / 8;
    let mut bytes = Vec::with_capacity(made * width);
    for word in &words[..made] {
        bytes.extend_from_slice(&word.to_le_bytes()[..width]);
    }
    Ok(file.write_all(&bytes)?)
}

/// A child of fork goes on with its copy of the generator, and ends in one of three ways.
fn child(arguments: &Arguments, ids: Box<Ids>, seed: u64) -> ! {
    let mut random = SmallRng::seed_from_u64(seed);
    let Ok(mut file) = open(arguments, u32::MAX) else { exit(1) };
    for _ in 0..random.random_range(1..=CHILDS_BURSTS) {
        if burst(&ids, &mut file, &mut random).is_err() {
            exit(1);
        }
        SystemClock.wait(Duration::from_micros(random.random_range(0..4_000)));
    }
    if random.random() {
        drop(ids); // which must give back nothing that is its parent's
    }
    exit(0)
}
