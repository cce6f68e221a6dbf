//! The operating system's clocks.

#![expect(clippy::disallowed_methods, reason = "this is the module that reads time")]

use core::time::Duration;
use std::time::SystemTime;

use super::{Clock, NtpState};
use crate::UnixTime;

/// The operating system's clocks.
///
/// Monotonic time is `CLOCK_BOOTTIME` on Linux, which counts suspend. Elsewhere it is the
/// standard library's, which counts suspend on Windows and does not on macOS. What the time
/// service says is known on Linux and FreeBSD, and on macOS where there is one that tells the kernel.
///
/// # Example
/// ```
/// use idgen_core::clock::{Clock, SystemClock};
///
/// let before = SystemClock.monotonic();
/// assert!(SystemClock.wall() > idgen_core::UnixTime::from_millis(1_700_000_000_000));
/// assert!(SystemClock.monotonic() >= before);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn wall(&self) -> UnixTime {
        SystemTime::now().into()
    }

    fn monotonic(&self) -> Duration {
        since_boot()
    }

    fn wait(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn ntp(&self) -> NtpState {
        match idgen_ntp::kernel_state() {
            None => NtpState::Unknown,
            Some(kernel) if kernel.synchronised => {
                NtpState::Synchronised { offset_nanos: kernel.offset_nanos }
            }
            Some(_) => NtpState::Unsynchronised,
        }
    }
}

#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    // Neither part is negative: the machine booted in the past.
    Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0))
}

#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    use once_cell::race::OnceBox;
    use std::time::Instant;

    static START: OnceBox<Instant> = OnceBox::new();
    START.get_or_init(|| Box::new(Instant::now())).elapsed()
}
