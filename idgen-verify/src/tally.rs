//! Counts and order, as files are read.

use std::io;

use crate::error::Error;
use crate::nodes::Nodes;
use crate::options::Progress;
use crate::order::{Order, Record};
use crate::read::Visitor;
use crate::sorter::Sorter;

/// A word that comes after a greater one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<W> {
    /// The file, from 1 on.
    pub(crate) file: u32,
    pub(crate) record: u64,
    pub(crate) before: W,
    pub(crate) word: W,
}

/// A record that is no id.
#[derive(Clone, Debug)]
pub(crate) struct BadBytes {
    pub(crate) file: u32,
    pub(crate) record: u64,
    pub(crate) bytes: Vec<u8>,
}

/// What is counted of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) ids: u64,
    pub(crate) bad: u64,
    /// Ids that come after a greater one, and those that come after a greater one of their node.
    pub(crate) inversions: u64,
    pub(crate) inversions_of_nodes: u64,
}

/// Bytes of a bad record that are kept to be shown.
const SHOWN: usize = 80;

/// What has been seen of all files so far.
#[derive(Debug)]
pub(crate) struct Tally<W> {
    pub(crate) order: Order<W>,
    pub(crate) nodes: Nodes<W>,
    pub(crate) files: Vec<Counts>,
    pub(crate) bad: Vec<BadBytes>,
    pub(crate) steps: Vec<Step<W>>,
    listed: usize,
}

impl<W: Record> Tally<W> {
    pub(crate) fn new(order: Order<W>, node_bits: u32, listed: usize) -> Self {
        Self {
            order,
            nodes: Nodes::new(node_bits),
            files: Vec::new(),
            bad: Vec::new(),
            steps: Vec::new(),
            listed,
        }
    }
}

/// Reads one file into the tally and the sorter.
pub(crate) struct Reading<'a, W: Record> {
    tally: &'a mut Tally<W>,
    sorter: &'a mut Sorter<W>,
    watch: &'a mut dyn FnMut(Progress),
    name: &'a str,
    file: u32,
    counts: Counts,
    last: Option<W>,
}

impl<'a, W: Record> Reading<'a, W> {
    pub(crate) fn new(
        tally: &'a mut Tally<W>,
        sorter: &'a mut Sorter<W>,
        watch: &'a mut dyn FnMut(Progress),
        name: &'a str,
        file: u32,
    ) -> Self {
        Self { tally, sorter, watch, name, file, counts: Counts::default(), last: None }
    }

    /// The file is read.
    pub(crate) fn end(self) {
        self.tally.files.push(self.counts);
    }

    /// Sees the ids of one node from the front that ascend, of which only the first can be out of order, and says how
    /// many there were. So whatever is kept of nodes is touched once for all of them.
    #[inline]
    fn see(&mut self, record: u64, words: &[W]) -> usize {
        let Tally { order, nodes, .. } = &mut *self.tally;
        let (word, id) = (words[0], order.undressing.node(words[0]));
        let follow = |pair: &&[W]| {
            order.undressing.node(pair[1]) == id
                && (!order.is_meant || order.key(pair[0]) <= order.key(pair[1]))
        };
        let len = 1 + words.windows(2).take_while(follow).count();
        let last = words[len - 1];
        self.counts.ids += len as u64;
        let key = order.key(word);
        let mut before = None;
        match nodes.get(id) {
            Some(node) => {
                node.ids += len as u64;
                if node.file == self.file && order.is_meant && order.key(node.last) > key {
                    node.inversions += 1;
                    before = Some(node.last);
                }
                (node.last, node.file) = (last, self.file);
            }
            None => nodes.other_ids += len as u64,
        }
        let is_step = self.last.is_some_and(|last| order.key(last) > key);
        self.last = Some(last);
        if (is_step && order.is_meant) || before.is_some() {
            self.step(record, before, word, is_step);
        }
        len
    }

    #[cold]
    fn step(&mut self, record: u64, before: Option<W>, word: W, is_step: bool) {
        self.counts.inversions += u64::from(is_step);
        let Some(before) = before else { return };
        self.counts.inversions_of_nodes += 1;
        if self.tally.steps.len() < self.tally.listed {
            self.tally.steps.push(Step { file: self.file, record, before, word });
        }
    }
}

impl<W: Record> Visitor<W> for Reading<'_, W> {
    type Stop = Error;

    #[inline]
    fn ids(&mut self, first: u64, ids: &[W]) -> Result<(), Error> {
        let mut seen = 0;
        while seen < ids.len() {
            seen += self.see(first + seen as u64, &ids[seen..]);
        }
        self.sorter.extend(ids)
    }

    #[cold]
    fn bad(&mut self, record: u64, bytes: &[u8]) -> Result<(), Error> {
        self.counts.bad += 1;
        if self.tally.bad.len() < self.tally.listed {
            let bytes = bytes[..bytes.len().min(SHOWN)].to_vec();
            self.tally.bad.push(BadBytes { file: self.file, record, bytes });
        }
        Ok(())
    }

    fn read(&mut self, bytes: u64) -> Result<(), Error> {
        (self.watch)(Progress::Read(bytes));
        Ok(())
    }

    fn failed(&mut self, source: io::Error) -> Error {
        Error::Read { name: self.name.to_owned(), source }
    }
}
