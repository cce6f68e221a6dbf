//! The line of positions.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

pub mod clock;
pub mod layout;
mod line;
mod name;
pub mod observer;
pub mod sequencer;
mod stall;
mod sync;
pub mod text;
mod time;
mod timebase;
mod window;
mod word;

pub use line::Line;
pub use name::{Name, NameError};
pub use stall::Stall;
pub use time::{TimeConversionError, UnixTime};
pub use timebase::{TickError, Timebase, TimebaseError};
pub use window::{Window, WindowError};
pub use word::Word;
