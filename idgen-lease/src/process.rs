//! What a lease has of its own in each process.
//!
//! Architecture invariant: what a lock of a lease guards is of one process. A child of fork has its parent's
//! memory and none of its other threads, so that a lock which one of them held is never released there. It makes
//! all of this anew and touches nothing of its parent's.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::{JoinHandle, Thread};

use idgen_fork::generation;
use once_cell::race::OnceBox;

use crate::Health;

/// The health of a lease in one process, and its keeper there.
pub(crate) struct Process {
    /// The generation of the process.
    born: u64,
    health: Mutex<Health>,
    /// The keeper, if one was started. Locked to start and to wake it.
    keeper: Mutex<Option<JoinHandle<()>>>,
    /// What a child has. Set where it is first asked for, by nobody in the process itself.
    next: OnceBox<Self>,
}

impl Process {
    pub(crate) fn new() -> Self {
        Self {
            born: generation(),
            health: Mutex::new(Health::Good),
            keeper: Mutex::new(None),
            next: OnceBox::new(),
        }
    }

    /// What belongs to the process that asks.
    pub(crate) fn here(&self) -> &Self {
        let mut process = self;
        while process.born != generation() {
            process = process.next.get_or_init(|| Box::new(Self::new()));
        }
        process
    }

    pub(crate) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a keeper, unless one runs or is being started.
    pub(crate) fn start_keeper(
        &self,
        start: impl FnOnce() -> io::Result<JoinHandle<()>>,
    ) -> io::Result<()> {
        let mut keeper = match self.keeper.try_lock() {
            Ok(keeper) => keeper,
            Err(TryLockError::Poisoned(keeper)) => keeper.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        // One that a watcher's panic ended is replaced.
        if keeper.as_ref().is_none_or(JoinHandle::is_finished) {
            *keeper = Some(start()?);
        }
        Ok(())
    }

    /// The thread of the keeper that was started last.
    pub(crate) fn keeper(&self) -> Option<Thread> {
        self.keeper_lock().as_ref().map(|keeper| keeper.thread().clone())
    }

    pub(crate) fn keeper_lock(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
