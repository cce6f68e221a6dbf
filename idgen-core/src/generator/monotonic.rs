//! The generators of schemes that draw random bits once a tick, and count up from there.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::patience::Patience;
use super::{BuildError, DefaultTicks, ErasedGenerator, Generator};
use crate::clock::{Clock, ClockTicks, Ticks};
use crate::layout::Parts;
use crate::random::{RandomSource, SystemRandom};
use crate::sync::{ForkCell, Ordering};
use crate::{FillError, GenerateError, Id, IdScheme, Name, Scheme, Stall, Word};

/// How long a shared generator waits for an id.
const MAX_WAIT: Duration = Duration::from_secs(1);

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
    /// The last id, and its tick. Nothing was issued yet where there is none.
    last: Option<(u64, u128)>,
    /// 1 in the process that issued the last id, and 0 in a child of it, which must not count on.
    /// Nobody else looks at it, so relaxed ordering is enough.
    own: ForkCell,
    of: PhantomData<fn() -> S>,
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

    /// A generator on these ticks, which are trusted to count from the scheme's epoch, and these
    /// random bits. Of a scheme that has more than a tick and random bits below it there is none:
    /// that is a compile error.
    pub fn from(ticks: T, random: R) -> Self {
        Self { ticks, random, last: None, own: ForkCell::new(1), of: PhantomData }
    }

    /// The same, going on after this id: for those who keep the last one.
    #[must_use]
    pub fn after(mut self, last: Id<S>) -> Self {
        self.last = Some((last.tick(), last.word().into()));
        self
    }

    /// The next id, without waiting.
    ///
    /// # Errors
    /// If the random bits are all ones, until the next tick, or the layout's last tick is over.
    #[inline]
    pub fn try_next(&mut self) -> Result<Id<S>, Stall> {
        self.reserve(1).map(|(first, _)| Self::id(first))
    }

    /// Fills the front of `out`, without waiting, and says how many ids there are: at least one,
    /// unless `out` is empty.
    ///
    /// # Errors
    /// As [`try_next`](Self::try_next).
    pub fn try_fill(&mut self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        self.fill_as(out, |id| id)
    }

    fn fill_as<I>(&mut self, out: &mut [I], wrap: impl Fn(Id<S>) -> I) -> Result<usize, Stall> {
        if out.is_empty() {
            return Ok(0);
        }
        let (first, len) = self.reserve(out.len())?;
        for (slot, word) in out[..len].iter_mut().zip(first..) {
            *slot = wrap(Self::id(word));
        }
        Ok(len)
    }

    /// The first of up to `want` neighbouring words, and how many they are.
    #[inline]
    fn reserve(&mut self, want: usize) -> Result<(u128, usize), Stall> {
        let now = self.ticks.now();
        let own = self.own.load(Ordering::Relaxed) == 1;
        let first = match self.last {
            Some((tick, last)) if now <= tick && own => self.count_on(now, tick, last)?,
            _ => self.begin(now)?,
        };
        let left = Self::MOST.payload - (first & Self::MOST.payload);
        let len = usize::try_from(left).map_or(want, |left| want.min(left.saturating_add(1)));
        let tick = self.last.map_or(now, |(tick, _)| tick);
        self.last = Some((tick, first + (len as u128 - 1)));
        Ok((first, len))
    }

    #[inline]
    fn count_on(&mut self, now: u64, tick: u64, last: u128) -> Result<u128, Stall> {
        if last & Self::MOST.payload != Self::MOST.payload {
            return Ok(last + 1);
        }
        // A cached tick may be old.
        let now = self.ticks.read().max(now);
        if now > tick {
            return self.begin(now);
        }
        Err(Stall::SequenceExhausted { now, last: tick, retry: tick.saturating_add(1) })
    }

    /// The first word of a tick: now's, or where a fork made it so the one after the last.
    #[cold]
    fn begin(&mut self, now: u64) -> Result<u128, Stall> {
        // In a child of fork, it is this reading that starts a ticker again.
        let now = self.ticks.read().max(now);
        let after = self.last.map_or(0, |(tick, _)| tick.saturating_add(1));
        let (tick, last) = (now.max(after), Self::MOST.tick);
        if tick > last || self.last.is_some_and(|(tick, _)| tick >= last) {
            return Err(Stall::LayoutEnded { now, last });
        }
        let payload = self.random.word() & Self::MOST.payload;
        let parts = Parts { tick, payload, ..Parts::default() };
        let word = match S::LAYOUT.pack(parts) {
            Ok(word) => word,
            Err(error) => unreachable!("both numbers are within the layout: {error}"),
        };
        self.own.store(1, Ordering::Relaxed);
        self.last = Some((tick, word));
        Ok(word)
    }

    #[inline]
    fn id(word: u128) -> Id<S> {
        // A word is as wide as the layout, so there is always one.
        Id::dressed(S::Word::from_u128(word).unwrap_or_default())
    }
}

impl<S: IdScheme, T, R> fmt::Debug for Monotonic<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monotonic").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}

/// A [`Monotonic`] for all threads, in strict order, behind a lock that is held for a few
/// instructions and never while it waits.
///
/// # Example
/// ```
/// use idgen_core::generator::{Generator, Monotonic, SharedMonotonic};
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
/// let ids = SharedMonotonic::from(Monotonic::<Ulid>::new()?);
/// assert!(ids.generate()? < ids.generate()?);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct SharedMonotonic<S, T = DefaultTicks, R = SystemRandom> {
    /// Clock and random source are all that may panic while the lock is held, and they are asked
    /// before anything is changed: so what a panic leaves behind is whole.
    ids: Mutex<Monotonic<S, T, R>>,
    ticks: T,
    max_wait: Duration,
}

impl<S: IdScheme, T: Ticks + Clone, R: RandomSource> From<Monotonic<S, T, R>>
    for SharedMonotonic<S, T, R>
{
    fn from(ids: Monotonic<S, T, R>) -> Self {
        Self { ticks: ids.ticks.clone(), ids: Mutex::new(ids), max_wait: MAX_WAIT }
    }
}

impl<S: IdScheme, T: Ticks, R: RandomSource> SharedMonotonic<S, T, R> {
    /// The same, waiting at most this long for an id; 1 s where nothing is said.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    fn lock(&self) -> MutexGuard<'_, Monotonic<S, T, R>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patience(&self) -> Patience<'_, T> {
        let scheme = const { Name::new(S::NAME) };
        Patience { ticks: &self.ticks, max_wait: self.max_wait, scheme }
    }
}

impl<S: IdScheme, T: Ticks, R: RandomSource> Generator for SharedMonotonic<S, T, R> {
    type Scheme = S;

    fn try_generate(&self) -> Result<Id<S>, Stall> {
        self.lock().try_next()
    }

    fn generate(&self) -> Result<Id<S>, GenerateError> {
        match self.try_generate() {
            Ok(id) => Ok(id),
            Err(stall) => self.patience().until(stall, || self.try_generate()),
        }
    }

    fn try_fill(&self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        self.lock().try_fill(out)
    }

    fn fill(&self, out: &mut [Id<S>]) -> Result<(), FillError> {
        self.patience().fill(out, |rest| self.try_fill(rest))
    }
}

impl<S: IdScheme, T: Ticks, R: RandomSource> ErasedGenerator for SharedMonotonic<S, T, R> {
    fn scheme(&self) -> &Scheme {
        const { &Scheme::of::<S>() }
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        self.lock().fill_as(out, Into::into)
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        self.patience().fill(out, |rest| self.try_fill_words(rest))
    }
}

impl<S: IdScheme, T, R> fmt::Debug for SharedMonotonic<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMonotonic").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
