//! A disk as one process sees it, with what can go wrong on the way.

use core::time::Duration;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idgen_lease::{Disk, Folder, Lock};

use super::Platter;
use crate::Mutation;
use crate::errand::while_all_wait;
use crate::time::Truth;

/// What happens in between, while a process is paused in the middle of a call.
pub(crate) type Interlude = Box<dyn FnOnce() + Send>;

/// What will go wrong in a process' calls, counted in calls from now on; each once.
#[derive(Default)]
pub(crate) struct Faults {
    dead: bool,
    /// The process dies in this call.
    pub(crate) crash_in: Option<u64>,
    /// The call is carried out, and its reply is lost.
    pub(crate) lose_in: Option<u64>,
    /// The call fails.
    pub(crate) fail_in: Option<u64>,
    /// The process is paused in this call, and something happens meanwhile.
    pub(crate) interlude: Option<(u64, Interlude)>,
    /// How long each call takes.
    pub(crate) latency: Duration,
}

impl Faults {
    /// Nothing goes wrong any more, but for what has.
    pub(crate) fn heal(&mut self) {
        *self = Self { dead: self.dead, ..Self::default() };
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("dead", &self.dead).finish_non_exhaustive()
    }
}

/// A disk as one process sees it.
#[derive(Clone, Debug)]
pub(crate) struct SimDisk {
    platter: Arc<Mutex<Platter>>,
    truth: Arc<Truth>,
    faults: Arc<Mutex<Faults>>,
    mutation: Option<Mutation>,
    mind: Arc<Mutex<Mind>>,
}

/// What a mutated process has in mind that it should have on the disk.
#[derive(Debug, Default)]
struct Mind {
    /// A record that is still to be put in its place, from where.
    late: Option<(PathBuf, PathBuf)>,
    /// What it has written itself.
    own: BTreeSet<PathBuf>,
}

/// What becomes of one call.
enum Fate {
    Well,
    DiesInIt,
    LosesReply,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count_down(count: &mut Option<u64>) -> bool {
    let due = *count == Some(0);
    *count = count.and_then(|left| left.checked_sub(1));
    due
}

impl SimDisk {
    pub(crate) fn new(
        platter: Arc<Mutex<Platter>>,
        truth: Arc<Truth>,
        mutation: Option<Mutation>,
    ) -> Self {
        Self { platter, truth, faults: Arc::default(), mutation, mind: Arc::default() }
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    /// The process is dead: whatever it still calls fails.
    pub(crate) fn kill(&self) {
        self.faults().dead = true;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.faults().dead
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        lock(&self.platter)
    }

    /// Carries a call out, if the process lives, and tells what it is told.
    fn call<R>(&self, call: impl FnOnce(&mut Platter, &Fate) -> io::Result<R>) -> io::Result<R> {
        let fate = self.fate()?;
        let result = call(&mut self.platter(), &fate);
        match fate {
            Fate::Well => result,
            Fate::DiesInIt => Err(io::Error::other("the process died")),
            Fate::LosesReply => Err(io::Error::new(io::ErrorKind::TimedOut, "the reply was lost")),
        }
    }

    fn fate(&self) -> io::Result<Fate> {
        let mut faults = self.faults();
        if faults.dead {
            return Err(io::Error::other("the process is dead"));
        }
        let latency = faults.latency;
        let paused = faults.interlude.take_if(|(count, _)| {
            let due = *count == 0;
            *count = count.saturating_sub(1);
            due
        });
        if let Some((_, interlude)) = paused {
            drop(faults);
            while_all_wait(interlude);
            faults = self.faults();
        }
        self.truth.pass(latency);
        if count_down(&mut faults.crash_in) {
            faults.dead = true;
            return Ok(Fate::DiesInIt);
        }
        if count_down(&mut faults.fail_in) {
            return Err(io::Error::other("the disk failed"));
        }
        Ok(if count_down(&mut faults.lose_in) { Fate::LosesReply } else { Fate::Well })
    }

    /// The record that a process has in mind instead of on the disk.
    fn late(&self, path: &Path) -> Option<PathBuf> {
        let mind = lock(&self.mind);
        mind.late.as_ref().filter(|(_, to)| to == path).map(|(from, _)| from.clone())
    }
}

impl Disk for SimDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.call(|disk, _| {
            disk.create_folder(folder);
            Ok(())
        })
    }

    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn Folder>> {
        let id =
            self.call(|disk, _| disk.folder(folder).ok_or_else(|| io::ErrorKind::NotFound.into()))?;
        Ok(Box::new(SimFolder { disk: self.clone(), path: folder.into(), id }))
    }
}

/// A folder that a process holds open.
#[derive(Debug)]
struct SimFolder {
    disk: SimDisk,
    path: PathBuf,
    /// Of the folder that was opened; another in its place has another.
    id: u64,
}

impl SimFolder {
    /// A call that concerns a file of the folder, if it is still there.
    fn call<R>(&self, call: impl FnOnce(&mut Platter, &Fate) -> io::Result<R>) -> io::Result<R> {
        let by_path = self.disk.mutation == Some(Mutation::WriteByPath);
        self.disk.call(|disk, fate| {
            let found = disk.folder(&self.path);
            if found == Some(self.id) || by_path && found.is_some() {
                call(disk, fate)
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        })
    }
}

fn is_record(name: &str) -> bool {
    name.starts_with("node") && name.ends_with(".json")
}

fn put(disk: &mut Platter, from: &Path, to: &Path) -> io::Result<()> {
    if disk.rename(from, to) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
}

impl Folder for SimFolder {
    fn list(&self) -> io::Result<Vec<String>> {
        self.call(|disk, _| Ok(disk.list(&self.path)))
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let path = &self.path.join(name);
        let foreign = is_record(name) && !lock(&self.disk.mind).own.contains(path);
        let found = if let Some(late) = self.disk.late(path) {
            self.call(|disk, _| Ok(disk.read(&late)))
        } else {
            self.call(|disk, _| match self.disk.mutation {
                Some(Mutation::TrustClockOnRestart) if foreign => Ok(None),
                Some(Mutation::RecycleBelowMark) if foreign => {
                    Ok(disk.read_before(path).or_else(|| disk.read(path)))
                }
                _ => Ok(disk.read(path)),
            })
        };
        match found {
            // A folder that was removed is empty.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => found,
        }
    }

    fn write(&self, name: &str, contents: &[u8]) -> io::Result<()> {
        let path = &self.path.join(name);
        // A late record has to be out of the way of the next one's draft.
        let late = lock(&self.disk.mind).late.take_if(|(from, _)| from == path);
        self.call(|disk, fate| {
            if let Some((from, to)) = late {
                put(disk, &from, &to)?;
                disk.sync_folder(&self.path);
            }
            if disk.full {
                disk.write(path, b"", b"");
                return Err(io::ErrorKind::StorageFull.into());
            }
            let torn = &contents[..contents.len() / 2];
            match fate {
                Fate::DiesInIt => disk.write(path, torn, &torn[..torn.len() / 2]),
                _ => disk.write(path, contents, contents),
            }
            Ok(())
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let (from, to) = (self.path.join(from), self.path.join(to));
        let record = is_record(&to.file_name().unwrap_or_default().to_string_lossy());
        if record {
            lock(&self.disk.mind).own.insert(to.clone());
        }
        if self.disk.mutation == Some(Mutation::ReserveAfterIssuing) && record {
            lock(&self.disk.mind).late = Some((from, to));
            return self.call(|_, _| Ok(()));
        }
        self.call(|disk, _| put(disk, &from, &to))
    }

    fn sync(&self) -> io::Result<()> {
        let forget = self.disk.mutation == Some(Mutation::ForgetFolderSync);
        self.call(|disk, _| {
            if !forget {
                disk.sync_folder(&self.path);
            }
            Ok(())
        })
    }

    fn try_lock(&self, name: &str, shared: bool) -> io::Result<Option<Box<dyn Lock>>> {
        let path = self.path.join(name);
        self.call(|disk, _| {
            let inode = disk.lock(&path, shared);
            let disk = self.disk.clone();
            Ok(inode.map(|inode| -> Box<dyn Lock> { Box::new(SimLock { disk, path, inode }) }))
        })
    }

    fn is_locked(&self, name: &str) -> io::Result<bool> {
        self.call(|disk, _| Ok(disk.is_locked(&self.path.join(name))))
    }
}

/// A lock, which ends with its process: whoever drops a dead process drops its locks.
#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    path: PathBuf,
    inode: u64,
}

impl Lock for SimLock {
    fn is_in_place(&self) -> io::Result<bool> {
        self.disk.call(|disk, _| Ok(disk.inode(&self.path) == Some(self.inode)))
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        self.disk.call(|disk, _| {
            disk.write_open(self.inode, text.as_bytes());
            Ok(())
        })
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.disk.platter().unlock(self.inode);
    }
}
