//! Time as a straight line over monotonic time.

/// Where the clock is going, compared with monotonic time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slew {
    /// As fast.
    None,
    /// Faster: wall time is ahead.
    Forward,
    /// Slower: wall time is behind.
    Back,
}

/// Time as a straight line over monotonic time: as steep, or steeper or flatter by a percentage.
///
/// It never falls while nobody makes it another line, so that readers need not agree on
/// anything but the line; and it fits one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Unix time at monotonic time 0, in nanoseconds.
    zero: i128,
    slew: Slew,
}

impl Pace {
    /// The line through a point.
    pub(crate) fn through(monotonic: u64, time: i128, slew: Slew, percent: u32) -> Self {
        let rise = rise(monotonic, slew, percent);
        Self { zero: time - rise, slew }
    }

    /// The time at this monotonic time, in nanoseconds.
    #[inline]
    pub(crate) fn at(self, monotonic: u64, percent: u32) -> i128 {
        self.zero + rise(monotonic, self.slew, percent)
    }

    pub(crate) const fn slew(self) -> Slew {
        self.slew
    }

    /// As one word: nanoseconds from `base`, up to 292 years away, and in the two lowest bits the
    /// slew, for which up to 3 ns are added.
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range before")]
    pub(crate) fn word(self, base: i128) -> u64 {
        let nanos = (self.zero - base + 3).clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        let slew = match self.slew {
            Slew::None => 0,
            Slew::Forward => 1,
            Slew::Back => 2,
        };
        (nanos & !3 | slew).cast_unsigned()
    }

    #[inline]
    pub(crate) const fn of_word(word: u64, base: i128) -> Self {
        let slew = match word & 3 {
            0 => Slew::None,
            1 => Slew::Forward,
            _ => Slew::Back,
        };
        Self { zero: base + (word & !3).cast_signed() as i128, slew }
    }
}

/// How far the line rises from monotonic time 0.
#[inline]
fn rise(monotonic: u64, slew: Slew, percent: u32) -> i128 {
    let part = || i128::from(monotonic) * i128::from(percent) / 100;
    match slew {
        Slew::None => monotonic.into(),
        Slew::Forward => i128::from(monotonic) + part(),
        Slew::Back => i128::from(monotonic) - part(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SLEWS: [Slew; 3] = [Slew::None, Slew::Forward, Slew::Back];

    proptest! {
        #[test]
        fn prop_a_word_is_the_line_but_for_nanoseconds_and_it_never_falls(
            monotonic in 0..1_u64 << 60, time in any::<i64>(), base in any::<i32>(),
            slew in prop::sample::select(&SLEWS[..]), percent in 1..=50_u32, later in 0..1_u64 << 60,
        ) {
            let (time, base) = (i128::from(time / 8), i128::from(base));
            let pace = Pace::through(monotonic, time, slew, percent);
            prop_assert_eq!(pace.at(monotonic, percent), time);
            let read = Pace::of_word(pace.word(base), base);
            prop_assert_eq!(read.slew(), slew);
            let (exact, at) = (pace.at(monotonic, percent), read.at(monotonic, percent));
            prop_assert!((exact..exact + 4).contains(&at), "{} became {}", exact, at);
            prop_assert!(read.at(monotonic + later, percent) >= at);
        }
    }

    #[test]
    fn what_is_out_of_range_stays_at_its_end() {
        let far = Pace::through(0, i128::MAX / 4, Slew::None, 10);
        let read = Pace::of_word(far.word(0), 0);
        assert_eq!(read.at(0, 10), i128::from(i64::MAX) - 3);
    }
}
