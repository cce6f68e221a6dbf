//! Node ids that two commands on one machine never have at the same time.
//!
//! A lock file for each scheme and node id, held until the command ends, however it ends. It
//! protects from other idgen commands of this user on this machine, at the same time. It does not
//! protect from other machines, which must be given other node ids, nor from a clock that is set
//! back between one command and the next: for that, windows have to be kept in a durable store.

use std::env;
use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use idgen::Scheme;

use crate::exit::Failure;

/// The most node ids that are tried where none is given.
const MOST_TRIED: u64 = 4_096;

/// Locked node ids, until it is dropped.
#[derive(Debug)]
pub(crate) struct NodeLock {
    pub(crate) node: u64,
    _files: Vec<File>,
}

/// Locks the block of 2^`block_bits` node ids from `wanted` on, or the first that is free.
pub(crate) fn lock(
    scheme: &Scheme,
    wanted: Option<u64>,
    block_bits: u32,
) -> Result<NodeLock, Failure> {
    let nodes = u64::try_from(scheme.capacity().nodes).unwrap_or(u64::MAX);
    let size = 1_u64.checked_shl(block_bits).filter(|size| *size <= nodes.min(MOST_TRIED));
    // A block or a node id that is out of range is refused by the generator, with the range.
    let (Some(size), true) = (size, wanted.is_none_or(|node| node < nodes)) else {
        return Ok(NodeLock { node: wanted.unwrap_or(0), _files: Vec::new() });
    };
    if let Some(node) = wanted {
        return lock_block(scheme, node, size)?.ok_or_else(|| {
            let path = folder().join(file_name(scheme, node));
            Failure::Data(format!(
                "node id {node} of {} is another idgen's, which holds {}; take another node id, or \
                 none to get a free one",
                scheme.name,
                path.display()
            ))
        });
    }
    for node in (0..nodes.min(MOST_TRIED)).step_by(usize::try_from(size).unwrap_or(1)) {
        if let Some(lock) = lock_block(scheme, node, size)? {
            return Ok(lock);
        }
    }
    Err(Failure::Data(format!(
        "all node ids of {} up to {} are in use by other idgen commands; wait for one to end",
        scheme.name,
        nodes.min(MOST_TRIED) - 1
    )))
}

/// Locks neighbouring node ids, or none of them where one is taken.
fn lock_block(scheme: &Scheme, node: u64, size: u64) -> Result<Option<NodeLock>, Failure> {
    let folder = folder();
    let failed = |error: std::io::Error| {
        Failure::Data(format!(
            "cannot lock a node id in {}: {error}; give --node N --stateless to do without",
            folder.display()
        ))
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let mut files = Vec::new();
    for id in node..node.saturating_add(size) {
        let path = folder.join(file_name(scheme, id));
        let file = File::options().create(true).truncate(false).write(true).open(path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => files.push(file),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
    Ok(Some(NodeLock { node, _files: files }))
}

fn file_name(scheme: &Scheme, node: u64) -> String {
    format!("{}-{node}.lock", scheme.name)
}

/// A folder of this user's that a restart of the machine empties.
fn folder() -> PathBuf {
    match env::var_os("XDG_RUNTIME_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder).join("idgen"),
        None => {
            let user = env::var("USER").unwrap_or_else(|_| "user".into());
            env::temp_dir().join(format!("idgen-{user}"))
        }
    }
}
