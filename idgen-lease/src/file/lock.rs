//! Locks on blocks of node ids.
//!
//! Node ids come in aligned blocks of 2^k, and a block of one is a node id. A holder locks the file of
//! its block for itself, and shares the locks of all larger blocks around it. So two blocks that
//! overlap, where one always lies within the other, never have both a holder; and it takes one file
//! for each node bit, not one for each node id.

use std::io;
use std::path::PathBuf;

use super::disk::{Disk, Lock};
use super::shelf::Shelf;
use crate::{Block, StoreError};

/// The locks of a block that is held.
#[derive(Debug)]
pub(super) struct Locks {
    path: PathBuf,
    own: Box<dyn Lock>,
    _around: Vec<Box<dyn Lock>>,
}

impl Locks {
    /// Locks a block for itself and shares those around it, or says which of them is held.
    pub(super) fn take<D: Disk>(
        shelf: &Shelf<'_, D>,
        block: Block,
    ) -> Result<Result<Self, Block>, StoreError> {
        let path = shelf.lock_path(block);
        let lock = |block: Block, shared| {
            let path = shelf.lock_path(block);
            shelf.disk.try_lock(&path, shared).map_err(StoreError::io("lock", path))
        };
        let Some(mut own) = lock(block, false)? else { return Ok(Err(block)) };
        let mut around = Vec::new();
        for larger in block.around(shelf.realm.scheme().layout.node_bits()) {
            match lock(larger, true)? {
                Some(lock) => around.push(lock),
                None => return Ok(Err(larger)),
            }
        }
        // For people: the lock says that the block is held, and this says by whom.
        own.note(&std::process::id().to_string()).map_err(StoreError::io("write", &path))?;
        Ok(Ok(Self { path, own, _around: around }))
    }

    /// Whether the lock file is still the one that others find and lock.
    pub(super) fn are_in_place(&self) -> io::Result<bool> {
        self.own.is_in_place(&self.path)
    }
}
