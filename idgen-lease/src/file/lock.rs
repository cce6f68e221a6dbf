//! Locks on blocks of node ids.
//!
//! Node ids come in aligned blocks of 2^k, and a block of one is a node id. A holder locks the file of
//! its block for itself, and shares the locks of all larger blocks around it. So two blocks that
//! overlap, where one always lies within the other, never have both a holder; and it takes one file
//! for each node bit, not one for each node id.
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
    _around: Vec<Box<dyn Lock>>,
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

    /// Whether the lock file in the first place is still the one that others find and lock.
    pub(super) fn are_in_place<D: Disk>(&self, shelf: &Shelf<D>) -> Result<bool, StoreError> {
        self.is_in_place(0, shelf)
    }

    /// Where another folder than the first was removed, or its lock file was: makes it anew and takes the locks
    /// there, or says which of them is held.
    pub(super) fn mend<D: Disk>(
        &mut self,
        shelf: &mut Shelf<D>,
        block: Block,
    ) -> Result<Result<(), Block>, StoreError> {
        for index in 1..self.0.len() {
            if self.is_in_place(index, shelf)? {
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

    fn is_in_place<D: Disk>(&self, index: usize, shelf: &Shelf<D>) -> Result<bool, StoreError> {
        let path = shelf.places()[index].path();
        self.0[index].own.is_in_place().map_err(StoreError::io("look at", path))
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
        // For people: the lock says that the block is held, and this says by whom.
        let path = place.path().join(name(block));
        own.note(&std::process::id().to_string()).map_err(StoreError::io("write", path))?;
        Ok(Ok(Self { own, _around: around }))
    }
}

/// What the lock file of a block is called.
pub(super) fn name(block: Block) -> String {
    format!("{}.lock", block.file_name())
}
