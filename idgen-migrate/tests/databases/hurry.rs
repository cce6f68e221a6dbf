//! A clock by which fences are soon passed, where no app goes by another one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use idgen_core::UnixTime;
use idgen_core::clock::{Clock, SystemClock};
use idgen_migrate::Options;

/// How many times as fast as all others it goes.
const TIMES: u32 = 20;

/// When it was first asked: one for all operators, since another one would begin anew, before what this has shown.
static BEGAN: Mutex<Option<(UnixTime, Duration)>> = Mutex::new(None);

/// Options by that clock. What triggers make is of the fence, which then lies before the database's clock for long:
/// whether they made any of late is not asked.
pub(crate) fn hurried(options: Options) -> Options {
    let accepted = options.accepted.iter().cloned().chain(["old-writers".into()]).collect();
    Options { clock: Arc::new(Hurried), accepted, ..options }
}

/// Wall time that goes fast from when it was first asked for. What is waited for takes as long as ever.
#[derive(Debug)]
struct Hurried;

impl Clock for Hurried {
    fn wall(&self) -> UnixTime {
        let now = || (SystemClock.wall(), SystemClock.monotonic());
        let (wall, monotonic) = *BEGAN.lock().unwrap().get_or_insert_with(now);
        let passed = (SystemClock.monotonic() - monotonic) * TIMES;
        let passed = i64::try_from(passed.as_millis()).unwrap();
        UnixTime::from_millis(i64::try_from(wall.as_millis()).unwrap() + passed)
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic()
    }

    fn wait(&self, duration: Duration) {
        SystemClock.wait(duration);
    }
}
