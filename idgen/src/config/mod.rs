//! Schemes and settings from TOML files.
//!
//! ```toml
//! [scheme]
//! name = "orders"                   # 1 to 23 of a-z, 0-9, - and _; default: custom
//! like = "snowflake"                # start from a scheme of the catalog; or give the next three
//! layout = "41:5:5:12"              # or fields by name: tick=41:region(node)=3:worker=7:sequence=12
//! epoch = "2020-01-01T00:00:00Z"    # RFC 3339, or a date
//! tick = "1ms"                      # 1ns to 1day
//! text = "decimal"                  # decimal, hex, base32, base58 or base62
//!
//! [generator]
//! node = 7
//! block-bits = 0                    # 2^block-bits node ids from `node` on
//! max-drift = "10ms"                # how far ids may run ahead of the clock
//! max-wait = "1s"                   # how long generating may wait
//! ```

mod error;
mod read;
mod value;

pub use error::{ConfigError, Fault};
pub use value::{parse_duration, parse_epoch};

use idgen_core::catalog::Settings;
use idgen_core::clock::{Clock, SystemClock};
use idgen_core::generator::{BuildError, Builder, ErasedGenerator};
use idgen_core::layout::{Dressing, DressingError, Layout};
use idgen_core::{Scheme, Timebase};
use read::Draft;

/// A configuration without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validated {
    /// The scheme it describes.
    pub scheme: Scheme,
    /// The settings of its generator. The node id may still be missing.
    pub settings: Settings,
}

impl Validated {
    /// A generator of the scheme, on the operating system's clock.
    ///
    /// # Errors
    /// If the node id is missing or the clock no longer lies between epoch and last tick.
    pub fn generator(&self) -> Result<Box<dyn ErasedGenerator>, BuildError> {
        Builder::of(self.scheme).settings(&self.settings).erased()
    }
}

/// Reads a configuration and finds everything that is wrong with it, not just the first fault.
///
/// # Errors
/// With every fault: what is no TOML, unknown or missing, out of range, or at odds with the rest.
///
/// # Example
/// ```
/// use idgen::config::validate_config;
///
/// let good = validate_config(
///     "[scheme]\nlayout = '41:10:12'\nepoch = 2024-01-01T00:00:00Z\ntick = '1ms'\n[generator]\nnode = 7",
/// )?;
/// assert_eq!(good.scheme.layout.unpack(good.generator()?.generate_word()?).node, 7);
///
/// let bad = "[scheme]\nlayout = '41:5:5:99'\ntick = '1 fortnight'\n[generator]\nnode = 1025";
/// let error = validate_config(bad).unwrap_err();
/// let paths: Vec<_> = error.faults().iter().map(|fault| fault.path.as_str()).collect();
/// assert_eq!(paths, ["scheme.layout", "scheme.tick", "scheme.epoch"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn validate_config(text: &str) -> Result<Validated, ConfigError> {
    let mut faults = Vec::new();
    let Some(document) = read::document(text, &mut faults) else {
        return Err(ConfigError::new(faults));
    };
    let draft = read::scheme(&document, &mut faults);
    let settings = read::settings(&document, &mut faults);
    read::unknown_keys(&document, &mut faults);
    if let Some(draft) = &draft {
        check_together(draft, &settings, &mut faults);
    }
    match draft.and_then(|draft| draft.finished()) {
        Some(scheme) if faults.is_empty() => Ok(Validated { scheme, settings }),
        _ => Err(ConfigError::new(faults)),
    }
}

/// What layout, time and settings must keep to together, as far as they are known.
fn check_together(draft: &Draft, settings: &Settings, faults: &mut Vec<Fault>) {
    let Draft { name, layout: Some(layout), timebase, .. } = draft else { return };
    if !layout.is_positional() {
        let error = BuildError::NotPositional { scheme: *name };
        faults.push(Fault::new("scheme.layout", error, "layout = \"41:10:12\""));
        return;
    }
    let node = settings.node.unwrap_or(0); // the first of every block
    let dressed = if layout.width() == 64 {
        Dressing::<u64>::new(layout, node, settings.block_bits).map(|dressing| dressing.axis())
    } else {
        Dressing::<u128>::new(layout, node, settings.block_bits).map(|dressing| dressing.axis())
    };
    match dressed {
        Ok(axis) => {
            if let Some(base) = timebase {
                check_time(layout, base, axis.end_tick(), faults);
            }
        }
        Err(DressingError::Range(error)) => {
            faults.push(Fault::new("generator.node", error.in_scheme(*name), "node = 7"));
        }
        Err(error) if settings.block_bits == 0 => {
            faults.push(Fault::new("scheme.layout", error, "layout = \"41:10:12\""));
        }
        Err(error) => {
            faults.push(Fault::new("generator.block-bits", error, "node = 32\nblock-bits = 5"));
        }
    }
}

/// The clock must lie between the epoch and the layout's last tick.
fn check_time(layout: &Layout, base: &Timebase, end_tick: u64, faults: &mut Vec<Fault>) {
    let now = SystemClock.wall();
    match base.tick_at(now) {
        Err(error) => faults.push(Fault::new("scheme.epoch", error, EPOCH_EXAMPLE)),
        Ok(tick) if tick >= end_tick => {
            let last = base.time_of(end_tick - 1);
            let message = format!(
                "the last tick of {layout} began at {last}, before now ({now}); give the tick more \
                 bits or take a later epoch"
            );
            faults.push(Fault::new("scheme.epoch", message, EPOCH_EXAMPLE));
        }
        Ok(_) => {}
    }
}

const EPOCH_EXAMPLE: &str = "epoch = \"2020-01-01T00:00:00Z\"";
