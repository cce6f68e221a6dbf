//! `idgen convert`: ids of one scheme as ids of another that hold the same.

use clap::Args;
use idgen::catalog::Entry;
use idgen::layout::WordError;
use idgen::uuid::{Carrier, CarrierError, UuidV1, UuidV6};
use idgen::{Id, Scheme};
use serde::Serialize;

use crate::arguments::{form, form_names, names_that};
use crate::choice::entry;
use crate::exit::Failure;
use crate::input;

pub(crate) const EXAMPLES: &str = "\
Examples:
  idgen convert uuid-v1 uuid-v6 c232ab00-9414-11ec-b3c8-9f6bdeced846
  idgen convert snowflake uuid-v8 --namespace orders 1541815603606036480
  idgen generate discord -n 3 | idgen convert discord uuid-v8 | idgen convert uuid-v8 discord

Versions 1 and 6 have the same fields in another order. Version 8 carries any id of 64 bits and a tag
of 58 bits of its namespace, which is checked on the way back; the order is kept.

Exit codes: 0 success, 1 data (a bad id, a tag of another namespace), 2 usage (a bad flag or value)";

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Scheme of the ids that are given
    #[arg(value_parser = names_that(fits))]
    pub(crate) from: String,
    /// Scheme of the ids that are printed
    #[arg(value_parser = names_that(fits))]
    pub(crate) to: String,
    /// The ids; read from standard input, one a line, where there is none
    pub(crate) ids: Vec<String>,
    /// Namespace of the ids of 64 bits, such as their table; their scheme's name where none is given
    #[arg(long, value_name = "TEXT")]
    pub(crate) namespace: Option<String>,
    /// Form of the ids that are printed; native is the scheme's own
    #[arg(long, value_name = "FORM", default_value = "native", value_parser = form_names())]
    pub(crate) form: String,
    /// Print an object a line: both schemes and both ids
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let [from, to] = [entry(&arguments.from)?.scheme, entry(&arguments.to)?.scheme];
    let conversion = Conversion::between(&from, &to, arguments.namespace.as_deref())?;
    let form = form(&arguments.form).unwrap_or(to.text);
    input::each_id(&arguments.ids, |text| {
        let name = from.name;
        let word =
            from.parse(text).map_err(|error| format!("'{text}' is no {name} id: {error}"))?;
        let converted =
            conversion.apply(word).and_then(|word| Ok(to.layout.check(word).map(|()| word)?));
        let converted = converted.map_err(|error| format!("'{text}': {error}"))?;
        let id = to.format_as(converted, form);
        Ok(if arguments.json {
            input::json_line(&Record {
                from: name.as_str(),
                id: text,
                to: to.name.as_str(),
                converted: &id,
            })
        } else {
            format!("{id}\n")
        })
    })
}

/// Whether the scheme's ids convert into those of another.
fn fits(entry: &Entry) -> bool {
    let twins = ["uuid-v1", "uuid-v6", "uuid-v8"];
    entry.scheme.layout.width() == 64 || twins.contains(&entry.scheme.name.as_str())
}

/// A conversion as a JSON object.
#[derive(Serialize)]
struct Record<'a> {
    from: &'a str,
    id: &'a str,
    to: &'a str,
    converted: &'a str,
}

/// What ids can be turned into.
enum Conversion {
    V1ToV6,
    V6ToV1,
    Wrap(Carrier),
    Unwrap(Carrier),
}

impl Conversion {
    fn between(from: &Scheme, to: &Scheme, namespace: Option<&str>) -> Result<Self, Failure> {
        let carrier = |narrow: &Scheme| Carrier::of(namespace.unwrap_or(narrow.name.as_str()));
        let conversion = match (from.name.as_str(), to.name.as_str()) {
            ("uuid-v1", "uuid-v6") => Self::V1ToV6,
            ("uuid-v6", "uuid-v1") => Self::V6ToV1,
            (_, "uuid-v8") if from.layout.width() == 64 => Self::Wrap(carrier(from)),
            ("uuid-v8", _) if to.layout.width() == 64 => Self::Unwrap(carrier(to)),
            (from, to) => {
                return Err(Failure::Usage(format!(
                    "{from} ids do not convert into {to} ids; uuid-v1 and uuid-v6 do, and uuid-v8 \
                     with every scheme of 64 bits"
                )));
            }
        };
        if namespace.is_some() && matches!(conversion, Self::V1ToV6 | Self::V6ToV1) {
            return Err(Failure::Usage("--namespace is for uuid-v8 alone".into()));
        }
        Ok(conversion)
    }

    fn apply(&self, word: u128) -> Result<u128, Fault> {
        Ok(match self {
            Self::V1ToV6 => UuidV6::from_v1(Id::<UuidV1>::from_word(word)?).word(),
            Self::V6ToV1 => UuidV1::from_v6(Id::<UuidV6>::from_word(word)?).word(),
            Self::Wrap(carrier) => {
                let narrow = u64::try_from(word).map_err(|_| Fault::Wide)?;
                carrier.wrap(narrow).word()
            }
            Self::Unwrap(carrier) => carrier.unwrap(Id::from_word(word)?)?.into(),
        })
    }
}

/// Why an id has no counterpart.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Word(#[from] WordError),
    #[error(transparent)]
    Carrier(#[from] CarrierError),
    #[error("it has more than 64 bits")]
    Wide,
}
