//! The cryptographically secure source: a keystream of each thread, seeded by the operating system.
//!
//! Architecture invariant: no word is handed out twice. A word is erased from the buffer as it
//! leaves, the key that made the buffer is overwritten by a part of its own keystream before the
//! first word leaves (so nobody who reads the memory learns what was handed out), and a buffer
//! made in another process of a fork is thrown away.
//!
//! # Source
//! D. J. Bernstein, *Fast-key-erasure random-number generators*, 2017. AES: FIPS 197; counter mode:
//! NIST SP 800-38A, section 6.5.

use core::cell::RefCell;

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128Enc, Block};
use idgen_fork::generation;

use super::RandomSource;

/// Words made at once, the next key not counted: 2 KiB, which the processor's cache hardly feels.
const WORDS: usize = 128;

/// Words made at once where many are asked for: 16 KiB, as long as who asks has them in the cache.
const MOST_WORDS: usize = 8 * WORDS;

/// Words after which the operating system is asked again: every 2 MiB. It bounds what a clone of
/// a virtual machine, which no process hears of, has in common with the original.
const WORDS_A_SEED: usize = 1_024 * WORDS;

/// The cryptographically secure source of ids: AES-128 in counter mode, by a key that is the
/// thread's own and replaced with each buffer.
///
/// It is safe after fork: the child starts from a seed of its own. A clone of a virtual machine
/// may repeat up to 2 MiB of what each thread of the original yields next, which is the rest of
/// the current seed's share.
///
/// # Panics
/// If the operating system has no random bits to give, when a thread first asks, after a fork, and
/// at every 2 MiB.
///
/// # Example
/// ```
/// use idgen_core::random::{RandomSource, SystemRandom};
///
/// assert_ne!(SystemRandom.word(), SystemRandom.word());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl RandomSource for SystemRandom {
    fn fill(&self, words: &mut [u128]) {
        KEYSTREAM.with_borrow_mut(|keystream| {
            for words in words.chunks_mut(MOST_WORDS) {
                keystream.fill(words);
            }
        });
    }

    #[inline(always)]
    fn word(&self) -> u128 {
        let word = KEYSTREAM.with(|keystream| Some(keystream.try_borrow_mut().ok()?.word()));
        // Nothing that happens while it is borrowed asks for a word.
        word.unwrap_or_else(|| { Keystream::EMPTY }.word())
    }
}

thread_local! {
    static KEYSTREAM: RefCell<Keystream> = const { RefCell::new(Keystream::EMPTY) };
}

/// What a thread has in stock.
struct Keystream {
    words: [u128; WORDS],
    /// How many of the words are left; those from here on are erased.
    left: usize,
    key: [u8; 16],
    /// Words that may still be made from the seed.
    seeded: usize,
    /// The process' generation that the stock belongs to.
    generation: u64,
}

impl Keystream {
    const EMPTY: Self = Self { words: [0; WORDS], left: 0, key: [0; 16], seeded: 0, generation: 0 };

    #[inline(always)]
    fn word(&mut self) -> u128 {
        if self.left == 0 || self.generation != generation() {
            self.refill();
        }
        self.left -= 1;
        core::mem::take(&mut self.words[self.left])
    }

    /// Fills these with random bits: from the stock, or where they are as many as that, where they
    /// lie.
    fn fill(&mut self, mut out: &mut [u128]) {
        if out.len() >= WORDS {
            return self.key(out.len()).encrypt(out);
        }
        while !out.is_empty() {
            if self.left == 0 || self.generation != generation() {
                self.refill();
            }
            let (now, later) = out.split_at_mut(out.len().min(self.left));
            self.take(now);
            out = later;
        }
    }

    /// Hands out as many words as asked for, which are there.
    fn take(&mut self, out: &mut [u128]) {
        let from = self.left - out.len();
        out.copy_from_slice(&self.words[from..self.left]);
        self.words[from..self.left].fill(0);
        self.left = from;
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        self.key(WORDS).encrypt(&mut self.words);
        self.left = WORDS;
    }

    /// A key for as many words and no more, which is not kept. The one that is kept takes its place.
    fn key(&mut self, words: usize) -> Key {
        let generation = generation();
        if self.generation != generation {
            // What is there is the parent's.
            (self.words, self.left, self.seeded) = ([0; WORDS], 0, 0);
            self.generation = generation;
        }
        if self.seeded < words {
            self.seed();
        }
        self.seeded = self.seeded.saturating_sub(words);
        let key = Key(Aes128Enc::new(&self.key.into()));
        let mut next = Block::from(u128::MAX.to_le_bytes());
        key.0.encrypt_block(&mut next);
        self.key = next.into();
        key
    }

    /// A key from the operating system, mixed with the one there was.
    #[expect(clippy::expect_used, reason = "ids must not be made of bits that are not random")]
    fn seed(&mut self) {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).expect("the operating system has no random bits to give");
        for (key, seed) in self.key.iter_mut().zip(seed) {
            *key ^= seed;
        }
        self.seeded = WORDS_A_SEED;
    }
}

/// A key that words are made with once.
struct Key(Aes128Enc);

impl Key {
    /// Counter mode: each word is the number of its place, encrypted. The number that is all ones
    /// made the next key.
    fn encrypt(self, words: &mut [u128]) {
        for (word, place) in words.iter_mut().zip(0_u64..) {
            *word = place.into();
        }
        let blocks = Array::cast_slice_from_core_mut(bytemuck::cast_slice_mut(words));
        self.0.encrypt_blocks(blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn words_are_distinct_over_refills_seeds_and_threads() {
        let make = || {
            let mut words = vec![0; 3 * WORDS + 7];
            SystemRandom.fill(&mut words);
            words.extend((0..2 * WORDS).map(|_| SystemRandom.word()));
            words
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(make)).collect();
        let mut all = make();
        all.extend(threads.into_iter().flat_map(|thread| thread.join().unwrap()));
        let distinct: HashSet<_> = all.iter().collect();
        assert_eq!((distinct.len(), distinct.contains(&0)), (all.len(), false));
    }

    /// Each bit is set about half the time: 8 deviations of a fair coin are let pass.
    #[test]
    fn no_bit_is_stuck() {
        let words: Vec<u128> = (0..10_000).map(|_| SystemRandom.word()).collect();
        for bit in 0..128 {
            let set = words.iter().filter(|&word| word >> bit & 1 == 1).count();
            assert!((4_600..5_400).contains(&set), "bit {bit} was set {set} times in 10,000");
        }
    }

    #[test]
    fn what_has_left_the_buffer_is_erased_and_so_is_its_key() {
        let mut stock = Keystream::EMPTY;
        let first = stock.word();
        let key = stock.key;
        assert!(!stock.words.contains(&first));
        let mut rest = vec![0; stock.left];
        stock.fill(&mut rest);
        assert_eq!(stock.words, [0; WORDS]);
        stock.word();
        assert_ne!(stock.key, key);
    }

    /// A child of fork has a copy of the stock, and another generation.
    #[test]
    fn a_copy_in_another_generation_hands_out_other_words() {
        let mut parents = Keystream::EMPTY;
        parents.word();
        let mut childs = Keystream { ..parents };
        childs.generation = u64::MAX;
        let (parents, childs) = (parents.word(), childs.word());
        assert_ne!(parents, childs);
    }

    /// Neither in what is in stock nor in what is made where it lies.
    #[test]
    fn a_copy_makes_other_words_in_place_too() {
        let mut parents = Keystream::EMPTY;
        let mut made = [0; WORDS];
        parents.fill(&mut made);
        let mut childs = Keystream { ..parents };
        childs.generation = u64::MAX;
        let mut of_child = [0; WORDS];
        childs.fill(&mut of_child);
        parents.fill(&mut made);
        assert!(of_child.iter().all(|word| !made.contains(word)));
    }

    /// FIPS 197, appendix C.1.
    #[test]
    fn reference_aes_128() {
        let key: [u8; 16] = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let mut block = Block::from_fn(|i| u8::try_from(i * 0x11).unwrap());
        Aes128Enc::new(&key.into()).encrypt_block(&mut block);
        let expected = 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128;
        assert_eq!(<[u8; 16]>::from(block), expected.to_be_bytes());
    }

    /// SP 800-38A has no vectors whose counter begins at 0; so this holds each place against the
    /// cipher itself.
    #[test]
    fn each_word_is_its_place_encrypted() {
        let cipher = || Aes128Enc::new(&[7; 16].into());
        let mut words = [0; 3 * WORDS];
        Key(cipher()).encrypt(&mut words);
        for (place, word) in (0_u128..).zip(words) {
            let mut block = Block::from(place.to_ne_bytes());
            cipher().encrypt_block(&mut block);
            assert_eq!(word.to_ne_bytes(), <[u8; 16]>::from(block));
        }
    }
}
