//! Bar charts as inline SVG, in colours that the page's style sheet chooses.

use std::fmt::Write as _;

/// What a bar stands for: its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rests on a node id; or a form's writing.
    First,
    /// Rests on random bits; or a form's reading.
    Second,
    /// What the processor can do at all.
    Limit,
}

/// One bar.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) value: f64,
    /// What stands at its end.
    pub(super) text: String,
    pub(super) kind: Kind,
    /// Whether it belongs to the bar above, and stands close to it.
    pub(super) joined: bool,
}

/// How long a bar is for its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// In proportion.
    Linear,
    /// By the power of ten, from the one below the least.
    Log,
}

const WIDTH: f64 = 720.0;
/// Where bars begin, and how long the longest is: what is right of it is for the text.
const LEFT: f64 = 104.0;
const LONGEST: f64 = 520.0;
/// From one bar to the next, and to one that belongs to it.
const ROW: f64 = 26.0;
const JOINED: f64 = 19.0;

/// Horizontal bars under each other. `title` is for who cannot see them.
pub(super) fn bars(title: &str, bars: &[Bar], scale: Scale) -> String {
    let greatest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    let least = bars.iter().map(|bar| bar.value).fold(f64::MAX, f64::min);
    let from = least.max(f64::MIN_POSITIVE).log10().floor();
    let length = |value: f64| match scale {
        Scale::Linear => value / greatest * LONGEST,
        Scale::Log => (value.log10() - from) / (greatest.log10() - from).max(1e-9) * LONGEST,
    };
    let row = |bar: &Bar| if bar.joined { JOINED } else { ROW };
    let height = bars.iter().map(row).sum::<f64>() + 4.0;
    let mut svg = format!(
        "<div class=\"chart\" tabindex=\"0\"><svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
        escaped(title)
    );
    if scale == Scale::Log {
        let mut power = from;
        while power <= greatest.log10() {
            let x = LEFT + length(10_f64.powf(power));
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"0\" y2=\"{height}\"/>"
            );
            power += 1.0;
        }
    }
    let mut y = 4.0 - ROW;
    for bar in bars {
        y += row(bar);
        let long = length(bar.value).max(1.5);
        let class = match bar.kind {
            Kind::First => "first",
            Kind::Second => "second",
            Kind::Limit => "limit",
        };
        let (label, text, middle) = (escaped(&bar.label), escaped(&bar.text), y + 14.0);
        let (before, after) = (LEFT - 10.0, LEFT + long + 8.0);
        let _ = writeln!(
            svg,
            "<text class=\"label\" x=\"{before}\" y=\"{middle}\">{label}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{long:.1}\" height=\"18\" rx=\"3\">\
             <title>{label}: {text}</title></rect>\
             <text class=\"value\" x=\"{after:.1}\" y=\"{middle}\">{text}</text>",
        );
    }
    svg + "</svg></div>\n"
}

/// Text as HTML shows it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64) -> Bar {
        Bar {
            label: label.into(),
            value,
            text: format!("{value} ns"),
            kind: Kind::First,
            joined: false,
        }
    }

    #[test]
    fn lengths_are_in_proportion() {
        let svg = bars("two", &[bar("a<b", 1.0), bar("b", 2.0)], Scale::Linear);
        assert!(svg.contains("width=\"260.0\"") && svg.contains("width=\"520.0\""), "{svg}");
        assert!(svg.contains("a&lt;b: 1 ns"));
    }

    #[test]
    fn each_power_of_ten_is_as_long() {
        let svg = bars("two", &[bar("a", 10.0), bar("b", 1_000.0), bar("c", 100.0)], Scale::Log);
        assert!(svg.contains("width=\"260.0\"") && svg.contains("width=\"520.0\""), "{svg}");
        assert_eq!(svg.matches("class=\"grid\"").count(), 3);
    }
}
