//! What a generator promises, and what it is given to keep it with.

use core::time::Duration;
use std::sync::Arc;

use idgen_core::clock::Ticks;
use idgen_core::generator::Builder;
use idgen_core::observer::Observer;
use idgen_core::{IdScheme, Window};

use crate::ScriptedTicks;

/// What a generator promises beyond distinct ids: what the suite holds it to.
///
/// Start from a constant and say what is different:
///
/// ```
/// use idgen_testkit::{Order, Promise};
///
/// let promise = Promise { block_bits: 3, ..Promise::STRICT };
/// assert_eq!((promise.order, promise.max_skip, promise.borrows), (Order::Strict, 0, true));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Order of ids that several threads obtain.
    pub order: Order,
    /// Most positions that are left out between one id and the next where neither clock nor
    /// window makes it so: the rest of a lane's run that is thrown away for a batch, or those
    /// before the random place where a tick begins.
    pub max_skip: u64,
    /// Whether it goes on in ticks after the clock's, up to the allowed drift. One that does not
    /// is held to a drift of 0.
    pub borrows: bool,
    /// The block of node ids it holds, as a power of two: 0 for one node id.
    pub block_bits: u32,
}

impl Promise {
    /// No position left out, and strict order: [`Shared`](idgen_core::generator::Shared), and
    /// anything behind a lock.
    pub const STRICT: Self =
        Self { order: Order::Strict, max_skip: 0, borrows: true, block_bits: 0 };

    /// Runs of up to 1,024 positions reserved for each thread:
    /// [`Laned`](idgen_core::generator::Laned) and [`Lane`](idgen_core::generator::Lane).
    pub const PER_THREAD: Self = Self { order: Order::PerThread, max_skip: 1_024, ..Self::STRICT };
}

/// Order of ids that several threads obtain from one generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// An id is greater than every id whose call had ended before its own began.
    Strict,
    /// An id is greater than every id that the same thread got before.
    PerThread,
}

/// What a generator under test is to be made with.
///
/// Everything in it is in range, unless the suite wants to see it refused: then making the
/// generator has to err.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Setup {
    /// The time: the only one the generator may read.
    pub ticks: Arc<ScriptedTicks>,
    /// The window granted: ids of other ticks are somebody else's.
    pub window: Window,
    /// The node id, or the first one of the block.
    pub node: u64,
    /// The block of node ids, as a power of two: what [`Promise::block_bits`] says.
    pub block_bits: u32,
    /// How many ticks ids may run ahead of the clock.
    pub max_drift_ticks: u64,
    /// How long generating may wait for an id.
    pub max_wait: Duration,
}

impl Setup {
    /// Settings of this workspace's own generators of a scheme that is a type.
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
    /// use idgen_testkit::{Promise, generator};
    ///
    /// generator(Promise::STRICT, |setup| setup.builder::<Snowflake>().shared());
    /// ```
    pub fn builder<S: IdScheme>(self) -> Builder<S, Arc<ScriptedTicks>> {
        let ticks = Arc::clone(&self.ticks);
        self.configure(Builder::over(ticks))
    }

    /// These settings on any builder, such as one with an observer, or of a scheme at run time.
    pub fn configure<S, T: Ticks, O: Observer>(
        self,
        builder: Builder<S, T, O>,
    ) -> Builder<S, Arc<ScriptedTicks>, O> {
        let max_drift = self.max_drift();
        builder
            .ticks(self.ticks)
            .node(self.node)
            .block(self.block_bits)
            .max_drift(max_drift)
            .max_wait(self.max_wait)
            .window(self.window)
    }

    /// How long ids may run ahead of the clock.
    #[must_use]
    pub fn max_drift(&self) -> Duration {
        let nanos = u128::from(self.max_drift_ticks) * self.ticks.tick_length().as_nanos();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
