//! Which models hold, and which must find their counterexample.

use idgen_models::{Clocks, Clones, Lease, StoreRule, Verdict, Windows, check};

const TWICE: &str = "never twice";

fn holds(name: &str, verdict: &Verdict) {
    println!("{name}: {verdict}");
    assert!(verdict.violated.is_empty(), "{name}: {verdict}");
    assert!(verdict.states > 50, "{name}: so few states are no model");
}

/// Violated as it must be, and in so many steps at the soonest.
fn violated(name: &str, verdict: &Verdict, steps: usize) {
    println!("{name}: {verdict}");
    let run = verdict.counterexample(TWICE).unwrap_or_else(|| panic!("{name} holds: {verdict}"));
    assert_eq!(run.lines().count(), steps, "{name}: the shortest counterexample has changed");
    assert!(run.lines().last().is_some_and(|step| step.contains(" issues tick ")), "{name}: {run}");
}

const LEASE: Lease = Lease { last_tick: 6, time_to_live: 2, drift: 1 };

/// Perfect clocks, atomic checks, no lost message: the lease is over, and what was issued ahead
/// of the clock is the next holder's.
#[test]
fn model_a_lease_is_violated_under_perfect_clocks_where_ids_run_ahead() {
    violated("lease", &check(LEASE), 7);
}

#[test]
fn model_it_is_running_ahead_that_violates_the_lease() {
    holds("lease without drift", &check(Lease { drift: 0, ..LEASE }));
}

#[test]
fn model_windows_hold_under_arbitrary_clocks_crashes_pauses_and_lost_replies() {
    holds("windows", &check(Windows::SOUND));
}

#[test]
fn model_a_mark_written_after_the_reply_is_violated() {
    let rule = StoreRule::MarkAfterReply;
    violated("mark after reply", &check(Windows { rule, ..Windows::SOUND }), 9);
}

#[test]
fn model_a_store_that_trusts_its_clock_is_violated() {
    let rule = StoreRule::ClockAlone;
    violated("clock alone", &check(Windows { rule, ..Windows::SOUND }), 8);
}

const MAX_AHEAD: u8 = 1;

/// A store whose clock does not go back, and which loses its data once.
fn after_loss(wait: u8) -> Verdict {
    let clocks = Clocks::StoreForward { max_ahead: MAX_AHEAD };
    check(Windows { ticks: 7, clocks, loss: Some(wait), ..Windows::SOUND })
}

/// New grants start at or after now + the longest drift + the longest window: one tick less is
/// not enough.
#[test]
fn model_after_data_loss_windows_hold_if_the_store_waits_long_enough() {
    let enough = MAX_AHEAD + Windows::SOUND.length;
    holds("data loss, enough waiting", &after_loss(enough));
    let verdict = after_loss(enough - 1);
    violated("data loss, a tick too little", &verdict, 10);
    let verdict = after_loss(0);
    violated("data loss, no waiting", &verdict, 9);
}

/// A copy that does not know that it is one: what is left of the window comes twice, and nothing
/// else does.
#[test]
fn model_a_clone_inside_a_window_is_violated_within_that_window() {
    let clones = Clones::Unnoticed;
    let verdict = check(Windows { ticks: 4, clones, ..Windows::SOUND });
    violated("clone", &verdict, 6);
    let inside = "twice in the cloned window alone";
    assert_eq!(verdict.counterexample(inside), None, "{verdict}");
    holds("clone, noticed", &check(Windows { clones: Clones::Noticed, ..Windows::SOUND }));
}
