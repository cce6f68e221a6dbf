//! A process: a host's clock, its own view of the disk, and a leased generator.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idgen_core::catalog::Settings;
use idgen_core::clock::{Clock, Disciplined, OnAlert};
use idgen_core::generator::{Builder, ErasedGenerator};
use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Scheme, Timebase, UnixTime, Window};
use idgen_lease::{Event, FileStore, Lease, LeaseError, Leased, Realm, Store, StoreError, Wanted};
use idgen_testkit::Oracle;

use crate::Mutation;
use crate::disk::{Platter, SimDisk};
use crate::errand::{Errand, at_once};
use crate::time::{HostClock, Truth};

/// Where records are kept, and where their copies are.
pub(crate) const FOLDERS: [&str; 2] = ["/state", "/copy"];

/// How many longest windows a process waits for its first tick.
const MAX_START_WAIT: u32 = 2;

/// 16 node ids, of which the lowest are recycled, and 16 ids a tick, so that ticks are borrowed. Ticks are so many milliseconds.
#[derive(Debug)]
struct Flake<const TICK: u64>;

impl<const TICK: u64> IdScheme for Flake<TICK> {
    type Word = u64;
    const NAME: &'static str = "sim";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 15),
            Field::new(Kind::Tick, 41),
            Field::new(Kind::Node, 4),
            Field::new(Kind::Sequence, 4),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::from_seconds(1_577_836_800), Duration::from_millis(TICK)));
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
    /// How long a tick is, in milliseconds: 1, 10, 100, 1,000 or 10,000.
    pub(crate) tick: u64,
    /// Whether records are kept in two folders.
    pub(crate) second: bool,
}

/// What a process asks of its lease.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    /// The node id that it must have, if it must have one.
    pub(crate) node: Option<u64>,
    /// How many it takes together, as a power of two.
    pub(crate) bits: u32,
    /// How far ids may run ahead of the clock, where it is not what generators do.
    pub(crate) drift: Option<Duration>,
    pub(crate) laned: bool,
}

/// What was seen of ids.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    oracle: Oracle,
    pub(crate) ids: u64,
    pub(crate) starts: u64,
    /// Numbers that were given to processes.
    makers: u64,
    pub(crate) stalls: u64,
    /// The first promise that was broken.
    pub(crate) violation: Option<String>,
    /// What happened.
    pub(crate) trace: Vec<String>,
}

impl Ground {
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    /// The disk as a new process sees it.
    pub(crate) fn disk(&self) -> SimDisk {
        SimDisk::new(Arc::clone(&self.platter), Arc::clone(&self.truth), self.mutation)
    }

    pub(crate) fn platter(&self) -> MutexGuard<'_, Platter> {
        lock(&self.platter)
    }

    fn realm(&self) -> Realm {
        Realm::of(match self.tick {
            1 => Scheme::of::<Flake<1>>(),
            10 => Scheme::of::<Flake<10>>(),
            100 => Scheme::of::<Flake<100>>(),
            1_000 => Scheme::of::<Flake<1_000>>(),
            _ => Scheme::of::<Flake<10_000>>(),
        })
    }

    /// The store as a process sees it, by its host's time.
    fn store(&self, disk: &SimDisk, time: &Time) -> FileStore<SimDisk> {
        let store = FileStore::on(FOLDERS[0], disk.clone(), Arc::clone(time));
        let store = store.longest_window(self.longest);
        if self.second { store.second(FOLDERS[1]) } else { store }
    }

    /// Somebody who makes no ids gives up a block of node ids, by the time of a host.
    pub(crate) fn release(&self, time: &Time, node: u64, bits: u32, forget: bool) {
        let mut ground = self.clone();
        if self.mutation == Some(Mutation::ReleaseBelowMark) {
            // To who trusts the clock no record is there that others have written.
            ground.mutation = Some(Mutation::TrustClockOnRestart);
        }
        let (realm, store) = (self.realm(), ground.store(&ground.disk(), time));
        let Ok(block) = realm.block(node >> bits << bits, bits) else { return };
        let released =
            if forget { store.forget(&realm, block) } else { store.reset(&realm, block) };
        let way = if forget { "whatever its mark" } else { "if its mark has passed" };
        let done = released.map_or_else(|error| error.to_string(), |()| "done".into());
        self.tell(format_args!("{block:?} is given up, {way}: {done}"));
    }

    /// Somebody who makes no ids makes the folders, by a clock that is ahead.
    pub(crate) fn found(&self, ahead: Duration) {
        let clock = HostClock::new(Arc::clone(&self.truth));
        clock.jump(i128::try_from(ahead.as_nanos()).unwrap_or(0));
        let (realm, time) = (self.realm(), Arc::new(clock) as Time);
        let made =
            self.store(&self.disk(), &time).acquire(&realm, Wanted::Any { bits: 0 }, &|_| ());
        let done = made.map_or_else(|error| error.to_string(), |_| "done".into());
        self.tell(format_args!("the folders are made, by a clock {ahead:?} ahead: {done}"));
    }

    /// Says what happens, at this moment.
    pub(crate) fn tell(&self, what: impl std::fmt::Display) {
        let now = self.truth.now().as_secs_f64();
        self.seen().trace.push(format!("{now:12.3} s  {what}"));
    }

    /// Gives a process a number.
    fn maker(&self) -> u64 {
        let mut seen = self.seen();
        seen.makers += 1;
        seen.makers
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A clock that a world's processes go by.
pub(crate) type Time = Arc<dyn Clock>;

/// The clocks of a host: its own, and the one that its processes go by.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) clock: Arc<HostClock>,
    pub(crate) time: Time,
    disciplined: Option<Arc<Disciplined<Arc<HostClock>>>>,
}

impl Host {
    pub(crate) fn new(truth: &Arc<Truth>, disciplined: bool) -> Self {
        let clock = Arc::new(HostClock::new(Arc::clone(truth)));
        if disciplined {
            let disciplined = Arc::new(Disciplined::new(Arc::clone(&clock)));
            let time = Arc::<Disciplined<_>>::clone(&disciplined);
            Self { clock, time, disciplined: Some(disciplined) }
        } else {
            Self { time: Arc::<HostClock>::clone(&clock), clock, disciplined: None }
        }
    }

    /// Somebody sets the clock right, and tells a disciplined one to believe it.
    pub(crate) fn heal(&self) {
        self.clock.heal();
        if let Some(disciplined) = &self.disciplined {
            disciplined.on_alert(OnAlert::Follow);
        }
    }
}

/// A process that lives.
pub(crate) struct Life {
    /// Another node id is being taken.
    keeping: Option<Errand<()>>,
    pub(crate) ids: Arc<Leased<Box<dyn ErasedGenerator>>>,
    pub(crate) disk: SimDisk,
    time: Time,
    /// The window that the next copy of a generator has, by mistake.
    kept: Arc<Mutex<Option<Window>>>,
    maker: u64,
    /// Whether it made ids when it was last run.
    pub(crate) issues: bool,
}

impl Life {
    /// Starts a process, which may wait for its first tick. Its disk may be prepared to fail.
    pub(crate) fn start(
        ground: &Ground,
        time: &Time,
        disk: SimDisk,
        wish: Wish,
    ) -> Result<Self, Box<LeaseError>> {
        match ground.tick {
            1 => Self::start_by::<1>(ground, time, disk, wish),
            10 => Self::start_by::<10>(ground, time, disk, wish),
            100 => Self::start_by::<100>(ground, time, disk, wish),
            1_000 => Self::start_by::<1_000>(ground, time, disk, wish),
            _ => Self::start_by::<10_000>(ground, time, disk, wish),
        }
    }

    fn start_by<const TICK: u64>(
        ground: &Ground,
        time: &Time,
        disk: SimDisk,
        wish: Wish,
    ) -> Result<Self, Box<LeaseError>> {
        let store = ground.store(&disk, time);
        let mut settings = Settings::default();
        (settings.node, settings.block_bits, settings.max_drift) =
            (wish.node, wish.bits, wish.drift);
        let wait = ground.longest * MAX_START_WAIT;
        let lease = Lease::of::<Flake<TICK>>(store).settings(settings);
        let mut lease = lease.without_keeper().max_start_wait(wait);
        let (clock, kept) = (Arc::clone(time), Arc::default());
        // Its children's events bear its number, too.
        let (told, maker) = (ground.clone(), ground.maker());
        lease = lease
            .watch(move |event: &Event| told.tell(format_args!("  generator {maker}: {event:?}")));
        let mistake: Arc<Mutex<Option<Window>>> = Arc::clone(&kept);
        let ids = lease.start(move |settings| {
            let mut builder = Builder::<Flake<TICK>>::on(Arc::clone(&clock)).settings(settings);
            if let Some(window) = lock(&mistake).take() {
                builder = builder.window(window);
            }
            Ok(if wish.laned {
                Box::new(builder.laned()?) as Box<dyn ErasedGenerator>
            } else {
                Box::new(builder.shared()?)
            })
        })?;
        ground.seen().starts += 1;
        let (ids, time) = (Arc::new(ids), Arc::clone(time));
        Ok(Self { keeping: None, ids, disk, time, kept, maker, issues: false })
    }

    /// Forks: the child has its parent's memory, and a window and a node id of its own when it is kept next.
    pub(crate) fn fork(&self, ground: &Ground) -> Option<Self> {
        if ground.mutation == Some(Mutation::ChildKeepsHorizon) {
            *lock(&self.kept) = Window::new(0, self.ids.window_end()).ok();
        }
        let (disk, time) = (ground.disk(), Arc::clone(&self.time));
        let ids = Arc::new(self.ids.forked(ground.store(&disk, &time))?.ok()?);
        let (kept, maker) = (Arc::clone(&self.kept), ground.maker());
        ground.seen().starts += 1;
        Some(Self { keeping: None, ids, disk, time, kept, maker, issues: false })
    }

    /// Keeps its lease. Whoever has lost his node id may wait for the first window of another: the world goes on
    /// meanwhile.
    pub(crate) fn keep(&mut self, ground: &Ground) {
        if self.keeping.is_none() {
            at_once(|| self.ids.keep());
            let health = self.ids.health();
            let waits = |error: &Arc<StoreError>| matches!(**error, StoreError::NotStarted { .. });
            if !health.error().is_some_and(waits) {
                return;
            }
        }
        let ids = &self.ids;
        let errand = self.keeping.get_or_insert_with(|| {
            let ids = Arc::clone(ids);
            Errand::new(move || ids.keep())
        });
        if errand.is_due(ground.truth.now()) && errand.go_on().is_some() {
            self.keeping = None;
        }
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

    /// Takes so many ids so often, or as many as there are; and says whether there were any.
    pub(crate) fn make_some(&self, ground: &Ground, want: usize, rounds: u32) -> bool {
        let mut issues = false;
        for _ in 0..rounds {
            let made = self.make(ground, want);
            issues |= made > 0;
            if made < want {
                break;
            }
        }
        issues
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
