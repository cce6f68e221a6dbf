//! Wrong clocks, by libfaketime where it is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use rand::RngExt;
use rand::rngs::SmallRng;

/// How wrong clocks are, as libfaketime wants it said: some a little, some by hours, either way.
const OFFSETS: [&str; 10] =
    ["-3600", "-3600", "-300", "-31", "-6", "-1.5", "-0.4", "+0.7", "+4", "+900"];

/// One of so many processes has the clock of the machine.
const RIGHT: u32 = 2;

/// Where the library may be, by distribution.
const PLACES: [&str; 5] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1",
];

/// The library that gives processes wrong clocks.
#[derive(Debug)]
pub(super) struct Skew {
    library: PathBuf,
}

impl Skew {
    /// Where it is installed.
    pub(super) fn installed() -> Option<Self> {
        let library = PLACES.iter().map(Path::new).find(|path| path.exists())?;
        Some(Self { library: library.into() })
    }

    /// Gives a worker a wrong clock, or leaves it the right one.
    pub(super) fn maybe(&self, worker: &mut Command, random: &mut SmallRng) -> bool {
        if random.random_ratio(1, RIGHT) {
            return false;
        }
        // The library takes a lock for each reading, and a child of fork would wait for ever where another thread had it.
        worker.arg("--no-forks");
        self.set(worker, OFFSETS[random.random_range(0..OFFSETS.len())]);
        true
    }

    /// Gives a command a clock that is so far off.
    pub(super) fn set(&self, command: &mut Command, offset: &str) {
        // Monotonic time stays right: it is the machine's, whatever people say the hour is.
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME", offset)
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("FAKETIME_DONT_RESET", "1");
    }
}
