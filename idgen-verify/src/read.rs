//! Records of a file, one after the other: lines, or words of fixed width.

use std::io::{self, Read};

use idgen_core::Word;
use idgen_core::layout::Undressing;

use crate::format::{Endian, Format};
use crate::lines::{Found, Lines};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// Bytes of a line that are kept at least: no id needs them.
const LONGEST_LINE: usize = 4_096;

/// What is done with the records of a file.
pub(crate) trait Visitor<W> {
    /// Why it stops.
    type Stop;

    /// Ids of records that follow each other, from the one of this number on; the first has number 1.
    fn ids(&mut self, first: u64, ids: &[W]) -> Result<(), Self::Stop>;

    /// A record that is no id, and its bytes.
    fn bad(&mut self, number: u64, bytes: &[u8]) -> Result<(), Self::Stop>;

    /// So many bytes have been read.
    fn read(&mut self, bytes: u64) -> Result<(), Self::Stop>;

    /// It cannot be read to its end.
    fn failed(&mut self, error: io::Error) -> Self::Stop;
}

/// Ids of a file that are handed over together.
#[derive(Debug)]
struct Batch<W> {
    /// Number of the record that the first is of.
    first: u64,
    ids: Vec<W>,
}

impl<W: Word> Batch<W> {
    fn new() -> Self {
        Self { first: 1, ids: Vec::new() }
    }

    /// Hands them over; the next will be of this record at the earliest.
    fn hand_over<V: Visitor<W>>(&mut self, next: u64, visitor: &mut V) -> Result<(), V::Stop> {
        let handed = if self.ids.is_empty() { Ok(()) } else { visitor.ids(self.first, &self.ids) };
        self.ids.clear();
        self.first = next;
        handed
    }

    /// Takes what the record of this number turned out to be.
    #[inline]
    fn take<V: Visitor<W>>(
        &mut self,
        number: u64,
        found: Found<W>,
        bytes: &[u8],
        visitor: &mut V,
    ) -> Result<(), V::Stop> {
        match found {
            Found::Id(id) => {
                self.ids.push(id);
                Ok(())
            }
            Found::Nothing => self.hand_over(number + 1, visitor),
            Found::Bad => {
                self.hand_over(number + 1, visitor)?;
                visitor.bad(number, bytes)
            }
        }
    }
}

/// Goes through the records of a file.
pub(crate) fn each<W: Word, V: Visitor<W>>(
    reader: &mut dyn Read,
    format: Format,
    undressing: Undressing<W>,
    visitor: &mut V,
) -> Result<(), V::Stop> {
    let is_id = |word: u128| W::from_u128(word).filter(|word| undressing.is_id(*word));
    match format {
        Format::Text(form) => each_line(reader, Lines::new(undressing, form), visitor),
        Format::U64(Endian::Little) => {
            each_word(reader, |bytes| is_id(u64::from_le_bytes(bytes).into()), visitor)
        }
        Format::U64(Endian::Big) => {
            each_word(reader, |bytes| is_id(u64::from_be_bytes(bytes).into()), visitor)
        }
        Format::U128(Endian::Little) => {
            each_word(reader, |bytes| is_id(u128::from_le_bytes(bytes)), visitor)
        }
        Format::U128(Endian::Big) => {
            each_word(reader, |bytes| is_id(u128::from_be_bytes(bytes)), visitor)
        }
    }
}

fn each_word<W: Word, V: Visitor<W>, const N: usize>(
    reader: &mut dyn Read,
    read: impl Fn([u8; N]) -> Option<W>,
    visitor: &mut V,
) -> Result<(), V::Stop> {
    let (mut buffer, mut batch) = (vec![0; CHUNK], Batch::new());
    let (mut held, mut number, mut total) = (0, 0, 0);
    loop {
        let got = fill(reader, &mut buffer[held..]).map_err(|error| visitor.failed(error))?;
        total += got as u64;
        visitor.read(total)?;
        held += got;
        let (words, rest) = buffer[..held].as_chunks::<N>();
        for bytes in words {
            number += 1;
            batch.take(number, read(*bytes).map_or(Found::Bad, Found::Id), bytes, visitor)?;
        }
        batch.hand_over(number + 1, visitor)?;
        let kept = rest.len();
        if got == 0 {
            // Half a word: whoever wrote it did not come to its end.
            return if kept == 0 { Ok(()) } else { visitor.bad(number + 1, rest) };
        }
        buffer.copy_within(held - kept..held, 0);
        held = kept;
    }
}

fn each_line<W: Word, V: Visitor<W>>(
    reader: &mut dyn Read,
    mut lines: Lines<W>,
    visitor: &mut V,
) -> Result<(), V::Stop> {
    let (mut buffer, mut batch) = (vec![0; CHUNK], Batch::new());
    let (mut held, mut number, mut total) = (0, 0, 0);
    // Whether the line that is held is longer than any id's, so that its start alone is.
    let mut is_long = false;
    loop {
        let got = fill(reader, &mut buffer[held..]).map_err(|error| visitor.failed(error))?;
        total += got as u64;
        visitor.read(total)?;
        let end = held + got;
        // All at once is checked faster than line by line.
        let text = valid(&buffer[..end]);
        let mut read = |start, end, is_long| match text.get(start..end) {
            _ if is_long => Found::Bad,
            Some(line) => lines.read(line),
            None => str::from_utf8(&buffer[start..end]).map_or(Found::Bad, |line| lines.read(line)),
        };
        let mut start = 0;
        for newline in memchr::memchr_iter(b'\n', &buffer[held..end]) {
            let newline = held + newline;
            number += 1;
            batch.take(number, read(start, newline, is_long), &buffer[start..newline], visitor)?;
            is_long = false;
            start = newline + 1;
        }
        if got == 0 {
            if start < end {
                number += 1;
                batch.take(number, read(start, end, is_long), &buffer[start..end], visitor)?;
            }
            return batch.hand_over(number + 1, visitor);
        }
        batch.hand_over(number + 1, visitor)?;
        buffer.copy_within(start..end, 0);
        held = end - start;
        if held > LONGEST_LINE {
            held = LONGEST_LINE;
            is_long = true;
        }
    }
}

/// The text from the front.
fn valid(bytes: &[u8]) -> &str {
    str::from_utf8(bytes)
        .or_else(|error| str::from_utf8(&bytes[..error.valid_up_to()]))
        .unwrap_or_default()
}

/// Reads until the buffer is full or the file ends; 0 at its end.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
