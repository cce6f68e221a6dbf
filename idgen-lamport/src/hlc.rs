//! Hybrid logical clocks: physical time, a logical count, and a node.

use core::time::Duration;

use idgen_core::layout::{Field, Kind, Layout};
use idgen_core::text::Form;
use idgen_core::{IdScheme, Timebase, UnixTime};

#[cfg(feature = "std")]
use idgen_core::Window;
#[cfg(feature = "std")]
use idgen_core::catalog::Settings;
#[cfg(feature = "std")]
use idgen_core::clock::Ticks;
#[cfg(feature = "std")]
use idgen_core::generator::{BuildError, Builder, ErasedGenerator, Shared, Start};
#[cfg(feature = "std")]
use idgen_core::observer::Observer;
#[cfg(feature = "std")]
use idgen_core::random::{RandomSource, SystemRandom};

/// 48 bits of milliseconds since 1970, 16 of logical count and 64 of node.
///
/// The milliseconds, *l* in the paper, are those of this machine's clock, or of the latest that was
/// heard of; where they stay, the logical count, *c*, goes on. So ids are in causal order as
/// Lamport's are, and tell the time besides: they are never more than [`MAX_OFFSET`](Self::MAX_OFFSET)
/// ahead of the clock of the machine that made them, whatever it heard. Ids last until 10889.
///
/// # Example
/// ```
/// use idgen_core::{Id, layout::Parts};
/// use idgen_lamport::Hlc;
///
/// let parts = Parts { tick: 1_577_836_800_000, sequence: 3, node: 7, payload: 0 };
/// let id = Id::<Hlc>::from_parts(parts)?;
/// assert_eq!(id.to_string(), "016f5e66e80000030000000000000007");
/// assert_eq!(id.time().unwrap().to_string(), "2020-01-01T00:00:00Z");
/// assert_eq!(id.field("logical"), Some(3));
/// # Ok::<(), idgen_core::layout::RangeError>(())
/// ```
///
/// # Source
/// S. Kulkarni, M. Demirbas, D. Madappa, B. Avva, M. Leone, *Logical Physical Clocks*, OPODIS 2014:
/// the algorithm of figure 5, the bounds of section 3.3, and the compact 48 and 16 bits of section 4.
#[derive(Clone, Copy, Debug)]
pub enum Hlc {}

impl IdScheme for Hlc {
    type Word = u128;
    const NAME: &'static str = "hlc";
    const LAYOUT: Layout = Layout::new(
        128,
        &[
            Field::new(Kind::Tick, 48),
            Field::new(Kind::Sequence, 16).named("logical"),
            Field::new(Kind::Node, 64),
        ],
    );
    const TIMEBASE: Option<Timebase> =
        Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
    const TEXT: Form = Form::Hex;
}

impl Hlc {
    /// How far clocks may disagree where nothing else is said: the paper's ε. No id is farther ahead
    /// of the clock, and one of elsewhere that is gets refused.
    pub const MAX_OFFSET: Duration = Duration::from_millis(500);
}

#[cfg(feature = "std")]
impl Hlc {
    /// A clock on the operating system's, with a node drawn at random: it needs no other to know of
    /// it, and starts at once.
    ///
    /// Two of a million clocks have one node with a probability of 2.7e-8, and repeat an id only if
    /// they have it in one millisecond. An earlier clock of the machine may have been up to
    /// [`MAX_OFFSET`](Self::MAX_OFFSET) ahead: its ids are less only after that time.
    ///
    /// # Errors
    /// If the operating system's clock is before 1970, or no ticker thread can be started.
    pub fn clock() -> Result<Shared<Self>, BuildError> {
        Self::builder().node(random_node()).window(Window::from_start(0)).shared()
    }

    /// Settings of a clock with a given node, to be made by [`Builder::shared`].
    ///
    /// Without a window it starts past whatever an earlier clock of the node can have issued, which
    /// is [`MAX_OFFSET`](Self::MAX_OFFSET) ahead of now. [`settle`](Self::settle) waits until that
    /// is the time.
    pub fn builder() -> Builder<Self> {
        Builder::new().max_drift(Self::MAX_OFFSET)
    }

    /// Waits until the time is that of the clock's next id: from then on no machine whose clock is
    /// right refuses its ids.
    ///
    /// # Example
    /// ```
    /// use core::time::Duration;
    /// use idgen_lamport::{Hlc, LogicalClock};
    ///
    /// let clock = Hlc::builder().node(7).max_drift(Duration::from_millis(5)).shared()?;
    /// Hlc::settle(&clock);
    /// assert_eq!(clock.tick()?.node(), 7);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    pub fn settle<T: Ticks, O: Observer>(clock: &Shared<Self, T, O>) {
        let line = clock.line();
        let tick = line.axis().tick_of(line.next());
        let millis = tick.saturating_sub(line.ticks().read());
        // A static start is one tick past the drift.
        let at_most = Duration::from_millis(millis.min(line.max_drift().saturating_add(1)));
        line.ticks().wait_for(tick, at_most);
    }
}

#[cfg(feature = "std")]
fn random_node() -> u64 {
    let bytes = SystemRandom.word().to_ne_bytes();
    let (halves, _) = bytes.as_chunks();
    u64::from_ne_bytes(halves[0])
}

/// A generator of the catalog: of the node given, or else of a random one.
#[cfg(feature = "std")]
pub(crate) fn generator(settings: &Settings) -> Result<Box<dyn ErasedGenerator>, BuildError> {
    let builder = Hlc::builder().settings(settings);
    if settings.node.is_some() {
        let clock = builder.shared()?;
        Hlc::settle(&clock);
        return Ok(Box::new(clock));
    }
    let builder = builder.node(random_node());
    let settled = match settings.start {
        Start::Static => builder.window(Window::from_start(0)),
        _ => builder,
    };
    Ok(Box::new(settled.shared()?))
}
