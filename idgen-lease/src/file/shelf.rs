//! The files of one namespace, in the folder and in its second.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use idgen_core::UnixTime;
use serde::{Deserialize, Serialize};

use super::disk::Disk;
use super::record::{Charter, Founding, Record, decode, encode};
use crate::{Block, Event, Realm, StoreError};

/// Name of the namespace's own record.
const FOUNDING: &str = "namespace.json";

/// Where the records of a namespace stand, and how they are read and written.
pub(super) struct Shelf<'a, D> {
    pub(super) disk: &'a D,
    /// The namespace's folder, where locks are too.
    pub(super) folder: PathBuf,
    /// Its folder in the second place, if there is one.
    pub(super) second: Option<PathBuf>,
    pub(super) realm: &'a Realm,
}

impl<D: Disk> Shelf<'_, D> {
    pub(super) fn create(&self) -> Result<(), StoreError> {
        for folder in self.folders() {
            self.disk.create_folder(folder).map_err(StoreError::io("make the folder", folder))?;
        }
        Ok(())
    }

    pub(super) fn lock_path(&self, block: Block) -> PathBuf {
        self.folder.join(format!("{}.lock", block.file_name()))
    }

    /// The namespace's record, and whether it is new: it is made if it is nowhere. Every record that is found must have
    /// the realm's charter.
    pub(super) fn found(&self, now: UnixTime) -> Result<(Founding, bool), StoreError> {
        let charter = Charter::of(self.realm);
        let mut found: Option<Founding> = None;
        for path in self.folders().map(|folder| folder.join(FOUNDING)) {
            let Some(one) = self.read::<Founding>(&path)? else { continue };
            self.check(&one.charter, &path)?;
            found = found.or(Some(one));
        }
        let new = found.is_none();
        let founding = found.unwrap_or_else(|| Founding::new(charter, now));
        for path in self.folders().map(|folder| folder.join(FOUNDING)) {
            if new || self.read::<Founding>(&path)?.is_none() {
                // Two processes may be at it at once.
                let draft = path.with_extension(format!("new-{}", std::process::id()));
                self.put(&draft, &path, &founding)?;
            }
        }
        Ok((founding, new))
    }

    /// The record of a block: the higher of the two where they differ. One that is damaged counts as
    /// none where the other can be read, since a window is recorded in both before it is issued.
    pub(super) fn record(
        &self,
        block: Block,
        events: &dyn Fn(Event),
    ) -> Result<Option<Record>, StoreError> {
        let mut best: Option<Record> = None;
        let mut damaged = None;
        let mut readable = false;
        for folder in self.folders() {
            let path = folder.join(format!("{}.json", block.file_name()));
            match self.read::<Record>(&path) {
                Ok(Some(record)) => {
                    self.check(&record.charter, &path)?;
                    readable = true;
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
            Some(error) if !readable => return Err(error),
            Some(error) => events(Event::Damaged { error: Arc::new(error) }),
            None => {}
        }
        Ok(best)
    }

    /// Makes a record durable, in both places.
    pub(super) fn put_record(&self, block: Block, record: &Record) -> Result<(), StoreError> {
        // The first folder has the locks, and to lose it is to lose them. The second may be made again.
        if let Some(second) = &self.second {
            self.disk.create_folder(second).map_err(StoreError::io("make the folder", second))?;
        }
        for folder in self.folders() {
            let path = folder.join(format!("{}.json", block.file_name()));
            self.put(&path.with_extension("new"), &path, record)?;
        }
        Ok(())
    }

    /// The blocks that have records, in either place.
    pub(super) fn blocks(&self) -> Result<Vec<Block>, StoreError> {
        let mut blocks = Vec::new();
        for folder in self.folders() {
            let names = match self.disk.list(folder) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                names => names.map_err(StoreError::io("read the folder", folder))?,
            };
            let names = names.iter().filter_map(|name| name.strip_suffix(".json"));
            blocks.extend(names.filter_map(Block::from_file_name));
        }
        blocks.sort_unstable_by_key(|block| (block.first(), block.bits()));
        blocks.dedup();
        Ok(blocks)
    }

    fn folders(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&*self.folder).chain(self.second.as_deref())
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, path: &Path) -> Result<Option<T>, StoreError> {
        let bytes = self.disk.read(path).map_err(StoreError::io("read", path))?;
        let damaged = |why| StoreError::Damaged { path: path.into(), why };
        bytes.map(|bytes| decode(&bytes).map_err(damaged)).transpose()
    }

    fn put<T: Serialize>(&self, draft: &Path, path: &Path, value: &T) -> Result<(), StoreError> {
        self.disk.write(draft, &encode(value)).map_err(StoreError::io("write", draft))?;
        self.disk.rename(draft, path).map_err(StoreError::io("replace", path))?;
        let folder = path.parent().unwrap_or(path);
        self.disk.sync_folder(folder).map_err(StoreError::io("sync the folder", folder))
    }

    fn check(&self, theirs: &Charter, path: &Path) -> Result<(), StoreError> {
        let ours = Charter::of(self.realm);
        if *theirs == ours {
            return Ok(());
        }
        Err(StoreError::Foreign {
            namespace: self.realm.namespace(),
            theirs: theirs.describe(),
            ours: ours.describe(),
            path: path.into(),
        })
    }
}
