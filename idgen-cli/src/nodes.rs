//! `idgen node`: what the state folder knows of node ids.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::{Args, Subcommand};
use idgen::catalog::Entry;
use idgen::lease::{NodeState, Realm, Store};
use idgen::{Scheme, UnixTime};
use serde::Serialize;

use crate::arguments::{Custom, names_that};
use crate::choice::Choice;
use crate::exit::Failure;
use crate::state;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen node list
  idgen node list twitter --json
  idgen node list --layout 41:5:5:12 --epoch 2024-01-01
  idgen node show 7
  idgen node release 7 --yes

A node id is held as long as its process lives. Its mark is the time where its next window begins at
the earliest; what is before it may have been issued.

Exit codes: 0 success, 1 data (no such record, or held by a process), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the node ids that are held, or were ever granted a window
    List(Of),
    /// Show one
    Show(One),
    /// Give one up whose record is damaged; its next window begins one longest window after now
    Release(Release),
}

#[derive(Args, Debug)]
struct Of {
    /// Scheme of the ids; snowflake where none is named
    #[arg(value_parser = names_that(Entry::needs_node), conflicts_with_all = ["config", "layout"])]
    scheme: Option<String>,
    #[command(flatten)]
    custom: Custom,
    #[command(flatten)]
    state: state::Folder,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct One {
    /// The node id, or the first of its block
    node: u64,
    #[command(flatten)]
    of: Of,
}

#[derive(Args, Debug)]
struct Release {
    #[command(flatten)]
    one: One,
    /// Size of the block, as a power of two
    #[arg(long, value_name = "BITS", default_value_t = 0)]
    block: u32,
    /// Do it: the clock is right, and no other machine generates with this node id
    #[arg(long)]
    yes: bool,
    /// Forget a mark that is ahead of the clock: ids up to it may come twice
    #[arg(long)]
    forget: bool,
}

/// A node id as it is printed.
#[derive(Serialize)]
struct Shown {
    node: u64,
    last: u64,
    held: bool,
    /// The node ids that are held together, of which these are some, or the other way round.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_as: Option<[u64; 2]>,
    process: Option<u32>,
    damaged: bool,
    term: u64,
    mark: u64,
    mark_time: Option<String>,
    /// When that was recorded; nothing where it is not yet, or cannot be read.
    written: Option<String>,
}

impl Shown {
    fn of(state: &NodeState, scheme: &Scheme) -> Self {
        Self {
            node: state.block.first(),
            last: state.block.last(),
            held: state.holder.is_some(),
            held_as: state
                .holder
                .filter(|holder| *holder != state.block)
                .map(|holder| [holder.first(), holder.last()]),
            process: state.process,
            damaged: state.damaged,
            term: state.term,
            mark: state.mark,
            mark_time: scheme
                .timebase
                .filter(|_| state.written.is_some())
                .map(|base| base.time_of(state.mark).to_string()),
            written: state.written.map(|written| seconds(written).to_string()),
        }
    }

    fn who(&self) -> String {
        let who = match (self.held, self.process) {
            (false, _) if self.damaged => return "record damaged".into(),
            (false, _) => return "free".into(),
            (true, Some(process)) => format!("process {process}"),
            (true, None) => "held".into(),
        };
        match self.held_as {
            Some([first, last]) => format!("{who}, as {}", range(first, last)),
            None => who,
        }
    }

    /// When its next window begins, and when that was recorded.
    fn times(&self) -> (String, &str) {
        match (&self.mark_time, &self.written) {
            (mark, Some(written)) => {
                (mark.clone().unwrap_or_else(|| self.mark.to_string()), written.as_str())
            }
            (_, None) => ("-".into(), if self.damaged { "-" } else { "nothing yet" }),
        }
    }

    fn which(&self) -> String {
        range(self.node, self.last)
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.what {
        What::List(of) => list(of),
        What::Show(one) => show(one),
        What::Release(release) => give_up(release),
    }
}

impl Of {
    fn realm(&self) -> Result<Realm, Failure> {
        let choice = Choice::of(self.scheme.as_deref().unwrap_or("snowflake"), &self.custom)?;
        Ok(self.state.realm(choice.realm()))
    }

    fn nodes(&self) -> Result<Vec<Shown>, Failure> {
        let realm = self.realm()?;
        let states = self.state.store()?.nodes(&realm).map_err(|error| state::failure(&error))?;
        Ok(states.iter().map(|state| Shown::of(state, realm.scheme())).collect())
    }
}

fn list(of: &Of) -> Result<(), Failure> {
    let nodes = of.nodes()?;
    if of.json {
        return print(&format!("{}\n", serde_json::to_string_pretty(&nodes).unwrap_or_default()));
    }
    if nodes.is_empty() {
        let folder = of.state.store()?.folder().display().to_string();
        let namespace = of.realm()?.namespace();
        return print(&format!("no node id of {namespace} was ever taken in {folder}\n"));
    }
    let mut text = format!(
        "{:>8}  {:<24} {:>6}  {:<30} {}\n",
        "node id", "holder", "term", "next window from", "recorded"
    );
    for node in nodes {
        let (mark, written) = node.times();
        let _ = writeln!(
            text,
            "{:>8}  {:<24} {:>6}  {mark:<30} {written}",
            node.which(),
            node.who(),
            node.term,
        );
    }
    print(&text)
}

fn show(one: &One) -> Result<(), Failure> {
    // Its own record rather than that of a block around it.
    let nodes = one.of.nodes()?.into_iter();
    let around = nodes.filter(|node| (node.node..=node.last).contains(&one.node));
    let found = around.min_by_key(|node| node.last - node.node);
    let namespace = one.of.realm()?.namespace();
    let node = found.ok_or_else(|| {
        Failure::Data(format!("node id {} of {namespace} was never taken here", one.node))
    })?;
    if one.of.json {
        return print(&format!("{}\n", serde_json::to_string_pretty(&node).unwrap_or_default()));
    }
    let window = match (&node.mark_time, &node.written) {
        (_, None) => "-".into(),
        (Some(time), _) => format!("from tick {}, {time}", node.mark),
        (None, _) => format!("from tick {}, no time", node.mark),
    };
    print(&format!(
        "  node id      {}\n  holder       {}\n  term         {}\n  next window  {window}\n  recorded     {}\n",
        node.which(),
        node.who(),
        node.term,
        node.times().1
    ))
}

fn give_up(release: &Release) -> Result<(), Failure> {
    let Release { one, block, yes, forget } = release;
    let realm = one.of.realm()?;
    let block = realm.block(one.node, *block).map_err(|error| Failure::Usage(error.to_string()))?;
    if !yes {
        return Err(Failure::Usage(format!(
            "releasing node id {} trusts the clock; make sure that it is right (date -u) and that nobody else \
             generates with it, and say --yes",
            one.node
        )));
    }
    let store = one.of.state.store()?;
    let given_up = if *forget { store.forget(&realm, block) } else { store.reset(&realm, block) };
    given_up.map_err(|error| state::failure(&error))?;
    print(&format!("node id {} of {} is released\n", one.node, realm.namespace()))
}

fn range(first: u64, last: u64) -> String {
    if first == last { first.to_string() } else { format!("{first}..={last}") }
}

/// The time without fractions of a second.
fn seconds(time: UnixTime) -> UnixTime {
    let seconds = time.as_nanos().div_euclid(1_000_000_000);
    i64::try_from(seconds).map_or(time, UnixTime::from_seconds)
}

fn print(text: &str) -> Result<(), Failure> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
