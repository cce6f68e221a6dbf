//! A node id that is held by its lock file.

use core::time::Duration;
use std::fmt;
use std::io;
use std::sync::Arc;

use idgen_core::clock::Clock;
use idgen_core::{Timebase, Window};

use super::disk::Disk;
use super::lock::Locks;
use super::record::{Charter, Record};
use super::shelf::Shelf;
use super::store::FileStore;
use crate::grant::{self, Limits, Reach, Request};
use crate::{Ask, Block, Hold, StoreError};

/// How many attempts at one record are remembered. Of more, each of which left nobody knows what, a hold takes its own
/// record for somebody else's at worst.
const MOST_STAMPS: usize = 1_024;

/// The right to a block, with the locks that keep it.
pub(super) struct FileHold<D> {
    clock: Arc<dyn Clock>,
    shelf: Shelf<D>,
    block: Block,
    locks: Locks,
    /// Term of the holder before.
    before: u64,
    /// The greatest mark of all blocks that overlap, when this hold began: nothing before it is ours.
    first: u64,
    /// Where the next window begins at the earliest: the end of the last one that was handed out.
    mark: u64,
    /// The mark in the record, if this hold has written one: greater than `mark` after a grant that failed half-way.
    recorded: Option<u64>,
    /// The stamps of the records that may be in place: of the last one that was written, and of each attempt since. A
    /// record with another is not this hold's.
    stamps: Vec<u64>,
    max_ahead: u64,
    /// How long windows are, until that is recorded.
    longest: Option<Duration>,
    /// What tells the drafts of its records from those of everybody else.
    draft: String,
    /// What the clock of a holder before has shown.
    shown: Option<u64>,
}

/// What records tell of a block when it is taken.
pub(super) struct Past {
    /// Term of the holder before.
    pub(super) term: u64,
    /// Where the next window begins at the earliest.
    pub(super) mark: u64,
    /// The greatest mark that was recorded and tells how far time had come, if one was.
    pub(super) recorded: Option<u64>,
    /// The longest window that anybody ever had.
    pub(super) longest: Duration,
}

impl<D: Disk> FileHold<D> {
    pub(super) fn new(
        store: &FileStore<D>,
        shelf: Shelf<D>,
        block: Block,
        locks: Locks,
        Past { term: before, mark, recorded, longest }: Past,
    ) -> Self {
        let base = shelf.realm().scheme().timebase;
        let reach = Reach::of(base, longest);
        // A window that prolongs the last may start where that ends.
        let ahead = |base: Timebase| base.ticks_in(store.ahead()).max(reach.ticks());
        let nanos = store.clock().wall().as_nanos();
        Self {
            draft: format!("{}-{nanos:x}", before + 1),
            clock: Arc::clone(store.clock()),
            shelf,
            block,
            locks,
            before,
            first: mark,
            mark,
            recorded: None,
            stamps: Vec::new(),
            max_ahead: base.map_or(u64::MAX, ahead),
            longest: Some(longest),
            shown: recorded.map(|mark| reach.shown(mark)),
        }
    }

    /// Records the mark as it is, whatever was there before.
    pub(super) fn reset(mut self) -> Result<(), StoreError> {
        self.record(self.mark)
    }

    /// Whether the record is still this hold's: the lock file is in its place, and nobody has taken the
    /// block since. A mark that is higher than the last one known to be durable is this hold's too: of a
    /// grant that failed half-way. Nobody was given that window, so that it is granted again: if it was wasted, each
    /// failure would make the next window reach farther ahead of the clock.
    fn check(&mut self) -> Result<(), StoreError> {
        self.check_lock(0)?;
        if self.recorded.is_none() {
            return Ok(());
        }
        let folder = self.shelf.places()[0].path().display();
        let lost = |why: String| StoreError::Lost { what: self.block.describe(), why };
        match self.shelf.record(self.block, &|_| ())? {
            None => Err(lost(format!("its record in {folder} was removed"))),
            Some(record)
                if record.term != self.term()
                    || record.mark < self.mark
                    || !self.stamps.contains(&record.stamp) =>
            {
                Err(lost(format!(
                    "its record in {folder} has term {} and the mark {}, not {} and {}, or another stamp: somebody else wrote it, a clone of this machine perhaps, or it is an old one",
                    record.term,
                    self.shelf.realm().dated(record.mark),
                    self.term(),
                    self.shelf.realm().dated(self.mark),
                )))
            }
            Some(record) => {
                self.recorded = Some(record.mark);
                // The one that is in place is the last to be forgotten.
                self.stamps.retain(|stamp| *stamp != record.stamp);
                self.stamps.push(record.stamp);
                Ok(())
            }
        }
    }

    /// Whether a folder is still the one that others find, with the locks in it.
    fn check_lock(&self, index: usize) -> Result<(), StoreError> {
        if self.locks.are_in_place(index, &self.shelf)? {
            return Ok(());
        }
        let folder = self.shelf.places()[index].path().display();
        let why = format!("its lock file in {folder} was removed or replaced");
        Err(StoreError::Lost { what: self.block.describe(), why })
    }

    /// The window that would be granted at this moment.
    fn next(&self, ask: Ask) -> Result<Window, StoreError> {
        // Whoever has a window goes on whatever wall time does: a clock that keeps an offset does not go back with it. What
        // it was granted last stands for the time then.
        let had = self.recorded.map_or(0, |_| self.mark);
        let now = self.shelf.realm().tick_at(self.clock.wall()).map(|now| now.max(had));
        let request = Request { from: ask.from, length: ask.length, now };
        // Holder and store are one machine, so what the holder asks for needs no other clock's consent.
        let limits = Limits { max_skew: u64::MAX, max_ahead: self.max_ahead };
        grant::next(self.mark, request, limits)
            .map_err(|refusal| StoreError::refused(self.shelf.realm(), self.block, refusal))
    }

    /// Makes a mark durable. That the folder was removed meanwhile is a loss, and no trouble of the disk.
    fn record(&mut self, mark: u64) -> Result<(), StoreError> {
        self.locks
            .mend(&mut self.shelf, self.block)?
            .map_err(|holder| self.shelf.held(self.block, holder))?;
        if let Some(longest) = self.longest {
            self.shelf.reach(&*self.clock, longest)?;
            self.longest = None;
        }
        let (charter, now) = (Charter::of(self.shelf.realm()), self.clock.wall());
        // Two clones hardly write at the same nanosecond, while random bits may be cloned with the rest. Each attempt has
        // another, or both would go on with what failed before they were two.
        let stamp = u64::try_from(now.as_nanos().rem_euclid(1 << 64)).unwrap_or(0);
        if self.stamps.len() == MOST_STAMPS {
            self.stamps.remove(0);
        }
        self.stamps.push(stamp);
        let record = Record::new(charter, self.block, self.term(), mark, now, stamp);
        let put = self.shelf.put_record(self.block, &self.draft, &record, |index| {
            match self.check_lock(index) {
                Err(lost) if index > 0 && lost.is_lost() => {
                    let path = self.shelf.places()[index].path();
                    Err(StoreError::io("lock", path)(io::Error::other(lost.to_string())))
                }
                checked => checked,
            }
        });
        put.map_err(|error| match self.check_lock(0) {
            Err(lost) if lost.is_lost() => lost,
            _ => error,
        })?;
        self.recorded = Some(mark);
        self.stamps = vec![stamp];
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

    fn begins(&self) -> u64 {
        self.mark
    }

    fn shown(&self, from: u64) -> Result<Option<u64>, StoreError> {
        self.next(Ask { from: self.mark.max(from), length: 1 }).map(|_| self.shown)
    }

    fn grant(&mut self, ask: Ask) -> Result<Window, StoreError> {
        self.check()?;
        let window = self.next(ask)?;
        self.record(window.end())?;
        Ok(window)
    }

    fn release(mut self: Box<Self>, reached: u64) -> Result<(), StoreError> {
        self.check()?;
        let reached = reached.max(self.first);
        match self.recorded {
            Some(mark) if reached < mark => self.record(reached),
            _ => Ok(()),
        }
    }
}

impl<D> fmt::Debug for FileHold<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FileHold");
        shown.field("block", &self.block).field("mark", &self.mark).finish_non_exhaustive()
    }
}
