//! A generator of any scheme of the catalog, for tests that go through all of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use idgen::UnixTime;
use idgen::catalog::{Entry, Settings};
use idgen::clock::ScriptedClock;
use idgen::generator::{BuildError, Builder, ErasedGenerator};

/// A generator of the entry, on a clock of its time if its life is over. Node id 1 where the scheme
/// needs one.
pub(crate) fn generator(entry: &Entry) -> Box<dyn ErasedGenerator> {
    let mut settings = Settings::default();
    settings.node = entry.needs_node().then_some(u64::from(entry.scheme.layout.node_bits() > 0));
    match entry.generator(&settings).unwrap() {
        Err(BuildError::Ended { .. }) => {
            let base = entry.scheme.timebase.unwrap();
            let clock = ScriptedClock::at(UnixTime::from_nanos(base.time_of(1 << 20).as_nanos()));
            Builder::of(entry.scheme).clock(clock).settings(&settings).erased().unwrap()
        }
        made => made.unwrap(),
    }
}
