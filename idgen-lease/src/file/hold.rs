//! A node id that is held by its lock file.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use idgen_core::Window;
use idgen_core::clock::Clock;

use super::disk::Disk;
use super::lock::Locks;
use super::record::{Charter, Record};
use super::shelf::Shelf;
use super::store::FileStore;
use crate::grant::{self, Limits, Request};
use crate::{Ask, Block, Hold, Realm, StoreError};

/// The right to a block, with the locks that keep it.
pub(super) struct FileHold<D> {
    disk: Arc<D>,
    clock: Arc<dyn Clock>,
    folder: PathBuf,
    second: Option<PathBuf>,
    realm: Realm,
    block: Block,
    locks: Locks,
    /// Term of the holder before.
    before: u64,
    /// The greatest mark of all blocks that overlap, when this hold began: nothing before it is ours.
    first: u64,
    /// Where the next window begins at the earliest.
    mark: u64,
    /// Whether a record of this hold has been written, so that there must be one.
    recorded: bool,
    max_ahead: u64,
}

impl<D: Disk> FileHold<D> {
    pub(super) fn new(
        store: &FileStore<D>,
        realm: Realm,
        block: Block,
        locks: Locks,
        before: u64,
        mark: u64,
    ) -> Self {
        let Shelf { folder, second, .. } = store.shelf(&realm);
        let base = realm.scheme().timebase;
        Self {
            disk: Arc::clone(store.disk()),
            clock: Arc::clone(store.clock()),
            folder,
            second,
            realm,
            block,
            locks,
            before,
            first: mark,
            mark,
            recorded: false,
            max_ahead: base.map_or(u64::MAX, |base| base.ticks_in(store.ahead())),
        }
    }

    /// Records the mark as it is, whatever was there before.
    pub(super) fn reset(mut self) -> Result<(), StoreError> {
        self.record(self.mark)
    }

    fn shelf(&self) -> Shelf<'_, D> {
        let Self { folder, second, realm, .. } = self;
        Shelf { disk: &self.disk, folder: folder.clone(), second: second.clone(), realm }
    }

    /// Whether the record is still this hold's: the lock file is in its place, and nobody has taken the
    /// block since. A mark that is higher than the last one known to be durable is this hold's too: of a
    /// grant that failed half-way.
    fn check(&mut self) -> Result<(), StoreError> {
        let lost = |why: String| StoreError::Lost { what: self.block.describe(), why };
        let folder = self.folder.display();
        let in_place =
            self.locks.are_in_place().map_err(StoreError::io("look at", &self.folder))?;
        if !in_place {
            return Err(lost(format!("its lock file in {folder} was removed or replaced")));
        }
        if !self.recorded {
            return Ok(());
        }
        match self.shelf().record(self.block, &|_| ())? {
            None => Err(lost(format!("its record in {folder} was removed"))),
            Some(record) if record.term != self.term() || record.mark < self.mark => {
                Err(lost(format!(
                    "its record in {folder} has term {} and mark {}, not {} and {}: somebody else wrote it, or it is an old one",
                    record.term,
                    record.mark,
                    self.term(),
                    self.mark,
                )))
            }
            Some(record) => {
                self.mark = record.mark;
                Ok(())
            }
        }
    }

    /// Makes a mark durable.
    fn record(&mut self, mark: u64) -> Result<(), StoreError> {
        let (charter, now) = (Charter::of(&self.realm), self.clock.wall());
        let record = Record::new(charter, self.block, self.term(), mark, now);
        self.shelf().put_record(self.block, &record)?;
        self.recorded = true;
        self.mark = mark;
        Ok(())
    }
}

impl<D: Disk> Hold for FileHold<D> {
    fn block(&self) -> Block {
        self.block
    }

    fn term(&self) -> u64 {
        self.before + 1
    }

    fn grant(&mut self, ask: Ask) -> Result<Window, StoreError> {
        self.check()?;
        let now = self.realm.tick_at(self.clock.wall());
        let request = Request { from: ask.from, length: ask.length, now };
        // Holder and store are one machine, so what the holder asks for needs no other clock's consent.
        let limits = Limits { max_skew: u64::MAX, max_ahead: self.max_ahead };
        let window = grant::next(self.mark, request, limits)
            .map_err(|refusal| StoreError::Refused { what: self.block.describe(), refusal })?;
        self.record(window.end())?;
        Ok(window)
    }

    fn release(mut self: Box<Self>, reached: u64) -> Result<(), StoreError> {
        self.check()?;
        let reached = reached.max(self.first);
        if reached < self.mark { self.record(reached) } else { Ok(()) }
    }
}

impl<D> fmt::Debug for FileHold<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FileHold");
        shown.field("block", &self.block).field("mark", &self.mark).finish_non_exhaustive()
    }
}
