//! The monotonic generator for all threads.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use super::monotonic::{Last, Source, id_of};
use super::patience::Patience;
use super::{DefaultTicks, ErasedGenerator, Generator};
use crate::clock::Ticks;
use crate::random::{RandomSource, SystemRandom};
use crate::sync::{AtomicU64, ForkCell, Ordering};
use crate::{FillError, GenerateError, Id, IdScheme, Name, Scheme, Stall};

/// How long it waits for an id.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// How often a thread looks whether the last id is free before it lets others run.
const LOOKS: u32 = 100;

/// Ids as [`Monotonic`](super::Monotonic) makes them, for all threads, in strict order.
///
/// The last id is held for a few instructions while the next is made, and never while a thread
/// waits. Whatever the threads of a process hold when it is forked is free in the child.
///
/// It is made by [`Monotonic::shared`](super::Monotonic::shared).
///
/// # Example
/// ```
/// use idgen_core::generator::{Generator, Monotonic};
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
/// let ids = Monotonic::<Ulid>::new()?.shared();
/// assert!(ids.generate()? < ids.generate()?);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct SharedMonotonic<S, T = DefaultTicks, R = SystemRandom> {
    ticks: T,
    random: R,
    max_wait: Duration,
    /// 1 while a thread reads and writes what follows. Taken with acquire and given back with
    /// release, so that each sees what the last one wrote. A fork sets it to 0 in the child, where
    /// the thread that held it is not.
    held: ForkCell,
    /// 1 in the process that wrote the last id, 0 in a child of it.
    own: ForkCell,
    /// Tick of the last id, plus 1; 0 where there is none. Read in a child that was forked in the
    /// middle of a change, when it may be the old or the new one: either is before what follows.
    after: AtomicU64,
    /// The last id, not looked at in a child before it has written its own.
    word: [AtomicU64; 2],
    of: PhantomData<fn() -> S>,
}

impl<S: IdScheme, T: Ticks, R: RandomSource> SharedMonotonic<S, T, R> {
    pub(super) fn new(ticks: T, random: R, last: Option<Last>) -> Self {
        let ids = Self {
            ticks,
            random,
            max_wait: MAX_WAIT,
            held: ForkCell::new(0),
            own: ForkCell::new(1),
            after: AtomicU64::new(0),
            word: [AtomicU64::new(0), AtomicU64::new(0)],
            of: PhantomData,
        };
        if let Some(last) = last {
            ids.remember(last);
        }
        ids
    }

    /// The same, waiting at most this long for an id; 1 s where nothing is said.
    #[must_use]
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// The first of up to `want` neighbouring words, and how many they are.
    fn reserve(&self, want: usize) -> Result<(u128, usize), Stall> {
        let _held = Held::by(&self.held);
        let own = self.own.load(Ordering::Relaxed) == 1;
        let source = Source::<S, _, _>::new(&self.ticks, &self.random);
        let (first, len, last) = source.step(self.last(), own, want)?;
        self.remember(last);
        if !own {
            self.own.store(1, Ordering::Relaxed);
        }
        Ok((first, len))
    }

    fn last(&self) -> Option<Last> {
        let tick = self.after.load(Ordering::Relaxed).checked_sub(1)?;
        let [high, low] = [0, 1].map(|i| u128::from(self.word[i].load(Ordering::Relaxed)));
        Some(Last { tick, word: high << 64 | low })
    }

    fn remember(&self, last: Last) {
        let bytes = last.word.to_be_bytes();
        let (halves, _) = bytes.as_chunks();
        for (word, half) in self.word.iter().zip(halves) {
            word.store(u64::from_be_bytes(*half), Ordering::Relaxed);
        }
        self.after.store(last.tick.saturating_add(1), Ordering::Relaxed);
    }

    fn try_some<I>(&self, out: &mut [I], wrap: impl Fn(Id<S>) -> I) -> Result<usize, Stall> {
        if out.is_empty() {
            return Ok(0);
        }
        let (first, len) = self.reserve(out.len())?;
        for (slot, word) in out[..len].iter_mut().zip(first..) {
            *slot = wrap(id_of(word));
        }
        Ok(len)
    }

    fn patience(&self) -> Patience<'_, T> {
        let scheme = const { Name::new(S::NAME) };
        Patience::new(&self.ticks, self.max_wait, scheme)
    }
}

/// The last id, held until this is dropped.
struct Held<'a>(&'a ForkCell);

impl<'a> Held<'a> {
    /// Holds what the cell guards, as soon as nobody else does.
    #[inline]
    fn by(cell: &'a ForkCell) -> Self {
        let mut looks = 0;
        while cell.compare_exchange_weak(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            looks += 1;
            if looks < LOOKS {
                core::hint::spin_loop();
            } else {
                // Whoever holds it may have been put aside.
                std::thread::yield_now();
            }
        }
        Self(cell)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

impl<S: IdScheme, T: Ticks, R: RandomSource> Generator for SharedMonotonic<S, T, R> {
    type Scheme = S;

    fn try_generate(&self) -> Result<Id<S>, Stall> {
        self.reserve(1).map(|(first, _)| id_of(first))
    }

    fn generate(&self) -> Result<Id<S>, GenerateError> {
        match self.try_generate() {
            Ok(id) => Ok(id),
            Err(stall) => self.patience().until(stall, || self.try_generate()),
        }
    }

    fn try_fill(&self, out: &mut [Id<S>]) -> Result<usize, Stall> {
        self.try_some(out, |id| id)
    }

    fn fill(&self, out: &mut [Id<S>]) -> Result<(), FillError> {
        self.patience().fill(out, |rest| self.try_some(rest, |id| id))
    }
}

impl<S: IdScheme, T: Ticks, R: RandomSource> ErasedGenerator for SharedMonotonic<S, T, R> {
    fn scheme(&self) -> &Scheme {
        const { &Scheme::of::<S>() }
    }

    fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
        self.try_some(out, Into::into)
    }

    fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
        self.patience().fill(out, |rest| self.try_some(rest, Into::into))
    }

    fn generate_word(&self) -> Result<u128, GenerateError> {
        self.generate().map(Into::into)
    }
}

impl<S: IdScheme, T, R> fmt::Debug for SharedMonotonic<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMonotonic").field("scheme", &S::NAME).finish_non_exhaustive()
    }
}
