//! The bits of an id, coloured by field.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use idgen::Scheme;
use idgen::layout::{Field, Kind, Layout};

/// Colours that neighbours can be told apart by, in turn.
const COLORS: [AnsiColor; 5] =
    [AnsiColor::Cyan, AnsiColor::Yellow, AnsiColor::Green, AnsiColor::Magenta, AnsiColor::Blue];

/// Bits on a line of the picture.
const BITS_A_LINE: u32 = 64;

/// The picture of an id: its bits from the highest down, in groups of eight.
pub(crate) fn bits(layout: &Layout, word: u128) -> String {
    let mut picture = String::new();
    for bit in (0..u32::from(layout.width())).rev() {
        let style = style_at(layout, bit);
        // Writing to a string cannot fail.
        let _ = write!(picture, "{style}{}{style:#}", word >> bit & 1);
        if bit > 0 && bit % BITS_A_LINE == 0 {
            picture.push('\n');
        } else if bit > 0 && bit % 8 == 0 {
            picture.push(' ');
        }
    }
    picture
}

/// A line for each field: a block of its colour, its name, place and value.
pub(crate) fn legend(scheme: &Scheme, word: u128) -> String {
    let fields = || scheme.fields(word);
    let widest = fields().map(|(field, _)| field.name().as_str().len()).max().unwrap_or(0);
    let mut legend = String::new();
    for (i, (field, value)) in fields().enumerate() {
        let style = style(i, field);
        let (low, bits) = (u32::from(field.offset()), u32::from(field.bits()));
        let place = format!("{}..{low}", low + bits - 1);
        let _ = writeln!(
            legend,
            "  {style}■ {:widest$}{style:#}  {bits:>3} bits {place:>8}  {value}",
            field.name()
        );
    }
    legend
}

fn style_at(layout: &Layout, bit: u32) -> Style {
    let holds = |field: &&Field| {
        let low = u32::from(field.offset());
        (low..low + u32::from(field.bits())).contains(&bit)
    };
    let place = layout.fields().iter().position(|field| holds(&field)).unwrap_or(0);
    style(place, &layout.fields()[place])
}

fn style(place: usize, field: &Field) -> Style {
    match field.kind() {
        Kind::Unused => Style::new().dimmed(),
        _ => COLORS[place % COLORS.len()].on_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_its_colours_the_picture_is_the_number() {
        let scheme = idgen::find("twitter").unwrap().scheme;
        let word = 1_541_815_603_606_036_480;
        let plain = anstream::adapter::strip_str(&bits(&scheme.layout, word)).to_string();
        let digits: String = plain.split_whitespace().collect();
        assert_eq!(u128::from_str_radix(&digits, 2), Ok(word));
        assert_eq!(plain.len(), 64 + 7);
        assert_ne!(bits(&scheme.layout, word), plain);
    }

    #[test]
    fn the_legend_has_each_field_with_its_value() {
        let scheme = idgen::find("discord").unwrap().scheme;
        let legend = legend(&scheme, 175_928_847_299_117_063);
        let plain = anstream::adapter::strip_str(&legend).to_string();
        let lines: Vec<_> = plain.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[3], "  ■ sequence   12 bits    11..0  7");
    }
}
