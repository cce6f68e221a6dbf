//! Progress on a terminal.

use std::sync::Mutex;

use idgen_migrate::{Phase, Watch};
use indicatif::{ProgressBar, ProgressStyle};

/// A bar for the column that is being filled, with what is left of its time, and a line for each step.
pub(super) struct Bar {
    bar: ProgressBar,
    column: Mutex<String>,
    /// Whom a gate was last said to wait for.
    gate: Mutex<String>,
}

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::no_length();
        let style = "{msg:32!} {wide_bar} {pos}/{len} rows  {per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self { bar, column: Mutex::default(), gate: Mutex::default() }
    }
}

impl Watch for Bar {
    fn step(&self, title: &str) {
        // A bar that is not there yet is not drawn for it.
        if !self.bar.message().is_empty() {
            self.bar.set_message(String::new());
        }
        self.bar.suspend(|| {
            let _ = std::io::Write::write_all(
                &mut anstream::stderr(),
                format!("  {title}\n").as_bytes(),
            );
        });
    }

    fn rows(&self, what: &str, done: i64, of: i64) {
        if let Ok(mut column) = self.column.lock()
            && *column != what
        {
            *column = what.to_owned();
            self.bar.reset();
            self.bar.set_length(of.unsigned_abs());
        }
        // Also in place of what was waited for until now.
        if self.bar.message() != what {
            self.bar.set_message(what.to_owned());
        }
        self.bar.set_position(done.unsigned_abs());
    }

    fn gate(&self, into: Phase, whom: &str) {
        // What follows is the time that it is.
        let now = whom.split(';').next().unwrap_or_default();
        if let Ok(mut gate) = self.gate.lock()
            && *gate != now
        {
            *gate = now.to_owned();
            self.step(&format!("the gate of {into} waits: {whom}"));
        }
    }

    fn waits(&self, why: &str) {
        self.bar.set_message(why.chars().take(60).collect::<String>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_of_what_is_done_and_of_a_wait_no_longer_than_that() {
        let bar = Bar::new();
        let of = || bar.bar.message();
        bar.rows("customers.id_new", 2_000, 10_000);
        assert_eq!(of(), "customers.id_new");
        bar.waits("replicas lag behind");
        assert_eq!(of(), "replicas lag behind");
        bar.rows("customers.id_new", 4_000, 10_000);
        assert_eq!((of().as_str(), bar.bar.position()), ("customers.id_new", 4_000));
        bar.waits("paused");
        bar.step("index customers_pkey_new");
        assert_eq!(of(), "");
    }
}
