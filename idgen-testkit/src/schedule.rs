//! Fault schedules: what happens to a generator, as data.

use core::fmt;

use idgen_core::Scheme;

use crate::SplitMix64;
use crate::grid::Grid;

/// Most ids that a schedule asks for to get to a horizon.
const AFFORDABLE: u128 = 1 << 17;

/// One thing that happens. Times and lengths are ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// So many ticks pass.
    Advance(u64),
    /// The clock steps back by so many ticks.
    Back(u64),
    /// The clock shows this tick.
    Jump(u64),
    /// The clock shows the window's first tick.
    Settle,
    /// Waits no longer move the clock.
    Freeze,
    /// Waits move the clock again.
    Thaw,
    /// So many single calls, or one call for so many ids.
    Call(Call, usize),
    /// Ids are taken until there is a stall (up to 2^17 of them).
    Exhaust,
    /// So many attempts, of every kind, whether they stall or not.
    Poll(usize),
    /// The process dies. A new generator gets the next window, of this length: it starts at the
    /// end of the one before or at the clock's tick, whichever is later.
    Restart(u64),
}

/// A way to ask a generator for ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// `try_generate`.
    TryGenerate,
    /// `generate`.
    Generate,
    /// `try_fill`.
    TryFill,
    /// `fill`.
    Fill,
    /// `generate_batch`.
    Batch,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::TryGenerate, Self::Generate, Self::TryFill, Self::Fill, Self::Batch];

    /// Whether one call is for several ids.
    #[must_use]
    pub const fn is_batch(self) -> bool {
        matches!(self, Self::TryFill | Self::Fill | Self::Batch)
    }
}

/// A sequence of events, and the settings of the generators that live through it.
///
/// It prints as the code that makes it, so that a failing one can be kept as a test.
///
/// # Example
/// ```
/// # use idgen_core::{IdScheme, Scheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # struct Snowflake;
/// # impl IdScheme for Snowflake {
/// #     type Word = u64;
/// #     const NAME: &'static str = "snowflake";
/// #     const LAYOUT: Layout = Layout::new(64, &[
/// #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
/// #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, core::time::Duration::from_millis(1)));
/// #     const TEXT: Form = Form::Decimal;
/// # }
/// use idgen_testkit::{Call, Event, Promise, Schedule, Suite};
///
/// let suite = Suite::of_generator(Promise::STRICT, |setup| setup.builder::<Snowflake>().shared());
/// suite.play(&Schedule {
///     name: "an hour back, and a crash".into(),
///     start_tick: 4_000_000,
///     window_ticks: 5_000,
///     max_drift_ticks: 10,
///     node: 7,
///     events: vec![
///         Event::Call(Call::Generate, 100),
///         Event::Back(3_600_000),
///         Event::Restart(5_000),
///         Event::Call(Call::TryGenerate, 1),
///         Event::Settle,
///         Event::Call(Call::Fill, 10_000),
///     ],
/// });
/// assert_eq!(suite.schedule(42), suite.schedule(42));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What it is about, or the seed it was made from.
    pub name: String,
    /// First tick of the clock, and of the first window.
    pub start_tick: u64,
    /// Length of the first window.
    pub window_ticks: u64,
    /// How many ticks ids may run ahead of the clock.
    pub max_drift_ticks: u64,
    /// The node id, or the first one of the block.
    pub node: u64,
    /// What happens, one thing after the other.
    pub events: Vec<Event>,
}

impl Schedule {
    /// The schedule of a seed for a scheme and a size of block.
    pub(crate) fn of_seed(seed: u64, scheme: &Scheme, block_bits: u32) -> Self {
        let terrain = Terrain::of(scheme, block_bits);
        let mut random = SplitMix64::new(seed);
        let near_the_end = random.below(4) == 0;
        let start_tick =
            if near_the_end { terrain.end_tick.saturating_sub(20) } else { terrain.middle() };
        Self {
            name: format!("seed {seed}"),
            start_tick,
            window_ticks: 1 + random.below(40),
            max_drift_ticks: random.below(terrain.drift + 1),
            node: terrain.node(random.next_u64()),
            events: (0..60).map(|_| terrain.event(&mut random)).collect(),
        }
    }
}

/// What a layout and a timebase allow schedules to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terrain {
    /// Tick after the last one.
    pub(crate) end_tick: u64,
    /// Positions in a tick.
    pub(crate) per_tick: u128,
    /// Greatest drift worth having: one whose horizon can be reached.
    pub(crate) drift: u64,
    /// Ticks in an hour, at least 100.
    pub(crate) hour: u64,
    node_bits: u32,
    block_bits: u32,
}

impl Terrain {
    pub(crate) fn of(scheme: &Scheme, block_bits: u32) -> Self {
        let grid = Grid::of(scheme, block_bits);
        let fits = |drift: &u64| (u128::from(*drift) + 1) * grid.per_tick() <= AFFORDABLE;
        let hour = scheme.timebase.map_or(0, |base| 3_600_000_000_000 / base.tick_nanos());
        Self {
            end_tick: u64::try_from(grid.end_tick()).unwrap_or(u64::MAX),
            per_tick: grid.per_tick(),
            // Without a timebase, a drift given as a time is none.
            drift: scheme.timebase.map_or(0, |_| [3, 2, 1].into_iter().find(fits).unwrap_or(1)),
            hour: hour.max(100),
            node_bits: scheme.layout.node_bits(),
            block_bits,
        }
    }

    /// A tick in the middle, with hours before and after it where the layout has them.
    pub(crate) const fn middle(&self) -> u64 {
        self.end_tick / 3
    }

    /// Whether a horizon so many ticks away can be reached.
    pub(crate) fn reaches(&self, ticks: u64) -> bool {
        self.per_tick * u128::from(ticks) <= AFFORDABLE
    }

    /// A node id in range, and at the start of a block: often the first or the last.
    pub(crate) fn node(&self, random: u64) -> u64 {
        let max = u64::MAX.checked_shr(64 - self.node_bits).unwrap_or(0);
        let node = match random % 4 {
            0 => 0,
            1 => max,
            _ => random.checked_shr(64 - self.node_bits).unwrap_or(0),
        };
        node >> self.block_bits << self.block_bits
    }

    fn event(&self, random: &mut SplitMix64) -> Event {
        let count = |random: &mut SplitMix64, bound| {
            usize::try_from(random.below(bound)).unwrap_or(usize::MAX)
        };
        match random.below(100) {
            0..40 => {
                let call = Call::ALL[count(random, 5)];
                let bound = if call.is_batch() && random.below(8) == 0 { 5_000 } else { 50 };
                Event::Call(call, count(random, bound))
            }
            40..55 => Event::Advance(1 + random.below(3)),
            55..60 => Event::Advance(1 + random.below(1_000)),
            60..68 => Event::Back(1 + random.below(5)),
            68..71 => Event::Back(1 + random.below(2 * self.hour)),
            71..76 => Event::Freeze,
            76..82 => Event::Thaw,
            82..85 => Event::Jump(self.middle().saturating_add(random.below(200))),
            85..86 => Event::Jump(random.next_u64() >> random.below(64)),
            86..92 => Event::Settle,
            92..94 if self.reaches(32) => Event::Exhaust,
            92..95 => Event::Poll(count(random, 50)),
            _ => Event::Restart(1 + random.below(40)),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Schedule {{")?;
        writeln!(f, "    name: {:?}.into(),", self.name)?;
        writeln!(f, "    start_tick: {},", self.start_tick)?;
        writeln!(f, "    window_ticks: {},", self.window_ticks)?;
        writeln!(f, "    max_drift_ticks: {},", self.max_drift_ticks)?;
        writeln!(f, "    node: {},", self.node)?;
        writeln!(f, "    events: vec![")?;
        for event in &self.events {
            match event {
                Event::Call(call, count) => {
                    writeln!(f, "        Event::Call(Call::{call:?}, {count}),")?;
                }
                event => writeln!(f, "        Event::{event:?},")?,
            }
        }
        writeln!(f, "    ],")?;
        write!(f, "}}")
    }
}
