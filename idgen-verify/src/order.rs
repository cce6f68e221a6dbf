//! The order that ids are sorted and checked in: by their time, and then by their word.

use bytemuck::Pod;
use idgen_core::Word;
use idgen_core::layout::{Layout, LayoutError, Undressing};

/// A word that can be written to the disk as it lies in memory.
pub(crate) trait Record: Word + Pod {}

impl Record for u64 {}
impl Record for u128 {}

/// What an id is sorted by.
pub(crate) type Key<W> = (u64, W);

/// The order of the ids of a layout.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order<W> {
    pub(crate) undressing: Undressing<W>,
    /// Whether the order of words is that of their ticks, so that they need not be taken apart.
    by_word: bool,
    /// Whether there is anything that grows.
    pub(crate) is_meant: bool,
    pub(crate) has_ticks: bool,
    /// Whether the numbers of a tick follow each other.
    pub(crate) counts: bool,
}

impl<W: Record> Order<W> {
    pub(crate) fn of(layout: &Layout) -> Result<Self, LayoutError> {
        let has_ticks = layout.tick_bits() > 0;
        Ok(Self {
            undressing: Undressing::new(layout)?,
            by_word: layout.is_time_ordered() || !has_ticks,
            is_meant: layout.tick_bits() + layout.sequence_bits() > 0,
            has_ticks,
            counts: layout.sequence_bits() > 0 && layout.payload_bits() == 0,
        })
    }

    #[inline]
    pub(crate) fn key(&self, word: W) -> Key<W> {
        (if self.by_word { 0 } else { self.undressing.tick(word) }, word)
    }

    /// Sorts; words that lie in few ascending stretches take little more than a look.
    pub(crate) fn sort(&self, words: &mut [W]) {
        if self.by_word {
            words.sort();
        } else {
            words.sort_by_key(|&word| self.key(word));
        }
    }

    /// How many words from the front of a sorted slice are not past a bound.
    #[inline]
    pub(crate) fn up_to(&self, words: &[W], bound: Key<W>) -> usize {
        let fits = |word: &W| self.key(*word) <= bound;
        if words.last().is_none_or(fits) {
            return words.len();
        }
        // Twice as far at each step, then back: short stretches cost little, long ones not more.
        let mut end = 1;
        while end < words.len() && fits(&words[end]) {
            end *= 2;
        }
        let start = end / 2;
        start + words[start..end.min(words.len())].partition_point(fits)
    }
}
