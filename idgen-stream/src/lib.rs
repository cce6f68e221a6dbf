//! Slices written past the caches.
//!
//! A store into a line of memory that is in no cache first fetches the line, so that filling what does
//! not fit the caches moves every byte twice. Streaming stores gather a line and write it whole: half
//! the traffic, and what was in the caches stays there. In return nothing of the slice is in a cache
//! afterwards, so this is for more than fits them.
//!
//! ```
//! let mut words = vec![0_u64; 1_000];
//! idgen_stream::write(&mut words, |i| 7 + i as u64);
//! assert!(words.iter().copied().eq(7..1_007));
//! ```
//!
//! Values of 8 bytes are streamed where the processor has AVX2; others are written as anybody would, since
//! it takes longer to put them together than to write them.
//!
//! # Source
//! Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, section 10.4.6.2, "Caching of
//! Temporal vs. Non-Temporal Data".

use zerocopy::IntoBytes;

/// Whether values of this type are streamed here. Of others whoever calls may know a shorter way than
/// [`write`](write()).
#[must_use]
#[inline]
pub fn streams<T>() -> bool {
    #[cfg(target_arch = "x86_64")]
    return size_of::<T>() == 8 && std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Writes `at(0)`, `at(1)` and so on into a slice, past the caches.
///
/// Other threads see it as any write: it is ordered before whatever the caller does next.
#[inline]
pub fn write<T: Copy + IntoBytes>(out: &mut [T], at: impl Fn(usize) -> T) {
    #[cfg(target_arch = "x86_64")]
    if streams::<T>() {
        #[expect(unsafe_code, reason = "a call of what not every processor can do")]
        // SAFETY: this one has the instructions.
        return unsafe { x86::write(out, at) };
    }
    write_through(out, 0, at);
}

/// Writes `at(first)` and what follows it, by way of the caches.
#[inline]
fn write_through<T>(out: &mut [T], first: usize, at: impl Fn(usize) -> T) {
    for (i, slot) in out.iter_mut().enumerate() {
        *slot = at(first + i);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::{__m256i, _mm_sfence, _mm256_stream_si256};
    use core::array;

    use zerocopy::IntoBytes;

    use super::write_through;

    /// Bytes of a line of cache.
    const LINE: usize = 64;

    /// Values of a line.
    const VALUES: usize = LINE / 8;

    /// Orders streaming stores before what comes after them, also where the caller's closure panics.
    struct Fence;

    impl Drop for Fence {
        fn drop(&mut self) {
            #[expect(unsafe_code, reason = "a call of what not every processor can do")]
            // SAFETY: every processor of this kind can.
            unsafe {
                _mm_sfence();
            }
        }
    }

    /// Writes a slice in whole lines, and what is not whole at its ends through the caches.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn write<T: Copy + IntoBytes>(out: &mut [T], at: impl Fn(usize) -> T) {
        let before = out.as_ptr().align_offset(LINE).min(out.len());
        let (head, rest) = out.split_at_mut(before);
        let (lines, tail) = rest.as_chunks_mut();
        let after = before + lines.len() * VALUES;
        write_through(head, 0, &at);
        let fence = Fence;
        for (i, line) in lines.iter_mut().enumerate() {
            let values = array::from_fn(|k| at(before + i * VALUES + k));
            stream(line, values);
        }
        drop(fence);
        write_through(tail, after, &at);
    }

    /// Stores a line that begins where a line of the cache does.
    #[target_feature(enable = "avx2")]
    #[inline]
    fn stream<T: Copy + IntoBytes>(line: &mut [T; VALUES], values: [T; VALUES]) {
        assert!(size_of_val(line) == LINE, "a line is filled by whole values");
        debug_assert!(line.as_ptr().addr().is_multiple_of(LINE), "a line that begins within one");
        #[expect(unsafe_code, reason = "values as the bytes that they are")]
        // SAFETY: both have the bytes of a line, none of them is uninitialized (`IntoBytes`), and any
        // bytes are a vector.
        let [low, high] =
            unsafe { core::mem::transmute_copy::<[T; VALUES], [__m256i; 2]>(&values) };
        let to = line.as_mut_ptr().cast::<__m256i>();
        #[expect(unsafe_code, reason = "a streaming store goes through a pointer")]
        // SAFETY: the line is ours alone to write, has room for two vectors, and begins at a multiple
        // of 64 bytes, since the slice was cut there. What was in it needs no drop (`Copy`), and the
        // bytes are those of values of its type. The fence comes before `write` returns.
        unsafe {
            _mm256_stream_si256(to, low);
            _mm256_stream_si256(to.add(1), high);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Fills a part of a slice, wherever it begins and ends in a line, and nothing beside it.
    fn filled<T>(len: usize, from: usize, to: usize, at: impl Fn(usize) -> T + Copy)
    where
        T: Copy + IntoBytes + Default + PartialEq + core::fmt::Debug,
    {
        let mut out = vec![T::default(); len];
        write(&mut out[from..to], at);
        for (i, value) in out.iter().enumerate() {
            let expected = if (from..to).contains(&i) { at(i - from) } else { T::default() };
            assert_eq!(*value, expected, "{i} of {from}..{to}");
        }
    }

    proptest! {
        #[test]
        fn writes_what_it_is_told_and_nothing_beside(
            len in 0_usize..200, ends in any::<(prop::sample::Index, prop::sample::Index)>(), base: u64,
        ) {
            let (one, other) = (ends.0.index(len + 1), ends.1.index(len + 1));
            let (from, to) = (one.min(other), one.max(other));
            filled(len, from, to, |i| base.wrapping_add(i as u64));
            filled(len, from, to, |i| (base ^ i as u64).to_be_bytes());
            // Sizes that are not streamed.
            filled(len, from, to, |i| base as u32 ^ i as u32);
            filled(len, from, to, |i| u128::from(base).wrapping_mul(i as u128 + 1));
            filled(len, from, to, |i| [base as u8, i as u8, 1]);
        }
    }

    /// What another thread reads that was told of it.
    #[test]
    fn another_thread_sees_it() {
        let (give, take) = std::sync::mpsc::channel::<Vec<u64>>();
        let reader = std::thread::spawn(move || {
            for (round, words) in take.iter().enumerate() {
                assert!(words.iter().enumerate().all(|(i, word)| *word == (round + i) as u64));
            }
        });
        for round in 0..100 {
            let mut words = vec![0; 1_000];
            write(&mut words, |i| (round + i) as u64);
            give.send(words).unwrap();
        }
        drop(give);
        reader.join().unwrap();
    }

    #[test]
    fn a_panic_leaves_a_whole_slice() {
        let mut words = vec![1_u64; 100];
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            write(&mut words, |i| if i == 50 { panic!("enough") } else { 2 });
        }));
        assert!(ended.is_err());
        assert!(words.iter().all(|word| matches!(word, 1 | 2)));
        assert_eq!(words[99], 1);
    }
}
