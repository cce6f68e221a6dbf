//! A picture of the course: which phase takes how long, what it holds, and how far one can go back.

use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;

use super::{Leg, Plan, span};
use crate::Phase;
use crate::session::Engine;

/// The phases of a plan, with their lengths. Displayed as text; [`svg`](Self::svg) draws it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timeline {
    name: String,
    bars: Vec<Bar>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Bar {
    phase: Phase,
    /// Seconds of the database's work; none where it waits for people.
    seconds: Option<f64>,
    what: &'static str,
    locks: &'static str,
    /// Each step's title, and what it holds.
    steps: Vec<(String, String)>,
}

impl Timeline {
    /// The timeline of a plan, by its course.
    #[must_use]
    pub fn of(plan: &Plan, course: &[Leg]) -> Self {
        let leg = |phase| course.iter().find(|leg| leg.phase == phase);
        let worked = |phase| leg(phase).filter(|leg| !leg.on.is_empty());
        let locks = if plan.engine == Engine::Sqlite { locks_of_one_writer } else { locks };
        let bars = plan.phases().map(|phase| Bar {
            phase,
            seconds: worked(phase).map(|leg| leg.seconds),
            what: match phase {
                Phase::Constrained if plan.engine == Engine::Sqlite => {
                    "unique indexes on the new ids"
                }
                phase => what(phase),
            },
            locks: locks(phase),
            steps: worked(phase).map_or_else(Vec::new, steps),
        });
        Self { name: plan.name.clone(), bars: bars.collect() }
    }

    /// The picture as SVG: a bar for each phase, and under it a line for each of its steps.
    #[must_use]
    pub fn svg(&self) -> String {
        const ROW: usize = 28;
        const LINE: usize = 15;
        let lines: usize = self.bars.iter().map(|bar| bar.steps.len()).sum();
        let height = (self.bars.len() + 2) * ROW + lines * LINE;
        let mut y = ROW;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"{height}\" \
             font-family=\"sans-serif\" font-size=\"13\">\n<title>Course of {}</title>\n\
             <rect width=\"960\" height=\"{height}\" fill=\"#ffffff\"/>\n",
            escaped(&self.name)
        );
        for (bar, start, width) in self.places(320) {
            let colour = match (bar.phase.is_destructive(), bar.seconds) {
                (true, _) => "#b3402e",
                (_, Some(_)) => "#2e6db3",
                (_, None) => "#9aa5b1",
            };
            let _ = writeln!(
                svg,
                "<text x=\"12\" y=\"{}\">{}</text><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"16\" \
                 fill=\"{colour}\"/><text x=\"500\" y=\"{}\">{}</text>",
                y + 13,
                bar.phase,
                150 + start,
                y,
                width.max(3),
                y + 13,
                escaped(&format!("{} {}", length(bar.seconds), bar.locks))
            );
            y += ROW;
            for (title, holds) in &bar.steps {
                let _ = writeln!(
                    svg,
                    "<text x=\"24\" y=\"{}\" font-size=\"11\" fill=\"#52606d\">{}</text>\
                     <text x=\"430\" y=\"{0}\" font-size=\"11\" fill=\"#52606d\">{}</text>",
                    y,
                    escaped(title),
                    escaped(holds)
                );
                y += LINE;
            }
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The bars with start and width, of so many columns in all. Lengths differ by orders of
    /// magnitude, so that a bar is as long as its time's logarithm.
    fn places(&self, columns: usize) -> impl Iterator<Item = (&Bar, usize, usize)> {
        let weight = |bar: &Bar| 1.0 + bar.seconds.unwrap_or(0.0).max(0.0).ln_1p();
        let sum: f64 = self.bars.iter().map(weight).sum();
        let mut at = 0.0;
        self.bars.iter().map(move |bar| {
            let start = rounded(at / sum * columns as f64);
            at += weight(bar);
            (bar, start, rounded(at / sum * columns as f64) - start)
        })
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (bar, start, width) in self.places(40) {
            let mark = match (bar.phase.is_destructive(), bar.seconds) {
                (true, _) => "!",
                (_, Some(_)) => "█",
                (_, None) => "·",
            };
            let drawn = format!("{}{}", " ".repeat(start), mark.repeat(width.max(1)));
            writeln!(
                f,
                "  {:<19} {drawn:<41} {:>9}  {}",
                bar.phase.name(),
                length(bar.seconds),
                bar.what
            )?;
        }
        Ok(())
    }
}

/// A number of columns: small, and never negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is a part of a few hundred columns"
)]
fn rounded(number: f64) -> usize {
    number.round() as usize
}

fn what(phase: Phase) -> &'static str {
    match phase {
        Phase::Planned => "the plan is kept in the database",
        Phase::Expanded => "columns and triggers; rows of old apps get ids by the trigger",
        Phase::DualWrite => "apps write both ids",
        Phase::Backfilling => "one pass fixes what each old row's id will be",
        Phase::Backfilled => "old rows and references are filled in chunks",
        Phase::Constrained => "unique, NOT NULL and foreign keys on the new ids",
        Phase::Verified => "counts, order and references are compared",
        Phase::ReadingNew => "apps read by the new id; shadow reads compare",
        Phase::Swapped => "the new id becomes the primary key",
        Phase::OldWritesStopped => "apps write the new id alone",
        Phase::Contracted => "the old ids are dropped, and with them every way back",
    }
}

fn locks(phase: Phase) -> &'static str {
    match phase {
        Phase::Expanded => "all, for a moment, table by table",
        Phase::Backfilled => "rows of a chunk",
        Phase::Constrained => "beside others; for a moment each",
        Phase::Swapped => "all tables at once, for a moment",
        Phase::Contracted => "all, for a moment, table by table",
        _ => "none",
    }
}

/// The same where one writes at a time.
fn locks_of_one_writer(phase: Phase) -> &'static str {
    match phase {
        Phase::Expanded => "writers, for a moment, table by table",
        Phase::Backfilled => "writers, for a chunk",
        Phase::Constrained => "writers, while each index is made",
        Phase::Swapped | Phase::Contracted => "writers, while tables are made anew",
        _ => "none",
    }
}

fn steps(leg: &Leg) -> Vec<(String, String)> {
    leg.on.iter().map(|planned| (planned.step.title.clone(), planned.to_string())).collect()
}

fn length(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "people".into(), span)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Settings;
    use crate::plan::tests::example;

    #[test]
    fn every_phase_is_in_the_picture_and_bars_follow_each_other() {
        let plan = example();
        let course = plan.course(Settings::default()).unwrap();
        let timeline = Timeline::of(&plan, &course);
        let (text, svg) = (timeline.to_string(), timeline.svg());
        for phase in Phase::ALL {
            assert!(text.contains(phase.name()) && svg.contains(phase.name()), "{phase}");
        }
        for planned in course.iter().flat_map(|leg| &leg.on) {
            assert!(svg.contains(&escaped(&planned.step.title)), "{planned}");
        }
        let mut end = 0;
        for (_, start, width) in timeline.places(1_000) {
            assert_eq!(start, end);
            end = start + width;
        }
        assert_eq!(end, 1_000);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
