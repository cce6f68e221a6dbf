//! The operating system's file system.
//!
//! On Unix a folder is a descriptor, and its files are named relative to it (`openat`, `renameat`). On Windows
//! an open lock file keeps its folder from being removed or renamed, so that its name suffices.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use idgen_fork::generation;

use super::disk::{Disk, Folder, Lock};

/// The operating system's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            self.create_folder(parent)?;
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            Err(error) => Err(error),
            Ok(()) => parent.map_or(Ok(()), |parent| self.open_folder(parent)?.sync()),
        }
    }

    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn Folder>> {
        Ok(Box::new(SystemFolder { handle: Handle::open(folder)?, path: folder.into() }))
    }

    #[cfg(unix)]
    fn is_same(&self, one: &Path, other: &Path) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;

        let (one, other) = (fs::metadata(one)?, fs::metadata(other)?);
        Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
    }

    #[cfg(not(unix))]
    fn is_same(&self, one: &Path, other: &Path) -> io::Result<bool> {
        Ok(one.canonicalize()? == other.canonicalize()?)
    }
}

/// A folder, and the name that it was opened by.
#[derive(Debug)]
struct SystemFolder {
    handle: Handle,
    path: PathBuf,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Reading,
    /// From its beginning; it is made if it is not there.
    Writing,
    /// It is made if it is not there.
    Locking,
}

impl Folder for SystemFolder {
    fn list(&self) -> io::Result<Vec<String>> {
        self.handle.list()
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut file = match self.handle.file(name, For::Reading) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut contents = Vec::new();
        file.read_to_end(&mut contents)?;
        Ok(Some(contents))
    }

    fn write(&self, name: &str, contents: &[u8]) -> io::Result<()> {
        let mut file = self.handle.file(name, For::Writing)?;
        file.write_all(contents)?;
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.handle.rename(from, to)
    }

    fn sync(&self) -> io::Result<()> {
        self.handle.sync()
    }

    fn try_lock(&self, name: &str, shared: bool) -> io::Result<Option<Box<dyn Lock>>> {
        let file = self.handle.file(name, For::Locking)?;
        match if shared { file.try_lock_shared() } else { file.try_lock() } {
            Ok(()) => Ok(Some(Box::new(FileLock {
                file,
                path: self.path.join(name),
                born: generation(),
            }))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn is_locked(&self, name: &str) -> io::Result<bool> {
        let file = match self.handle.file(name, For::Reading) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened?,
        };
        match file.try_lock_shared() {
            Ok(()) => file.unlock().map(|()| false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(unix)]
use unix::Handle;

#[cfg(unix)]
mod unix {
    use rustix::fs::{Dir, Mode, OFlags, open, openat, renameat};

    use super::{File, For, Path, io};

    /// The folder's descriptor.
    #[derive(Debug)]
    pub(super) struct Handle(File);

    impl Handle {
        pub(super) fn open(folder: &Path) -> io::Result<Self> {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            Ok(Self(open(folder, flags, Mode::empty())?.into()))
        }

        pub(super) fn file(&self, name: &str, purpose: For) -> io::Result<File> {
            let flags = OFlags::CLOEXEC
                | match purpose {
                    For::Reading => OFlags::RDONLY,
                    For::Writing => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
                    For::Locking => OFlags::RDWR | OFlags::CREATE,
                };
            Ok(openat(&self.0, name, flags, Mode::from_raw_mode(0o666))?.into())
        }

        pub(super) fn list(&self) -> io::Result<Vec<String>> {
            let names = Dir::read_from(&self.0)?
                .map(|entry| Ok(entry?.file_name().to_str().ok().map(str::to_owned)));
            names.filter_map(Result::transpose).collect()
        }

        pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
            Ok(renameat(&self.0, from, &self.0, to)?)
        }

        pub(super) fn sync(&self) -> io::Result<()> {
            self.0.sync_all()
        }
    }
}

#[cfg(not(unix))]
use elsewhere::Handle;

#[cfg(not(unix))]
mod elsewhere {
    use super::{File, For, Path, PathBuf, fs, io};

    /// The folder's name.
    #[derive(Debug)]
    pub(super) struct Handle(PathBuf);

    impl Handle {
        pub(super) fn open(folder: &Path) -> io::Result<Self> {
            if folder.is_dir() {
                Ok(Self(folder.into()))
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        }

        pub(super) fn file(&self, name: &str, purpose: For) -> io::Result<File> {
            let mut options = File::options();
            match purpose {
                For::Reading => options.read(true),
                For::Writing => options.write(true).create(true).truncate(true),
                For::Locking => options.read(true).write(true).create(true).truncate(false),
            };
            #[cfg(windows)]
            if purpose == For::Locking {
                // Others may read and write it (FILE_SHARE_READ and _WRITE), and nobody may remove or rename
                // it, nor the folders that it is in, as long as it is open.
                std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 1 | 2);
            }
            options.open(self.0.join(name))
        }

        pub(super) fn list(&self) -> io::Result<Vec<String>> {
            let names =
                fs::read_dir(&self.0)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
            names.filter_map(Result::transpose).collect()
        }

        pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
            fs::rename(self.0.join(from), self.0.join(to))
        }

        /// Renames are durable with the journal; there is no folder to open.
        pub(super) fn sync(&self) -> io::Result<()> {
            Ok(())
        }
    }
}

/// An open file with its lock.
///
/// A child of fork has a copy of it, and the lock lasts as long as either has it open. So the process that took the
/// lock unlocks it, or its node id would be held by children that know nothing of it; and a child only closes
/// its copy.
#[derive(Debug)]
struct FileLock {
    file: File,
    path: PathBuf,
    /// The generation of the process that took it.
    born: u64,
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if self.born == generation() {
            // If it fails, closing the file does the same where there are no children.
            let _ = self.file.unlock();
        }
    }
}

impl Lock for FileLock {
    #[cfg(unix)]
    fn is_in_place(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;

        let ours = self.file.metadata()?;
        match fs::metadata(&self.path) {
            Ok(found) => Ok((found.dev(), found.ino()) == (ours.dev(), ours.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[cfg(not(unix))]
    fn is_in_place(&self) -> io::Result<bool> {
        self.path.try_exists()
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all(text.as_bytes())
    }
}
