//! `idgen generate`: ids on standard output, as fast as the pipe or the layout lets them.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use clap::Args;
use idgen::Scheme;
use idgen::generator::ErasedGenerator;
use idgen::text::Form;
use idgen::typed::Prefix;
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::{Custom, form, form_names, names_that_generate};
use crate::choice::Choice;
use crate::exit::Failure;
use crate::state;

/// Ids made at once.
const BATCH: usize = 8_192;

/// Bytes that are written at once: no fewer, unless the generator has to wait.
const CHUNK: usize = 64 * 1_024;

/// From how many ids on a progress bar is worth its lines.
const LONG_WORK: u64 = 1_000_000;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen generate
  idgen generate twitter -n 3 --node 378 --form base32
  idgen generate -n 100000 --node 7 --json
  idgen generate --layout 41:5:5:12 --epoch 2024-01-01 --tick 1ms -n 3
  idgen generate --node 32 --block 5 -n 3
  idgen generate uuid-v7 --prefix order

Schemes that rest on node ids take a free one from the state folder, or the one of --node, and record there how far
they came before they go there: two at once never clash, and no restart repeats an id, whatever the clock does. Other
machines, users and containers have other folders: give them other node ids, or the same folder.

Exit codes: 0 success, 1 data (a bad id or file, no id in time), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Scheme of the ids; snowflake where none is named
    #[arg(value_parser = names_that_generate(), conflicts_with_all = ["config", "layout"])]
    pub(crate) scheme: Option<String>,
    /// How many ids
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1)]
    pub(crate) count: u64,
    /// Node id: who generates
    #[arg(long, value_name = "N")]
    pub(crate) node: Option<u64>,
    /// Take the block of 2^BITS node ids that starts with --node, for that many times the ids
    #[arg(long, value_name = "BITS")]
    pub(crate) block: Option<u32>,
    /// Give the node id N of the 22 bits below a 41-bit tick, and the sequence the rest
    #[arg(long, value_name = "N", conflicts_with_all = ["config", "layout"],
          value_parser = clap::value_parser!(u8).range(1..=21))]
    pub(crate) node_bits: Option<u8>,
    /// Form of the ids; native is the scheme's own
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Put a prefix before the id, as order_01h455vb4pex5vsknk084sn02q: TypeID's text
    #[arg(long, value_name = "PREFIX", conflicts_with = "form")]
    pub(crate) prefix: Option<String>,
    /// Print an object a line: scheme and id
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) custom: Custom,
    /// How far ids may run ahead of the clock, as 10ms
    #[arg(long, value_name = "DURATION", value_parser = idgen::config::parse_duration)]
    pub(crate) max_drift: Option<Duration>,
    /// How long to wait for an id, as 1s
    #[arg(long, value_name = "DURATION", value_parser = idgen::config::parse_duration)]
    pub(crate) max_wait: Option<Duration>,
    #[command(flatten)]
    pub(crate) state: state::Folder,
    /// Record nothing: nobody else may have the node id, and the clock may not be set back between one
    /// run and the next
    #[arg(long, requires = "node", conflicts_with_all = ["state", "replica", "namespace"])]
    pub(crate) stateless: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let prefix = arguments.prefix.as_deref().map(Prefix::try_new).transpose();
    let prefix = prefix.map_err(|error| Failure::Usage(format!("--prefix: {error}")))?;
    let choice = choice(arguments)?;
    let scheme = choice.scheme;
    choice.check()?;
    if arguments.count == 0 {
        return Ok(());
    }
    let ids: Box<dyn ErasedGenerator> = if arguments.stateless || !choice.needs_node() {
        arguments.state.refuse(&scheme)?;
        choice.generator()?
    } else {
        Box::new(arguments.state.lease(choice)?)
    };
    let mut line = Line::new(&scheme, form(&arguments.form), arguments.json);
    line.prefix = prefix;
    let progress = progress(arguments.count);
    let done = write_ids(&*ids, arguments.count, &line, &mut io::stdout().lock(), &progress);
    progress.finish_and_clear();
    done
}

/// The scheme and the settings that are asked for.
fn choice(arguments: &Arguments) -> Result<Choice, Failure> {
    let mut choice =
        Choice::of(arguments.scheme.as_deref().unwrap_or("snowflake"), &arguments.custom)?;
    if let Some(bits) = arguments.node_bits {
        choice.set_node_bits(bits)?;
    }
    let settings = &mut choice.settings;
    settings.node = arguments.node.or(settings.node);
    settings.block_bits = arguments.block.unwrap_or(settings.block_bits);
    settings.max_drift = arguments.max_drift.or(settings.max_drift);
    settings.max_wait = arguments.max_wait.or(settings.max_wait);
    Ok(choice)
}

/// Writes `count` lines. Those of ids that were made are written, whatever ends it.
fn write_ids(
    ids: &dyn ErasedGenerator,
    count: u64,
    line: &Line<'_>,
    out: &mut impl Write,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let mut words = [0; BATCH];
    let mut text = Vec::with_capacity(2 * CHUNK);
    let mut left = count;
    while left > 0 {
        let batch = usize::try_from(left).map_or(BATCH, |left| left.min(BATCH));
        let made = match ids.try_fill_words(&mut words[..batch]) {
            Ok(made) => made,
            Err(_) => {
                // Whoever reads need not wait for what is made already.
                write_out(&mut text, out)?;
                words[0] = ids.generate_word().map_err(|error| {
                    let (made, error) = (count - left, error.dated(ids.scheme().timebase));
                    Failure::Data(format!("{made} of {count} ids were printed, then: {error}"))
                })?;
                1
            }
        };
        words[..made].iter().for_each(|&word| line.append(word, &mut text));
        left -= made as u64;
        progress.inc(made as u64);
        if text.len() >= CHUNK || left == 0 {
            write_out(&mut text, out)?;
        }
    }
    Ok(())
}

/// Writes the text, and empties it.
fn write_out(text: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(text)?;
    text.clear();
    out.flush()
}

/// How an id is written on its line.
struct Line<'a> {
    scheme: &'a Scheme,
    form: Form,
    /// Prefix of typed ids, where it is to be one.
    prefix: Option<Prefix<'a>>,
    before: String,
    after: &'static str,
}

impl<'a> Line<'a> {
    fn new(scheme: &'a Scheme, form: Option<Form>, json: bool) -> Self {
        let (before, after) = if json {
            (format!("{{\"scheme\":\"{}\",\"id\":\"", scheme.name), "\"}\n")
        } else {
            (String::new(), "\n")
        };
        Self { scheme, form: form.unwrap_or(scheme.text), prefix: None, before, after }
    }

    fn append(&self, word: u128, text: &mut Vec<u8>) {
        text.extend_from_slice(self.before.as_bytes());
        match self.prefix {
            Some(prefix) => text.extend_from_slice(self.scheme.typed(prefix, word).as_bytes()),
            None => text.extend_from_slice(self.scheme.format_as(word, self.form).as_bytes()),
        }
        text.extend_from_slice(self.after.as_bytes());
    }
}

/// A progress bar for long work that somebody watches and that goes elsewhere.
fn progress(count: u64) -> ProgressBar {
    if count < LONG_WORK || !io::stderr().is_terminal() || io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(
        "{bar:40} {human_pos} of {human_len} ids, {per_sec}, {eta} left",
    );
    ProgressBar::new(count).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use idgen::{FillError, GenerateError, Stall};

    use super::*;

    const STALL: Stall = Stall::WindowEnded { now: 2, end: 1 };

    /// Has three ids at once, then one for each wait, and notes how much was written when it
    /// had to wait.
    struct Slow {
        scheme: Scheme,
        made: Mutex<u128>,
        waits: usize,
        out: Out,
        written: Mutex<Vec<usize>>,
    }

    #[derive(Clone, Default)]
    struct Out(std::sync::Arc<Mutex<Vec<u8>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl ErasedGenerator for Slow {
        fn scheme(&self) -> &Scheme {
            &self.scheme
        }

        fn try_fill_words(&self, out: &mut [u128]) -> Result<usize, Stall> {
            let mut made = self.made.lock().unwrap();
            if *made >= 3 {
                return Err(STALL);
            }
            out[..3].copy_from_slice(&[0, 1, 2]);
            *made = 3;
            Ok(3)
        }

        fn fill_words(&self, out: &mut [u128]) -> Result<(), FillError> {
            for (filled, word) in out.iter_mut().enumerate() {
                let mut made = self.made.lock().unwrap();
                let lines =
                    self.out.0.lock().unwrap().iter().filter(|&&byte| byte == b'\n').count();
                let mut written = self.written.lock().unwrap();
                written.push(lines);
                if written.len() > self.waits {
                    let error =
                        GenerateError::from_stall(self.scheme.name, STALL, Default::default());
                    return Err(FillError::new(filled, 1, error));
                }
                *word = *made;
                *made += 1;
            }
            Ok(())
        }
    }

    /// What a generator that gives up at its third wait has written, and when.
    fn printed(count: u64) -> (Result<(), Failure>, String, Vec<usize>) {
        let scheme = idgen::find("snowflake").unwrap().scheme;
        let mut out = Out::default();
        let slow = Slow {
            scheme,
            made: Mutex::default(),
            waits: 2,
            out: out.clone(),
            written: Mutex::default(),
        };
        let line = Line::new(&scheme, None, false);
        let done = write_ids(&slow, count, &line, &mut out, &ProgressBar::hidden());
        let text = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        (done, text, slow.written.into_inner().unwrap())
    }

    #[test]
    fn what_is_made_is_written_before_it_waits() {
        let (done, text, written) = printed(5);
        assert!(done.is_ok());
        assert_eq!(text, "0\n1\n2\n3\n4\n");
        assert_eq!(written, [3, 4]);
    }

    #[test]
    fn what_is_made_is_written_before_it_fails() {
        let (done, text, _) = printed(9);
        assert_eq!(text, "0\n1\n2\n3\n4\n");
        let Err(Failure::Data(message)) = done else { panic!("{done:?}") };
        assert!(message.contains("and now is "), "{message}");
        assert!(message.starts_with("5 of 9 ids were printed, then: "), "{message}");
    }
}
