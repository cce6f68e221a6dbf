//! The simulator finds each mistake on purpose, tells how to see it again, and finds nothing without one.

#![allow(clippy::unwrap_used, reason = "a test that finds nothing should panic")]

use idgen_sim::{Fault, Mutation, Report, World};

/// Worlds within which each mistake must be found.
const WORLDS: u64 = 200;

/// Found, as an id that came twice; and seen again from its seed, to the last word.
fn is_found(mutation: Mutation) {
    let failure = (0..WORLDS).find_map(|seed| World::run(seed, Some(mutation)).err());
    let failure = failure.unwrap_or_else(|| panic!("{mutation} is not found"));
    println!("{failure}");
    assert!(failure.violation.contains("was issued twice"), "{failure}");
    assert_eq!(World::run(failure.seed, Some(mutation)), Err(failure.clone()), "another world");
    let again = format!("--seed {} --mutation {mutation}", failure.seed);
    assert!(failure.to_string().ends_with(&again), "{failure}");
    assert!(World::run(failure.seed, None).is_ok(), "it was not the mistake: {failure}");
}

#[test]
fn it_finds_reserving_after_issuing() {
    is_found(Mutation::ReserveAfterIssuing);
}

#[test]
fn it_finds_a_forgotten_sync_of_the_folder() {
    is_found(Mutation::ForgetFolderSync);
}

#[test]
fn it_finds_trust_in_the_clock_on_restart() {
    is_found(Mutation::TrustClockOnRestart);
}

#[test]
fn it_finds_a_node_id_recycled_below_its_mark() {
    is_found(Mutation::RecycleBelowMark);
}

#[test]
fn it_finds_a_child_of_fork_that_keeps_its_parents_horizon() {
    is_found(Mutation::ChildKeepsHorizon);
}

#[test]
fn it_finds_a_node_id_given_up_below_its_mark() {
    is_found(Mutation::ReleaseBelowMark);
}

#[test]
fn it_finds_a_folder_that_is_gone_to_by_its_name() {
    is_found(Mutation::WriteByPath);
}

/// And every fault happens in them, or finding nothing would say nothing.
#[test]
fn without_a_mistake_it_finds_nothing() {
    let mut sum = Report::default();
    for seed in 0..WORLDS {
        sum.add(&World::run(seed, None).unwrap_or_else(|failure| panic!("{failure}")));
    }
    println!("{sum}");
    let missing: Vec<_> =
        Fault::ALL.iter().filter(|fault| !sum.faults.contains_key(fault)).collect();
    assert!(missing.is_empty(), "these never happen: {missing:?}");
    assert!(sum.ids > 10_000 && sum.stalls > 100 && sum.starts > 2 * sum.worlds);
    // What mostly waits shows little.
    assert!(sum.issuing_hours > 0.5 * sum.node_hours, "{sum}");
}

#[test]
fn a_mutation_has_a_name_that_is_read_back() {
    for mutation in Mutation::ALL {
        assert_eq!(mutation.to_string().parse(), Ok(mutation));
    }
    assert!("forget".parse::<Mutation>().unwrap_err().contains("forget-folder-sync"));
}
