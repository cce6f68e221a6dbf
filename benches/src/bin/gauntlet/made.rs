//! What a generator made under a fault, and what is wrong with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use idgen::clock::{Clock, SystemClock};

use crate::clock;
use crate::subject::{Next, Subject};

/// Longest that a single call may take, and three ticks at least: longer, and the program hangs as far as its
/// users can tell.
const HANG: Duration = Duration::from_millis(1_500);

/// A wait that is worth a word. Shorter ones are the scheduler's, on a machine that others use.
const NOTED: Duration = Duration::from_millis(150);

/// What was made.
pub struct Made {
    ordered: bool,
    hang: Duration,
    pub words: Vec<u128>,
    /// The answer to the last call, where it was no id.
    pub error: Option<String>,
    panicked: bool,
    /// The longest call, and the longest time in which every answer was an error.
    longest: Duration,
    refused: Duration,
}

impl Made {
    /// Nothing yet, of whom this is to be expected.
    pub fn by(subject: &Subject) -> Self {
        Self {
            ordered: subject.ordered,
            hang: HANG.max(subject.tick * 3),
            words: Vec::new(),
            error: None,
            panicked: false,
            longest: Duration::ZERO,
            refused: Duration::ZERO,
        }
    }

    /// The same of several generators together, whose ids are in no order.
    pub fn by_copies(subject: &Subject) -> Self {
        Self { ordered: false, ..Self::by(subject) }
    }

    /// Asks for ids until there are so many, the time is up, or there is no answer.
    pub fn ask(&mut self, next: &mut Next, count: usize, time: Duration) {
        let start = clock::monotonic();
        let mut asked = start;
        for _ in 0..count {
            match catch_unwind(AssertUnwindSafe(&mut *next)) {
                Ok(Ok(word)) => self.words.push(word),
                Ok(Err(error)) => self.error = Some(error),
                Err(_) => self.panicked = true,
            }
            let answered = clock::monotonic();
            self.longest = self.longest.max(answered.saturating_sub(asked));
            asked = answered;
            if self.panicked || self.error.is_some() || answered.saturating_sub(start) > time {
                return;
            }
        }
    }

    /// Where the last answer was an error: asks again until there is an id.
    pub fn ask_again(&mut self, next: &mut Next, patience: Duration) {
        let start = clock::monotonic();
        while self.error.take().is_some() {
            self.ask(next, 1, Duration::ZERO);
            self.refused = self.refused.max(clock::since(start));
            if self.error.is_some() {
                if clock::since(start) > patience {
                    return;
                }
                SystemClock.wait(Duration::from_millis(5));
            }
        }
    }

    /// What is wrong with it; `None` where nothing is.
    pub fn fault(&self) -> Option<String> {
        if self.panicked {
            return Some("panics".into());
        }
        let (copies, len) = (copies(&self.words), self.words.len());
        if copies > 0 {
            return Some(format!("{copies} of {len} ids twice"));
        }
        let inversions = self.words.windows(2).filter(|pair| pair[0] >= pair[1]).count();
        if self.ordered && inversions > 0 {
            return Some(format!("{inversions} of {len} out of order"));
        }
        if self.longest > self.hang {
            return Some(format!("hangs for {:.1} s", self.longest.as_secs_f64()));
        }
        None
    }

    /// The same, with what it did instead of failing, in a few words. Who refused and was asked again must have
    /// come back.
    pub fn verdict(&self) -> Result<String, String> {
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        let refused = self.refused.as_millis();
        Ok(match &self.error {
            Some(_) if refused > 0 => {
                return Err(format!(
                    "refuses, and still after {:.0} s",
                    self.refused.as_secs_f64()
                ));
            }
            Some(_) => "refuses".into(),
            None if refused > 0 => format!("refuses for {refused} ms"),
            None if self.longest > NOTED => format!("waits {} ms", self.longest.as_millis()),
            None => String::new(),
        })
    }
}

/// How many are copies of others.
pub fn copies(words: &[u128]) -> usize {
    let mut sorted = words.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// Whether what was made after a restart is new.
pub fn apart(before: &[u128], after: &[u128]) -> Result<(), String> {
    let mut known = before.to_vec();
    known.sort_unstable();
    match after.iter().filter(|word| known.binary_search(word).is_ok()).count() {
        0 => Ok(()),
        again => Err(format!("{again} of {} ids again", after.len())),
    }
}
