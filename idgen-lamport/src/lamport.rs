//! Lamport's clocks: a counter and a node.

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase};

#[cfg(feature = "std")]
use idgen_core::Scheme;
#[cfg(feature = "std")]
use idgen_core::catalog::Settings;
#[cfg(feature = "std")]
use idgen_core::clock::{SystemClock, Timeless};
#[cfg(feature = "std")]
use idgen_core::generator::{BuildError, Builder, ErasedGenerator, Start};

/// A sign bit that is 0, 53 bits of counter and 10 of node: Lamport's total order as one integer.
///
/// The counter of an event is greater than those of all events before it; events that know nothing of
/// each other may share one, and compare by node. A million events a second use the counter up in
/// 285 years. It fits a JavaScript number, and the id a signed 64-bit integer.
///
/// A restarted clock must not count from 0 again. It goes on in the next
/// [window](idgen_core::Window) of counters of its node, which was durable before an id of it was
/// issued.
///
/// # Example
/// ```
/// use idgen_core::{Id, layout::Parts};
/// use idgen_lamport::Lamport;
///
/// let id = Id::<Lamport>::from_parts(Parts { tick: 42, node: 7, ..Parts::default() })?;
/// assert_eq!(id.to_string(), "43015");
/// assert_eq!((id.field("counter"), id.node(), id.time()), (Some(42), 7, None));
/// # Ok::<(), idgen_core::layout::RangeError>(())
/// ```
///
/// # Source
/// L. Lamport, *Time, Clocks, and the Ordering of Events in a Distributed System*, Communications of
/// the ACM 21(7), 1978: rules IR1 and IR2, and the total order of section 3.
#[derive(Clone, Copy, Debug)]
pub enum Lamport {}

impl IdScheme for Lamport {
    type Word = u64;
    const NAME: &'static str = "lamport";
    const LAYOUT: Layout = Layout::new(
        64,
        &[
            Field::new(Kind::Unused, 1),
            Field::new(Kind::Tick, 53).named("counter"),
            Field::new(Kind::Node, 10),
        ],
    );
    const TIMEBASE: Option<Timebase> = None;
    const TEXT: Form = Form::Decimal;
}

#[cfg(feature = "std")]
impl Lamport {
    /// Settings of a clock, to be made by [`Builder::shared`]. It needs a node id and a window.
    ///
    /// # Example
    /// ```
    /// use idgen_core::{Stall, Window};
    /// use idgen_core::generator::Generator;
    /// use idgen_lamport::{Lamport, LogicalClock};
    ///
    /// let clock = Lamport::builder().node(7).window(Window::new(0, 1_000)?).shared()?;
    /// let far = "2048007".parse()?; // counter 2000, of node 7 in another life
    /// clock.observe(far)?;
    /// assert!(matches!(clock.try_generate(), Err(Stall::WindowEnded { end: 1_000, .. })));
    /// // Whoever keeps the record of windows grants the next one, from there on.
    /// clock.line().grant(Window::new(clock.line().next(), 3_000)?)?;
    /// assert_eq!(clock.tick()?.tick(), 2_001);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn builder() -> Builder<Self, Timeless<SystemClock>> {
        Builder::<Self>::over(Timeless::new(SystemClock))
    }
}

/// A generator of the catalog: in the window given, or else on a line that keeps to the clock, whose
/// microseconds last until 2255 in 53 bits.
#[cfg(feature = "std")]
pub(crate) fn generator(settings: &Settings) -> Result<Box<dyn ErasedGenerator>, BuildError> {
    if settings.start != Start::Static {
        return Ok(Box::new(Lamport::builder().settings(settings).shared()?));
    }
    let timed = Scheme { timebase: Some(Timebase::UNIX_MICROS), ..Scheme::of::<Lamport>() };
    Builder::of(timed).settings(settings).erased()
}
