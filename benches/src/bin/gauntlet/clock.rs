//! The wall clock of this process, in the program's own hands.
//!
//! The linker takes the program's `clock_gettime` before the C library's, so that the standard
//! library's `SystemTime` reads this one, as everything does that asks the C library. Monotonic clocks are the
//! kernel's, by a system call of its own. What reads the time-stamp counter goes on by itself, as it
//! would if the machine's clock were set.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Milliseconds that the wall clock is ahead of the machine's.
static OFFSET: AtomicI64 = AtomicI64::new(0);
/// What it shows while it stands still, in nanoseconds since 1970; 0 while it runs.
static FROZEN: AtomicI64 = AtomicI64::new(0);

const SECOND: i64 = 1_000_000_000;

/// # Safety
/// `time` is null or points to a `timespec`, as the C library asks of its callers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> i32 {
    // SAFETY: the same arguments, for the same function of the kernel.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    let wall = clock == libc::CLOCK_REALTIME || clock == libc::CLOCK_REALTIME_COARSE;
    if result == 0 && wall && !time.is_null() {
        let frozen = FROZEN.load(Ordering::SeqCst);
        // SAFETY: the kernel has just written to it.
        let time = unsafe { &mut *time };
        if frozen != 0 {
            (time.tv_sec, time.tv_nsec) = (frozen.div_euclid(SECOND), frozen.rem_euclid(SECOND));
        } else {
            let offset = OFFSET.load(Ordering::SeqCst);
            let nanos = time.tv_nsec + offset.rem_euclid(1_000) * 1_000_000;
            time.tv_sec += offset.div_euclid(1_000) + nanos / SECOND;
            time.tv_nsec = nanos % SECOND;
        }
    }
    i32::try_from(result).unwrap_or(-1)
}

/// Sets the wall clock this much forward, or back.
pub fn step(millis: i64) {
    OFFSET.fetch_add(millis, Ordering::SeqCst);
}

/// Stops the wall clock, or lets it run on from the true time.
pub fn freeze(frozen: bool) {
    FROZEN.store(0, Ordering::SeqCst);
    if frozen {
        FROZEN
            .store(i64::try_from(now().as_nanos()).expect("a time before 2262"), Ordering::SeqCst);
    }
}

/// What the wall clock shows.
pub fn now() -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("a time after 1970")
}

/// The wall clock in milliseconds since 1970.
pub fn millis() -> i64 {
    i64::try_from(now().as_millis()).expect("a time of this age")
}

/// The same of the machine's clock, which nobody has set.
pub fn machine_millis() -> i64 {
    let (mut time, wall) = (libc::timespec { tv_sec: 0, tv_nsec: 0 }, libc::CLOCK_REALTIME);
    // SAFETY: `time` is a `timespec` that the kernel may write to.
    unsafe { libc::syscall(libc::SYS_clock_gettime, wall, &raw mut time) };
    time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
}
