//! The tables of docs/choosing.md: each cell is read from the catalog, or measured on ids made here.
//!
//! `IDGEN_WRITE_DOCS=1 cargo test -p idgen --all-features --test choosing` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

mod every_scheme;

use std::collections::{HashMap, HashSet};
use std::fs;

use every_scheme::generator;
use idgen::UnixTime;
use idgen::catalog::Entry;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/choosing.md");

/// Ids that are looked at for order and for whether the next can be guessed.
const COUNT: usize = 2_000;

#[test]
fn the_tables_are_those_of_the_catalog() {
    let page = fs::read_to_string(PAGE).unwrap();
    let mut written = page.clone();
    for (name, table) in [("properties", properties()), ("columns", columns())] {
        written = spliced(&written, name, &table);
    }
    if std::env::var_os("IDGEN_WRITE_DOCS").is_some() {
        fs::write(PAGE, &written).unwrap();
    } else {
        assert_eq!(
            page, written,
            "docs/choosing.md is stale; write it anew with IDGEN_WRITE_DOCS=1"
        );
    }
}

/// The page names every scheme in its path or its list of ids that others make, and no other.
#[test]
fn the_path_leads_to_every_scheme_and_no_other() {
    let page = fs::read_to_string(PAGE).unwrap();
    let (path, _) = page.split_once("<!-- properties -->").unwrap();
    let ticked: Vec<&str> = path.split('`').skip(1).step_by(2).collect();
    for entry in idgen::catalog() {
        let name = entry.scheme.name.as_str();
        assert!(ticked.contains(&name), "the path leads nowhere near {name}");
    }
    for name in ticked.iter().filter(|name| !name.contains([' ', ':', '.'])) {
        assert!(idgen::find(name).is_some(), "the path leads to {name}, which is no scheme");
    }
}

/// The page with this table between the markers of its name.
fn spliced(page: &str, name: &str, table: &str) -> String {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{begin} is missing"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{end} is missing"));
    format!("{before}{begin}\n{table}\n{end}{after}")
}

fn table<const N: usize>(head: [&str; N], row: impl Fn(&Entry) -> [String; N]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut table = line(&head.map(String::from));
    table += &line(&[(); N].map(|()| "---".to_owned())).replace(' ', "");
    idgen::catalog().iter().for_each(|entry| table += &line(&row(entry)));
    table
}

// ---- what it is --------------------------------------------------------------------

fn properties() -> String {
    let head =
        ["scheme", "bits", "text", "order", "next one", "tells", "needs", "ids/s a node", "until"];
    table(head, |entry| {
        let scheme = &entry.scheme;
        let capacity = scheme.capacity();
        let made = entry.generates().then(|| {
            let mut words = vec![0; COUNT];
            generator(entry).fill_words(&mut words).unwrap();
            words
        });
        [
            format!("`{}`", scheme.name),
            scheme.layout.width().to_string(),
            text(entry),
            made.as_deref().map_or("none".into(), |words| order(entry, words)),
            made.as_deref().map_or("its name's", guess).into(),
            tells(entry, made.as_deref().unwrap_or_default()),
            needs(entry),
            match capacity.ids_per_second {
                Some(rate) if scheme.layout.payload_bits() == 0 => grouped(rate),
                _ => "any".into(),
            },
            capacity.last.map_or("any time".into(), year),
        ]
    })
}

/// Form and greatest length, and whether texts sort by time, as the ids do.
fn text(entry: &Entry) -> String {
    let scheme = &entry.scheme;
    let greatest = scheme.pack(scheme.layout.unpack(u128::MAX)).unwrap();
    let sorts = if scheme.text.sorts() && scheme.layout.is_time_ordered() { ", sorts" } else { "" };
    format!("{}, {}{sorts}", scheme.text, scheme.format(greatest).len())
}

/// Order of the ids of one generator, as they came.
fn order(entry: &Entry, words: &[u128]) -> String {
    let ticks = words.iter().map(|&word| entry.scheme.layout.unpack(word).tick);
    if entry.scheme.layout.is_time_ordered() && words.windows(2).all(|pair| pair[0] < pair[1]) {
        "increasing".into()
    } else if entry.scheme.timebase.is_some() && ticks.is_sorted() {
        "times alone".into()
    } else {
        "none".into()
    }
}

/// Whether most ids are the last one and always the same number more.
fn guess(words: &[u128]) -> &'static str {
    let mut steps = HashMap::new();
    for pair in words.windows(2) {
        *steps.entry(pair[1].wrapping_sub(pair[0])).or_insert(0) += 1;
    }
    let usual = steps.into_values().max().unwrap_or(0);
    if 2 * usual > words.len() { "can be guessed" } else { "cannot be guessed" }
}

/// What whoever sees an id learns. A node that is another in each id tells nothing.
fn tells(entry: &Entry, words: &[u128]) -> String {
    let layout = &entry.scheme.layout;
    let mut told = Vec::new();
    if entry.scheme.timebase.is_some() {
        told.push("time");
    } else if layout.tick_bits() > 0 {
        told.push("count");
    }
    if layout.node_bits() > 0 {
        let nodes: HashSet<_> = words.iter().map(|&word| layout.unpack(word).node).collect();
        told.push(if nodes.len() == 1 { "node" } else { "a given node" });
    }
    if told.is_empty() { "nothing".into() } else { told.join(", ") }
}

/// What has to be arranged before.
fn needs(entry: &Entry) -> String {
    let nodes = entry.scheme.capacity().nodes;
    match (entry.generates(), entry.needs_node()) {
        (false, _) => "names".into(),
        (true, false) => "nothing".into(),
        (true, true) if nodes == 1 => "one generator".into(),
        (true, true) => format!("one of {} node ids", grouped(nodes)),
    }
}

/// A number as people read it: 4,096,000, and 2.8e14 where that would be long.
fn grouped(number: u128) -> String {
    if number >= 1_000_000_000 {
        #[expect(clippy::cast_precision_loss, reason = "two digits of it are shown")]
        return format!("{:.1e}", number as f64);
    }
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn year(time: UnixTime) -> String {
    let text = time.to_string();
    text.trim_start_matches(['+', '0']).split('-').next().unwrap_or_default().to_owned()
}

// ---- where it is kept --------------------------------------------------------------

fn columns() -> String {
    table(["scheme", "JavaScript", "PostgreSQL", "MySQL, MariaDB", "SQLite"], |entry| {
        let layout = &entry.scheme.layout;
        let capacity = entry.scheme.capacity();
        let [postgres, mysql, sqlite] = match (layout.width(), layout.significant_bits()) {
            (64, 64) => {
                let until = capacity.last_signed.map(year).unwrap_or_default();
                [
                    format!("BIGINT, until {until}"),
                    "BIGINT UNSIGNED".into(),
                    format!("INTEGER, until {until}"),
                ]
            }
            (64, _) => ["BIGINT", "BIGINT", "INTEGER"].map(String::from),
            _ => ["UUID", "BINARY(16)", "BLOB"].map(String::from),
        };
        let javascript = match (capacity.fits_javascript, layout.width()) {
            (true, _) => "number",
            (false, 64) => "BigInt, string in JSON",
            _ => "string",
        };
        [format!("`{}`", entry.scheme.name), javascript.into(), postgres, mysql, sqlite]
    })
}
