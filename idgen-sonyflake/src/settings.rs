//! Version 2's settings: bits, tick and start time chosen at run time.
//!
//! Source: `Settings` and `New` in `v2/sonyflake.go` of github.com/sony/sonyflake.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout, LayoutError};
use idgen_core::text::Form;
use idgen_core::{Name, Scheme, Timebase, TimebaseError, UnixTime};

use crate::sonyflake::{DEFAULT_TICK, V2_START};

/// Bits of tick, sequence and machine together: all but the sign bit.
const BITS: u8 = 63;

/// Fewest bits of tick.
const MIN_TICK_BITS: u8 = 32;

/// Most bits of a sequence or of a machine id.
const MAX_BITS: u8 = 30;

/// Settings of a Sonyflake as version 2 has them. They make a [`Scheme`], for
/// `Builder::of(scheme)`.
///
/// | setting | range | default |
/// |---|---|---|
/// | [`sequence_bits`](Self::sequence_bits) | 1 to 30 | 8 |
/// | [`machine_bits`](Self::machine_bits) | 1 to 30; with the sequence at most 31 | 16 |
/// | [`tick`](Self::tick) | 1 ms to 1 day | 10 ms |
/// | [`start`](Self::start) | not after now, or no generator is built | 2025-01-01T00:00:00Z |
///
/// The tick has the bits that are left, 32 at least. Where the original takes 0 for "the default",
/// a 0 is refused here.
///
/// # Example
/// ```
/// # #[cfg(feature = "std")] {
/// use core::time::Duration;
/// use idgen_core::generator::Builder;
/// use idgen_sonyflake::Settings;
///
/// let scheme = Settings::new()
///     .sequence_bits(12)
///     .machine_bits(10)
///     .tick(Duration::from_millis(1))
///     .scheme()?;
/// let ids = Builder::of(scheme).node(1_023).erased()?;
/// let word = ids.generate_word()?;
/// assert_eq!(scheme.layout.unpack(word).node, 1_023);
/// assert_eq!(scheme.layout.tick_bits(), 41);
/// # }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "settings do nothing before `scheme` is called"]
pub struct Settings {
    sequence_bits: u8,
    machine_bits: u8,
    tick: Duration,
    start: UnixTime,
}

impl Settings {
    /// Version 2's defaults.
    pub const fn new() -> Self {
        Self { sequence_bits: 8, machine_bits: 16, tick: DEFAULT_TICK, start: V2_START }
    }

    /// Bits of the sequence, 1 to 30.
    pub const fn sequence_bits(mut self, bits: u8) -> Self {
        self.sequence_bits = bits;
        self
    }

    /// Bits of the machine id, 1 to 30.
    pub const fn machine_bits(mut self, bits: u8) -> Self {
        self.machine_bits = bits;
        self
    }

    /// Length of a tick, which the original calls the time unit: 1 ms to 1 day.
    pub const fn tick(mut self, tick: Duration) -> Self {
        self.tick = tick;
        self
    }

    /// Start time, since which ticks are counted.
    ///
    /// As in the original, ticks begin at whole multiples of their length since 1970: tick 0 is
    /// the one that the start time lies in, and the scheme's epoch is its beginning.
    pub const fn start(mut self, start: UnixTime) -> Self {
        self.start = start;
        self
    }

    /// The scheme of these settings, named `sonyflake-custom`.
    ///
    /// # Errors
    /// If a setting is out of its range, or leaves the tick fewer than 32 bits. A start time
    /// after now is refused when a generator is built.
    pub fn scheme(self) -> Result<Scheme, SettingsError> {
        let Self { sequence_bits, machine_bits, tick, start } = self;
        for (what, bits) in [("sequence", sequence_bits), ("machine id", machine_bits)] {
            if !(1..=MAX_BITS).contains(&bits) {
                return Err(SettingsError::Bits { what, bits });
            }
        }
        let tick_bits = BITS - sequence_bits - machine_bits;
        if tick_bits < MIN_TICK_BITS {
            return Err(SettingsError::TickBits { sequence_bits, machine_bits, tick_bits });
        }
        if tick < Duration::from_millis(1) {
            return Err(SettingsError::Tick { tick });
        }
        let fields = [
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, tick_bits),
            Field::new(Kind::Sequence, sequence_bits),
            Field::new(Kind::Node, machine_bits).named("machine"),
        ];
        Ok(Scheme {
            name: Name::new("sonyflake-custom"),
            layout: Layout::try_new(64, &fields)?,
            timebase: Some(Timebase::try_new(beginning_of_tick(start, tick), tick)?),
            text: Form::Decimal,
        })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

/// The last whole multiple of the tick since 1970 that is not after this instant.
fn beginning_of_tick(time: UnixTime, tick: Duration) -> UnixTime {
    let past = i128::try_from(tick.as_nanos()).map_or(0, |tick| time.as_nanos().rem_euclid(tick));
    UnixTime::from_nanos(time.as_nanos() - past)
}

/// Settings that make no scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The sequence or the machine id has too few bits, or too many.
    #[error("{bits} bits of {what} are not in 1..=30; take from 1 to 30")]
    Bits {
        /// `sequence` or `machine id`.
        what: &'static str,
        /// Bits given.
        bits: u8,
    },
    /// Sequence and machine id leave too few bits for the tick.
    #[error(
        "{sequence_bits} bits of sequence and {machine_bits} of machine id leave {tick_bits} of 63 for the tick, which has 32 at least; take 31 for both at most"
    )]
    TickBits {
        /// Bits of the sequence.
        sequence_bits: u8,
        /// Bits of the machine id.
        machine_bits: u8,
        /// Bits that are left.
        tick_bits: u8,
    },
    /// The tick is too short.
    #[error("tick length {tick:?} is not in 1ms..=1day; take 1ms or longer")]
    Tick {
        /// The length given.
        tick: Duration,
    },
    /// The tick is too long, or the start time out of reach.
    #[error(transparent)]
    Timebase(#[from] TimebaseError),
    /// The fields make no layout.
    #[error(transparent)]
    Layout(#[from] LayoutError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What `New` refuses is refused, and everything else is a layout of 64 bits.
        #[test]
        fn prop_settings_are_refused_as_the_original_refuses_them(
            sequence in 0_u8..40, machine in 0_u8..40, micros in 0_u64..20_000,
        ) {
            let settings = Settings::new()
                .sequence_bits(sequence)
                .machine_bits(machine)
                .tick(Duration::from_micros(micros));
            let fits = (1..=30).contains(&sequence)
                && (1..=30).contains(&machine)
                && sequence + machine < 32
                && micros >= 1_000;
            prop_assert_eq!(settings.scheme().is_ok(), fits);
        }
    }

    #[test]
    fn refusals_name_the_value_and_the_way_out() {
        let message = |settings: Settings| settings.scheme().unwrap_err().to_string();
        assert_eq!(
            message(Settings::new().sequence_bits(31)),
            "31 bits of sequence are not in 1..=30; take from 1 to 30"
        );
        assert_eq!(
            message(Settings::new().sequence_bits(16)),
            "16 bits of sequence and 16 of machine id leave 31 of 63 for the tick, which has 32 at least; take 31 for both at most"
        );
        assert_eq!(
            message(Settings::new().tick(Duration::from_micros(999))),
            "tick length 999µs is not in 1ms..=1day; take 1ms or longer"
        );
    }

    /// The original divides Unix nanoseconds by the time unit, of the start time too.
    #[test]
    fn ticks_begin_at_multiples_of_their_length() {
        let start = UnixTime::from_millis(1_735_689_600_017);
        let scheme = Settings::new().start(start).scheme().unwrap();
        let epoch = scheme.timebase.unwrap().epoch();
        assert_eq!(epoch, UnixTime::from_millis(1_735_689_600_010));
    }
}
