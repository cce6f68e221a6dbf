//! Why marks are recorded ahead: the same generator, crashes and clock, with the record written after
//! ids were issued, and before.

#![allow(clippy::unwrap_used, reason = "a test that gets no id should panic")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use idgen_core::Window;
use idgen_core::clock::ScriptedClock;
use idgen_core::generator::{Builder, Generator, Shared};
use idgen_core::{Id, UnixTime};
use idgen_snowflake::Snowflake;

/// Ids between two records, as the case study has it.
const EVERY: usize = 10_000;

/// What survives a crash: the tick that the next generator starts at.
#[derive(Default)]
struct Disk(u64);

/// Makes ids until it crashes, between two records.
fn life(disk: &mut Disk, clock: &Arc<ScriptedClock>, ahead: bool) -> Vec<Id<Snowflake>> {
    let window = Window::from_start(disk.0.max(1));
    let ids: Shared<Snowflake, _> = Builder::<Snowflake>::on(Arc::clone(clock))
        .node(7)
        .window(window)
        .max_drift(Duration::MAX)
        .shared()
        .unwrap();
    let mut made = Vec::new();
    for _ in 0..5 {
        if ahead {
            // Enough for what comes before the next record.
            let next = ids.generate().unwrap();
            disk.0 = next.tick() + 1 + (EVERY as u64).div_ceil(4_096);
            made.push(next);
            made.extend(ids.generate_batch(EVERY - 1).unwrap());
        } else {
            made.extend(ids.generate_batch(EVERY).unwrap());
            disk.0 = made.last().unwrap().tick() + 1;
        }
    }
    // The crash comes before the next record.
    if ahead {
        made.extend(ids.generate_batch(1).unwrap().into_iter().filter(|id| id.tick() < disk.0));
    } else {
        made.extend(ids.generate_batch(EVERY - 1).unwrap());
    }
    made
}

fn repeated(ahead: bool) -> usize {
    let clock = Arc::new(ScriptedClock::at(UnixTime::from_seconds(1_700_000_000)));
    let (mut disk, mut seen, mut repeated) = (Disk::default(), HashSet::new(), 0);
    for _ in 0..5 {
        repeated +=
            life(&mut disk, &clock, ahead).into_iter().filter(|id| !seen.insert(*id)).count();
        // The clock is set back while the process is down.
        clock.set(UnixTime::from_seconds(1_600_000_000));
    }
    repeated
}

#[test]
fn recording_afterwards_repeats_what_came_after_the_last_record() {
    assert!(repeated(false) > 0, "the failing example does not fail");
}

#[test]
fn recording_ahead_repeats_nothing() {
    assert_eq!(repeated(true), 0);
}
