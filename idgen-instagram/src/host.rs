//! The generators of one server: one for each shard that lives there.
//!
//! **Invariant:** a shard has one generator at a time. Its generator ends here, with nobody drawing
//! from it, before the handover exists that starts the next one elsewhere.

use std::collections::BTreeMap;
use std::fmt;

use idgen_core::clock::{CachedTicks, Ticker, Ticks};
use idgen_core::generator::{BuildError, Builder, Generator, Shared};
use idgen_core::{GenerateError, Id, IdScheme, Window};

use crate::{Instagram, Shard};

/// The generators of one server, one for each logical shard that lives there.
///
/// A shard is started once in its life. From then on it moves: [`release`](Self::release) ends its
/// generator and yields a [`Handover`], and [`accept`](Self::accept) starts the next one, on this
/// server or another, from the first tick that the old one did not touch. So a moved shard
/// repeats nothing, whatever the clocks of the two servers show.
///
/// # Example
/// ```
/// use idgen_instagram::{Host, Router};
///
/// let router = Router::new(["db1", "db2"])?;
/// let (mut db1, mut db2) = (Host::new()?, Host::new()?);
/// let shard = router.shards_on("db1").next().unwrap();
///
/// db1.start(shard)?;
/// let before = db1.generate(shard)?;
/// db2.accept(db1.release(shard)?)?; // the rows have been copied
/// assert!(db1.generate(shard).is_err());
/// assert!(db2.generate(shard)? > before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Host<T = CachedTicks> {
    ticks: T,
    generators: BTreeMap<Shard, Shared<Instagram, T>>,
}

impl Host {
    /// A server without shards, on the operating system's clock.
    ///
    /// # Errors
    /// If the operating system started no ticker thread.
    pub fn new() -> Result<Self, BuildError> {
        let ticker = BuildError::Ticker { scheme: idgen_core::Name::new(Instagram::NAME) };
        let base = Instagram::TIMEBASE.ok_or(ticker)?;
        Ok(Self::over(Ticker::global().ticks(base).map_err(|_| ticker)?))
    }
}

impl<T: Ticks + Clone> Host<T> {
    /// A server without shards, on these ticks.
    pub fn over(ticks: T) -> Self {
        Self { ticks, generators: BTreeMap::new() }
    }

    /// Starts a shard that nobody has started before, or one whose last server is lost.
    ///
    /// It begins one tick past the farthest that an earlier holder can have reached by now, so
    /// that it repeats nothing of a holder that is gone, if the clocks agree. Where the holder
    /// is there, [`release`](Self::release) it instead: that needs no clock. Neither does
    /// [`start_in`](Self::start_in), where somebody keeps a record of windows.
    ///
    /// # Errors
    /// If the shard is here already, or the clock is outside of the layout's time.
    pub fn start(&mut self, shard: Shard) -> Result<(), HostError> {
        self.begin(shard, |settings| settings)
    }

    /// Starts a shard in a window granted by whoever keeps the record of the shard's windows: it
    /// repeats nothing of an earlier holder, whatever the clocks show. Later windows are granted to
    /// the [generator](Self::generator)'s line.
    ///
    /// # Errors
    /// If the shard is here already, or the layout ends before the window begins.
    ///
    /// # Example
    /// ```
    /// use idgen_core::Window;
    /// use idgen_instagram::{Host, Shard};
    ///
    /// let (mut host, shard) = (Host::new()?, Shard::new(5)?);
    /// host.start_in(shard, Window::new(471_000_000_000, 471_000_002_000)?)?; // milliseconds since the epoch
    /// let ids = host.generator(shard).unwrap();
    /// ids.line().grant(Window::new(471_000_002_000, 471_000_004_000)?)?; // recorded before
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_in(&mut self, shard: Shard, window: Window) -> Result<(), HostError> {
        self.begin(shard, |settings| settings.window(window))
    }

    fn begin(
        &mut self,
        shard: Shard,
        set: impl FnOnce(Builder<Instagram, T>) -> Builder<Instagram, T>,
    ) -> Result<(), HostError> {
        if self.generators.contains_key(&shard) {
            return Err(HostError::Here { shard });
        }
        let generator = set(self.settings(shard)).shared()?;
        self.generators.insert(shard, generator);
        Ok(())
    }

    /// Ends a shard's generator here: what to hand over to its next server.
    ///
    /// Nobody can be drawing from it, because this borrows the host alone.
    ///
    /// # Errors
    /// If the shard is not here.
    pub fn release(&mut self, shard: Shard) -> Result<Handover, HostError> {
        let generator = self.generators.remove(&shard).ok_or(HostError::NotHere { shard })?;
        let line = generator.line();
        line.revoke();
        let (next, axis) = (line.next(), line.axis());
        let begun = axis.tick_of(next);
        let first_tick = if axis.first_of(begun) == next { begun } else { begun + 1 };
        Ok(Handover { shard, first_tick })
    }

    /// Starts the next generator of a shard that was released elsewhere.
    ///
    /// Until this server's clock has reached the handed-over tick, less the drift, it stalls.
    ///
    /// # Errors
    /// If the shard is here already, or the layout has ended. The handover comes back with it.
    pub fn accept(&mut self, handover: Handover) -> Result<(), AcceptError> {
        let window = Window::from_start(handover.first_tick);
        self.start_in(handover.shard, window)
            .map_err(|source| AcceptError { handover, source: Box::new(source) })
    }

    /// The next id of a shard; waits for it up to a second.
    ///
    /// # Errors
    /// If the shard is not here, or why there was no id in that time.
    pub fn generate(&self, shard: Shard) -> Result<Id<Instagram>, HostError> {
        let generator = self.generator(shard).ok_or(HostError::NotHere { shard })?;
        Ok(generator.generate()?)
    }

    /// The generator of a shard, for batches and lanes; `None` where it is not here.
    #[must_use]
    pub fn generator(&self, shard: Shard) -> Option<&Shared<Instagram, T>> {
        self.generators.get(&shard)
    }

    /// The shards that are here, in ascending order.
    pub fn shards(&self) -> impl Iterator<Item = Shard> {
        self.generators.keys().copied()
    }

    fn settings(&self, shard: Shard) -> Builder<Instagram, T> {
        Builder::over(self.ticks.clone()).node(shard.number().into())
    }
}

impl<T> fmt::Debug for Host<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("shards", &self.generators.keys()).finish_non_exhaustive()
    }
}

/// The right to generate a shard's ids from a tick on: of one server at a time.
///
/// It cannot be cloned. Where it is sent to another server (feature `serde`), whoever sends it sees
/// to it that it is accepted once: two servers that both accept it repeat each other's ids.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[must_use = "a shard that is released and not accepted has no generator"]
pub struct Handover {
    shard: Shard,
    first_tick: u64,
}

impl Handover {
    /// The shard.
    #[must_use]
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// First tick that the old generator did not touch.
    #[must_use]
    pub fn first_tick(&self) -> u64 {
        self.first_tick
    }
}

/// What a host cannot do with a shard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The shard is here already.
    #[error("shard {shard} is on this server already; release it first")]
    Here {
        /// The shard.
        shard: Shard,
    },
    /// The shard is not here.
    #[error("shard {shard} is not on this server; ask the router where it is")]
    NotHere {
        /// The shard.
        shard: Shard,
    },
    /// There is no generator with these settings.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There was no id in time.
    #[error(transparent)]
    Generate(#[from] GenerateError),
}

/// A shard that could not be accepted, with its handover to try again.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct AcceptError {
    /// What was handed over.
    pub handover: Handover,
    /// Why it was not accepted.
    pub source: Box<HostError>,
}
