//! What makes a generator a logical clock: it hears of others' ids.

use idgen_core::clock::Ticks;
use idgen_core::generator::{Generator, Shared};
use idgen_core::layout::{Kind, Layout};
use idgen_core::observer::Observer;
use idgen_core::{GenerateError, Id, IdScheme, WindowError};

/// A line without time ends after this many leaps over as much of it as an id may leap at once.
const LEAPS: u64 = 32;

/// A generator whose ids are in causal order: an id is greater than those of all events that
/// happened before its own, wherever.
///
/// Each event takes the id of a [`tick`](Self::tick). A message carries the id of its sending, and
/// whoever receives it [observes](Self::observe) that before the tick of its own.
///
/// Every [`Shared`] generator is one whose scheme counts in a tick and below it in a sequence, and
/// has the node id below both; of any other scheme, observing is a compile error. With a timebase it
/// is a hybrid clock, and without one Lamport's.
///
/// # Example
/// ```
/// # #[cfg(feature = "std")] {
/// use idgen_lamport::{Hlc, LogicalClock};
///
/// let (here, there) = (Hlc::clock()?, Hlc::clock()?);
/// let sent = here.tick()?;
/// there.observe(sent)?;
/// assert!(there.tick()? > sent);
/// # }
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub trait LogicalClock: Generator {
    /// The id of what happens here now; waits for it up to the generator's limit.
    ///
    /// # Errors
    /// Why there was none in that time.
    fn tick(&self) -> Result<Id<Self::Scheme>, GenerateError> {
        self.generate()
    }

    /// Hears of an id of elsewhere: every tick that begins after this call has ended is greater.
    ///
    /// What was observed and not followed by a tick is forgotten by a restart. An id past the end of
    /// the window in use is heard all the same; then there is no tick before a window is granted
    /// that begins at the line's [`next`](idgen_core::Line::next) or later.
    ///
    /// # Errors
    /// If the id is so far ahead that it cannot be right. Nothing is changed then.
    fn observe(&self, remote: Id<Self::Scheme>) -> Result<(), ObserveError>;
}

/// An id that no clock which works can have sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObserveError {
    /// Its time is farther ahead of this clock than clocks may disagree.
    #[error(
        "tick {remote} was observed, and is {} ahead of this clock (now {now}), where {max_drift} are allowed; \
         check the time service of both machines, or build the clock with a greater max_drift",
        .remote - .now
    )]
    Ahead {
        /// Tick of the id.
        remote: u64,
        /// Tick of this machine's clock.
        now: u64,
        /// How many ticks an id may be ahead.
        max_drift: u64,
    },
    /// Its count leaps over so much of the line that a few such ids would use it up.
    #[error(
        "counter {remote} was observed, and leaps {} ahead of this line (next {next}), where {max_leap} are allowed; \
         if it is right, grant the line a window that starts there",
        .remote - .next
    )]
    Leap {
        /// Counter of the id.
        remote: u64,
        /// The line's next counter.
        next: u64,
        /// How far an id may leap.
        max_leap: u64,
    },
    /// It is past the end of the layout.
    #[error(transparent)]
    PastEnd(#[from] WindowError),
}

impl<S: IdScheme, T: Ticks, O: Observer> LogicalClock for Shared<S, T, O> {
    fn observe(&self, remote: Id<S>) -> Result<(), ObserveError> {
        const { assert!(is_causal(&S::LAYOUT), "causal ids are a tick, a sequence, and a node below") };
        let (line, tick) = (self.line(), remote.tick());
        let axis = line.axis();
        if S::TIMEBASE.is_some() {
            let (now, max_drift) = (line.ticks().read(), line.max_drift());
            if tick > now.saturating_add(max_drift) {
                return Err(ObserveError::Ahead { remote: tick, now, max_drift });
            }
        } else {
            let (next, max_leap) = (axis.tick_of(line.next()), axis.end_tick() / LEAPS);
            if tick > next.saturating_add(max_leap) {
                return Err(ObserveError::Leap { remote: tick, next, max_leap });
            }
        }
        // Of a block of node ids, the positions of one sequence number stand together, and all of
        // them have to be passed.
        let first = axis.first_of(tick);
        let in_a_tick = axis.first_of(1);
        let of_a_number = in_a_tick / (1 << S::LAYOUT.sequence_bits());
        Ok(line.observe(first + (remote.sequence() + 1) * of_a_number - 1)?)
    }
}

/// Whether ids compare by tick, then by sequence, and hold nothing else that grows.
const fn is_causal(layout: &Layout) -> bool {
    let (fields, mut i) = (layout.fields(), 0);
    let mut node = false;
    while i < fields.len() {
        match fields[i].kind() {
            Kind::Node | Kind::Shard => node = true,
            Kind::Sequence if node => return false,
            Kind::Random | Kind::Data => return false,
            _ => {}
        }
        i += 1;
    }
    layout.is_time_ordered()
}
