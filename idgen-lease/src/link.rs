//! A generator with the hold that its windows come from.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idgen_core::catalog::Settings;
use idgen_core::clock::Ticks;
use idgen_core::generator::{BuildError, ErasedGenerator, Patience, Start};
use idgen_core::{Stall, UnixTime, Window, WindowError, Windowed};
use idgen_fork::generation;
use once_cell::race::OnceBox;

use crate::grant::Reach;
use crate::interval::Progress;
use crate::{Ask, Block, Event, Hold, Interval, Lease, LeaseError, StoreError};

/// How many times as long an interval by count may become.
const GROWTH: u64 = 64;

/// How often a start that waits looks whether anybody still wants it; less often in waits of minutes.
const LOOK: Duration = Duration::from_millis(100);

/// Builds a generator from settings.
pub(crate) type Make<G> = Arc<dyn Fn(&Settings) -> Result<G, BuildError> + Send + Sync>;

/// A generator, its hold, and the link that takes over when this one can issue no more: in a child of
/// fork, or when the hold is lost. Each has a node id of its own, so the links never mix node ids.
pub(crate) struct Link<G> {
    pub(crate) generator: G,
    /// The generation of the process that it was made in.
    pub(crate) born: u64,
    /// The hold, until it is released. Locked by who keeps it, while the disk works, and by who gives it up: never by who
    /// cannot wait for the disk, nor in a child of fork, where it may be locked for ever.
    hold: Mutex<Option<Box<dyn Hold>>>,
    /// The block that is held, and the term.
    held: (Block, u64),
    /// Whether nothing is held any more, or will not be once the disk has done what it is at. Set by who gives it up, before
    /// he locks the hold, and looked at under that lock by who would give anything back: relaxed ordering. To others it
    /// is news and no more.
    abandoned: AtomicBool,
    /// Tick after the last window's last. Written by whoever renews, under the lock of `hold`; read for
    /// health alone: relaxed ordering.
    end: AtomicU64,
    /// How long an interval is, in ticks, and the most that it may be. Written and read as `end` is.
    interval: AtomicU64,
    longest: u64,
    /// How far ahead of the clock the window may reach.
    reach: Reach,
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
    ///
    /// Nothing is granted either once `ended` is set: nobody would issue it.
    pub(crate) fn acquire(
        lease: &Lease,
        make: &Make<G>,
        from: u64,
        ended: &AtomicBool,
    ) -> Result<Self, LeaseError> {
        let is_wanted =
            || if ended.load(Ordering::Relaxed) { Err(LeaseError::Ended) } else { Ok(()) };
        is_wanted()?;
        let born = generation();
        let tell = |event| lease.tell(&event);
        let mut hold = lease.store.acquire(&lease.realm, lease.wanted()?, &tell)?;
        is_wanted()?;
        let settings = &mut lease.settings.clone();
        settings.node = Some(hold.block().first());
        settings.start = Start::Nothing;
        let generator = make(settings)?;
        let scheme = lease.realm.scheme();
        let line = generator.windowed().ok_or(LeaseError::NoLine { scheme: scheme.name })?;
        let reach = Reach::of(lease.realm.scheme().timebase, lease.store.longest_window());
        let (interval, longest) = intervals(lease, line, reach)?;
        let early = wait_for_start(lease, line, &*hold, from, reach, ended)?;
        is_wanted()?;
        if born != generation() {
            // Whoever was told of events forked, and this is the child: the hold is its parent's.
            return Err(LeaseError::Forked);
        }
        let progress =
            Progress { now: line.now(), reached: hold.begins().max(from), end: hold.begins() };
        // It fails where the clock has fallen since.
        let ask = progress.ask(interval, reach).ok_or_else(early)?;
        let ask = within_layout(line, ask).map_err(|Ask { from: start, length }| {
            let (end, last) = (start.saturating_add(length), line.last_tick());
            WindowError::PastEnd { start, end, last }
        })?;
        let window = hold.grant(ask)?;
        line.grant(window)?;
        lease.tell(&Event::Granted { start: window.start(), end: window.end() });
        Ok(Self {
            end: AtomicU64::new(window.end()),
            generator,
            born,
            held: (hold.block(), hold.term()),
            abandoned: AtomicBool::new(false),
            hold: Mutex::new(Some(hold)),
            interval: AtomicU64::new(interval),
            longest,
            reach,
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
                held: self.held,
                abandoned: AtomicBool::new(true),
                interval: AtomicU64::new(self.interval()),
                longest: self.longest,
                reach: self.reach,
                next: OnceBox::new(),
            };
            let reached = self.line().reached();
            if let Ok(window) = Window::new(reached, reached.saturating_add(1))
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
        // Whoever is told may ask what is held: nothing is locked then.
        if let Some(window) = self.prolong()? {
            lease.tell(&Event::Granted { start: window.start(), end: window.end() });
        }
        Ok(())
    }

    /// Has the next window granted if half of the last is used up.
    fn prolong(&self) -> Result<Option<Window>, StoreError> {
        let (line, mut hold) = (self.line(), self.hold());
        let Some(hold) = hold.as_mut() else { return Ok(None) };
        let (end, reached, interval) = (self.end(), line.reached(), self.interval());
        let ask = Progress { now: line.now(), reached, end }.due(interval, self.reach);
        let Some(Ok(ask)) = ask.map(|ask| within_layout(line, ask)) else { return Ok(None) };
        let window = hold.grant(ask)?;
        if interval < self.longest && (reached >= end || line.now() >= window.end()) {
            // It was used up before it was renewed, or over before it was durable: whoever draws, or the clock, is
            // faster than the store.
            self.interval.store(self.longest.min(interval.saturating_mul(2)), Ordering::Relaxed);
        }
        // It ends in the layout and starts after the last, so that the line takes it.
        let granted = line.grant(window).is_ok();
        if granted {
            self.end.store(window.end(), Ordering::Relaxed);
        }
        Ok(granted.then_some(window))
    }

    /// Tick after the last window's last.
    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// How long an interval is at present, in ticks.
    pub(crate) fn interval(&self) -> u64 {
        self.interval.load(Ordering::Relaxed)
    }

    /// Takes the window away and gives the hold up without giving anything back: it may be somebody
    /// else's. What was issued lies before the tick that this tells. It waits for the disk if somebody renews.
    pub(crate) fn abandon(&self) -> u64 {
        self.give_up();
        let mut held = self.hold();
        self.line().revoke();
        *held = None;
        self.line().reached()
    }

    /// Says that nothing is given back of what is held.
    pub(crate) fn give_up(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Whether the hold was given up, so that this link issues no more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Gives back what was not issued. Nobody else may be using the generator. It waits for the disk.
    pub(crate) fn release(&self, lease: &Lease) {
        let line = self.line();
        let hold = {
            let mut held = self.hold();
            line.revoke();
            held.take().filter(|_| !self.abandoned.swap(true, Ordering::Relaxed))
        };
        let Some(hold) = hold else { return };
        let block = hold.block();
        // If it fails, the rest of a window is wasted, as by a crash.
        if hold.release(line.reached()).is_ok() {
            lease.tell(&Event::Released { block });
        }
    }

    /// The block that is held, and the term. It waits for nobody.
    pub(crate) fn held(&self) -> Option<(Block, u64)> {
        (!self.is_abandoned()).then_some(self.held)
    }

    pub(crate) fn hold(&self) -> MutexGuard<'_, Option<Box<dyn Hold>>> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a line may issue what its hold begins with, or this tick if that is later. If that would take longer than
/// windows explain, and the record of a holder before says that time had come farther, or this process or the one it was
/// forked from has been there, wall time was set back since: the clock keeps an offset then and goes on from there, if it
/// can. No clock is moved by a store that is new: what that begins with is the future to everybody. Nor is it by a record
/// that no window is granted after: the clock is that of all leases of the process, which would be refused theirs as well.
///
/// It gives the error of a wait that was in vain.
fn wait_for_start<'a>(
    lease: &'a Lease,
    line: &'a dyn Windowed,
    hold: &dyn Hold,
    from: u64,
    reach: Reach,
    ended: &AtomicBool,
) -> Result<impl Fn() -> LeaseError + use<'a>, LeaseError> {
    let begins = hold.begins().max(from);
    let first = begins.saturating_sub(line.max_drift());
    let base = lease.realm.scheme().timebase;
    let time = move |ticks: u64| {
        Duration::from_nanos(base.map_or(0, |base| ticks.saturating_mul(base.tick_nanos())))
    };
    let left = move || time(first.saturating_sub(line.now()));
    // Whoever issued up to that tick had a clock that showed it, but for the drift.
    let own = (from > 0).then(|| from.saturating_sub(line.max_drift()));
    let shown = hold.shown(from)?.max(own);
    let (what, recorded) = (hold.block().describe(), shown.is_some());
    let early = move || LeaseError::Early {
        what: what.clone(),
        begins: base.map_or(UnixTime::EPOCH, |base| base.time_of(begins)),
        wait: left(),
        recorded,
    };
    // A clock that is right is so far behind what was granted by it.
    let bound = lease.max_start_wait.max(time(reach.ticks()));
    if left() > bound
        && let Some(shown) = shown
        && let Some(behind) = shown.checked_sub(line.now())
        && time(first.saturating_sub(shown)) <= bound
    {
        lease.tell(&Event::ClockBehind { seconds: time(behind).as_secs_f64().ceil() });
        line.go_on_from(shown);
    }
    let wait = left();
    if wait > bound {
        return Err(early());
    }
    if wait.is_zero() || base.is_none() {
        return Ok(early);
    }
    lease.tell(&Event::Waiting { seconds: wait.as_secs_f64() });
    let stall = |now| Stall::ClockRegressed { now, last: begins, retry: first };
    let reached = || match line.now() {
        now if now < first && !ended.load(Ordering::Relaxed) => Err(stall(now)),
        _ => Ok(()),
    };
    // A clock that slews takes longer, and one that stands still is not waited for without end.
    let most = bound.max(wait * 2);
    let ticks = LineTicks { line, look: (most / 1_000).max(LOOK) };
    let patience = Patience::new(&ticks, most, lease.realm.scheme().name);
    match patience.until(stall(line.now()), reached) {
        Ok(()) => Ok(early),
        Err(_) => Err(early()),
    }
}

/// The ask, as far as the layout has ticks; nothing where it has none: whatever asked for them then would be
/// recorded for nobody.
fn within_layout(line: &dyn Windowed, ask: Ask) -> Result<Ask, Ask> {
    match (line.last_tick() + 1).checked_sub(ask.from) {
        None | Some(0) => Err(ask),
        Some(left) => Ok(Ask { length: ask.length.min(left), ..ask }),
    }
}

/// The ticks of a line, to be waited on.
struct LineTicks<'a> {
    line: &'a dyn Windowed,
    /// How often it is looked whether the generator was dropped meanwhile.
    look: Duration,
}

impl Ticks for LineTicks<'_> {
    fn now(&self) -> u64 {
        self.line.now()
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        let pause = at_most.min(self.look);
        // By a clock that stands still, no pause takes any time.
        self.line.wait_for(tick, pause).max(pause / 2)
    }
}

/// The interval in ticks of the line, and the longest that it may become: an interval by count gets longer where ids are
/// drawn faster than it can be renewed.
fn intervals(lease: &Lease, line: &dyn Windowed, reach: Reach) -> Result<(u64, u64), LeaseError> {
    let (base, longest) = (lease.realm.scheme().timebase, reach.ticks());
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
