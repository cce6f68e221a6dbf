//! `idgen sql`: a function that makes ids inside a database.

use std::io::Write;

use idgen::sql::Postgres;

use crate::choice;
use crate::cli::{Dialect, Sql};
use crate::exit::Failure;

pub(crate) fn run(arguments: &Sql) -> Result<(), Failure> {
    let script = match arguments.dialect {
        Dialect::Postgres => postgres(arguments)?,
    };
    anstream::stdout().write_all(script.as_bytes())?;
    Ok(())
}

fn postgres(arguments: &Sql) -> Result<String, Failure> {
    let scheme = choice::entry(&arguments.scheme)?.scheme;
    let bits = scheme.layout.node_bits();
    let node = match arguments.node {
        None if bits > 0 => {
            let max = u64::MAX >> (u64::BITS - bits);
            let why =
                format!("the {} layout has a node field; give --node in 0..={max}", scheme.name);
            return Err(Failure::Usage(why));
        }
        node => node.unwrap_or(0),
    };
    let mut function = Postgres::new(scheme, node).schema(&arguments.schema);
    if let (Some(table), Some(column)) = (&arguments.table, &arguments.column) {
        function = function.column(table, column);
    }
    if let Some(drift) = arguments.max_drift {
        function = function.max_drift(drift);
    }
    if let Some(wait) = arguments.max_wait {
        function = function.max_wait(wait);
    }
    function.script().map_err(|error| Failure::Usage(error.to_string()))
}
