//! The check as others call it.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use idgen_core::Scheme;

use crate::error::Error;
use crate::format::Format;
use crate::options::{Options, Progress};
use crate::report::Report;
use crate::source::{Again, Copying, Source};
use crate::work::{Typed, Work};

/// Checks files of ids of one scheme against each other: see [the crate](crate).
///
/// # Example
/// ```no_run
/// use idgen_core::Scheme;
/// use idgen_snowflake::Snowflake;
/// use idgen_verify::{Checker, Format, Options};
///
/// let mut checker = Checker::new(Scheme::of::<Snowflake>(), Options::default());
/// for process in 0..8 {
///     checker.check_file(format!("ids-of-{process}"), Format::U128_LE)?;
/// }
/// assert!(checker.finish()?.is_clean());
/// # Ok::<(), idgen_verify::Error>(())
/// ```
pub struct Checker {
    options: Options,
    work: Box<dyn Work>,
    sources: Vec<Source>,
    watch: Box<dyn FnMut(Progress) + Send>,
}

impl Checker {
    /// A check of ids of this scheme.
    ///
    /// # Panics
    /// Never: a layout's words have 64 or 128 bits.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a layout is as wide as its words")]
    pub fn new(scheme: Scheme, options: Options) -> Self {
        let work: Box<dyn Work> = if scheme.layout.width() == 64 {
            Box::new(Typed::<u64>::new(scheme, &options).expect("the layout has 64 bits"))
        } else {
            Box::new(Typed::<u128>::new(scheme, &options).expect("the layout has 128 bits"))
        };
        Self { options, work, sources: Vec::new(), watch: Box::new(|_| {}) }
    }

    /// The same check, which says how far it has come, about once for each million of bytes or
    /// words.
    #[must_use]
    pub fn watched(mut self, watch: impl FnMut(Progress) + Send + 'static) -> Self {
        self.watch = Box::new(watch);
        self
    }

    /// Reads a file. It must stay as it is until [`finish`](Self::finish), which reads it again if
    /// one of its ids came twice.
    ///
    /// # Errors
    /// If it cannot be read, or what was read does not fit the temporary folder. The check is of
    /// no use then.
    pub fn check_file(&mut self, path: impl AsRef<Path>, format: Format) -> Result<(), Error> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let failed = |source| Error::Read { name: name.clone(), source };
        let mut file = File::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return self.check_reader(&name, file, format);
        }
        self.read(&mut file, &name, format)?;
        self.sources.push(Source { name, format, again: Again::Open(path.to_owned()) });
        Ok(())
    }

    /// Reads what comes from elsewhere, and keeps a copy in the temporary folder, by which the
    /// places of ids that came twice are found.
    ///
    /// # Errors
    /// As for [`check_file`](Self::check_file).
    pub fn check_reader(
        &mut self,
        name: &str,
        reader: impl Read,
        format: Format,
    ) -> Result<(), Error> {
        let mut copying = Copying::new(reader, &self.options.folder)?;
        self.read(&mut copying, name, format)?;
        let folder = || self.options.folder.display().to_string();
        let copy =
            copying.into_copy().map_err(|source| Error::Temporary { folder: folder(), source })?;
        self.sources.push(Source { name: name.into(), format, again: Again::Copy(copy) });
        Ok(())
    }

    fn read(&mut self, reader: &mut dyn Read, name: &str, format: Format) -> Result<(), Error> {
        let file = u32::try_from(self.sources.len() + 1);
        let file = file.map_err(|_| Error::Files { max: u32::MAX })?;
        self.work.read(reader, format, name, file, &mut *self.watch)
    }

    /// What was found in all of them.
    ///
    /// # Errors
    /// If what is in the temporary folder, or a file with an id that came twice, cannot be read
    /// again.
    pub fn finish(mut self) -> Result<Report, Error> {
        self.work.finish(&mut self.sources, &mut *self.watch)
    }
}

impl fmt::Debug for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker").field("options", &self.options).finish_non_exhaustive()
    }
}
