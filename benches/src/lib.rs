//! The comparative harness: ours and the peers at the same jobs, side by side.
//!
//! A [`Case`] is one implementation at one job, named `scheme/task/variant/implementation`. Cases
//! whose names differ in the last part alone are a group, and are compared with each other. Each
//! says what its ids carry, and checks before it is measured that they are distinct and of the
//! present.
//!
//! `cargo bench` runs them through criterion; the program `compare` runs the groups in turns and
//! holds them against the goals.

pub mod case;
pub mod codecs;
pub mod goals;
pub mod leased;
pub mod nano;
pub mod snowflake;
pub mod texts;
pub mod ulids;
pub mod uuids;

pub use case::Case;

/// A family of cases, made when asked for.
pub type Family = (&'static str, fn() -> Vec<Case>);

/// All of them.
pub const FAMILIES: [Family; 7] = [
    ("snowflake", snowflake::cases),
    ("leased", leased::cases),
    ("uuids", uuids::cases),
    ("ulids", ulids::cases),
    ("nano", nano::cases),
    ("texts", texts::cases),
    ("codecs", codecs::cases),
];

/// A package's version in the lock file that this was built with; ours is the workspace's.
#[must_use]
pub fn version(package: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let entry = format!("name = \"{package}\"\nversion = \"");
    let found = lock.split_once(&entry).and_then(|(_, rest)| rest.split_once('"'));
    found.map_or("?", |(version, _)| version)
}

/// Runs the cases through criterion.
pub fn criterion(cases: Vec<Case>) {
    let mut criterion = criterion::Criterion::default().configure_from_args();
    for mut case in cases {
        let (group, implementation) = case.parts();
        let mut group = criterion.benchmark_group(group);
        group.throughput(criterion::Throughput::Elements(case.contender.a_call()));
        // The filter may leave it out: then it is not checked either.
        let mut checked = false;
        group.bench_function(implementation, |bencher| {
            if !checked {
                case.check();
                checked = true;
            }
            bencher.iter_custom(|calls| case.contender.run(calls));
        });
        group.finish();
    }
    criterion.final_summary();
}
