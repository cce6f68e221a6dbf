//! What the store needs of a disk, so that a simulation can put a faulty one in its place.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;

/// A disk: files that can be made durable, and locks that end with their process.
pub trait Disk: Send + Sync + fmt::Debug + 'static {
    /// Makes a folder with all those above it, for its owner alone, and makes that durable.
    ///
    /// # Errors
    /// What the operating system says.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// The names of the files in a folder.
    ///
    /// # Errors
    /// What the operating system says; `NotFound` where there is no folder.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// What a file holds; `None` where there is none.
    ///
    /// # Errors
    /// What the operating system says.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Writes a file, which may exist, and waits until its contents are durable.
    ///
    /// # Errors
    /// What the operating system says. The file may hold anything then.
    fn write(&self, path: &Path, contents: &[u8]) -> io::Result<()>;

    /// Puts a file in the place of another, at once: whoever reads finds one or the other. It is
    /// durable after [`sync_folder`](Self::sync_folder).
    ///
    /// # Errors
    /// What the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Waits until renamed, created and removed files of the folder are durable.
    ///
    /// # Errors
    /// What the operating system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Removes a file, which may not exist.
    ///
    /// # Errors
    /// What the operating system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Locks a file, which is made if it is not there, without waiting: for its holder alone, or
    /// shared. `None` where somebody else's lock is in the way.
    ///
    /// # Errors
    /// What the operating system says.
    fn try_lock(&self, path: &Path, shared: bool) -> io::Result<Option<Box<dyn Lock>>>;
}

/// A lock, until it is dropped or its process ends.
pub trait Lock: Send + fmt::Debug {
    /// Whether the file that is locked is still the one that others find.
    ///
    /// # Errors
    /// What the operating system says.
    fn is_in_place(&self, path: &Path) -> io::Result<bool>;

    /// Writes into the locked file, for people.
    ///
    /// # Errors
    /// What the operating system says.
    fn note(&mut self, text: &str) -> io::Result<()>;
}

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
            made => made.and_then(|()| parent.map_or(Ok(()), |parent| self.sync_folder(parent))),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
        names.filter_map(Result::transpose).collect()
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn write(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(contents)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Renames are durable with the journal; there is no folder to open.
    #[cfg(not(unix))]
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn try_lock(&self, path: &Path, shared: bool) -> io::Result<Option<Box<dyn Lock>>> {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        match if shared { file.try_lock_shared() } else { file.try_lock() } {
            Ok(()) => Ok(Some(Box::new(FileLock(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// An open file, whose lock ends with it. It is never unlocked by hand: a child of fork shares the lock
/// with its parent, and may only close it.
#[derive(Debug)]
struct FileLock(File);

impl Lock for FileLock {
    #[cfg(unix)]
    fn is_in_place(&self, path: &Path) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;

        let ours = self.0.metadata()?;
        match fs::metadata(path) {
            Ok(found) => Ok((found.dev(), found.ino()) == (ours.dev(), ours.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A locked file cannot be removed or replaced where this is compiled.
    #[cfg(not(unix))]
    fn is_in_place(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn note(&mut self, text: &str) -> io::Result<()> {
        self.0.set_len(0)?;
        self.0.write_all(text.as_bytes())
    }
}
