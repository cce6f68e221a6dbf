//! The line of positions.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod layout;
mod name;
pub mod text;
mod time;
mod timebase;
mod word;

pub use name::{Name, NameError};
pub use time::{TimeConversionError, UnixTime};
pub use timebase::{TickError, Timebase, TimebaseError};
pub use word::Word;
