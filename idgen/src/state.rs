//! Leases without a server and without configuration: in a folder of this user.

use std::env;
use std::path::{Path, PathBuf};

use idgen_core::IdScheme;
use idgen_core::generator::{Builder, Shared};
use idgen_lease::{FileStore, Lease, LeaseError, Leased};

/// Names the folder that node ids and windows are recorded in.
pub const STATE_VARIABLE: &str = "IDGEN_STATE";

/// The folder that node ids and windows are recorded in where nothing else is said: `$IDGEN_STATE`, or
/// `$XDG_STATE_HOME/idgen`, or `~/.local/state/idgen`. `None` where none of them is set.
///
/// It must outlive the processes and the machine's restarts: not a folder of temporary files.
#[must_use]
pub fn state_folder() -> Option<PathBuf> {
    let folder = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder(STATE_VARIABLE)
        .or_else(|| folder("XDG_STATE_HOME").map(|state| state.join("idgen")))
        .or_else(|| folder("HOME").map(|home| home.join(".local/state/idgen")))
}

/// A generator with a node id that no other process on this folder has, and windows that are recorded
/// in it before use. Two at once never clash, and no restart repeats an id, whatever the clock does.
///
/// [`Lease`] has settings for more than that.
///
/// # Errors
/// If the folder cannot be written to, or no node id is free.
///
/// # Example
/// ```
/// # use core::time::Duration;
/// # use idgen::{IdScheme, Timebase, UnixTime, layout::{Field, Kind, Layout}, text::Form};
/// # struct Order;
/// # impl IdScheme for Order {
/// #     type Word = u64;
/// #     const NAME: &'static str = "order";
/// #     const LAYOUT: Layout = Layout::new(64, &[
/// #         Field::new(Kind::Unused, 1), Field::new(Kind::Tick, 41),
/// #         Field::new(Kind::Node, 10), Field::new(Kind::Sequence, 12)]);
/// #     const TIMEBASE: Option<Timebase> =
/// #         Some(Timebase::new(UnixTime::EPOCH, Duration::from_millis(1)));
/// #     const TEXT: Form = Form::Decimal;
/// # }
/// use idgen::generator::Generator;
///
/// # let folder = std::env::temp_dir().join(format!("idgen-doc-{}", std::process::id()));
/// // The first ids of a new folder wait two seconds: see `FileStore`.
/// let ids = idgen::leased_in::<Order>(&folder)?;
/// let other = idgen::leased_in::<Order>(&folder)?;
/// assert_ne!(ids.generate()?.node(), other.generate()?.node());
/// # drop((ids, other));
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn leased_in<S: IdScheme>(folder: impl AsRef<Path>) -> Result<Leased<Shared<S>>, LeaseError> {
    Lease::of::<S>(FileStore::new(folder.as_ref()))
        .start(|settings| Builder::<S>::new().settings(settings).shared())
}
