//! What a process must know of being forked, without asking on the way.
//!
//! A child of `fork` starts with a copy of its parent's memory, so whatever the parent would issue
//! next the child would issue too. A [`ForkCell`] is a word that reads 0 in every child, so that what
//! it permits in the parent is forbidden there; [`generation`] counts the forks between the first
//! process and this one, so that a copy of random state can be told from the original. Both are
//! written by a handler that the operating system runs in the child before `fork` returns: reading
//! them costs a load, and no system call.
//!
//! ```
//! use idgen_fork::{ForkCell, generation};
//! use std::sync::atomic::Ordering;
//!
//! let permit = ForkCell::new(1);
//! let before = generation();
//! // In a child of fork made here, both of these would be otherwise.
//! assert_eq!(permit.load(Ordering::Relaxed), 1);
//! assert_eq!(generation(), before);
//! ```
//!
//! # What is not seen
//!
//! Handlers run for `fork` and `forkpty`. They do not run for a raw `clone` system call, for `vfork` and
//! `posix_spawn` (whose children must do nothing but exec), nor when a virtual machine is cloned. Where
//! there is no fork, as on Windows, the cells are plain words.
//!
//! Architecture invariant: the handler takes no lock, allocates nothing and only stores to memory
//! that is never freed, so it may run whatever the parent's other threads were doing.
//!
//! # Source
//! POSIX.1-2024, `pthread_atfork`, and section 2.4.3 on what a handler in a child may call.

mod cell;
mod handler;

pub use cell::ForkCell;
pub use handler::generation;
