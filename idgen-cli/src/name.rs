//! `idgen name`: the UUIDs of names.

use clap::Args;
use idgen::Scheme;
use idgen::uuid::{Namespace, UuidV3, UuidV5, UuidV8};
use serde::Serialize;

use crate::arguments::{form, form_names};
use crate::choice::entry;
use crate::exit::Failure;
use crate::input;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen name uuid-v5 --namespace dns www.example.com
  idgen name uuid-v8 --namespace 2ed6657d-e927-568b-95e1-2665a8aea6a2 orders invoices
  printf 'a\\nb\\n' | idgen name uuid-v5 --namespace url --json

The same name in the same namespace has the same UUID, everywhere: version 3 by MD5, 5 by SHA-1 and 8
by SHA-256, as RFC 9562 has it. Where somebody may gain by a collision, take version 8.

Exit codes: 0 success, 1 data (a name cannot be read), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Scheme of the UUIDs
    #[arg(value_parser = ["uuid-v3", "uuid-v5", "uuid-v8"])]
    pub(crate) scheme: String,
    /// The names; read from standard input, one a line, where there is none
    pub(crate) names: Vec<String>,
    /// What they are names of: dns, url, oid, x500, or a UUID
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) namespace: Namespace,
    /// Form of the UUIDs; native is the scheme's own
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Print an object a line: scheme, namespace, name and id
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let scheme = entry(&arguments.scheme)?.scheme;
    let of_name = hash(&arguments.scheme)?;
    let form = form(&arguments.form).unwrap_or(scheme.text);
    input::each_line(&arguments.names, |name| {
        let id = scheme.format_as(of_name(arguments.namespace, name), form);
        Ok(if arguments.json {
            record(&scheme, arguments.namespace, name, &id)
        } else {
            format!("{id}\n")
        })
    })
}

/// What makes a UUID of a name.
type Hash = fn(Namespace, &[u8]) -> u128;

fn hash(scheme: &str) -> Result<Hash, Failure> {
    match scheme {
        "uuid-v3" => Ok(|namespace, name| UuidV3::of_name(namespace, name).word()),
        "uuid-v5" => Ok(|namespace, name| UuidV5::of_name(namespace, name).word()),
        "uuid-v8" => Ok(|namespace, name| UuidV8::of_name(namespace, name).word()),
        _ => Err(Failure::Usage(format!("{scheme} ids are not made of names"))),
    }
}

/// A UUID of a name as a JSON object.
#[derive(Serialize)]
struct Record<'a> {
    scheme: &'a str,
    namespace: String,
    /// What of the name is no UTF-8 is replaced.
    name: String,
    id: &'a str,
}

fn record(scheme: &Scheme, namespace: Namespace, name: &[u8], id: &str) -> String {
    input::json_line(&Record {
        scheme: scheme.name.as_str(),
        namespace: namespace.to_string(),
        name: String::from_utf8_lossy(name).into_owned(),
        id,
    })
}
