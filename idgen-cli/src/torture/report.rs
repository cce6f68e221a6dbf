//! What was done and what was found, for people and for programs.

use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use super::check::Found;
use super::faults::Counts;
use crate::exit::Failure;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) scheme: String,
    pub(super) seed: u64,
    pub(super) seconds: u64,
    pub(super) counts: Counts,
    pub(super) found: Found,
}

impl Report {
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        let text = if json {
            serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
        } else {
            self.text()
        };
        Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
    }

    fn text(&self) -> String {
        let Self { scheme, seed, seconds, counts, found } = self;
        let mut text = format!("{scheme}, {seconds} s of torture, seed {seed}\n\n");
        let skewed = match counts.can_skew {
            true => counts.skewed.to_string(),
            false => "0 (install libfaketime for wrong clocks)".into(),
        };
        let rows = [
            ("processes started", counts.started.to_string()),
            ("killed", counts.killed.to_string()),
            ("paused", counts.paused.to_string()),
            ("forked", counts.forked.to_string()),
            ("with a wrong clock", skewed),
            ("gave up for want of a node id in time", counts.gave_up.to_string()),
            ("generators", found.generators.to_string()),
            ("node ids", found.nodes.to_string()),
            ("ids", found.ids.to_string()),
            ("out of order within a generator", found.disorder.to_string()),
            ("that came twice", found.duplicates.to_string()),
        ];
        for (what, count) in rows {
            let _ = writeln!(text, "  {what:<38} {count}");
        }
        for example in &found.examples {
            let _ = writeln!(text, "  twice: {example}");
        }
        text
    }

    /// Success, if every id came once and there were some.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let found = &self.found;
        if found.ids == 0 {
            return Err(Failure::Data("no generator made an id".into()));
        }
        if found.duplicates + found.disorder > 0 {
            return Err(Failure::Said);
        }
        Ok(())
    }
}
