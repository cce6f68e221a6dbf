//! Node ids of this machine: which one a process has, and the lock files that keep it its own.
//!
//! # What it protects from
//! Two processes on one machine that generate ids of one scheme with one node id **at the same
//! time**: the second gets another node id, or an error. The operating system lets go of the locks
//! when a process ends, in whatever way, so that nothing is ever left to clean up.
//!
//! # What it does not protect from
//! - Other machines: they do not see these files. Give each machine node ids of its own.
//! - Other users of this machine, and processes with another `XDG_RUNTIME_DIR` (a cron job often
//!   has none): they look elsewhere. Run all of them as one user with the same one.
//! - A clock that was set back between one process and the next with the same node id. A durable
//!   store of windows lifts that; this command has none yet.
//!
//! # How a block is locked
//! Node ids come in aligned blocks of 2^k, and a block of one is a node id. A holder locks the
//! file of its block for itself, and shares the locks of all larger blocks around it. So two
//! blocks that overlap, where one always lies within the other, never have both a holder; and it
//! takes one file for each node bit, not one for each node id.

use std::env;
use std::fmt::Display;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use idgen::layout::{LayoutError, Parts};
use idgen::{Name, Scheme};

use crate::exit::Failure;

/// A node id, or a block of them, that is held until this is dropped.
#[derive(Debug)]
pub(crate) struct NodeLock {
    /// The node id, or the first of the block.
    pub(crate) node: u64,
    /// Open files, whose locks end with them.
    _files: Vec<File>,
}

/// A block of 2^`bits` node ids, the one after `index` others of its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    index: u64,
    bits: u32,
}

/// Whose files, and where.
struct Files {
    folder: PathBuf,
    scheme: Name,
    node_bits: u32,
}

/// Locks the block of 2^`block_bits` node ids that starts with `wanted`, or else the lowest one
/// that nobody holds.
///
/// # Errors
/// If the node id is out of range or starts no such block, it is held already, or the lock files
/// cannot be made.
pub(crate) fn lock(
    scheme: &Scheme,
    wanted: Option<u64>,
    block_bits: u32,
) -> Result<NodeLock, Failure> {
    check(scheme, wanted.unwrap_or(0), block_bits)?;
    let files = Files::of(scheme)?;
    match wanted {
        Some(node) => files.lock_this(node, block_bits),
        None => files.lock_lowest(block_bits),
    }
}

/// Whether the layout has this node id, and a block of that size that starts with it. The
/// generator asks again; here it keeps lock files from being made for what there is not.
fn check(scheme: &Scheme, node: u64, bits: u32) -> Result<(), Failure> {
    let usage = |error: &dyn Display| Failure::Usage(error.to_string());
    scheme.pack(Parts { node, ..Parts::default() }).map_err(|error| usage(&error))?;
    let node_bits = scheme.layout.node_bits();
    if bits > node_bits || bits >= u64::BITS || !node.is_multiple_of(1 << bits) {
        return Err(usage(&LayoutError::Block { node, bits, node_bits }));
    }
    Ok(())
}

impl Files {
    fn of(scheme: &Scheme) -> Result<Self, Failure> {
        let folder = folder().map_err(|error| {
            Failure::Data(format!(
                "cannot make a folder for lock files: {error}; set XDG_RUNTIME_DIR to a folder of \
                 yours, or give --node N --stateless to do without"
            ))
        })?;
        Ok(Self { folder, scheme: scheme.name, node_bits: scheme.layout.node_bits() })
    }

    fn lock_this(&self, node: u64, bits: u32) -> Result<NodeLock, Failure> {
        let block = Block { index: node >> bits, bits };
        let holder = match self.lock(block)? {
            Ok(files) => return Ok(NodeLock { node, _files: files }),
            Err(holder) => self.path(holder),
        };
        let process = process_of(&holder).map(|id| format!(", process {id}")).unwrap_or_default();
        Err(Failure::Data(format!(
            "{} of {} is held by another idgen on this machine{process} (lock file {}); take \
             another --node, or none to get a free one",
            block.describe(),
            self.scheme,
            holder.display(),
        )))
    }

    fn lock_lowest(&self, bits: u32) -> Result<NodeLock, Failure> {
        let last = u64::MAX.checked_shr(u64::BITS - self.node_bits).unwrap_or(0);
        let mut next = Some(0);
        while let Some(node) = next.filter(|&node| node <= last) {
            match self.lock(Block { index: node >> bits, bits })? {
                Ok(files) => return Ok(NodeLock { node, _files: files }),
                // Nothing in a larger block that somebody holds is free.
                Err(holder) => next = holder.last().checked_add(1),
            }
        }
        Err(Failure::Data(format!(
            "all node ids of {} are held by other idgen commands on this machine (lock files in \
             {}); wait for one to end, or take a layout with more node bits",
            self.scheme,
            self.folder.display(),
        )))
    }

    /// Locks a block for itself and shares those around it, or says which of them is held.
    fn lock(&self, block: Block) -> Result<Result<Vec<File>, Block>, Failure> {
        let mut own = self.open(block)?;
        if !self.granted(block, own.try_lock())? {
            return Ok(Err(block));
        }
        let mut files = Vec::new();
        for around in block.around(self.node_bits) {
            let file = self.open(around)?;
            if !self.granted(around, file.try_lock_shared())? {
                return Ok(Err(around));
            }
            files.push(file);
        }
        // For people: the lock says that the block is held, and this says by whom.
        let written = own.set_len(0).and_then(|()| write!(own, "{}", std::process::id()));
        written.map_err(|error| self.failed(block, &error))?;
        files.push(own);
        Ok(Ok(files))
    }

    fn open(&self, block: Block) -> Result<File, Failure> {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        options.open(self.path(block)).map_err(|error| self.failed(block, &error))
    }

    /// Whether a lock was granted; `false` where somebody else has it.
    fn granted(&self, block: Block, tried: Result<(), TryLockError>) -> Result<bool, Failure> {
        match tried {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(self.failed(block, &error)),
        }
    }

    fn failed(&self, block: Block, error: &io::Error) -> Failure {
        Failure::Data(format!(
            "cannot lock {}: {error}; give --node N --stateless to do without",
            self.path(block).display()
        ))
    }

    fn path(&self, block: Block) -> PathBuf {
        self.folder.join(format!("{}-{}.lock", self.scheme, block.file_name()))
    }
}

impl Block {
    /// The larger blocks that this one lies in.
    fn around(self, node_bits: u32) -> impl Iterator<Item = Self> {
        // The block of all 2^64 node ids, which a layout may have, is the one that has no number.
        (self.bits + 1..=node_bits.min(u64::BITS - 1))
            .map(move |bits| Self { index: self.index >> (bits - self.bits), bits })
    }

    fn first(self) -> u64 {
        self.index << self.bits
    }

    fn last(self) -> u64 {
        self.first() | ((1 << self.bits) - 1)
    }

    fn file_name(self) -> String {
        match self.bits {
            0 => format!("node-{}", self.first()),
            _ => format!("nodes-{}-to-{}", self.first(), self.last()),
        }
    }

    fn describe(self) -> String {
        match self.bits {
            0 => format!("node id {}", self.first()),
            _ => format!("a node id in {}..={}", self.first(), self.last()),
        }
    }
}

/// The process that wrote its id into a lock file.
fn process_of(path: &Path) -> Option<u32> {
    let mut text = String::new();
    File::open(path).ok()?.take(16).read_to_string(&mut text).ok()?;
    text.parse().ok()
}

/// `$XDG_RUNTIME_DIR/idgen`, which is the user's own and gone after a restart of the machine; or
/// else a folder named after the user among the temporary files.
fn folder() -> io::Result<PathBuf> {
    match env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()) {
        Some(runtime) => {
            let folder = Path::new(&runtime).join("idgen");
            fs::create_dir_all(&folder).map(|()| folder)
        }
        None => {
            let folder = env::temp_dir().join(format!("idgen-{}", user()));
            make_private(&folder).map(|()| folder)
        }
    }
}

/// The user's name as far as a file name can say it.
fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| env::var(name).ok());
    let mut name = name.unwrap_or_default();
    name.retain(|character| character.is_alphanumeric() || "-_.".contains(character));
    if name.is_empty() { "user".into() } else { name }
}

/// Makes a folder for this user alone, where everybody may write, and so might have made it
/// beforehand to put links in it.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let found = fs::symlink_metadata(folder)?;
    if !found.is_dir() {
        return Err(io::Error::other(format!("{} is no folder", folder.display())));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Who this process is shows in what it makes.
        let probe = folder.join(format!("probe-{}", std::process::id()));
        let me = File::create_new(&probe)?.metadata()?.uid();
        fs::remove_file(&probe)?;
        if found.uid() != me || found.mode() & 0o022 != 0 {
            let why = format!("others can write to {}", folder.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lock files of a layout with this many node bits, in a folder of the test's own.
    fn files(node_bits: u32) -> (tempfile::TempDir, Files) {
        let folder = tempfile::tempdir().unwrap();
        let files = Files { folder: folder.path().into(), scheme: Name::new("test"), node_bits };
        (folder, files)
    }

    #[test]
    fn the_lowest_free_block_is_taken_and_given_back() {
        let (_folder, files) = files(2);
        let node = |bits| files.lock_lowest(bits).map(|lock| lock.node);
        let first = files.lock_lowest(0).unwrap();
        assert_eq!(first.node, 0);
        assert_eq!(node(0).unwrap(), 1);
        let half = files.lock_lowest(1).unwrap();
        assert_eq!(half.node, 2); // not 0, whose lower half is taken
        assert_eq!(node(0).unwrap(), 1);
        let _second = files.lock_lowest(0).unwrap();
        assert!(node(0).is_err() && node(1).is_err() && node(2).is_err());
        drop(half);
        assert_eq!((node(0).unwrap(), node(1).unwrap()), (2, 2));
        drop(first);
        assert_eq!(node(0).unwrap(), 0);
    }

    #[test]
    fn blocks_that_overlap_never_have_both_a_holder() {
        const NODE_BITS: u32 = 3;
        let blocks: Vec<_> = (0..=NODE_BITS)
            .flat_map(|bits| (0..8 >> bits).map(move |index| Block { index, bits }))
            .collect();
        for &one in &blocks {
            let (_folder, files) = files(NODE_BITS);
            let _held = files.lock(one).unwrap().unwrap();
            for &other in &blocks {
                let apart = one.last() < other.first() || other.last() < one.first();
                assert_eq!(files.lock(other).unwrap().is_ok(), apart, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn the_widest_node_ids_there_are_can_be_locked() {
        let (_folder, files) = files(64);
        let _held = files.lock_lowest(63).unwrap();
        assert_eq!(files.lock_lowest(0).unwrap().node, 1 << 63);
        assert_eq!(files.lock_this(u64::MAX, 0).unwrap().node, u64::MAX);
        assert!(files.lock_this(7, 0).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_can_write_to_is_refused() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("idgen-me");
        make_private(&folder).unwrap();
        make_private(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        assert!(make_private(&folder).is_err());
        let link = temp.path().join("idgen-you");
        symlink(temp.path(), &link).unwrap();
        assert!(make_private(&link).is_err());
    }
}
