//! The figures as tables for a terminal.

use super::measure::{Limits, OfScheme, THREADS};
use super::{Report, digits, rate};

/// Both tables, and what they were measured on.
pub(super) fn of(report: &Report) -> String {
    let mut text = format!("{}, idgen {}\n\n", report.machine, env!("CARGO_PKG_VERSION"));
    let mut heads = ["scheme", "one ns", "batch ns"].map(String::from).to_vec();
    heads.extend(THREADS.map(|threads| format!("{threads} thr/s")));
    heads.extend(["bits", "text", "ids/s/node", "order"].map(String::from));
    let mut lines = vec![heads];
    lines.extend(report.schemes.iter().map(row));
    let Limits { addition, memset } = report.limits;
    lines.push(vec!["(a bare addition)".into(), digits(addition)]);
    lines.push(vec!["(bare memory)".into(), String::new(), digits(memset)]);
    text += &aligned(&lines, &[0, 8, 10]);
    text += "\none, batch: nanoseconds for an id while the layout has some left; thr/s: ids a second for as long as\none likes, on so many threads, which is at most what the layout holds (ids/s/node). Beside them an atomic addition, and 16 bytes\nfilled with one value: less is not to be had one by one of what threads share, and in batches.\n\n";
    for why in &report.left_out {
        text += &format!("left out: {why}\n");
    }
    if !report.left_out.is_empty() {
        text.push('\n');
    }
    let mut lines =
        vec![["form", "64-bit write", "read", "128-bit write", "read"].map(String::from).to_vec()];
    lines.extend(report.forms.iter().map(|of| {
        let numbers = [of.write[0], of.read[0], of.write[1], of.read[1]].map(digits);
        [vec![of.form.name().into()], numbers.to_vec()].concat()
    }));
    text + &aligned(&lines, &[0])
}

fn row(of: &OfScheme) -> Vec<String> {
    let mut row = vec![of.scheme.name.to_string(), digits(of.one), digits(of.bulk)];
    row.extend(of.sustained.map(rate));
    let text = of.scheme.text.name().to_owned();
    row.extend([of.scheme.layout.width().to_string(), text, capacity(of), order(of).into()]);
    row
}

/// Ids a second and node that the layout can hold, of schemes that rest on node ids.
pub(super) fn capacity(of: &OfScheme) -> String {
    capacity_of(of).map_or("-".into(), rate)
}

/// The same as a number; `None` where random bits are what it has.
pub(super) fn capacity_of(of: &OfScheme) -> Option<f64> {
    let counted = of.scheme.capacity().ids_per_second.filter(|_| of.needs_node);
    counted.map(|rate| rate as f64)
}

pub(super) fn order(of: &OfScheme) -> &'static str {
    if of.scheme.layout.tick_bits() == 0 {
        "none"
    } else if of.scheme.timebase.is_none() {
        "by count"
    } else if of.scheme.layout.is_time_ordered() {
        "by time"
    } else {
        "not by time"
    }
}

/// Lines of columns, of which those named stand at the left.
fn aligned(lines: &[Vec<String>], left: &[usize]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns)
        .map(|i| lines.iter().filter_map(|line| line.get(i)).map(String::len).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(i, (cell, &width))| {
            if left.contains(&i) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        let bold = if number == 0 { anstyle::Style::new().bold() } else { anstyle::Style::new() };
        text += &format!("{bold}{}{bold:#}\n", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let lines = [vec!["a".into(), "number".into()], vec!["long".into(), "7".into()]];
        let text = anstream::adapter::strip_str(&aligned(&lines, &[0])).to_string();
        assert_eq!(text, "a     number\nlong       7\n");
    }
}
