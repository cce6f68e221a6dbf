//! What the kernel's time discipline says of its own clock: one read-only call, made safe.
//!
//! A time service (chrony, ntpd, systemd-timesyncd) tells the kernel whether the clock is synchronised, and
//! what is still to be corrected. [`kernel_state`] asks for it; it needs no privilege and changes nothing.
//!
//! | system | call | answer |
//! |---|---|---|
//! | Linux | `adjtimex` | as it is, unless a sandbox forbids the call |
//! | FreeBSD, DragonFly | `ntp_adjtime` | as it is |
//! | macOS | `ntp_adjtime` | only where somebody says that the clock is synchronised: its own service need not tell the kernel |
//! | others, NetBSD and Windows among them | | none |
//!
//! Of these, Linux is what the tests run on; the others are compiled.
//!
//! ```
//! match idgen_ntp::kernel_state() {
//!     Some(state) if state.synchronised => println!("{} ns to correct", state.offset_nanos),
//!     Some(_) => println!("no time service keeps this clock"),
//!     None => println!("this system does not tell"),
//! }
//! ```
//!
//! # Source
//! Linux, `adjtimex(2)`; FreeBSD, `ntp_adjtime(2)`; RFC 5905, appendix A.5.6, for the kernel's interface.

/// What the kernel knows of how well its clock is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelState {
    /// Whether a time service says so, and said it lately enough: the kernel forgets it after
    /// hours without news.
    pub synchronised: bool,
    /// What the kernel is still correcting, in nanoseconds: positive where the clock is behind.
    pub offset_nanos: i64,
}

/// Asks the kernel. `None` where it does not tell.
#[cfg(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "macos"
))]
#[must_use]
pub fn kernel_state() -> Option<KernelState> {
    let (code, timex) = read()?;
    let unit_nanos = if timex.status & libc::STA_NANO == 0 { 1_000 } else { 1 };
    #[allow(clippy::useless_conversion, reason = "C's long has 32 bits on some targets")]
    let offset = i64::from(timex.offset);
    let synchronised = code != libc::TIME_ERROR && timex.status & libc::STA_UNSYNC == 0;
    if cfg!(target_os = "macos") && !synchronised {
        return None;
    }
    Some(KernelState { synchronised, offset_nanos: offset.saturating_mul(unit_nanos) })
}

/// Asks the kernel. `None` where it does not tell.
#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "macos"
)))]
#[must_use]
pub fn kernel_state() -> Option<KernelState> {
    None
}

#[cfg(target_os = "linux")]
use libc::adjtimex as ask;
#[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_os = "macos"))]
use libc::ntp_adjtime as ask;

#[cfg(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "macos"
))]
fn read() -> Option<(libc::c_int, libc::timex)> {
    #[expect(
        unsafe_code,
        reason = "on Linux the structure has private padding, and no constructor"
    )]
    // SAFETY: the structure holds integers alone, for which all bits zero is a value. Zero modes
    // make the call a question.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    #[expect(unsafe_code, reason = "a call of C")]
    // SAFETY: the pointer is to a structure of the library's own type, which is ours alone while
    // the call lasts and which the call does not keep.
    let code = unsafe { ask(&raw mut timex) };
    (code >= 0).then_some((code, timex))
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernels_answer_is_one_it_may_give() {
        // A sandbox may forbid the call; an answer is then none, and never a wrong one.
        if let Some(state) = super::kernel_state() {
            assert!(
                state.offset_nanos.unsigned_abs() <= 500_000_000,
                "the kernel corrects at most half a second: {state:?}"
            );
        }
    }
}
