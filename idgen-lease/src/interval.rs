//! How far ahead windows reach, and when they are renewed.

use core::time::Duration;

use idgen_core::Timebase;

use crate::Ask;
use crate::grant::Reach;

/// How far ahead of the last id, or of the clock if that is later, the high-water mark is kept.
///
/// The record is renewed when half of it is used up. A longer interval outlasts a slower disk; a
/// shorter one means that a crash wastes less time of a node id, and that a cloned machine can repeat
/// less.
///
/// Both kinds reserve ahead: the ids of an interval are issued after it was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// By time: so long, and one record each half of it, however many ids are made.
    Time(Duration),
    /// By count: as many ticks as hold so many ids, at least one. It suits lines without a clock. Ticks
    /// pass whether they are used or not, so a line with a clock makes a record whenever it was idle
    /// for that many ticks.
    ///
    /// Where so many are drawn before the next record is durable, ids wait for the disk. So the interval doubles each
    /// time that it was used up before it was renewed, up to 64 times its length.
    Count(u64),
}

impl Interval {
    /// What lines without a clock have where nothing else is said: 10,000 ids.
    pub const TIMELESS: Self = Self::Count(10_000);

    /// Its length in ticks, at least 2, so that half of it is something.
    ///
    /// Lines without a clock have no time: for them an interval of time is [`Self::TIMELESS`].
    #[must_use]
    pub fn ticks(self, timebase: Option<Timebase>, sequence_bits: u32) -> u64 {
        let ticks = match (self, timebase) {
            (Self::Time(time), Some(base)) => base.ticks_in(time),
            (Self::Time(_), None) => Self::TIMELESS.ticks(None, sequence_bits),
            (Self::Count(count), _) => count.div_ceil(1 << sequence_bits.min(63)),
        };
        ticks.max(2)
    }
}

/// How far a line is. All numbers are ticks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// The clock's.
    pub(crate) now: u64,
    /// The first that nothing is issued in.
    pub(crate) reached: u64,
    /// Where the next window begins at the earliest: the end of the last.
    pub(crate) end: u64,
}

impl Progress {
    /// What to ask the store for at this moment: nothing while half an interval is left.
    pub(crate) fn due(self, interval: u64, reach: Reach) -> Option<Ask> {
        let at = self.now.max(self.reached);
        if self.end > at && self.end - at > interval / 2 {
            return None;
        }
        self.ask(interval, reach)
    }

    /// What to ask the store for: an interval from here on, as far as windows reach ahead of the clock; nothing where they
    /// reach no farther than the last one.
    pub(crate) fn ask(self, interval: u64, reach: Reach) -> Option<Ask> {
        let at = self.now.max(self.reached);
        let from = self.end.max(at);
        let until = at.saturating_add(interval).min(reach.end(self.now));
        let length = until.checked_sub(from).filter(|&length| length > 0)?;
        Some(Ask { from, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idgen_core::UnixTime;

    #[test]
    fn an_interval_is_ticks_of_the_line() {
        let millis = Timebase::new(UnixTime::EPOCH, Duration::from_millis(1));
        let seconds = Timebase::new(UnixTime::EPOCH, Duration::from_secs(1));
        let two = Interval::Time(Duration::from_secs(2));
        assert_eq!(two.ticks(Some(millis), 12), 2_000);
        assert_eq!(two.ticks(Some(seconds), 12), 2);
        assert_eq!(two.ticks(None, 0), 10_000);
        assert_eq!(Interval::Count(10_000).ticks(Some(millis), 12), 3);
        assert_eq!(Interval::Count(10_000).ticks(None, 0), 10_000);
    }

    #[test]
    fn half_of_it_is_left_when_it_is_renewed() {
        let longest = Reach::of(None, Duration::ZERO);
        let due = |now, reached, end| Progress { now, reached, end }.due(100, longest);
        assert_eq!(due(149, 50, 200), None);
        assert_eq!(due(150, 50, 200), Some(Ask { from: 200, length: 50 }));
        assert_eq!(due(100, 160, 200), Some(Ask { from: 200, length: 60 })); // ids run ahead
        assert_eq!(due(500, 50, 200), Some(Ask { from: 500, length: 100 })); // the clock jumped
        assert_eq!(due(0, 200, 200), Some(Ask { from: 200, length: 100 })); // without a clock
    }

    #[test]
    fn no_window_reaches_past_the_longest() {
        let seconds = Timebase::new(UnixTime::EPOCH, Duration::from_secs(1));
        let longest = Reach::of(Some(seconds), Duration::from_secs(2));
        let due = |now, reached, end| Progress { now, reached, end }.due(2, longest);
        assert_eq!(due(10, 10, 0), Some(Ask { from: 10, length: 2 }));
        assert_eq!(due(10, 11, 12), None); // and no record of nothing
        assert_eq!(due(11, 11, 12), Some(Ask { from: 12, length: 1 }));
        assert_eq!(due(5, 11, 12), None); // the clock was set back
    }
}
