//! The one handler, and how it is registered.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::cell;

/// How often this process' line of parents was forked. Written by the handler alone, in a child
/// that has one thread, so relaxed ordering is enough.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Forks between the process that first asked and this one: 0 in that one itself, and greater in
/// a child than in its parent.
///
/// # Panics
/// If the operating system has no memory to register the handler, at the first call.
#[inline]
#[must_use]
pub fn generation() -> u64 {
    register();
    GENERATION.load(Ordering::Relaxed)
}

/// Whether the handler is registered. Stored with release after it is, so that who acquires it
/// is under its protection.
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Registers the handler, if nobody has: children inherit it.
///
/// Two threads that come at once register it twice, which does no harm. A lock would: its copy
/// in a child, forked while another thread held it, is never released.
///
/// # Panics
/// If the operating system has no memory for it: to go on would be to issue ids twice.
#[inline]
pub(crate) fn register() {
    if !REGISTERED.load(Ordering::Acquire) {
        register_now();
    }
}

#[cold]
fn register_now() {
    let code = at_fork();
    assert!(code == 0, "no fork handler could be registered: error {code} of pthread_atfork");
    REGISTERED.store(true, Ordering::Release);
}

#[cfg(unix)]
fn at_fork() -> i32 {
    #[expect(unsafe_code, reason = "the only way to hear of a fork without asking for it")]
    // SAFETY: `in_child` is a function of the program, so it is there as long as the process (a
    // library that is unloaded takes its handlers with it on the systems that allow that). It only
    // stores to atomics in memory that is never freed, which a signal handler may do too, and it
    // cannot unwind.
    unsafe {
        libc::pthread_atfork(None, None, Some(in_child))
    }
}

#[cfg(not(unix))]
fn at_fork() -> i32 {
    0
}

#[cfg(unix)]
extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    cell::clear_all();
}
