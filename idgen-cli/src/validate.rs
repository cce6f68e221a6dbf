//! `idgen validate`: every fault of a configuration, or what it means.

use std::fs;
use std::io::Write;

use idgen::config::validate_config;
use serde_json::json;

use crate::cli::Validate;
use crate::exit::Failure;
use crate::schemes::describe;

pub(crate) fn run(arguments: &Validate) -> Result<(), Failure> {
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
