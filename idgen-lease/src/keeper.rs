//! Who keeps a lease: renews windows ahead of use, and finds another node id when one is lost.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread::{self, Thread};

use idgen_core::generator::ErasedGenerator;
use idgen_fork::generation;

use crate::link::{Link, Make};
use crate::{Event, Health, Lease, LeaseError, StoreError};

/// Longest and shortest pause between two looks at the window. A stalled generator ends it early.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// A lease with its generators, as the keeper and the generator's owner share it.
pub(crate) struct Tenancy<G> {
    pub(crate) lease: Lease,
    make: Make<G>,
    pub(crate) first: Link<G>,
    health: Mutex<Health>,
    /// Whether `health` is anything but good, so that a keeper without troubles locks nothing: a child
    /// forked meanwhile would find it locked for ever. Written by the keeper: relaxed ordering.
    troubled: AtomicBool,
    /// Set when the generator is dropped. It guards nothing: relaxed ordering.
    ended: AtomicBool,
    /// The generation of the process that a keeper runs in, plus 1; 0 for none. Who exchanges it starts
    /// the keeper. It guards nothing else: relaxed ordering.
    kept_in: AtomicU64,
    /// The keeper of the process that made this, to be woken. In a child of fork there is none, and the
    /// pause is all there is.
    keeper: OnceLock<Thread>,
}

impl<G: ErasedGenerator + 'static> Tenancy<G> {
    pub(crate) fn begin(lease: Lease, make: Make<G>) -> Result<Arc<Self>, LeaseError> {
        let first = Link::acquire(&lease, &make, 0)?;
        let tenancy = Arc::new(Self::new(lease, make, first));
        if tenancy.lease.kept {
            tenancy.start_keeper().map_err(LeaseError::Keeper)?;
        }
        Ok(tenancy)
    }

    const fn new(lease: Lease, make: Make<G>, first: Link<G>) -> Self {
        Self {
            lease,
            make,
            first,
            health: Mutex::new(Health::Good),
            troubled: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            kept_in: AtomicU64::new(0),
            keeper: OnceLock::new(),
        }
    }

    /// What a child of fork finds of it in its memory, on this store; `None` where no node id is held.
    #[cfg(feature = "simulation")]
    pub(crate) fn forked(
        &self,
        store: Arc<dyn crate::Store>,
    ) -> Option<Result<Arc<Self>, LeaseError>> {
        let first = self.last().forked(&self.lease, &self.make)?;
        let lease = Lease { store, ..self.lease.clone() };
        let copy = |first| Arc::new(Self::new(lease, Arc::clone(&self.make), first));
        Some(first.map(copy).map_err(LeaseError::from))
    }

    /// The link that issues ids in this process, or did last.
    pub(crate) fn last(&self) -> &Link<G> {
        self.links().last().unwrap_or(&self.first)
    }

    fn links(&self) -> impl Iterator<Item = &Link<G>> {
        std::iter::successors(Some(&self.first), |link| link.next.get().map(|next| &**next))
    }

    /// Looks once: renews the window if it is time, or finds another node id.
    pub(crate) fn keep(&self) {
        let link = self.last();
        if link.born != generation() {
            return self.move_on(link, Some(&Event::Forked));
        }
        if link.is_abandoned() {
            return self.move_on(link, None);
        }
        match link.renew(&self.lease) {
            Ok(()) => self.is_well(),
            Err(error) if error.is_lost() => {
                let error = Arc::new(error);
                self.lease.tell(&Event::Lost { error: Arc::clone(&error) });
                self.set_health(Health::Homeless { error });
                self.move_on(link, None);
            }
            Err(error) => {
                let error = Arc::new(error);
                if self.health().is_good() {
                    self.lease.tell(&Event::Failed { error: Arc::clone(&error) });
                }
                self.set_health(Health::Degraded { error, end: link.end() });
            }
        }
    }

    /// Finds another node id than that of a link which can issue no more. Tells why the first time.
    fn move_on(&self, link: &Link<G>, why: Option<&Event>) {
        if let Some(why) = why.filter(|_| self.health().is_good()) {
            self.lease.tell(why);
        }
        // A child's copy of the link may be locked for ever, and its hold is the parent's.
        let from = if link.born == generation() { link.abandon() } else { link.line().reached() };
        match Link::acquire(&self.lease, &self.make, from) {
            Ok(next) => {
                // Only the keeper sets it, so it is empty.
                let _ = link.next.set(Box::new(next));
                self.is_well();
            }
            Err(LeaseError::Store(error)) => {
                self.set_health(Health::Homeless { error: Arc::new(*error) });
            }
            Err(error) => {
                let what = "this process".to_owned();
                let error = StoreError::Lost { what, why: error.to_string() };
                self.set_health(Health::Homeless { error: Arc::new(error) });
            }
        }
    }

    fn is_well(&self) {
        if self.troubled.swap(false, Ordering::Relaxed) {
            self.lease.tell(&Event::Recovered);
        }
    }

    pub(crate) fn health(&self) -> Health {
        if !self.troubled.load(Ordering::Relaxed) {
            return Health::Good;
        }
        self.locked_health().map_or(Health::Good, |health| health.clone())
    }

    fn set_health(&self, health: Health) {
        if let Some(mut locked) = self.locked_health() {
            *locked = health;
        }
        self.troubled.store(true, Ordering::Relaxed);
    }

    /// `None` in a child of fork that was made while the parent had it locked.
    fn locked_health(&self) -> Option<MutexGuard<'_, Health>> {
        if self.first.born == generation() {
            return Some(self.health.lock().unwrap_or_else(PoisonError::into_inner));
        }
        match self.health.try_lock() {
            Ok(health) => Some(health),
            Err(TryLockError::Poisoned(health)) => Some(health.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Gives back what no link of this process issued. Nobody else may be using the generators.
    pub(crate) fn release(&self) {
        for link in self.links().filter(|link| link.born == generation()) {
            link.release(&self.lease);
        }
    }

    /// Gives up the node ids of this process, and nothing back.
    pub(crate) fn abandon(&self) {
        for link in self.links().filter(|link| link.born == generation()) {
            link.abandon();
        }
    }

    /// Sees to it that a keeper runs in this process.
    pub(crate) fn start_keeper(self: &Arc<Self>) -> std::io::Result<()> {
        let here = generation() + 1;
        let (before, relaxed) = (self.kept_in.load(Ordering::Relaxed), Ordering::Relaxed);
        if before == here || self.kept_in.compare_exchange(before, here, relaxed, relaxed).is_err()
        {
            return Ok(());
        }
        let tenancy = Arc::clone(self);
        match thread::Builder::new().name("idgen-keeper".into()).spawn(move || tenancy.run()) {
            Ok(thread) => {
                let _ = self.keeper.set(thread.thread().clone());
                Ok(())
            }
            Err(error) => {
                self.kept_in.store(before, relaxed);
                Err(error)
            }
        }
    }

    fn run(&self) {
        let _runs = Runs(&self.kept_in);
        while !self.ended.load(Ordering::Relaxed) {
            self.keep();
            thread::park_timeout(self.pause());
        }
    }

    /// A sixteenth of the interval, within bounds.
    fn pause(&self) -> Duration {
        let base = self.lease.realm.scheme().timebase;
        let time = |tick: u64| Duration::from_nanos(self.last().interval().saturating_mul(tick));
        base.map_or(PAUSES.0, |base| (time(base.tick_nanos()) / 16).clamp(PAUSES.0, PAUSES.1))
    }

    /// Ends the keeper's pause.
    pub(crate) fn wake(&self) {
        if let Some(keeper) = self.keeper.get() {
            keeper.unpark();
        }
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.wake();
    }
}

/// That a keeper runs, until it ends: also by a panic of whoever watches it, so that the next attempt which stalls
/// starts another.
struct Runs<'a>(&'a AtomicU64);

impl Drop for Runs<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
