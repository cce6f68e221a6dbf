//! A generator with the hold that its windows come from.

use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use idgen_core::Windowed;
use idgen_core::catalog::Settings;
use idgen_core::generator::{BuildError, ErasedGenerator, Start};
use idgen_fork::generation;

use crate::interval::due;
use crate::{Ask, Event, Hold, Interval, Lease, LeaseError, StoreError};

/// Builds a generator from settings.
pub(crate) type Make<G> = Box<dyn Fn(&Settings) -> Result<G, BuildError> + Send + Sync>;

/// A generator, its hold, and the link that takes over when this one can issue no more: in a child of
/// fork, or when the hold is lost. Each has a node id of its own, so the links never mix node ids.
pub(crate) struct Link<G> {
    pub(crate) generator: G,
    /// The generation of the process that it was made in.
    pub(crate) born: u64,
    /// The hold, until it is released. Locked by the keeper and by the drop; never on the way of an id.
    hold: Mutex<Option<Box<dyn Hold>>>,
    /// Tick after the last window's last. Written by whoever renews, under the lock of `hold`; read for
    /// health alone: relaxed ordering.
    end: AtomicU64,
    interval: u64,
    pub(crate) next: OnceLock<Box<Self>>,
}

impl<G: ErasedGenerator> Link<G> {
    /// Takes a node id, builds a generator with it, and grants it a window that begins at this tick at
    /// the earliest.
    pub(crate) fn acquire(lease: &Lease, make: &Make<G>, from: u64) -> Result<Self, LeaseError> {
        let tell = |event| lease.tell(&event);
        let mut hold = lease.store.acquire(&lease.realm, lease.wanted()?, &tell)?;
        let settings = &mut lease.settings.clone();
        settings.node = Some(hold.block().first());
        settings.start = Start::Nothing;
        let generator = make(settings)?;
        let scheme = lease.realm.scheme();
        let line = generator.windowed().ok_or(LeaseError::NoLine { scheme: scheme.name })?;
        let interval = interval(lease, line)?;
        let window = hold.grant(Ask { from: line.now().max(from), length: interval })?;
        line.grant(window)?;
        lease.tell(&Event::Granted { start: window.start(), end: window.end() });
        Ok(Self {
            end: AtomicU64::new(window.end()),
            generator,
            born: generation(),
            hold: Mutex::new(Some(hold)),
            interval,
            next: OnceLock::new(),
        })
    }

    /// The line of the generator.
    pub(crate) fn line(&self) -> &dyn Windowed {
        match self.generator.windowed() {
            Some(line) => line,
            None => unreachable!("a generator without a line becomes no link"),
        }
    }

    /// Renews the window if half of it is used up.
    pub(crate) fn renew(&self, lease: &Lease) -> Result<(), StoreError> {
        let (line, mut hold) = (self.line(), self.hold());
        let Some(hold) = hold.as_mut() else { return Ok(()) };
        let end = self.end();
        let Some(ask) = due(line.now(), line.reached(), end, self.interval) else { return Ok(()) };
        let window = hold.grant(ask)?;
        // An error means that the layout is at its end, which the line itself will say.
        if line.grant(window).is_ok() {
            self.end.store(window.end(), Ordering::Relaxed);
            lease.tell(&Event::Granted { start: window.start(), end: window.end() });
        }
        Ok(())
    }

    /// Tick after the last window's last.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// Waits until the first tick of the window may be issued, and says how long it was; at most so long.
    pub(crate) fn wait_for_start(&self, at_most: Duration) -> Duration {
        let line = self.line();
        let first = line.reached().saturating_sub(line.max_drift());
        let mut waited = Duration::ZERO;
        while line.now() < first && waited < at_most {
            waited += line.wait_for(first, at_most - waited);
        }
        waited
    }

    /// Takes the window away and gives the hold up without giving anything back: it may be somebody
    /// else's. What was issued lies before the tick that this tells.
    pub(crate) fn abandon(&self) -> u64 {
        let mut held = self.hold();
        self.line().revoke();
        *held = None;
        self.line().reached()
    }

    /// Whether the hold was given up, so that this link issues no more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.hold().is_none()
    }

    /// Gives back what was not issued. Nobody else may be using the generator.
    pub(crate) fn release(&self, lease: &Lease) {
        let mut held = self.hold();
        let Some(hold) = held.take() else { return };
        let line = self.line();
        line.revoke();
        let block = hold.block();
        // If it fails, the rest of a window is wasted, as by a crash.
        if hold.release(line.reached()).is_ok() {
            lease.tell(&Event::Released { block });
        }
    }

    /// The block that is held, and the term.
    pub(crate) fn held(&self) -> Option<(crate::Block, u64)> {
        self.hold().as_ref().map(|hold| (hold.block(), hold.term()))
    }

    fn hold(&self) -> MutexGuard<'_, Option<Box<dyn Hold>>> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The interval in ticks of the line.
fn interval(lease: &Lease, line: &dyn Windowed) -> Result<u64, LeaseError> {
    let base = lease.realm.scheme().timebase;
    let longest = base.map_or(u64::MAX, |base| base.ticks_in(lease.store.longest_window())).max(2);
    let drift = base.map_or(0, |_| line.max_drift());
    let most = longest.saturating_sub(drift).max(2);
    match lease.interval {
        None if base.is_some() => Ok(most),
        None => Ok(Interval::TIMELESS.ticks(None, line.sequence_bits())),
        Some(interval) => {
            let interval = interval.ticks(base, line.sequence_bits());
            if interval <= most {
                Ok(interval)
            } else {
                Err(LeaseError::Interval { interval, longest: most })
            }
        }
    }
}
