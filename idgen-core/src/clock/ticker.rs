//! The shared ticker thread, which keeps the current tick where reading it costs one load.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::ticks::wait_for;
use super::{Clock, SystemClock, Ticks};
use crate::Timebase;

/// Shortest and longest sleep of the thread. The longest bounds how late it notices that wall
/// time was stepped.
const SLEEP: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(10));

/// A thread that writes the current tick of each timebase into memory, just after it begins.
///
/// The thread starts with the first [`ticks`](Self::ticks) and ends when the last of them is
/// dropped. It reads wall time anew for each tick, so it follows every step of the clock. If it
/// is starved or dead, ids get older than they are ([`CachedTicks::lag`] tells), and a line that
/// runs out of positions reads the clock itself: freshness is lost, uniqueness never.
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
#[derive(Clone)]
pub struct Ticker {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    cells: Mutex<Cells>,
}

#[derive(Default)]
struct Cells {
    cells: Vec<Weak<Cell>>,
    running: bool,
}

/// The current tick of one timebase.
struct Cell {
    /// Holds the tick. Written by the ticker thread, and by whoever reads the clock itself; a
    /// number that stands for nothing else, so relaxed ordering is enough.
    tick: AtomicU64,
    timebase: Timebase,
}

impl Ticker {
    /// A ticker of its own on this clock.
    pub fn on(clock: impl Clock + 'static) -> Self {
        Self { shared: Arc::new(Shared { clock: Arc::new(clock), cells: Mutex::default() }) }
    }

    /// The ticker of the process, on the operating system's clock.
    pub fn global() -> &'static Self {
        static GLOBAL: OnceLock<Ticker> = OnceLock::new();
        GLOBAL.get_or_init(|| Self::on(SystemClock))
    }

    /// The cached ticks of this timebase. Equal timebases share one cell.
    ///
    /// # Errors
    /// If the operating system does not start the thread.
    pub fn ticks(&self, timebase: Timebase) -> io::Result<CachedTicks> {
        let mut cells = self.shared.lock();
        let known = cells.cells.iter().filter_map(Weak::upgrade).find(|c| c.timebase == timebase);
        let cell = known.unwrap_or_else(|| {
            let tick = AtomicU64::new(timebase.nearest_tick(self.shared.clock.wall()));
            let cell = Arc::new(Cell { tick, timebase });
            cells.cells.push(Arc::downgrade(&cell));
            cell
        });
        if !cells.running {
            let shared = Arc::clone(&self.shared);
            std::thread::Builder::new().name("idgen-ticker".into()).spawn(move || shared.run())?;
            cells.running = true;
        }
        drop(cells);
        Ok(CachedTicks { cell, shared: Arc::clone(&self.shared) })
    }
}

impl Shared {
    /// Writes ticks until nobody is left to read them.
    fn run(&self) {
        loop {
            let mut cells = self.lock();
            cells.cells.retain(|cell| cell.strong_count() > 0);
            if cells.cells.is_empty() {
                cells.running = false;
                return;
            }
            let mut sleep = SLEEP.1;
            for cell in cells.cells.iter().filter_map(Weak::upgrade) {
                cell.refresh(&*self.clock);
                sleep = sleep.min(cell.until_next(&*self.clock));
            }
            drop(cells);
            self.clock.wait(sleep.max(SLEEP.0));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cells> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cell {
    fn refresh(&self, clock: &dyn Clock) -> u64 {
        let tick = self.timebase.nearest_tick(clock.wall());
        self.tick.store(tick, Ordering::Relaxed);
        tick
    }

    fn until_next(&self, clock: &dyn Clock) -> Duration {
        let tick = self.tick.load(Ordering::Relaxed);
        let next = self.timebase.time_of(tick.saturating_add(1));
        let nanos = next.as_nanos() - clock.wall().as_nanos();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }
}

/// Ticks that a [`Ticker`] keeps current: reading one is a single load from memory.
#[derive(Clone)]
pub struct CachedTicks {
    cell: Arc<Cell>,
    shared: Arc<Shared>,
}

impl CachedTicks {
    /// How many ticks the cached tick is behind the clock: 0 or 1 while the ticker thread gets
    /// to run. A greater number means that it is starved or dead.
    #[must_use]
    pub fn lag(&self) -> u64 {
        let cached = self.now();
        self.cell.timebase.nearest_tick(self.shared.clock.wall()).saturating_sub(cached)
    }
}

impl Ticks for CachedTicks {
    #[inline]
    fn now(&self) -> u64 {
        self.cell.tick.load(Ordering::Relaxed)
    }

    fn read(&self) -> u64 {
        self.cell.refresh(&*self.shared.clock)
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        let waited = wait_for(&*self.shared.clock, &self.cell.timebase, tick, at_most);
        self.read();
        waited
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells = self.shared.lock();
        f.debug_struct("Ticker")
            .field("running", &cells.running)
            .field("timebases", &cells.cells.len())
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
        while ticker.shared.lock().running {
            std::thread::yield_now();
        }
    }
}
