//! Windows of ticks on record in a file: what a node id's next holder must know.
//!
//! The least that does the job, in place of a store of leases: a window is on record before an id
//! of it is made, and the next one starts where the last on record ends. When one ends, or a forked
//! child has none, the next is put on record.

use std::fs;
use std::time::Duration;

use idgen::clock::{Clock, SystemClock, Ticks};
use idgen::generator::{Builder, Generator};
use idgen::wide::Nano128;
use idgen::{GenerateError, IdScheme, Line, Window};

use crate::subject::Next;

/// How long a window is.
const NANOS: i128 = 300_000_000;

/// How often and how long it is waited for an id: a second in all.
const ATTEMPTS: u32 = 20;
const MAX_WAIT: Duration = Duration::from_millis(50);

/// A generator of a node with windows on record.
pub fn of_node<S: IdScheme>(node: u64, file: &str) -> Result<Next, String> {
    let (builder, file) =
        (Builder::<S>::new().max_wait(MAX_WAIT).window(next::<S>(file)?), file.to_owned());
    let builder = if S::LAYOUT.node_bits() > 0 { builder.node(node) } else { builder };
    let ids = builder.shared().map_err(|error| error.to_string())?;
    Ok(Box::new(move || with_windows(&file, &ids, ids.line())))
}

/// The same of the scheme whose generators count ticks.
pub fn of_nano(node: u64, file: &str) -> Result<Next, String> {
    let (builder, file) =
        (Nano128::builder().max_wait(MAX_WAIT).window(next::<Nano128>(file)?), file.to_owned());
    let ids = builder.node(node).ticked().map_err(|error| error.to_string())?;
    Ok(Box::new(move || with_windows(&file, &ids, ids.line())))
}

/// An id; where the window is over, one of the next.
fn with_windows<G: Generator, T: Ticks>(
    file: &str,
    ids: &G,
    line: &Line<T>,
) -> Result<u128, String> {
    if let Ok(id) = ids.try_generate() {
        return Ok(id.into());
    }
    let mut answer = Err(String::new());
    for _ in 0..ATTEMPTS {
        answer = match ids.generate() {
            Ok(id) => return Ok(id.into()),
            Err(GenerateError::WindowEnded(_)) => {
                let granted = line.grant(next::<G::Scheme>(file)?);
                granted.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
    }
    answer.and(Err("no window in time".into()))
}

/// The next window, put on record.
fn next<S: IdScheme>(file: &str) -> Result<Window, String> {
    let base = S::TIMEBASE.ok_or("it has no time")?;
    let record = fs::read_to_string(file).unwrap_or_default();
    let past = record.trim().parse().unwrap_or(0_u64);
    let now = base.tick_at(SystemClock.wall()).map_err(|error| error.to_string())?;
    let length = u64::try_from(NANOS / i128::from(base.tick_nanos())).unwrap_or(1).max(1);
    let start = now.max(past);
    let end = start.saturating_add(length);
    fs::write(file, end.to_string()).map_err(|error| error.to_string())?;
    Window::new(start, end).map_err(|error| error.to_string())
}
