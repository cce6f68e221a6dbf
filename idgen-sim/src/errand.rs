//! What a process does that may have to wait: an errand, in whose waits the world goes on.
//!
//! Architecture invariant: an errand has a thread of its own, and of all threads of a world one runs at a time: the
//! errand's only while the world waits for it to wait, or to be done. So the same seed is the same world.

use core::time::Duration;
use std::cell::RefCell;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use crate::time::Truth;

thread_local! {
    /// What whoever waits on this thread does.
    static WAYS: RefCell<Way> = const { RefCell::new(Way::Passes) };
}

/// What becomes of a wait.
enum Way {
    /// Time passes, for everybody.
    Passes,
    /// It is none: who waits is told that it is over.
    IsNone,
    /// The world goes on.
    Yields(Turns),
}

/// An errand's end of it.
struct Turns {
    /// When it goes on; that nothing is waited for any more when nobody is there who would say so.
    go: Receiver<()>,
    /// Until when it waits.
    waits: Sender<Duration>,
}

impl Truth {
    /// Somebody waits so long.
    pub(crate) fn wait(&self, time: Duration) {
        let way = WAYS.replace(Way::IsNone);
        let way = match way {
            Way::Passes => {
                self.pass(time);
                way
            }
            Way::Yields(turns) if turns.waits.send(self.now() + time).is_ok() => {
                if turns.go.recv().is_ok() { Way::Yields(turns) } else { Way::IsNone }
            }
            Way::IsNone | Way::Yields(_) => Way::IsNone,
        };
        WAYS.set(way);
    }
}

/// Does something whose waits are none.
pub(crate) fn at_once<R>(task: impl FnOnce() -> R) -> R {
    by(Way::IsNone, task)
}

/// Does something in whose waits time passes for everybody, also on an errand.
pub(crate) fn while_all_wait<R>(task: impl FnOnce() -> R) -> R {
    by(Way::Passes, task)
}

fn by<R>(way: Way, task: impl FnOnce() -> R) -> R {
    let before = WAYS.replace(way);
    let done = task();
    WAYS.set(before);
    done
}

/// Something that is being done. Where it is dropped, it is done to its end first, without waits.
#[derive(Debug)]
pub(crate) struct Errand<T> {
    go: Option<Sender<()>>,
    waits: Receiver<Duration>,
    thread: Option<JoinHandle<T>>,
    /// True time at which it goes on.
    due: Duration,
}

impl<T: Send + 'static> Errand<T> {
    /// Something that is due at once. Nothing of it is done before [`go_on`](Self::go_on).
    pub(crate) fn new(task: impl FnOnce() -> T + Send + 'static) -> Self {
        let ((go, turn), (waits, until)) = (channel(), channel());
        let thread = thread::spawn(move || {
            let turns = Turns { go: turn, waits };
            let way = if turns.go.recv().is_ok() { Way::Yields(turns) } else { Way::IsNone };
            by(way, task)
        });
        Self { go: Some(go), waits: until, thread: Some(thread), due: Duration::ZERO }
    }

    pub(crate) fn is_due(&self, now: Duration) -> bool {
        self.due <= now
    }

    /// Goes on until it waits again, or is done and gives what came of it.
    pub(crate) fn go_on(&mut self) -> Option<T> {
        if let Some(go) = &self.go {
            let _ = go.send(());
        }
        if let Ok(due) = self.waits.recv() {
            self.due = due;
            return None;
        }
        let done = self.thread.take()?.join();
        Some(done.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl<T> Drop for Errand<T> {
    fn drop(&mut self) {
        self.go = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_world_goes_on_while_an_errand_waits() {
        let truth = Arc::new(Truth::default());
        let second = Duration::from_secs(1);
        let its = Arc::clone(&truth);
        let mut errand = Errand::new(move || {
            its.wait(second);
            let then = its.now();
            at_once(|| its.wait(second));
            while_all_wait(|| its.wait(second));
            its.wait(second);
            (then, its.now())
        });
        assert!(errand.is_due(truth.now()) && errand.go_on().is_none());
        assert_eq!(truth.now(), Duration::ZERO);
        assert!(!errand.is_due(truth.now()));
        truth.wait(second * 5); // not an errand
        assert!(errand.is_due(truth.now()) && errand.go_on().is_none());
        assert!(errand.is_due(second * 7) && !errand.is_due(second * 6));
        assert_eq!(errand.go_on(), Some((second * 5, second * 6)));
    }

    #[test]
    fn what_nobody_waits_for_is_done_without_waits() {
        let truth = Arc::new(Truth::default());
        let (done, its) = (Arc::new(std::sync::Mutex::new(0)), Arc::clone(&truth));
        let told = Arc::clone(&done);
        let mut errand = Errand::new(move || {
            for _ in 0..100 {
                its.wait(Duration::from_secs(1));
                *told.lock().unwrap() += 1;
            }
        });
        assert!(errand.go_on().is_none());
        drop(errand);
        assert_eq!((*done.lock().unwrap(), truth.now()), (100, Duration::ZERO));
    }
}
