//! Windows from a store: clocks that show anything, crashes, pauses, lost messages; a store that
//! loses its data; a machine that is cloned.

use std::fmt;

use stateright::{Model, Property};

use crate::lease::name;

/// How a store decides where a window starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreRule {
    /// At or after the high-water mark, which is raised in the same atomic write.
    Mark,
    /// The same, but the mark is written after the reply is sent.
    MarkAfterReply,
    /// Where the clock says, which is trusted to have passed the last window.
    ClockAlone,
}

/// What clocks may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    /// Anything, each time they are read.
    Arbitrary,
    /// The generators' anything; the store's does not go back. It refuses windows that start more
    /// than so many ticks ahead of it.
    StoreForward {
        /// How far ahead a window may start.
        max_ahead: u8,
    },
}

/// What becomes of a machine that is cloned while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clones {
    /// There is none.
    Never,
    /// The copy does not know, and goes on with the window of the original.
    Unnoticed,
    /// The copy is told, and begins without a window.
    Noticed,
}

/// Two generators with one node id, and the store that grants its windows.
///
/// `grant: start = max(mark, min(requested, store_now + max_skew)); end = start + length`
///
/// Pauses are in it, though no action is called so: between any two actions of a generator the
/// others may do all they can.
#[derive(Clone, Debug)]
pub struct Windows {
    /// Ticks there are.
    pub ticks: u8,
    /// Length of a window.
    pub length: u8,
    /// How far a generator may run ahead of its clock.
    pub drift: u8,
    /// How far the store lets a request be ahead of its clock.
    pub max_skew: u8,
    /// How the store decides.
    pub rule: StoreRule,
    /// What clocks may show.
    pub clocks: Clocks,
    /// Whether the store may lose its data, once, and then how far after its clock the mark is put.
    pub loss: Option<u8>,
    /// Whether a machine is cloned, once.
    pub clones: Clones,
}

impl Windows {
    /// Eight ticks in windows of two, arbitrary clocks, and nothing worse.
    pub const SOUND: Self = Self {
        ticks: 8,
        length: 2,
        drift: 1,
        max_skew: 1,
        rule: StoreRule::Mark,
        clocks: Clocks::Arbitrary,
        loss: None,
        clones: Clones::Never,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Window {
    start: u8,
    end: u8,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// What is on its way between a generator and the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Mail {
    #[default]
    None,
    Request,
    Reply(Window),
}

/// A generator's memory, all of which it loses in a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Memory {
    window: Option<Window>,
    next: u8,
}

/// Everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    memory: [Memory; 2],
    mail: [Mail; 2],
    mark: u8,
    /// The mark that is still to be written, where it is written late.
    unwritten: Option<u8>,
    /// The store's clock, where it does not show just anything.
    now: u8,
    lost: bool,
    cloned: Option<Window>,
    issued: u16,
    twice: Option<u8>,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The store's clock goes on.
    Pass,
    /// A generator asks for a window, for the first time or again.
    Ask(usize),
    /// The store grants one.
    Grant {
        /// To whom.
        who: usize,
        /// What the generator asked for, by its clock.
        requested: u8,
        /// What the store's clock shows.
        now: u8,
        /// First tick granted, and the one after the last.
        window: (u8, u8),
    },
    /// The store writes the mark that it should have written before.
    Write,
    /// The store crashes, and with it what it had not written.
    StoreCrash,
    /// What is on its way to or from a generator is lost.
    Lose(usize),
    /// A generator gets its window.
    Get(usize),
    /// A generator issues a tick.
    Issue {
        /// Who.
        who: usize,
        /// What its clock shows.
        now: u8,
        /// The tick.
        tick: u8,
    },
    /// A generator's process dies, and starts again knowing nothing.
    Crash(usize),
    /// The store loses its data, and puts the mark where it believes that nobody has been.
    Loss(u8),
    /// The machine of A is cloned: its copy takes the place of B.
    Clone,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Pass => write!(f, "a tick passes"),
            Self::Ask(who) => write!(f, "{} asks for a window", name(who)),
            Self::Grant { who, requested, now, window: (start, end) } => write!(
                f,
                "the store (clock {now}) grants {start}..{end} to {}, which asked for {requested}",
                name(who)
            ),
            Self::Write => write!(f, "the store writes its mark"),
            Self::StoreCrash => write!(f, "the store crashes"),
            Self::Lose(who) => write!(f, "the message to or from {} is lost", name(who)),
            Self::Get(who) => write!(f, "{} gets its window", name(who)),
            Self::Issue { who, now, tick } => {
                write!(f, "{} (clock {now}) issues tick {tick}", name(who))
            }
            Self::Crash(who) => write!(f, "{} crashes and starts again", name(who)),
            Self::Loss(mark) => write!(f, "the store loses its data; its mark is now {mark}"),
            Self::Clone => write!(f, "the machine of A is cloned, and the clone called B"),
        }
    }
}

impl Windows {
    /// What the store grants, if it does.
    fn grant(&self, state: &State, requested: u8, now: u8) -> Option<Window> {
        let asked = requested.min(now + self.max_skew);
        let start = match self.rule {
            StoreRule::ClockAlone => asked,
            StoreRule::Mark | StoreRule::MarkAfterReply => asked.max(state.mark),
        };
        let near = match self.clocks {
            Clocks::Arbitrary => true,
            Clocks::StoreForward { max_ahead } => start <= now + max_ahead,
        };
        let end = start + self.length;
        (near && end <= self.ticks).then_some(Window { start, end })
    }

    fn store_actions(&self, state: &State, who: usize, actions: &mut Vec<Action>) {
        if state.unwritten.is_some() {
            return; // one after the other
        }
        let shown = match self.clocks {
            Clocks::Arbitrary => 0..=self.ticks,
            Clocks::StoreForward { .. } => state.now..=state.now,
        };
        for now in shown {
            for requested in 0..=self.ticks {
                if let Some(Window { start, end }) = self.grant(state, requested, now) {
                    actions.push(Action::Grant { who, requested, now, window: (start, end) });
                }
            }
        }
    }

    fn issue_actions(&self, state: &State, who: usize, actions: &mut Vec<Action>) {
        let Memory { window: Some(window), next } = state.memory[who] else { return };
        for now in 0..self.ticks {
            let tick = next.max(now).max(window.start);
            if tick < window.end && tick <= now + self.drift {
                actions.push(Action::Issue { who, now, tick });
            }
        }
    }
}

impl Model for Windows {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if self.clocks != Clocks::Arbitrary && state.now < self.ticks {
            actions.push(Action::Pass);
        }
        if state.unwritten.is_some() {
            actions.extend([Action::Write, Action::StoreCrash]);
        }
        for who in 0..2 {
            match state.mail[who] {
                Mail::None => actions.push(Action::Ask(who)),
                Mail::Request => self.store_actions(state, who, actions),
                Mail::Reply(_) => actions.push(Action::Get(who)),
            }
            if state.mail[who] != Mail::None {
                actions.push(Action::Lose(who));
            }
            self.issue_actions(state, who, actions);
            if state.memory[who] != Memory::default() {
                actions.push(Action::Crash(who));
            }
        }
        if let Some(wait) = self.loss.filter(|_| !state.lost) {
            actions.push(Action::Loss(state.now + wait));
        }
        let cloneable = state.cloned.is_none() && state.memory[0].window.is_some();
        if self.clones != Clones::Never && cloneable {
            actions.push(Action::Clone);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        match action {
            Action::Pass => state.now += 1,
            Action::Ask(who) => state.mail[who] = Mail::Request,
            Action::Grant { who, window: (start, end), .. } => {
                state.mail[who] = Mail::Reply(Window { start, end });
                if self.rule == StoreRule::MarkAfterReply {
                    state.unwritten = Some(end);
                } else {
                    state.mark = state.mark.max(end);
                }
            }
            Action::Write => state.mark = state.mark.max(state.unwritten.take()?),
            Action::StoreCrash => state.unwritten = None,
            Action::Lose(who) => state.mail[who] = Mail::None,
            Action::Get(who) => {
                let Mail::Reply(window) = core::mem::take(&mut state.mail[who]) else {
                    return None;
                };
                let next = state.memory[who].next.max(window.start);
                state.memory[who] = Memory { window: Some(window), next };
            }
            Action::Issue { who, tick, .. } => {
                state.memory[who].next = tick + 1;
                if state.issued & 1 << tick != 0 {
                    state.twice = Some(tick);
                }
                state.issued |= 1 << tick;
            }
            Action::Crash(who) => state.memory[who] = Memory::default(),
            Action::Loss(mark) => (state.lost, state.mark) = (true, mark),
            Action::Clone => {
                state.cloned = state.memory[0].window;
                state.memory[1] = match self.clones {
                    Clones::Noticed => Memory::default(),
                    Clones::Never | Clones::Unnoticed => state.memory[0],
                };
                state.mail[1] = Mail::None;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let never = Property::always("never twice", |_, state: &State| state.twice.is_none());
        if self.clones == Clones::Never {
            return vec![never];
        }
        let inside = |_: &Self, state: &State| {
            let cloned = |tick| state.cloned.is_some_and(|it| (it.start..it.end).contains(&tick));
            state.twice.is_none_or(cloned)
        };
        vec![never, Property::always("twice in the cloned window alone", inside)]
    }
}
