//! Locks on blocks of node ids.
//!
//! Node ids come in aligned blocks of 2^k, and a block of one is a node id. A holder locks the file of
//! its block for itself, and shares the locks of all larger blocks around it. So two blocks that
//! overlap, where one always lies within the other, never have both a holder; and it takes one file
//! for each node bit, not one for each node id.
//!
//! A lock file may be removed under its holder. So who has taken a lock first puts the drafts of all records that overlap
//! his block out of the way, and reads the records then; who writes a record looks for his locks when its draft is
//! written, and puts it in place then. If the locks were there, the record was in place before it is read, or was put
//! out of the way before it came there.
//!
//! Of two folders it locks in both. When the first is removed under a holder that is paused in the middle of writing
//! its record, nobody else writes in the second until that holder has noticed.

use super::disk::{Disk, Lock};
use super::shelf::{Place, Shelf};
use crate::{Block, Realm, StoreError};

/// The locks of a block that is held, of each place.
#[derive(Debug)]
pub(super) struct Locks(Vec<PlaceLocks>);

#[derive(Debug)]
struct PlaceLocks {
    own: Box<dyn Lock>,
    around: Vec<Box<dyn Lock>>,
}

impl Locks {
    /// Locks a block for itself and shares those around it, or says which of them is held.
    pub(super) fn take<D: Disk>(
        shelf: &Shelf<D>,
        block: Block,
    ) -> Result<Result<Self, Block>, StoreError> {
        let places = shelf.places().iter();
        let taken = places.map(|place| PlaceLocks::take(place, shelf.realm(), block));
        Ok(taken.collect::<Result<Result<_, _>, _>>()?.map(Self))
    }

    /// Whether the lock files in a place are still those that others find and lock.
    pub(super) fn are_in_place<D: Disk>(
        &self,
        index: usize,
        shelf: &Shelf<D>,
    ) -> Result<bool, StoreError> {
        let path = shelf.places()[index].path();
        self.0[index].are_in_place().map_err(StoreError::io("look at", path))
    }

    /// Where another folder than the first was removed, or its lock file was: makes it anew and takes the locks
    /// there, or says which of them is held.
    pub(super) fn mend<D: Disk>(
        &mut self,
        shelf: &mut Shelf<D>,
        block: Block,
    ) -> Result<Result<(), Block>, StoreError> {
        for index in 1..self.0.len() {
            if self.are_in_place(index, shelf)? {
                continue;
            }
            shelf.open_again(index)?;
            match PlaceLocks::take(&shelf.places()[index], shelf.realm(), block)? {
                Ok(taken) => self.0[index] = taken,
                Err(held) => return Ok(Err(held)),
            }
        }
        Ok(Ok(()))
    }
}

impl PlaceLocks {
    fn take(place: &Place, realm: &Realm, block: Block) -> Result<Result<Self, Block>, StoreError> {
        let Some(mut own) = place.lock(&name(block), false)? else { return Ok(Err(block)) };
        let mut around = Vec::new();
        for larger in block.around(realm.scheme().layout.node_bits()) {
            match place.lock(&name(larger), true)? {
                Some(lock) => around.push(lock),
                None => return Ok(Err(larger)),
            }
        }
        // Who held it before and is in the middle of writing his record puts none of it here any more.
        place.void_drafts(block)?;
        // For people: the lock says that the block is held, and this says by whom.
        let path = place.path().join(name(block));
        own.note(&std::process::id().to_string()).map_err(StoreError::io("write", path))?;
        Ok(Ok(Self { own, around }))
    }

    fn are_in_place(&self) -> std::io::Result<bool> {
        for lock in std::iter::once(&self.own).chain(&self.around) {
            if !lock.is_in_place()? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// What the lock file of a block is called.
pub(super) fn name(block: Block) -> String {
    format!("{}.lock", block.file_name())
}
