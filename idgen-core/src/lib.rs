//! The line of positions.
#![cfg_attr(not(any(feature = "std", test)), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "alloc")]
pub mod catalog;
pub mod clock;
mod error;
pub mod generator;
mod id;
pub mod layout;
mod line;
mod name;
pub mod observer;
mod scheme;
pub mod sequencer;
#[cfg(feature = "serde")]
pub mod serde;
mod stall;
mod sync;
pub mod text;
mod time;
mod timebase;
mod window;
mod word;

pub use error::{
    ClockSkewError, FillError, GenerateError, LayoutEndedError, SequenceOverflowError,
    WindowEndedError,
};
pub use id::{Id, Inspection, IntegerError};
pub use line::Line;
pub use name::{Name, NameError};
pub use scheme::{IdScheme, ParseIdError, Scheme};
pub use stall::Stall;
pub use time::{TimeConversionError, UnixTime};
pub use timebase::{TickError, Timebase, TimebaseError};
pub use window::{Window, WindowError};
pub use word::Word;
