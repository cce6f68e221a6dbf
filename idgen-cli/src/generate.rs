//! `idgen generate`: ids on standard output, as fast as the pipe or the layout lets them.

use std::io::{self, IsTerminal, Write};

use idgen::Scheme;
use idgen::generator::ErasedGenerator;
use idgen::text::Form;
use indicatif::{ProgressBar, ProgressStyle};

use crate::choice::Choice;
use crate::cli::{Generate, form};
use crate::exit::Failure;
use crate::node;

/// Ids made and written at once.
const BATCH: usize = 8_192;

/// From how many ids on a progress bar is worth its lines.
const LONG_WORK: u64 = 1_000_000;

pub(crate) fn run(arguments: &Generate) -> Result<(), Failure> {
    let mut choice = Choice::of(arguments)?;
    let block_bits = choice.settings.block_bits;
    let lock = match (arguments.stateless, choice.settings.node) {
        (true, _) => None,
        (false, wanted) => Some(node::lock(&choice.scheme, wanted, block_bits)?),
    };
    if let Some(lock) = &lock {
        choice.settings.node = Some(lock.node);
    }
    let ids = choice.generator()?;
    let line = Line::new(&choice.scheme, form(&arguments.form), arguments.json);
    let progress = progress(arguments.count);
    let done = write_ids(&*ids, arguments.count, &line, &progress);
    progress.finish_and_clear();
    done
}

fn write_ids(
    ids: &dyn ErasedGenerator,
    count: u64,
    line: &Line<'_>,
    progress: &ProgressBar,
) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut words = [0; BATCH];
    let mut text = Vec::with_capacity(BATCH * 64);
    let mut left = count;
    while left > 0 {
        let batch = usize::try_from(left).map_or(BATCH, |left| left.min(BATCH));
        let filled = ids.fill_words(&mut words[..batch]);
        let made = filled.as_ref().map_or_else(|failed| failed.filled, |()| batch);
        text.clear();
        words[..made].iter().for_each(|&word| line.append(word, &mut text));
        out.write_all(&text)?;
        left -= made as u64;
        progress.inc(made as u64);
        filled.map_err(|failed| {
            let made = count - left;
            Failure::Data(format!("{made} of {count} ids were printed, then: {}", failed.error))
        })?;
    }
    Ok(out.flush()?)
}

/// How an id is written on its line.
struct Line<'a> {
    scheme: &'a Scheme,
    form: Form,
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
        Self { scheme, form: form.unwrap_or(scheme.text), before, after }
    }

    fn append(&self, word: u128, text: &mut Vec<u8>) {
        text.extend_from_slice(self.before.as_bytes());
        text.extend_from_slice(self.scheme.format_as(word, self.form).as_bytes());
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
