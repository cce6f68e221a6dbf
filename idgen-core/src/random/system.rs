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

use aes::Aes128;
use ctr::cipher::{KeyIvInit, StreamCipher};
use idgen_fork::generation;

use super::RandomSource;

/// Words made at once, the next key not counted: 2 KiB, which the processor's cache hardly feels.
const WORDS: usize = 128;

/// Buffers after which the operating system is asked again: every 2 MiB. It bounds what a clone of
/// a virtual machine, which no process hears of, has in common with the original.
const BUFFERS_A_SEED: u32 = 1_024;

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
            let mut rest = words;
            while !rest.is_empty() {
                let (now, later) = rest.split_at_mut(rest.len().min(keystream.left()));
                keystream.take(now);
                rest = later;
            }
        });
    }

    #[inline]
    fn word(&self) -> u128 {
        KEYSTREAM.with_borrow_mut(Keystream::word)
    }
}

thread_local! {
    static KEYSTREAM: RefCell<Keystream> = const { RefCell::new(Keystream::EMPTY) };
}

type Aes128Ctr = ctr::Ctr64LE<Aes128>;

/// What a thread has in stock.
struct Keystream {
    words: [u128; WORDS],
    /// How many of the words are left; those from here on are erased.
    left: usize,
    key: [u8; 16],
    /// Buffers that may still be made from the seed.
    buffers: u32,
    /// The process' generation that the stock belongs to.
    generation: u64,
}

impl Keystream {
    const EMPTY: Self =
        Self { words: [0; WORDS], left: 0, key: [0; 16], buffers: 0, generation: 0 };

    #[inline]
    fn word(&mut self) -> u128 {
        if self.left == 0 || self.generation != generation() {
            self.refill();
        }
        self.left -= 1;
        core::mem::take(&mut self.words[self.left])
    }

    /// Words that can be had before the next refill; refills where there is none.
    fn left(&mut self) -> usize {
        if self.left == 0 || self.generation != generation() {
            self.refill();
        }
        self.left
    }

    /// Hands out as many words as asked for, which are there.
    fn take(&mut self, out: &mut [u128]) {
        let from = self.left - out.len();
        out.copy_from_slice(&self.words[from..self.left]);
        self.words[from..self.left].fill(0);
        self.left = from;
    }

    #[cold]
    fn refill(&mut self) {
        let generation = generation();
        if self.buffers == 0 || self.generation != generation {
            self.seed();
            self.generation = generation;
        }
        self.buffers -= 1;
        let mut cipher = Aes128Ctr::new(&self.key.into(), &[0; 16].into());
        // The first block is the next key, and the rest is for the ids.
        self.key = [0; 16];
        cipher.apply_keystream(&mut self.key);
        self.words = [0; WORDS];
        cipher.apply_keystream(bytemuck::cast_slice_mut(&mut self.words));
        self.left = WORDS;
    }

    /// A key from the operating system, mixed with the one there was.
    #[expect(clippy::expect_used, reason = "ids must not be made of bits that are not random")]
    fn seed(&mut self) {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).expect("the operating system has no random bits to give");
        for (key, seed) in self.key.iter_mut().zip(seed) {
            *key ^= seed;
        }
        self.buffers = BUFFERS_A_SEED;
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
        let mut rest = vec![0; stock.left()];
        stock.take(&mut rest);
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

    /// FIPS 197, appendix C.1, by way of counter mode: the block is the counter.
    #[test]
    fn reference_aes_128() {
        let key: [u8; 16] = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let block: [u8; 16] = core::array::from_fn(|i| u8::try_from(i * 0x11).unwrap());
        let mut stream = [0; 16];
        Aes128Ctr::new(&key.into(), &block.into()).apply_keystream(&mut stream);
        assert_eq!(u128::from_be_bytes(stream), 0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a);
    }
}
