//! Who runs the gauntlet, and what is asked of him.

use std::path::Path;
use std::time::Duration;

use crate::{ours, peers};

/// Makes ids one by one, as numbers. An error is an answer, a panic is none.
pub type Next = Box<dyn FnMut() -> Result<u128, String>>;

/// Builds a generator of this node, or of any. The folder is where it may keep what has to outlive it.
pub type Build = Box<dyn Fn(Option<u64>, &Path) -> Result<Next, String>>;

/// One generator.
pub struct Subject {
    pub name: String,
    /// The package that it is from.
    pub package: &'static str,
    pub build: Build,
    /// Milliseconds since 1970 of an id; `None` where it holds no time.
    pub millis: Option<Box<dyn Fn(u128) -> i64>>,
    /// `None` where it has no such number.
    pub node: Option<Nodes>,
    /// Whether ids of one generator are promised to increase.
    pub ordered: bool,
    /// How long a tick is, by which it may have to wait for the next one.
    pub tick: Duration,
    /// What the wall clock shows when its process begins, in milliseconds since 1970; the machine's time
    /// where it is `None`.
    pub begins: Option<i64>,
    pub ends: End,
    /// Whether it is one of ours in the way that our promises ask for.
    pub promised: bool,
    pub copying: Copying,
}

/// Node ids.
pub struct Nodes {
    /// That of an id.
    pub of: Box<dyn Fn(u128) -> u64>,
    pub greatest: u64,
}

/// When the time field is over.
pub enum End {
    /// At this time, in milliseconds since 1970.
    At(i64),
    /// In this year at the latest.
    Before(i64),
}

/// Makes a generator and its copy, which may keep something in this folder.
type Copies = dyn Fn(&Path) -> [Next; 2];

/// Whether there can be a generator and a copy of it.
pub enum Copying {
    /// Here they are.
    Made(Box<Copies>),
    /// The compiler refuses, which [`IsClone`] asserts.
    Refused,
    /// Ids come from a function, and there is nothing to copy.
    NoGenerator,
}

impl Copying {
    /// A generator and its copy, which keep nothing.
    pub fn made(copies: fn() -> [Next; 2]) -> Self {
        Self::Made(Box::new(move |_| copies()))
    }
}

/// Everybody: ours, one for each scheme of the catalog, and the peers.
pub fn subjects() -> Vec<Subject> {
    let mut all = ours::subjects();
    all.extend(peers::subjects());
    all
}

/// Whether a type can be copied, as the compiler sees it.
pub struct IsClone<T>(std::marker::PhantomData<T>);

/// What is true of a type that has nothing nearer to say.
pub trait Not {
    const YES: bool = false;
}

impl<T> Not for IsClone<T> {}

impl<T: Clone> IsClone<T> {
    pub const YES: bool = true;
}

const _: () = assert!(IsClone::<u64>::YES && !IsClone::<std::sync::Mutex<u64>>::YES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_that_generates_has_a_row_and_no_row_is_there_twice() {
        let mut names: Vec<_> = subjects().into_iter().map(|one| one.name).collect();
        for entry in idgen::catalog().iter().filter(|entry| entry.generates()) {
            let name = format!("idgen {}", entry.scheme.name);
            assert!(names.contains(&name), "{name} has no row");
        }
        assert!(names.iter().any(|name| name == "idgen hlc") && names.len() > 30, "{names:?}");
        names.sort();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
