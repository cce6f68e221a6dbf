//! What a check has found.

use idgen_core::UnixTime;
use serde::{Serialize, Serializer};

/// What a check has found. Ids are text in their scheme's own form, times as RFC 3339 has them.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Name of the scheme.
    pub scheme: String,
    /// Ids that were read, those that came before among them.
    pub ids: u64,
    /// Ids that differ.
    pub distinct: u64,
    /// Ids that came more than once.
    pub duplicates: Duplicates,
    /// Records that are no id.
    pub bad: Bad,
    /// Ids that came after greater ones.
    pub order: Disorder,
    /// From the first tick to the last; `None` where the scheme has no ticks, or there is no id.
    pub span: Option<Span>,
    /// Each file, as they were given.
    pub files: Vec<FileReport>,
    /// Each node, by its id; empty where the scheme has no nodes.
    pub nodes: Vec<NodeReport>,
    /// Ids of nodes beyond the first 65,536, whose order and gaps were not looked at.
    pub other_node_ids: u64,
    /// Words that did not fit the memory and were sorted on the disk.
    pub spilled: u64,
}

impl Report {
    /// Whether every record is an id and none came twice. Order is not looked at.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.duplicates.ids == 0 && self.bad.records == 0
    }

    /// Whether the ids of each node ascend in each file. Equal neighbours are duplicates, not
    /// disorder.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.order.of_nodes == 0
    }
}

/// Ids that came more than once.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Duplicates {
    /// How many ids did.
    pub ids: u64,
    /// How many records there are beyond the first of each.
    pub further: u64,
    /// The earliest of them.
    pub first: Vec<Duplicate>,
}

/// An id that came more than once.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Duplicate {
    /// The id.
    pub id: String,
    /// Its word.
    #[serde(skip)]
    pub word: u128,
    /// When it was made, by what it says.
    #[serde(serialize_with = "time")]
    pub time: Option<UnixTime>,
    /// How often it came.
    pub times: u64,
    /// Where, in the order of files and records; not all where there are many.
    pub places: Vec<Place>,
}

/// A record of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// Number of the line, or of the word, from 1 on.
    pub record: u64,
}

/// Records that are no id.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Bad {
    /// How many.
    pub records: u64,
    /// The first of them.
    pub first: Vec<BadRecord>,
}

/// A record that is no id.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct BadRecord {
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// Its start: of a line as it is, of a word in hexadecimal digits, byte by byte.
    pub found: String,
    /// Why it is none.
    pub fault: String,
}

/// Ids that came after greater ones.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Disorder {
    /// Whether ids of the scheme have an order: random ones do not, and are not looked at.
    pub meant: bool,
    /// Ids less than the one before them in their file.
    pub of_files: u64,
    /// Ids less than the one before them of their node, in their file.
    pub of_nodes: u64,
    /// The first of these.
    pub first: Vec<Inversion>,
}

/// An id that came after a greater one of its node.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Inversion {
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// The id.
    pub id: String,
    /// The id that came before it.
    pub before: String,
}

/// The ticks that ids are of.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Span {
    /// When the first tick began; `None` of ticks that are no time.
    #[serde(serialize_with = "time")]
    pub from: Option<UnixTime>,
    /// When the last one did.
    #[serde(serialize_with = "time")]
    pub to: Option<UnixTime>,
    /// Ticks with ids.
    pub ticks: u64,
    /// Ticks without, between the first and the last.
    pub empty: u64,
    /// The longest stretch without; `None` where there is none.
    pub widest: Option<Gap>,
}

/// Ticks without ids, one after the other.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Gap {
    /// How many.
    pub ticks: u64,
    /// How long they are together, in nanoseconds; `None` of ticks that are no time.
    pub nanos: Option<u128>,
    /// When the last tick before them began.
    #[serde(serialize_with = "time")]
    pub after: Option<UnixTime>,
}

/// What was found in one file.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct FileReport {
    /// The file, as it was named.
    pub name: String,
    /// Its format.
    pub format: String,
    /// Ids that were read.
    pub ids: u64,
    /// Records that are none.
    pub bad: u64,
    /// Ids less than the one before them.
    pub inversions: u64,
    /// Ids less than the one before them of their node.
    pub inversions_of_nodes: u64,
}

/// What was found of one node.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NodeReport {
    /// The node id; in JSON a text where it has more bits than a JavaScript number keeps.
    #[serde(serialize_with = "number")]
    pub node: u64,
    /// Ids that were read.
    pub ids: u64,
    /// Ids less than the one before them of this node, in one file.
    pub inversions: u64,
    /// From its first tick to its last.
    pub span: Option<Span>,
    /// Numbers left out between ids of one tick; `None` where the scheme does not count within
    /// ticks, or not from one to the next.
    pub left_out: Option<u64>,
}

fn time<S: Serializer>(time: &Option<UnixTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

fn number<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    if u64::BITS - number.leading_zeros() <= f64::MANTISSA_DIGITS {
        serializer.serialize_u64(*number)
    } else {
        serializer.collect_str(number)
    }
}
