//! What can go wrong between a holder and its store.

use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};

use idgen_core::generator::BuildError;
use idgen_core::layout::{LayoutError, RangeError};
use idgen_core::{Name, UnixTime, WindowError};

use crate::grant::Refusal;
use crate::{Block, DatedTick, Realm};

/// A lease that does not come about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// The store.
    #[error(transparent)]
    Store(Box<StoreError>),
    /// The generator's settings.
    #[error(transparent)]
    Build(Box<BuildError>),
    /// The node id.
    #[error(transparent)]
    Node(#[from] RangeError),
    /// The block of node ids.
    #[error(transparent)]
    Block(Box<LayoutError>),
    /// The window that was granted lies past the layout's end.
    #[error(transparent)]
    Window(#[from] WindowError),
    /// The generator draws from no line.
    #[error("{scheme} ids are kept apart by random bits; they need no lease")]
    NoLine {
        /// The scheme.
        scheme: Name,
    },
    /// The interval is longer than the store's windows.
    #[error(
        "an interval of {} is longer than the {} that the store grants at once, which is its longest window less \
         the drift; take a shorter interval, or give the store and all its holders a longer window",
        ticks(*.interval, *.tick), ticks(*.longest, *.tick)
    )]
    Interval {
        /// Ticks of the interval.
        interval: u64,
        /// Ticks of the store's longest window, less those that ids may run ahead of the clock.
        longest: u64,
        /// How long a tick is, where the scheme keeps time.
        tick: Option<Duration>,
    },
    /// Ids may run so far ahead of the clock that windows have no room for more.
    #[error(
        "a drift of {drift:?} leaves too little of the longest window, {longest:?}, which must hold twice that, and two \
         ticks besides it; allow less drift (max_drift, --max-drift), or give the store and all its holders a longer one \
         (longest_window)"
    )]
    Drift {
        /// How far ids may run ahead of the clock.
        drift: Duration,
        /// The store's longest window.
        longest: Duration,
    },
    /// The first id could only be issued later than anybody wants to wait.
    #[error(
        "{what} may issue nothing before {begins}, which is {} s from now: {}", seconds(*.wait), why_early(*.recorded)
    )]
    Early {
        /// The node id, or the block.
        what: String,
        /// When its window starts.
        begins: UnixTime,
        /// How long that is, by the clock.
        wait: Duration,
        /// Whether an earlier holder left it in a record, rather than that the store may have lost one.
        recorded: bool,
    },
    /// The process was forked while the lease started, by whoever is told of its events, and this is the child.
    #[error(
        "the process was forked while its lease started, and the node id is its parent's; start a lease in \
         this child"
    )]
    Forked,
    /// The generator was dropped while its keeper looked for another node id, which nobody wants any more.
    #[error("the generator was dropped while another node id was looked for")]
    Ended,
    /// The operating system started no thread.
    #[error("the operating system started no thread to keep the lease: {0}")]
    Keeper(#[source] io::Error),
}

impl From<StoreError> for LeaseError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<BuildError> for LeaseError {
    fn from(error: BuildError) -> Self {
        Self::Build(Box::new(error))
    }
}

impl From<LayoutError> for LeaseError {
    fn from(error: LayoutError) -> Self {
        Self::Block(Box::new(error))
    }
}

/// A store that does not do as it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The second folder is no second one.
    #[error(
        "the second folder {} is the first, {}; give one on another disk, or none", .second.display(), .first.display()
    )]
    SameFolder {
        /// The folder.
        first: PathBuf,
        /// Its other name.
        second: PathBuf,
    },
    /// The wanted node id has a holder.
    #[error(
        "{what} of {namespace} is held by another process{} ({place}); take another node id, or none to get a free one",
        .process.map(|process| format!(", {process}")).unwrap_or_default()
    )]
    Held {
        /// The node id, or the block.
        what: String,
        /// The namespace.
        namespace: Name,
        /// The process that holds it, where the store can tell.
        process: Option<u32>,
        /// Where that stands.
        place: String,
    },
    /// Every node id has a holder, or a record that cannot be read.
    #[error(
        "all node ids of {namespace} are held{} ({place}); wait for a holder to end, or take a layout with more node bits",
        or_damaged(*.damaged)
    )]
    NoneFree {
        /// The namespace.
        namespace: Name,
        /// How many records cannot be read.
        damaged: usize,
        /// Where that stands.
        place: String,
    },
    /// A record that cannot be read.
    #[error(
        "the record {} is damaged: {why}; copy it from the second folder if there is one, or {}", .path.display(),
        way_round(.path)
    )]
    Damaged {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The namespace belongs to a scheme with another layout, epoch or tick.
    #[error(
        "namespace {namespace} has {theirs} ({}), not {ours}; take another namespace for this scheme",
        .path.display()
    )]
    Foreign {
        /// The namespace.
        namespace: Name,
        /// What the record says.
        theirs: String,
        /// What the holder says.
        ours: String,
        /// The record.
        path: PathBuf,
    },
    /// A node id cannot be given up: ids up to its mark may exist.
    #[error(
        "{what} may have issued ids up to {until}, which is ahead of the clock; take another node id until \
         then, or forget them with `idgen node release {release} --yes --forget` if those ids are nowhere"
    )]
    Ahead {
        /// The node id, or the block.
        what: String,
        /// Its mark.
        until: DatedTick,
        /// The same for the command, with its scheme, namespace and folders.
        release: String,
    },
    /// The rule of grants refuses.
    #[error(
        "{what}: {refusal}{}; check the clock (date -u), or take another node id",
        .times.map(|(starts, now)| format!(": it starts at {starts}, and now is {now}")).unwrap_or_default()
    )]
    Refused {
        /// The node id, or the block.
        what: String,
        /// Why.
        refusal: Refusal,
        /// When the window would start, and the store's time, where ids keep time.
        times: Option<(UnixTime, UnixTime)>,
    },
    /// Another node id was found, and nothing can be issued with it.
    #[error("another node id is free, but nothing can be issued with it yet: {why}")]
    NotStarted {
        /// What the start of a lease says.
        why: String,
    },
    /// The hold is gone: the record or the lock is somebody else's, or nobody's.
    #[error("{what} is lost: {why}")]
    Lost {
        /// The node id, or the block.
        what: String,
        /// How that can be told.
        why: String,
    },
}

impl StoreError {
    pub(crate) fn refused(realm: &Realm, block: Block, refusal: Refusal) -> Self {
        let times = match refusal {
            Refusal::TooFarAhead { start, now } => {
                realm.dated(start).time.zip(realm.dated(now).time)
            }
            Refusal::Exhausted => None,
        };
        Self::Refused { what: block.describe(), refusal, times }
    }

    /// `folders` names the store's, as arguments of the command.
    pub(crate) fn ahead(realm: &Realm, block: Block, mark: u64, folders: &str) -> Self {
        let (block, what) = (block.arguments(), block.describe());
        let release = format!("{block} {} {folders}", realm.arguments());
        Self::Ahead { what, until: realm.dated(mark), release }
    }

    /// Whether the hold is gone for good, so that another has to be acquired.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// The error in short, for the errors of generators, which have no room for values.
    #[must_use]
    pub fn in_short(&self) -> &'static str {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "the disk that windows are recorded on is full; make room, and ids go on"
                }
                io::ErrorKind::ReadOnlyFilesystem => {
                    "the folder that windows are recorded in is read-only; make it writable, and ids go on"
                }
                io::ErrorKind::PermissionDenied => {
                    "the folder that windows are recorded in may not be written to; make it writable, and ids go on"
                }
                _ => "windows cannot be recorded; see the health of the lease for the error",
            },
            Self::Damaged { .. } => {
                "the record of this node id is damaged; see the health of the lease"
            }
            Self::Refused { .. } | Self::Ahead { .. } => {
                "the clock is far behind the last window of this node id; set it right"
            }
            Self::NotStarted { .. } => {
                "nothing can be issued yet with another node id; see the health of the lease"
            }
            Self::Lost { .. } => "the node id was lost to somebody else, or its folder was removed",
            Self::Held { .. } | Self::NoneFree { .. } => "no node id is free for this process",
            Self::Foreign { .. } => "the namespace belongs to another scheme",
            Self::SameFolder { .. } => "the second folder is the first",
        }
    }

    /// An error of the operating system, for `map_err`.
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }
}

/// Seconds to the next tenth.
fn seconds(time: Duration) -> String {
    format!("{:.1}", (time.as_secs_f64() * 10.0).ceil() / 10.0)
}

/// That node ids are not free for another reason.
fn or_damaged(records: usize) -> String {
    match records {
        0 => String::new(),
        1 => " but for one whose record is damaged, which `idgen node release` gives up".into(),
        _ => format!(
            " but for {records} whose records are damaged, which `idgen node release` gives up"
        ),
    }
}

/// What to do without a record of a node id, or of a namespace.
fn way_round(path: &Path) -> &'static str {
    if path.ends_with("namespace.json") {
        "end all processes on the folder, see to it that the clock is right, and remove it; ids begin one longest window \
         later then"
    } else {
        "take another node id, or give the node id up with `idgen node release`"
    }
}

const fn why_early(recorded: bool) -> &'static str {
    if recorded {
        "an earlier holder came that far, so the clock was set back, or stands still; set it right, take another node \
         id, or wait"
    } else {
        "records that the store has lost may reach that far, one longest window past when it was made, of the windows \
         that anybody ever had there; wait, or set the clock right if it was set back or stands still"
    }
}

/// A number of ticks, with how long that is.
fn ticks(count: u64, tick: Option<Duration>) -> String {
    let nanos = |tick: Duration| u64::try_from(tick.as_nanos()).unwrap_or(u64::MAX);
    let time = tick.map(|tick| Duration::from_nanos(count.saturating_mul(nanos(tick))));
    time.map_or_else(|| format!("{count} ticks"), |time| format!("{count} ticks ({time:?})"))
}
