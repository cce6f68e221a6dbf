//! From positions of the line to words: the one place where ids are made at speed.

use super::axis::Axis;
use super::cut::Cut;
use super::{Kind, Layout, LayoutError, Parts, RangeError};
use crate::Word;
#[cfg(feature = "std")]
use crate::word::Plain;

/// What turns the positions of one node's line into words: shifts, masks, and the bits that stay
/// the same.
///
/// A holder of a block of 2^k node ids has k more bits in its positions: they are dressed into
/// the low bits of the node field, in an order that keeps words growing with positions.
///
/// # Example
/// ```
/// use idgen_core::layout::{Dressing, Layout};
///
/// let layout: Layout = "41:10:12".parse()?;
/// let dressing = Dressing::<u64>::new(&layout, 7, 0)?;
/// let word = dressing.dress(dressing.axis().first_of(3) + 17);
/// assert_eq!(word, 3 << 22 | 7 << 12 | 17);
///
/// // Node ids 32 to 63 together: what comes after sequence 4095 of node 32 is node 33.
/// let block = Dressing::<u64>::new(&layout, 32, 5)?;
/// assert_eq!(block.dress(4096), 33 << 12);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dressing<W> {
    /// Node id and constants.
    base: W,
    cut: Cut,
}

impl<W: Word> Dressing<W> {
    /// The dressing of a node, or of the block of 2^`block_bits` node ids that starts with it.
    ///
    /// # Errors
    /// If the node id is out of range, the block is not aligned or larger than the node field,
    /// the word is not as wide as the layout, or the layout's tick and sequence have more than 64
    /// bits or lie in more than four runs.
    pub fn new(layout: &Layout, node: u64, block_bits: u32) -> Result<Self, DressingError> {
        let parts = Parts { node, ..Parts::default() };
        let base = layout.pack(parts).map_err(DressingError::Range)?;
        let base = W::from_u128(base)
            .filter(|_| u32::from(layout.width()) == W::BITS)
            .ok_or(LayoutError::Width { width: layout.width() })?;
        if block_bits > layout.node_bits()
            || block_bits >= 64
            || !node.is_multiple_of(1 << block_bits)
        {
            let node_bits = layout.node_bits();
            return Err(LayoutError::Block { node, bits: block_bits, node_bits }.into());
        }
        Ok(Self { base, cut: Cut::of(layout, block_bits)? })
    }

    /// How positions are made of ticks and sequence numbers.
    #[must_use]
    #[inline]
    pub const fn axis(&self) -> Axis {
        self.cut.axis
    }

    /// The word of a position. A position at or past [`Axis::end`] has none: a line's horizon
    /// keeps it from being asked for.
    #[must_use]
    #[inline]
    pub fn dress(&self, position: u64) -> W {
        debug_assert!(position < self.cut.axis.end(), "position past the layout's end");
        self.cut.dress(self.base, position)
    }

    /// The same where the compiler knows how positions are cut, which is as here.
    #[inline(always)]
    pub(crate) fn dress_by(&self, cut: Cut, position: u64) -> W {
        debug_assert!(position < self.cut.axis.end() && cut == self.cut, "another layout's");
        cut.dress(self.base, position)
    }

    /// How positions are cut.
    pub(crate) const fn cut(&self) -> &Cut {
        &self.cut
    }

    /// What is between the words of neighbouring positions, within a stretch of low bits.
    #[inline]
    pub(crate) fn step(&self) -> W {
        W::place(1, self.cut.low_to)
    }

    /// The position after the last of this one's stretch of low bits.
    #[inline]
    pub(crate) const fn stretch_end(&self, position: u64) -> u64 {
        (position | self.cut.low_mask).saturating_add(1)
    }

    /// Writes the words of the positions from `start` on.
    ///
    /// Words of neighbouring positions differ by a constant within a run of low bits, so that
    /// most of this is one addition a word, which compilers turn into vector instructions.
    #[inline]
    pub fn dress_run<T>(&self, start: u64, out: &mut [T], wrap: impl Fn(W) -> T) {
        self.stretches(start, out, |stretch, word| self.write(stretch, word, &wrap));
    }

    /// Writes a stretch.
    #[inline]
    fn write<T>(&self, stretch: &mut [T], word: W, wrap: &impl Fn(W) -> T) {
        // Where the compiler sees that words are counted by ones it writes several at once.
        if self.cut.low_to == 0 {
            count_on(stretch, word, W::place(1, 0), wrap);
        } else {
            count_on(stretch, word, self.step(), wrap);
        }
    }

    /// The same past the caches, for runs that do not fit them.
    #[cfg(feature = "std")]
    pub(crate) fn dress_run_past_caches<T>(&self, start: u64, out: &mut [T], wrap: impl Fn(W) -> T)
    where
        T: Plain,
    {
        self.stretches(start, out, |stretch, word| {
            if stretch.len() < WORTH_STREAMING || !idgen_stream::streams::<T>() {
                self.write(stretch, word, &wrap);
            } else {
                let low_to = self.cut.low_to;
                idgen_stream::write(stretch, |i| wrap(word.plus(W::place(i as u64, low_to))));
            }
        });
    }

    /// Calls `each` for the parts of a run in which words are counted by steps, with the first word of
    /// each.
    #[inline]
    fn stretches<T>(&self, start: u64, out: &mut [T], each: impl Fn(&mut [T], W)) {
        let mut position = start;
        let mut rest = out;
        while !rest.is_empty() {
            let until_carry = self.cut.low_mask - (position & self.cut.low_mask);
            let len = usize::try_from(until_carry).map_or(rest.len(), |n| rest.len().min(n + 1));
            let (stretch, tail) = rest.split_at_mut(len);
            each(stretch, self.dress(position));
            position += len as u64;
            rest = tail;
        }
    }
}

/// Stretches of fewer words are not worth the fence that ends a write past the caches.
#[cfg(feature = "std")]
const WORTH_STREAMING: usize = 256;

/// Writes this word and those that follow it by steps.
#[inline(always)]
fn count_on<W: Word, T>(out: &mut [T], mut word: W, step: W, wrap: &impl Fn(W) -> T) {
    // In blocks, so that the compiler unrolls them: a loop of two stores is as fast as the place that
    // it happens to get in the program.
    let (blocks, last) = out.as_chunks_mut::<16>();
    for block in blocks {
        for slot in block {
            *slot = wrap(word);
            word = word.plus(step);
        }
    }
    for slot in last {
        *slot = wrap(word);
        word = word.plus(step);
    }
}

/// A node, a block or a layout that a line cannot be dressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DressingError {
    /// The node id is out of range.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// The layout, or the block in it, does not do.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

/// Whether a layout names fields that only a generator of its own can fill.
impl Layout {
    /// Whether tick, node and sequence are all there is to fill: no random bits, no data.
    #[must_use]
    pub fn is_positional(&self) -> bool {
        self.fields().iter().all(|field| !matches!(field.kind(), Kind::Random | Kind::Data))
            && self.tick_bits() + self.sequence_bits() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Layouts of every order of tick, node and sequence, and block sizes.
    fn layouts() -> impl Strategy<Value = (Layout, u64, u32)> {
        const ORDERS: [&str; 9] =
            ["tNs", "tsN", "Nts", "sNt", "stN", "uts", "tuNs", "TusuN", "TuTsuNs"];
        (
            proptest::sample::select(&ORDERS[..]),
            20..=40_u8,
            1..=10_u8,
            1..=12_u8,
            any::<u64>(),
            0..=10_u32,
        )
            .prop_map(|(order, tick, node, sequence, id, block)| {
                let fields: Vec<_> = order
                    .chars()
                    .enumerate()
                    .map(|(i, kind)| match kind {
                        't' => format!("tick={tick}"),
                        'T' => format!("t{i}(tick)={}", tick / 4),
                        'N' => format!("node={node}"),
                        'u' => format!("u{i}(unused)=2"),
                        _ => format!("s{i}(sequence)={sequence}"),
                    })
                    .collect();
                let layout: Layout = fields.join(":").parse().unwrap();
                let block = block.min(layout.node_bits());
                let node = (id & ((1 << layout.node_bits()) - 1)) >> block << block;
                (layout, node, block)
            })
    }

    proptest! {
        #[test]
        fn prop_dressing_is_packing((layout, node, block) in layouts(), at in any::<u64>()) {
            let Ok(dressing) = Dressing::<u64>::new(&layout, node, block) else {
                // Only what stands apart in five runs may be refused.
                prop_assert!(block > 0, "{layout:?}");
                return Ok(());
            };
            let position = at % dressing.axis().end();
            let parts = layout.unpack(dressing.dress(position).into());
            prop_assert_eq!(parts.tick, dressing.axis().tick_of(position));
            prop_assert_eq!(parts.node >> block << block, node);
            if block == 0 {
                let sequence = position & ((1 << layout.sequence_bits()) - 1);
                prop_assert_eq!(parts, Parts { tick: parts.tick, node, sequence, payload: 0 });
                prop_assert_eq!(layout.pack(parts).unwrap(), dressing.dress(position).into());
            }
        }

        #[test]
        fn prop_neighbours_differ_and_keep_the_order((layout, node, block) in layouts(), at in any::<u64>()) {
            let Ok(dressing) = Dressing::<u64>::new(&layout, node, block) else { return Ok(()) };
            let position = at % (dressing.axis().end() - 1);
            let (this, next) = (dressing.dress(position), dressing.dress(position + 1));
            prop_assert_ne!(this, next);
            if layout.is_time_ordered() {
                prop_assert!(this < next, "{layout:?} at {position}");
            }
        }

        #[test]
        fn prop_a_run_is_each_of_its_positions(
            (layout, node, block) in layouts(), at in any::<u64>(), len in 0..10_000_usize,
        ) {
            let Ok(dressing) = Dressing::<u64>::new(&layout, node, block) else { return Ok(()) };
            let start = at % dressing.axis().end();
            let len = len.min(usize::try_from(dressing.axis().end() - start).unwrap());
            let mut run = vec![0; len];
            dressing.dress_run(start, &mut run, |word| word);
            for (position, word) in (start..).zip(&run) {
                prop_assert_eq!(*word, dressing.dress(position));
            }
            #[cfg(feature = "std")]
            {
                let mut past_caches = vec![0; len];
                dressing.dress_run_past_caches(start, &mut past_caches, |word| word);
                prop_assert!(past_caches == run);
            }
        }
    }

    #[test]
    fn a_block_must_be_one() {
        let layout: Layout = "41:10:12".parse().unwrap();
        let error = Dressing::<u64>::new(&layout, 33, 5).unwrap_err();
        assert!(format!("{error}").contains("node id 33 does not start one"), "{error}");
        assert!(Dressing::<u64>::new(&layout, 0, 11).is_err());
        assert!(Dressing::<u64>::new(&layout, 1024, 0).is_err());
        assert!(Dressing::<u128>::new(&layout, 0, 0).is_err());
    }

    #[test]
    fn positions_of_64_bits_end_before_the_counter_can_wrap() {
        let layout: Layout = "tick=48:sequence=16:node=64".parse().unwrap();
        let axis = Dressing::<u128>::new(&layout, 0, 0).unwrap().axis();
        assert_eq!(axis.end_tick(), (1 << 48) - (1 << 16));
        assert_eq!(axis.first_of(u64::MAX), axis.end());
        let over: Layout = "tick=60:sequence=5:node=63".parse().unwrap();
        assert!(Dressing::<u128>::new(&over, 0, 0).is_err());
    }

    /// Found by the fuzzer: without a tick, sequence and block may be all 64 bits.
    #[test]
    fn a_sequence_of_all_64_bits_leaves_no_tick() {
        let alone: Layout = "sequence=64".parse().unwrap();
        let error = Dressing::<u64>::new(&alone, 0, 0).unwrap_err();
        assert!(format!("{error}").contains("64 bits together"), "{error}");
        let block: Layout = "node=32:sequence=32".parse().unwrap();
        assert!(Dressing::<u64>::new(&block, 0, 32).is_err());
        let axis = Dressing::<u64>::new(&block, 0, 31).unwrap().axis();
        assert_eq!((axis.end_tick(), axis.end()), (1, 1 << 63));
    }
}
