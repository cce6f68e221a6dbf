//! Random bits for ids.
//!
//! | source | for |
//! |---|---|
//! | [`SystemRandom`] | ids: cryptographically secure, and another sequence in the child of a fork |
//! | [`ScriptedRandom`] | tests: the same numbers each time |

mod scripted;
#[cfg(feature = "random")]
mod seeded;
#[cfg(feature = "random")]
mod system;

pub use scripted::ScriptedRandom;
#[cfg(feature = "random")]
pub use seeded::Seeded;
#[cfg(feature = "random")]
pub use system::SystemRandom;

/// Yields random bits, from any number of threads.
pub trait RandomSource: Send + Sync {
    /// Fills `words` with random bits.
    fn fill(&self, words: &mut [u128]);

    /// Draws as many words, and hands them over piece by piece, each as soon as it is made.
    fn pieces(&self, count: usize, each: &mut dyn FnMut(&[u128])) {
        let fill = |words: &mut [u128]| {
            self.fill(words);
            true
        };
        in_pieces(count, fill, each);
    }

    /// 128 random bits.
    #[inline]
    fn word(&self) -> u128 {
        let mut word = [0];
        self.fill(&mut word);
        word[0]
    }
}

impl<R: RandomSource + ?Sized> RandomSource for &R {
    fn fill(&self, words: &mut [u128]) {
        (**self).fill(words);
    }

    fn pieces(&self, count: usize, each: &mut dyn FnMut(&[u128])) {
        (**self).pieces(count, each);
    }

    #[inline]
    fn word(&self) -> u128 {
        (**self).word()
    }
}

/// Words of a piece: half a KiB, which lies in the processor's first cache.
const PIECE: usize = 32;

/// Makes as many words by `fill`, and hands them over piece by piece, until it makes no more; and says how many there
/// were. None is left in memory, also where whoever takes them panics.
fn in_pieces(
    count: usize,
    mut fill: impl FnMut(&mut [u128]) -> bool,
    each: &mut dyn FnMut(&[u128]),
) -> usize {
    let (mut piece, mut made) = (Piece([0; PIECE]), 0);
    while made < count {
        let words = &mut piece.0[..(count - made).min(PIECE)];
        if !fill(words) {
            break;
        }
        each(words);
        made += words.len();
    }
    made
}

/// Words that are erased when they are not needed any more.
struct Piece([u128; PIECE]);

impl Drop for Piece {
    fn drop(&mut self) {
        self.0 = [0; PIECE];
        // Otherwise a compiler may find that nobody reads it.
        core::hint::black_box(&mut self.0);
    }
}

/// How likely it is that any two of `count` numbers of `bits` random bits are equal, 0 to 1.
///
/// # Example
/// ```
/// use idgen_core::random::collision_probability;
///
/// // A billion UUIDs of version 4: 122 random bits.
/// assert!((collision_probability(1e9, 122) - 9.4e-20).abs() < 1e-20);
/// // 23 birthdays are 50.7 %; with 2^8.5 days the formula is 0.507 too.
/// assert!(collision_probability(1e12, 64) > 0.999);
/// ```
///
/// # Source
/// The birthday bound: 1 - exp(-n(n-1) / 2^(bits+1)); Mitzenmacher and Upfal, *Probability and
/// Computing*, section 5.1.
#[cfg(feature = "std")]
#[must_use]
pub fn collision_probability(count: f64, bits: u32) -> f64 {
    let pairs = count * (count - 1.0).max(0.0) / 2.0;
    let numbers = f64::from(bits).exp2();
    // `exp_m1` keeps the digits of numbers that are nearly 0.
    -(-pairs / numbers).exp_m1()
}
