//! Named schedules: the faults that people have had, each alone.

use idgen_core::Scheme;

use crate::schedule::Terrain;
use crate::{Call, Event, Schedule};

/// How often a stalled generator is asked again.
const MANY_POLLS: usize = 100_000;

/// Every named schedule that makes sense for the scheme.
///
/// Those that use up ticks are left out where a tick has more than 2^17 positions: no generator
/// gets there before the next tick either.
pub(crate) fn scenarios(scheme: &Scheme, block_bits: u32) -> Vec<Schedule> {
    let terrain = Terrain::of(scheme, block_bits);
    let mut all = vec![
        schedule(&terrain, "steady clock", 1_000, steady()),
        schedule(&terrain, "every node id has its own", 1_000, steady()),
        schedule(&terrain, "small steps back", 1_000, small_steps_back(&terrain)),
        schedule(&terrain, "a large step back", 1_000, large_step_back(terrain.hour)),
        schedule(&terrain, "steps forward", u64::MAX, steps_forward(&terrain)),
        schedule(&terrain, "crashes, the clock set back", 10, crashes(&terrain)),
        schedule(&terrain, "a window that is over", 10, window_over()),
        schedule(&terrain, "clock past the layout's end", u64::MAX, clock_past_the_end(&terrain)),
    ];
    all[1].node = terrain.node(1);
    if terrain.reaches(1) {
        all.extend([
            schedule(&terrain, "exhausted sequence", 1_000, exhausted(&terrain)),
            schedule(&terrain, "frozen clock", 1_000, frozen()),
            schedule(&terrain, "polled while stalled", 1_000, polled(&terrain)),
            schedule(&terrain, "a window used up", 2, window_used_up()),
        ]);
        let mut end = schedule(&terrain, "the layout's last tick", u64::MAX, layout_used_up());
        end.start_tick = terrain.end_tick.saturating_sub(2);
        all.push(end);
    }
    all
}

fn schedule(terrain: &Terrain, name: &str, window_ticks: u64, events: Vec<Event>) -> Schedule {
    Schedule {
        name: name.into(),
        start_tick: terrain.middle(),
        window_ticks,
        max_drift_ticks: terrain.drift,
        node: terrain.node(2),
        events,
    }
}

/// Ids of every kind in each of many ticks.
fn steady() -> Vec<Event> {
    let tick = Call::ALL.into_iter().map(|call| Event::Call(call, 9));
    let tick: Vec<_> = tick.chain([Event::Poll(5), Event::Advance(1)]).collect();
    tick.repeat(20)
}

/// The sequence carries into the next tick, up to the drift, and waits there.
fn exhausted(terrain: &Terrain) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..2 {
        events.extend([
            Event::Exhaust,
            Event::Poll(10),
            Event::Advance(1),
            Event::Call(Call::TryGenerate, 1),
            Event::Exhaust,
            Event::Call(Call::Generate, 2),
            Event::Call(Call::TryFill, 100),
        ]);
    }
    if terrain.reaches(8) {
        let several_ticks = usize::try_from(3 * terrain.per_tick).unwrap_or(0);
        events.extend([
            Event::Call(Call::Fill, several_ticks),
            Event::Call(Call::Batch, several_ticks),
            Event::Call(Call::Generate, 1),
        ]);
    }
    events
}

/// Waits do not help, so they end in an error, and a batch says how far it got.
fn frozen() -> Vec<Event> {
    vec![
        Event::Freeze,
        Event::Call(Call::Generate, 10),
        Event::Exhaust,
        Event::Call(Call::Generate, 2),
        Event::Call(Call::Fill, 10),
        Event::Call(Call::Batch, 10),
        Event::Call(Call::Fill, 0),
        Event::Call(Call::TryFill, 0),
        Event::Advance(1),
        Event::Call(Call::Fill, 1 << 18), // some of it, and then an error
        Event::Advance(1),
        Event::Call(Call::Batch, 1 << 18), // lost, and then an error
        Event::Advance(2),
        Event::Call(Call::Generate, 10),
        Event::Thaw,
        Event::Call(Call::Generate, 10),
    ]
}

/// Inside the drift the line goes on as if nothing had happened.
fn small_steps_back(terrain: &Terrain) -> Vec<Event> {
    let mut events = Vec::new();
    for _ in 0..10 {
        events.extend([
            Event::Advance(5),
            Event::Call(Call::TryGenerate, 5),
            Event::Back(terrain.drift.max(1)),
            Event::Call(Call::TryGenerate, 5),
            Event::Call(Call::TryFill, 5),
            Event::Call(Call::Generate, 5),
        ]);
    }
    events
}

/// Beyond the drift it stalls, errs after the allowed wait, and goes on where it was.
fn large_step_back(hour: u64) -> Vec<Event> {
    let mut events = vec![Event::Call(Call::TryGenerate, 5)];
    for back in [20, 100, hour] {
        events.extend([
            Event::Back(back),
            Event::Call(Call::TryGenerate, 5),
            Event::Call(Call::Generate, 2),
            Event::Call(Call::Fill, 20),
            Event::Poll(20),
            Event::Freeze,
            Event::Call(Call::Generate, 2),
            Event::Call(Call::Batch, 20),
            Event::Thaw,
            Event::Settle,
            Event::Advance(back.min(900)),
            Event::Call(Call::TryGenerate, 5),
            Event::Call(Call::Fill, 20),
        ]);
    }
    events
}

fn steps_forward(terrain: &Terrain) -> Vec<Event> {
    let mut events = Vec::new();
    for forward in [2, 100, terrain.hour, 24 * terrain.hour] {
        events.extend([
            Event::Call(Call::TryGenerate, 5),
            Event::Call(Call::TryFill, 5),
            Event::Advance(forward),
            Event::Call(Call::TryGenerate, 5),
            Event::Back(1),
            Event::Call(Call::Fill, 5),
        ]);
    }
    events
}

/// Asking while stalled moves nothing: the next id is the one that was next before.
fn polled(terrain: &Terrain) -> Vec<Event> {
    let behind = terrain.drift + 50;
    vec![
        Event::Exhaust,
        Event::Poll(MANY_POLLS),
        Event::Advance(1),
        Event::Call(Call::TryGenerate, 3),
        Event::Exhaust,
        Event::Back(behind),
        Event::Poll(MANY_POLLS / 10),
        Event::Advance(behind + 1),
        Event::Call(Call::TryGenerate, 3),
        Event::Restart(1),
        Event::Settle,
        Event::Exhaust, // the window
        Event::Poll(MANY_POLLS / 10),
        Event::Restart(1_000),
        Event::Settle,
        Event::Call(Call::TryGenerate, 3),
    ]
}

fn window_over() -> Vec<Event> {
    vec![
        Event::Call(Call::TryGenerate, 5),
        Event::Advance(9),
        Event::Call(Call::TryGenerate, 5),
        Event::Advance(1), // the first tick past the window
        Event::Poll(20),
        Event::Call(Call::Generate, 2),
        Event::Call(Call::Fill, 5),
        Event::Advance(1_000),
        Event::Poll(20),
        Event::Settle, // the clock was wrong
        Event::Advance(9),
        Event::Call(Call::TryGenerate, 5),
    ]
}

/// The drift and a long batch run into the window's end.
fn window_used_up() -> Vec<Event> {
    vec![
        Event::Exhaust,
        Event::Advance(1),
        Event::Exhaust,
        Event::Poll(20),
        Event::Call(Call::Generate, 1),
        Event::Call(Call::Fill, 5),
        Event::Restart(2),
        Event::Settle,
        Event::Call(Call::Batch, 1 << 18),
        Event::Settle,
        Event::Poll(20),
        Event::Restart(2),
        Event::Settle,
        Event::Call(Call::Fill, 1 << 18),
        Event::Back(1_000),
        Event::Poll(20),
    ]
}

/// The same node id, again and again, each time with the clock somewhere else.
fn crashes(terrain: &Terrain) -> Vec<Event> {
    let mut events = Vec::new();
    for back in [0, 1, 5, 100, terrain.hour] {
        events.extend([
            Event::Call(Call::TryGenerate, 20),
            Event::Call(Call::TryFill, 20),
            Event::Back(back),
            Event::Restart(10),
            Event::Call(Call::TryGenerate, 20), // ahead of the clock, or not at all
            Event::Call(Call::Generate, 2),
            Event::Settle,
            Event::Call(Call::TryGenerate, 20),
            Event::Restart(10), // at once
            Event::Call(Call::TryFill, 20),
        ]);
    }
    events
}

/// The end is an error, for good, whatever the clock shows afterwards.
fn layout_used_up() -> Vec<Event> {
    vec![
        Event::Call(Call::TryGenerate, 3),
        Event::Exhaust,
        Event::Advance(1),
        Event::Exhaust,
        Event::Advance(1),
        Event::Exhaust,
        Event::Poll(1_000),
        Event::Call(Call::Generate, 3),
        Event::Call(Call::Fill, 3),
        Event::Call(Call::Batch, 3),
        Event::Advance(1_000),
        Event::Poll(1_000),
        Event::Jump(u64::MAX),
        Event::Poll(1_000),
        Event::Settle,
        Event::Poll(1_000),
        Event::Back(1_000),
        Event::Call(Call::Generate, 3),
    ]
}

/// A clock that is wrong by years ends the line only as long as it is wrong.
fn clock_past_the_end(terrain: &Terrain) -> Vec<Event> {
    vec![
        Event::Call(Call::TryGenerate, 3),
        Event::Jump(terrain.end_tick),
        Event::Poll(20),
        Event::Call(Call::Generate, 2),
        Event::Call(Call::Fill, 2),
        Event::Jump(u64::MAX),
        Event::Poll(20),
        Event::Settle,
        Event::Advance(1),
        Event::Call(Call::TryGenerate, 3),
    ]
}
