//! Words that the handler sets to zero, on a list that only grows.

use std::fmt;
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

use crate::handler;

/// An atomic word that reads 0 in every child of a fork, until the child itself writes to it.
///
/// The memory of a dropped cell is used again by a later one.
///
/// # Example
/// ```
/// use idgen_fork::ForkCell;
/// use std::sync::atomic::Ordering;
///
/// let end = ForkCell::new(4_096);
/// end.store(8_192, Ordering::Release);
/// assert_eq!(end.load(Ordering::Acquire), 8_192);
/// ```
pub struct ForkCell {
    slot: &'static Slot,
}

/// A place on the list, on cache lines of its own: the word is read for each id.
#[repr(align(128))]
struct Slot {
    /// What the cell's owner says. The handler stores 0, in a child that has one thread.
    word: AtomicU64,
    /// Whether a cell owns the slot. Taken with acquire and given back with release, so that the
    /// next owner's words come after the last one's.
    owned: AtomicBool,
    /// The slot made before this one. Written before the slot is on the list, read-only then.
    next: Option<&'static Slot>,
}

/// The slot made last. Compared and exchanged with release; who acquires it sees the slot whole,
/// and those before it. No lock: a child forked while another thread held it would wait for ever.
static LAST: AtomicPtr<Slot> = AtomicPtr::new(ptr::null_mut());

fn last() -> Option<&'static Slot> {
    #[expect(unsafe_code, reason = "a shared reference from a pointer that threads exchange")]
    // SAFETY: the pointer is null or comes from `Box::leak` in `push`, so what it points to is
    // valid, initialised and never freed; nobody has a mutable reference to it.
    unsafe {
        LAST.load(Ordering::Acquire).as_ref()
    }
}

/// The slots, from the youngest on.
fn slots() -> impl Iterator<Item = &'static Slot> {
    std::iter::successors(last(), |slot| slot.next)
}

/// Makes a slot that is owned already.
fn push() -> &'static Slot {
    let slot = Slot { word: AtomicU64::new(0), owned: AtomicBool::new(true), next: None };
    let slot = Box::leak(Box::new(slot));
    loop {
        let next = last();
        slot.next = next;
        let expected = next.map_or(ptr::null_mut(), |next| ptr::from_ref(next).cast_mut());
        let raw = ptr::from_mut(slot);
        if LAST.compare_exchange(expected, raw, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            return slot;
        }
    }
}

impl Slot {
    /// Takes the slot, if nobody has it.
    fn take(&self) -> bool {
        !self.owned.load(Ordering::Relaxed) && !self.owned.swap(true, Ordering::Acquire)
    }
}

impl ForkCell {
    /// A cell that holds this value in this process.
    ///
    /// # Panics
    /// If it is the first and the operating system has no memory to register the fork handler.
    #[must_use]
    pub fn new(value: u64) -> Self {
        handler::register();
        let slot = slots().find(|slot| slot.take()).unwrap_or_else(push);
        slot.word.store(value, Ordering::Relaxed);
        Self { slot }
    }
}

impl ForkCell {
    /// The word itself, for who reads it often: one load less than through the cell.
    ///
    /// It is the cell's as long as the cell lives, and somebody else's afterwards: keep the two
    /// together.
    #[inline]
    #[must_use]
    pub fn word(&self) -> &'static AtomicU64 {
        &self.slot.word
    }
}

impl Deref for ForkCell {
    type Target = AtomicU64;

    #[inline]
    fn deref(&self) -> &AtomicU64 {
        &self.slot.word
    }
}

impl Drop for ForkCell {
    fn drop(&mut self) {
        self.slot.word.store(0, Ordering::Relaxed);
        self.slot.owned.store(false, Ordering::Release);
    }
}

impl fmt::Debug for ForkCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForkCell({})", self.load(Ordering::Relaxed))
    }
}

/// Sets every word to 0. Runs in a child of fork: no lock, no allocation.
pub(crate) fn clear_all() {
    for slot in slots() {
        slot.word.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_cell_leaves_its_place_to_the_next() {
        let cells: Vec<_> = (1..=20).map(ForkCell::new).collect();
        assert!(cells.iter().zip(1..).all(|(cell, value)| cell.load(Ordering::Relaxed) == value));
        let mut places: Vec<_> = cells.iter().map(|cell| ptr::from_ref(cell.slot)).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 20, "two cells share a word");
        drop(cells);
        let again = ForkCell::new(7);
        assert!(places.contains(&ptr::from_ref(again.slot)), "memory grows without need");
    }

    #[test]
    fn cells_made_at_once_are_apart() {
        let all: Vec<ForkCell> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8_u64)
                .map(|t| {
                    scope.spawn(move || {
                        (0..100).map(|i| ForkCell::new(t * 100 + i + 1)).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        });
        let mut values: Vec<u64> = all.iter().map(|cell| cell.load(Ordering::Relaxed)).collect();
        values.sort_unstable();
        assert_eq!(values, (1..=800).collect::<Vec<_>>());
    }
}
