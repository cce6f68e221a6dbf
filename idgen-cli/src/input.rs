//! Ids and names that are given as arguments or, where there is none, on standard input.

use std::io::{self, BufRead, Write};

use serde::Serialize;

use crate::exit::{Failure, complain};

/// Handles every line by itself: writes what it is answered with, says what is wrong with it and
/// goes on.
pub(crate) fn each_line(
    given: &[String],
    mut handle: impl FnMut(&[u8]) -> Result<String, String>,
) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let mut bad = false;
    let mut answer = |place: &str, line: &[u8]| -> Result<(), Failure> {
        match handle(line) {
            Ok(answer) => Ok(out.write_all(answer.as_bytes())?),
            Err(message) => {
                complain(&format!("{place}{message}"));
                bad = true;
                Ok(())
            }
        }
    };
    for line in given {
        answer("", line.as_bytes())?;
    }
    if given.is_empty() {
        for (number, line) in io::stdin().lock().split(b'\n').enumerate() {
            let line = line.map_err(|error| Failure::Data(format!("cannot read: {error}")))?;
            answer(&format!("line {}: ", number + 1), &line)?;
        }
    }
    if bad { Err(Failure::Said) } else { Ok(()) }
}

/// The same for ids: blanks around them do not count, and lines without one are passed over.
pub(crate) fn each_id(
    given: &[String],
    mut handle: impl FnMut(&str) -> Result<String, String>,
) -> Result<(), Failure> {
    each_line(given, |line| match String::from_utf8_lossy(line).trim() {
        "" if given.is_empty() => Ok(String::new()),
        id => handle(id),
    })
}

/// A record as a line of JSON.
pub(crate) fn json_line(record: &impl Serialize) -> String {
    // Strings, numbers and lists of them are always JSON.
    let mut line = serde_json::to_string(record).unwrap_or_default();
    line.push('\n');
    line
}
