//! The store in a folder.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use idgen_core::clock::{Clock, SystemClock};
use idgen_core::{Timebase, UnixTime};

use super::disk::Disk;
use super::free::Times;
use super::hold::{FileHold, Past};
use super::lock::Locks;
use super::record::Record;
use super::shelf::Shelf;
use super::system::SystemDisk;
use crate::grant::Reach;
use crate::shell::quoted;
use crate::{Block, Event, Hold, NodeState, Realm, Store, StoreError, Wanted};

/// Longest window where nothing else is said.
const LONGEST: Duration = Duration::from_secs(2);

/// How far ahead of the clock a mark may be where nothing else is said.
const MAX_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// From which age on a record is reported.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a lock that somebody may only have looked at is waited for.
pub(super) const LOOKED_AT: Duration = Duration::from_millis(20);

/// High-water marks in a folder of this machine, or of a network file system whose locks work.
///
/// Each namespace has a folder of its own, with a record and a lock file for each node id that was ever
/// taken. Locks are the operating system's: they end with their process, however it ends. A record is
/// written to a file beside it, synced, renamed into place, and the folder is synced, before a window
/// of it is issued. Any number of processes share a folder.
///
/// # A new folder, and one that was removed
///
/// Whoever finds no record of the namespace cannot know whether there was one. So ids of a new folder
/// begin one [`longest_window`](Self::longest_window) (2 s, and two ticks at least) after it was made: past all that an
/// earlier one can have granted, if the clock was not set back meanwhile. All processes on a folder must be
/// given the same. Ids without time, such as Lamport's, begin at the microseconds since 1970, so that a
/// new folder repeats nothing of one that granted fewer ids than microseconds passed.
///
/// A holder has the folder open, so a record that it is in the middle of writing does not get into another
/// that was made in its place; it loses its node id and takes another. (On Windows an open lock file keeps its folder
/// where it is.)
///
/// # A second folder
///
/// With [`second`](Self::second), on another disk, each record is written to both before a window of it
/// is issued. When one of them is lost or damaged, the other suffices: the higher mark wins. Node ids are locked in
/// both.
///
/// # Example
/// ```
/// use idgen_core::Scheme;
/// use idgen_lease::{Ask, FileStore, Realm, Store, Wanted};
/// use idgen_snowflake::Snowflake;
///
/// let folder = tempfile::tempdir()?;
/// let store = FileStore::new(folder.path());
/// let realm = Realm::of(Scheme::of::<Snowflake>());
/// let mut hold = store.acquire(&realm, Wanted::Any { bits: 0 }, &|_| ())?;
/// let window = hold.grant(Ask { from: 0, length: 100 })?;
/// let next = hold.grant(Ask { from: 0, length: 100 })?;
/// assert_eq!((hold.block().first(), next.start()), (0, window.end()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FileStore<D = SystemDisk> {
    folder: PathBuf,
    second: Option<PathBuf>,
    longest: Duration,
    max_ahead: Duration,
    clock: Arc<dyn Clock>,
    pub(super) disk: Arc<D>,
}

impl FileStore {
    /// The store in this folder, which is made when it is needed.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::on(folder, SystemDisk, SystemClock)
    }
}

impl<D: Disk> FileStore<D> {
    /// The store in this folder of a disk, by this clock.
    pub fn on(folder: impl Into<PathBuf>, disk: D, clock: impl Clock + 'static) -> Self {
        Self {
            folder: rooted(folder.into()),
            second: None,
            longest: LONGEST,
            max_ahead: MAX_AHEAD,
            clock: Arc::new(clock),
            disk: Arc::new(disk),
        }
    }

    /// Writes each record to this folder as well, before a window of it is issued.
    #[must_use]
    pub fn second(mut self, folder: impl Into<PathBuf>) -> Self {
        self.second = Some(rooted(folder.into()));
        self
    }

    /// How far ahead of its clock a holder may have a window; 2 s where nothing is said. The same for
    /// all processes on the folder.
    ///
    /// The longest that anybody ever had is recorded in the folder, before the first window of it. A restart with a shorter one goes by that, where
    /// node ids begin that were never taken, or are released; one with a longer one records it first.
    #[must_use]
    pub fn longest_window(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// How far ahead of the clock a window may start; a day where nothing is said, and never less than the longest
    /// window that is recorded in the folder. A mark beyond that is refused: it, or the clock, is wrong.
    #[must_use]
    pub fn max_ahead(mut self, ahead: Duration) -> Self {
        self.max_ahead = ahead;
        self
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(super) const fn ahead(&self) -> Duration {
        self.max_ahead
    }

    /// The folders of a namespace.
    pub(super) fn folders(&self, realm: &Realm) -> Vec<PathBuf> {
        let namespace = realm.namespace();
        let all = std::iter::once(&self.folder).chain(&self.second);
        all.map(|folder| folder.join(namespace.as_str())).collect()
    }

    /// The folders as arguments of the command: a mark that is forgotten in one of two is still in the other.
    pub(super) fn arguments(&self) -> String {
        let second = self.second.iter().map(|second| format!(" --replica {}", quoted(second)));
        format!("--state {}{}", quoted(&self.folder), second.collect::<String>())
    }

    /// The locks of a block that somebody wants.
    pub(super) fn lock(&self, shelf: &Shelf<D>, block: Block) -> Result<Locks, StoreError> {
        let mut tried = Locks::take(shelf, block)?;
        if tried.is_err() {
            // Who lists the node ids has each lock for a moment.
            self.clock.wait(LOOKED_AT);
            tried = Locks::take(shelf, block)?;
        }
        tried.map_err(|holder| shelf.held(block, holder))
    }

    /// Whether anybody was granted a window up to this tick or past it, as the records tell that can be read: then his
    /// clock had come near it.
    fn was_reached(shelf: &Shelf<D>, tick: u64) -> Result<bool, StoreError> {
        let record = |block| shelf.record(block, &|_| ()).ok().flatten();
        Ok(shelf.blocks()?.into_iter().filter_map(record).any(|record| record.mark >= tick))
    }
}

impl<D: Disk> Store for FileStore<D> {
    fn acquire(
        &self,
        realm: &Realm,
        wanted: Wanted,
        events: &dyn Fn(Event),
    ) -> Result<Box<dyn Hold>, StoreError> {
        let shelf = Shelf::make(&self.disk, realm, &self.folders(realm))?;
        let (founding, new) = shelf.found(&*self.clock, events)?;
        let (now, longest) = (self.clock.wall(), founding.longest().max(self.longest));
        let fresh = first_after(realm, founding.founded(), longest);
        let reach = Reach::of(realm.scheme().timebase, longest);
        if new {
            events(Event::NewStore { begins: realm.dated(fresh).time });
        }
        let (block, locks) = match wanted {
            Wanted::This(block) => (block, self.lock(&shelf, block)?),
            Wanted::Any { bits } => {
                self.lock_any(&shelf, bits, Times::of(realm, now, fresh, reach), events)?
            }
        };
        // Under the lock: what overlaps the block has no holder that could change it.
        let (mut term, mut recorded) = (0, None);
        for other in shelf.blocks()?.into_iter().filter(|other| block.overlaps(*other)) {
            let Some(record) = shelf.record(other, events)? else { continue };
            recorded = recorded.max(Some(record.mark));
            if other == block {
                term = record.term;
                let age = now.as_nanos() - record.written().as_nanos();
                if age > nanos(OLD) {
                    events(Event::OldRecord { block, written: record.written() });
                }
            }
        }
        events(Event::Acquired { block, term: term + 1 });
        let mark = fresh.max(recorded.unwrap_or(0));
        // Farther ahead than windows explain, so that the clock was set back, or was ahead when the folder was made. That
        // it was made tells nothing; that somebody had a window since does, whatever node id he had.
        let is_far = realm.tick_at(now).is_some_and(|now| mark > reach.end(now));
        if is_far && recorded < Some(mark) && Self::was_reached(&shelf, mark)? {
            recorded = Some(mark);
        }
        let past = Past { term, mark, recorded, longest };
        Ok(Box::new(FileHold::new(self, shelf, block, locks, past)))
    }

    fn nodes(&self, realm: &Realm) -> Result<Vec<NodeState>, StoreError> {
        let shelf = Shelf::look(&self.disk, realm, &self.folders(realm))?;
        let held = shelf.holders()?;
        let mut nodes = Vec::new();
        for block in shelf.blocks()? {
            let record = match shelf.record(block, &|_| ()) {
                Ok(Some(record)) => Some(record),
                Ok(None) => continue,
                Err(StoreError::Damaged { .. }) => None,
                Err(error) => return Err(error),
            };
            let overlapping = held.iter().copied().filter(|held| held.overlaps(block));
            let holder = overlapping.min_by_key(|&held| (held != block, held));
            let damaged = record.is_none();
            nodes.push(state_of(&shelf, block, record.as_ref(), damaged, holder));
        }
        // Who has just taken one, and waits for its first window, has recorded nothing.
        let recorded: Vec<_> = nodes.iter().map(|node| node.block).collect();
        let bare = held.into_iter().filter(|held| !recorded.contains(held));
        nodes.extend(bare.map(|block| state_of(&shelf, block, None, false, Some(block))));
        nodes.sort_unstable_by_key(|node| (node.block.first(), node.block.bits()));
        Ok(nodes)
    }

    fn longest_window(&self) -> Duration {
        self.longest
    }
}

fn state_of<D: Disk>(
    shelf: &Shelf<D>,
    block: Block,
    record: Option<&Record>,
    damaged: bool,
    holder: Option<Block>,
) -> NodeState {
    NodeState {
        block,
        damaged,
        term: record.map_or(0, |record| record.term),
        mark: record.map_or(0, |record| record.mark),
        written: record.map(Record::written),
        holder,
        process: holder.and_then(|holder| shelf.process(holder)),
    }
}

/// The first tick that nothing granted by this time can be in, where windows are so long at most. A counter of no clock
/// begins at the microseconds, if that leaves it half of what it can count.
pub(super) fn first_after(realm: &Realm, time: UnixTime, longest: Duration) -> u64 {
    if let Some(base) = realm.scheme().timebase {
        return Reach::of(Some(base), longest).end(base.nearest_tick(time));
    }
    let past = UnixTime::from_nanos(time.as_nanos().saturating_add(nanos(longest)));
    let count = Timebase::UNIX_MICROS.nearest_tick(past);
    let bits = realm.scheme().layout.tick_bits();
    bits.checked_sub(1).filter(|half| count >> half == 0).map_or(0, |_| count)
}

/// The folder by its whole name: the process may go to another one.
fn rooted(folder: PathBuf) -> PathBuf {
    std::path::absolute(&folder).unwrap_or(folder)
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX / 2)
}

impl<D> std::fmt::Debug for FileStore<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("FileStore");
        shown.field("folder", &self.folder).field("second", &self.second).finish_non_exhaustive()
    }
}
