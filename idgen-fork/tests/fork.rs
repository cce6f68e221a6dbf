//! Real forks: what the child reads, and what the parent goes on to read.
//!
//! The test program forks itself from one thread of many, so a child does nothing but load, store
//! and exit, as POSIX asks of it.
#![cfg(unix)]
#![allow(unsafe_code, reason = "fork has no safe face, and is what this is about")]

use std::sync::atomic::Ordering;

use idgen_fork::{ForkCell, generation};

/// Runs `child` in a child of fork and gives its exit code, or -1 where it died.
fn in_child(child: impl FnOnce() -> u8) -> i32 {
    // SAFETY: the child calls `child`, which only loads and stores atomics (or forks again), and
    // `_exit`; the parent waits for the process that it has just made.
    unsafe {
        match libc::fork() {
            0 => libc::_exit(child().into()),
            pid => {
                assert!(pid > 0, "fork failed");
                let mut status = 0;
                assert_eq!(libc::waitpid(pid, &raw mut status, 0), pid);
                if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -1 }
            }
        }
    }
}

#[test]
fn a_child_reads_zero_and_the_parent_its_word() {
    let cells: Vec<_> = (1..=50).map(ForkCell::new).collect();
    let read = in_child(|| u8::from(cells.iter().any(|cell| cell.load(Ordering::Relaxed) != 0)));
    assert_eq!(read, 0, "a word survived the fork");
    for (cell, value) in cells.iter().zip(1..) {
        assert_eq!(cell.load(Ordering::Relaxed), value, "the parent lost its word");
    }
}

#[test]
fn what_a_child_writes_is_its_own_and_zero_in_its_children() {
    let cell = ForkCell::new(1);
    let read = in_child(|| {
        cell.store(2, Ordering::Relaxed);
        let grandchild = in_child(|| u8::try_from(cell.load(Ordering::Relaxed)).unwrap_or(9));
        let own = cell.load(Ordering::Relaxed);
        u8::from(grandchild != 0) << 1 | u8::from(own != 2)
    });
    assert_eq!(read, 0);
    assert_eq!(cell.load(Ordering::Relaxed), 1);
}

#[test]
fn generations_count_the_forks_down_a_line() {
    let before = generation();
    let read = in_child(|| {
        let child = generation();
        let grandchild = in_child(|| u8::from(generation() <= child));
        u8::from(child <= before) | u8::try_from(grandchild).unwrap_or(9)
    });
    assert_eq!(read, 0);
    assert_eq!(generation(), before);
}
