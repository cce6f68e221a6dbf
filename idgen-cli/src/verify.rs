//! `idgen verify`: which ids of a set come twice, what is none, what is out of order or missing.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use idgen::Scheme;
use idgen::clock::{Clock, SystemClock};
use idgen_verify::{Checker, Format, Options, Progress, Report, guess_form, id_of_line};
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::{form, form_names, scheme_names};
use crate::choice::{configuration, entry};
use crate::exit::Failure;
use crate::{findings, plausible};

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen generate -n 100000 | idgen verify
  idgen generate uuid-v7 -n 1000 --json | idgen verify --scheme uuid-v7 --ordered --json

Bare words, such as programs write, are read with --scheme snowflake --binary u128le.

Files are checked against each other. Order is looked at in each file: an id is out of order if it is
less than the one before it of its node. What does not fit the memory is sorted in a temporary folder,
which needs 8 bytes for each id, or 16, and for what comes through a pipe its size besides.

Exit codes: 0 nothing found, 1 duplicates or records that are no id (with --ordered, disorder too), or a
file that cannot be read, 2 usage (a bad flag or value)";

/// Bytes at the start of a file that are looked at to guess what it holds.
const START: usize = 1 << 16;

/// Lines that are looked at.
const LINES: usize = 100;

/// From how many bytes on a progress bar is worth its line.
const LONG_WORK: u64 = 1 << 24;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The files; standard input where there is none, or for -
    pub(crate) files: Vec<PathBuf>,
    /// Scheme of the ids; guessed from the first lines where none is named
    #[arg(long, value_name = "NAME", value_parser = scheme_names(), conflicts_with = "config")]
    pub(crate) scheme: Option<String>,
    /// Take the scheme from a TOML file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Form of the ids; native is the one of the first lines of each file
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Read bare words in place of lines
    #[arg(long, value_name = "WORDS", conflicts_with = "form", value_parser = binary_names())]
    pub(crate) binary: Option<String>,
    /// Count disorder among what is found
    #[arg(long)]
    pub(crate) ordered: bool,
    /// Memory for words, as 512M or 4G; half of what is free unless set
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) memory: Option<usize>,
    /// Where words go that do not fit it; the system's folder for temporary files unless set
    #[arg(long, value_name = "FOLDER")]
    pub(crate) temp: Option<PathBuf>,
    /// How many duplicates, bad records, inversions and nodes to list, each
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) list: usize,
    /// Print an object: counts, duplicates, bad records, inversions, files and all nodes
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut inputs = inputs(&arguments.files)?;
    let scheme = scheme(arguments, &mut inputs)?;
    if arguments.ordered && scheme.layout.tick_bits() + scheme.layout.sequence_bits() == 0 {
        return Err(Failure::Usage(format!(
            "{} ids have no order: leave out --ordered",
            scheme.name
        )));
    }
    let mut options = Options::default();
    options.memory_bytes = arguments.memory.or_else(free_memory).unwrap_or(options.memory_bytes);
    options.listed = arguments.list;
    options.folder = arguments.temp.clone().unwrap_or(options.folder);
    let bar = bar(&inputs);
    let watched = bar.clone();
    // Bytes of the files before the current one, and of that one.
    let (mut before, mut current) = (0, 0);
    let mut checker = Checker::new(scheme, options).watched(move |progress| match progress {
        Progress::Read(bytes) => {
            if bytes < current {
                before += current;
            }
            current = bytes;
            watched.set_position(before + bytes);
        }
        Progress::Merged { words, of } => {
            watched.set_message("merging");
            watched.set_length(of);
            watched.set_position(words);
        }
        _ => watched.set_message("looking for places"),
    });
    for input in inputs {
        let format = format(arguments, &scheme, &input);
        input.check(&mut checker, format)?;
    }
    let report = checker.finish();
    bar.finish_and_clear();
    let report = report.map_err(data)?;
    print(arguments, &report)?;
    let found = !report.is_clean() || (arguments.ordered && !report.is_ordered());
    if found { Err(Failure::Said) } else { Ok(()) }
}

/// A file or standard input, opened, and what it starts with.
struct Input {
    /// Its path, where it can be read twice.
    path: Option<PathBuf>,
    name: String,
    reader: Box<dyn Read>,
    start: Vec<u8>,
    bytes: u64,
}

impl Input {
    fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        if name == "-" {
            return Self::of("standard input".into(), Box::new(io::stdin()), None, 0);
        }
        let failed = |error| Failure::Data(format!("cannot read {name}: {error}"));
        let file = File::open(path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?;
        if found.is_dir() {
            return Err(Failure::Data(format!("cannot read {name}: it is a folder")));
        }
        let again = found.is_file().then(|| path.to_owned());
        Self::of(name, Box::new(file), again, found.len())
    }

    fn of(
        name: String,
        reader: Box<dyn Read>,
        path: Option<PathBuf>,
        bytes: u64,
    ) -> Result<Self, Failure> {
        let mut reader = BufReader::with_capacity(START, reader);
        let start = reader.fill_buf();
        let start = start.map_err(|error| Failure::Data(format!("cannot read {name}: {error}")))?;
        let start = start.to_vec();
        Ok(Self { path, name, reader: Box::new(reader), start, bytes })
    }

    /// Its first lines, without one that may be cut off.
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.start);
        let whole = match text.rfind('\n') {
            Some(end) => &text[..end],
            None => &*text,
        };
        whole.lines().filter(|line| !line.trim().is_empty()).take(LINES).map(Into::into).collect()
    }

    fn check(self, checker: &mut Checker, format: Format) -> Result<(), Failure> {
        match self.path {
            Some(path) => checker.check_file(path, format),
            None => checker.check_reader(&self.name, self.reader, format),
        }
        .map_err(data)
    }
}

fn inputs(files: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    if files.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(Failure::Usage("standard input can be read once; name - once".into()));
    }
    match files {
        [] => Ok(vec![Input::open(Path::new("-"))?]),
        files => files.iter().map(|path| Input::open(path)).collect(),
    }
}

/// The scheme that is named, or the likeliest.
fn scheme(arguments: &Arguments, inputs: &mut [Input]) -> Result<Scheme, Failure> {
    match (&arguments.scheme, &arguments.config) {
        (Some(name), _) => return Ok(entry(name)?.scheme),
        (None, Some(file)) => return Ok(configuration(file)?.scheme),
        (None, None) => {}
    }
    if arguments.binary.is_some() {
        return Err(Failure::Usage("--binary needs --scheme: bare words do not tell it".into()));
    }
    let lines: Vec<_> = inputs.iter().flat_map(Input::lines).take(LINES).collect();
    let ids: Vec<_> = lines.iter().filter_map(|line| id_of_line(line)).collect();
    let told = form(&arguments.form);
    plausible::likeliest(&ids, told, SystemClock.wall()).ok_or_else(|| match ids.first() {
        Some((id, _)) => Failure::Data(format!(
            "no scheme fits the first lines, such as '{id}'; name it with --scheme, or see idgen \
             schemes"
        )),
        None => {
            Failure::Data("there are no ids; name their scheme with --scheme all the same".into())
        }
    })
}

/// How the ids of a file are written.
fn format(arguments: &Arguments, scheme: &Scheme, input: &Input) -> Format {
    if let Some(Ok(format)) = arguments.binary.as_deref().map(str::parse) {
        return format;
    }
    let lines = input.lines();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let guessed = || guess_form(scheme, &lines).unwrap_or(scheme.text);
    Format::Text(form(&arguments.form).unwrap_or_else(guessed))
}

fn binary_names() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(Format::BINARY.map(|(name, _)| name))
}

/// Bytes, as 512M or 4GiB.
fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_uppercase();
    let power = match unit.strip_suffix("IB").or(unit.strip_suffix('B')).unwrap_or(&unit) {
        "" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return Err("write a size as 512M, 4G or a number of bytes".into()),
    };
    let number: usize = digits.parse().map_err(|_| "write a size as 512M or 4G".to_owned())?;
    number.checked_mul(1 << (10 * power)).ok_or_else(|| "that is more than there is".into())
}

/// Half of the memory that is free, where the system says how much that is.
fn free_memory() -> Option<usize> {
    let memory = fs::read_to_string("/proc/meminfo").ok()?;
    let free = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: usize = free.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1_024 / 2)
}

fn data(error: idgen_verify::Error) -> Failure {
    Failure::Data(error.to_string())
}

/// A progress bar for long work that somebody watches.
fn bar(inputs: &[Input]) -> ProgressBar {
    let bytes = inputs.iter().map(|input| input.bytes).sum();
    let is_pipe = inputs.iter().any(|input| input.path.is_none());
    if !io::stderr().is_terminal() || (bytes < LONG_WORK && !is_pipe) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3} %, {eta} left {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bytes).with_style(style)
}

fn print(arguments: &Arguments, report: &Report) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    if arguments.json {
        // Numbers, strings and lists of them are always JSON.
        let text = serde_json::to_string_pretty(report).unwrap_or_default();
        return Ok(writeln!(out, "{text}")?);
    }
    Ok(out
        .write_all(findings::text(report, arguments.binary.is_some(), arguments.list).as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, bytes) in
            [("512", 512), ("64K", 65_536), ("2MiB", 2 << 20), ("4g", 4 << 30), ("1TB", 1 << 40)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "G", "1.5G", "3X", "-1", "99999999999T"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
