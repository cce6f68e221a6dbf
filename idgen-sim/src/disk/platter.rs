//! What is on the disk: as programs see it, and as it would be after a loss of power.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use idgen_testkit::SplitMix64;

/// A disk with its files.
///
/// A file's contents are durable when they are synced; that it stands under its name, when its folder
/// is. Until then a loss of power may undo it, the latest change first, as a journal does.
#[derive(Debug, Default)]
pub(crate) struct Platter {
    files: BTreeMap<PathBuf, u64>,
    durable: BTreeMap<PathBuf, u64>,
    /// Changes of names that are not durable, in their order.
    pending: Vec<Change>,
    inodes: BTreeMap<u64, Inode>,
    /// Folders, each with a number that no other ever has.
    folders: BTreeMap<PathBuf, u64>,
    locks: BTreeMap<u64, Locked>,
    /// What stood under a name before, for restored backups and mutations.
    before: BTreeMap<PathBuf, Vec<u8>>,
    made: u64,
    /// Whether nothing more fits.
    pub(crate) full: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Link(PathBuf, u64),
    Rename(PathBuf, PathBuf, u64),
}

impl Change {
    fn is_in(&self, folder: &Path) -> bool {
        let (Self::Link(path, _) | Self::Rename(_, path, _)) = self;
        path.parent() == Some(folder)
    }

    fn apply(self, files: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Link(path, inode) => drop(files.insert(path, inode)),
            Self::Rename(from, to, inode) => {
                files.remove(&from);
                files.insert(to, inode);
            }
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Inode {
    data: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Locked {
    Alone,
    Shared(u32),
}

impl Platter {
    pub(crate) fn create_folder(&mut self, folder: &Path) {
        for folder in folder.ancestors() {
            if !self.folders.contains_key(folder) {
                self.made += 1;
                self.folders.insert(folder.into(), self.made);
            }
        }
    }

    /// The folder of this name, by its number.
    pub(crate) fn folder(&self, path: &Path) -> Option<u64> {
        self.folders.get(path).copied()
    }

    pub(crate) fn list(&self, folder: &Path) -> Vec<String> {
        let inside = |path: &&PathBuf| path.parent() == Some(folder);
        let names = self.files.keys().filter(inside).filter_map(|path| path.file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect()
    }

    pub(crate) fn read(&self, path: &Path) -> Option<Vec<u8>> {
        self.inodes.get(self.files.get(path)?).map(|inode| inode.data.clone())
    }

    /// What stood under the name before what stands there now.
    pub(crate) fn read_before(&self, path: &Path) -> Option<Vec<u8>> {
        self.before.get(path).cloned()
    }

    fn open(&mut self, path: &Path) -> u64 {
        if let Some(&inode) = self.files.get(path) {
            return inode;
        }
        self.made += 1;
        let inode = self.made;
        self.inodes.insert(inode, Inode::default());
        self.files.insert(path.to_owned(), inode);
        self.pending.push(Change::Link(path.to_owned(), inode));
        inode
    }

    /// Writes a file; `durable` of it is synced.
    pub(crate) fn write(&mut self, path: &Path, data: &[u8], durable: &[u8]) {
        let inode = self.open(path);
        self.inodes.insert(inode, Inode { data: data.to_vec(), durable: durable.to_vec() });
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path) -> bool {
        if let Some(data) = self.read(to) {
            self.before.insert(to.to_owned(), data);
        }
        let Some(inode) = self.files.remove(from) else { return false };
        self.files.insert(to.to_owned(), inode);
        self.pending.push(Change::Rename(from.to_owned(), to.to_owned(), inode));
        true
    }

    pub(crate) fn sync_folder(&mut self, folder: &Path) {
        let (synced, rest) = self.pending.drain(..).partition(|change| change.is_in(folder));
        self.pending = rest;
        for change in synced {
            change.apply(&mut self.durable);
        }
    }

    /// The power fails, and comes back: what was not durable is gone, or a part of it.
    pub(crate) fn lose_power(&mut self, random: &mut SplitMix64) {
        let kept = random.below(self.pending.len() as u64 + 1);
        for (_, change) in (0..kept).zip(std::mem::take(&mut self.pending)) {
            change.apply(&mut self.durable);
        }
        self.files = self.durable.clone();
        for inode in self.inodes.values_mut() {
            inode.data.clone_from(&inode.durable);
        }
        self.locks.clear();
        self.forget_unnamed();
    }

    /// Somebody removes a folder with all that is in it.
    pub(crate) fn remove_folder(&mut self, folder: &Path) {
        for files in [&mut self.files, &mut self.durable] {
            files.retain(|path, _| !path.starts_with(folder));
        }
        self.pending.retain(|change| {
            let (Change::Link(path, _) | Change::Rename(_, path, _)) = change;
            !path.starts_with(folder)
        });
        self.folders.retain(|path, _| !path.starts_with(folder));
        self.before.retain(|path, _| !path.starts_with(folder));
    }

    /// Somebody removes a file.
    pub(crate) fn remove_file(&mut self, removed: &Path) {
        for files in [&mut self.files, &mut self.durable] {
            files.remove(removed);
        }
        self.pending.retain(|change| {
            let (Change::Link(path, _) | Change::Rename(_, path, _)) = change;
            path != removed
        });
    }

    /// The records of a folder, as a backup holds them.
    pub(crate) fn backup(&self, folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
        let records = self.files.keys().filter(|path| {
            path.starts_with(folder)
                && path.extension().is_some_and(|extension| extension == "json")
        });
        records.filter_map(|path| Some((path.clone(), self.read(path)?))).collect()
    }

    /// A backup is put back, and synced.
    pub(crate) fn restore(&mut self, backup: &BTreeMap<PathBuf, Vec<u8>>) {
        for (path, data) in backup {
            if path.parent().is_some_and(|folder| self.folders.contains_key(folder)) {
                self.write(path, data, data);
                self.sync_folder(path.parent().unwrap_or(path));
            }
        }
    }

    /// Bits of a file turn over.
    pub(crate) fn damage(&mut self, path: &Path, random: &mut SplitMix64) {
        if let Some(mut data) = self.read(path).filter(|data| !data.is_empty()) {
            let at = usize::try_from(random.below(data.len() as u64)).unwrap_or(0);
            data[at] ^= 1 << random.below(7);
            self.write(path, &data, &data);
        }
    }

    pub(crate) fn inode(&self, path: &Path) -> Option<u64> {
        self.files.get(path).copied()
    }

    /// Locks a file, which is made if it is not there.
    pub(crate) fn lock(&mut self, path: &Path, shared: bool) -> Option<u64> {
        let inode = self.open(path);
        let locked = match (self.locks.get(&inode), shared) {
            (None, false) => Locked::Alone,
            (None, true) => Locked::Shared(1),
            (Some(Locked::Shared(count)), true) => Locked::Shared(count + 1),
            _ => return None,
        };
        self.locks.insert(inode, locked);
        Some(inode)
    }

    /// Whether somebody has locked a file for himself alone.
    pub(crate) fn is_locked(&self, path: &Path) -> bool {
        let inode = self.files.get(path);
        inode.is_some_and(|inode| self.locks.get(inode) == Some(&Locked::Alone))
    }

    pub(crate) fn unlock(&mut self, inode: u64) {
        match self.locks.get_mut(&inode) {
            Some(Locked::Shared(count)) if *count > 1 => *count -= 1,
            _ => drop(self.locks.remove(&inode)),
        }
    }

    /// Writes into a file that is open.
    pub(crate) fn write_open(&mut self, inode: u64, data: &[u8]) {
        if let Some(file) = self.inodes.get_mut(&inode) {
            file.data = data.to_vec();
        }
    }

    /// Keeps the memory of a long run small.
    pub(crate) fn forget_unnamed(&mut self) {
        let Self { files, durable, pending, inodes, locks, .. } = self;
        let named: BTreeSet<u64> = files.values().chain(durable.values()).copied().collect();
        let waiting = pending.iter().map(|change| {
            let (Change::Link(_, inode) | Change::Rename(_, _, inode)) = change;
            *inode
        });
        let waiting: BTreeSet<u64> = waiting.collect();
        inodes.retain(|inode, _| {
            named.contains(inode) || waiting.contains(inode) || locks.contains_key(inode)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a loss of power can leave of a record.
    fn after_losses(prepare: impl Fn(&mut Platter)) -> BTreeSet<Option<Vec<u8>>> {
        (0..50)
            .map(|seed| {
                let mut disk = Platter::default();
                disk.create_folder(Path::new("/d"));
                disk.write(Path::new("/d/new"), b"one", b"one");
                disk.rename(Path::new("/d/new"), Path::new("/d/record"));
                disk.sync_folder(Path::new("/d"));
                prepare(&mut disk);
                disk.lose_power(&mut SplitMix64::new(seed));
                disk.read(Path::new("/d/record"))
            })
            .collect()
    }

    #[test]
    fn what_is_synced_survives_and_what_is_not_may_or_may_not() {
        let write = |disk: &mut Platter| {
            disk.write(Path::new("/d/new"), b"two", b"two");
            disk.rename(Path::new("/d/new"), Path::new("/d/record"));
        };
        let (one, two) = (Some(b"one".to_vec()), Some(b"two".to_vec()));
        assert_eq!(after_losses(write), [one.clone(), two.clone()].into());
        let synced = after_losses(|disk| {
            write(disk);
            disk.sync_folder(Path::new("/d"));
        });
        assert_eq!(synced, [two].into());
        let draft = after_losses(|disk| disk.write(Path::new("/d/new"), b"two", b"t"));
        assert_eq!(draft, [one].into());
    }

    #[test]
    fn a_lock_is_of_a_file_and_not_of_its_name() {
        let (mut disk, path) = (Platter::default(), Path::new("/d/lock"));
        disk.create_folder(Path::new("/d"));
        let first = disk.lock(path, false);
        assert!(first.is_some() && disk.lock(path, true).is_none());
        disk.remove_folder(Path::new("/d"));
        let second = disk.lock(path, true);
        assert!(second.is_some() && second != first);
        assert_eq!((disk.lock(path, true), disk.lock(path, false)), (second, None));
        disk.unlock(second.unwrap());
        disk.unlock(second.unwrap());
        assert_eq!(disk.lock(path, false), second);
    }
}
