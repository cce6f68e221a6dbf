//! The engine of distributed unique ids: layouts, clocks, a line of positions, generators, text.
//!
//! Every id is a *position*, tick and sequence as one growing integer, dressed by a *layout* with
//! the node id. A [`Line`] hands out each position at most once, between a *floor*, which the
//! clock raises, and a *horizon*, which drift, window and layout set. So a clock can make ids
//! late, and cannot make them equal.
//!
//! | to | see |
//! |---|---|
//! | make ids | [`generator`] |
//! | define a scheme | [`IdScheme`], [`layout`] |
//! | take an id apart | [`Id`] |
//! | write and read it | [`text`], and `serde` behind its feature |
//! | script time or chance in a test | [`clock::ScriptedClock`], [`random::ScriptedRandom`] |
//! | tell orders from users | [`typed`] |
//! | store it in a database | `db`, behind the features of sqlx and diesel |
//! | find all ids of a time | [`Id::between`], [`Scheme::words_between`] |
//!
//! # Features
//!
//! `std` (default): the operating system's clocks, the ticker thread, lanes by thread. `alloc`:
//! batches as vectors, the erased face, catalog entries. `counter`: a clock that reads the processor's counter. `random`: random bits, and generators of
//! schemes that have some. `serde`, `jiff`: ids and instants of those. `schemars`: JSON schemas.
//! `uuid`, `ulid`: ids of 128 bits to and from their types. `sqlx-postgres`, `sqlx-mysql`,
//! `sqlx-sqlite`, `diesel-postgres`, `diesel-mysql`, `diesel-sqlite`: ids as values of those
//! libraries.
//!
//! Without any of them the crate is `no_std` and needs a target with 64-bit atomics.

#![cfg_attr(not(any(feature = "std", test)), no_std)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "alloc")]
pub mod catalog;
pub mod clock;
#[cfg(any(
    feature = "diesel-mysql",
    feature = "diesel-postgres",
    feature = "diesel-sqlite",
    feature = "sqlx-mysql",
    feature = "sqlx-postgres",
    feature = "sqlx-sqlite"
))]
pub mod db;
mod error;
pub mod generator;
mod held;
mod id;
mod lane_run;
pub mod layout;
mod line;
mod name;
pub mod observer;
pub mod random;
mod range;
#[cfg(feature = "schemars")]
mod schema;
mod scheme;
pub mod sequencer;
#[cfg(feature = "serde")]
pub mod serde;
mod stall;
mod sync;
pub mod text;
mod time;
mod timebase;
pub mod typed;
#[cfg(feature = "ulid")]
mod ulid;
#[cfg(feature = "uuid")]
mod uuid;
mod window;
mod windowed;
mod word;

pub use error::{
    ClockSkewError, DatedError, FillError, GenerateError, LayoutEndedError, SequenceOverflowError,
    WindowEndedError,
};
pub use id::{Id, Inspection, IntegerError};
pub use line::Line;
pub use name::{Name, NameError};
pub use range::TimeRangeError;
pub use scheme::{IdScheme, ParseIdError, Scheme};
pub use stall::Stall;
pub use time::{TimeConversionError, UnixTime};
pub use timebase::{TickError, Timebase, TimebaseError};
pub use window::{Window, WindowError};
pub use windowed::Windowed;
pub use word::Word;
