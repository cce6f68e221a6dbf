//! A process: a host's clock, its own view of the disk, and a leased generator.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idgen_core::clock::{Clock, Disciplined};
use idgen_core::generator::{Builder, ErasedGenerator};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};
use idgen_lease::{FileStore, Lease, LeaseError, Leased, StoreError};
use idgen_testkit::Oracle;

use crate::Mutation;
use crate::disk::{Platter, SimDisk};
use crate::time::{HostClock, Truth};

/// Where records are kept, and where their copies are.
pub(crate) const FOLDERS: [&str; 2] = ["/state", "/copy"];

/// How long a process waits for its first tick. Windows are an hour at most, and clocks ten minutes off.
const MAX_START_WAIT: Duration = Duration::from_secs(4 * 3_600);

/// Eight node ids, so that they are recycled, and 16 ids a tick, so that ticks are borrowed.
#[derive(Debug)]
pub(crate) struct Flake;

impl IdScheme for Flake {
    type Word = u64;
    const NAME: &'static str = "sim";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 16),
            Field::new(Kind::Tick, 41),
            Field::new(Kind::Node, 3),
            Field::new(Kind::Sequence, 4),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_seconds(1_577_836_800), Duration::from_millis(1)));
    const TEXT: Form = Form::Decimal;
}

/// What everybody in a world shares.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    pub(crate) truth: Arc<Truth>,
    pub(crate) platter: Arc<Mutex<Platter>>,
    pub(crate) seen: Arc<Mutex<Seen>>,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) longest: Duration,
    /// Whether records are kept in two folders.
    pub(crate) second: bool,
}

/// What was seen of ids.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    oracle: Oracle,
    pub(crate) makers: u64,
    pub(crate) ids: u64,
    pub(crate) starts: u64,
    pub(crate) stalls: u64,
    /// The first promise that was broken.
    pub(crate) violation: Option<String>,
}

impl Ground {
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk as a new process sees it.
    pub(crate) fn disk(&self) -> SimDisk {
        SimDisk::new(Arc::clone(&self.platter), Arc::clone(&self.truth), self.mutation)
    }

    pub(crate) fn platter(&self) -> MutexGuard<'_, Platter> {
        self.platter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that a world's processes go by.
pub(crate) type Time = Arc<dyn Clock>;

/// The clocks of a host: its own, and the one that its processes go by.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) clock: Arc<HostClock>,
    pub(crate) time: Time,
}

impl Host {
    pub(crate) fn new(truth: &Arc<Truth>, disciplined: bool) -> Self {
        let clock = Arc::new(HostClock::new(Arc::clone(truth)));
        let time: Time = if disciplined {
            Arc::new(Disciplined::new(Arc::clone(&clock)))
        } else {
            Arc::<HostClock>::clone(&clock)
        };
        Self { clock, time }
    }
}

/// A process that lives.
pub(crate) struct Life {
    pub(crate) ids: Leased<Box<dyn ErasedGenerator>>,
    pub(crate) disk: SimDisk,
    maker: u64,
}

impl Life {
    /// Starts a process, which may wait for its first tick. Its disk may be prepared to fail.
    pub(crate) fn start(
        ground: &Ground,
        time: &Time,
        disk: SimDisk,
        node: Option<u64>,
        laned: bool,
    ) -> Result<Self, Box<LeaseError>> {
        let store = FileStore::on(FOLDERS[0], disk.clone(), Arc::clone(time));
        let store = store.longest_window(ground.longest);
        let store = if ground.second { store.second(FOLDERS[1]) } else { store };
        let mut lease = Lease::of::<Flake>(store).without_keeper().max_start_wait(MAX_START_WAIT);
        if let Some(node) = node {
            lease = lease.node(node);
        }
        let time = Arc::clone(time);
        let ids = lease.start(move |settings| {
            let builder = Builder::<Flake>::on(Arc::clone(&time)).settings(settings);
            Ok(if laned {
                Box::new(builder.laned()?) as Box<dyn ErasedGenerator>
            } else {
                Box::new(builder.shared()?)
            })
        })?;
        let mut seen = ground.seen();
        seen.makers += 1;
        seen.starts += 1;
        Ok(Self { ids, disk, maker: seen.makers })
    }

    /// Takes up to `want` ids, and says how many there were. Of a process that died meanwhile they
    /// reached nobody.
    pub(crate) fn make(&self, ground: &Ground, want: usize) -> usize {
        let mut words = [0; 64];
        let want = want.min(words.len());
        let made = self.ids.try_fill_words(&mut words[..want]);
        if self.disk.is_dead() {
            return 0;
        }
        let mut seen = ground.seen();
        let Ok(made) = made else {
            seen.stalls += 1;
            return 0;
        };
        for word in &words[..made] {
            seen.ids += 1;
            if let Err(violation) = seen.oracle.try_see(self.maker, *word) {
                seen.violation.get_or_insert_with(|| violation.to_string());
            }
        }
        made
    }

    /// Whether it must have a node id that somebody else has: only a person can tell it to take
    /// another.
    pub(crate) fn is_shut_out(&self) -> bool {
        let health = self.ids.health();
        health.error().is_some_and(|error| matches!(**error, StoreError::Held { .. }))
    }

    /// What it would say if it were asked why it makes no ids.
    pub(crate) fn state(&self) -> String {
        let why =
            self.ids.try_fill_words(&mut [0]).map_or_else(|why| why.to_string(), |_| "none".into());
        let health = self.ids.health();
        let health = health.error().map_or("good".to_owned(), ToString::to_string);
        format!("holds {:?}; stall: {why}; health: {health}", self.ids.held())
    }

    /// The process dies.
    pub(crate) fn die(self) {
        self.disk.kill();
    }
}
