//! Slots: which position on the line of new ids each old row gets.
//!
//! The rows stand in their order, row i with the first position `b_i` of its creation's tick,
//! which never falls. Its slot is
//!
//! ```text
//! S_i = i + max over j <= i of (b_j - j)
//! ```
//!
//! that is, the least strictly growing sequence with `S_i >= b_i`: a row takes the first position of
//! its tick, or the one after its predecessor's. So order and time are kept, and ticks that are too
//! full spill into later ones.
//!
//! **Invariant:** what a chunk does depends on its [`Start`] and its rows alone, so chunks run in any
//! order, and again, with one result.

use serde::{Deserialize, Serialize};

/// What a chunk must know of all rows before it: how many there are, and the largest `b_j - j`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Rows before.
    pub index: i64,
    /// The largest `b_j - j` of them, in positions; `i64::MIN` before the first row.
    pub carry: i64,
}

impl Start {
    /// Before the first row.
    pub const FIRST: Self = Self { index: 0, carry: i64::MIN };
}

/// Hands out slots in the order of the rows.
///
/// # Example
/// ```
/// use idgen_migrate::slot::{Slots, Start};
///
/// let mut slots = Slots::from(Start::FIRST);
/// let given: Vec<_> = [100, 100, 100, 104].map(|begin| slots.next(begin)).into();
/// assert_eq!(given, [100, 101, 102, 104]);
/// // Where a chunk begins, another can go on.
/// assert_eq!(Slots::from(slots.start()).next(104), 105);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    start: Start,
}

impl From<Start> for Slots {
    fn from(start: Start) -> Self {
        Self { start }
    }
}

impl Slots {
    /// The slot of the next row, whose creation's tick begins at this position.
    pub fn next(&mut self, begin: i64) -> i64 {
        let Start { index, carry } = self.start;
        let carry = carry.max(begin - index);
        self.start = Start { index: index + 1, carry };
        index + carry
    }

    /// What the rows after this must know.
    #[must_use]
    pub fn start(&self) -> Start {
        self.start
    }
}

/// The last slot that `rows` rows can need, none of which begins past `latest`.
#[must_use]
pub fn bound(rows: i64, latest: i64) -> i64 {
    latest.saturating_add(rows.max(1) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rule as it is written, without a carry.
    fn by_the_rule(begins: &[i64]) -> Vec<i64> {
        let numbered = || (0..).zip(begins);
        let largest = |i: i64| numbered().take_while(|(j, _)| *j <= i).map(|(j, b)| b - j).max();
        numbered().filter_map(|(i, _)| Some(i + largest(i)?)).collect()
    }

    fn run(start: Start, begins: &[i64]) -> (Vec<i64>, Start) {
        let mut slots = Slots::from(start);
        (begins.iter().map(|begin| slots.next(*begin)).collect(), slots.start())
    }

    prop_compose! {
        fn rows()(mut begins in prop::collection::vec(-40_i64..400, 0..120)) -> Vec<i64> {
            begins.sort_unstable();
            begins
        }
    }

    proptest! {
        #[test]
        fn prop_slots_are_the_least_that_grow_and_are_late_enough(begins in rows()) {
            let (slots, _) = run(Start::FIRST, &begins);
            prop_assert_eq!(&slots, &by_the_rule(&begins));
            for (i, (slot, begin)) in slots.iter().zip(&begins).enumerate() {
                prop_assert!(slot >= begin);
                let before = i.checked_sub(1).map(|i| slots[i]);
                prop_assert!(before.is_none_or(|before| before < *slot));
                prop_assert!(slot == begin || before == Some(slot - 1), "as early as can be");
            }
            if let (Some(last), Some(latest)) = (slots.last(), begins.last()) {
                let count = i64::try_from(begins.len()).unwrap();
                prop_assert!(*last <= bound(count, *latest));
            }
        }

        #[test]
        fn prop_chunks_run_in_any_order_and_again(begins in rows(), size in 1_usize..20, seed: u64) {
            let (whole, _) = run(Start::FIRST, &begins);
            let mut starts = Vec::new();
            let mut start = Start::FIRST;
            for chunk in begins.chunks(size) {
                starts.push((start, chunk));
                start = run(start, chunk).1;
            }
            // Any order: by a permutation that the seed chooses, and one of them twice.
            let mut order: Vec<_> = (0..starts.len()).collect();
            order.sort_by_key(|i| (*i as u64).wrapping_mul(seed | 1).rotate_left(17));
            order.extend(order.first().copied());
            let mut found = vec![Vec::new(); starts.len()];
            for i in order {
                found[i] = run(starts[i].0, starts[i].1).0;
            }
            prop_assert_eq!(found.concat(), whole);
        }

        /// Rows that vanish between planning and their chunk leave gaps and no clash.
        #[test]
        fn prop_missing_rows_never_make_a_chunk_reach_past_its_last_slot(
            begins in rows(), gone in prop::collection::vec(any::<bool>(), 120)
        ) {
            let (whole, _) = run(Start::FIRST, &begins);
            let left: Vec<_> =
                begins.iter().zip(&gone).filter(|(_, gone)| !**gone).map(|(b, _)| *b).collect();
            let (slots, _) = run(Start::FIRST, &left);
            prop_assert!(slots.last() <= whole.last());
            prop_assert!(slots.iter().zip(&left).all(|(slot, begin)| slot >= begin));
        }
    }
}
