//! Pseudo-random numbers that are the same on every machine, for schedules made from a seed.
//!
//! Source: Steele, Lea, Flood, *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014,
//! with the constants of Vigna's `splitmix64.c`.

/// A stream of pseudo-random 64-bit numbers, wholly determined by its seed.
///
/// Not for secrets: one number tells all that follow.
///
/// # Example
/// ```
/// use idgen_testkit::SplitMix64;
///
/// let mut random = SplitMix64::new(1_234_567);
/// assert_eq!(random.next_u64(), 6_457_827_717_110_365_317);
/// assert!(random.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The stream of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`, or 0 where the bound is 0. The remainder favours small numbers by
    /// at most `bound / 2^64`, which no test notices.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// A number of up to 128 bits that is at most `max`.
    pub(crate) fn up_to(&mut self, max: u128) -> u128 {
        let number = u128::from(self.next_u64()) << 64 | u128::from(self.next_u64());
        max.checked_add(1).map_or(number, |bound| number % bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_splitmix64() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers = [(); 5].map(|()| random.next_u64());
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ],
        );
    }

    #[test]
    fn bounds_are_kept() {
        let mut random = SplitMix64::new(1);
        assert_eq!(random.below(0), 0);
        assert!((0..1_000).all(|bound| random.below(bound + 1) <= bound));
        assert!((0..1_000).all(|max| random.up_to(max) <= max));
        assert!((0..10).any(|_| random.up_to(u128::MAX) > u128::MAX / 2));
    }
}
