//! Words in sorted pieces: in memory, sorted by other threads while one reads, and on the disk
//! where there are more than fit.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::error::Error;
use crate::merge::{Merge, Run};
use crate::order::{Order, Record};

/// Least memory that is worked with, in bytes.
const MIN_MEMORY: usize = 1 << 12;

/// Most bytes of a piece: so few that the sort of one mostly finds its words in the cache, so many
/// that there are not many pieces.
const MAX_PIECE: usize = 1 << 26;

/// Pieces on the disk that are merged into one, before there are more files than a process may open.
const FAN_IN: usize = 64;

/// Gathers words.
#[derive(Debug)]
pub(crate) struct Sorter<W> {
    order: Order<W>,
    folder: PathBuf,
    /// Words of a piece, and how many pieces memory has room for.
    piece: usize,
    room: usize,
    memory: usize,
    current: Vec<W>,
    sorted: Vec<Vec<W>>,
    /// Pieces that are being sorted.
    flying: usize,
    landing: (Sender<Vec<W>>, Receiver<Vec<W>>),
    /// Pieces on the disk. Each of a level was merged from `FAN_IN` of the level before.
    levels: Vec<Vec<Spill>>,
    pub(crate) words: u64,
    pub(crate) spilled: u64,
}

/// A sorted piece on the disk.
#[derive(Debug)]
pub(crate) struct Spill {
    pub(crate) file: File,
    pub(crate) words: u64,
}

impl<W: Record> Sorter<W> {
    pub(crate) fn new(order: Order<W>, memory_bytes: usize, folder: PathBuf) -> Self {
        let memory = memory_bytes.max(MIN_MEMORY);
        let piece_bytes = (memory / 16).min(MAX_PIECE);
        // A sort takes half as much again, on as many threads as there are.
        let at_work = rayon::current_num_threads().min(4).div_ceil(2);
        let room = (memory / piece_bytes).saturating_sub(1 + at_work).max(2);
        Self {
            order,
            folder,
            piece: piece_bytes / size_of::<W>(),
            room,
            memory,
            current: Vec::new(),
            sorted: Vec::new(),
            flying: 0,
            landing: channel(),
            levels: Vec::new(),
            words: 0,
            spilled: 0,
        }
    }

    pub(crate) fn extend(&mut self, mut words: &[W]) -> Result<(), Error> {
        while !words.is_empty() {
            let fit = words.len().min(self.piece - self.current.len());
            let (now, later) = words.split_at(fit);
            self.current.extend_from_slice(now);
            if self.current.len() == self.piece {
                self.launch()?;
            }
            words = later;
        }
        Ok(())
    }

    /// Has the current piece sorted by another thread, and makes room for the next.
    fn launch(&mut self) -> Result<(), Error> {
        let mut piece = mem::take(&mut self.current);
        if piece.is_empty() {
            return Ok(());
        }
        self.words += piece.len() as u64;
        let (order, sender) = (self.order, self.landing.0.clone());
        self.flying += 1;
        rayon::spawn(move || {
            order.sort(&mut piece);
            // Nobody waits for it if the check was given up.
            let _ = sender.send(piece);
        });
        while let Ok(piece) = self.landing.1.try_recv() {
            self.land(piece);
        }
        if self.flying + self.sorted.len() >= self.room {
            self.spill()?;
        }
        self.current.reserve_exact(self.piece);
        Ok(())
    }

    fn land(&mut self, piece: Vec<W>) {
        self.flying -= 1;
        self.sorted.push(piece);
    }

    fn wait(&mut self) {
        while self.flying > 0 {
            match self.landing.1.recv() {
                Ok(piece) => self.land(piece),
                // This end holds a sender, so that it cannot happen.
                Err(_) => self.flying = 0,
            }
        }
    }

    /// Merges what is in memory onto the disk.
    fn spill(&mut self) -> Result<(), Error> {
        self.wait();
        let runs = self.sorted.drain(..).map(Run::in_memory).collect();
        let merge = Merge::new(self.order, runs);
        let spill = write(merge, &self.folder)?;
        self.spilled += spill.words;
        self.keep(spill, 0)
    }

    fn keep(&mut self, spill: Spill, level: usize) -> Result<(), Error> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        self.levels[level].push(spill);
        if self.levels[level].len() < FAN_IN {
            return Ok(());
        }
        let spills = mem::take(&mut self.levels[level]);
        let merge = on_disk(self.order, spills, Vec::new(), self.memory, &self.folder)?;
        let spill = write(merge, &self.folder)?;
        self.keep(spill, level + 1)
    }

    /// All words, as they are merged.
    pub(crate) fn finish(mut self) -> Result<Merge<W>, Error> {
        self.launch()?;
        self.wait();
        let spills: Vec<_> = self.levels.drain(..).flatten().collect();
        let sorted = mem::take(&mut self.sorted);
        // What memory there is beside the pieces is for reading from the disk.
        let held = sorted.iter().map(Vec::len).sum::<usize>() * size_of::<W>();
        let memory = self.memory.saturating_sub(held);
        on_disk(self.order, spills, sorted, memory, &self.folder)
    }
}

/// The merge of pieces on the disk and in memory.
fn on_disk<W: Record>(
    order: Order<W>,
    spills: Vec<Spill>,
    sorted: Vec<Vec<W>>,
    memory: usize,
    folder: &Path,
) -> Result<Merge<W>, Error> {
    let each = (memory / size_of::<W>() / spills.len().max(1)).clamp(128, MAX_PIECE / 64);
    let mut runs: Vec<_> = sorted.into_iter().map(Run::in_memory).collect();
    for spill in spills {
        runs.push(Run::on_disk(spill, each, folder)?);
    }
    Ok(Merge::new(order, runs))
}

/// Writes words as they are merged.
fn write<W: Record>(merge: Merge<W>, folder: &Path) -> Result<Spill, Error> {
    let failed = |source| Error::Temporary { folder: folder.display().to_string(), source };
    let file = tempfile::tempfile_in(folder).map_err(failed)?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    let mut words = 0;
    merge.each(|run| {
        words += run.len() as u64;
        out.write_all(bytemuck::cast_slice(run)).map_err(failed)
    })?;
    let mut file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    Ok(Spill { file, words })
}
