//! Asks before what cannot be undone.

use std::io::{self, IsTerminal, Write};

use crate::exit::Failure;

/// Goes on if the person says so: by `--yes`, or by writing the migration's name.
pub(super) fn may(name: &str, what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "the next phase of {name} {what}; say --yes if it may"
        )));
    }
    write!(anstream::stderr(), "This {what}. Write {name} to go on: ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if answer.trim() == name { Ok(()) } else { Err(Failure::Data("nothing was done".into())) }
}
