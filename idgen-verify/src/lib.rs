//! Checks large sets of ids of one scheme: how many there are, which come twice and where, what is no
//! id, whether each node's are in order, which ticks have none.
//!
//! ```
//! use idgen_core::Scheme;
//! use idgen_snowflake::Snowflake;
//! use idgen_verify::{Checker, Format, Options};
//!
//! let mut checker = Checker::new(Scheme::of::<Snowflake>(), Options::default());
//! let words = [5_u64, 9, 7, 9].map(u64::to_le_bytes).concat();
//! checker.check_reader("words", &*words, Format::U64_LE)?;
//!
//! let report = checker.finish()?;
//! assert_eq!((report.ids, report.distinct), (4, 3));
//! assert_eq!(report.duplicates.first[0].places[1].record, 4);
//! assert_eq!(report.order.of_nodes, 1); // 7 after 9
//! assert!(!report.is_clean());
//! # Ok::<(), idgen_verify::Error>(())
//! ```
//!
//! # How
//! Words are taken apart as they are read, for counts and order, and gathered in pieces that other
//! threads sort. What is more than the memory allowed goes to the disk, sorted. In the end all pieces
//! are merged: equal words meet, and ticks pass in order. Files are read a second time only for the
//! places of ids that came twice. Ids that stand in order in their files are never sorted, and
//! pieces that do not overlap are merged without comparing their words.
//!
//! # Memory
//! [`Options::memory_bytes`], and about 10 MB besides for buffers and nodes.

mod checker;
mod error;
mod format;
mod lines;
mod merge;
mod nodes;
mod options;
mod order;
mod read;
mod report;
mod scan;
mod sorter;
mod source;
mod tally;
mod work;

pub use checker::Checker;
pub use error::Error;
pub use format::{Endian, Format, UnknownFormat};
pub use lines::{guess_form, id_of_line};
pub use options::{Options, Progress};
pub use report::{
    Bad, BadRecord, Disorder, Duplicate, Duplicates, FileReport, Gap, Inversion, NodeReport, Place,
    Report, Span,
};
