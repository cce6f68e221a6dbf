//! Words in ascending order: equal ones are neighbours, and the ticks of a node pass in order.

use crate::nodes::{Nodes, Ticks};
use crate::order::{Order, Record};

/// What is seen of words in ascending order.
#[derive(Debug)]
pub(crate) struct Scan<'a, W> {
    order: Order<W>,
    nodes: &'a mut Nodes<W>,
    listed: usize,
    last: Option<W>,
    /// How often the last has come.
    times: u64,
    pub(crate) words: u64,
    pub(crate) distinct: u64,
    /// Words that came more than once, and how many came beyond the first of each.
    pub(crate) repeated: u64,
    pub(crate) further: u64,
    /// The first of them, and how often they came.
    pub(crate) first: Vec<(W, u64)>,
    pub(crate) ticks: Ticks,
    /// The tick and the node that words are of at present, as far as they have come.
    at: Option<Undressed>,
    /// Numbers that were left out of them, and are not counted of the node yet.
    left_out: u64,
}

impl<'a, W: Record> Scan<'a, W> {
    pub(crate) fn new(order: Order<W>, nodes: &'a mut Nodes<W>, listed: usize) -> Self {
        Self {
            order,
            nodes,
            listed,
            last: None,
            times: 0,
            words: 0,
            distinct: 0,
            repeated: 0,
            further: 0,
            first: Vec::new(),
            ticks: Ticks::default(),
            at: None,
            left_out: 0,
        }
    }

    /// The words that come next.
    #[inline]
    pub(crate) fn see(&mut self, words: &[W]) {
        self.words += words.len() as u64;
        for &word in words {
            if self.last == Some(word) {
                self.times += 1;
                continue;
            }
            if self.times > 1 {
                self.repeat();
            }
            (self.last, self.times) = (Some(word), 1);
            self.distinct += 1;
            if self.order.has_ticks {
                self.tick(word);
            }
        }
    }

    #[inline]
    fn tick(&mut self, word: W) {
        let now = Undressed::of(&self.order, word);
        match &mut self.at {
            // Of one tick and node, so that they ascend; equal ones differ in random bits.
            Some(at) if (at.tick, at.node) == (now.tick, now.node) => {
                self.left_out += now.sequence.saturating_sub(at.sequence).saturating_sub(1);
                at.sequence = now.sequence;
            }
            _ => self.enter(now),
        }
    }

    /// Words of another tick or another node begin.
    fn enter(&mut self, now: Undressed) {
        self.leave();
        self.ticks.see(now.tick);
        if let Some(node) = self.nodes.get(now.node)
            && node.ticks.see(now.tick)
        {
            // The node had the tick before, and others came between.
            node.left_out += now.sequence.saturating_sub(node.sequence).saturating_sub(1);
        }
        self.at = Some(now);
    }

    /// Counts of the node what was left out.
    fn leave(&mut self) {
        let Some(at) = self.at.take() else { return };
        if let Some(node) = self.nodes.get(at.node) {
            node.left_out += self.left_out;
            node.sequence = at.sequence;
        }
        self.left_out = 0;
    }

    #[cold]
    fn repeat(&mut self) {
        self.repeated += 1;
        self.further += self.times - 1;
        if let Some(word) = self.last
            && self.first.len() < self.listed
        {
            self.first.push((word, self.times));
        }
    }

    /// There are no more.
    pub(crate) fn end(&mut self) {
        if self.times > 1 {
            self.repeat();
        }
        self.times = 0;
        self.leave();
    }
}

/// What a tick's place is told by.
#[derive(Debug)]
struct Undressed {
    tick: u64,
    node: u64,
    sequence: u64,
}

impl Undressed {
    #[inline]
    fn of<W: Record>(order: &Order<W>, word: W) -> Self {
        let undressing = &order.undressing;
        Self {
            tick: undressing.tick(word),
            node: undressing.node(word),
            sequence: if order.counts { undressing.sequence(word) } else { 0 },
        }
    }
}
