//! What can be set on a check, and what it says while it runs.

use std::env;
use std::path::PathBuf;

/// What can be set on a check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Memory for words, in bytes; 1 GiB unless set. Less than 4 KiB count as that.
    pub memory_bytes: usize,
    /// Where sorted words go that do not fit it, and copies of what comes through a pipe; the
    /// system's folder for temporary files unless set. Such a file has no name and is gone with the
    /// process.
    pub folder: PathBuf,
    /// How many duplicates, bad records and inversions are listed, each; 10 unless set.
    pub listed: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { memory_bytes: 1 << 30, folder: env::temp_dir(), listed: 10 }
    }
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// So many bytes of the current file are read.
    Read(u64),
    /// So many of all words are merged.
    Merged {
        /// Those that are.
        words: u64,
        /// All there are.
        of: u64,
    },
    /// So many bytes are read once more, for the places of duplicates.
    Located(u64),
}
