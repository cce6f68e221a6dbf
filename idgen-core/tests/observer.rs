//! What an observer is told, and when.

#![cfg(all(not(loom), feature = "alloc"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use idgen_core::clock::Ticks;
use idgen_core::layout::{Dressing, Layout};
use idgen_core::observer::Observer;
use idgen_core::{Line, Stall, Window};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Told {
    Issued(u64),
    Stalled(Stall),
    Regressed { now: u64, last: u64 },
    Borrowed(u64),
}

#[derive(Default)]
struct Diary(Mutex<Vec<Told>>);

impl Diary {
    fn write(&self, told: Told) {
        self.0.lock().unwrap().push(told);
    }

    fn read(&self) -> Vec<Told> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Diary {
    fn issued(&self, count: u64) {
        self.write(Told::Issued(count));
    }

    fn stalled(&self, stall: &Stall) {
        self.write(Told::Stalled(*stall));
    }

    fn regressed(&self, now: u64, last: u64) {
        self.write(Told::Regressed { now, last });
    }

    fn borrowed(&self, ticks: u64) {
        self.write(Told::Borrowed(ticks));
    }
}

struct Script(AtomicU64);

impl Ticks for Script {
    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn wait_for(&self, _: u64, at_most: Duration) -> Duration {
        at_most
    }
}

#[test]
fn an_observer_is_told_what_is_issued_borrowed_regressed_and_stalled() {
    let layout: Layout = "tick=20:node=4:sequence=2".parse().unwrap();
    let axis = Dressing::<u64>::new(&layout, 0, 0).unwrap().axis();
    let diary = Arc::new(Diary::default());
    let script = Arc::new(Script(AtomicU64::new(10)));
    let line = Line::observed(axis, Arc::clone(&script), 1, Arc::clone(&diary));
    line.grant(Window::new(10, 100).unwrap()).unwrap();

    line.take().unwrap();
    assert_eq!(diary.read(), [Told::Issued(1)]);
    line.reserve(3).unwrap();
    assert_eq!(diary.read(), [Told::Issued(3)]);
    line.take().unwrap();
    assert_eq!(diary.read(), [Told::Borrowed(1), Told::Issued(1)]);
    script.0.store(11, Ordering::Relaxed);
    line.take().unwrap();
    assert_eq!(diary.read(), [Told::Issued(1)]);
    script.0.store(10, Ordering::Relaxed);
    line.take().unwrap();
    assert_eq!(
        diary.read(),
        [Told::Regressed { now: 10, last: 11 }, Told::Borrowed(1), Told::Issued(1)]
    );
    line.take().unwrap();
    assert_eq!(diary.read(), [Told::Borrowed(1), Told::Issued(1)], "told once for each drop");
    let stall = line.take().unwrap_err();
    assert_eq!(diary.read(), [Told::Stalled(stall)]);
}
