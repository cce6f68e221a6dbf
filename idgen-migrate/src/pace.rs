//! How fast the backfill goes: as fast as it disturbs nobody.

use std::time::Duration;

/// How long a worker rests after a chunk.
///
/// A chunk that takes much longer than the quickest ones meets a busy database: the worker then
/// rests for as long as it was slowed down, on top of what its duty leaves.
///
/// # Example
/// ```
/// use std::time::Duration;
/// use idgen_migrate::Pace;
///
/// let mut pace = Pace::new(0.5);
/// let ten = Duration::from_millis(10);
/// assert_eq!(pace.rest(ten), ten); // at work half of the time
/// assert!(pace.rest(ten * 5) > ten * 7); // it took more than twice what is usual
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    duty: f64,
    usual: Option<Duration>,
}

impl Pace {
    /// The pace of a worker that works this part of its time, from 0.01 to 1.
    #[must_use]
    pub fn new(duty: f64) -> Self {
        Self { duty: duty.clamp(0.01, 1.0), usual: None }
    }

    /// How long to rest after a chunk that took this long.
    pub fn rest(&mut self, took: Duration) -> Duration {
        let usual = self.usual.map_or(took, |usual| usual.min(took));
        // What is usual may grow, slowly: tables get larger, and caches colder.
        self.usual = Some(usual + usual / 50);
        let slowed = took.saturating_sub(usual * 2);
        took.mul_f64(1.0 / self.duty - 1.0) + slowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_worker_at_full_duty_never_rests() {
        let mut pace = Pace::new(1.0);
        for millis in [10, 12, 9, 15, 11] {
            assert_eq!(pace.rest(Duration::from_millis(millis)), Duration::ZERO);
        }
        assert!(pace.rest(Duration::from_millis(100)) > Duration::from_millis(60));
    }
}
