//! How fast ids are checked: eight files in order, as words and as lines.
//!
//! ```text
//! cargo run --release -p idgen-verify --example rate -- 32000000
//! ```

use std::error::Error;
use std::fs;
use std::path::Path;

use idgen_core::Scheme;
use idgen_core::clock::{Clock, SystemClock};
use idgen_core::layout::Parts;
use idgen_core::text::Form;
use idgen_snowflake::Snowflake;
use idgen_verify::{Checker, Format, Options};

/// Processes, each with a node id and a file.
const NODES: u64 = 8;

/// Ids of a node in a tick: as one that is busy, but not to its limit.
const IN_A_TICK: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let ids: u64 = std::env::args().nth(1).map_or(Ok(32_000_000), |ids| ids.parse())?;
    let folder = tempfile::tempdir()?;
    println!("{ids} ids in {NODES} files, on {} threads", rayon::current_num_threads());
    for format in [Format::U64_LE, Format::Text(Form::Decimal)] {
        write(folder.path(), format, ids / NODES)?;
        let mut best = f64::MAX;
        for _ in 0..3 {
            best = best.min(check(folder.path(), format)?);
        }
        println!("{format:>10}: {:6.2} ns an id", best / ids as f64);
    }
    Ok(())
}

fn write(folder: &Path, format: Format, each: u64) -> Result<(), Box<dyn Error>> {
    let scheme = Scheme::of::<Snowflake>();
    for node in 0..NODES {
        let mut bytes = Vec::new();
        for number in 0..each {
            let (tick, sequence) = (1_000_000 + number / IN_A_TICK, number % IN_A_TICK);
            let word = scheme.pack(Parts { tick, node, sequence, payload: 0 })?;
            match format {
                Format::Text(form) => {
                    bytes.extend_from_slice(scheme.format_as(word, form).to_string().as_bytes());
                    bytes.push(b'\n');
                }
                _ => bytes.extend_from_slice(&u64::try_from(word)?.to_le_bytes()),
            }
        }
        fs::write(folder.join(format!("node-{node}")), bytes)?;
    }
    Ok(())
}

/// Nanoseconds of a check.
fn check(folder: &Path, format: Format) -> Result<f64, Box<dyn Error>> {
    let began = SystemClock.monotonic();
    let mut options = Options::default();
    options.memory_bytes = 1 << 30;
    let mut checker = Checker::new(Scheme::of::<Snowflake>(), options);
    for node in 0..NODES {
        checker.check_file(folder.join(format!("node-{node}")), format)?;
    }
    assert!(checker.finish()?.is_clean());
    Ok((SystemClock.monotonic() - began).as_nanos() as f64)
}
