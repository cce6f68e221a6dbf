//! The bits of an id, in a box for each field and in the field's colour.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use idgen::Scheme;
use idgen::layout::{Field, Kind, Layout};

/// Colours that neighbours can be told apart by, in turn.
const COLORS: [AnsiColor; 5] =
    [AnsiColor::Cyan, AnsiColor::Yellow, AnsiColor::Green, AnsiColor::Magenta, AnsiColor::Blue];

/// Bits on a line of the picture.
const BITS_A_LINE: u32 = 64;

/// Columns that every terminal has.
const COLUMNS: usize = 80;

/// The picture of an id: its bits from the highest down, 64 a line, boxed by field under their
/// places.
pub(crate) fn bits(layout: &Layout, word: u128) -> String {
    let lines = u32::from(layout.width()).div_ceil(BITS_A_LINE);
    let row = |line| Row::of(layout, word, line * BITS_A_LINE);
    (0..lines).rev().map(|line| row(line).draw()).collect()
}

/// A line for each field: a block of its colour, its name, bits, place and value.
pub(crate) fn legend(scheme: &Scheme, word: u128) -> String {
    let fields = || scheme.fields(word);
    let widest = fields().map(|(field, _)| field.name().as_str().len()).max().unwrap_or(0);
    let longest = fields().map(|(_, value)| value.to_string().len()).max().unwrap_or(0);
    let mut legend = String::new();
    for (i, (field, value)) in fields().enumerate() {
        let style = style(i, field);
        let (low, bits) = (u32::from(field.offset()), u32::from(field.bits()));
        let unit = if bits == 1 { "bit " } else { "bits" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            legend,
            "  {style}■ {:widest$}{style:#}  {bits:>2} {unit}  {:<8}  {value:>longest$}",
            field.name(),
            place(low, bits),
        );
    }
    legend
}

/// One line of bits.
struct Row {
    cells: Vec<Cell>,
    /// Spaces on either side of a cell's bits.
    padding: usize,
}

/// What a line has of one field.
struct Cell {
    bits: String,
    /// Places of these bits, and of the highest alone for where the cell is narrow.
    places: [String; 2],
    style: Style,
}

impl Row {
    /// The 64 bits from `lowest` upwards.
    fn of(layout: &Layout, word: u128, lowest: u32) -> Self {
        let fields = layout.fields().iter().enumerate();
        let cells: Vec<_> = fields.filter_map(|(i, f)| Cell::of(i, f, word, lowest)).collect();
        let padded = cells.iter().map(|cell| cell.bits.len() + 3).sum::<usize>() + 1;
        Self { cells, padding: usize::from(padded <= COLUMNS) }
    }

    fn draw(&self) -> String {
        let pad = " ".repeat(self.padding);
        let places = self.cells.iter().map(|cell| {
            let fits = |place: &&String| place.len() <= self.width(cell);
            let place = cell.places.iter().find(fits).map_or("", String::as_str);
            format!("{place:^width$}", width = self.width(cell))
        });
        let bits = self.cells.iter().map(|cell| {
            let Cell { bits, style, .. } = cell;
            format!("{pad}{style}{bits}{style:#}{pad}")
        });
        let rule = || self.cells.iter().map(|cell| "─".repeat(self.width(cell)));
        let places = join(places, " ", " ", " ");
        [
            places.trim_end(),
            &join(rule(), "┌", "┬", "┐"),
            &join(bits, "│", "│", "│"),
            &join(rule(), "└", "┴", "┘"),
            "",
        ]
        .join("\n")
    }

    fn width(&self, cell: &Cell) -> usize {
        cell.bits.len() + 2 * self.padding
    }
}

impl Cell {
    /// What the 64 bits from `lowest` upwards have of a field; `None` where that is nothing.
    fn of(index: usize, field: &Field, word: u128, lowest: u32) -> Option<Self> {
        let offset = u32::from(field.offset());
        let from = offset.max(lowest);
        let to = (offset + u32::from(field.bits())).min(lowest + BITS_A_LINE);
        let value = field.of(word);
        let digit = |bit: u32| if value >> (bit - offset) & 1 == 1 { '1' } else { '0' };
        (from < to).then(|| Self {
            bits: (from..to).rev().map(digit).collect(),
            places: [place(from, to - from), (to - 1).to_string()],
            style: style(index, field),
        })
    }
}

/// The cells of a line between their borders.
fn join(cells: impl Iterator<Item = String>, left: &str, middle: &str, right: &str) -> String {
    let cells: Vec<_> = cells.collect();
    format!("{left}{}{right}", cells.join(middle))
}

/// The places of neighbouring bits: `62..22`, or `63` for one.
fn place(low: u32, bits: u32) -> String {
    match bits {
        1 => low.to_string(),
        _ => format!("{}..{low}", low + bits - 1),
    }
}

/// Colours go round by field, and what never changes is dim.
fn style(index: usize, field: &Field) -> Style {
    match field.kind() {
        Kind::Unused | Kind::Version(_) => Style::new().dimmed(),
        _ => COLORS[index % COLORS.len()].on_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    fn digits(picture: &str) -> String {
        let lines = picture.lines().filter(|line| line.starts_with('│'));
        lines.flat_map(str::chars).filter(char::is_ascii_digit).collect()
    }

    #[test]
    fn a_snowflake_fits_a_terminal_with_its_fields_boxed() {
        let scheme = idgen::find("twitter").unwrap().scheme;
        let picture = bits(&scheme.layout, 1_541_815_603_606_036_480);
        let lines = [
            " 63                    62..22                    21..17  16..12      11..0",
            "┌───┬───────────────────────────────────────────┬───────┬───────┬──────────────┐",
            "│ 0 │ 00101010110010110100001000111110110001000 │ 01011 │ 11010 │ 000000000000 │",
            "└───┴───────────────────────────────────────────┴───────┴───────┴──────────────┘",
        ];
        let drawn = plain(&picture);
        assert_eq!(drawn.lines().collect::<Vec<_>>(), lines);
        assert_eq!(u128::from_str_radix(&digits(&drawn), 2), Ok(1_541_815_603_606_036_480));
        assert_ne!(picture, drawn);
    }

    #[test]
    fn a_field_across_the_lines_of_128_bits_is_in_both() {
        let layout: Layout = "tick=48:v(=7)=4:a(random)=64:b(random)=12".parse().unwrap();
        let word = 0x0123_4567_89ab_7fed_cba9_8765_4321_0abc_u128;
        let drawn = plain(&bits(&layout, word));
        assert_eq!(digits(&drawn), format!("{word:0128b}"));
        let places: Vec<_> = drawn.lines().step_by(4).collect();
        assert_eq!(places.len(), 2);
        assert!(places[0].ends_with("75..64") && places[1].contains("63..12"), "{drawn}");
    }

    #[test]
    fn many_fields_have_no_padding_and_short_places() {
        let twelve = "tick=41:a(node)=2:b(node)=2:c(node)=2:d(node)=2:e(node)=2:sequence=12";
        let layout: Layout = twelve.parse().unwrap();
        let drawn = plain(&bits(&layout, 0));
        assert!(drawn.lines().all(|line| line.chars().count() <= COLUMNS), "{drawn}");
        let places: Vec<_> = drawn.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(places, ["62..22", "21", "19", "17", "15", "13", "11..0"]);
    }

    #[test]
    fn the_legend_has_each_field_with_its_value() {
        let scheme = idgen::find("discord").unwrap().scheme;
        let legend = plain(&legend(&scheme, 175_928_847_299_117_063));
        let lines: Vec<_> = legend.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], "  ■ tick      42 bits  63..22    41944705796");
        assert_eq!(lines[3], "  ■ sequence  12 bits  11..0               7");
    }
}
