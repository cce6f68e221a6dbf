//! Ticks that begin at a random place.

use core::time::Duration;

use super::RandomSource;
use crate::clock::Ticks;
use crate::sync::{AtomicU64, Ordering};

/// Ticks at whose beginning a random number of positions is left out, another for each tick and
/// generator: so that generators which make few ids, and do not know of each other, seldom share
/// a position.
///
/// The numbers come from a secret of the generator by a mixing function. They need not be hard to
/// guess: what must be is drawn for each id.
#[derive(Debug)]
pub struct Seeded<T> {
    ticks: T,
    /// The secret. Written when the generator is made and in a child of fork, before anything is
    /// issued there; relaxed ordering, for any value does.
    secret: AtomicU64,
    /// Selects the bits of the number.
    mask: u64,
    /// The tick asked for last, plus 1, and its number: 0 for none. Who finds the one of another
    /// tick beside it leaves out as many positions as there, which does as well; so relaxed
    /// ordering is enough.
    last: AtomicU64,
    skipped: AtomicU64,
}

impl<T> Seeded<T> {
    /// Ticks that leave out less than 2^`bits` positions, at most 63.
    pub(crate) fn new(ticks: T, bits: u32, random: &impl RandomSource) -> Self {
        let mask = !(u64::MAX << bits.min(63));
        let seeded = Self {
            ticks,
            secret: AtomicU64::new(0),
            mask,
            last: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
        };
        seeded.reseed(random);
        seeded
    }

    /// Draws another secret.
    pub(crate) fn reseed(&self, random: &impl RandomSource) {
        let [_, low] = halves(random.word());
        self.secret.store(low, Ordering::Relaxed);
        self.last.store(0, Ordering::Relaxed);
    }

    #[cold]
    fn skip_anew(&self, tick: u64) -> u64 {
        // The finaliser of SplitMix64: each bit of its argument turns about half of its bits.
        let seed = self.secret.load(Ordering::Relaxed) ^ tick;
        let mixed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        let skipped = (mixed ^ mixed >> 31) & self.mask;
        self.skipped.store(skipped, Ordering::Relaxed);
        self.last.store(tick.wrapping_add(1), Ordering::Relaxed);
        skipped
    }
}

fn halves(word: u128) -> [u64; 2] {
    let bytes = word.to_be_bytes();
    let (halves, _) = bytes.as_chunks::<8>();
    core::array::from_fn(|i| u64::from_be_bytes(halves[i]))
}

impl<T: Ticks> Ticks for Seeded<T> {
    #[inline]
    fn now(&self) -> u64 {
        self.ticks.now()
    }

    fn read(&self) -> u64 {
        self.ticks.read()
    }

    #[inline]
    fn is_kept(&self) -> bool {
        self.ticks.is_kept()
    }

    fn wait_for(&self, tick: u64, at_most: Duration) -> Duration {
        self.ticks.wait_for(tick, at_most)
    }

    fn go_on_from(&self, tick: u64) {
        self.ticks.go_on_from(tick);
    }

    #[inline]
    fn skip(&self, tick: u64) -> u64 {
        if self.last.load(Ordering::Relaxed) == tick.wrapping_add(1) {
            self.skipped.load(Ordering::Relaxed)
        } else {
            self.skip_anew(tick)
        }
    }
}
