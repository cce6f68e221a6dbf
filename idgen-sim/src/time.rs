//! Virtual time: the truth, and what the clocks of hosts make of it.

use core::time::Duration;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idgen_core::UnixTime;
use idgen_core::clock::Clock;

/// Unix time at which every world begins, in nanoseconds.
const BEGIN: i128 = 1_700_000_000_000_000_000;

/// True time, which nobody in a world can read. It passes when the world says so; while somebody waits it passes for
/// everybody, or the world goes on.
#[derive(Debug, Default)]
pub(crate) struct Truth(AtomicU64);

impl Truth {
    /// Time since the world began.
    pub(crate) fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// The clock of a host. Monotonic time is right; wall time is what faults make of it.
#[derive(Debug)]
pub(crate) struct HostClock {
    truth: Arc<Truth>,
    wall: Mutex<Wall>,
}

/// Wall time as a line from the last fault on.
#[derive(Clone, Copy, Debug)]
struct Wall {
    /// True time of the last fault, and what wall time was made then.
    since: i128,
    shown: i128,
    /// Millionths by which it goes too fast.
    drift_ppm: i128,
    frozen: bool,
}

impl HostClock {
    pub(crate) fn new(truth: Arc<Truth>) -> Self {
        let wall = Wall { since: 0, shown: BEGIN, drift_ppm: 0, frozen: false };
        Self { truth, wall: Mutex::new(wall) }
    }

    /// Wall time steps.
    pub(crate) fn jump(&self, nanos: i128) {
        self.change(|wall| wall.shown += nanos);
    }

    /// Wall time goes too fast from now on, or too slow.
    pub(crate) fn drift(&self, ppm: i128) {
        self.change(|wall| wall.drift_ppm = ppm);
    }

    /// Wall time stands still from now on.
    pub(crate) fn freeze(&self) {
        self.change(|wall| wall.frozen = true);
    }

    /// Wall time is right, and stays so.
    pub(crate) fn heal(&self) {
        let now = nanos(self.truth.now());
        self.change(|wall| {
            *wall = Wall { since: now, shown: BEGIN + now, drift_ppm: 0, frozen: false };
        });
    }

    /// How far wall time is off, in nanoseconds.
    pub(crate) fn error(&self) -> i128 {
        self.wall().as_nanos() - BEGIN - nanos(self.truth.now())
    }

    fn change(&self, change: impl FnOnce(&mut Wall)) {
        let now = nanos(self.truth.now());
        let mut wall = self.lock();
        wall.shown = wall.at(now);
        wall.since = now;
        change(&mut wall);
    }

    fn lock(&self) -> MutexGuard<'_, Wall> {
        self.wall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wall {
    fn at(&self, now: i128) -> i128 {
        let gone = if self.frozen { 0 } else { now - self.since };
        self.shown + gone + gone * self.drift_ppm / 1_000_000
    }
}

impl Clock for HostClock {
    fn wall(&self) -> UnixTime {
        UnixTime::from_nanos(self.lock().at(nanos(self.truth.now())))
    }

    fn monotonic(&self) -> Duration {
        self.truth.now()
    }

    fn wait(&self, duration: Duration) {
        self.truth.wait(duration);
    }
}

fn nanos(time: Duration) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX)
}
