//! What the child of a real fork makes.

use std::io::{Read, Write, pipe};
use std::panic::{AssertUnwindSafe, catch_unwind};

use fork::{Fork, fork, waitpid};

/// The words that `child` makes in a child of fork.
///
/// The child reports by a pipe, and ends without unwinding into the program that it is a copy of. It has the
/// thread that called this and no other, whatever the others were doing.
///
/// # Panics
/// If `child` panics there, or the operating system does not fork.
///
/// # Example
/// ```
/// let parent = std::process::id();
/// let child = idgen_testkit::in_child(|| vec![std::process::id().into()]);
/// assert_ne!(child, [parent.into()]);
/// ```
#[track_caller]
pub fn in_child(child: impl FnOnce() -> Vec<u128>) -> Vec<u128> {
    let (mut reader, mut writer) = match pipe() {
        Ok(ends) => ends,
        Err(error) => panic!("no pipe to a child of fork: {error}"),
    };
    match fork() {
        Ok(Fork::Child) => {
            let words = catch_unwind(AssertUnwindSafe(child));
            let told = words.is_ok_and(|words| {
                let bytes: Vec<u8> = words.into_iter().flat_map(u128::to_ne_bytes).collect();
                writer.write_all(&bytes).is_ok()
            });
            std::process::exit(if told { 0 } else { 1 });
        }
        Ok(Fork::Parent(pid)) => {
            drop(writer);
            let mut bytes = Vec::new();
            let read = reader.read_to_end(&mut bytes);
            let ended = waitpid(pid);
            assert!(matches!(ended, Ok(0)), "the child failed: {ended:?}");
            let (words, rest) = bytes.as_chunks();
            assert!(read.is_ok() && rest.is_empty(), "the child told half a word: {read:?}");
            words.iter().map(|&word| u128::from_ne_bytes(word)).collect()
        }
        Err(error) => panic!("no child of fork: {error}"),
    }
}
