//! What is known of each node.

use std::collections::HashMap;

use idgen_core::Word;

/// Most nodes that are told apart. Ids of further ones are counted and compared, but their order and
/// gaps are not looked at: a scheme with that many nodes draws them at random.
pub(crate) const MAX_NODES: usize = 1 << 16;

/// What is known of one node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<W> {
    pub(crate) node: u64,
    pub(crate) ids: u64,
    pub(crate) inversions: u64,
    /// The last word, and the file that it was in, while files are read.
    pub(crate) last: W,
    pub(crate) file: u32,
    pub(crate) ticks: Ticks,
    /// Number of the last id in its tick, and how many were left out within ticks.
    pub(crate) sequence: u64,
    pub(crate) left_out: u64,
}

/// Ticks that ids are of, as they pass in order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ticks {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// How many have ids.
    pub(crate) count: u64,
    /// The most ticks from one with ids to the next, and the first of the two.
    pub(crate) widest: u64,
    pub(crate) widest_from: u64,
}

impl Ticks {
    /// Sees a tick, and says whether it is the last one again.
    #[inline]
    pub(crate) fn see(&mut self, tick: u64) -> bool {
        if tick == self.last && self.count > 0 {
            return true;
        }
        if self.count > 0 {
            let wide = tick.saturating_sub(self.last);
            if wide > self.widest {
                (self.widest, self.widest_from) = (wide, self.last);
            }
            self.count += 1;
        } else {
            self.first = tick;
            self.count = 1;
        }
        self.last = tick;
        false
    }
}

/// All nodes.
#[derive(Debug)]
pub(crate) struct Nodes<W> {
    pub(crate) known: Vec<Node<W>>,
    /// Place among the known of each node id, from 1 on, where the layout has few enough.
    dense: Vec<u32>,
    sparse: HashMap<u64, u32>,
    /// Ids of nodes that are one too many.
    pub(crate) other_ids: u64,
}

impl<W: Word> Nodes<W> {
    pub(crate) fn new(node_bits: u32) -> Self {
        let dense =
            if node_bits <= MAX_NODES.ilog2() { vec![0; 1 << node_bits] } else { Vec::new() };
        Self { known: Vec::new(), dense, sparse: HashMap::new(), other_ids: 0 }
    }

    /// The node of this id, which is known from now on if there is room.
    #[inline]
    pub(crate) fn get(&mut self, node: u64) -> Option<&mut Node<W>> {
        let index = usize::try_from(node).unwrap_or(usize::MAX);
        let place = match self.dense.get(index) {
            Some(&place) => place,
            None if self.dense.is_empty() => self.sparse.get(&node).copied().unwrap_or(0),
            None => 0,
        };
        if place == 0 {
            return self.add(node);
        }
        self.known.get_mut(place as usize - 1)
    }

    #[cold]
    fn add(&mut self, node: u64) -> Option<&mut Node<W>> {
        if self.known.len() == MAX_NODES {
            return None;
        }
        self.known.push(Node {
            node,
            ids: 0,
            inversions: 0,
            last: W::default(),
            file: 0,
            ticks: Ticks::default(),
            sequence: 0,
            left_out: 0,
        });
        let place = u32::try_from(self.known.len()).unwrap_or(0);
        match usize::try_from(node).ok().and_then(|index| self.dense.get_mut(index)) {
            Some(slot) => *slot = place,
            None => {
                self.sparse.insert(node, place);
            }
        }
        self.known.last_mut()
    }
}
