//! From positions of the line to words, and back: the one place where ids are shifted at speed.

use super::field::Role;
use super::{Kind, Layout, LayoutError, Parts, RangeError};
use crate::Word;

/// Positions at the end of 64 bits that are never issued, so that the counter of a line cannot
/// wrap however many threads run past its horizon at once.
const MARGIN: u64 = 1 << 32;

/// How ticks and sequence numbers make positions: `position = tick * 2^sequence_bits + sequence`.
///
/// # Example
/// ```
/// use idgen_core::layout::{Dressing, Layout};
///
/// let layout: Layout = "41:10:12".parse()?;
/// let axis = Dressing::<u64>::new(&layout, 7, 0)?.axis();
/// assert_eq!(axis.first_of(3), 3 * 4096);
/// assert_eq!(axis.tick_of(3 * 4096 + 17), 3);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    sequence_bits: u32,
    /// Tick after the last one that can be issued.
    end_tick: u64,
}

impl Axis {
    const fn new(tick_bits: u32, sequence_bits: u32) -> Self {
        let bits = tick_bits + sequence_bits;
        let end = if bits >= 64 { u64::MAX - MARGIN + 1 } else { 1 << bits };
        Self { sequence_bits, end_tick: end >> sequence_bits }
    }

    /// Positions in a tick, as a power of two: the sequence bits, and those of the node block.
    #[must_use]
    pub const fn sequence_bits(&self) -> u32 {
        self.sequence_bits
    }

    /// The tick after the last one: where the layout ends. Layouts whose positions need all 64
    /// bits end 2^32 positions earlier than their bits could say.
    #[must_use]
    pub const fn end_tick(&self) -> u64 {
        self.end_tick
    }

    /// The first position after the layout's last.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end_tick << self.sequence_bits
    }

    /// The first position of a tick; of a tick past the layout's end, its end.
    #[must_use]
    #[inline]
    pub const fn first_of(&self, tick: u64) -> u64 {
        let tick = if tick < self.end_tick { tick } else { self.end_tick };
        tick << self.sequence_bits
    }

    /// The same, without a look at whether the layout has such a tick.
    #[inline]
    pub(crate) const fn unchecked_first_of(&self, tick: u64) -> u64 {
        tick << self.sequence_bits
    }

    /// The tick of a position.
    #[must_use]
    #[inline]
    pub const fn tick_of(&self, position: u64) -> u64 {
        position >> self.sequence_bits
    }
}

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
    axis: Axis,
    /// Where the position is split: what is below goes to one run of word bits.
    split: u32,
    low_mask: u64,
    low_to: u32,
    /// Where the run above the split goes, which has all the bits there where `more` is empty.
    high_to: u32,
    high_mask: u64,
    /// Runs above that one, for layouts whose constants stand between tick and sequence.
    more: [Run; 2],
    /// How many of `more` there are: none for any layout that people would choose.
    more_len: u8,
}

/// Neighbouring bits of the position that are neighbours in the word too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Run {
    from: u32,
    mask: u64,
    to: u32,
}

impl Run {
    #[inline]
    fn dress<W: Word>(self, position: u64) -> W {
        W::place(position >> self.from & self.mask, self.to)
    }
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
        let places = Places::of(layout, block_bits)?;
        let axis = Axis::new(layout.tick_bits(), layout.sequence_bits() + block_bits);
        let mut runs = [Run::default(); 4];
        let len = places.runs(&mut runs).ok_or(LayoutError::Scattered)?;
        let [low, high, more @ ..] = runs;
        Ok(Self {
            base,
            axis,
            split: high.from,
            low_mask: low.mask,
            low_to: low.to,
            high_to: high.to,
            high_mask: high.mask,
            more,
            more_len: len.saturating_sub(2),
        })
    }

    /// How positions are made of ticks and sequence numbers.
    #[must_use]
    #[inline]
    pub const fn axis(&self) -> Axis {
        self.axis
    }

    /// The word of a position. A position at or past [`Axis::end`] has none: a line's horizon
    /// keeps it from being asked for.
    #[must_use]
    #[inline]
    pub fn dress(&self, position: u64) -> W {
        debug_assert!(position < self.axis.end(), "position past the layout's end");
        let high = position >> self.split;
        let low = W::place(position & self.low_mask, self.low_to);
        if self.more_len == 0 {
            return self.base | W::place(high, self.high_to) | low;
        }
        let high = W::place(high & self.high_mask, self.high_to);
        self.base | high | low | self.dress_more(position)
    }

    /// Both of them, without a loop: an empty one has an empty mask.
    #[inline]
    fn dress_more(&self, position: u64) -> W {
        let [third, fourth] = self.more;
        third.dress::<W>(position) | fourth.dress::<W>(position)
    }

    /// What is between the words of neighbouring positions, within a stretch of low bits.
    #[inline]
    pub(crate) fn step(&self) -> W {
        W::place(1, self.low_to)
    }

    /// The position where the words of its stretch count it: they are this and something that they have
    /// in common, modulo the word.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn count(&self, position: u64) -> W {
        W::place(position, self.low_to)
    }

    /// The position after the last of this one's stretch of low bits.
    #[inline]
    pub(crate) const fn stretch_end(&self, position: u64) -> u64 {
        (position | self.low_mask).saturating_add(1)
    }

    /// Writes the words of the positions from `start` on.
    ///
    /// Words of neighbouring positions differ by a constant within a run of low bits, so that
    /// most of this is one addition a word, which compilers turn into vector instructions.
    #[inline]
    pub fn dress_run<T>(&self, start: u64, out: &mut [T], wrap: impl Fn(W) -> T) {
        let step = self.step();
        let mut position = start;
        let mut rest = out;
        while !rest.is_empty() {
            let until_carry = self.low_mask - (position & self.low_mask);
            let len = usize::try_from(until_carry).map_or(rest.len(), |n| rest.len().min(n + 1));
            let (chunk, tail) = rest.split_at_mut(len);
            let mut word = self.dress(position);
            // In blocks, so that the compiler unrolls them: a loop of two stores is as fast as the
            // place that it happens to get in the program.
            let (blocks, last) = chunk.as_chunks_mut::<16>();
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
            position += len as u64;
            rest = tail;
        }
    }
}

/// For each bit of a position, from the lowest, its place in the word.
struct Places {
    place: [u8; 64],
    len: usize,
    /// Bits below the tick.
    below: u32,
}

impl Places {
    fn of(layout: &Layout, block_bits: u32) -> Result<Self, LayoutError> {
        let below = layout.sequence_bits() + block_bits;
        let bits = below + layout.tick_bits();
        if bits > 64 {
            return Err(LayoutError::PositionBits { bits });
        }
        if below > 63 {
            return Err(LayoutError::SequenceBits { bits: below });
        }
        let mut places = Self { place: [0; 64], len: 0, below };
        places.push(layout, Role::Sequence, layout.sequence_bits());
        places.push(layout, Role::Node, block_bits);
        // Whichever of sequence and block is the higher in the word is it in the position too.
        places.place[..places.len].sort_unstable();
        places.push(layout, Role::Tick, layout.tick_bits());
        Ok(places)
    }

    /// Appends the places of the lowest `bits` bits of a role's number.
    fn push(&mut self, layout: &Layout, role: Role, bits: u32) {
        for bit in 0..bits {
            let holds = |low: u8, count: u8| {
                (u32::from(low)..u32::from(low) + u32::from(count)).contains(&bit)
            };
            for field in layout.fields() {
                if field.kind().role() == role && holds(field.low, field.bits) {
                    let place = u32::from(field.offset) + bit - u32::from(field.low);
                    self.place[self.len] = u8::try_from(place).unwrap_or(u8::MAX);
                    self.len += 1;
                }
            }
        }
    }

    /// The runs of position bits that are neighbours in the word, from the lowest: at least two,
    /// so that the upper one may be empty. `None` where there are more than four.
    fn runs(&self, runs: &mut [Run; 4]) -> Option<u8> {
        let mut len = 0;
        let mut from = 0;
        while from < self.len {
            let breaks = |i: &usize| self.place[*i] != self.place[*i - 1] + 1;
            let mut to = (from + 1..self.len).find(breaks).unwrap_or(self.len);
            if len == 0 && to == self.len {
                // One run: split it where the tick begins, or there is nothing above the split.
                to = (self.below as usize).clamp(1, 63).min(self.len);
            }
            let bits = u32::try_from(to - from).ok()?;
            *runs.get_mut(len)? = Run {
                from: u32::try_from(from).ok()?,
                mask: u64::MAX >> (64 - bits),
                to: self.place[from].into(),
            };
            len += 1;
            from = to;
        }
        if len < 2 {
            // Nothing is above the lowest run: its end is where the empty one begins.
            runs[1] = Run { from: u32::try_from(self.len).ok()?.min(63), mask: 0, to: 0 };
        }
        u8::try_from(len.max(2)).ok()
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
            for (position, word) in (start..).zip(run) {
                prop_assert_eq!(word, dressing.dress(position));
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
