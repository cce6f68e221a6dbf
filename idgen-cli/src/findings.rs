//! What `idgen verify` has found, for people.

use std::cmp::Reverse;
use std::time::Duration;

use idgen_verify::{Bad, Disorder, Duplicates, NodeReport, Place, Report, Span};
use indicatif::HumanCount;

/// The report, with so many nodes; its records are words or lines.
pub(crate) fn text(report: &Report, is_binary: bool, nodes: usize) -> String {
    let unit = if is_binary { "word" } else { "line" };
    let mut text = Text { unit, rows: String::new() };
    text.row("distinct", &count(report.distinct));
    text.duplicates(&report.duplicates);
    text.bad(&report.bad);
    if report.order.meant {
        text.order(&report.order);
    }
    if let Some(span) = &report.span {
        text.span(span);
    }
    if !report.nodes.is_empty() {
        text.nodes(&report.nodes, nodes);
    }
    if report.files.len() > 1 {
        for file in &report.files {
            let ids = count(file.ids);
            text.row("file", &format!("{}: {ids} ids, {}", file.name, file.format));
        }
    }
    let bold = anstyle::Style::new().bold();
    let title = format!("{} {} ids", count(report.ids), report.scheme);
    format!("{bold}{title}{bold:#}\n\n{}", text.rows)
}

/// What is written so far.
struct Text {
    /// What a record is called.
    unit: &'static str,
    rows: String,
}

impl Text {
    fn row(&mut self, label: &str, text: &str) {
        self.rows += &format!("  {label:<11} {text}\n");
    }

    fn place(&self, place: &Place) -> String {
        format!("{} {} {}", place.file, self.unit, place.record)
    }

    fn duplicates(&mut self, found: &Duplicates) {
        let records = match found.ids {
            0 => "none".into(),
            ids => {
                let further = count(found.further);
                format!("{} ids, {further} {}s beyond the first of each", count(ids), self.unit)
            }
        };
        self.row("duplicates", &records);
        for id in &found.first {
            let places: Vec<_> = id.places.iter().map(|place| self.place(place)).collect();
            self.row("", &format!("{}, {} times: {}", id.id, id.times, places.join(", ")));
        }
    }

    fn bad(&mut self, found: &Bad) {
        let records = match found.records {
            0 => "none".into(),
            records => format!("{} {}s", count(records), self.unit),
        };
        self.row("no ids", &records);
        for bad in &found.first {
            let place = self.place(&bad.place);
            self.row("", &format!("{place}: '{}': {}", bad.found, bad.fault));
        }
    }

    fn order(&mut self, found: &Disorder) {
        let order = match (found.of_nodes, found.of_files) {
            (0, 0) => "each file ascends".into(),
            (0, ids) => {
                let ids = count(ids);
                format!("each node ascends in each file; {ids} ids are less than another's before")
            }
            (ids, _) => format!("{} ids are less than the one before of their node", count(ids)),
        };
        self.row("order", &order);
        for inversion in &found.first {
            let place = self.place(&inversion.place);
            self.row("", &format!("{place}: {} after {}", inversion.id, inversion.before));
        }
    }

    fn span(&mut self, span: &Span) {
        if let (Some(from), Some(to)) = (span.from, span.to) {
            self.row("time", &format!("{from} to {to}"));
        }
        let [ticks, empty] = [span.ticks, span.empty].map(count);
        self.row("ticks", &format!("{ticks} with ids, {empty} between them without"));
        self.row("widest gap", &gap(span));
    }

    /// The nodes with the most ids.
    fn nodes(&mut self, nodes: &[NodeReport], listed: usize) {
        self.row("nodes", &count(nodes.len() as u64));
        let mut most: Vec<_> = nodes.iter().collect();
        most.sort_by_key(|node| Reverse(node.ids));
        for node in most.iter().take(listed) {
            let gap = node.span.as_ref().map(gap).unwrap_or_default();
            let left_out = match node.left_out {
                Some(numbers) if numbers > 0 => {
                    format!(", {} sequence numbers left out", count(numbers))
                }
                _ => String::new(),
            };
            let ids = count(node.ids);
            self.row("", &format!("{}: {ids} ids, widest gap {gap}{left_out}", node.node));
        }
        if most.len() > listed {
            self.row("", &format!("and {} with fewer ids", most.len() - listed));
        }
    }
}

/// The longest stretch without ids.
fn gap(span: &Span) -> String {
    let Some(gap) = &span.widest else { return "none".into() };
    let nanos = gap.nanos.and_then(|nanos| u64::try_from(nanos).ok());
    let long = match nanos.map(Duration::from_nanos) {
        Some(long) => format!("{long:?}"),
        None => format!("{} ticks", count(gap.ticks)),
    };
    match gap.after {
        Some(after) => format!("{long} after {after}"),
        None => long,
    }
}

fn count(number: u64) -> String {
    HumanCount(number).to_string()
}
