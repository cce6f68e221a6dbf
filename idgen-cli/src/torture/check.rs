//! Every id compared with every other.

use std::fs;
use std::path::{Path, PathBuf};

use idgen::Scheme;
use idgen_verify::{Checker, Duplicate, Format, Options};
use serde::Serialize;

use crate::exit::Failure;

#[derive(Debug, Default, Serialize)]
pub(super) struct Found {
    pub(super) ids: u64,
    pub(super) generators: u64,
    pub(super) nodes: u64,
    pub(super) duplicates: u64,
    pub(super) disorder: u64,
    pub(super) examples: Vec<String>,
}

/// The files of ids, one for each generator.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = fs::read_dir(folder.join("ids"))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.sort_unstable();
    Ok(files)
}

pub(super) fn check(scheme: &Scheme, folder: &Path) -> Result<Found, Failure> {
    let mut options = Options::default();
    options.folder = folder.into();
    // As the workers write them: words as wide as the layout.
    let format = if scheme.layout.width() == 64 { Format::U64_LE } else { Format::U128_LE };
    let mut checker = Checker::new(*scheme, options);
    let failed = |error: idgen_verify::Error| Failure::Data(error.to_string());
    for file in files(folder)? {
        checker.check_file(file, format).map_err(failed)?;
    }
    let report = checker.finish().map_err(failed)?;
    Ok(Found {
        ids: report.ids,
        generators: report.files.iter().filter(|file| file.ids > 0).count() as u64,
        nodes: report.nodes.len() as u64,
        duplicates: report.duplicates.further,
        disorder: report.order.of_files,
        examples: report.duplicates.first.iter().map(describe).collect(),
    })
}

fn describe(duplicate: &Duplicate) -> String {
    let places =
        duplicate.places.iter().map(|place| format!("{} word {}", place.file, place.record));
    format!("{} in {}", duplicate.id, places.collect::<Vec<_>>().join(", "))
}
