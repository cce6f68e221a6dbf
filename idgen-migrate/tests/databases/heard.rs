//! What a migration says while it is carried out.

use std::sync::Mutex;
use std::time::Duration;

use idgen_migrate::{Phase, Watch};

/// What a migration said that it waits for, in small letters: why, and of a gate into which phase.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<Vec<String>>);

impl Watch for Heard {
    fn waits(&self, why: &str) {
        self.0.lock().unwrap().push(why.to_lowercase());
    }

    fn gate(&self, into: Phase, whom: &str) {
        self.0.lock().unwrap().push(format!("{into}: {}", whom.to_lowercase()));
    }
}

impl Heard {
    /// Whether it said so.
    pub(crate) fn has(&self, part: &str) -> bool {
        self.0.lock().unwrap().iter().any(|why| why.contains(part))
    }

    /// Waits until it says so.
    pub(crate) async fn until(&self, part: &str) {
        for _ in 0..600 {
            if self.has(part) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nobody waited since {part}: {self:?}");
    }
}
