//! What an id costs as a primary key: on PostgreSQL and SQLite, for each scheme a table of its own.
//!
//!     scripts/report databases [ROWS]
//!
//! Rows hold the id and 100 bytes, and come in the order in which their ids were made, in transactions
//! of 5,000. Tables grow in turns, a tenth of the rows in each: whatever disturbs the machine disturbs
//! neighbours alike, and the last turn shows what a table costs that has grown. Measured: rows a second; what
//! the tree of the primary key takes, and how full its pages are; how much is written ahead; and what it takes
//! to read the newest hundredth of the rows by their ids, in time and in pages touched.

mod postgres;
mod sqlite;

use std::time::Duration;

use idgen::catalog::Settings;
use idgen::{Scheme, find};
use idgen_bench::{Machine, median, timed, verify};

/// Each stands for those that are stored and ordered alike: 64 bits in order of time (snowflake); UUIDs in
/// order of time (v6, v7), whose time is in the wrong order (v1), and random ones (v4); and what else has 128 bits.
const SCHEMES: [&str; 7] =
    ["snowflake", "uuid-v1", "uuid-v4", "uuid-v6", "uuid-v7", "ulid", "nano128"];

/// Rows of a transaction.
const BATCH: usize = 5_000;

/// In how many turns a table is filled.
const TURNS: usize = 10;

/// How often the newest rows are read.
const SCANS: usize = 5;

const PAYLOAD: &str = "a hundred bytes, as a small row has besides its key: an amount, a name, two \
    dates, a state, a comment";

type Fault = Box<dyn std::error::Error>;

/// What is stored: a scheme's ids in the order in which they were made.
struct Keys {
    scheme: &'static Scheme,
    words: Vec<u128>,
}

/// Where it is stored: a table for each scheme.
trait Database {
    /// Adds rows, and says how long that took.
    fn insert(&mut self, keys: &Keys, words: &[u128]) -> Result<Duration, Fault>;

    /// What there is of a table when all rows are in it.
    fn grown(&mut self, keys: &Keys) -> Result<Grown, Fault>;
}

/// A table that has all its rows.
struct Grown {
    /// The type of its key.
    column: &'static str,
    /// The tree of the primary key.
    tree_mib: f64,
    /// Percent of its pages that hold something.
    fill: f64,
    /// Milliseconds in which the newest hundredth was read.
    scan_ms: f64,
    /// Pages that were touched for it, and MiB written ahead for the whole table, where they are told.
    scan_pages: Option<i64>,
    written_mib: Option<f64>,
}

/// One row of the report.
struct Cost {
    scheme: &'static Scheme,
    /// Rows a second, in each turn.
    rates: Vec<f64>,
    grown: Grown,
}

fn main() -> Result<(), Fault> {
    let rows = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    if rows < 1_000 {
        return Err(format!("{rows} rows say nothing; give at least 1000").into());
    }
    println!("{}. {rows} rows.\n", Machine::here());
    let keys: Vec<_> =
        SCHEMES.into_iter().map(|name| made(name, rows)).collect::<Result<_, _>>()?;
    match std::env::var("IDGEN_TEST_POSTGRES") {
        Ok(address) => postgres::measure(&address, &keys)?,
        Err(_) => println!("### PostgreSQL\n\nLeft out: IDGEN_TEST_POSTGRES names no server.\n"),
    }
    sqlite::measure(&keys)
}

/// Ids in the order in which they were made, checked to be distinct.
fn made(name: &str, rows: usize) -> Result<Keys, Fault> {
    let entry = find(name).ok_or("no such scheme")?;
    let settings = if entry.needs_node() { Settings::with_node(7) } else { Settings::default() };
    let ids = entry.generator(&settings).ok_or("it makes no ids")??;
    let mut words = vec![0; rows];
    for chunk in words.chunks_mut(256) {
        ids.fill_words(chunk)?;
    }
    verify::distinct(&mut words.clone())?;
    Ok(Keys { scheme: &entry.scheme, words })
}

impl Keys {
    /// Whether the key is a number; bytes otherwise.
    fn is_narrow(&self) -> bool {
        self.scheme.layout.width() == 64
    }

    /// The newest hundredth.
    fn newest(&self) -> &[u128] {
        &self.words[self.words.len() - self.words.len() / 100..]
    }
}

/// Lets the tables grow in turns.
fn fill(database: &mut dyn Database, all: &[Keys]) -> Result<Vec<Cost>, Fault> {
    let mut rates = vec![Vec::new(); all.len()];
    for turn in 0..TURNS {
        for (keys, rates) in all.iter().zip(&mut rates) {
            eprintln!("{}, turn {} of {TURNS}", keys.scheme.name, turn + 1);
            let len = keys.words.len();
            let words = &keys.words[len * turn / TURNS..len * (turn + 1) / TURNS];
            let took = database.insert(keys, words)?;
            rates.push(words.len() as f64 / took.as_secs_f64());
        }
    }
    let costs = all
        .iter()
        .zip(rates)
        .map(|(keys, rates)| Ok(Cost { scheme: keys.scheme, rates, grown: database.grown(keys)? }));
    costs.collect()
}

/// Milliseconds of one scan, the median of some, each of which must find so many rows.
fn scan(rows: usize, mut scan: impl FnMut() -> Result<usize, Fault>) -> Result<f64, Fault> {
    let mut times = Vec::new();
    for _ in 0..SCANS {
        let mut found = Ok(0);
        let took = timed(|| found = scan());
        let found = found?;
        if found != rows {
            return Err(format!("a scan of {rows} rows finds {found}").into());
        }
        times.push(took.as_secs_f64() * 1e3);
    }
    Ok(median(times))
}

/// The table. `tree` is what the tree of the primary key is there.
fn print(costs: &[Cost], tree: &str) {
    let told = costs.iter().all(|cost| cost.grown.written_mib.is_some());
    let (more, lines) =
        if told { (" written ahead MiB | pages touched |", "---:|---:|") } else { ("", "") };
    println!(
        "| scheme | key | rows a second | in the last turn | {tree} MiB | page fill | newest 1 % |{more}"
    );
    println!("|---|---|---:|---:|---:|---:|---:|{lines}");
    for Cost { scheme, rates, grown } in costs {
        let last = rates.last().copied().unwrap_or(0.0);
        print!(
            "| {} | {} | {:.0} | {last:.0} | {:.1} | {:.0} % | {:.2} ms |",
            scheme.name,
            grown.column,
            median(rates.clone()),
            grown.tree_mib,
            grown.fill,
            grown.scan_ms,
        );
        match (grown.written_mib, grown.scan_pages) {
            (Some(written), Some(pages)) => println!(" {written:.0} | {pages} |"),
            _ => println!(),
        }
    }
    println!();
}
