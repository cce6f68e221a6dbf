//! Sorted pieces become one ascending stream.
//!
//! The piece with the least word gives all its words up to the least of the others at once: of
//! pieces that do not overlap, that is all of them, for one comparison.

use std::io::Read;
use std::path::Path;

use crate::error::Error;
use crate::order::{Key, Order, Record};
use crate::sorter::Spill;

/// A sorted piece, as far as it is not merged yet.
#[derive(Debug)]
pub(crate) struct Run<W> {
    words: Vec<W>,
    at: usize,
    rest: Option<(Spill, String)>,
}

impl<W: Record> Run<W> {
    pub(crate) fn in_memory(words: Vec<W>) -> Self {
        Self { words, at: 0, rest: None }
    }

    /// A piece that is read so many words at a time.
    pub(crate) fn on_disk(spill: Spill, words: usize, folder: &Path) -> Result<Self, Error> {
        let rest = Some((spill, folder.display().to_string()));
        let mut run = Self { words: vec![W::zeroed(); words], at: 0, rest };
        run.refill()?;
        Ok(run)
    }

    fn refill(&mut self) -> Result<(), Error> {
        self.at = 0;
        let Some((spill, folder)) = &mut self.rest else {
            self.words = Vec::new();
            return Ok(());
        };
        let left = usize::try_from(spill.words).unwrap_or(usize::MAX);
        self.words.truncate(left);
        let failed = |source| Error::Temporary { folder: folder.clone(), source };
        let bytes = bytemuck::cast_slice_mut(&mut self.words);
        spill.file.read_exact(bytes).map_err(failed)?;
        spill.words -= self.words.len() as u64;
        Ok(())
    }

    fn left(&self) -> &[W] {
        &self.words[self.at..]
    }

    fn advance(&mut self, words: usize) -> Result<(), Error> {
        self.at += words;
        if self.at == self.words.len() { self.refill() } else { Ok(()) }
    }
}

/// The merge of pieces.
#[derive(Debug)]
pub(crate) struct Merge<W> {
    order: Order<W>,
    runs: Vec<Run<W>>,
    /// The least word of each piece with its place, as a heap with the least of all in front.
    heap: Vec<(Key<W>, usize)>,
}

impl<W: Record> Merge<W> {
    pub(crate) fn new(order: Order<W>, runs: Vec<Run<W>>) -> Self {
        let firsts = runs.iter().enumerate();
        let firsts = firsts.filter_map(|(i, run)| Some((order.key(*run.left().first()?), i)));
        let mut heap: Vec<_> = firsts.collect();
        // A sorted list is a heap.
        heap.sort_unstable();
        Self { order, runs, heap }
    }

    /// Hands out all words, in ascending stretches.
    pub(crate) fn each(
        mut self,
        mut see: impl FnMut(&[W]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        while let Some(&(_, least)) = self.heap.first() {
            let run = &mut self.runs[least];
            let others = self.heap.get(1..3.min(self.heap.len())).unwrap_or(&[]);
            let words = match others.iter().min() {
                Some(&(bound, _)) => self.order.up_to(run.left(), bound),
                None => run.left().len(),
            };
            see(&run.left()[..words])?;
            run.advance(words)?;
            match run.left().first() {
                Some(&word) => self.heap[0].0 = self.order.key(word),
                None => {
                    self.heap.swap_remove(0);
                }
            }
            self.sift();
        }
        Ok(())
    }

    /// Puts the first where it belongs.
    fn sift(&mut self) {
        let heap = &mut self.heap;
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let Some(left_key) = heap.get(left) else { return };
            let child =
                if heap.get(right).is_some_and(|key| key < left_key) { right } else { left };
            if heap[at] <= heap[child] {
                return;
            }
            heap.swap(at, child);
            at = child;
        }
    }
}
