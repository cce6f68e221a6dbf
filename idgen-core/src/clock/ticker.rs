//! Ticker threads, which keep the current tick where reading it costs one load.

use core::time::Duration;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use idgen_fork::{ForkCell, generation};
use once_cell::race::OnceBox;

use super::ticks::wait_for;
use super::{Clock, ProcessClock, Ticks};
use crate::Timebase;

/// Longest sleep of a thread: it bounds how late it notices that wall time was stepped.
const LONGEST_SLEEP: Duration = Duration::from_millis(10);

/// Shortest sleep of a thread, by the length of its ticks. Ticks finer than a millisecond are
/// not followed one by one, which would take a core of its own.
const fn shortest_sleep(tick: Duration) -> Duration {
    Duration::from_micros(if tick.as_millis() < 1 { 500 } else { 50 })
}

/// Keeps the current tick of each timebase in memory, by a thread that writes it just after it
/// begins; of ticks shorter than a millisecond, every half of one.
///
/// A thread starts with the first [`ticks`](Self::ticks) of its timebase and ends after the last of
/// them is dropped. It reads the clock anew for each tick, so it follows every step of it; the
/// clock of the process takes care which steps are to be followed.
/// If it is starved or dead, ids get older than they are ([`CachedTicks::lag`] tells), until a line
/// reads the clock itself: after every 1,024 ids (16,384 of batches), and when it runs out of positions. So freshness may
/// be lost, and uniqueness never. In the child of a fork, where no other thread lives on, the first
/// such reading starts another.
///
/// # Example
/// ```
/// use idgen_core::clock::{Ticker, Ticks};
/// use idgen_core::{Timebase, UnixTime};
///
/// let seconds = Timebase::new(UnixTime::EPOCH, core::time::Duration::from_secs(1));
/// let ticks = Ticker::global().ticks(seconds)?;
/// assert!(ticks.now() > 1_700_000_000);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Ticker {
    clock: Arc<dyn Clock>,
    /// The cells in use, by which equal timebases share one. Never waited for: its copy in a
    /// child of fork may be locked for ever.
    cells: Mutex<Vec<Weak<Cell>>>,
}

/// The current tick of one timebase.
struct Cell {
    /// Holds the tick. Written by the ticker thread, and by whoever reads the clock itself; a
    /// number that stands for nothing else, so relaxed ordering is enough. 0 in a child of fork
    /// until it has read the clock.
    tick: ForkCell,
    /// The generation of the process that a thread keeps the tick in, plus 1; 0 for none. Who
    /// exchanges it starts the thread. It guards nothing else: relaxed ordering.
    kept_in: AtomicU64,
    timebase: Timebase,
    clock: Arc<dyn Clock>,
}

impl Ticker {
    /// A ticker of its own on this clock.
    pub fn on(clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), cells: Mutex::default() }
    }

    /// The ticker of the process, on its [disciplined clock](ProcessClock).
    pub fn global() -> &'static Self {
        // Never waited for, either.
        static GLOBAL: OnceBox<Ticker> = OnceBox::new();
        GLOBAL.get_or_init(|| Box::new(Self::on(ProcessClock::global())))
    }

    /// The cached ticks of this timebase. Equal timebases share a cell, but for those asked for
    /// at the same moment.
    ///
    /// # Errors
    /// If the operating system does not start the thread.
    pub fn ticks(&self, timebase: Timebase) -> io::Result<CachedTicks> {
        let cell = self.cell(timebase);
        cell.keep()?;
        Ok(CachedTicks { tick: cell.tick.word(), cell })
    }

    fn cell(&self, timebase: Timebase) -> Arc<Cell> {
        let make = || {
            let clock = Arc::clone(&self.clock);
            let tick = ForkCell::new(timebase.nearest_tick(clock.wall()));
            Arc::new(Cell { tick, kept_in: AtomicU64::new(0), timebase, clock })
        };
        let Ok(mut cells) = self.cells.try_lock() else { return make() };
        cells.retain(|cell| cell.strong_count() > 0);
        let known = cells.iter().filter_map(Weak::upgrade).find(|cell| cell.timebase == timebase);
        known.unwrap_or_else(|| {
            let cell = make();
            cells.push(Arc::downgrade(&cell));
            cell
        })
    }
}

impl Cell {
    /// Sees to it that a thread of this process keeps the tick.
    fn keep(self: &Arc<Self>) -> io::Result<()> {
        let here = generation() + 1;
        let before = self.kept_in.load(Ordering::Relaxed);
        if before == here {
            return Ok(());
        }
        let (relaxed, cell) = (Ordering::Relaxed, Arc::downgrade(self));
        if self.kept_in.compare_exchange(before, here, relaxed, relaxed).is_err() {
            return Ok(()); // another thread starts it
        }
        let clock = Arc::clone(&self.clock);
        let thread = std::thread::Builder::new().name("idgen-ticker".into());
        let started = thread.spawn(move || run(&cell, &*clock));
        if started.is_err() {
            self.kept_in.store(before, Ordering::Relaxed);
        }
        started.map(drop)
    }

    fn refresh(&self) -> u64 {
        let tick = self.timebase.nearest_tick(self.clock.wall());
        // Whoever reads it would have to fetch it anew.
        if self.tick.load(Ordering::Relaxed) != tick {
            self.tick.store(tick, Ordering::Relaxed);
        }
        tick
    }

    fn until_next(&self) -> Duration {
        let tick = self.tick.load(Ordering::Relaxed);
        let next = self.timebase.time_of(tick.saturating_add(1));
        let nanos = next.as_nanos() - self.clock.wall().as_nanos();
        let shortest = shortest_sleep(self.timebase.tick());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0)).clamp(shortest, LONGEST_SLEEP)
    }
}

/// Writes ticks until nobody is left to read them.
fn run(cell: &Weak<Cell>, clock: &dyn Clock) {
    while let Some(cell) = cell.upgrade() {
        cell.refresh();
        let sleep = cell.until_next();
        drop(cell);
        clock.wait(sleep);
    }
}

/// Ticks that a [`Ticker`] keeps current: reading one is a single load from memory.
#[derive(Clone)]
pub struct CachedTicks {
    /// The word of the cell's tick, which lives as long as the cell.
    tick: &'static AtomicU64,
    cell: Arc<Cell>,
}

impl CachedTicks {
    /// How many ticks the cached tick is behind the clock: 0 or 1 while the ticker thread gets
    /// to run, or up to half a millisecond of shorter ticks. A greater number means that it is starved or dead.
    #[must_use]
    pub fn lag(&self) -> u64 {
        let cached = self.now();
        self.cell.timebase.nearest_tick(self.cell.clock.wall()).saturating_sub(cached)
    }
}

impl Ticks for CachedTicks {
    #[inline]
    fn now(&self) -> u64 {
        self.tick.load(Ordering::Relaxed)
    }

    #[inline]
    fn is_kept(&self) -> bool {
        true
    }

    fn read(&self) -> u64 {
        // Without a thread the tick gets old, which is all the harm.
        let _ = self.cell.keep();
        self.cell.refresh()
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        let waited = wait_for(&*self.cell.clock, &self.cell.timebase, tick, at_most);
        self.read();
        waited
    }

    fn go_on_from(&self, tick: u64) {
        self.cell.clock.go_on_from(self.cell.timebase.time_of(tick));
        self.read();
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker")
            .field("timebases", &self.cells.try_lock().map_or(0, |cells| cells.len()))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CachedTicks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedTicks")
            .field("tick", &self.now())
            .field("timebase", &self.cell.timebase)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UnixTime;
    use std::sync::mpsc;

    /// A clock whose waits end when the test lets them.
    struct Stepped {
        wall: super::super::ScriptedClock,
        steps: Mutex<mpsc::Receiver<()>>,
    }

    impl Clock for Stepped {
        fn wall(&self) -> UnixTime {
            self.wall.wall()
        }

        fn monotonic(&self) -> Duration {
            self.wall.monotonic()
        }

        fn wait(&self, _: Duration) {
            let _ = self.steps.lock().unwrap().recv();
        }
    }

    #[test]
    fn the_ticker_follows_every_step_of_the_clock_and_ends_with_its_last_reader() {
        let (step, steps) = mpsc::channel();
        let clock = Arc::new(Stepped {
            wall: super::super::ScriptedClock::at(UnixTime::from_seconds(100)),
            steps: Mutex::new(steps),
        });
        let ticker = Ticker::on(Arc::clone(&clock));
        let seconds = Timebase::new(UnixTime::EPOCH, Duration::from_secs(1));
        let ticks = ticker.ticks(seconds).unwrap();
        assert_eq!(ticks.now(), 100);
        for second in [107, 90, 1_000] {
            clock.wall.set(UnixTime::from_seconds(second));
            step.send(()).unwrap();
            while ticks.now() != u64::try_from(second).unwrap() {
                std::thread::yield_now();
            }
            assert_eq!(ticks.lag(), 0);
        }
        clock.wall.set(UnixTime::from_seconds(1_060));
        assert_eq!(ticks.lag(), 60); // a ticker that gets no step is noticed
        assert_eq!(ticks.read(), 1_060); // and gone round
        drop(ticks);
        step.send(()).unwrap();
        // The thread held the clock; the ticker holds it through an `Arc` of its own.
        while Arc::strong_count(&ticker.clock) > 1 {
            std::thread::yield_now();
        }
    }
}
