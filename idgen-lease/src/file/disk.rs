//! What the store needs of a disk, so that a simulation can put a faulty one in its place.

use std::fmt;
use std::io;
use std::path::Path;

/// A disk, by whose names folders are found.
pub trait Disk: Send + Sync + fmt::Debug + 'static {
    /// Makes a folder with all those above it, for its owner alone, and makes that durable.
    ///
    /// # Errors
    /// What the operating system says.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Opens a folder.
    ///
    /// # Errors
    /// What the operating system says; `NotFound` where there is no folder.
    fn open_folder(&self, folder: &Path) -> io::Result<Box<dyn Folder>>;

    /// Whether two names, of folders that are there, are of one.
    ///
    /// # Errors
    /// What the operating system says.
    fn is_same(&self, one: &Path, other: &Path) -> io::Result<bool> {
        Ok(one == other)
    }
}

/// A folder that is held open: files that can be made durable, and locks that end with their process.
///
/// **Contract.** It stays the folder that was opened, whatever its name comes to stand for. So when the folder
/// is removed, nothing is found in it and nothing can be written to it any more, also where another has been
/// made in its place: a process that was paused in the middle of a write spoils nothing there.
pub trait Folder: Send + fmt::Debug {
    /// The names of the files in it.
    ///
    /// # Errors
    /// What the operating system says.
    fn list(&self) -> io::Result<Vec<String>>;

    /// What a file holds; `None` where there is none.
    ///
    /// # Errors
    /// What the operating system says.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Writes a file, which may exist, and waits until its contents are durable.
    ///
    /// # Errors
    /// What the operating system says. The file may hold anything then.
    fn write(&self, name: &str, contents: &[u8]) -> io::Result<()>;

    /// Puts a file in the place of another, at once: whoever reads finds one or the other. It is
    /// durable after [`sync`](Self::sync).
    ///
    /// # Errors
    /// What the operating system says.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Waits until renamed and created files are durable.
    ///
    /// # Errors
    /// What the operating system says.
    fn sync(&self) -> io::Result<()>;

    /// Locks a file, which is made if it is not there, without waiting: for its holder alone, or
    /// shared. `None` where somebody else's lock is in the way.
    ///
    /// # Errors
    /// What the operating system says.
    fn try_lock(&self, name: &str, shared: bool) -> io::Result<Option<Box<dyn Lock>>>;

    /// Whether somebody has locked a file for himself alone. It makes and writes nothing, so that who may only
    /// read the folder can ask; for that moment the file may be locked, shared.
    ///
    /// # Errors
    /// What the operating system says.
    fn is_locked(&self, name: &str) -> io::Result<bool>;
}

/// A lock, until it is dropped or its process ends.
pub trait Lock: Send + fmt::Debug {
    /// Whether the file that is locked is still the one that others find, who come by the folder's name.
    ///
    /// # Errors
    /// What the operating system says.
    fn is_in_place(&self) -> io::Result<bool>;

    /// Writes into the locked file, for people.
    ///
    /// # Errors
    /// What the operating system says.
    fn note(&mut self, text: &str) -> io::Result<()>;
}
