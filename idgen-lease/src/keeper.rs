//! Who keeps a lease: renews windows ahead of use, and finds another node id when one is lost.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, mpsc};
use std::thread;

use idgen_core::generator::ErasedGenerator;
use idgen_fork::generation;

use crate::link::{Link, Make};
use crate::process::Process;
use crate::{Event, Health, Lease, LeaseError, StoreError};

/// Longest and shortest pause between two looks at the window. A stalled generator ends it early.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(50));

/// How long whoever drops a generator waits for the disk, on which what was not issued is given back.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// A lease with its generators, as the keeper and the generator's owner share it.
pub(crate) struct Tenancy<G> {
    pub(crate) lease: Lease,
    make: Make<G>,
    pub(crate) first: Link<G>,
    /// Set when the generator is dropped, before its links give up what they hold. Whoever has set another link looks
    /// at it afterwards. So one of the two sees what the other did: a fence lies between write and look of both.
    ended: AtomicBool,
    /// Set before that where nothing may be given back, because somebody may still be generating.
    given_up: AtomicBool,
    /// Of the process that made this.
    process: Process,
}

impl<G: ErasedGenerator + 'static> Tenancy<G> {
    pub(crate) fn begin(lease: Lease, make: Make<G>) -> Result<Arc<Self>, LeaseError> {
        let first = Link::acquire(&lease, &make, 0, &AtomicBool::new(false))?;
        let tenancy = Arc::new(Self::new(lease, make, first));
        if tenancy.lease.kept {
            tenancy.start_keeper().map_err(LeaseError::Keeper)?;
        }
        Ok(tenancy)
    }

    fn new(lease: Lease, make: Make<G>, first: Link<G>) -> Self {
        let (ended, given_up) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { lease, make, first, ended, given_up, process: Process::new() }
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
        std::iter::successors(Some(&self.first), |link| link.next.get())
    }

    /// Looks once: renews the window if it is time, or finds another node id.
    pub(crate) fn keep(&self) {
        if self.ended.load(Ordering::Relaxed) {
            return;
        }
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
        match Link::acquire(&self.lease, &self.make, from, &self.ended) {
            Ok(next) => {
                // Only the keeper sets it, so it is empty. Of two that keep at once, one has taken its node id in vain.
                let _ = link.next.set(Box::new(next));
                fence(Ordering::SeqCst);
                if !self.ended.load(Ordering::Acquire) {
                    self.is_well();
                } else if self.given_up.load(Ordering::Relaxed) {
                    self.abandon_links();
                } else {
                    self.release();
                }
            }
            Err(LeaseError::Ended) => {}
            Err(LeaseError::Store(error)) => {
                self.set_health(Health::Homeless { error: Arc::new(*error) });
            }
            Err(error) => {
                let error = StoreError::NotStarted { why: error.to_string() };
                self.set_health(Health::Homeless { error: Arc::new(error) });
            }
        }
    }

    fn is_well(&self) {
        if !self.set_health(Health::Good).is_good() {
            self.lease.tell(&Event::Recovered);
        }
    }

    pub(crate) fn health(&self) -> Health {
        self.process.here().health().clone()
    }

    /// Gives the health before.
    fn set_health(&self, health: Health) -> Health {
        std::mem::replace(&mut *self.process.here().health(), health)
    }

    /// Gives back what no link of this process issued, and waits for the disk. Nobody else may be using the generators.
    fn release(&self) {
        self.own().for_each(|link| link.release(&self.lease));
    }

    /// Ends the lease, gives up the node ids of this process, and nothing back.
    pub(crate) fn abandon(self: &Arc<Self>) {
        self.given_up.store(true, Ordering::Relaxed);
        self.end();
        // Whatever comes of the rest: what is given back could be issued again.
        self.own().for_each(Link::give_up);
        self.at_last(Self::abandon_links);
    }

    /// Gives up what the links of this process hold, and waits for the disk.
    fn abandon_links(&self) {
        self.own().for_each(|link| _ = link.abandon());
    }

    /// Gives back what no link of this process issued.
    pub(crate) fn give_back(self: &Arc<Self>) {
        if !self.own().all(Link::is_abandoned) {
            self.at_last(Self::release);
        }
    }

    /// Does what may wait for the disk when the generator is gone: on a thread of its own, which is waited for so long and
    /// no longer. Where no thread keeps the lease none is started, and the wait is to the end.
    fn at_last(self: &Arc<Self>, what: impl FnOnce(&Self) + Send + 'static) {
        if !self.lease.kept {
            return what(self);
        }
        let (done, is_done) = mpsc::channel::<()>();
        let tenancy = Arc::clone(self);
        let last = move || {
            what(&tenancy);
            drop(done);
        };
        // Where the operating system starts no thread, the rest of a window is wasted, as by a crash.
        if thread::Builder::new().name("idgen-release".into()).spawn(last).is_ok() {
            let _ = is_done.recv_timeout(LAST_WAIT);
        }
    }

    /// The links of this process.
    fn own(&self) -> impl Iterator<Item = &Link<G>> {
        self.links().filter(|link| link.born == generation())
    }

    /// Sees to it that a keeper runs in this process.
    pub(crate) fn start_keeper(self: &Arc<Self>) -> std::io::Result<()> {
        self.process.here().start_keeper(|| {
            let tenancy = Arc::clone(self);
            thread::Builder::new().name("idgen-keeper".into()).spawn(move || tenancy.run())
        })
    }

    fn run(&self) {
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
        if let Some(keeper) = self.process.here().keeper() {
            keeper.unpark();
        }
    }

    pub(crate) fn end(&self) {
        // Whoever sees it sees whether something may be given back.
        self.ended.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, Weak};

    use idgen_core::UnixTime;
    use idgen_core::catalog::Settings;
    use idgen_core::clock::{Clock, ScriptedClock};
    use idgen_core::generator::{Builder, Generator, Shared};
    use idgen_snowflake::Snowflake;
    #[cfg(unix)]
    use idgen_testkit::in_child;

    use super::*;
    use crate::{FileStore, SystemDisk};

    fn begun(lease: Lease) -> Arc<Tenancy<Shared<Snowflake>>> {
        let make = |settings: &_| Builder::<Snowflake>::new().settings(settings).shared();
        Tenancy::begin(lease, Arc::new(make)).unwrap()
    }

    /// Of windows so short that many of them pass. However busy the machine is, the next one is waited for.
    fn lease(folder: &tempfile::TempDir) -> Lease {
        let store = FileStore::new(folder.path()).longest_window(Duration::from_millis(40));
        let mut settings = Settings::default();
        settings.max_wait = Some(Duration::from_secs(60));
        Lease::of::<Snowflake>(store).settings(settings)
    }

    #[test]
    fn a_keeper_that_takes_anothers_place_is_the_one_that_is_woken() {
        let (folder, threads) = (tempfile::tempdir().unwrap(), Arc::new(Mutex::new(Vec::new())));
        let told = Arc::clone(&threads);
        let tenancy = begun(lease(&folder).watch(move |event: &Event| {
            if matches!(event, Event::Granted { .. }) {
                told.lock().unwrap().push(thread::current().id());
                let count = told.lock().unwrap().len();
                assert_ne!(count, 2, "a watcher that panics");
            }
        }));
        while threads.lock().unwrap().len() < 3 {
            tenancy.start_keeper().unwrap();
            thread::yield_now();
        }
        let keepers = threads.lock().unwrap()[1..3].to_vec();
        assert_ne!(keepers[0], keepers[1]);
        let woken = tenancy.process.here().keeper().unwrap();
        assert_eq!(woken.id(), keepers[1]);
        tenancy.end();
    }

    fn drawn(tenancy: &Arc<Tenancy<Shared<Snowflake>>>) -> Vec<u128> {
        let ids = crate::Leased::new(Arc::clone(tenancy));
        (0..10).filter_map(|_| ids.generate_word().ok()).collect()
    }

    /// Another thread is in the middle of setting the next link, which it is not in the child.
    #[cfg(unix)]
    #[test]
    fn a_child_does_not_wait_for_the_link_that_its_parent_was_setting() {
        let folder = tempfile::tempdir().unwrap();
        let tenancy = begun(lease(&folder));
        let (begin, begun) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        let words = thread::scope(|scope| {
            let setting = Arc::clone(&tenancy);
            scope.spawn(move || {
                setting.first.next.get_or_init(|| {
                    begin.send(()).unwrap();
                    ended.recv().unwrap_err();
                    Box::new(
                        Link::acquire(&setting.lease, &setting.make, 0, &setting.ended).unwrap(),
                    )
                });
            });
            begun.recv().unwrap();
            let words = in_child(|| drawn(&tenancy));
            drop(end);
            words
        });
        assert_eq!(words.len(), 10, "the child waits");
        tenancy.end();
    }

    /// Whoever has dropped the generator waits for nobody: what the keeper was about to take it takes for nobody.
    #[test]
    fn nothing_is_taken_for_a_generator_that_was_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let (tenancy, events) =
            dropped_at(&folder, |event| matches!(event, Event::Acquired { .. }));
        tenancy.keep(); // dropped in the middle
        assert!(tenancy.first.next.get().is_none(), "it took another node id");
        tenancy.keep(); // and before
        let events = events.lock().unwrap();
        assert!(events.len() == 1 && events[0].starts_with("Acquired"), "{events:?}");
    }

    /// Nor is anything waited for.
    #[test]
    fn a_wait_ends_with_the_generator_that_it_was_for() {
        let (folder, begin) = (tempfile::tempdir().unwrap(), UnixTime::from_seconds(1_700_000_000));
        let (clock, ended) = (Arc::new(ScriptedClock::at(begin)), Arc::new(AtomicBool::new(false)));
        let store = FileStore::on(folder.path(), SystemDisk, Arc::clone(&clock));
        let told = Arc::clone(&ended);
        let lease = Lease::of::<Snowflake>(store.longest_window(Duration::from_secs(3_600)));
        let lease = lease.watch(move |event: &Event| {
            told.fetch_or(matches!(event, Event::Waiting { .. }), Ordering::Relaxed);
        });
        let its = Arc::clone(&clock);
        let make: Make<Shared<Snowflake, _>> = Arc::new(move |settings| {
            Builder::<Snowflake>::on(Arc::clone(&its)).settings(settings).shared()
        });
        let taken = Link::acquire(&lease, &make, 0, &ended);
        assert!(matches!(taken, Err(LeaseError::Ended)));
        assert!(clock.wall() < UnixTime::from_seconds(1_700_000_060), "it waited on");
    }

    /// And what it has just taken is given back.
    #[test]
    fn what_was_taken_for_a_generator_that_was_dropped_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let (tenancy, events) = dropped_at(&folder, |event| matches!(event, Event::Granted { .. }));
        tenancy.keep();
        assert!(tenancy.first.next.get().is_some());
        let events = events.lock().unwrap();
        assert!(events.last().unwrap().starts_with("Released"), "{events:?}");
        let nodes = tenancy.lease.store.nodes(&tenancy.lease.realm).unwrap();
        assert!(nodes.iter().all(|node| node.holder.is_none()), "{nodes:?}");
    }

    /// Events, as text.
    type Told = Arc<Mutex<Vec<String>>>;

    type Ended = fn(&Arc<Tenancy<Shared<Snowflake>>>);

    /// A clone of the generator may be taking an id of the window just then.
    #[test]
    fn what_was_taken_for_a_generator_that_was_abandoned_is_not_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let granted = |event: &Event| matches!(event, Event::Granted { .. });
        let (tenancy, events) = ended_at(&folder, granted, Tenancy::abandon);
        tenancy.keep();
        let next = tenancy.first.next.get().unwrap();
        assert!(next.is_abandoned() && tenancy.own().all(Link::is_abandoned));
        let events = events.lock().unwrap();
        assert!(events.last().unwrap().starts_with("Granted"), "{events:?}");
        let nodes = tenancy.lease.store.nodes(&tenancy.lease.realm).unwrap();
        assert!(nodes.iter().all(|node| node.holder.is_none()), "{nodes:?}");
    }

    /// A tenancy without a node id, whose generator is dropped as the keeper tells of such an event, and what it tells.
    fn dropped_at(
        folder: &tempfile::TempDir,
        is_due: fn(&Event) -> bool,
    ) -> (Arc<Tenancy<Shared<Snowflake>>>, Told) {
        ended_at(folder, is_due, |tenancy| tenancy.end())
    }

    /// The same, whose generator ends like this.
    fn ended_at(
        folder: &tempfile::TempDir,
        is_due: fn(&Event) -> bool,
        end: Ended,
    ) -> (Arc<Tenancy<Shared<Snowflake>>>, Told) {
        let kept = Arc::new(Mutex::new(None::<Weak<Tenancy<Shared<Snowflake>>>>));
        let events = Arc::new(Mutex::new(Vec::new()));
        let (dropped, told) = (Arc::clone(&kept), Arc::clone(&events));
        let tenancy = begun(lease(folder).without_keeper().watch(move |event: &Event| {
            told.lock().unwrap().push(format!("{event:?}"));
            let kept = dropped.lock().unwrap().clone().filter(|_| is_due(event));
            if let Some(kept) = kept.as_ref().and_then(Weak::upgrade) {
                end(&kept);
            }
        }));
        tenancy.first.abandon();
        *kept.lock().unwrap() = Some(Arc::downgrade(&tenancy));
        events.lock().unwrap().clear();
        (tenancy, events)
    }

    /// Everything that a lock guards is locked as the process forks, and nobody will unlock it.
    #[cfg(unix)]
    #[test]
    fn a_child_goes_on_and_tells_its_health_whatever_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let tenancy = begun(lease(&folder).node(7));
        let (hold, parent) = (tenancy.first.hold(), tenancy.process.here());
        let (health, keeper) = (parent.health(), parent.keeper_lock());
        let childs = in_child(|| {
            tenancy.keep();
            let ids = crate::Leased::new(Arc::clone(&tenancy));
            vec![ids.try_generate().is_ok().into(), tenancy.health().is_good().into()]
        });
        assert_eq!(
            childs,
            [0, 0],
            "it holds no node id, as the one that it was told is its parent's"
        );
        drop((hold, health, keeper));
        tenancy.end();
    }
}
