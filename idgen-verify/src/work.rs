//! The check itself, for words of one width.

use std::io::{self, Read};

use idgen_core::Scheme;
use idgen_core::layout::LayoutError;

use crate::error::Error;
use crate::format::Format;
use crate::lines::Lines;
use crate::nodes::{Node, Ticks};
use crate::options::{Options, Progress};
use crate::order::{Order, Record};
use crate::read::{self, Visitor};
use crate::report::{
    Bad, BadRecord, Disorder, Duplicate, Duplicates, FileReport, Gap, Inversion, NodeReport, Place,
    Report, Span,
};
use crate::scan::Scan;
use crate::sorter::Sorter;
use crate::source::Source;
use crate::tally::{BadBytes, Reading, Tally};

/// Places that are listed of one id.
const MAX_PLACES: usize = 16;

/// Who is told how far it has come.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Progress);

/// A check of words of either width.
pub(crate) trait Work: Send {
    /// Reads the file of this number, from 1 on.
    fn read(
        &mut self,
        reader: &mut dyn Read,
        format: Format,
        name: &str,
        file: u32,
        watch: Watch<'_>,
    ) -> Result<(), Error>;

    /// Merges, and says what was found.
    fn finish(self: Box<Self>, sources: &mut [Source], watch: Watch<'_>) -> Result<Report, Error>;
}

/// The check for words of this type.
pub(crate) struct Typed<W> {
    scheme: Scheme,
    listed: usize,
    tally: Tally<W>,
    sorter: Sorter<W>,
}

impl<W: Record> Typed<W> {
    pub(crate) fn new(scheme: Scheme, options: &Options) -> Result<Self, LayoutError> {
        let order = Order::of(&scheme.layout)?;
        let listed = options.listed;
        Ok(Self {
            scheme,
            listed,
            tally: Tally::new(order, scheme.layout.node_bits(), listed),
            sorter: Sorter::new(order, options.memory_bytes, options.folder.clone()),
        })
    }
}

impl<W: Record> Work for Typed<W> {
    fn read(
        &mut self,
        reader: &mut dyn Read,
        format: Format,
        name: &str,
        file: u32,
        watch: Watch<'_>,
    ) -> Result<(), Error> {
        let undressing = self.tally.order.undressing;
        let mut reading = Reading::new(&mut self.tally, &mut self.sorter, watch, name, file);
        read::each(reader, format, undressing, &mut reading)?;
        reading.end();
        Ok(())
    }

    fn finish(self: Box<Self>, sources: &mut [Source], watch: Watch<'_>) -> Result<Report, Error> {
        let Self { scheme, listed, mut tally, sorter } = *self;
        let spilled = sorter.spilled;
        let merge = sorter.finish()?;
        let of = tally.files.iter().map(|file| file.ids).sum();
        let mut scan = Scan::new(tally.order, &mut tally.nodes, listed);
        let mut said = 0;
        merge.each(|words| {
            scan.see(words);
            if scan.words - said >= 1 << 20 {
                said = scan.words;
                watch(Progress::Merged { words: said, of });
            }
            Ok(())
        })?;
        scan.end();
        let Scan { distinct, repeated, further, first, ticks, .. } = scan;
        let places = locate(&first, sources, tally.order, watch)?;
        let write = Writing { scheme: &scheme, sources };
        Ok(Report {
            scheme: scheme.name.to_string(),
            ids: of,
            distinct,
            duplicates: Duplicates {
                ids: repeated,
                further,
                first: write.duplicates(&first, places),
            },
            bad: write.bad(&tally),
            order: write.disorder(&tally),
            span: write.span(&ticks),
            files: write.files(&tally),
            nodes: write.nodes(&tally),
            other_node_ids: tally.nodes.other_ids,
            spilled,
        })
    }
}

/// The places of words that came more than once, found by reading everything again.
fn locate<W: Record>(
    words: &[(W, u64)],
    sources: &mut [Source],
    order: Order<W>,
    watch: Watch<'_>,
) -> Result<Vec<Vec<Place>>, Error> {
    let mut places = vec![Vec::new(); words.len()];
    let mut wanted: Vec<_> = words.iter().zip(0..).map(|(&(word, _), i)| (word, i)).collect();
    wanted.sort_unstable();
    let mut left = words.iter().map(|&(_, times)| times).sum();
    for source in sources {
        if left == 0 {
            break;
        }
        let (name, format) = (source.name.clone(), source.format);
        let mut reader = source.reopen()?;
        let mut finder =
            Finder { wanted: &wanted, places: &mut places, left, name: &name, watch: &mut *watch };
        match read::each(&mut *reader, format, order.undressing, &mut finder) {
            Ok(()) | Err(Stop::Found) => left = finder.left,
            Err(Stop::Failed(source)) => return Err(Error::Read { name, source }),
        }
    }
    Ok(places)
}

/// Looks for words in a file.
struct Finder<'a, W> {
    /// In their order, with their places among the duplicates.
    wanted: &'a [(W, usize)],
    places: &'a mut [Vec<Place>],
    /// How many records are still to be found.
    left: u64,
    name: &'a str,
    watch: &'a mut dyn FnMut(Progress),
}

enum Stop {
    Found,
    Failed(io::Error),
}

impl<W: Record> Visitor<W> for Finder<'_, W> {
    type Stop = Stop;

    fn ids(&mut self, first: u64, ids: &[W]) -> Result<(), Stop> {
        for (&word, record) in ids.iter().zip(first..) {
            let Ok(at) = self.wanted.binary_search_by_key(&word, |&(wanted, _)| wanted) else {
                continue;
            };
            let places = &mut self.places[self.wanted[at].1];
            if places.len() < MAX_PLACES {
                places.push(Place { file: self.name.to_owned(), record });
            }
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return Err(Stop::Found);
            }
        }
        Ok(())
    }

    fn bad(&mut self, _: u64, _: &[u8]) -> Result<(), Stop> {
        Ok(())
    }

    fn read(&mut self, bytes: u64) -> Result<(), Stop> {
        (self.watch)(Progress::Located(bytes));
        Ok(())
    }

    fn failed(&mut self, error: io::Error) -> Stop {
        Stop::Failed(error)
    }
}

/// Turns what was counted into what is reported.
struct Writing<'a> {
    scheme: &'a Scheme,
    sources: &'a [Source],
}

impl Writing<'_> {
    fn source(&self, file: u32) -> Option<&Source> {
        self.sources.get(usize::try_from(file).ok()?.checked_sub(1)?)
    }

    fn place(&self, file: u32, record: u64) -> Place {
        let file = self.source(file).map(|source| source.name.clone()).unwrap_or_default();
        Place { file, record }
    }

    fn duplicates<W: Record>(&self, first: &[(W, u64)], places: Vec<Vec<Place>>) -> Vec<Duplicate> {
        let duplicate = |(&(word, times), places): (&(W, u64), _)| {
            let word = word.into();
            let id = self.scheme.format(word).to_string();
            Duplicate { id, word, time: self.scheme.time(word), times, places }
        };
        first.iter().zip(places).map(duplicate).collect()
    }

    fn bad<W: Record>(&self, tally: &Tally<W>) -> Bad {
        let record = |bad: &BadBytes| {
            let (found, fault) = self.fault(bad, tally);
            BadRecord { place: self.place(bad.file, bad.record), found, fault }
        };
        Bad {
            records: tally.files.iter().map(|file| file.bad).sum(),
            first: tally.bad.iter().map(record).collect(),
        }
    }

    /// What was found in place of an id, and why it is none.
    fn fault<W: Record>(&self, bad: &BadBytes, tally: &Tally<W>) -> (String, String) {
        let hex = || bad.bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let word = |word: Option<u128>, bits: u32| match word.map(|w| self.scheme.layout.check(w)) {
            Some(Err(error)) => (hex(), error.to_string()),
            _ => (hex(), format!("a word of {bits} bits has {} bytes", bits / 8)),
        };
        use crate::format::Endian::{Big, Little};
        match self.source(bad.file).map(|source| source.format) {
            Some(Format::Text(form)) => {
                let text = String::from_utf8_lossy(bad.bytes.trim_ascii()).into_owned();
                let lines = Lines::new(tally.order.undressing, form);
                (text, lines.fault(&bad.bytes, self.scheme))
            }
            Some(Format::U64(endian)) => {
                let bytes = <[u8; 8]>::try_from(&*bad.bytes).ok();
                let read = match endian {
                    Little => u64::from_le_bytes,
                    Big => u64::from_be_bytes,
                };
                word(bytes.map(read).map(Into::into), u64::BITS)
            }
            Some(Format::U128(endian)) => {
                let bytes = <[u8; 16]>::try_from(&*bad.bytes).ok();
                let read = match endian {
                    Little => u128::from_le_bytes,
                    Big => u128::from_be_bytes,
                };
                word(bytes.map(read), u128::BITS)
            }
            None => (hex(), String::new()),
        }
    }

    fn disorder<W: Record>(&self, tally: &Tally<W>) -> Disorder {
        let inversion = |step: &crate::tally::Step<W>| Inversion {
            place: self.place(step.file, step.record),
            id: self.scheme.format(step.word.into()).to_string(),
            before: self.scheme.format(step.before.into()).to_string(),
        };
        Disorder {
            meant: tally.order.is_meant,
            of_files: tally.files.iter().map(|file| file.inversions).sum(),
            of_nodes: tally.files.iter().map(|file| file.inversions_of_nodes).sum(),
            first: tally.steps.iter().map(inversion).collect(),
        }
    }

    fn files<W: Record>(&self, tally: &Tally<W>) -> Vec<FileReport> {
        let file = |(source, counts): (&Source, &crate::tally::Counts)| FileReport {
            name: source.name.clone(),
            format: source.format.to_string(),
            ids: counts.ids,
            bad: counts.bad,
            inversions: counts.inversions,
            inversions_of_nodes: counts.inversions_of_nodes,
        };
        self.sources.iter().zip(&tally.files).map(file).collect()
    }

    fn nodes<W: Record>(&self, tally: &Tally<W>) -> Vec<NodeReport> {
        if self.scheme.layout.node_bits() == 0 {
            return Vec::new();
        }
        let node = |node: &Node<W>| NodeReport {
            node: node.node,
            ids: node.ids,
            inversions: node.inversions,
            span: self.span(&node.ticks),
            left_out: tally.order.counts.then_some(node.left_out),
        };
        let mut nodes: Vec<_> = tally.nodes.known.iter().map(node).collect();
        nodes.sort_unstable_by_key(|node| node.node);
        nodes
    }

    fn span(&self, ticks: &Ticks) -> Option<Span> {
        let Ticks { first, last, count, widest, widest_from, .. } = *ticks;
        let base = self.scheme.timebase;
        let time = |tick| base.map(|base| base.time_of(tick));
        (count > 0).then(|| Span {
            from: time(first),
            to: time(last),
            ticks: count,
            empty: (last - first) - (count - 1),
            widest: widest.checked_sub(1).filter(|&ticks| ticks > 0).map(|ticks| Gap {
                ticks,
                nanos: base.map(|base| u128::from(ticks) * u128::from(base.tick_nanos())),
                after: time(widest_from),
            }),
        })
    }
}
