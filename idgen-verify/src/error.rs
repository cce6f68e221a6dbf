//! What keeps a check from being made.

use std::io;

/// A file that cannot be read, or a temporary one that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ids cannot be read.
    #[error("cannot read {name}: {source}")]
    Read {
        /// The file, as it was named.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Sorted words do not go to the disk, or do not come back from it.
    #[error(
        "cannot sort in the temporary folder {folder}: {source}; allow more memory, or name a folder with room"
    )]
    Temporary {
        /// The folder.
        folder: String,
        /// Why.
        source: io::Error,
    },
    /// Numbers of ids are counted in 32 bits for their files.
    #[error("more than {max} files; check them in parts")]
    Files {
        /// The most there can be.
        max: u32,
    },
}
