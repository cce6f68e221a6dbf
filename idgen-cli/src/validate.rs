//! `idgen validate`: every fault of a configuration, or what it means.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use idgen::config::validate_config;
use serde_json::json;

use crate::exit::Failure;
use crate::schemes::describe;

pub(crate) const EXAMPLES: &str = "\
A configuration says which scheme to use and how to generate its ids:

  [scheme]
  name = \"orders\"
  layout = \"41:5:5:12\"              # or like = \"snowflake\"
  epoch = \"2020-01-01T00:00:00Z\"
  tick = \"1ms\"

  [generator]
  node = 7

Exit codes: 0 no fault, 1 faults (each is named), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The TOML file
    pub(crate) file: PathBuf,
    /// Print the faults as a list of objects
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shown = arguments.file.display();
    let text = fs::read_to_string(&arguments.file)
        .map_err(|error| Failure::Data(format!("cannot read {shown}: {error}")))?;
    let mut out = anstream::stdout().lock();
    match validate_config(&text) {
        Ok(_) if arguments.json => Ok(writeln!(out, "[]")?),
        Ok(config) => {
            let node = config.settings.node.map_or("none: give --node".into(), |n| n.to_string());
            writeln!(out, "{}: no fault\n\n{}", config.scheme.name, describe(&config.scheme))?;
            Ok(writeln!(out, "  node id     {node}")?)
        }
        Err(error) if arguments.json => {
            writeln!(out, "{:#}", json!(error.faults()))?;
            Err(Failure::Said)
        }
        Err(error) => {
            let count = error.faults().len();
            let faults = if count == 1 { "1 fault".into() } else { format!("{count} faults") };
            Err(Failure::Data(format!("{faults} in {shown}:\n{error}")))
        }
    }
}
