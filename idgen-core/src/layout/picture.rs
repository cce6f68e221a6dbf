//! A layout drawn as text.

use core::fmt::{self, Write};

use super::{Field, Layout};

/// Draws a layout, and a word in it where one is given: a box for each field.
///
/// # Example
/// ```
/// use idgen_core::layout::Layout;
///
/// let layout: Layout = "41:10:12".parse()?;
/// let drawn = [
///     "    63     62..22   21..12    11..0    ",
///     "┌────────┬────────┬────────┬──────────┐",
///     "│ unused │  tick  │  node  │ sequence │",
///     "│   1    │   41   │   10   │    12    │",
///     "└────────┴────────┴────────┴──────────┘",
/// ];
/// assert_eq!(layout.picture(None).to_string(), drawn.join("\n"));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    layout: &'a Layout,
    word: Option<u128>,
}

impl Layout {
    /// A picture of the layout: for each field its place, its name and its bits, and its value
    /// in a word where one is given.
    #[must_use]
    pub const fn picture(&self, word: Option<u128>) -> Picture<'_> {
        Picture { layout: self, word }
    }
}

impl fmt::Display for Picture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.row(f, [" ", " ", " "], |cell, field| write!(cell, "{}", Place(field)))?;
        self.rule(f, ['┌', '┬', '┐'])?;
        self.row(f, ["│", "│", "│"], |cell, field| write!(cell, "{}", field.name()))?;
        self.row(f, ["│", "│", "│"], |cell, field| write!(cell, "{}", field.bits()))?;
        if let Some(word) = self.word {
            self.row(f, ["│", "│", "│"], |cell, field| write!(cell, "{}", field.of(word)))?;
        }
        self.rule(f, ['└', '┴', '┘'])
    }
}

impl Picture<'_> {
    /// A line of cells, each centred.
    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        [left, middle, right]: [&str; 3],
        content: impl Fn(&mut Cell, &Field) -> fmt::Result,
    ) -> fmt::Result {
        f.write_str(left)?;
        for (i, field) in self.layout.fields().iter().enumerate() {
            if i > 0 {
                f.write_str(middle)?;
            }
            let mut cell = Cell::default();
            content(&mut cell, field)?;
            write!(f, "{:^width$}", cell.as_str(), width = self.width(field))?;
        }
        writeln!(f, "{right}")
    }

    fn rule(&self, f: &mut fmt::Formatter<'_>, [left, middle, right]: [char; 3]) -> fmt::Result {
        f.write_char(left)?;
        for (i, field) in self.layout.fields().iter().enumerate() {
            if i > 0 {
                f.write_char(middle)?;
            }
            (0..self.width(field)).try_for_each(|_| f.write_char('─'))?;
        }
        f.write_char(right)?;
        if left == '┌' { f.write_char('\n') } else { Ok(()) }
    }

    /// Wide enough for everything that can stand in the cell, and a space on either side.
    fn width(&self, field: &Field) -> usize {
        let mut place = Cell::default();
        let mut value = Cell::default();
        // A cell takes every place and every 64-bit number: neither write can fail.
        let _ = write!(place, "{}", Place(field));
        if let Some(word) = self.word {
            let _ = write!(value, "{}", field.of(word));
        }
        let name = field.name();
        name.as_str().len().max(place.as_str().len()).max(value.as_str().len()) + 2
    }
}

/// Bits of a field in its word: `62..22`, or `63` for one.
struct Place<'a>(&'a Field);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = self.0.offset();
        match self.0.bits() {
            1 => write!(f, "{low}"),
            bits => write!(f, "{}..{low}", u32::from(low) + u32::from(bits) - 1),
        }
    }
}

/// What stands in one cell, before it is centred. A name has at most 23 bytes, a number 20.
#[derive(Default)]
struct Cell {
    bytes: [u8; 24],
    len: usize,
}

impl Cell {
    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Write for Cell {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
