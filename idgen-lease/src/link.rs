//! A generator with the hold that its windows come from.

use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idgen_core::catalog::Settings;
use idgen_core::clock::Ticks;
use idgen_core::generator::{BuildError, ErasedGenerator, Patience, Start};
use idgen_core::{Stall, WindowError, Windowed};
use idgen_fork::generation;
use once_cell::race::OnceBox;

use crate::interval::due;
use crate::{Ask, Block, Event, Hold, Interval, Lease, LeaseError, StoreError};

/// How many times as long an interval by count may become.
const GROWTH: u64 = 64;

/// Builds a generator from settings.
pub(crate) type Make<G> = Arc<dyn Fn(&Settings) -> Result<G, BuildError> + Send + Sync>;

/// A generator, its hold, and the link that takes over when this one can issue no more: in a child of
/// fork, or when the hold is lost. Each has a node id of its own, so the links never mix node ids.
pub(crate) struct Link<G> {
    pub(crate) generator: G,
    /// The generation of the process that it was made in.
    pub(crate) born: u64,
    /// The hold, until it is released. Locked by the keeper and by the drop; never on the way of an id, and never
    /// in a child of fork, where it may be locked for ever.
    hold: Mutex<Option<Box<dyn Hold>>>,
    /// Tick after the last window's last. Written by whoever renews, under the lock of `hold`; read for
    /// health alone: relaxed ordering.
    end: AtomicU64,
    /// How far ahead the window reaches, in ticks, and the most that it may. Written and read as `end` is.
    interval: AtomicU64,
    longest: u64,
    /// The link that takes over. Set by one exchange of a pointer, so that a child forked at any moment finds none or
    /// a whole one.
    pub(crate) next: OnceBox<Self>,
}

impl<G: ErasedGenerator> Link<G> {
    /// Takes a node id, builds a generator with it, waits until its first window may be issued from, and grants
    /// it that window, which begins at this tick at the earliest.
    ///
    /// Nothing is granted before the wait: so no window reaches farther ahead of the clock than the store's
    /// longest, and who crashes while it waits, or waits in vain, has put the mark no farther.
    pub(crate) fn acquire(lease: &Lease, make: &Make<G>, from: u64) -> Result<Self, LeaseError> {
        let born = generation();
        let tell = |event| lease.tell(&event);
        let mut hold = lease.store.acquire(&lease.realm, lease.wanted()?, &tell)?;
        let settings = &mut lease.settings.clone();
        settings.node = Some(hold.block().first());
        settings.start = Start::Nothing;
        let generator = make(settings)?;
        let scheme = lease.realm.scheme();
        let line = generator.windowed().ok_or(LeaseError::NoLine { scheme: scheme.name })?;
        let (interval, longest) = intervals(lease, line)?;
        wait_for_start(lease, line, hold.block(), hold.begins().max(from))?;
        if born != generation() {
            // Whoever was told of events forked, and this is the child: the hold is its parent's.
            return Err(LeaseError::Forked);
        }
        let from = line.now().max(from);
        let Some(ask) = within_layout(line, hold.begins(), Ask { from, length: interval }) else {
            let (start, last) = (from.max(hold.begins()), line.last_tick());
            return Err(
                WindowError::PastEnd { start, end: start.saturating_add(interval), last }.into()
            );
        };
        let window = hold.grant(ask)?;
        line.grant(window)?;
        lease.tell(&Event::Granted { start: window.start(), end: window.end() });
        Ok(Self {
            end: AtomicU64::new(window.end()),
            generator,
            born,
            hold: Mutex::new(Some(hold)),
            interval: AtomicU64::new(interval),
            longest,
            next: OnceBox::new(),
        })
    }

    /// What a child of fork finds of this link in its memory: the generator, as far as it is and without a window,
    /// and no hold that would be its own. `None` where there is no hold to copy either.
    #[cfg(feature = "simulation")]
    pub(crate) fn forked(&self, lease: &Lease, make: &Make<G>) -> Option<Result<Self, BuildError>> {
        let (block, _) = self.held()?;
        let mut settings = lease.settings;
        settings.node = Some(block.first());
        settings.start = Start::Nothing;
        Some(make(&settings).map(|generator| {
            let copy = Self {
                end: AtomicU64::new(self.end()),
                generator,
                born: self.born.wrapping_sub(1), // in another process
                hold: Mutex::new(None),
                interval: AtomicU64::new(self.interval()),
                longest: self.longest,
                next: OnceBox::new(),
            };
            let reached = self.line().reached();
            if let Ok(window) = idgen_core::Window::new(reached, reached.saturating_add(1))
                && copy.line().grant(window).is_ok()
            {
                copy.line().revoke();
            }
            copy
        }))
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
        let (end, reached, interval) = (self.end(), line.reached(), self.interval());
        let ask = due(line.now(), reached, end, interval);
        let Some(ask) = ask.and_then(|ask| within_layout(line, hold.begins(), ask)) else {
            return Ok(());
        };
        let window = hold.grant(ask)?;
        if interval < self.longest && (reached >= end || line.now() >= window.end()) {
            // It was used up before it was renewed, or over before it was durable: whoever draws, or the clock, is
            // faster than the store.
            self.interval.store(self.longest.min(interval.saturating_mul(2)), Ordering::Relaxed);
        }
        // It ends in the layout and starts after the last, so that the line takes it.
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

    /// How far ahead the window reaches at present, in ticks.
    pub(crate) fn interval(&self) -> u64 {
        self.interval.load(Ordering::Relaxed)
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
    pub(crate) fn held(&self) -> Option<(Block, u64)> {
        self.hold().as_ref().map(|hold| (hold.block(), hold.term()))
    }

    pub(crate) fn hold(&self) -> MutexGuard<'_, Option<Box<dyn Hold>>> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a line may issue this tick. If that would take too long, wall time was set back since the last
/// holder: the clock keeps an offset then and goes on from there, if it can.
fn wait_for_start(
    lease: &Lease,
    line: &dyn Windowed,
    block: Block,
    begins: u64,
) -> Result<(), LeaseError> {
    let Some(base) = lease.realm.scheme().timebase else { return Ok(()) };
    let first = begins.saturating_sub(line.max_drift());
    let left = || {
        let ticks = first.saturating_sub(line.now());
        Duration::from_nanos(ticks.saturating_mul(base.tick_nanos()))
    };
    let mut wait = left();
    if wait > lease.max_start_wait {
        lease.tell(&Event::ClockBehind { seconds: wait.as_secs() });
        line.go_on_from(begins);
        wait = left();
    }
    let early = |wait: Duration| {
        let (what, begins) = (block.describe(), base.time_of(begins));
        LeaseError::Early { what, begins, wait: wait.as_secs() }
    };
    if wait > lease.max_start_wait {
        return Err(early(wait));
    }
    if wait.is_zero() {
        return Ok(());
    }
    lease.tell(&Event::Waiting { seconds: wait.as_secs_f64() });
    let stall = |now| Stall::ClockRegressed { now, last: begins, retry: first };
    let reached = || match line.now() {
        now if now < first => Err(stall(now)),
        _ => Ok(()),
    };
    // A clock that slews takes longer, and one that stands still is not waited for without end.
    let ticks = LineTicks(line);
    let patience = Patience::new(&ticks, wait * 2, lease.realm.scheme().name);
    patience.until(stall(line.now()), reached).map_err(|_| early(left()))
}

/// The ask, as far as the layout has ticks; nothing where it has none: whatever asked for them then would be
/// recorded for nobody.
fn within_layout(line: &dyn Windowed, begins: u64, ask: Ask) -> Option<Ask> {
    let left = (line.last_tick() + 1).checked_sub(ask.from.max(begins))?;
    (left > 0).then_some(Ask { length: ask.length.min(left), ..ask })
}

/// The ticks of a line, to be waited on.
struct LineTicks<'a>(&'a dyn Windowed);

impl Ticks for LineTicks<'_> {
    fn now(&self) -> u64 {
        self.0.now()
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        self.0.wait_for(tick, at_most)
    }
}

/// The interval in ticks of the line, and the longest that it may become: an interval by count gets longer where ids are
/// drawn faster than it can be renewed.
fn intervals(lease: &Lease, line: &dyn Windowed) -> Result<(u64, u64), LeaseError> {
    let base = lease.realm.scheme().timebase;
    let longest = base.map_or(u64::MAX, |base| base.ticks_in(lease.store.longest_window())).max(2);
    let drift = base.map_or(0, |_| line.max_drift());
    if let Some(base) = base.filter(|_| drift > longest / 2 || drift + 2 > longest) {
        let time = |ticks: u64| Duration::from_nanos(ticks.saturating_mul(base.tick_nanos()));
        return Err(LeaseError::Drift { drift: time(drift), longest: time(longest) });
    }
    let most = longest - drift;
    let interval = match lease.interval {
        None if base.is_some() => return Ok((most, most)),
        None => Interval::TIMELESS,
        Some(interval) => interval,
    };
    let ticks = interval.ticks(base, line.sequence_bits());
    if ticks > most {
        let tick = base.map(|base| base.tick());
        return Err(LeaseError::Interval { interval: ticks, longest: most, tick });
    }
    let by_time = matches!(interval, Interval::Time(_)) && base.is_some();
    Ok((ticks, if by_time { ticks } else { most.min(ticks.saturating_mul(GROWTH)) }))
}
