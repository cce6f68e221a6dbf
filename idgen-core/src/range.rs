//! Ranges of ids by time: what a scan of an index needs.
//!
//! **Invariant:** an id lies between the two ends exactly if its tick begins in the time asked
//! for. Below the tick the ends hold the least and the greatest of every field; constants,
//! wherever they stand, hold what they must, so both ends are ids themselves.

use core::ops::RangeInclusive;

use crate::layout::Parts;
use crate::{Id, IdScheme, Name, Scheme, Timebase, UnixTime, Word};

impl Scheme {
    /// The least and the greatest word that an id can have whose [time](Self::time) is in
    /// `from..to`: `from` and later, and before `to`. `None` where there are no such ids.
    ///
    /// The time of an id is when its tick began, so neighbouring ranges share no id and leave none
    /// out, however long a tick is. A time before the epoch, or after the layout's last tick, is no
    /// error: there are no ids beyond, so the range ends at the first or last there is. `None`
    /// therefore says that no tick begins in the time asked for: it is empty, lies between two
    /// ticks, or before the epoch, or after the last tick.
    ///
    /// # Errors
    /// If the scheme keeps no time, its ids do not stand in the order of their ticks, or `to` is
    /// before `from`.
    ///
    /// # Example
    /// ```
    /// use core::time::Duration;
    /// use idgen_core::{Name, Scheme, Timebase, UnixTime, text::Form};
    ///
    /// let scheme = Scheme {
    ///     name: Name::new("mine"),
    ///     layout: "41:10:12".parse()?,
    ///     timebase: Some(Timebase::new(UnixTime::EPOCH, Duration::from_secs(1))),
    ///     text: Form::Decimal,
    /// };
    /// let (from, to) = (UnixTime::from_seconds(3), UnixTime::from_seconds(5));
    /// let words = scheme.words_between(from, to)?.unwrap();
    /// assert_eq!(words, 3 << 22..=(5 << 22) - 1);
    ///
    /// let (early, late) = (UnixTime::from_millis(3_001), UnixTime::from_millis(3_999));
    /// assert_eq!(scheme.words_between(early, late)?, None); // no second begins there
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn words_between(
        &self,
        from: UnixTime,
        to: UnixTime,
    ) -> Result<Option<RangeInclusive<u128>>, TimeRangeError> {
        let base = self.ordered_by()?;
        if to < from {
            return Err(TimeRangeError::Reversed { from, to });
        }
        let last = self.greatest().tick;
        let ticks = base.tick_from(from).zip(base.tick_from(to).map_or(Some(last), |end| {
            // What begins before `to` is of the tick before the first that does not.
            Some(end.checked_sub(1)?.min(last))
        }));
        Ok(ticks.filter(|(first, last)| first <= last).map(|(first, last)| self.words(first, last)))
    }

    /// The least and the greatest word that an id can have whose tick this instant lies in.
    ///
    /// # Errors
    /// If the scheme keeps no time, its ids do not stand in the order of their ticks, or the
    /// instant is before the epoch or after the layout's last tick.
    pub fn words_at(&self, time: UnixTime) -> Result<RangeInclusive<u128>, TimeRangeError> {
        let base = self.ordered_by()?;
        let last = self.greatest().tick;
        let outside = TimeRangeError::Outside {
            scheme: self.name,
            time,
            first: base.epoch(),
            last: base.time_of(last),
        };
        let tick = base.tick_at(time).ok().filter(|&tick| tick <= last).ok_or(outside)?;
        Ok(self.words(tick, tick))
    }

    /// The timebase, where ids stand in the order of their ticks.
    fn ordered_by(&self) -> Result<Timebase, TimeRangeError> {
        let base = self.timebase.ok_or(TimeRangeError::Timeless { scheme: self.name })?;
        if self.layout.is_time_ordered() {
            Ok(base)
        } else {
            Err(TimeRangeError::Unordered { scheme: self.name })
        }
    }

    /// The greatest value of each part.
    fn greatest(&self) -> Parts {
        self.layout.unpack(u128::MAX)
    }

    /// The least and the greatest word with a tick of `first..=last`, in a time-ordered layout
    /// that has both ticks.
    fn words(&self, first: u64, last: u64) -> RangeInclusive<u128> {
        let least = Parts { tick: first, ..Parts::default() };
        let greatest = Parts { tick: last, ..self.greatest() };
        // What the layout holds at most fits it, and both ticks have been checked.
        let [least, greatest] =
            [least, greatest].map(|parts| self.layout.pack(parts).unwrap_or_default());
        least..=greatest
    }
}

impl Timebase {
    /// The first tick that begins at this instant or later; `None` past 64 bits.
    fn tick_from(&self, time: UnixTime) -> Option<u64> {
        if time <= self.epoch() {
            return Some(0);
        }
        let tick = self.tick_at(time).ok()?;
        if self.time_of(tick) == time { Some(tick) } else { tick.checked_add(1) }
    }
}

impl<S: IdScheme> Id<S> {
    /// The least and the greatest id whose [time](Self::time) is in `from..to`; `None` where there
    /// are no such ids. [`Scheme::words_between`] says more.
    ///
    /// # Errors
    /// As for [`Scheme::words_between`].
    ///
    /// # Example
    /// ```
    /// # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
    /// # struct Short;
    /// # impl IdScheme for Short {
    /// #     type Word = u64;
    /// #     const NAME: &'static str = "short";
    /// #     const LAYOUT: Layout = Layout::new(64, &[
    /// #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
    /// #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
    /// #     const TIMEBASE: Option<Timebase> =
    /// #         Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1)));
    /// #     const TEXT: Form = Form::Decimal;
    /// # }
    /// let (noon, one) = (UnixTime::from_seconds(43_200), UnixTime::from_seconds(46_800));
    /// let range = Id::<Short>::between(noon, one)?.unwrap();
    /// assert_eq!(range.start().to_string(), "181193932800000"); // WHERE id >= this
    /// assert_eq!(range.end().to_string(), "196293427199999"); //   AND id <= this
    /// assert!(range.contains(&Id::first_at(noon)?) && !range.contains(&Id::first_at(one)?));
    /// # Ok::<(), idgen_core::TimeRangeError>(())
    /// ```
    pub fn between(
        from: UnixTime,
        to: UnixTime,
    ) -> Result<Option<RangeInclusive<Self>>, TimeRangeError> {
        Ok(Scheme::of::<S>().words_between(from, to)?.map(Self::typed))
    }

    /// The least id whose tick this instant lies in. Together with [`last_at`](Self::last_at) it
    /// bounds all ids that a generator with this clock reading makes, borrowed ticks apart.
    ///
    /// # Errors
    /// As for [`Scheme::words_at`].
    pub fn first_at(time: UnixTime) -> Result<Self, TimeRangeError> {
        Scheme::of::<S>().words_at(time).map(|words| *Self::typed(words).start())
    }

    /// The greatest id whose tick this instant lies in.
    ///
    /// # Errors
    /// As for [`Scheme::words_at`].
    pub fn last_at(time: UnixTime) -> Result<Self, TimeRangeError> {
        Scheme::of::<S>().words_at(time).map(|words| *Self::typed(words).end())
    }

    fn typed(words: RangeInclusive<u128>) -> RangeInclusive<Self> {
        // The scheme's own layout packed them into a word as wide as its own.
        let id = |word| Self::dressed(S::Word::from_u128(word).unwrap_or_default());
        id(*words.start())..=id(*words.end())
    }
}

/// A time that bounds no range of a scheme's ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeRangeError {
    /// The scheme has no timebase.
    #[error("{scheme} ids keep no time, so no range of them is one of time")]
    Timeless {
        /// Name of the scheme.
        scheme: Name,
    },
    /// Something that varies stands above the tick.
    #[error(
        "{scheme} ids are not in the order of their time, so those of a time are no range; keep the time in a column of its own"
    )]
    Unordered {
        /// Name of the scheme.
        scheme: Name,
    },
    /// The range ends before it begins.
    #[error("the range ends at {to}, before it begins at {from}; exchange the two")]
    Reversed {
        /// Where it should begin.
        from: UnixTime,
        /// Where it should end.
        to: UnixTime,
    },
    /// The layout has no tick for the instant.
    #[error("{time} has no {scheme} id: their ticks begin from {first} to {last}")]
    Outside {
        /// Name of the scheme.
        scheme: Name,
        /// The instant asked for.
        time: UnixTime,
        /// When the first tick begins.
        first: UnixTime,
        /// When the last tick begins.
        last: UnixTime,
    },
}
