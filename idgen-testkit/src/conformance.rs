//! The suite in one line each: for generators, lanes, and erased generators.

use core::fmt;
use std::sync::Arc;

use idgen_core::generator::{BuildError, Builder, ErasedGenerator, Generator, Lane};
use idgen_core::{Id, IdScheme, Scheme, Stall};

use crate::{Promise, Setup, Suite, scheme};

/// Checks a scheme of tick, node and sequence, and every generator that the core makes of it: shared,
/// laned, lanes by themselves, erased.
///
/// # Panics
/// As [`generator`].
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
/// idgen_testkit::positional::<Snowflake>();
/// ```
pub fn positional<S: IdScheme>() {
    scheme::<S>();
    generator(Promise::STRICT, |setup| setup.builder::<S>().shared());
    generator(Promise::PER_THREAD, |setup| setup.builder::<S>().laned());
    lane(Promise::PER_THREAD, |setup| {
        let ids = Arc::new(setup.builder::<S>().shared()?);
        let lanes = (0..3).map(|_| {
            let mut lane = Lane::over(Arc::clone(&ids));
            move || lane.try_generate()
        });
        Ok::<_, BuildError>(lanes.collect())
    });
    let value = Scheme::of::<S>();
    erased(value, Promise::STRICT, |setup| setup.configure(Builder::of(value)).erased());
}

/// Checks a generator: through named fault schedules, schedules made from seeds, and many threads.
///
/// `make` makes a generator of what it is given, once for each life of a process that a schedule
/// tells of.
///
/// # Panics
/// If a promise is not kept: with the violation, its values, and the schedule up to there.
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
/// generator(Promise::PER_THREAD, |setup| setup.builder::<Snowflake>().laned());
/// ```
pub fn generator<'a, G, E, F>(promise: Promise, make: F)
where
    G: Generator + 'a,
    E: fmt::Debug,
    F: Fn(Setup) -> Result<G, E> + 'a,
{
    Suite::of_generator(promise, make).run();
}

/// Checks lanes, which their threads own: one or several, all of one generator.
///
/// They are called in turns through the schedules, and each by a thread of its own.
///
/// # Panics
/// As [`generator`].
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
/// use idgen_core::generator::{BuildError, Lane};
/// use idgen_testkit::{Promise, lane};
/// use std::sync::Arc;
///
/// lane(Promise::PER_THREAD, |setup| {
///     let ids = Arc::new(setup.builder::<Snowflake>().shared()?);
///     let lanes = (0..3).map(|_| {
///         let mut lane = Lane::over(Arc::clone(&ids));
///         move || lane.try_generate()
///     });
///     Ok::<_, BuildError>(lanes.collect())
/// });
/// ```
pub fn lane<'a, S, L, E, F>(promise: Promise, make: F)
where
    S: IdScheme,
    L: FnMut() -> Result<Id<S>, Stall> + Send + 'a,
    E: fmt::Debug,
    F: Fn(Setup) -> Result<Vec<L>, E> + 'a,
{
    Suite::of_lanes(promise, make).run();
}

/// Checks an erased generator of a scheme, as [`generator`] does one with a type.
///
/// # Panics
/// As [`generator`].
///
/// # Example
/// ```
/// use core::time::Duration;
/// use idgen_core::generator::Builder;
/// use idgen_core::{Name, Scheme, Timebase, UnixTime, text::Form};
/// use idgen_testkit::{Promise, erased};
///
/// let scheme = Scheme {
///     name: Name::new("mine"),
///     layout: "41:10:12".parse()?,
///     timebase: Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1))),
///     text: Form::Base62,
/// };
/// erased(scheme, Promise::STRICT, |setup| setup.configure(Builder::of(scheme)).erased());
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub fn erased<'a, E, F>(scheme: Scheme, promise: Promise, make: F)
where
    E: fmt::Debug,
    F: Fn(Setup) -> Result<Box<dyn ErasedGenerator>, E> + 'a,
{
    Suite::of_erased(scheme, promise, make).run();
}

/// Plays the schedule of one seed, to see again what a run reported.
///
/// # Panics
/// As [`generator`].
pub fn replay<'a, G, E, F>(seed: u64, promise: Promise, make: F)
where
    G: Generator + 'a,
    E: fmt::Debug,
    F: Fn(Setup) -> Result<G, E> + 'a,
{
    Suite::of_generator(promise, make).replay(seed);
}
