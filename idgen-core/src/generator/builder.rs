//! Settings of a generator.

use core::marker::PhantomData;
use core::time::Duration;

use super::engine::{Engine, OfLine, OfTicks};
use super::{BuildError, DefaultTicks, Shared, Ticked};
use crate::clock::{Clock, ClockTicks, Ticks};
use crate::layout::{Dressing, DressingError, Layout};
use crate::observer::{Observer, Silent};
use crate::{IdScheme, Line, Scheme, Window, Word};

#[cfg(feature = "std")]
use super::Laned;
#[cfg(feature = "random")]
use super::Tailed;
#[cfg(feature = "alloc")]
use super::{Custom, ErasedGenerator};
#[cfg(feature = "random")]
use crate::random::{RandomSource, Seeded};
#[cfg(feature = "alloc")]
use alloc::boxed::Box;

/// How far ids may run ahead of the clock where nothing else is said.
const MAX_DRIFT: Duration = Duration::from_millis(10);

/// How long a generator waits for an id where nothing else is said.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Settings of a generator of the scheme `S`, which may be [`AtRunTime`].
///
/// | setting | default |
/// |---|---|
/// | [`node`](Self::node) | none: it must be given where the layout has a node field |
/// | [`block`](Self::block) | 0: one node id |
/// | [`max_drift`](Self::max_drift) | 10 ms; without limit where the scheme keeps no time |
/// | [`max_wait`](Self::max_wait) | 1 s, and at least two ticks |
/// | [`window`](Self::window), [`no_window`](Self::no_window) | from just past whatever the node can have issued, to the layout's end |
/// | [`clock`](Self::clock), [`ticks`](Self::ticks) | the operating system's, by the shared ticker thread |
/// | [`observer`](Self::observer) | none |
///
/// # Static node ids
///
/// Without a window, uniqueness across restarts rests on the clock: the generator starts one
/// tick past the farthest that an earlier holder of the node id can have reached by now, and
/// building it waits until that tick may be issued (at most one tick). So a restart repeats
/// nothing unless the clock was set back meanwhile, or two generators have the node id at the
/// same time. Windows from a store lift both conditions.
///
/// # Example
/// ```
/// # use idgen_core::{Id, IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
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
/// use core::time::Duration;
/// use idgen_core::clock::ScriptedClock;
/// use idgen_core::generator::{Builder, Generator};
/// use idgen_core::Window;
///
/// let clock = ScriptedClock::at(UnixTime::from_millis(1_000));
/// let ids = Builder::<Snowflake>::on(&clock)
///     .node(64)
///     .block(6) // node ids 64 to 127
///     .window(Window::new(1_000, 2_000)?)
///     .max_wait(Duration::from_millis(50))
///     .shared()?;
/// assert_eq!(ids.generate()?.tick(), 1_000);
///
/// let error = Builder::<Snowflake>::on(&clock).node(1_025).shared().unwrap_err();
/// assert_eq!(error.to_string(), "node id 1025 is not in 0..=1023 for the snowflake layout");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "settings make no generator before `shared`, `laned` or `erased` is called"]
pub struct Builder<S, T = DefaultTicks, O = Silent> {
    scheme: Scheme,
    node: Option<u64>,
    block_bits: u32,
    max_drift: Option<Duration>,
    max_wait: Option<Duration>,
    window: Start,
    refined: Option<Layout>,
    ticks: Result<T, BuildError>,
    observer: O,
    of: PhantomData<fn() -> S>,
}

/// What a generator may issue from the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// Whatever no holder of the node id before can have issued: uniqueness across restarts rests on
    /// the clock.
    #[default]
    Static,
    /// The window granted for the node id by whoever keeps the record of it.
    Granted(Window),
    /// Nothing, until a window is granted to the generator's line.
    Nothing,
}

/// Stands for a scheme that is a value, in [`Builder::of`].
#[derive(Debug)]
pub enum AtRunTime {}

#[cfg(feature = "std")]
impl<S: IdScheme> Builder<S> {
    /// Settings on the operating system's clock, by the shared ticker thread.
    pub fn new() -> Self {
        Self::with(Scheme::of::<S>(), system_ticks)
    }
}

#[cfg(feature = "std")]
impl<S: IdScheme> Default for Builder<S> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "std")]
impl Builder<AtRunTime> {
    /// Settings of a scheme that is a value, on the operating system's clock.
    pub fn of(scheme: Scheme) -> Self {
        Self::with(scheme, system_ticks)
    }
}

impl<S: IdScheme> Builder<S> {
    /// Settings on this clock, which is read for each id.
    pub fn on<C: Clock>(clock: C) -> Builder<S, ClockTicks<C>> {
        Builder::with(Scheme::of::<S>(), |scheme| clock_ticks(scheme, clock))
    }

    /// Settings on these ticks, which are trusted to count from the scheme's epoch.
    pub fn over<T: Ticks>(ticks: T) -> Builder<S, T> {
        Builder::with(Scheme::of::<S>(), |_| Ok(ticks))
    }
}

impl<S, T: Ticks> Builder<S, T> {
    fn with(scheme: Scheme, ticks: impl FnOnce(&Scheme) -> Result<T, BuildError>) -> Self {
        Self {
            ticks: ticks(&scheme),
            scheme,
            node: None,
            block_bits: 0,
            max_drift: None,
            max_wait: None,
            window: Start::Static,
            refined: None,
            observer: Silent,
            of: PhantomData,
        }
    }
}

impl<S, T: Ticks, O: Observer> Builder<S, T, O> {
    /// The node id: who generates. It must be nobody else's at the same time.
    pub fn node(mut self, node: u64) -> Self {
        self.node = Some(node);
        self
    }

    /// Takes the block of 2^`bits` node ids that starts with [`node`](Self::node), which must be
    /// a multiple of it: for that many times the ids in a tick.
    pub fn block(mut self, bits: u32) -> Self {
        self.block_bits = bits;
        self
    }

    /// How far ids may run ahead of the clock, when the sequence is exhausted or the clock
    /// regressed; counted in whole ticks.
    pub fn max_drift(mut self, drift: Duration) -> Self {
        self.max_drift = Some(drift);
        self
    }

    /// How long generating may wait for an id, in all.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = Some(wait);
        self
    }

    /// The window granted for the node id by whoever keeps the record of it. Later ones are
    /// granted to the generator's line.
    pub fn window(mut self, window: Window) -> Self {
        self.window = Start::Granted(window);
        self
    }

    /// Starts without a window: nothing is generated until one is granted to the generator's
    /// line.
    pub fn no_window(mut self) -> Self {
        self.window = Start::Nothing;
        self
    }

    /// Draws positions from a finer layout of the same bits: one that gives the line bits which
    /// the scheme calls random or counts as part of the node id. Its node id is the one to give.
    pub fn refined(mut self, layout: Layout) -> Self {
        self.refined = Some(layout);
        self
    }

    /// All of these settings at once.
    #[cfg(feature = "alloc")]
    pub fn settings(mut self, settings: &crate::catalog::Settings) -> Self {
        self.node = settings.node;
        self.block_bits = settings.block_bits;
        self.max_drift = settings.max_drift.or(self.max_drift);
        self.max_wait = settings.max_wait.or(self.max_wait);
        if settings.start != Start::Static {
            self.window = settings.start;
        }
        self
    }

    /// Reads this clock for each id.
    pub fn clock<C: Clock>(self, clock: C) -> Builder<S, ClockTicks<C>, O> {
        let ticks = clock_ticks(&self.scheme, clock);
        self.map_ticks(|_| ticks)
    }

    /// Reads these ticks. They are trusted to count from the scheme's epoch.
    pub fn ticks<U: Ticks>(self, ticks: U) -> Builder<S, U, O> {
        self.map_ticks(|_| Ok(ticks))
    }

    fn map_ticks<U>(
        self,
        map: impl FnOnce(Result<T, BuildError>) -> Result<U, BuildError>,
    ) -> Builder<S, U, O> {
        let Self { scheme, node, block_bits, max_drift, .. } = self;
        let Self { max_wait, window, refined, observer, of, .. } = self;
        let ticks = map(self.ticks);
        Builder {
            scheme,
            node,
            block_bits,
            max_drift,
            max_wait,
            window,
            refined,
            ticks,
            observer,
            of,
        }
    }

    /// Tells this observer what the generator does.
    pub fn observer<P: Observer>(self, observer: P) -> Builder<S, T, P> {
        let Self { scheme, node, block_bits, max_drift, .. } = self;
        let Self { max_wait, window, refined, ticks, of, .. } = self;
        Builder {
            scheme,
            node,
            block_bits,
            max_drift,
            max_wait,
            window,
            refined,
            ticks,
            observer,
            of,
        }
    }

    pub(super) fn engine<W: Word>(self) -> Result<Engine<W, T, O>, BuildError> {
        let layout = self.layout()?;
        if !layout.is_positional() {
            return Err(BuildError::NotPositional { scheme: self.scheme.name });
        }
        self.engine_over(&layout)
    }

    /// The layout that the line's positions are dressed in.
    pub(super) fn layout(&self) -> Result<Layout, BuildError> {
        let Some(finer) = self.refined else { return Ok(self.scheme.layout) };
        if finer.refines(&self.scheme.layout) {
            Ok(finer)
        } else {
            Err(BuildError::NotFiner { scheme: self.scheme.name })
        }
    }

    fn dressing_error(&self, error: DressingError) -> BuildError {
        match error {
            DressingError::Range(error) => BuildError::Range(error.in_scheme(self.scheme.name)),
            DressingError::Layout(error) => BuildError::Layout(error),
        }
    }

    /// The same with what random bits allow: without a window of its own it starts at once, and
    /// it may run ahead of the clock without limit.
    #[cfg(feature = "random")]
    fn unbounded(mut self) -> Self {
        self.window = Start::Granted(Window::from_start(0));
        self.max_drift = self.max_drift.or(Some(Duration::MAX));
        self
    }

    pub(super) fn engine_over<W: Word>(
        self,
        layout: &Layout,
    ) -> Result<Engine<W, T, O>, BuildError> {
        let Scheme { name, timebase, .. } = self.scheme;
        let node = match self.node {
            None if layout.node_bits() > 0 => {
                let max = u64::MAX >> (64 - layout.node_bits());
                return Err(BuildError::NodeMissing { scheme: name, max });
            }
            node => node.unwrap_or(0),
        };
        let dressing = Dressing::new(layout, node, self.block_bits);
        let dressing = dressing.map_err(|error| self.dressing_error(error))?;
        let ticks = self.ticks?;
        // Without time there is no drift from it: the window alone is the horizon.
        let max_drift = self.max_drift.unwrap_or(MAX_DRIFT);
        let drift = timebase.map_or(u64::MAX, |base| base.ticks_in(max_drift));
        let two_ticks = timebase.map_or(Duration::ZERO, |base| base.tick() * 2);
        let line = Line::observed(dressing.axis(), ticks, drift, self.observer);
        match self.window {
            Start::Static if timebase.is_none() => {
                return Err(BuildError::WindowMissing { scheme: name });
            }
            Start::Static => start_past_predecessor(&line, drift, two_ticks)?,
            Start::Granted(window) => line.grant(window)?,
            Start::Nothing => {}
        }
        let max_wait = self.max_wait.unwrap_or(MAX_WAIT.max(two_ticks));
        Ok(Engine { line, dressing, max_wait, scheme: name, foreseen: false })
    }
}

/// Grants all ticks past the last one that another holder of the node id can have issued by
/// now, and waits until the first of them may be.
fn start_past_predecessor<T: Ticks, O: Observer>(
    line: &Line<T, O>,
    drift: u64,
    at_most: Duration,
) -> Result<(), BuildError> {
    let now = line.ticks().read();
    let start = now.saturating_add(drift).saturating_add(1);
    line.grant(Window::from_start(start))?;
    line.ticks().wait_for(now.saturating_add(1), at_most);
    Ok(())
}

impl<S: IdScheme, T: Ticks, O: Observer> Builder<S, T, O> {
    /// A generator in strict order.
    ///
    /// # Errors
    /// If a setting is missing or out of range, or the clock is before the scheme's epoch or past
    /// its end.
    pub fn shared(self) -> Result<Shared<S, T, O>, BuildError> {
        Ok(Shared { engine: self.engine()?.foreseen::<OfLine<S>>() })
    }

    /// A generator that counts ticks, of a scheme whose tick and sequence have more than 64 bits
    /// together.
    ///
    /// # Errors
    /// As [`shared`](Self::shared).
    pub fn ticked(self) -> Result<Ticked<S, T, O>, BuildError> {
        let layout = self.layout()?;
        let dressing = Dressing::new(&layout.sequence_alone(), 0, 0);
        let sequence = dressing.map_err(|error| self.dressing_error(error))?;
        let engine = self.refined(layout.without_sequence()).engine()?;
        Ok(Ticked { engine: engine.foreseen::<OfTicks<S>>(), sequence })
    }

    /// A generator of ids that end in random bits of the cryptographically secure source.
    ///
    /// # Errors
    /// As [`shared`](Self::shared).
    #[cfg(feature = "random")]
    pub fn tailed(self) -> Result<Tailed<S, T, O>, BuildError> {
        self.tailed_from(crate::random::SystemRandom)
    }

    /// A generator of ids that end in random bits of this source.
    ///
    /// # Errors
    /// As [`shared`](Self::shared).
    #[cfg(feature = "random")]
    pub fn tailed_from<R: RandomSource>(self, random: R) -> Result<Tailed<S, T, O, R>, BuildError> {
        let layout = self.layout()?;
        let unbounded = matches!(self.window, Start::Static);
        let settings = if unbounded { self.unbounded() } else { self };
        // The upper half of each tick is kept for those who make many.
        let seed_bits = layout.sequence_bits().saturating_sub(1);
        let settings = settings.map_ticks(|ticks| Ok(Seeded::new(ticks?, seed_bits, &random)));
        let engine = settings.engine_over(&layout)?.foreseen::<OfLine<S>>();
        let mask = layout.payload_mask();
        Ok(Tailed { engine, random, mask, unbounded })
    }

    /// A generator with lanes behind it: order within each thread.
    ///
    /// # Errors
    /// As [`shared`](Self::shared).
    #[cfg(feature = "std")]
    pub fn laned(self) -> Result<Laned<S, T, O>, BuildError> {
        Ok(Laned::over(self.shared()?))
    }
}

#[cfg(feature = "alloc")]
impl<T: Ticks + 'static, O: Observer + 'static> Builder<AtRunTime, T, O> {
    /// A generator in strict order, of a scheme that is a value.
    ///
    /// # Errors
    /// As [`shared`](Self::shared).
    pub fn erased(self) -> Result<Box<dyn ErasedGenerator>, BuildError> {
        let scheme = self.scheme;
        if scheme.layout.width() == 64 {
            Ok(Box::new(Custom::<u64, T, O> { engine: self.engine()?, scheme }))
        } else {
            Ok(Box::new(Custom::<u128, T, O> { engine: self.engine()?, scheme }))
        }
    }
}

pub(super) fn clock_ticks<C: Clock>(
    scheme: &Scheme,
    clock: C,
) -> Result<ClockTicks<C>, BuildError> {
    let base = scheme.timebase.ok_or(BuildError::NoTimebase { scheme: scheme.name })?;
    let now = clock.wall();
    base.tick_at(now)?;
    if scheme.has_ended(now) {
        let last = base.time_of(scheme.layout.unpack(u128::MAX).tick);
        return Err(BuildError::Ended { scheme: scheme.name, last });
    }
    Ok(ClockTicks::new(clock, base))
}

#[cfg(feature = "std")]
pub(super) fn system_ticks(scheme: &Scheme) -> Result<crate::clock::CachedTicks, BuildError> {
    let base = *clock_ticks(scheme, crate::clock::SystemClock)?.timebase();
    let ticker = crate::clock::Ticker::global();
    ticker.ticks(base).map_err(|_| BuildError::Ticker { scheme: scheme.name })
}
