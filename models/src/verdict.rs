//! What exploring a model came to.

use std::fmt::{self, Debug, Display, Write};
use std::hash::Hash;

use stateright::{Checker, HasDiscoveries, Model};

/// What exploring a model came to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Different states that were seen: all there are, where nothing was violated.
    pub states: usize,
    /// Each violated property, and a shortest run that violates it, in words.
    pub violated: Vec<(&'static str, String)>,
}

impl Verdict {
    /// The counterexample to this property, if it is violated.
    #[must_use]
    pub fn counterexample(&self, property: &str) -> Option<&str> {
        self.violated.iter().find(|(name, _)| *name == property).map(|(_, run)| run.as_str())
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} states", self.states)?;
        for (property, run) in &self.violated {
            write!(f, "; violated: {property}\n{run}")?;
        }
        if self.violated.is_empty() { f.write_str("; holds") } else { Ok(()) }
    }
}

/// Explores every state of a model, unless all its properties are violated sooner.
pub fn check<M>(model: M) -> Verdict
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + Display + PartialEq,
{
    let checker = model.clone().checker().spawn_bfs().join();
    let mut names: Vec<_> = checker.discoveries().into_keys().collect();
    names.sort_unstable();
    let violated = names.into_iter().map(|name| (name, shortest(&model, name))).collect();
    Verdict { states: checker.unique_state_count(), violated }
}

/// A shortest run that violates this property, which some run does.
fn shortest<M>(model: &M, property: &'static str) -> String
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync,
    M::Action: Clone + Debug + Display + PartialEq,
{
    // The checker takes states in blocks, so that what it finds first is near and no more.
    let found = (1..).find_map(|depth| {
        let bounded = model.clone().checker().target_max_depth(depth);
        bounded
            .finish_when(HasDiscoveries::AnyOf([property].into()))
            .spawn_bfs()
            .join()
            .discovery(property)
    });
    let mut run = String::new();
    for (step, action) in found.into_iter().flat_map(|path| path.into_actions()).enumerate() {
        let _ = writeln!(run, "  {}. {action}", step + 1);
    }
    run
}
