//! A lease with a time to live, under perfect clocks.

use std::fmt;

use stateright::{Model, Property};

/// A right to a node id that ends by the clock.
///
/// There is one clock, which everybody reads at once and which is never wrong. Nobody is paused
/// between looking at it and issuing, and no message is lost. Still a tick is issued twice, if ids
/// may run ahead of the clock, as they must where more are asked for than a tick holds.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The clock's last tick.
    pub last_tick: u8,
    /// How long a lease is.
    pub time_to_live: u8,
    /// How far ids may run ahead of the clock.
    pub drift: u8,
}

/// What everybody knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    now: u8,
    /// Who holds the lease, and its first tick without.
    lease: Option<(usize, u8)>,
    /// What each generator issues next, at the earliest.
    next: [u8; 2],
    /// The ticks that were issued, as bits.
    issued: u16,
    twice: Option<u8>,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The clock goes on.
    Pass,
    /// A generator takes the lease, which is free, or its own.
    Take(usize, u8),
    /// The holder issues a tick.
    Issue(usize, u8),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Pass => write!(f, "a tick passes"),
            Self::Take(who, end) => write!(f, "{} takes the lease, up to tick {end}", name(who)),
            Self::Issue(who, tick) => write!(f, "{} issues tick {tick}", name(who)),
        }
    }
}

/// What people call a generator.
pub(crate) fn name(who: usize) -> char {
    if who == 0 { 'A' } else { 'B' }
}

impl Model for Lease {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.now < self.last_tick {
            actions.push(Action::Pass);
        }
        for who in 0..2 {
            let expired = state.lease.is_none_or(|(_, end)| end <= state.now);
            if expired || state.lease.is_some_and(|(holder, _)| holder == who) {
                actions.push(Action::Take(who, state.now + self.time_to_live));
            }
            let tick = state.next[who].max(state.now);
            let holds = state.lease.is_some_and(|(holder, end)| holder == who && state.now < end);
            if holds && tick <= state.now + self.drift {
                actions.push(Action::Issue(who, tick));
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        match action {
            Action::Pass => state.now += 1,
            Action::Take(who, end) => state.lease = Some((who, end)),
            Action::Issue(who, tick) => {
                state.next[who] = tick + 1;
                if state.issued & 1 << tick != 0 {
                    state.twice = Some(tick);
                }
                state.issued |= 1 << tick;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("never twice", |_, state: &State| state.twice.is_none())]
    }
}
