//! Prints every figure beside its peer's, with the goal, as a table for docs/benchmarks.md.
//!
//!     cargo run --release --manifest-path benches/Cargo.toml --bin compare -- [FILTER] [--quick]
//!
//! Three runs, each in rounds that give every implementation of a group its turn; of each figure
//! the median of the runs.

use std::collections::BTreeMap;

use idgen_bench::{Contender, Machine, Plan, compare, digits, median};
use idgen_benches::goals::{GOALS, Goal};
use idgen_benches::{FAMILIES, version};

/// Runs of which the median counts.
const RUNS: usize = 3;

/// What the runs say of one implementation, by its full name: nanoseconds of each run, and ratios
/// to the others of its group.
#[derive(Default)]
struct Results {
    nanos: BTreeMap<String, Vec<f64>>,
    ratios: BTreeMap<(String, String), Vec<f64>>,
    /// What the ids of each carry.
    carries: BTreeMap<String, &'static str>,
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let filter = arguments.iter().find(|argument| !argument.starts_with("--"));
    let mut results = Results::default();
    for (_, cases) in FAMILIES {
        let mut groups = BTreeMap::<String, Vec<Contender<'static>>>::new();
        for mut case in cases() {
            let (group, _) = case.parts();
            if filter.is_none_or(|filter| group.contains(filter.as_str())) {
                case.check();
                results.carries.insert(case.contender.name().into(), case.carries);
                groups.entry(group).or_default().push(case.contender);
            }
        }
        for _ in 0..if quick { 1 } else { RUNS } {
            for (group, contenders) in &mut groups {
                results.run(group, contenders, if quick { &Plan::QUICK } else { &Plan::FULL });
            }
        }
    }
    println!("{}.\n", Machine::here());
    println!("{}.\n", versions());
    results.print_goals();
    results.print_all();
}

impl Results {
    fn run(&mut self, group: &str, contenders: &mut [Contender<'_>], plan: &Plan) {
        eprintln!("{group}");
        let figures = compare(contenders, plan, || ());
        for one in &figures {
            self.nanos.entry(one.name().into()).or_default().push(one.nanos());
            for other in &figures {
                let pair = (one.name().into(), other.name().into());
                self.ratios.entry(pair).or_default().push(one.ratio_to(other));
            }
        }
    }

    fn nanos(&self, name: &str) -> Option<f64> {
        self.nanos.get(name).map(|runs| median(runs.clone()))
    }

    fn print_goals(&self) {
        println!("| job | ours | ns | beside | ns | ratio | goal | |");
        println!("|---|---|---:|---|---:|---:|---:|---|");
        for goal in &GOALS {
            if let Some(row) = self.row(goal) {
                println!("{row}");
            }
        }
    }

    fn row(&self, goal: &Goal) -> Option<String> {
        let ours = self.nanos(goal.ours)?;
        let (group, _) = goal.ours.rsplit_once('/')?;
        let other = format!("{group}/{}", goal.beside);
        let (beside, reached, aim) = if goal.beside.is_empty() {
            (" | | |".into(), ours, format!("{} ns", goal.at_most))
        } else {
            let pair = (goal.ours.to_owned(), other.clone());
            let ratio = median(self.ratios.get(&pair)?.clone());
            let beside =
                format!("{} | {} | {ratio:.2} |", goal.beside, digits(self.nanos(&other)?));
            (beside, ratio, format!("{:.2}", goal.at_most))
        };
        let (aim, verdict) = if goal.at_most.is_infinite() {
            (String::new(), "")
        } else {
            (aim, if reached <= goal.at_most { "met" } else { "missed" })
        };
        let Goal { job, ours: name, .. } = goal;
        Some(format!("| {job} | `{name}` | {} | {beside} {aim} | {verdict} |", digits(ours)))
    }

    fn print_all(&self) {
        println!("\n| name | ns | million a second | carries |\n|---|---:|---:|---|");
        for name in self.nanos.keys() {
            let nanos = self.nanos(name).unwrap_or(0.0);
            let (ns, rate, carries) = (digits(nanos), digits(1e3 / nanos), self.carries[name]);
            println!("| `{name}` | {ns} | {rate} | {carries} |");
        }
    }
}

/// Ours and the peers of these tables, as they were built.
fn versions() -> String {
    let packages = [
        "idgen",
        "ferroid",
        "snowflake_me",
        "uuid",
        "uuid-simd",
        "fast-uuid-v7",
        "ulid",
        "nulid",
        "itoa",
    ];
    packages.map(|package| format!("{package} {}", version(package))).join(", ")
}
