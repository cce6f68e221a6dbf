//! How ticks and sequence numbers make positions, and where they end.

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
    pub(super) const fn new(tick_bits: u32, sequence_bits: u32) -> Self {
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

    /// The tick of a position.
    #[must_use]
    #[inline]
    pub const fn tick_of(&self, position: u64) -> u64 {
        position >> self.sequence_bits
    }
}
