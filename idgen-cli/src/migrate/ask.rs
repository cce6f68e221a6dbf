//! Asks before what cannot be undone.

use std::io::{self, IsTerminal, Write};

use crate::exit::Failure;

/// Goes on if the person says so: by `--yes`, or by writing the migration's name. To be asked before the first step.
pub(super) fn may(name: &str, what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!("{what}; say --yes if it may")));
    }
    write!(anstream::stderr(), "note: {what}. Write {name} to go on: ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim() == name { Ok(()) } else { Err(Failure::Data("nothing was done".into())) }
}
