//! Every id compared with every other.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use idgen::Scheme;
use serde::Serialize;

use crate::exit::Failure;

/// How many duplicates are shown.
const SHOWN: usize = 10;

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
    let (mut found, mut all, mut nodes) = (Found::default(), Vec::new(), HashSet::new());
    for file in files(folder)? {
        let bytes = fs::read(&file)?;
        // A process that was killed may have written part of a word.
        let (words, _) = bytes.as_chunks();
        let first = all.len();
        all.extend(words.iter().map(|&word| u128::from_le_bytes(word)));
        let words = &all[first..];
        found.generators += u64::from(!words.is_empty());
        found.disorder += words.windows(2).filter(|pair| pair[0] >= pair[1]).count() as u64;
        nodes.extend(words.iter().step_by(64).map(|&word| scheme.layout.unpack(word).node));
    }
    all.sort_unstable();
    let twice = all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    found.examples =
        twice.clone().take(SHOWN).map(|word| scheme.format(word).to_string()).collect();
    found.duplicates = twice.count() as u64;
    found.ids = all.len() as u64;
    found.nodes = nodes.len() as u64;
    Ok(found)
}
