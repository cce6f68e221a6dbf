//! Which node ids are taken by who may have any.

use std::sync::Arc;

use idgen_core::UnixTime;

use super::disk::Disk;
use super::lock::Locks;
use super::shelf::Shelf;
use super::store::{FileStore, LOOKED_AT};
use crate::grant::Reach;
use crate::lease::MAX_START_WAIT;
use crate::{Block, Event, Realm, StoreError};

/// What decides when blocks may be issued from. All numbers are ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    now: u64,
    /// Where blocks begin that were never taken, and none before it.
    fresh: u64,
    /// The farthest ahead of now that they begin by a clock that is right, or that a start waits for.
    explained: u64,
}

impl Times {
    pub(super) fn of(realm: &Realm, now: UnixTime, fresh: u64, reach: Reach) -> Self {
        // To lines that keep no time everything has begun.
        let now = realm.tick_at(now).unwrap_or(u64::MAX);
        let wait = realm.scheme().timebase.map_or(0, |base| base.ticks_in(MAX_START_WAIT));
        Self { now, fresh, explained: reach.end(now).max(now.saturating_add(wait)) }
    }

    /// Whether the clock was set back to before the folder was made.
    const fn is_set_back(self) -> bool {
        self.fresh > self.explained
    }
}

impl<D: Disk> FileStore<D> {
    /// The marks of all blocks; none of those whose record is damaged.
    fn marks(
        &self,
        shelf: &Shelf<D>,
        events: &dyn Fn(Event),
    ) -> Result<Vec<(Block, Option<u64>)>, StoreError> {
        let mut marks = Vec::new();
        for block in shelf.blocks()? {
            match shelf.record(block, events) {
                Ok(record) => marks.push((block, Some(record.map_or(0, |record| record.mark)))),
                Err(error @ StoreError::Damaged { .. }) => {
                    events(Event::Damaged { error: Arc::new(error) });
                    marks.push((block, None));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(marks)
    }

    /// Locks any block of this size.
    pub(super) fn lock_any(
        &self,
        shelf: &Shelf<D>,
        bits: u32,
        times: Times,
        events: &dyn Fn(Event),
    ) -> Result<(Block, Locks), StoreError> {
        let marks = self.marks(shelf, events)?;
        let mut free = self.lock_free(shelf, bits, times, &marks)?;
        if free.is_none() {
            self.clock().wait(LOOKED_AT);
            free = self.lock_free(shelf, bits, times, &marks)?;
        }
        free.ok_or_else(|| StoreError::NoneFree {
            namespace: shelf.realm().namespace(),
            damaged: marks.iter().filter(|(_, mark)| mark.is_none()).count(),
            place: format!("lock files in {}", shelf.places()[0].path().display()),
        })
    }

    /// Locks the lowest block of this size that begins as soon as any does, or else the one that begins first; if any is
    /// free. Where the clock was set back to before the folder was made, one with a record comes before those that were
    /// never taken, which begin no later: its holder goes on where time had come to, and not at the beginning again.
    fn lock_free(
        &self,
        shelf: &Shelf<D>,
        bits: u32,
        times: Times,
        marks: &[(Block, Option<u64>)],
    ) -> Result<Option<(Block, Locks)>, StoreError> {
        if times.is_set_back() {
            for block in self.recorded(shelf.realm(), bits, times, marks) {
                if let Ok(locks) = Locks::take(shelf, block)? {
                    return Ok(Some((block, locks)));
                }
            }
        }
        let last = shelf.realm().last_node();
        let mut later = Vec::new();
        let mut next = Some(0);
        while let Some(node) = next.filter(|&node| node <= last) {
            let Ok(block) = shelf.realm().block(node, bits) else { break };
            next = block.last().checked_add(1);
            match mark_of(block, marks) {
                None => {}
                Some(mark) if mark > times.now.max(times.fresh) => later.push((mark, block)),
                Some(_) => match Locks::take(shelf, block)? {
                    Ok(locks) => return Ok(Some((block, locks))),
                    // Nothing in a larger block that somebody holds is free.
                    Err(holder) => next = holder.last().max(block.last()).checked_add(1),
                },
            }
        }
        later.sort_unstable();
        for (_, block) in later {
            if let Ok(locks) = Locks::take(shelf, block)? {
                return Ok(Some((block, locks)));
            }
        }
        Ok(None)
    }

    /// The blocks of this size that have a record, or lie with one: those that begin first before the others, and none
    /// that begins too far ahead to be granted a window.
    fn recorded(
        &self,
        realm: &Realm,
        bits: u32,
        times: Times,
        marks: &[(Block, Option<u64>)],
    ) -> Vec<Block> {
        let ahead = realm.scheme().timebase.map_or(u64::MAX, |base| base.ticks_in(self.ahead()));
        let most = times.now.saturating_add(ahead);
        let blocks = marks.iter().map(|(block, _)| block.sized(bits));
        let begins =
            blocks.filter_map(|block| Some((mark_of(block, marks)?.max(times.fresh), block)));
        let mut begins: Vec<_> = begins.filter(|&(begins, _)| begins <= most).collect();
        begins.sort_unstable();
        begins.dedup();
        begins.into_iter().map(|(_, block)| block).collect()
    }
}

/// The greatest mark of the blocks that overlap this one; `None` where one is damaged.
fn mark_of(block: Block, marks: &[(Block, Option<u64>)]) -> Option<u64> {
    let overlapping = marks.iter().filter(|(other, _)| block.overlaps(*other));
    overlapping.map(|(_, mark)| *mark).try_fold(0, |most, mark| Some(most.max(mark?)))
}
