//! How likely it is that clocks which do not know of each other have one node.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::collections::HashSet;

use idgen_core::random::collision_probability;
use idgen_lamport::{Hlc, LogicalClock};

/// The birthday bound, computed and printed, and clocks that keep to it.
#[test]
fn random_bits_keep_strangers_apart() {
    let chance = collision_probability(1e6, 64);
    println!("hlc: two of a million clocks have one node with a probability of {chance:.1e}");
    assert!((2.6e-8..2.8e-8).contains(&chance), "{chance}");
    let clocks: Vec<_> = (0..2_000).map(|_| Hlc::clock().unwrap()).collect();
    let nodes: HashSet<u64> = clocks.iter().map(|clock| clock.tick().unwrap().node()).collect();
    assert_eq!(nodes.len(), clocks.len());
    let high = nodes.iter().filter(|&&node| node >= 1 << 63).count();
    assert!((800..1_200).contains(&high), "the highest bit was set in {high} of 2,000");
}
