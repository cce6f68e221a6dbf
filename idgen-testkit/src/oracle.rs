//! The oracle: remembers every id, and who made it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::Violation;

/// Knows every id there has been, and says when one comes twice or out of order.
///
/// It takes bare words, so that one oracle can watch all generators of a simulated world, of
/// whatever scheme and wherever they run.
///
/// # Example
/// ```
/// use idgen_testkit::Oracle;
///
/// let mut oracle = Oracle::new();
/// oracle.see(0, 100);
/// oracle.see(1, 7); // another generator, with an order of its own
/// oracle.see(0, 101);
/// assert_eq!(oracle.len(), 3);
/// assert!(oracle.try_see(1, 101).unwrap_err().to_string().contains("was issued twice"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Oracle {
    /// Who made each word.
    makers: HashMap<u128, u64>,
    /// The last word of each generator.
    last: HashMap<u64, u128>,
    /// Whether order does not matter.
    unordered: bool,
}

impl Oracle {
    /// An oracle that wants all words distinct, and those of each generator increasing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An oracle that wants all words distinct, in any order: for layouts whose words do not grow
    /// with time, and for random ids.
    #[must_use]
    pub fn unordered() -> Self {
        Self { unordered: true, ..Self::default() }
    }

    /// Sees a word that this generator made.
    ///
    /// # Panics
    /// If it is not the first such word, or not greater than the generator's last.
    pub fn see(&mut self, generator: u64, word: u128) {
        if let Err(violation) = self.try_see(generator, word) {
            panic!("{violation}");
        }
    }

    /// Sees a word that this generator made.
    ///
    /// # Errors
    /// If it is not the first such word, or not greater than the generator's last.
    pub fn try_see(&mut self, generator: u64, word: u128) -> Result<(), Violation> {
        match self.makers.entry(word) {
            Entry::Occupied(first) => {
                let first = first.get();
                return Err(Violation::new(format!(
                    "id {word} was issued twice: by generator {first}, and again by generator {generator}"
                )));
            }
            Entry::Vacant(vacant) => vacant.insert(generator),
        };
        let before = self.last.insert(generator, word);
        match before {
            Some(before) if before > word && !self.unordered => Err(Violation::new(format!(
                "id {word} of generator {generator} is out of order: it came after {before}"
            ))),
            _ => Ok(()),
        }
    }

    /// How many words it has seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.makers.len()
    }

    /// Whether it has seen none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.makers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_names_both_makers() {
        let mut oracle = Oracle::unordered();
        oracle.see(3, 10);
        oracle.see(3, 9);
        let violation = oracle.try_see(4, 10).unwrap_err();
        assert_eq!(
            violation.to_string(),
            "id 10 was issued twice: by generator 3, and again by generator 4"
        );
    }

    #[test]
    #[should_panic(expected = "id 9 of generator 3 is out of order: it came after 10")]
    fn order_is_each_generators_own() {
        let mut oracle = Oracle::new();
        oracle.see(3, 10);
        oracle.see(4, 8);
        assert!(!oracle.is_empty());
        oracle.see(3, 9);
    }
}
