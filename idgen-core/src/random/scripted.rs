//! Numbers that look random and are the same each time.

use core::sync::atomic::{AtomicU64, Ordering};

use super::RandomSource;

/// The numbers of a seed, for tests: whoever knows the seed knows them all.
///
/// # Example
/// ```
/// use idgen_core::random::{RandomSource, ScriptedRandom};
///
/// let (some, same) = (ScriptedRandom::new(7), ScriptedRandom::new(7));
/// assert_eq!([some.word(), some.word()], [same.word(), same.word()]);
/// ```
///
/// # Source
/// Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, OOPSLA 2014 (SplitMix64).
#[derive(Debug)]
pub struct ScriptedRandom {
    /// The state, moved on by a constant for each number; relaxed, for it guards nothing.
    state: AtomicU64,
}

impl ScriptedRandom {
    /// The numbers of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let state = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

impl RandomSource for ScriptedRandom {
    fn fill(&self, words: &mut [u128]) {
        for word in words {
            *word = u128::from(self.next()) << 64 | u128::from(self.next());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of seed 1234567, as Vigna's splitmix64.c prints them.
    #[test]
    fn reference_splitmix64() {
        let random = ScriptedRandom::new(1_234_567);
        let numbers = [random.next(), random.next(), random.next()];
        let expected =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(numbers, expected);
    }
}
