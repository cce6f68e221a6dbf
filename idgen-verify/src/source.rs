//! Where records come from, so that they can be read again.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::format::Format;

/// A file, or the copy of what came through a pipe.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) format: Format,
    pub(crate) again: Again,
}

/// How to read it again.
#[derive(Debug)]
pub(crate) enum Again {
    Open(PathBuf),
    Copy(File),
}

impl Source {
    /// Reads it again from its start.
    pub(crate) fn reopen(&mut self) -> Result<Box<dyn Read + '_>, Error> {
        let failed = |source| Error::Read { name: self.name.clone(), source };
        match &mut self.again {
            Again::Open(path) => Ok(Box::new(File::open(path).map_err(failed)?)),
            Again::Copy(file) => {
                file.seek(SeekFrom::Start(0)).map_err(failed)?;
                Ok(Box::new(file))
            }
        }
    }
}

/// Reads, and keeps a copy of what was read.
pub(crate) struct Copying<R> {
    reader: R,
    copy: BufWriter<File>,
    /// Why there is no copy, where it could not be written.
    pub(crate) failed: Option<io::Error>,
}

impl<R: Read> Copying<R> {
    pub(crate) fn new(reader: R, folder: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Temporary { folder: folder.display().to_string(), source };
        let copy = BufWriter::new(tempfile::tempfile_in(folder).map_err(failed)?);
        Ok(Self { reader, copy, failed: None })
    }

    pub(crate) fn into_copy(self) -> io::Result<File> {
        match self.failed {
            Some(error) => Err(error),
            None => self.copy.into_inner().map_err(io::IntoInnerError::into_error),
        }
    }
}

impl<R: Read> Read for Copying<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if self.failed.is_none() {
            self.failed = self.copy.write_all(&buffer[..read]).err();
        }
        Ok(read)
    }
}
