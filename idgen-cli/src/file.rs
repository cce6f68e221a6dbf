//! Files that are written whole: until all of one is there, what stood in its place stays.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::exit::Failure;

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Whole {
    path: PathBuf,
    out: BufWriter<File>,
    /// Where it is until it is whole; none where what is there is no file, as a terminal is.
    beside: Option<TempPath>,
}

/// Writes a file.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = Whole::create(path)?;
    file.write_all(text.as_bytes()).map_err(cannot_write(path))?;
    file.keep()
}

impl Whole {
    /// Begins a file beside the one that it is to replace.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        Self::begin(path).map_err(cannot_write(path))
    }

    fn begin(path: &Path) -> io::Result<Self> {
        let there = fs::metadata(path).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let out = BufWriter::new(File::options().write(true).open(path)?);
            return Ok(Self { path: path.into(), out, beside: None });
        }
        // What may not be written is not replaced either.
        if there.is_some() {
            File::options().write(true).open(path)?;
        }
        // A link stays one, and what it leads to is replaced.
        let path = if there.is_some() { fs::canonicalize(path)? } else { path.into() };
        let beside = tempfile_in(folder(&path))?;
        if let Some(there) = there {
            beside.as_file().set_permissions(there.permissions())?;
        }
        let (file, beside) = beside.into_parts();
        Ok(Self { path, out: BufWriter::new(file), beside: Some(beside) })
    }

    /// Has it take its place, once all of it is on the disk.
    pub(crate) fn keep(self) -> Result<(), Failure> {
        let path = self.path.clone();
        self.place().map_err(cannot_write(&path))
    }

    fn place(self) -> io::Result<()> {
        let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
        let Some(beside) = self.beside else { return Ok(()) };
        file.sync_all()?;
        beside.persist(&self.path)?;
        // Where a folder can be synced, so that the name is on the disk too.
        let _ = File::open(folder(&self.path)).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

impl Write for Whole {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A new file that is readable by whom the user lets read new files, and goes if it is not kept.
fn tempfile_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".idgen-").tempfile_in(folder)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// What is told where a file cannot be written.
pub(crate) fn cannot_write(path: &Path) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::Data(format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

    use super::*;

    #[test]
    fn what_is_not_finished_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pairs.csv");
        write(&path, "whole").unwrap();
        let mut begun = Whole::create(&path).unwrap();
        begun.write_all(&[b'x'; 100_000]).unwrap();
        drop(begun);
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        write(&path, "again").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "again");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(write(&folder.path().join("no/folder"), "").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_rights_and_what_is_no_file_stay() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let [path, link] = ["pairs.csv", "link"].map(|name| folder.path().join(name));
        write(&path, "first").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        write(&link, "second").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        write(Path::new("/dev/null"), "gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
