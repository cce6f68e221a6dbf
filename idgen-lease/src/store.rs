//! What a store is.

use core::time::Duration;
use std::fmt;

use idgen_core::{UnixTime, Window};

use crate::{Block, Event, Realm, StoreError};

/// Which node ids a holder wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This block, or none.
    This(Block),
    /// Any block of 2^`bits` node ids, rather one that need not wait: whose mark has passed.
    Any {
        /// Size of the block, as a power of two; 0 for one node id.
        bits: u32,
    },
}

/// A request for a window, as a holder makes it. All numbers are ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// First tick worth having.
    pub from: u64,
    /// How many.
    pub length: u64,
}

/// Keeps a high-water mark and a term for each node id.
///
/// **Contract.** For each node id and each block with it: at most one [`Hold`] at a time grants windows,
/// and every window of a hold starts at or after the end of every window granted before, through any
/// hold of an overlapping block. A window is durable when [`Hold::grant`] returns it. A grant whose
/// outcome is unknown may be asked for again: a window is wasted then, and none is granted twice.
/// `conformance::store` (feature `conformance`) checks all of it.
pub trait Store: Send + Sync + fmt::Debug {
    /// Takes a block of node ids, until the hold is dropped or its process ends.
    ///
    /// # Errors
    /// If none is free, the realm is another than the store knows, or the store cannot be reached.
    fn acquire(
        &self,
        realm: &Realm,
        wanted: Wanted,
        events: &dyn Fn(Event),
    ) -> Result<Box<dyn Hold>, StoreError>;

    /// What is known of the node ids of a realm, in their order: of those that have records, and those that are held.
    ///
    /// # Errors
    /// If the store cannot be reached.
    fn nodes(&self, realm: &Realm) -> Result<Vec<NodeState>, StoreError>;

    /// How far ahead of its clock a holder may have a window. After a loss of its records the store
    /// grants nothing before that time has passed.
    fn longest_window(&self) -> Duration;
}

/// The right to a block of node ids.
pub trait Hold: Send + fmt::Debug {
    /// The block.
    fn block(&self) -> Block;

    /// How often the block was taken, this time included: a number that only grows, by which a late
    /// comer can be told from the holder (a fencing token).
    fn term(&self) -> u64;

    /// The tick where the next window begins at the earliest: no holder before was granted it, or any after it.
    /// Who does not wait for it before asking has a window that reaches farther ahead of the clock than windows
    /// are long, and a store that lost its records would not know of it.
    fn begins(&self) -> u64;

    /// The tick that the clock of a holder before has shown at least, as its record tells, of this block or of another;
    /// `None` where there is none. A clock that is far behind it was set back.
    /// [`Reach::shown`](crate::grant::Reach::shown) of the holder's mark is one.
    ///
    /// # Errors
    /// If the next window, at `from` or later, begins so far ahead of the store's clock that it would be refused: no clock goes
    /// there, for it may be that of a whole process.
    fn shown(&self, from: u64) -> Result<Option<u64>, StoreError>;

    /// The next window, durable: it ends where the ask does, if that is past [`begins`](Self::begins).
    ///
    /// # Errors
    /// If the hold was lost ([`StoreError::is_lost`]), the clock is too far behind, or the store cannot
    /// be reached. In the last case it may be asked again.
    fn grant(&mut self, ask: Ask) -> Result<Window, StoreError>;

    /// Gives back what was not issued: nothing has been, and nothing will be, in `reached` or after it.
    /// A hold that is dropped without it wastes the rest of its last window.
    ///
    /// # Errors
    /// If the store cannot be reached; then nothing has changed.
    fn release(self: Box<Self>, reached: u64) -> Result<(), StoreError>;
}

/// What a store knows of a block of node ids.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeState {
    /// The block.
    pub block: Block,
    /// Whether its record cannot be read.
    pub damaged: bool,
    /// How often it was taken.
    pub term: u64,
    /// Where its next window starts at the earliest, in ticks.
    pub mark: u64,
    /// When that was recorded, by the clock of who did; `None` where the record is damaged, or there is none yet: somebody
    /// has taken the block and was granted nothing. Term and mark are 0 then, and tell nothing.
    pub written: Option<UnixTime>,
    /// The block that somebody holds now, so that this one is not free: the same, one around it, or one within it.
    pub holder: Option<Block>,
    /// The process that holds that, where the store can tell.
    pub process: Option<u32>,
}
