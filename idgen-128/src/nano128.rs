//! Nanoseconds, a node and a sequence.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};

#[cfg(feature = "std")]
use idgen_core::generator::Builder;

/// 64 bits of nanoseconds since 1970, 48 of node and 16 of sequence.
///
/// Ids last 584 years, until 2554-07-21. 65,536 ids a nanosecond are 6.5e13 a second: thirty
/// thousand times what one core can count, so that a sequence is of use to batches alone. An id by
/// itself takes a nanosecond and the sequence 0; a batch takes a nanosecond for each 65,536 of its
/// ids. They are strictly increasing from one generator.
///
/// The time is as fine as the clock that is read. The shared ticker refreshes it every 500 µs, and
/// ids count on from there; [`Builder::clock`](idgen_core::generator::Builder::clock) reads the
/// system's clock for each id.
///
/// # Example
/// ```
/// use idgen_128::Nano128;
/// use idgen_core::{Id, layout::Parts};
///
/// let parts = Parts { tick: 1_577_836_800_000_000_001, node: 7, sequence: 3, payload: 0 };
/// let id = Id::<Nano128>::from_parts(parts)?;
/// assert_eq!(id.to_string(), "15e59a35b98a00010000000000070003");
/// assert_eq!(id.time().unwrap().to_string(), "2020-01-01T00:00:00.000000001Z");
/// # Ok::<(), idgen_core::layout::RangeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Nano128 {}

impl IdScheme for Nano128 {
    type Word = u128;
    const NAME: &'static str = "nano128";
    const LAYOUT: Layout = Layout::new(
        128,
        &[Field::new(Kind::Tick, 64), Field::new(Kind::Node, 48), Field::new(Kind::Sequence, 16)],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_nanos(1)));
    const TEXT: Form = Form::Hex;
}

#[cfg(feature = "std")]
impl Nano128 {
    /// Settings of a generator, to be made by [`Builder::ticked`].
    pub fn builder() -> Builder<Self> {
        Builder::new()
    }
}
