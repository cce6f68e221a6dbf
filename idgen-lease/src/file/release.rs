//! Giving node ids up: those whose record is damaged, or says what a wrong clock made it say.

use super::disk::Disk;
use super::hold::{FileHold, Past};
use super::record::Record;
use super::shelf::Shelf;
use super::store::{FileStore, first_after};
use crate::{Block, Realm, Store, StoreError};

impl<D: Disk> FileStore<D> {
    /// Gives a node id up that nobody holds: its next window begins one longest window after now.
    ///
    /// It is for records that are damaged, and safe if the clock is right now: whatever was granted before is in the
    /// past then. A mark that can be read is never lowered.
    ///
    /// # Errors
    /// [`StoreError::Ahead`] if its mark is later than that, or the mark of a block around it or within it, so that ids
    /// up to there may exist; [`StoreError::Damaged`] if the record of such a block is; and if somebody holds it, or the
    /// folder cannot be written to.
    pub fn reset(&self, realm: &Realm, block: Block) -> Result<(), StoreError> {
        self.give_up(realm, block, false)
    }

    /// Gives a node id up as [`reset`](Self::reset) does, and forgets a mark that is ahead of the clock: of its own
    /// record, and of the namespace if that was made by a clock ahead.
    ///
    /// **Ids up to the old mark may come twice.** It is for marks of a clock that was wrong, whose ids are
    /// known to be nowhere.
    ///
    /// # Errors
    /// [`StoreError::Ahead`] if the mark of a block around it or within it is ahead, which is to be forgotten by itself;
    /// and if somebody holds it, or the folder cannot be written to.
    pub fn forget(&self, realm: &Realm, block: Block) -> Result<(), StoreError> {
        self.give_up(realm, block, true)
    }

    fn give_up(&self, realm: &Realm, block: Block, forget: bool) -> Result<(), StoreError> {
        let shelf = Shelf::make(&self.disk, realm, &self.folders(realm))?;
        let (founding, _) = shelf.found(&**self.clock(), &|_| ())?;
        let longest = founding.longest().max(self.longest_window());
        let now = self.clock().wall();
        let locks = self.lock(&shelf, block)?;
        let begins = first_after(realm, now, longest);
        // A counter of no clock is not ahead of one: its mark stays unless it is to be forgotten.
        let refuses = |mark: u64| mark > begins && (forget || realm.scheme().timebase.is_some());
        let recorded = own_record(&shelf, block, &self.arguments(), refuses)?;
        let mark = recorded.as_ref().map_or(0, |record| record.mark);
        let ahead = mark.max(first_after(realm, founding.founded(), longest));
        if !forget && refuses(ahead) {
            return Err(StoreError::ahead(realm, block, ahead, &self.arguments()));
        }
        if forget && founding.founded() > now {
            shelf.found_anew(&**self.clock(), longest)?;
        }
        let mark = if forget { begins } else { begins.max(mark) };
        let term = recorded.map_or(0, |record| record.term);
        FileHold::new(self, shelf, block, locks, Past { term, mark, recorded: None, longest })
            .reset()
    }
}

/// The record of a block, none where it is damaged, if no other that overlaps it is in the way: its next window begins
/// after the mark of each.
fn own_record<D: Disk>(
    shelf: &Shelf<D>,
    block: Block,
    folders: &str,
    refuses: impl Fn(u64) -> bool,
) -> Result<Option<Record>, StoreError> {
    let mut own = None;
    for other in shelf.blocks()?.into_iter().filter(|other| block.overlaps(*other)) {
        match shelf.record(other, &|_| ()) {
            Ok(record) if other == block => own = record,
            Err(StoreError::Damaged { .. }) if other == block => {}
            Ok(Some(record)) if refuses(record.mark) => {
                return Err(StoreError::ahead(shelf.realm(), other, record.mark, folders));
            }
            record => drop(record?),
        }
    }
    Ok(own)
}
