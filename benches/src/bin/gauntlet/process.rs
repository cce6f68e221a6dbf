//! Forked children, and what they make.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::clock;

/// From when parent and child agree on a moment to that moment.
const AGREED: Duration = Duration::from_micros(100);

/// What a process makes, or what goes wrong there.
pub type Outcome = Result<Vec<u128>, String>;

/// Who has been forked, and whoever did it.
enum Side {
    Parent(Child),
    Child(PipeWriter),
}

struct Child {
    pid: libc::pid_t,
    from: PipeReader,
}

/// What a forked child makes.
pub fn in_child(make: impl FnOnce() -> Outcome) -> Outcome {
    match fork()? {
        Side::Parent(child) => child.made(),
        Side::Child(to) => end(to, make),
    }
}

/// What is made after a fork by both sides, which begin at the same moment: the parent's, and the child's.
pub fn on_both_sides(make: impl FnOnce() -> Outcome) -> Result<(Vec<u128>, Vec<u128>), String> {
    let (mut is_there, mut there) = std::io::pipe().map_err(text)?;
    let (mut begin, mut begins) = std::io::pipe().map_err(text)?;
    match fork()? {
        Side::Parent(child) => {
            drop(there); // so that a child that dies is not waited for
            is_there.read_exact(&mut [0]).map_err(text)?;
            let moment = clock::monotonic() + AGREED;
            let nanos = u64::try_from(moment.as_nanos()).map_err(text)?;
            begins.write_all(&nanos.to_be_bytes()).map_err(text)?;
            wait_until(moment);
            let own = make()?;
            let childs = child.made().map_err(|fault| format!("the child {fault}"))?;
            Ok((own, childs))
        }
        Side::Child(to) => end(to, || {
            there.write_all(&[0]).map_err(text)?;
            let mut moment = [0; 8];
            begin.read_exact(&mut moment).map_err(text)?;
            wait_until(Duration::from_nanos(u64::from_be_bytes(moment)));
            make()
        }),
    }
}

fn wait_until(moment: Duration) {
    while clock::monotonic() < moment {
        std::hint::spin_loop();
    }
}

fn fork() -> Result<Side, String> {
    let (from, to) = std::io::pipe().map_err(text)?;
    // SAFETY: the child uses what one thread may use, and ends by `_exit`.
    match unsafe { libc::fork() } {
        0 => Ok(Side::Child(to)),
        pid if pid > 0 => Ok(Side::Parent(Child { pid, from })),
        _ => Err(text(std::io::Error::last_os_error())),
    }
}

/// Sends what the child makes, and ends it as a crash does.
fn end(mut to: PipeWriter, make: impl FnOnce() -> Outcome) -> ! {
    let made = catch_unwind(AssertUnwindSafe(make)).unwrap_or(Err("panics".into()));
    let bytes = match made {
        Ok(words) => {
            let words = words.iter().flat_map(|word| word.to_be_bytes());
            std::iter::once(b'=').chain(words).collect()
        }
        Err(fault) => [b"!", fault.as_bytes()].concat(),
    };
    let done = to.write_all(&bytes).is_ok();
    // SAFETY: nothing of the parent's is touched on the way out.
    unsafe { libc::_exit(i32::from(!done)) }
}

impl Child {
    fn made(mut self) -> Outcome {
        let mut bytes = Vec::new();
        self.from.read_to_end(&mut bytes).map_err(text)?;
        // SAFETY: the child is ours, and nobody else waits for it.
        unsafe { libc::waitpid(self.pid, std::ptr::null_mut(), 0) };
        match bytes.split_first() {
            Some((b'=', words)) => {
                let (words, _) = words.as_chunks::<16>();
                Ok(words.iter().map(|&word| u128::from_be_bytes(word)).collect())
            }
            Some((_, fault)) => Err(String::from_utf8_lossy(fault).into()),
            None => Err("dies".into()),
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
