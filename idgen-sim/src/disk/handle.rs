//! A disk as one process sees it, with what can go wrong on the way.

use core::time::Duration;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use idgen_lease::{Disk, Lock};

use super::Platter;
use crate::Mutation;
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
            interlude();
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

    fn is_record(path: &Path) -> bool {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.is_some_and(|name| name.starts_with("node") && name.ends_with(".json"))
    }

    /// The record that a process has in mind instead of on the disk.
    fn late(&self, path: &Path) -> Option<PathBuf> {
        let mind = lock(&self.mind);
        mind.late.as_ref().filter(|(_, to)| to == path).map(|(from, _)| from.clone())
    }
}

fn put(disk: &mut Platter, from: &Path, to: &Path) -> io::Result<()> {
    if disk.rename(from, to) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
}

impl Disk for SimDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.call(|disk, _| {
            disk.create_folder(folder);
            Ok(())
        })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.call(|disk, _| disk.list(folder).ok_or_else(|| io::ErrorKind::NotFound.into()))
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let foreign = Self::is_record(path) && !lock(&self.mind).own.contains(path);
        if let Some(late) = self.late(path) {
            return self.call(|disk, _| Ok(disk.read(&late)));
        }
        self.call(|disk, _| match self.mutation {
            Some(Mutation::TrustClockOnRestart) if foreign => Ok(None),
            Some(Mutation::RecycleBelowMark) if foreign => {
                Ok(disk.read_before(path).or_else(|| disk.read(path)))
            }
            _ => Ok(disk.read(path)),
        })
    }

    fn write(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        // A late record has to be out of the way of the next one's draft.
        let late = lock(&self.mind).late.take_if(|(from, _)| from == path);
        self.call(|disk, fate| {
            if let Some((from, to)) = late {
                put(disk, &from, &to)?;
                disk.sync_folder(to.parent().unwrap_or(&to));
            }
            if !disk.has_folder_of(path) {
                return Err(io::ErrorKind::NotFound.into());
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

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if Self::is_record(to) {
            lock(&self.mind).own.insert(to.to_owned());
        }
        if self.mutation == Some(Mutation::ReserveAfterIssuing) && Self::is_record(to) {
            let (from, to) = (from.to_owned(), to.to_owned());
            lock(&self.mind).late = Some((from, to));
            return self.call(|_, _| Ok(()));
        }
        self.call(|disk, _| put(disk, from, to))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let forget = self.mutation == Some(Mutation::ForgetFolderSync);
        self.call(|disk, _| {
            if !forget {
                disk.sync_folder(folder);
            }
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(|disk, _| {
            disk.remove(path);
            Ok(())
        })
    }

    fn try_lock(&self, path: &Path, shared: bool) -> io::Result<Option<Box<dyn Lock>>> {
        self.call(|disk, _| {
            if !disk.has_folder_of(path) {
                return Err(io::ErrorKind::NotFound.into());
            }
            let inode = disk.lock(path, shared);
            Ok(inode
                .map(|inode| -> Box<dyn Lock> { Box::new(SimLock { disk: self.clone(), inode }) }))
        })
    }
}

/// A lock, which ends with its process: whoever drops a dead process drops its locks.
#[derive(Debug)]
struct SimLock {
    disk: SimDisk,
    inode: u64,
}

impl Lock for SimLock {
    fn is_in_place(&self, path: &Path) -> io::Result<bool> {
        self.disk.call(|disk, _| Ok(disk.inode(path) == Some(self.inode)))
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
