//! Atomics: the machine's, or loom's where every interleaving is tried.

#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicU64, Ordering};

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};

/// A value alone on its cache lines, so that writing it does not slow down who reads its
/// neighbours. 128 bytes, because processors fetch lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

/// A word that reads 0 in the child of a fork.
#[cfg(all(feature = "std", not(loom)))]
pub(crate) use idgen_fork::ForkCell;

/// Where nothing can fork, or nothing but the orderings matters, it is a plain word.
#[cfg(not(all(feature = "std", not(loom))))]
#[derive(Debug)]
pub(crate) struct ForkCell(AtomicU64);

#[cfg(not(all(feature = "std", not(loom))))]
impl ForkCell {
    pub(crate) fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }
}

#[cfg(not(all(feature = "std", not(loom))))]
impl core::ops::Deref for ForkCell {
    type Target = AtomicU64;

    fn deref(&self) -> &AtomicU64 {
        &self.0
    }
}
