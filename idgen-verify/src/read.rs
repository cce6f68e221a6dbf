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

    /// A record, the one of this number from 1 on, and its bytes.
    fn record(&mut self, number: u64, found: Found<W>, bytes: &[u8]) -> Result<(), Self::Stop>;

    /// So many bytes have been read.
    fn read(&mut self, bytes: u64) -> Result<(), Self::Stop>;

    /// It cannot be read to its end.
    fn failed(&mut self, error: io::Error) -> Self::Stop;
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
    let mut buffer = vec![0; CHUNK];
    let (mut held, mut number, mut total) = (0, 0, 0);
    loop {
        let got = fill(reader, &mut buffer[held..]).map_err(|error| visitor.failed(error))?;
        total += got as u64;
        visitor.read(total)?;
        held += got;
        let (words, rest) = buffer[..held].as_chunks::<N>();
        for bytes in words {
            number += 1;
            visitor.record(number, read(*bytes).map_or(Found::Bad, Found::Id), bytes)?;
        }
        let kept = rest.len();
        if got == 0 {
            // Half a word: whoever wrote it did not come to its end.
            return if kept == 0 { Ok(()) } else { visitor.record(number + 1, Found::Bad, rest) };
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
    let mut buffer = vec![0; CHUNK];
    let (mut held, mut number, mut total) = (0, 0, 0);
    // Whether the line that is held is longer than any id's, so that its start alone is.
    let mut is_long = false;
    loop {
        let got = fill(reader, &mut buffer[held..]).map_err(|error| visitor.failed(error))?;
        total += got as u64;
        visitor.read(total)?;
        let end = held + got;
        let mut start = 0;
        for newline in memchr::memchr_iter(b'\n', &buffer[held..end]) {
            let line = &buffer[start..held + newline];
            number += 1;
            let found = if is_long { Found::Bad } else { lines.read(line) };
            visitor.record(number, found, line)?;
            is_long = false;
            start = held + newline + 1;
        }
        if got == 0 {
            let line = &buffer[start..end];
            let found = if is_long { Found::Bad } else { lines.read(line) };
            return if line.is_empty() { Ok(()) } else { visitor.record(number + 1, found, line) };
        }
        buffer.copy_within(start..end, 0);
        held = end - start;
        if held > LONGEST_LINE {
            held = LONGEST_LINE;
            is_long = true;
        }
    }
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
