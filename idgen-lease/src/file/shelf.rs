//! The files of one namespace, in the folder and in its second.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::disk::{Disk, Folder, Lock};
use super::lock;
use super::record::{Charter, Record, decode, encode};
use crate::{Block, Event, Realm, StoreError};

/// How the draft of a record is called, and one that was put out of the way.
const DRAFT: &str = ".new";
const VOID: &str = ".void";

/// Where the records of a namespace stand, and how they are read and written.
pub(super) struct Shelf<D> {
    disk: Arc<D>,
    realm: Realm,
    /// The namespace's folder, and the one in the second place if there is one.
    places: Vec<Place>,
}

/// A folder of the shelf, held open.
pub(super) struct Place {
    path: PathBuf,
    folder: Box<dyn Folder>,
}

impl<D: Disk> Shelf<D> {
    /// Opens these folders, and makes those that are not there.
    pub(super) fn make(
        disk: &Arc<D>,
        realm: &Realm,
        paths: &[PathBuf],
    ) -> Result<Self, StoreError> {
        let places = paths.iter().map(|path| Place::make(&**disk, path.clone()));
        let places = places.collect::<Result<_, _>>()?;
        if let [first, second] = paths
            && disk.is_same(first, second).map_err(StoreError::io("look at", second))?
        {
            return Err(StoreError::SameFolder { first: first.clone(), second: second.clone() });
        }
        Ok(Self { disk: Arc::clone(disk), realm: *realm, places })
    }

    /// Opens those of these folders that are there.
    pub(super) fn look(
        disk: &Arc<D>,
        realm: &Realm,
        paths: &[PathBuf],
    ) -> Result<Self, StoreError> {
        let places = paths.iter().map(|path| Place::open(&**disk, path.clone()));
        let there = |place: &Result<_, _>| !place.as_ref().is_err_and(is_missing);
        let places = places.filter(there).collect::<Result<_, _>>()?;
        Ok(Self { disk: Arc::clone(disk), realm: *realm, places })
    }

    pub(super) const fn realm(&self) -> &Realm {
        &self.realm
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Opens a place again, whose folder was removed, in the folder that is there now or is made.
    pub(super) fn open_again(&mut self, index: usize) -> Result<(), StoreError> {
        let path = self.places[index].path.clone();
        self.places[index] = Place::make(&*self.disk, path)?;
        Ok(())
    }

    /// The record of a block: the higher of the two where they differ. One that is damaged counts as
    /// none where the other can be read, since a window is recorded in both before it is issued.
    pub(super) fn record(
        &self,
        block: Block,
        events: &dyn Fn(Event),
    ) -> Result<Option<Record>, StoreError> {
        let name = format!("{}.json", block.file_name());
        let mut best: Option<Record> = None;
        let mut damaged = None;
        for place in &self.places {
            match place.read::<Record>(&name) {
                Ok(Some(record)) => {
                    self.check(&record.charter, place, &name)?;
                    if (record.node, record.block_bits) != (block.first(), block.bits()) {
                        let why = format!("it is the record of node id {}, put here", record.node);
                        damaged = Some(StoreError::Damaged { path: place.path.join(&name), why });
                        continue;
                    }
                    let higher = best
                        .as_ref()
                        .is_none_or(|best| (record.mark, record.term) > (best.mark, best.term));
                    if higher {
                        best = Some(record);
                    }
                }
                Ok(None) => {}
                Err(error @ StoreError::Damaged { .. }) => damaged = Some(error),
                Err(error) => return Err(error),
            }
        }
        match damaged {
            Some(error) if best.is_none() => return Err(error),
            Some(error) => events(Event::Damaged { error: Arc::new(error) }),
            None => {}
        }
        Ok(best)
    }

    /// Makes a record durable, in both places: last in the first, whose loss loses the hold. So nobody issues
    /// of a window that only a folder which is no more has heard of. In each place `check` is called when the draft is
    /// written, and the record put there after that.
    pub(super) fn put_record(
        &self,
        block: Block,
        draft: &str,
        record: &Record,
        check: impl Fn(usize) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let name = block.file_name();
        let (draft, name) = (format!("{name}.{draft}{DRAFT}"), format!("{name}.json"));
        for (index, place) in self.places.iter().enumerate().rev() {
            place.put(&draft, &name, record, || check(index))?;
        }
        Ok(())
    }

    /// The blocks that somebody holds, in either place.
    pub(super) fn holders(&self) -> Result<Vec<Block>, StoreError> {
        let mut held = Vec::new();
        for place in &self.places {
            for block in place.blocks(".lock")? {
                if !held.contains(&block) && place.is_locked(&lock::name(block))? {
                    held.push(block);
                }
            }
        }
        Ok(held)
    }

    /// The place where somebody holds this block: not the first, if its lock file was removed from there.
    fn place_of(&self, holder: Block) -> Option<&Place> {
        let is_locked = |place: &&Place| place.is_locked(&lock::name(holder)).unwrap_or(false);
        self.places.iter().find(is_locked).or(self.places.first())
    }

    /// The blocks that have records, in either place.
    pub(super) fn blocks(&self) -> Result<Vec<Block>, StoreError> {
        let mut blocks = Vec::new();
        for place in &self.places {
            blocks.extend(place.blocks(".json")?);
        }
        blocks.sort_unstable_by_key(|block| (block.first(), block.bits()));
        blocks.dedup();
        Ok(blocks)
    }

    /// That a block is held, by whoever holds one that overlaps it: the one whose lock was in the way may only be shared,
    /// by the holder of a node id within it.
    pub(super) fn held(&self, what: Block, in_the_way: Block) -> StoreError {
        let holders = self.holders().unwrap_or_default();
        let holder = holders.into_iter().find(|held| held.overlaps(what)).unwrap_or(in_the_way);
        let place = self.place_of(holder).unwrap_or(&self.places[0]);
        let lock = place.path.join(lock::name(holder));
        StoreError::Held {
            what: what.describe(),
            namespace: self.realm.namespace(),
            process: self.process(holder),
            place: format!("lock file {}", lock.display()),
        }
    }

    /// The process that wrote its id into the lock file of a block.
    pub(super) fn process(&self, block: Block) -> Option<u32> {
        let text = self.place_of(block)?.bytes(&lock::name(block)).ok()??;
        String::from_utf8(text).ok()?.trim().parse().ok()
    }

    pub(super) fn check(
        &self,
        theirs: &Charter,
        place: &Place,
        name: &str,
    ) -> Result<(), StoreError> {
        let ours = Charter::of(&self.realm);
        if *theirs == ours {
            return Ok(());
        }
        Err(StoreError::Foreign {
            namespace: self.realm.namespace(),
            theirs: theirs.describe(),
            ours: ours.describe(),
            path: place.path.join(name),
        })
    }
}

impl Place {
    fn open<D: Disk>(disk: &D, path: PathBuf) -> Result<Self, StoreError> {
        match disk.open_folder(&path) {
            Ok(folder) => Ok(Self { path, folder }),
            Err(error) => Err(StoreError::io("open the folder", path)(error)),
        }
    }

    fn make<D: Disk>(disk: &D, path: PathBuf) -> Result<Self, StoreError> {
        disk.create_folder(&path).map_err(StoreError::io("make the folder", &path))?;
        Self::open(disk, path)
    }

    /// The folder's name.
    pub(super) const fn path(&self) -> &PathBuf {
        &self.path
    }

    /// What a file holds.
    pub(super) fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.folder.read(name).map_err(StoreError::io("read", self.path.join(name)))
    }

    /// The blocks that have files of this kind.
    fn blocks(&self, suffix: &str) -> Result<Vec<Block>, StoreError> {
        let names = self.names()?;
        let names = names.iter().filter_map(|name| name.strip_suffix(suffix));
        Ok(names.filter_map(Block::from_file_name).collect())
    }

    pub(super) fn names(&self) -> Result<Vec<String>, StoreError> {
        self.folder.list().map_err(StoreError::io("read the folder", &self.path))
    }

    fn is_locked(&self, name: &str) -> Result<bool, StoreError> {
        self.folder.is_locked(name).map_err(StoreError::io("look at", self.path.join(name)))
    }

    /// Locks a file, for its holder alone or shared; `None` where somebody else's lock is in the way.
    pub(super) fn lock(
        &self,
        name: &str,
        shared: bool,
    ) -> Result<Option<Box<dyn Lock>>, StoreError> {
        self.folder.try_lock(name, shared).map_err(StoreError::io("lock", self.path.join(name)))
    }

    pub(super) fn read<T: for<'a> Deserialize<'a>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, StoreError> {
        let damaged = |why| StoreError::Damaged { path: self.path.join(name), why };
        self.bytes(name)?.map(|bytes| decode(&bytes).map_err(damaged)).transpose()
    }

    /// Puts the drafts of all records out of the way that overlap this one: who wrote them finds them no more.
    pub(super) fn void_drafts(&self, block: Block) -> Result<(), StoreError> {
        for draft in self.names()? {
            let name = draft.strip_suffix(DRAFT).and_then(|name| name.split('.').next());
            let Some(other) = name.and_then(Block::from_file_name) else { continue };
            if block.overlaps(other) {
                self.put_away(&draft, &format!("{}{VOID}", other.file_name()))?;
            }
        }
        Ok(())
    }

    /// Renames a file that may not be there any more.
    pub(super) fn put_away(&self, name: &str, to: &str) -> Result<(), StoreError> {
        match self.folder.rename(name, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.map_err(StoreError::io("put away", self.path.join(name))),
        }
    }

    pub(super) fn put<T: Serialize>(
        &self,
        draft: &str,
        name: &str,
        value: &T,
        check: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Self { path, folder } = self;
        folder.write(draft, &encode(value)).map_err(StoreError::io("write", path.join(draft)))?;
        check()?;
        folder.rename(draft, name).map_err(StoreError::io("replace", path.join(name)))?;
        folder.sync().map_err(StoreError::io("sync the folder", path))
    }
}

/// That a file or folder is not there.
pub(super) fn is_missing(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}
