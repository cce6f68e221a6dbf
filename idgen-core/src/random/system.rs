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

use core::cell::{Cell, RefCell};

use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128Enc, Block};
use idgen_fork::generation;

use super::{RandomSource, in_pieces};

/// Words made at once, the next key not counted: 4 KiB, which the processor's cache hardly feels.
const WORDS: usize = 256;

/// Words made at once where many are asked for: 16 KiB, as long as who asks has them in the cache.
const MOST_WORDS: usize = 1_024;

/// Words after which the operating system is asked again: every 2 MiB. It bounds what a clone of
/// a virtual machine, which no process hears of, has in common with the original.
const WORDS_A_SEED: usize = 128 * 1_024;

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
        STOCK.with(|stock| {
            for words in words.chunks_mut(MOST_WORDS) {
                stock.fill(words);
            }
        });
    }

    fn pieces(&self, count: usize, each: &mut dyn FnMut(&[u128])) {
        STOCK.with(|stock| stock.pieces(count, each));
    }

    #[inline(always)]
    fn word(&self) -> u128 {
        STOCK.with(Stock::word)
    }
}

thread_local! {
    static STOCK: Stock = const { Stock::none() };
}

/// What a thread has in stock: cells rather than a whole that is borrowed, whose flag would have to be
/// written twice for each word.
struct Stock {
    words: [Cell<u128>; WORDS],
    /// How many of the words are left; those from here on are erased.
    left: Cell<usize>,
    /// The process' generation that the words belong to.
    generation: Cell<u64>,
    keys: RefCell<Keys>,
}

impl Stock {
    const fn none() -> Self {
        Self {
            words: [const { Cell::new(0) }; WORDS],
            left: Cell::new(0),
            generation: Cell::new(0),
            keys: RefCell::new(Keys { key: [0; 16], seeded: 0, generation: 0 }),
        }
    }

    #[inline(always)]
    fn word(&self) -> u128 {
        match self.in_stock() {
            Some(word) => word,
            None => self.word_anew(),
        }
    }

    /// A word that is there, and this process' own.
    #[inline(always)]
    fn in_stock(&self) -> Option<u128> {
        if self.generation.get() != generation() {
            return None;
        }
        let last = self.left.get().checked_sub(1)?;
        let word = self.words.get(last)?.take();
        self.left.set(last);
        Some(word)
    }

    #[cold]
    #[inline(never)]
    fn word_anew(&self) -> u128 {
        self.refill();
        self.in_stock().unwrap_or_else(|| {
            // There is a word now: but for a fork just here, which makes it somebody else's.
            let mut word = [0];
            self.key(1).encrypt(&mut word);
            word[0]
        })
    }

    /// Fills these with random bits: from the stock, or where they are as many as that, where they
    /// lie.
    fn fill(&self, out: &mut [u128]) {
        if out.len() >= WORDS {
            return self.key(out.len()).encrypt(out);
        }
        let mut rest = out;
        while !rest.is_empty() {
            if self.left.get() == 0 || self.generation.get() != generation() {
                self.refill();
            }
            let left = self.left.get();
            let (now, later) = rest.split_at_mut(rest.len().min(left));
            let from = left - now.len();
            for (slot, word) in now.iter_mut().zip(&self.words[from..left]) {
                *slot = word.take();
            }
            self.left.set(from);
            rest = later;
        }
    }

    /// Hands out as many words: of keys of their own, or where they are too few for that from the
    /// stock.
    fn pieces(&self, count: usize, each: &mut dyn FnMut(&[u128])) {
        let mut left = count;
        while left >= WORDS {
            let now = left.min(MOST_WORDS);
            left -= self.key(now).pieces(now, each);
        }
        let fill = |words: &mut [u128]| {
            self.fill(words);
            true
        };
        in_pieces(left, fill, each);
    }

    /// Makes all words anew.
    fn refill(&self) {
        self.left.set(0);
        // Read before the key is made: after a fork in between the words are nobody's.
        let born = generation();
        let mut rest = &self.words[..];
        self.key(WORDS).pieces(WORDS, &mut |made| {
            let (words, later) = rest.split_at(made.len());
            for (word, made) in words.iter().zip(made) {
                word.set(*made);
            }
            rest = later;
        });
        self.generation.set(born);
        self.left.set(WORDS);
    }

    /// A key for as many words and no more.
    fn key(&self, words: usize) -> Key {
        match self.keys.try_borrow_mut() {
            Ok(mut keys) => keys.next(words),
            // Nothing that happens while they are borrowed asks for a key.
            Err(_) => Keys { key: [0; 16], seeded: 0, generation: 0 }.next(words),
        }
    }
}

/// Makes a key out of the one before.
struct Keys {
    key: [u8; 16],
    /// Words that may still be made from the seed.
    seeded: usize,
    /// The process' generation that the key belongs to.
    generation: u64,
}

impl Keys {
    /// A key for as many words and no more, which is not kept. The one that is kept takes its place.
    fn next(&mut self, words: usize) -> Key {
        let generation = generation();
        if self.generation != generation {
            // The key is the parent's, too: a seed makes it this process' own.
            (self.seeded, self.generation) = (0, generation);
        }
        if self.seeded < words {
            self.seed();
        }
        self.seeded = self.seeded.saturating_sub(words);
        let key = Key { cipher: Aes128Enc::new(&self.key.into()), generation };
        let mut next = Block::from(u128::MAX.to_le_bytes());
        key.cipher.encrypt_block(&mut next);
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
struct Key {
    cipher: Aes128Enc,
    /// The process' generation that it belongs to.
    generation: u64,
}

impl Key {
    fn encrypt(self, words: &mut [u128]) {
        self.encrypt_from(0, words);
    }

    /// The same piece by piece, each while it is in the processor's first cache; and says how many words there were. In a
    /// child, if who takes them forks, it ends with the piece at which that was: the rest is the parent's.
    fn pieces(self, count: usize, each: &mut dyn FnMut(&[u128])) -> usize {
        let mut first = 0;
        let encrypt = |words: &mut [u128]| {
            if self.generation != generation() {
                return false;
            }
            self.encrypt_from(first, words);
            first += words.len() as u64;
            true
        };
        in_pieces(count, encrypt, each)
    }

    /// Counter mode: each word is the number of its place, encrypted. The number that is all ones
    /// made the next key. Of what one key makes, each place is asked for once.
    fn encrypt_from(&self, first: u64, words: &mut [u128]) {
        for (word, place) in words.iter_mut().zip(first..) {
            *word = place.into();
        }
        let blocks = Array::cast_slice_from_core_mut(bytemuck::cast_slice_mut(words));
        self.cipher.encrypt_blocks(blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::PIECE;
    use std::collections::HashSet;

    #[test]
    fn words_are_distinct_over_refills_seeds_and_threads() {
        let make = || {
            let mut words = vec![0; 3 * WORDS + 7];
            SystemRandom.fill(&mut words);
            words.extend((0..2 * WORDS).map(|_| SystemRandom.word()));
            for count in [1, PIECE + 1, WORDS, MOST_WORDS + WORDS + 1] {
                let before = words.len();
                SystemRandom.pieces(count, &mut |piece| words.extend(piece));
                assert_eq!(words.len() - before, count);
            }
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

    impl Stock {
        fn all(&self) -> [u128; WORDS] {
            core::array::from_fn(|i| self.words[i].get())
        }

        /// What a child of fork has.
        fn copied(&self) -> Self {
            let childs = Self::none();
            for (child, parent) in childs.words.iter().zip(&self.words) {
                child.set(parent.get());
            }
            childs.left.set(self.left.get());
            let Keys { key, seeded, .. } = *self.keys.borrow();
            childs.keys.replace(Keys { key, seeded, generation: u64::MAX });
            childs.generation.set(u64::MAX);
            childs
        }
    }

    #[test]
    fn what_has_left_the_buffer_is_erased_and_so_is_its_key() {
        let stock = Stock::none();
        let first = stock.word();
        let key = stock.keys.borrow().key;
        assert!(!stock.all().contains(&first));
        let mut rest = vec![0; stock.left.get()];
        stock.fill(&mut rest);
        assert!(!rest.contains(&0) && !rest.contains(&first));
        assert_eq!(stock.all(), [0; WORDS]);
        stock.word();
        assert_ne!(stock.keys.borrow().key, key);
    }

    /// A child of fork has a copy of the stock, and another generation.
    #[test]
    fn a_copy_in_another_generation_hands_out_other_words() {
        let parents = Stock::none();
        parents.word();
        let childs = parents.copied();
        let of_child: Vec<_> = (0..2 * WORDS).map(|_| childs.word()).collect();
        let of_parent: Vec<_> = (0..2 * WORDS).map(|_| parents.word()).collect();
        assert!(of_child.iter().all(|word| !of_parent.contains(word)));
    }

    /// Neither in what is in stock nor in what is made where it lies.
    #[test]
    fn a_copy_makes_other_words_in_place_too() {
        let parents = Stock::none();
        let mut made = [0; WORDS];
        parents.fill(&mut made);
        let childs = parents.copied();
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
        let key = || Key { cipher: cipher(), generation: generation() };
        let mut words = [0; 3 * WORDS];
        key().encrypt(&mut words[..WORDS]);
        key().encrypt_from(WORDS as u64, &mut words[WORDS..]);
        for (place, word) in (0_u128..).zip(words) {
            let mut block = Block::from(place.to_ne_bytes());
            cipher().encrypt_block(&mut block);
            assert_eq!(word.to_ne_bytes(), <[u8; 16]>::from(block));
        }
    }
}
