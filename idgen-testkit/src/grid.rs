//! Where the words of a layout stand on the line, worked out apart from the engine under test.

use idgen_core::Scheme;
use idgen_core::layout::{Dressing, Field, Kind, Layout};

/// Positions of words: `tick * 2^bits + rank`, in 128 bits so that nothing overflows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    layout: Layout,
    /// Positions in a tick, as a power of two.
    bits: u32,
    block_bits: u32,
    /// Whether the block's bits stand above the sequence.
    block_above: bool,
    /// Whether tick, sequence and node are all that the line counts, so that a position says where
    /// an id stands on it. Ids of nothing but a tick and random bits stand at their tick.
    exact: bool,
    /// The tick after the last that a generator has to be able to reach.
    end_tick: u128,
}

impl Grid {
    pub(crate) fn of(scheme: &Scheme, block_bits: u32) -> Self {
        let layout = scheme.layout;
        let below = layout.sequence_bits() + block_bits;
        let exact = (layout.is_positional() || layout.sequence_bits() > 0) && below <= 64;
        let lowest = |wanted: fn(Kind) -> bool| {
            let fields = layout.fields().iter().filter(|field| wanted(field.kind()));
            fields.map(Field::offset).min().unwrap_or(0)
        };
        let node = lowest(|kind| matches!(kind, Kind::Node | Kind::Shard));
        let sequence = lowest(|kind| kind == Kind::Sequence);
        let axis = if layout.width() == 64 {
            Dressing::<u64>::new(&layout, 0, block_bits).map(|dressing| dressing.axis())
        } else {
            Dressing::<u128>::new(&layout, 0, block_bits).map(|dressing| dressing.axis())
        };
        Self {
            layout,
            bits: if exact { below } else { 0 },
            block_bits,
            block_above: node > sequence,
            exact,
            // An engine may keep a margin at the very end of 64 bits of position.
            end_tick: axis.map_or(end_alone(layout.tick_bits()), |axis| axis.end_tick().into()),
        }
    }

    pub(crate) const fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(crate) const fn is_exact(&self) -> bool {
        self.exact
    }

    pub(crate) const fn end_tick(&self) -> u128 {
        self.end_tick
    }

    /// Positions in a tick.
    pub(crate) const fn per_tick(&self) -> u128 {
        1 << self.bits
    }

    pub(crate) const fn first_of(&self, tick: u128) -> u128 {
        tick << self.bits
    }

    pub(crate) const fn tick_of(&self, position: u128) -> u128 {
        position >> self.bits
    }

    pub(crate) fn position_of(&self, word: u128) -> u128 {
        let parts = self.layout.unpack(word);
        let first = self.first_of(parts.tick.into());
        if !self.exact {
            return first;
        }
        let member = u128::from(parts.node) & ((1 << self.block_bits) - 1);
        let sequence = u128::from(parts.sequence);
        if self.block_above {
            first | member << self.layout.sequence_bits() | sequence
        } else {
            first | sequence << self.block_bits | member
        }
    }
}

/// The end of a line that counts ticks alone, for layouts whose positions have more than 64 bits.
const fn end_alone(tick_bits: u32) -> u128 {
    let end = 1 << tick_bits;
    if tick_bits == 64 { end - (1 << 32) } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idgen_core::{Name, text::Form};

    fn grid(layout: &str, block_bits: u32) -> Grid {
        let layout = layout.parse().unwrap();
        let name = Name::new("test");
        Grid::of(&Scheme { name, layout, timebase: None, text: Form::Hex }, block_bits)
    }

    #[test]
    fn positions_are_what_a_dressing_dresses() {
        for (layout, block_bits) in [
            ("41:10:12", 0),
            ("41:10:12", 5),
            ("tick=41:sequence=12:node=11", 4),
            ("node=10:tick=42:sequence=12", 0),
            ("tick=44:node=20", 3),
        ] {
            let grid = grid(layout, block_bits);
            let dressing = Dressing::<u64>::new(grid.layout(), 32, block_bits).unwrap();
            let end = dressing.axis().end();
            for position in [0, 1, 4_095, 4_096, 1 << 20, end / 3, end - 1] {
                let word = u128::from(dressing.dress(position));
                assert_eq!(grid.position_of(word), position.into(), "{layout} {block_bits}");
            }
        }
    }

    #[test]
    fn payload_makes_positions_ticks() {
        let grid = grid("tick=48:a(random)=16:b(random)=64", 0);
        assert!(!grid.is_exact());
        assert_eq!(grid.position_of(7 << 80 | 123), 7);
        assert_eq!(grid.end_tick(), 1 << 48);
    }
}
