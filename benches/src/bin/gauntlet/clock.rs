//! The clocks of this process, of which the wall clock is in the program's own hands.
//!
//! The linker takes the program's `clock_gettime` before the C library's, so that the standard
//! library's `SystemTime` reads this one, as everything does that asks the C library. Monotonic clocks
//! pass through. What reads the time-stamp counter goes on by itself, as it would if the machine's clock
//! were set. Each reading of the wall clock is counted: a fault of the clock says nothing of whom it
//! does not reach.

use std::ffi::c_void;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

/// Milliseconds that the wall clock is ahead of the machine's.
static OFFSET: AtomicI64 = AtomicI64::new(0);
/// What it shows while it stands still, in nanoseconds since 1970; 0 while it runs.
static FROZEN: AtomicI64 = AtomicI64::new(0);
/// How often it was read by those who meet the fault.
static READS: AtomicU64 = AtomicU64::new(0);
/// The C library's `clock_gettime`, once it is known. It reads the kernel's page of time, and makes no system
/// call: whoever is to run out of ids must not wait for the clock.
static REAL: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

type ClockGettime = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> i32;

const SECOND: i64 = 1_000_000_000;

/// # Safety
/// `time` is null or points to a `timespec`, as the C library asks of its callers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> i32 {
    // SAFETY: the same arguments, for the function that this one stands before.
    let result = unsafe { real()(clock, time) };
    let wall = clock == libc::CLOCK_REALTIME || clock == libc::CLOCK_REALTIME_COARSE;
    if result == 0 && wall && !time.is_null() {
        READS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: it has just been written to.
        let time = unsafe { &mut *time };
        let shown = shown(time.tv_sec * SECOND + time.tv_nsec);
        (time.tv_sec, time.tv_nsec) = shown;
    }
    result
}

/// What the wall clock shows at this time of the machine's: seconds, and nanoseconds.
fn shown(machine: i64) -> (i64, i64) {
    let frozen = FROZEN.load(Ordering::SeqCst);
    if frozen != 0 {
        return (frozen.div_euclid(SECOND), frozen.rem_euclid(SECOND));
    }
    let offset = OFFSET.load(Ordering::SeqCst);
    let nanos = machine.rem_euclid(SECOND) + offset.rem_euclid(1_000) * 1_000_000;
    let seconds = machine.div_euclid(SECOND) + offset.div_euclid(1_000) + nanos / SECOND;
    (seconds, nanos % SECOND)
}

fn real() -> ClockGettime {
    let mut known = REAL.load(Ordering::Relaxed);
    if known.is_null() {
        // SAFETY: the name ends with a zero, and the handle is one that is always there.
        known = unsafe { libc::dlsym(libc::RTLD_NEXT, c"clock_gettime".as_ptr()) };
        assert!(!known.is_null(), "the C library has a clock_gettime");
        REAL.store(known, Ordering::Relaxed);
    }
    // SAFETY: this is the type of the C library's function of that name.
    unsafe { std::mem::transmute::<*mut c_void, ClockGettime>(known) }
}

/// A clock of the machine's, in nanoseconds.
fn machine(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a `timespec` that may be written to.
    unsafe { real()(clock, &raw mut time) };
    time.tv_sec * SECOND + time.tv_nsec
}

/// Sets the wall clock this much forward, or back.
pub fn step(millis: i64) {
    OFFSET.fetch_add(millis, Ordering::SeqCst);
}

/// Sets the wall clock to this time, in milliseconds since 1970.
pub fn set(millis: i64) {
    OFFSET.store(millis - machine_millis(), Ordering::SeqCst);
}

/// Stops the wall clock, or lets it run on from the true time.
pub fn freeze(frozen: bool) {
    FROZEN.store(0, Ordering::SeqCst);
    if frozen {
        let (seconds, nanos) = shown(machine(libc::CLOCK_REALTIME));
        FROZEN.store(seconds * SECOND + nanos, Ordering::SeqCst);
    }
}

/// How often the wall clock was read, by others than this program.
pub fn reads() -> u64 {
    READS.load(Ordering::Relaxed)
}

/// The wall clock in milliseconds since 1970.
pub fn millis() -> i64 {
    let (seconds, nanos) = shown(machine(libc::CLOCK_REALTIME));
    seconds * 1_000 + nanos / 1_000_000
}

/// The same of the machine's clock, which nobody has set.
pub fn machine_millis() -> i64 {
    machine(libc::CLOCK_REALTIME) / 1_000_000
}

/// Monotonic time.
pub fn monotonic() -> Duration {
    Duration::from_nanos(machine(libc::CLOCK_MONOTONIC).unsigned_abs())
}

/// Monotonic time since an earlier one.
pub fn since(earlier: Duration) -> Duration {
    monotonic().saturating_sub(earlier)
}
