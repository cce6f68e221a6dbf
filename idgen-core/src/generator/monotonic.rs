//! The generator of schemes that draw random bits once a tick, and count up from there.

use core::fmt;
use core::marker::PhantomData;

use super::{BuildError, DefaultTicks, SharedMonotonic};
use crate::clock::{Clock, ClockTicks, Ticks};
use crate::layout::Parts;
use crate::line::IDS_A_LOOK;
use crate::random::{RandomSource, SystemRandom};
use crate::sync::{ForkCell, Ordering};
use crate::{Id, IdScheme, Scheme, Stall, Word};

/// Ids of a tick and random bits, strictly increasing, for one owner.
///
/// The first id of a tick has random bits drawn anew; each further one is the last plus 1. A clock
/// that steps back leaves the tick where it was. If the random bits are all ones there is no
/// further id in the tick: [`Stall::SequenceExhausted`], and nothing is carried into the time. In a
/// child of fork it goes on in a later tick, with bits of its own.
///
/// Generators that do not know of each other are kept apart by the random bits. But who sees an id
/// can guess the next ones of its tick: [`Tailed`](super::Tailed) draws bits for each.
///
/// # Example
/// ```
/// use idgen_core::generator::Monotonic;
/// # use idgen_core::{IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # use core::time::Duration;
/// # struct Ulid;
/// # impl IdScheme for Ulid {
/// #     type Word = u128;
/// #     const NAME: &'static str = "ulid";
/// #     const LAYOUT: Layout = Layout::new(128, &[
/// #         Field::new(Kind::Tick, 48), Field::new(Kind::Random, 16),
/// #         Field::new(Kind::Random, 64).named("more")]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
/// #     const TEXT: Form = Form::Base32;
/// # }
/// let mut ids = Monotonic::<Ulid>::new()?;
/// assert!(ids.try_next()? < ids.try_next()?);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Monotonic<S, T = DefaultTicks, R = SystemRandom> {
    ticks: T,
    random: R,
    last: Option<Last>,
    /// 1 in the process that issued the last id, and 0 in a child of it, which must not count on.
    /// Nobody else looks at it, so relaxed ordering is enough.
    own: ForkCell,
    of: PhantomData<fn() -> S>,
}

/// The id that was issued last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub(super) tick: u64,
    pub(super) word: u128,
}

impl<S: IdScheme> Monotonic<S> {
    /// A generator on the operating system's clock and its random bits.
    ///
    /// # Errors
    /// If the clock is before the scheme's epoch or past its end, or no ticker thread can be
    /// started.
    pub fn new() -> Result<Self, BuildError> {
        let ticks = super::builder::system_ticks(const { &Scheme::of::<S>() })?;
        Ok(Self::from(ticks, SystemRandom))
    }
}

impl<S: IdScheme, C: Clock, R: RandomSource> Monotonic<S, ClockTicks<C>, R> {
    /// A generator that reads this clock for each id.
    ///
    /// # Errors
    /// If the clock is before the scheme's epoch or past its end.
    pub fn on(clock: C, random: R) -> Result<Self, BuildError> {
        let ticks = super::builder::clock_ticks(const { &Scheme::of::<S>() }, clock)?;
        Ok(Self::from(ticks, random))
    }
}

impl<S: IdScheme, T: Ticks, R: RandomSource> Monotonic<S, T, R> {
    /// A generator on these ticks, which are trusted to count from the scheme's epoch, and these
    /// random bits. Of a scheme that has more than a tick and random bits below it there is none:
    /// that is a compile error.
    pub fn from(ticks: T, random: R) -> Self {
        Self { ticks, random, last: None, own: ForkCell::new(1), of: PhantomData }
    }

    /// The same, going on after this id: for those who keep the last one.
    #[must_use]
    pub fn after(mut self, last: Id<S>) -> Self {
        self.last = Some(Last { tick: last.tick(), word: last.word().into() });
        self
    }

    /// The id that follows this one in its tick: the one plus 1. `None` where the random bits are all
    /// ones, as nothing is carried into the time.
    ///
    /// # Example
    /// ```
    /// # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
    /// # struct Ulid;
    /// # impl IdScheme for Ulid {
    /// #     type Word = u128;
    /// #     const NAME: &'static str = "ulid";
    /// #     const LAYOUT: Layout = Layout::new(128, &[
    /// #         Field::new(Kind::Tick, 48), Field::new(Kind::Random, 16),
    /// #         Field::new(Kind::Random, 64).named("more")]);
    /// #     const TIMEBASE: Option<Timebase> =
    /// #         Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1)));
    /// #     const TEXT: Form = Form::Base32;
    /// # }
    /// use idgen_core::generator::Monotonic;
    ///
    /// let last: Id<Ulid> = "01BX5ZZKBKACTAV9WEVGEMMVRZ".parse()?;
    /// let next = Monotonic::<Ulid>::successor(last).map(|id| id.to_string());
    /// assert_eq!(next.as_deref(), Some("01BX5ZZKBKACTAV9WEVGEMMVS0"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn successor(id: Id<S>) -> Option<Id<S>> {
        Source::<S, T, R>::successor(id.word().into()).map(id_of)
    }

    /// A generator for all threads, in strict order, that goes on where this one is.
    pub fn shared(self) -> SharedMonotonic<S, T, R> {
        SharedMonotonic::new(self.ticks, self.random, self.last)
    }

    /// The next id, without waiting.
    ///
    /// # Errors
    /// If the random bits are all ones, until the next tick, or the layout's last tick is over.
    #[inline]
    pub fn try_next(&mut self) -> Result<Id<S>, Stall> {
        match self.count_on() {
            Some(word) => Ok(id_of(word)),
            None => self.reserve(1).map(|(first, _)| id_of(first)),
        }
    }

    /// The next word of the last one's tick, if there is one. What is kept of the last is changed
    /// where it lies: copied, it would be read in larger pieces than it was written in.
    #[inline]
    fn count_on(&mut self) -> Option<u128> {
        let own = self.own.load(Ordering::Relaxed) == 1;
        let now = self.ticks.now();
        let most = Source::<S, T, R>::MOST.payload;
        let last = self.last.as_mut()?;
        let is_look_due = is_look_due(last.word, 1);
        (own & (now <= last.tick) & (last.word & most != most) & !is_look_due).then(|| {
            last.word += 1;
            last.word
        })
    }

    /// Fills the front of `out`, without waiting, and says how many ids there are: at least one,
    /// unless `out` is empty.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub fn try_fill(&mut self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        if out.is_empty() {
            return Ok(0);
        }
        let (first, len) = self.reserve(out.len())?;
        for (slot, word) in out[..len].iter_mut().zip(first..) {
            *slot = id_of(word);
        }
        Ok(len)
    }

    /// The first of up to `want` neighbouring words, and how many they are.
    #[inline(never)]
    fn reserve(&mut self, want: usize) -> Result<(u128, usize), Stall> {
        let own = self.own.load(Ordering::Relaxed) == 1;
        let source = Source::<S, _, _>::new(&self.ticks, &self.random);
        let (first, len, last) = source.step(self.last, own, want)?;
        self.last = Some(last);
        if !own {
            self.own.store(1, Ordering::Relaxed);
        }
        Ok((first, len))
    }
}

/// Whether somebody looks at the clock itself for one of the `want` words after the last, as a line does.
#[inline]
const fn is_look_due(last: u128, want: usize) -> bool {
    last.wrapping_add(1).wrapping_neg() % (IDS_A_LOOK as u128) < want as u128
}

/// The id of a word that a [`Source`] made.
#[inline]
pub(super) fn id_of<S: IdScheme>(word: u128) -> Id<S> {
    // A word is as wide as the layout, so there is always one.
    Id::dressed(S::Word::from_u128(word).unwrap_or_default())
}

/// Where ticks and random bits come from: what both generators do next, as a function of the last
/// id.
pub(super) struct Source<'a, S, T, R> {
    ticks: &'a T,
    random: &'a R,
    of: PhantomData<fn() -> S>,
}

impl<'a, S: IdScheme, T: Ticks, R: RandomSource> Source<'a, S, T, R> {
    /// The random bits, and the greatest tick.
    const MOST: Parts = {
        let (layout, random) = (S::LAYOUT, S::LAYOUT.payload_mask());
        let whole = layout.tick_bits() + layout.payload_bits() == layout.width() as u32;
        assert!(
            layout.tick_bits() > 0 && whole && random & (random + 1) == 0,
            "only schemes of a tick with random bits below it count up"
        );
        layout.unpack(u128::MAX)
    };

    pub(super) const fn new(ticks: &'a T, random: &'a R) -> Self {
        Self { ticks, random, of: PhantomData }
    }

    /// The first of up to `want` neighbouring words after the last, how many they are, and what is
    /// the last then. `own` says whether it was this process that issued the last.
    #[inline]
    pub(super) fn step(
        &self,
        last: Option<Last>,
        own: bool,
        want: usize,
    ) -> Result<(u128, usize, Last), Stall> {
        let now = match last {
            Some(last) if is_look_due(last.word, want) => self.ticks.read(),
            _ => self.ticks.now(),
        };
        let Last { tick, word: first } = match last {
            Some(last) if now <= last.tick && own => self.count_on(now, last)?,
            _ => self.begin(now, last)?,
        };
        let left = Self::MOST.payload - (first & Self::MOST.payload);
        let len = usize::try_from(left).map_or(want, |left| want.min(left.saturating_add(1)));
        Ok((first, len, Last { tick, word: first + (len as u128 - 1) }))
    }

    /// The next word of the same tick, if there is one.
    #[inline]
    fn successor(word: u128) -> Option<u128> {
        (word & Self::MOST.payload != Self::MOST.payload).then(|| word + 1)
    }

    #[inline]
    fn count_on(&self, now: u64, last: Last) -> Result<Last, Stall> {
        if let Some(word) = Self::successor(last.word) {
            return Ok(Last { word, ..last });
        }
        // A cached tick may be old.
        let now = self.ticks.read().max(now);
        if now > last.tick {
            return self.begin(now, Some(last));
        }
        let retry = last.tick.saturating_add(1);
        Err(Stall::SequenceExhausted { now, last: last.tick, retry })
    }

    /// The first word of a tick: now's, or where a fork made it so the one after the last.
    #[cold]
    fn begin(&self, now: u64, last: Option<Last>) -> Result<Last, Stall> {
        // In a child of fork, it is this reading that starts a ticker again.
        let now = self.ticks.read().max(now);
        let after = last.map_or(0, |last| last.tick.saturating_add(1));
        let (tick, end) = (now.max(after), Self::MOST.tick);
        if tick > end || last.is_some_and(|last| last.tick >= end) {
            return Err(Stall::LayoutEnded { now, last: end });
        }
        let payload = self.random.word() & Self::MOST.payload;
        match S::LAYOUT.pack(Parts { tick, payload, ..Parts::default() }) {
            Ok(word) => Ok(Last { tick, word }),
            Err(error) => unreachable!("both numbers are within the layout: {error}"),
        }
    }
}

impl<S: IdScheme, T, R> fmt::Debug for Monotonic<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monotonic").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
